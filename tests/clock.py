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
