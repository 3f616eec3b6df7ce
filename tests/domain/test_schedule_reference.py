"""The schedule against a reference that looks at every minute, around changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import assume, given, settings as effort, strategies as st

from kometa_ai.domain.schedule import (
    Cron,
    Interval,
    Remembered,
    Schedule,
    Unit,
    Window,
    adopt,
    next_due,
    taken,
)
from kometa_ai.domain.schedule.blackout import entered, leave_no_time, released
from kometa_ai.settings import load
from tests.schedule_reference import DAY, MINUTE, dark, is_due, minutes

if TYPE_CHECKING:
    from collections.abc import Iterator

SHIFTY = (
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",  # at midnight
    "America/St_Johns",  # at one minute past midnight
    "America/Santiago",
    "Australia/Lord_Howe",  # by 30 minutes
    "Australia/Sydney",
    "Asia/Tehran",
    "Asia/Gaza",
    "Africa/Casablanca",  # back for a month
    "Antarctica/Troll",  # by two hours
    "Pacific/Apia",  # without the 30th of December 2011
    "Pacific/Kwajalein",  # without the 21st of August 1993
    "Pacific/Chatham",
    "Atlantic/Azores",
)
ZONES = st.sampled_from(SHIFTY) | st.sampled_from(sorted(available_timezones()))


@cache
def changes(zone: str, year: int) -> tuple[datetime, ...]:
    """Return the hours in which the clock is changed."""
    info = ZoneInfo(zone)
    start = datetime(year, 1, 1, tzinfo=UTC)
    hours = [start + timedelta(hours=number) for number in range(366 * 24)]
    offsets = [hour.astimezone(info).utcoffset() for hour in hours]
    pairs = zip(hours, offsets, offsets[1:], strict=False)
    return tuple(hour for hour, before, after in pairs if before != after)


@st.composite
def places(draw: st.DrawFn) -> tuple[ZoneInfo, datetime]:
    """Draw a zone, and an instant shortly before its clock is changed, if it ever is."""
    name, year = draw(ZONES), draw(st.integers(1975, 2036))
    when = draw(st.sampled_from(changes(name, year) or (datetime(year, 6, 1, tzinfo=UTC),)))
    return ZoneInfo(name), when - timedelta(minutes=draw(st.integers(0, 36 * 60)))


MINUTES = st.sampled_from(["0", "30", "1,59", "*/20", "15-45/15", "7"])
HOURS = st.sampled_from(["*", "*/2", "1-23/3", "0", "1", "2", "3", "23", "0-3", "22-2", "0,2,23"])
DAYS = st.sampled_from(["* * *", "*/2 * *", "* * 0", "1-31 * 1", "* * 0#2,L0", "L,20-31 * 6"])


@st.composite
def crons(draw: st.DrawFn) -> Cron:
    text = f"{draw(MINUTES)} {draw(HOURS)} {draw(DAYS)}"
    return load({"SCHEDULE_CRON": text}, options_file=None).settings.schedule_cron[0]


TIMES = st.builds(time, st.sampled_from([0, 1, 2, 3, 4, 22, 23]), st.sampled_from([0, 15, 30, 59]))
WINDOWS = st.builds(Window, st.frozensets(st.integers(0, 6), min_size=1), TIMES, TIMES).filter(
    lambda window: window.start != window.end
)


@effort(deadline=None, max_examples=25)
@given(places(), crons())
def test_cron_names_the_minutes_of_the_reference(
    place: tuple[ZoneInfo, datetime], cron: Cron
) -> None:
    zone, start = place
    end = start + 2 * DAY
    expected = [minute.at for minute in minutes(start, end, zone) if is_due(cron, minute)]

    found, at = [], start - timedelta.resolution
    while (after := cron.after(at, zone)) is not None and after < end:
        found.append(after)
        at = after

    assert found == expected


@effort(deadline=None, max_examples=25)
@given(places(), st.lists(WINDOWS, min_size=1, max_size=3))
def test_windows_cover_the_minutes_of_the_reference(
    place: tuple[ZoneInfo, datetime], windows: list[Window]
) -> None:
    zone, start = place
    end = start + 4 * DAY
    covered = dark(windows, start - DAY, end, zone)
    if leave_no_time(windows):
        assert len(covered) == (end - start + DAY) // MINUTE
        return

    day = [start + number * MINUTE for number in range(24 * 60)]
    edges = [at for at in day if (at in covered) != (at - MINUTE in covered)]
    for at in {start, start + DAY / 2, *edges, *(edge - MINUTE for edge in edges)}:
        light = at
        while light in covered:
            light += MINUTE
        assert released(windows, at, zone) == light or light == end < released(windows, at, zone)
        begin = at
        while at in covered and begin - MINUTE in covered:
            begin -= MINUTE
        assert entered(windows, at, zone) == begin or begin == start - DAY


def runs(schedule: Schedule, start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield when runs begin, with nobody ever late."""
    memory = adopt(schedule, None, start - timedelta.resolution)
    now = start
    while (due := next_due(schedule, memory, now)) is not None and due.at < end:
        assert not due.catch_up
        assert due.nominal <= due.at
        now = due.at
        memory = taken(memory, due, now)
        yield now.astimezone(UTC)


@effort(deadline=None, max_examples=25)
@given(places(), st.lists(crons(), min_size=1, max_size=3), st.lists(WINDOWS, max_size=2))
def test_what_is_due_in_a_window_runs_once_at_its_end(
    place: tuple[ZoneInfo, datetime], several: list[Cron], windows: list[Window]
) -> None:
    zone, start = place
    end = start + 2 * DAY
    assume(not leave_no_time(windows))
    schedule = Schedule(tuple(several), Interval(1, Unit.DAYS), time(3), tuple(windows), zone)
    covered = dark(windows, start - DAY, end, zone)
    expected, waits = [], False
    for minute in minutes(start, end, zone):
        waits |= any(is_due(cron, minute) for cron in several)
        if waits and minute.at not in covered:
            expected.append(minute.at)
            waits = False

    assert list(runs(schedule, start, end)) == expected


@effort(deadline=None, max_examples=25)
@given(
    places(),
    crons(),
    st.lists(WINDOWS, max_size=2),
    st.integers(1, 1440),
    st.floats(0, 1, exclude_max=True),
)
def test_jitter_stays_before_the_next_run_and_out_of_windows(
    place: tuple[ZoneInfo, datetime],
    cron: Cron,
    windows: list[Window],
    jitter: int,
    chance: float,
) -> None:
    zone, now = place
    assume(not leave_no_time(windows))
    schedule = Schedule((cron,), Interval(1, Unit.DAYS), time(3), tuple(windows), zone)
    memory = adopt(schedule, None, now)
    plain = next_due(schedule, memory, now)
    due = next_due(schedule, memory, now, jitter=timedelta(minutes=jitter), chance=chance)
    assert plain
    assert due

    assert plain.at <= due.at < plain.at + timedelta(minutes=jitter)
    following = cron.after(plain.at, zone)
    assert following is None or due.at < following
    assert released(windows, due.at, zone) == due.at
    assert due.at.utcoffset() == due.at.astimezone(zone).utcoffset()


@effort(deadline=None, max_examples=25)
@given(
    places(),
    st.integers(1, 60),
    st.sampled_from(["h", "d", "w"]),
    st.integers(0, 400),
    TIMES,
)
def test_intervals_are_counted_from_the_first(
    place: tuple[ZoneInfo, datetime], count: int, unit: str, later: int, start_time: time
) -> None:
    zone, start = place
    schedule = Schedule((), Interval(count, Unit(unit)), start_time, (), zone)
    memory = adopt(schedule, None, start)
    now = start + later * DAY
    due = schedule.nominal(memory.anchor, now)
    assert due

    length = timedelta(hours=count) if unit == "h" else count * DAY * (7 if unit == "w" else 1)
    shown = due.astimezone(zone)
    if unit == "h" and 24 % count:
        assert (due - memory.anchor) % length == timedelta(0)
        assert now < due
        assert due - now <= length or due == memory.anchor
    elif unit != "h":
        distance = shown.date() - memory.anchor.date()
        on_the_day = distance % length == timedelta(0)
        # A day that is left out is due at the beginning of the next.
        assert on_the_day or (distance % length == DAY and zone.key.startswith("Pacific/"))
        assert due - now <= length + DAY or due == memory.anchor
        as_written = shown.replace(hour=start_time.hour, minute=start_time.minute, fold=0)
        exists = as_written.astimezone(UTC).astimezone(zone) == as_written
        assert shown.time() == start_time or not exists or distance % length == DAY


def test_the_memory_is_a_value() -> None:
    now = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
    schedule = Schedule((), Interval(1, Unit.DAYS), time(3), (), ZoneInfo("UTC"))

    assert isinstance(adopt(schedule, None, now), Remembered)
    assert adopt(schedule, adopt(schedule, None, now), now + DAY) == adopt(schedule, None, now)
