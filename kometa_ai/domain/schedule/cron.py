"""A cron expression: which minutes it names, and which comes next in a zone."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.schedule import wall

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

LAST: Final = -1
"""The last day of a month, or the last such weekday in it."""

_DAY = timedelta(days=1)
# Past every leap day, and past every fifth Monday of a February.
_SEARCH = timedelta(days=50 * 366)


@dataclass(frozen=True, slots=True)
class Cron:
    """What a cron expression names; ``text`` is how it is written.

    Weekdays count from Sunday, 0. ``nth_weekdays`` holds weekday and place in the month, 1 to 5 or
    LAST; ``month_days`` may hold LAST. A field that begins with ``*`` is open: days of the month
    and days of the week are an "or" only where neither is open, as in Vixie's cron. ``elapsed``:
    the minutes are those that pass, not fixed times that are moved where the clock is changed.
    """

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    month_days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    nth_weekdays: frozenset[tuple[int, int]] = frozenset()
    month_days_open: bool = False
    weekdays_open: bool = False
    elapsed: bool = False

    def __str__(self) -> str:
        return self.text

    def names_day(self, day: date) -> bool:
        """Return whether the expression names this day."""
        if day.month not in self.months:
            return False
        by_date = self._names_month_day(day)
        by_weekday = self._names_weekday(day)
        if self.month_days_open or self.weekdays_open:
            return by_date and by_weekday
        return by_date or by_weekday

    def _names_month_day(self, day: date) -> bool:
        if day.day in self.month_days:
            return True
        return LAST in self.month_days and day.day == _length_of_month(day)

    def _names_weekday(self, day: date) -> bool:
        weekday = day.isoweekday() % 7
        if weekday in self.weekdays:
            return True
        is_last = day.day + 7 > _length_of_month(day)
        return (weekday, (day.day + 6) // 7) in self.nth_weekdays or (
            is_last and (weekday, LAST) in self.nth_weekdays
        )

    def days(self, start: date) -> Iterator[date]:
        """Yield the days that are named from ``start`` on, as far as a lifetime of leap days."""
        day, end = start, start + _SEARCH
        while day < end:
            if day.month not in self.months:
                day = day.replace(day=_length_of_month(day)) + _DAY
                continue
            if self.names_day(day):
                yield day
            day += _DAY

    def after(self, instant: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the first instant later than this one, in UTC; ``None`` if no day is named."""
        # Where the clock is changed, the order of what it shows is not the order of the instants.
        earliest = wall.shows(instant, zone) - wall.LONGEST_SHIFT
        latest = datetime.max  # noqa: DTZ901 - what a clock shows has no zone
        found: datetime | None = None
        for day in self.days(earliest.date()):
            if datetime.combine(day, time.min) > latest:
                break
            for shown in self._times(day):
                if not earliest <= shown <= latest:
                    continue
                for candidate in self._instants(shown, zone):
                    if candidate > instant and (found is None or candidate < found):
                        found = candidate
                        latest = wall.shows(found, zone) + wall.LONGEST_SHIFT
        return found

    def _times(self, day: date) -> Iterator[datetime]:
        for hour in sorted(self.hours):
            for minute in sorted(self.minutes):
                yield datetime.combine(day, time(hour, minute))

    def _instants(self, shown: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
        return wall.each(shown, zone) if self.elapsed else (wall.first(shown, zone),)


def _length_of_month(day: date) -> int:
    return monthrange(day.year, day.month)[1]
