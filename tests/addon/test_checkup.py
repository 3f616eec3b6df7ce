"""Whether Radarr and Claude answer: asked once, and with patience as long as they do not."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from addon.checkup import FIRST_WAIT, LONGEST_WAIT, Checkup
from addon.status import Source
from tests.clock import HeldClock
from tests.guard import wish
from tests.outside import until
from tests.serving import Serving, serving
from tests.world import World, movie

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@dataclass(slots=True)
class _Checked:
    world: World
    one: Serving
    clock: HeldClock
    checkup: Checkup

    async def waits(self, checks: int) -> None:
        """Wait until so many checks have failed and the next one is waited for."""
        await until(lambda: len(self.clock.sleeps) >= checks and self.clock.sleeping)


@asynccontextmanager
async def checked(folder: Path, **more: str) -> AsyncIterator[_Checked]:
    async with World(folder, [movie(1)]) as world:
        world.write(wish("Noir"))
        async with serving(world, **more) as one:
            clock = HeldClock()
            checkup = Checkup(one.configuration, clock, one.picture, one.runs)
            task = asyncio.create_task(checkup.run())
            try:
                yield _Checked(world, one, clock, checkup)
            finally:
                task.cancel()
                await asyncio.wait({task})


async def test_all_is_well_and_asked_once(tmp_path: Path) -> None:
    async with checked(tmp_path) as it:
        await until(lambda: it.one.status.claude)
        assert it.one.status.radarr
        assert Source.CHECK not in it.one.status.problems
        assert it.clock.sleeps == []


async def test_a_wrong_key_is_a_problem_until_it_is_right(tmp_path: Path) -> None:
    async with checked(tmp_path, RADARR_API_KEY="another-key") as it:
        await it.waits(1)
        assert (it.one.status.radarr, it.one.status.claude) == (False, True)
        problem = it.one.status.problems[Source.CHECK]
        assert problem.reason.startswith("Radarr:")
        await it.clock.advance(timedelta(seconds=FIRST_WAIT))
        await it.waits(2)
        it.checkup.again()  # something has changed: at once, and with fresh patience
        await it.waits(3)
        assert it.clock.sleeps == [FIRST_WAIT, 2 * FIRST_WAIT, FIRST_WAIT]
        assert it.clock.sleeps[1] < LONGEST_WAIT


async def test_what_is_missing_is_said_without_asking(tmp_path: Path) -> None:
    async with checked(tmp_path, CLAUDE_API_KEY="") as it:
        await until(lambda: Source.CHECK in it.one.status.problems)
        assert "CLAUDE_API_KEY" in it.one.status.problems[Source.CHECK].reason
        assert it.world.radarr.requests == []
        assert it.clock.sleeps == []
