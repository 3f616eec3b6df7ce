"""Cron, intervals and blackouts as texts: what is read says when, and that is soon enough."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from kometa_ai.domain.schedule import Due, adopt, next_due, taken
from tests.fuzz.loading import loaded
from tests.fuzz.target import Target

NAMES = ("SCHEDULE_CRON", "SCHEDULE_INTERVAL", "SCHEDULE_START_TIME", "SCHEDULE_BLACKOUT", "TZ")
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
LONGEST = timedelta(days=84 * 366)
"""999 months are 83 years and a quarter; a fifth Monday of a February comes every 28 years."""
TURNS = 3


def check(data: bytes) -> None:
    """Read one setting a line, and on the sixth the hours after 2026 that it is now."""
    lines = data.decode("utf-8", "replace").split("\n")
    environ = dict(zip(NAMES, lines, strict=False))
    read, faults = loaded(environ)
    if faults:
        return
    schedule = read.settings.schedule
    assert isinstance(schedule.zone, ZoneInfo)
    hours = lines[5] if len(lines) > 5 else "0"
    number = int(hours) if hours.isascii() and hours.isdecimal() else 0
    now = EPOCH + timedelta(hours=min(number, 24 * 365 * 20))
    memory = adopt(schedule, None, now)
    for turn in range(TURNS):
        due = next_due(schedule, memory, now, jitter=timedelta(minutes=7 * turn), chance=0.99)
        if due is None:
            assert schedule.never
            return
        _is_soon(due, now)
        assert schedule.released(due.at) == due.at, "it begins in a blackout"
        assert not due.catch_up
        memory, now = taken(memory, due, due.at), due.at


def _is_soon(due: Due, now: datetime) -> None:
    assert due.at > now
    assert due.at - now <= LONGEST
    assert due.at >= due.nominal


CRONS = st.sampled_from(
    [
        *(
            "",
            "0 3 * * *",
            "*/7 1-5 * * *",
            "@hourly",
            "0 0 29 2 *",
            "0 0 29 2 mon",
            "59 23 31 12 *",
        ),
        *("30 2 * * *", "*/30 * * * *", "0 */5 * * *", "0 0 l 2 *", "0 0 * * 1#5", "0 0 * 2 1#5"),
        *("0 0 * * l5", "0 0 13 * fri", "0 0 ? * mon-fri", "0 0 1;0 0 2", "0 0 1 * *; 5 5 * 2 *"),
        *("0 0 31 2 *", "0 0 31 2 mon", "5-5 * * * *", "0-59/59 * * * *", "0 0 * * 7", "* * * * *"),
        *("0 22-2 * * *", "0 0 */31 * *", "0 0 31 */2 *", "0 0 29,30,31 2 *", "0 0 * jan-dec sun"),
    ]
)
INTERVALS = st.sampled_from(
    ["", "1h", "5h", "24h", "999h", "1d", "7d", "2w", "1mo", "13mo", "999mo"]
)
STARTS = st.sampled_from(["", "03:00", "00:00", "23:59", "2:30", "01:59"])
BLACKOUTS = st.sampled_from(
    [
        *(
            "",
            "22:00-06:00",
            "22:00-23:00; 23:00-06:00",
            "00:00-23:59",
            "Sat,Sun 10:00-12:00",
            "Mon-Sun 00:00-12:00;12:00-00:00",
        ),
        *("02:00-03:00", "01:30-02:30", "00:00-00:01;00:01-00:00", "Fri-Mon 01:00-00:59"),
        *("Mon-Sat 00:00-00:00", "Mon 00:00-23:59;Mon 23:59-00:00;Tue-Sun 00:00-23:59"),
    ]
)
ZONES = st.sampled_from(
    [
        *(
            "",
            "UTC",
            "Europe/Berlin",
            "Australia/Lord_Howe",
            "America/St_Johns",
            "Africa/Casablanca",
        ),
        *("Pacific/Apia", "Antarctica/Troll", "Asia/Kathmandu", "America/Havana", "Etc/GMT+12"),
    ]
)


@st.composite
def schedules(draw: st.DrawFn) -> bytes:
    """Return the six lines."""
    hours = draw(st.integers(0, 24 * 365 * 12))
    fields = (CRONS, INTERVALS, STARTS, BLACKOUTS, ZONES)
    return "\n".join([*(draw(each) for each in fields), str(hours)]).encode()


PIECES = (
    *(mark.encode() for mark in "*/-,;:#?lL@ \n0123456789"),
    b"mon",
    b"feb",
    b"mo",
    b"29 2",
    b"Europe/Berlin",
    b"00:00-12:00",
    b"\xc2\x85",
)

TARGET = Target("schedule", check, schedules(), PIECES)
