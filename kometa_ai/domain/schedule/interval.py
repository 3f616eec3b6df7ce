"""Intervals: a distance between runs, counted from a start time."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from kometa_ai.domain.schedule import wall
from kometa_ai.domain.schedule.cron import Cron

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


_DAY = timedelta(days=1)


class Unit(StrEnum):
    """The unit of an interval."""

    HOURS = "h"
    DAYS = "d"
    WEEKS = "w"
    MONTHS = "mo"


@dataclass(frozen=True, slots=True)
class Interval:
    """A distance between runs, such as ``6h`` or ``1mo``; ``count`` is 1 to 999."""

    count: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    @property
    def divides_the_day(self) -> bool:
        """Return whether the same hours are due each day."""
        return self.unit is Unit.HOURS and 24 % self.count == 0


def next_start(start: time, after: datetime, zone: ZoneInfo) -> datetime:
    """Return when the clock shows the start time next, in UTC."""
    day = wall.shows(after, zone).date() - _DAY
    while True:
        found = wall.first(datetime.combine(day, start), zone)
        if found > after:
            return found
        day += _DAY


def next_due(
    interval: Interval, start: time, anchor: datetime, after: datetime, zone: ZoneInfo
) -> datetime:
    """Return the first due time later than ``after``, in UTC.

    ``anchor`` is the first due time of all, with the zone's offset: months keep its day.
    """
    if interval.unit is Unit.HOURS:
        length = timedelta(hours=interval.count)
        return (anchor + max(0, (after - anchor) // length + 1) * length).astimezone(UTC)
    # One too early costs a turn; where a day was left out, one alone could be too late.
    number = max(0, _whole(interval, anchor.date(), wall.shows(after, zone).date()) - 2)
    while True:
        day = _day(interval, anchor.date(), number)
        found = wall.first(datetime.combine(day, start), zone)
        if found > after:
            return found
        number += 1


def hours_of_the_day(interval: Interval, start: time) -> Cron:
    """Return the times of day of an interval that divides the day."""
    every_hour = interval.count == 1
    return Cron(
        text=str(interval),
        minutes=frozenset((start.minute,)),
        hours=frozenset((start.hour + step) % 24 for step in range(0, 24, interval.count)),
        month_days=frozenset(range(1, 32)),
        months=frozenset(range(1, 13)),
        weekdays=frozenset(range(7)),
        month_days_open=True,
        weekdays_open=True,
        # Every hour is every hour, also in the hour that comes twice; 6h are four fixed times.
        elapsed=every_hour,
    )


def _whole(interval: Interval, anchor: date, day: date) -> int:
    if interval.unit is Unit.MONTHS:
        return ((day.year - anchor.year) * 12 + day.month - anchor.month) // interval.count
    return (day - anchor).days // _days(interval)


def _day(interval: Interval, anchor: date, number: int) -> date:
    if interval.unit is not Unit.MONTHS:
        return anchor + timedelta(days=number * _days(interval))
    years, month = divmod(anchor.month - 1 + number * interval.count, 12)
    year = anchor.year + years
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(anchor.day, last))


def _days(interval: Interval) -> int:
    return interval.count * (7 if interval.unit is Unit.WEEKS else 1)
