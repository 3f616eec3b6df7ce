"""Between what a clock on the wall shows and instants in UTC, also where the clock is changed.

Instants are kept in UTC: two times in one zone would be compared by what the clock shows.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

LONGEST_SHIFT: Final = timedelta(hours=25)
"""No zone has moved its clock by more: Samoa left out a day."""

_SECOND = timedelta(seconds=1)


def shows(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clock shows at an instant, as a time without a zone."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def in_zone(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant with the zone's offset, and safe to compare and to add to."""
    local = instant.astimezone(zone)
    offset = local.utcoffset() or timedelta(0)
    return instant.astimezone(timezone(offset, local.tzname() or zone.key))


def first(time: datetime, zone: ZoneInfo) -> datetime:
    """Return when the clock first shows this time; the end of the gap if it never does."""
    instant = _read(time, zone, fold=0)
    if shows(instant, zone) == time:
        return instant
    return _end_of_gap(_read(time, zone, fold=1), instant, zone)


def each(time: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return every instant at which the clock shows this time: one, two or none."""
    both = {_read(time, zone, fold=0), _read(time, zone, fold=1)}
    return tuple(sorted(instant for instant in both if shows(instant, zone) == time))


def end(time: datetime, zone: ZoneInfo) -> datetime:
    """Return when it is over that the clock shows an earlier time."""
    instants = each(time, zone)
    if not instants:
        return first(time, zone)
    last = instants[-1]
    went_back_to_it = shows(last - _SECOND, zone) >= time
    return instants[0] if went_back_to_it else last


def _read(time: datetime, zone: ZoneInfo, *, fold: int) -> datetime:
    return time.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    offset = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
