"""When runs are due: the cases that have a name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from kometa_ai.domain.schedule import Due, Schedule, adopt, next_due, taken, without_missed
from kometa_ai.settings import load

if TYPE_CHECKING:
    from kometa_ai.domain.schedule import Remembered

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def schedule(zone: str = "UTC", **environ: str) -> Schedule:
    return load({"TZ": zone, **environ}, options_file=None).settings.schedule


def cron(text: str, zone: str = "UTC", **environ: str) -> Schedule:
    return schedule(zone, SCHEDULE_CRON=text, **environ)


def every(text: str, zone: str = "UTC", **environ: str) -> Schedule:
    return schedule(zone, SCHEDULE_INTERVAL=text, **environ)


def at(text: str, plan: Schedule) -> datetime:
    """Return the instant of a text without an offset: the first time the clock shows it."""
    return datetime.fromisoformat(text).replace(tzinfo=plan.zone).astimezone(UTC)


def runs(plan: Schedule, start: str, count: int) -> list[str]:
    """Return when the next runs begin, if each is taken in time."""
    now = at(start, plan)
    memory = adopt(plan, None, now)
    found: list[str] = []
    for _ in range(count):
        due = next_due(plan, memory, now)
        assert due
        now = due.at
        memory = taken(memory, due, now)
        found.append(now.isoformat(timespec="minutes"))
    return found


@pytest.mark.parametrize(
    ("plan", "start", "expected"),
    [
        # Berlin, 29 March 2026: after 01:59 comes 03:00
        (
            cron("30 2 * * *", "Europe/Berlin"),
            "2026-03-28T12:00",
            ["2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"],
        ),
        (
            cron("0,30 2 * * *; 0 3 * * *", "Europe/Berlin"),
            "2026-03-28T12:00",
            ["2026-03-29T03:00+02:00", "2026-03-30T02:00+02:00"],
        ),
        (
            cron("30 * * * *", "Europe/Berlin"),
            "2026-03-29T00:45",
            ["2026-03-29T01:30+01:00", "2026-03-29T03:30+02:00"],
        ),
        (
            cron("0 */2 * * *", "Europe/Berlin"),
            "2026-03-29T00:00",
            ["2026-03-29T04:00+02:00", "2026-03-29T06:00+02:00"],
        ),
        # Berlin, 25 October 2026: after 02:59 comes 02:00 once more
        (
            cron("30 2 * * *", "Europe/Berlin"),
            "2026-10-24T12:00",
            ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"],
        ),
        (
            cron("30 * * * *", "Europe/Berlin"),
            "2026-10-25T01:45",
            ["2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00", "2026-10-25T03:30+01:00"],
        ),
        (
            cron("0 */2 * * *", "Europe/Berlin"),
            "2026-10-25T00:00",
            ["2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", "2026-10-25T04:00+01:00"],
        ),
        # Sydney, the other half of the world: forward in October, back in April
        (
            cron("15 2 * * *", "Australia/Sydney"),
            "2026-10-03T12:00",
            ["2026-10-04T03:00+11:00", "2026-10-05T02:15+11:00"],
        ),
        (
            cron("15 2 * * *", "Australia/Sydney"),
            "2026-04-04T12:00",
            ["2026-04-05T02:15+11:00", "2026-04-06T02:15+10:00"],
        ),
        # Lord Howe moves its clock by half an hour
        (
            cron("0,15,45 2 * * *", "Australia/Lord_Howe"),
            "2026-10-03T12:00",
            ["2026-10-04T02:30+11:00", "2026-10-04T02:45+11:00", "2026-10-05T02:00+11:00"],
        ),
        (
            cron("45 1 * * *", "Australia/Lord_Howe"),
            "2026-04-04T12:00",
            ["2026-04-05T01:45+11:00", "2026-04-06T01:45+10:30"],
        ),
        (
            cron("45 * * * *", "Australia/Lord_Howe"),
            "2026-04-05T01:00",
            ["2026-04-05T01:45+11:00", "2026-04-05T01:45+10:30", "2026-04-05T02:45+10:30"],
        ),
        # Apia had no 30th of December 2011, a Friday
        (
            cron("0 3 * * *", "Pacific/Apia"),
            "2011-12-28T12:00",
            ["2011-12-29T03:00-10:00", "2011-12-31T00:00+14:00", "2011-12-31T03:00+14:00"],
        ),
        (
            cron("0 3 * * FRI", "Pacific/Apia"),
            "2011-12-28T12:00",
            ["2011-12-31T00:00+14:00", "2012-01-06T03:00+14:00"],
        ),
        (
            every("2d", "Pacific/Apia"),
            "2011-12-28T02:00",
            ["2011-12-28T03:00-10:00", "2011-12-31T00:00+14:00", "2012-01-01T03:00+14:00"],
        ),
        # Sao Paulo moved its clock at midnight: the day began at one
        (
            cron("@daily", "America/Sao_Paulo"),
            "2018-11-03T12:00",
            ["2018-11-04T01:00-02:00", "2018-11-05T00:00-02:00"],
        ),
        (
            cron("30 23 * * *", "America/Sao_Paulo"),
            "2018-02-17T12:00",
            ["2018-02-17T23:30-02:00", "2018-02-18T23:30-03:00"],
        ),
    ],
)
def test_the_clock_is_changed(plan: Schedule, start: str, expected: list[str]) -> None:
    assert runs(plan, start, len(expected)) == expected


@pytest.mark.parametrize(
    ("plan", "start", "expected"),
    [
        (
            every("6h"),
            "2026-01-05T04:00",
            ["01-05T09:00", "01-05T15:00", "01-05T21:00", "01-06T03:00"],
        ),
        (every("24h"), "2026-01-05T03:00", ["01-06T03:00", "01-07T03:00"]),
        (
            every("8h", SCHEDULE_START_TIME="22:30"),
            "2026-01-05T04:00",
            ["01-05T06:30", "01-05T14:30", "01-05T22:30", "01-06T06:30"],
        ),
        (
            every("5h"),
            "2026-01-05T04:00",
            ["01-06T03:00", "01-06T08:00", "01-06T13:00", "01-06T18:00", "01-06T23:00"],
        ),
        (every("36h"), "2026-01-05T04:00", ["01-06T03:00", "01-07T15:00", "01-09T03:00"]),
        (every("1d"), "2026-01-05T04:00", ["01-06T03:00", "01-07T03:00"]),
        (every("2d"), "2026-01-05T02:00", ["01-05T03:00", "01-07T03:00", "01-09T03:00"]),
        (every("2w"), "2026-01-05T04:00", ["01-06T03:00", "01-20T03:00", "02-03T03:00"]),
        (
            every("1mo"),
            "2026-01-30T04:00",
            ["01-31T03:00", "02-28T03:00", "03-31T03:00", "04-30T03:00", "05-31T03:00"],
        ),
        (every("5mo"), "2025-09-30T01:00", ["09-30T03:00", "02-28T03:00", "07-30T03:00"]),
    ],
)
def test_intervals(plan: Schedule, start: str, expected: list[str]) -> None:
    found = runs(plan, start, len(expected))

    assert [text[5:16] for text in found] == expected


def test_leap_years_and_long_months() -> None:
    assert runs(every("12mo"), "2024-02-29T01:00", 5) == [
        "2024-02-29T03:00+00:00",
        "2025-02-28T03:00+00:00",
        "2026-02-28T03:00+00:00",
        "2027-02-28T03:00+00:00",
        "2028-02-29T03:00+00:00",
    ]


def test_hours_when_the_clock_is_changed() -> None:
    """Six hours are fixed times, five are elapsed ones, and each hour is each hour."""
    start = "2026-10-24T21:30"
    fixed = every("6h", "Europe/Berlin", SCHEDULE_START_TIME="02:30")
    assert runs(fixed, start, 2) == ["2026-10-25T02:30+02:00", "2026-10-25T08:30+01:00"]

    elapsed = every("5h", "Europe/Berlin", SCHEDULE_START_TIME="22:00")
    assert runs(elapsed, start, 2) == ["2026-10-24T22:00+02:00", "2026-10-25T02:00+01:00"]

    each = every("1h", "Europe/Berlin", SCHEDULE_START_TIME="00:10")
    assert runs(each, "2026-10-25T01:30", 3) == [
        "2026-10-25T02:10+02:00",
        "2026-10-25T02:10+01:00",
        "2026-10-25T03:10+01:00",
    ]
    assert runs(replace(fixed, zone=ZoneInfo("Europe/Berlin")), "2026-03-28T21:30", 2) == [
        "2026-03-29T03:00+02:00",
        "2026-03-29T08:30+02:00",
    ]


@pytest.mark.parametrize(
    ("plan", "start", "expected"),
    [
        # what is due inside runs once at the end
        (
            cron("0 23,3,5 * * *", SCHEDULE_BLACKOUT="22:00-06:00"),
            "2026-01-05T12:00",
            ["01-06T06:00", "01-07T06:00"],
        ),
        # the edges: it has begun at its first minute, it is over at its last
        (
            cron("0 1,2 * * *", SCHEDULE_BLACKOUT="01:00-02:00"),
            "2026-01-05T12:00",
            ["01-06T02:00", "01-07T02:00"],
        ),
        # Friday's window lasts into Saturday, Saturday's own is another
        (
            cron("0 3 * * *", SCHEDULE_BLACKOUT="Fri 22:00-06:00"),
            "2026-01-08T12:00",
            ["01-09T03:00", "01-10T06:00", "01-11T03:00"],
        ),
        # windows that touch or overlap are one
        (
            cron("0 3 * * *", SCHEDULE_BLACKOUT="02:00-04:00; 04:00-05:00; 04:30-07:15"),
            "2026-01-05T12:00",
            ["01-06T07:15"],
        ),
        (
            cron("0 12 * * SAT", SCHEDULE_BLACKOUT="Sat,Sun 00:00-23:00; Sat,Sun 22:00-00:30"),
            "2026-01-09T12:00",
            ["01-12T00:30"],
        ),
        # the end of the window is a due time as well
        (
            cron("0 3,6 * * *", SCHEDULE_BLACKOUT="02:00-06:00"),
            "2026-01-05T12:00",
            ["01-06T06:00", "01-07T06:00"],
        ),
        # an interval is counted from the time for which it was due
        (
            every("5h", SCHEDULE_BLACKOUT="07:00-10:00"),
            "2026-01-05T12:00",
            ["01-06T03:00", "01-06T10:00", "01-06T13:00"],
        ),
        (
            every("2d", SCHEDULE_BLACKOUT="02:00-06:00"),
            "2026-01-05T12:00",
            ["01-06T06:00", "01-08T06:00"],
        ),
    ],
)
def test_blackout(plan: Schedule, start: str, expected: list[str]) -> None:
    found = runs(plan, start, len(expected))

    assert [text[5:16] for text in found] == expected


@pytest.mark.parametrize(
    ("window", "when", "expected"),
    [
        # 02:30 comes twice: the window lasts until it has come for the last time
        ("22:00-02:30", "2026-10-25T01:00", "2026-10-25T02:30+01:00"),
        ("22:00-02:00", "2026-10-25T01:00", "2026-10-25T02:00+02:00"),
        # 02:30 never comes: it ends at the end of the gap
        ("22:00-02:30", "2026-03-29T01:00", "2026-03-29T03:00+02:00"),
        ("01:30-03:30", "2026-03-29T01:45", "2026-03-29T03:30+02:00"),
    ],
)
def test_a_window_when_the_clock_is_changed(window: str, when: str, expected: str) -> None:
    plan = cron(f"{when[14:16]} {when[11:13]} * * *", "Europe/Berlin", SCHEDULE_BLACKOUT=window)

    start = (datetime.fromisoformat(when) - 6 * HOUR).isoformat()
    assert runs(plan, start, 1) == [expected]


def test_a_window_that_the_gap_swallows_is_none() -> None:
    plan = cron("0 2 * * *", "Europe/Berlin", SCHEDULE_BLACKOUT="02:10-02:50")

    assert runs(plan, "2026-03-28T12:00", 1) == ["2026-03-29T03:00+02:00"]


@pytest.mark.parametrize(
    "windows", ["00:00-12:00; 12:00-00:00", "Mon-Sun 06:00-05:00; 04:00-07:00"]
)
def test_windows_without_an_end_leave_nothing_due(windows: str) -> None:
    plan = cron("0 3 * * *", SCHEDULE_BLACKOUT=windows)
    now = at("2026-01-05T12:00", plan)

    assert plan.never
    assert next_due(plan, adopt(plan, None, now), now) is None


def test_due_tells_its_time_in_the_zone() -> None:
    plan = cron("0 3 * * *", "America/New_York", SCHEDULE_BLACKOUT="02:00-04:00")
    now = at("2026-07-01T12:00", plan)

    due = next_due(plan, adopt(plan, None, now), now)

    assert due
    assert str(due.at) == "2026-07-02 04:00:00-04:00"
    assert str(due.nominal) == "2026-07-02 03:00:00-04:00"
    assert f"{due.at:%Z}" == "EDT"


DAILY = cron("0 3 * * *")


def remembered(plan: Schedule, since: str) -> Remembered:
    return adopt(plan, None, at(since, plan))


def due_at(plan: Schedule, memory: Remembered, now: str) -> Due:
    due = next_due(plan, memory, at(now, plan))
    assert due
    return due


def test_many_missed_runs_are_one_catch_up() -> None:
    memory = remembered(DAILY, "2026-01-05T12:00")

    due = due_at(DAILY, memory, "2026-01-09T14:00")
    assert due == Due(at("2026-01-09T14:00", DAILY), at("2026-01-06T03:00", DAILY), catch_up=True)

    after = taken(memory, due, due.at)
    following = due_at(DAILY, after, "2026-01-09T14:00")
    assert following == Due(at("2026-01-10T03:00", DAILY), at("2026-01-10T03:00", DAILY))


def test_a_catch_up_waits_for_the_end_of_the_blackout() -> None:
    plan = replace(DAILY, blackout=cron("* * * * *", SCHEDULE_BLACKOUT="13:00-15:00").blackout)
    memory = remembered(plan, "2026-01-05T12:00")

    due = due_at(plan, memory, "2026-01-09T14:00")

    assert due.at == at("2026-01-09T15:00", plan)
    assert due.catch_up


def test_nothing_is_missed_without_a_memory_and_at_the_very_minute() -> None:
    now = at("2026-01-06T03:00", DAILY)
    fresh = adopt(DAILY, None, now)
    assert due_at(DAILY, fresh, "2026-01-06T03:00").at == now + DAY

    memory = remembered(DAILY, "2026-01-05T12:00")
    assert due_at(DAILY, memory, "2026-01-06T03:00") == Due(now, now)
    assert due_at(DAILY, without_missed(DAILY, memory, now), "2026-01-06T03:00") == Due(now, now)


def test_what_is_missed_can_be_dropped_but_not_what_a_blackout_holds() -> None:
    plan = cron("0 3 * * *", SCHEDULE_BLACKOUT="02:00-06:00")
    memory = remembered(plan, "2026-01-05T12:00")

    dropped = without_missed(plan, memory, at("2026-01-09T04:00", plan))
    held = due_at(plan, dropped, "2026-01-09T04:00")
    assert (held.at, held.catch_up) == (at("2026-01-09T06:00", plan), False)

    dropped = without_missed(plan, memory, at("2026-01-09T07:00", plan))
    assert due_at(plan, dropped, "2026-01-09T07:00").at == at("2026-01-10T06:00", plan)


def test_what_passes_in_a_pause_is_gone() -> None:
    memory = remembered(DAILY, "2026-01-05T12:00")
    paused = adopt(DAILY, memory, at("2026-01-05T13:00", DAILY), enabled=False)
    now = at("2026-01-09T14:00", DAILY)

    resumed = adopt(DAILY, paused, now, enabled=True)

    assert due_at(DAILY, resumed, "2026-01-09T14:00").at == at("2026-01-10T03:00", DAILY)
    assert adopt(DAILY, resumed, now + DAY) == resumed


def test_a_pause_does_not_move_an_interval() -> None:
    plan = every("3d")
    memory = remembered(plan, "2026-01-05T12:00")  # the 6th, the 9th, the 12th
    paused = adopt(plan, memory, at("2026-01-07T12:00", plan), enabled=False)

    resumed = adopt(plan, paused, at("2026-01-10T12:00", plan), enabled=True)

    assert due_at(plan, resumed, "2026-01-10T12:00").at == at("2026-01-12T03:00", plan)


@pytest.mark.parametrize(
    "changed",
    [
        every("2d"),
        every("3d", SCHEDULE_START_TIME="04:00"),
        every("3d", "Europe/Berlin"),
        cron("0 2 * * *"),
    ],
)
def test_a_changed_rule_starts_anew(changed: Schedule) -> None:
    memory = remembered(every("3d"), "2026-01-05T12:00")

    anew = adopt(changed, memory, at("2026-01-20T12:00", changed))

    due = due_at(changed, anew, "2026-01-20T12:00")
    assert not due.catch_up
    assert due.at.date().isoformat() == "2026-01-21"


def test_a_changed_blackout_does_not_start_anew() -> None:
    memory = remembered(every("3d"), "2026-01-05T12:00")
    plan = every("3d", SCHEDULE_BLACKOUT="02:00-06:00")

    assert adopt(plan, memory, at("2026-01-06T12:00", plan)) == memory


def test_a_clock_that_goes_back_repeats_nothing_and_leaves_nothing_out() -> None:
    memory = remembered(DAILY, "2026-01-05T12:00")
    due = due_at(DAILY, memory, "2026-01-06T03:00")
    memory = taken(memory, due, due.at + timedelta(seconds=1))
    assert due_at(DAILY, memory, "2026-01-06T02:59").at == at("2026-01-07T03:00", DAILY)
    assert due_at(DAILY, memory, "2026-01-01T02:59").at == at("2026-01-07T03:00", DAILY)

    # It jumped three days ahead, one run made up for all, and it was set right again.
    due = due_at(DAILY, memory, "2026-01-10T12:00")
    memory = taken(memory, due, at("2026-01-10T12:00", DAILY))
    assert due_at(DAILY, memory, "2026-01-07T12:00").at == at("2026-01-08T03:00", DAILY)


def test_a_clock_that_was_years_ahead_does_not_stop_the_schedule() -> None:
    memory = remembered(DAILY, "2036-01-05T12:00")
    due = due_at(DAILY, memory, "2036-01-06T03:00")
    memory = taken(memory, due, due.at)

    due = due_at(DAILY, memory, "2026-01-05T12:00")
    assert due == Due(at("2026-01-06T03:00", DAILY), at("2026-01-06T03:00", DAILY))
    memory = taken(memory, due, due.at)
    assert due_at(DAILY, memory, "2026-01-06T03:00").at == at("2026-01-07T03:00", DAILY)


@pytest.mark.parametrize(
    ("plan", "minutes", "latest"),
    [
        (DAILY, 30, "03:29:59"),
        (cron("0,10 3 * * *"), 30, "03:09:59"),  # not beyond the next one
        (cron("0 3 * * *", SCHEDULE_BLACKOUT="03:20-04:00"), 30, "03:19:59"),
        (cron("0 3 * * *", SCHEDULE_BLACKOUT="02:00-04:00"), 60, "04:59:59"),
        (DAILY, 0, "03:00:00"),
    ],
)
def test_jitter(plan: Schedule, minutes: int, latest: str) -> None:
    memory = remembered(plan, "2026-01-05T12:00")
    now = at("2026-01-05T12:00", plan)
    jitter = timedelta(minutes=minutes)

    early = next_due(plan, memory, now, jitter=jitter, chance=0.0)
    late = next_due(plan, memory, now, jitter=jitter, chance=1 - 2**-53)

    assert early
    assert late
    assert early.at == due_at(plan, memory, "2026-01-05T12:00").at
    assert late.at <= at(f"2026-01-06T{latest}", plan) <= late.at + timedelta(seconds=2)
    assert late.nominal == early.nominal


def test_what_waits_for_its_jitter_is_not_missed() -> None:
    memory = remembered(DAILY, "2026-01-05T12:00")
    now, jitter = at("2026-01-06T03:10", DAILY), timedelta(minutes=30)

    due = next_due(DAILY, memory, now, jitter=jitter, chance=0.5)

    assert due
    assert not due.catch_up
    assert due.at.minute == 15
