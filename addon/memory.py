"""What the service must know again after a restart, and asks its state for."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

SWITCHES: Final = "switches"
REQUESTS: Final = "requests"
REMEMBERED: Final = timedelta(hours=24)
MOST_REQUESTS: Final = 1000


class Memory(Protocol):
    """A place for texts by name; each call is one transaction."""

    async def mark(self, name: str) -> str | None:
        """Return what was kept under a name, ``None`` if nothing was."""

    async def set_mark(self, name: str, value: str | None) -> None:
        """Keep a text under a name; ``None`` forgets it."""


@dataclass(frozen=True, slots=True)
class Switches:
    """What people switched: whether the schedule runs, and whether runs are dry."""

    schedule_enabled: bool = True
    dry_run_mode: bool = False


async def read_switches(memory: Memory) -> Switches:
    """Return the switches as they were left."""
    kept = json.loads(await memory.mark(SWITCHES) or "{}")
    return Switches(**{name: bool(kept[name]) for name in Switches.__slots__ if name in kept})


async def keep_switches(memory: Memory, switches: Switches) -> None:
    """Keep the switches."""
    kept = {name: getattr(switches, name) for name in Switches.__slots__}
    await memory.set_mark(SWITCHES, json.dumps(kept))


class Requests:
    """Which ``request_id`` started which run in the last 24 hours: none starts a second one."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._one_at_a_time = asyncio.Lock()

    async def take(self, request_id: str, now: datetime) -> tuple[bool, str | None]:
        """Return whether the id was seen before, and the run that it started; it is seen now."""
        async with self._one_at_a_time:
            kept = await self._kept(now)
            if request_id in kept:
                return True, kept[request_id][1]
            await self._put({**kept, request_id: (now, None)})
            return False, None

    async def keep(self, request_id: str, run_id: str, now: datetime) -> None:
        """Remember which run an id has started."""
        async with self._one_at_a_time:
            await self._put({**await self._kept(now), request_id: (now, run_id)})

    async def _put(self, kept: Mapping[str, tuple[datetime, str | None]]) -> None:
        newest = sorted(kept.items(), key=lambda one: one[1][0])[-MOST_REQUESTS:]
        listed = {name: [at.isoformat(), run] for name, (at, run) in newest}
        await self._memory.set_mark(REQUESTS, json.dumps(listed))

    async def _kept(self, now: datetime) -> Mapping[str, tuple[datetime, str | None]]:
        listed = json.loads(await self._memory.mark(REQUESTS) or "{}")
        kept = {name: (datetime.fromisoformat(at), run) for name, (at, run) in listed.items()}
        # A clock that was ahead must not make an id count for days.
        return {name: one for name, one in kept.items() if abs(now - one[0]) <= REMEMBERED}
