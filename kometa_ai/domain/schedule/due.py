"""Which run is due next: the schedule, what is remembered of it, and the present instant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.schedule import blackout, interval as intervals, wall

if TYPE_CHECKING:
    from datetime import time
    from zoneinfo import ZoneInfo

    from kometa_ai.domain.schedule.blackout import Window
    from kometa_ai.domain.schedule.cron import Cron
    from kometa_ai.domain.schedule.interval import Interval

FURTHEST_BACK: Final = timedelta(days=31)
"""A clock that is further behind the last due time than this was wrong when it ran."""

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When scheduled runs are due; cron expressions, if there are any, win over the interval."""

    crons: tuple[Cron, ...]
    interval: Interval
    start_time: time
    blackout: tuple[Window, ...]
    zone: ZoneInfo

    @property
    def rule(self) -> str:
        """Return what starts anew when it is changed, as text."""
        if self.crons:
            return f"{'; '.join(str(cron) for cron in self.crons)} ({self.zone.key})"
        return f"{self.interval} from {self.start_time:%H:%M} ({self.zone.key})"

    @property
    def never(self) -> bool:
        """Return whether the blackout leaves no time for a run."""
        return blackout.leave_no_time(self.blackout)

    def nominal(self, anchor: datetime, after: datetime) -> datetime | None:
        """Return the first due time later than ``after``, in UTC, as if there was no blackout."""
        crons = self.crons
        if not crons and self.interval.divides_the_day:
            crons = (intervals.hours_of_the_day(self.interval, self.start_time),)
        if not crons:
            return intervals.next_due(self.interval, self.start_time, anchor, after, self.zone)
        comes = [cron.after(after, self.zone) for cron in crons]
        return min((instant for instant in comes if instant is not None), default=None)

    def released(self, instant: datetime) -> datetime:
        """Return the instant, or the end of the blackout around it (not if there is no end)."""
        return blackout.released(self.blackout, instant, self.zone)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What outlives the process: which due times are done with.

    ``anchor`` is the first due time of the present rule, with its offset. Due times up to
    ``settled`` have run or are gone; ``last_due`` is the last one that has run.
    """

    rule: str
    anchor: datetime
    settled: datetime
    last_due: datetime | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Due:
    """One run: when it begins, and the time for which it is due; both with the zone's offset.

    ``at`` is later than ``nominal`` by a blackout, by jitter, or because it is a catch-up: its time
    passed while nobody was there to run it.
    """

    at: datetime
    nominal: datetime
    catch_up: bool = False


def adopt(
    schedule: Schedule, memory: Remembered | None, now: datetime, *, enabled: bool = True
) -> Remembered:
    """Return the memory under this schedule.

    A changed rule starts anew. What passed while the schedule was not enabled is gone.
    """
    if memory is None or memory.rule != schedule.rule:
        start = intervals.next_start(schedule.start_time, now, schedule.zone)
        last_due = memory.last_due if memory else None
        anchor = wall.in_zone(start, schedule.zone)
        return Remembered(schedule.rule, anchor, now, last_due, enabled)
    if enabled and not memory.enabled:
        memory = without_missed(schedule, memory, now)
    return replace(memory, enabled=enabled)


def without_missed(schedule: Schedule, memory: Remembered, now: datetime) -> Remembered:
    """Return the memory without the due times that have passed; what a blackout holds stays."""
    # What is due at this very moment, or at the moment in which the blackout begins, is not missed.
    passed = blackout.entered(schedule.blackout, now, schedule.zone) - timedelta.resolution
    return replace(memory, settled=max(memory.settled, passed))


def taken(memory: Remembered, due: Due, now: datetime) -> Remembered:
    """Return the memory after the run was asked for; all that was due by now is done with it."""
    return replace(memory, settled=now, last_due=due.nominal if due.catch_up else due.at)


def next_due(
    schedule: Schedule,
    memory: Remembered,
    now: datetime,
    *,
    jitter: timedelta = timedelta(0),
    chance: float = 0.0,
) -> Due | None:
    """Return the run that is due next; ``None`` if no run ever is.

    ``chance``, from 0 up to but not including 1, is the share of the jitter that is used. A run
    that was missed is due now, or at the end of the blackout.
    """
    if schedule.never:
        return None
    nominal = schedule.nominal(memory.anchor, _done_until(memory, now))
    if nominal is None:
        return None
    release = schedule.released(nominal)
    room = min(jitter, _room(schedule, memory.anchor, release)) if jitter else jitter
    catch_up = release + room < now
    if catch_up:
        begin = schedule.released(now)
    else:
        begin = max(release + timedelta(seconds=int(chance * room.total_seconds())), now)
    zone = schedule.zone
    return Due(wall.in_zone(begin, zone), wall.in_zone(nominal, zone), catch_up)


def _room(schedule: Schedule, anchor: datetime, release: datetime) -> timedelta:
    """Return how much later a run may begin: before the next one, and before a blackout."""
    borders = (
        schedule.nominal(anchor, release),
        blackout.next_begin(schedule.blackout, release, schedule.zone),
    )
    room = [border - release for border in borders if border is not None]
    return max(min(room, default=timedelta.max) - _SECOND, timedelta(0))


def _done_until(memory: Remembered, now: datetime) -> datetime:
    if memory.settled <= now:
        return memory.settled
    # The clock went back: what has run does not run again, what was only passed over comes.
    last = memory.last_due
    if last is not None and now < last <= now + FURTHEST_BACK:
        return last
    return now
