"""The schedule once more, slow and obvious: every minute of UTC is looked at, one by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from kometa_ai.domain.schedule import LAST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

    from kometa_ai.domain.schedule import Cron, Window

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute: when it is, what the clock shows, and whether the clock went back or was ahead.

    ``skipped`` is how many minutes the clock left out before it; ``again``: it has shown this
    or a later time before.
    """

    at: datetime
    shows: datetime
    skipped: int
    again: bool


def minutes(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Minute]:
    """Yield the minutes from ``start`` to ``end``, by a clock that is watched two days longer."""
    at = start.astimezone(UTC).replace(second=0, microsecond=0) - 2 * DAY
    before = highest = at.astimezone(zone).replace(tzinfo=None) - MINUTE
    while at < end:
        shows = at.astimezone(zone).replace(tzinfo=None)
        skipped = max(0, (shows - max(before, highest)) // MINUTE - 1)
        if at >= start:
            yield Minute(at, shows, skipped, again=shows <= highest)
        before, highest = shows, max(highest, shows)
        at += MINUTE


def names(cron: Cron, shown: datetime) -> bool:
    """Return whether cron names this minute, in the words of crontab(5)."""
    tomorrow = shown + DAY
    weekday = shown.isoweekday() % 7
    month_day = shown.day in cron.month_days
    month_day |= LAST in cron.month_days and tomorrow.month != shown.month
    week_day = weekday in cron.weekdays
    for nth_weekday, place in cron.nth_weekdays:
        last = (shown + 7 * DAY).month != shown.month
        nth = (shown.day - 1) // 7 + 1
        week_day |= weekday == nth_weekday and (last if place == LAST else nth == place)
    both_restricted = not cron.month_days_open and not cron.weekdays_open
    day = (month_day or week_day) if both_restricted else (month_day and week_day)
    fits = shown.minute in cron.minutes and shown.hour in cron.hours
    return fits and shown.month in cron.months and day


def is_due(cron: Cron, minute: Minute) -> bool:
    """Return whether a run is due in this minute, as Vixie's cron has it."""
    if cron.elapsed:
        return names(cron, minute.shows)
    left_out = (minute.shows - number * MINUTE for number in range(1, minute.skipped + 1))
    fixed = names(cron, minute.shows) and not minute.again
    return fixed or any(names(cron, shown) for shown in left_out)


def dark(
    windows: Sequence[Window], start: datetime, end: datetime, zone: ZoneInfo
) -> frozenset[datetime]:
    """Return the minutes that lie in a window: from when it begins to when the clock passed it."""
    watched = list(minutes(start, end, zone))
    covered: set[datetime] = set()
    for window in windows:
        day = watched[0].shows.date() - 3 * DAY
        while day <= watched[-1].shows.date():
            if day.weekday() in window.days:
                begin = datetime.combine(day, window.start)
                last = datetime.combine(day, window.end)
                if window.end <= window.start:
                    last += DAY
                covered |= _span(watched, begin, last)
            day += DAY
    return frozenset(covered)


def _span(watched: Sequence[Minute], begin: datetime, last: datetime) -> set[datetime]:
    begun = next((minute.at for minute in watched if minute.shows >= begin), None)
    early = next((minute.at for minute in reversed(watched) if minute.shows < last), None)
    if begun is None or early is None or early < begun:
        return set()
    return {begun + number * MINUTE for number in range((early - begun) // MINUTE + 1)}
