"""Waits until a run is due, then asks for it."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.fault import KometaAIError
from kometa_ai.domain.schedule import (
    Due,
    Remembered,
    Schedule,
    adopt,
    next_due,
    taken,
    without_missed,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from addon.memory import Memory
    from kometa_ai.ports import Clock
    from kometa_ai.settings import Settings

LOG = logging.getLogger(__name__)
MARK: Final = "schedule"
"""The name under which it is kept which due times are done with."""

BEHIND_ANOTHER: Final = 2.0
"""Seconds after which a run that is due looks again whether another one is over."""
LONGEST_SLEEP: Final = 30.0
"""After so many seconds the clock on the wall is looked at again: it may have been set."""

_LATE = timedelta(minutes=1)
"""Later than this, the clock jumped or the machine slept: what is due is worked out anew."""

_RANDOM = SystemRandom()


@dataclass(frozen=True, slots=True)
class Plan:
    """When to run, as it is set now; ``jitter`` is in minutes."""

    schedule: Schedule
    enabled: bool = True
    catch_up: bool = True
    jitter: int = 0

    @classmethod
    def of(cls, settings: Settings, *, enabled: bool) -> Plan:
        """Return the plan of these settings, paused unless ``enabled``."""
        return cls(settings.schedule, enabled, settings.schedule_catch_up, settings.schedule_jitter)


class Scheduler:
    """Asks for each scheduled run once.

    ``ask`` returns when the run was accepted or refused; ``tell`` gets the instant at which the
    next run begins, whenever it is another, and ``None`` while there is none: it is paused, or a
    blackout covers the week. While ``free`` says no, what is due waits. ``complain`` gets what is
    wrong when the state keeps the schedule from going on. ``chance`` returns a number from 0 up to
    1 for the jitter.
    """

    def __init__(
        self,
        clock: Clock,
        memory: Memory,
        *,
        ask: Callable[[Due], Awaitable[None]],
        tell: Callable[[datetime | None], None],
        free: Callable[[], bool] = lambda: True,
        complain: Callable[[str], None] = lambda _: None,
        chance: Callable[[], float] = _RANDOM.random,
    ) -> None:
        self._clock = clock
        self._memory = memory
        self._ask = ask
        self._tell = tell
        self._free = free
        self._blame = complain
        self._draw = chance
        self._chance = chance()
        self._plan: Plan | None = None
        self._changed = asyncio.Event()
        self._remembered: Remembered | None = None
        self._told: tuple[datetime | None] | None = None
        self._complaint = ""

    def use(self, plan: Plan) -> None:
        """Put a plan into effect, at once; one that is no other than before changes nothing."""
        self._plan = plan
        self._changed.set()

    async def run(self) -> None:
        """Ask for runs for ever; it begins with the first plan."""
        while True:
            self._changed.clear()
            if self._plan is None:
                await self._changed.wait()
                continue
            try:
                due = await self._next(self._plan)
                self._complaint = ""
            except KometaAIError as error:
                # What can't be remembered is not begun: it would begin again after each restart.
                self._complain(error)
                await self._sleep(LONGEST_SLEEP)
                continue
            if due is not None:
                await self._ask(due)

    async def _next(self, plan: Plan) -> Due | None:
        """Return the next run when its time has come, remembered as taken.

        ``None``: the plan or the clock is another now, and it is to be looked at again.
        """
        due = await self._find(plan)
        self._show(due.at if due else None)
        if due is None:
            await self._changed.wait()
            return None
        if not await self._has_come(due) or self._remembered is None:
            return None
        if not self._free():
            # Not taken yet: pause, blackout and the next due time are looked at again then.
            await self._sleep(BEHIND_ANOTHER)
            return None
        await self._keep(taken(self._remembered, due, self._now()))
        self._chance = self._draw()
        return due

    async def _find(self, plan: Plan) -> Due | None:
        remembered, now = self._remembered, self._now()
        if remembered is None:
            remembered = await self._recall()
            if remembered and not plan.catch_up:
                remembered = without_missed(plan.schedule, remembered, now)
        remembered = adopt(plan.schedule, remembered, now, enabled=plan.enabled)
        await self._keep(remembered)
        if not plan.enabled:
            return None
        jitter = timedelta(minutes=plan.jitter)
        return next_due(plan.schedule, remembered, now, jitter=jitter, chance=self._chance)

    async def _has_come(self, due: Due) -> bool:
        """Wait; return false when the plan or the clock changed before, or while, it came."""
        seen = self._now()
        while (now := self._now()) < due.at:
            if now < seen:
                return False
            seen = now
            await self._sleep(min(LONGEST_SLEEP, (due.at - now).total_seconds()))
            if self._changed.is_set():
                return False
        return now - due.at <= _LATE

    async def _sleep(self, seconds: float) -> None:
        """Sleep by the clock, or until there is another plan."""
        sleep = asyncio.ensure_future(self._clock.sleep(seconds))
        change = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait((sleep, change), return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended = sleep.done()
            sleep.cancel()
            change.cancel()
            await asyncio.gather(sleep, change, return_exceptions=True)
        if ended:
            sleep.result()

    def _now(self) -> datetime:
        return self._clock.now().astimezone(UTC)

    def _show(self, at: datetime | None) -> None:
        if self._told != (at,):
            self._told = (at,)
            self._tell(at)

    def _complain(self, error: KometaAIError) -> None:
        if str(error) != self._complaint:
            self._complaint = str(error)
            LOG.error("the schedule waits: %s", error)
            self._blame(f"The schedule waits: {error}")

    async def _recall(self) -> Remembered | None:
        text = await self._memory.mark(MARK)
        if text is None:
            return None
        try:
            return _from_text(text)
        except (ValueError, TypeError, KeyError):
            LOG.warning("what was kept of the schedule can't be read; it starts anew: %.200s", text)
            return None

    async def _keep(self, remembered: Remembered) -> None:
        if remembered != self._remembered:
            await self._memory.set_mark(MARK, _to_text(remembered))
            self._remembered = remembered


def _to_text(remembered: Remembered) -> str:
    last_due = remembered.last_due
    return json.dumps(
        {
            "rule": remembered.rule,
            "anchor": remembered.anchor.isoformat(),
            "settled": remembered.settled.isoformat(),
            "last_due": last_due and last_due.isoformat(),
            "enabled": remembered.enabled,
        }
    )


def _from_text(text: str) -> Remembered:
    kept = json.loads(text)
    anchor, settled, last_due = (
        None if kept[name] is None else datetime.fromisoformat(kept[name])
        for name in ("anchor", "settled", "last_due")
    )
    instants = [instant for instant in (anchor, settled, last_due) if instant is not None]
    if anchor is None or settled is None or any(each.tzinfo is None for each in instants):
        raise ValueError("an instant is missing, or has no offset")
    return Remembered(str(kept["rule"]), anchor, settled, last_due, bool(kept["enabled"]))
