"""Windows of time in which no scheduled run begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.schedule import wall

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, time
    from zoneinfo import ZoneInfo

DAY_NAMES: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
EVERY_DAY: Final = frozenset(range(7))

_DAY = timedelta(days=1)
_MINUTES_IN_DAY = 24 * 60
_MINUTES_IN_WEEK = 7 * _MINUTES_IN_DAY


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which no scheduled run begins.

    ``days`` are those on which it begins (0 = Monday). Where ``end`` is not after ``start``, it
    ends on the following day.
    """

    days: frozenset[int]
    start: time
    end: time

    def __str__(self) -> str:
        days = ",".join(DAY_NAMES[day] for day in sorted(self.days))
        when = "" if self.days == EVERY_DAY else f"{days} "
        return f"{when}{self.start:%H:%M}-{self.end:%H:%M}"


def leave_no_time(windows: Sequence[Window]) -> bool:
    """Return whether the windows cover the whole week."""
    covered = bytearray(_MINUTES_IN_WEEK)
    for window in windows:
        start, end = _minute(window.start), _minute(window.end)
        length = (end - start - 1) % _MINUTES_IN_DAY + 1
        for day in window.days:
            begin = day * _MINUTES_IN_DAY + start
            for minute in range(begin, begin + length):
                covered[minute % _MINUTES_IN_WEEK] = 1
    return all(covered)


def released(windows: Sequence[Window], instant: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant itself, or the end of the windows around it, if they leave any time.

    Windows that overlap or touch are one.
    """
    while spans := _around(windows, instant, zone):
        instant = max(end for _, end in spans)
    return instant


def entered(windows: Sequence[Window], instant: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant itself, or the beginning of the windows around it, if they have one."""
    earlier = instant
    while spans := _around(windows, earlier, zone):
        instant = min(start for start, _ in spans)
        earlier = instant - timedelta.resolution
    return instant


def next_begin(windows: Sequence[Window], instant: datetime, zone: ZoneInfo) -> datetime | None:
    """Return when a window begins next, if one does within the week."""
    day = wall.shows(instant, zone).date() - _DAY
    spans = _beginning(windows, day, days=9, zone=zone)
    return min((start for start, _ in spans if start > instant), default=None)


def _around(
    windows: Sequence[Window], instant: datetime, zone: ZoneInfo
) -> tuple[tuple[datetime, datetime], ...]:
    # A window lasts up to a day, and longer where a day comes twice.
    day = wall.shows(instant, zone).date() - 2 * _DAY
    spans = _beginning(windows, day, days=4, zone=zone)
    return tuple(span for span in spans if span[0] <= instant < span[1])


def _beginning(
    windows: Sequence[Window], first: date, *, days: int, zone: ZoneInfo
) -> Iterator[tuple[datetime, datetime]]:
    for day in (first + number * _DAY for number in range(days)):
        for window in windows:
            if day.weekday() in window.days:
                last = day if window.end > window.start else day + _DAY
                start = wall.first(datetime.combine(day, window.start), zone)
                yield start, wall.end(datetime.combine(last, window.end), zone)


def _minute(time: time) -> int:
    return time.hour * 60 + time.minute
