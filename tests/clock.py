"""A clock that tests hand in: sleeping moves it on at once and is written down."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta


class FakeClock:
    """Time that passes only by ``sleep`` and ``advance``; ``sleeps`` tells who waited how long."""

    def __init__(self, now: datetime = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)) -> None:
        self._start = self._now = now
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.advance(seconds)
        # Others get their turn, and a cancellation its place, as in a real sleep.
        await asyncio.sleep(0)  # noqa: TID251 - the clock of the tests is a clock

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


class HeldClock:
    """Time that stands still until a test moves it; who sleeps wakes when it has come so far.

    ``sleeps`` tells how long each sleep was meant to be; ``sleeping`` how many wait now.
    """

    def __init__(self, now: datetime = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)) -> None:
        self._now = now
        self._passed = 0.0
        self._sleepers: dict[asyncio.Event, float] = {}
        self.sleeps: list[float] = []

    @property
    def sleeping(self) -> int:
        return len(self._sleepers)

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._passed

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        woken = asyncio.Event()
        self._sleepers[woken] = self._passed + seconds
        try:
            await woken.wait()
        finally:
            del self._sleepers[woken]

    def jump(self, distance: timedelta) -> None:
        """Set the clock on the wall; no time passes."""
        self._now += distance

    async def advance(self, distance: timedelta) -> None:
        """Let time pass, sleeper by sleeper, and everybody act in between."""
        end = self._passed + distance.total_seconds()
        await self.settle()
        while self._sleepers and min(self._sleepers.values()) <= end:
            woken = min(self._sleepers, key=self._sleepers.__getitem__)
            self._pass(max(self._sleepers[woken] - self._passed, 0.0))
            woken.set()
            await self.settle(turns=12)
        self._pass(end - self._passed)
        await self.settle()

    async def settle(self, turns: int = 30) -> None:
        """Give everybody so many turns, until they wait again; nothing waits for a thread here."""
        for _ in range(turns):
            await asyncio.sleep(0)  # noqa: TID251 - the clock of the tests is a clock

    def _pass(self, seconds: float) -> None:
        self._passed += seconds
        self._now += timedelta(seconds=seconds)
