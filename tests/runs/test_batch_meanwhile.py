"""What is done while a batch is on its way: nothing is bought twice for it, nothing is lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from kometa_ai.demo.mishap import Mishap, at_batch
from kometa_ai.domain.report import Result, Trigger
from kometa_ai.settings import ClaudeMode
from tests.runs.batches import books, reached
from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

FITS = {5: 0.9, 45: 0.9, 85: 0.9, 125: 0.9}
SAME = "Films of dark streets"


def batching(folder: Path, count: int = 160, **more: Any) -> World:
    films = [movie(number) for number in range(1, count + 1)]
    return World(folder, films, {"Noir": FITS, "Dark": FITS}, mode=ClaudeMode.BATCH, **more)


async def stopped(world: World) -> None:
    """Begin a run, and stop it while it waits for its batch, which goes on."""
    never = asyncio.Event()
    world.claude.batch_calls.clear()
    world.claude.mishaps = [Mishap(when=at_batch("look"), gate=never)]
    task = asyncio.create_task(world.run())
    await reached(world, "look")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    never.set()
    world.claude.mishaps = []


async def meanwhile(world: World, deed: Any) -> Any:
    """Do something while a run waits for its batch; return the run's report."""
    gate = asyncio.Event()
    world.claude.batch_calls.clear()
    world.claude.mishaps = [Mishap(when=at_batch("look"), gate=gate)]
    task = asyncio.create_task(world.run())
    await reached(world, "look")
    deed()
    gate.set()
    return await task


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("left", [True, False])
async def test_a_collection_that_is_renamed_meanwhile_is_not_bought_twice(
    tmp_path: Path, known: bool, left: bool
) -> None:
    """It was judged before or not, and somebody else's run may follow the new name first."""
    async with batching(tmp_path) as world:
        world.write(block("Noir", prompt=SAME))
        if known:
            await world.run()
            for number in range(161, 241):
                world.radarr.add_movie(movie(number))
        world.claude.desk.steps = 50
        await stopped(world)
        asked = len(world.claude.desk.batches)
        world.write(block("Dark", prompt=SAME))
        if left:
            world.mode = ClaudeMode.AUTO
            report = await world.run(trigger=Trigger.PAGE)
            assert report.result is Result.SUCCESS, report.faults
            assert not world.claude.requests
            assert report.collections[0].deferred == (80 if known else 160)
        world.claude.desk.steps = 1
        world.mode = ClaudeMode.BATCH
        report = await world.run()
        assert report.result is Result.SUCCESS, report.faults
        assert world.radarr.members("kai-dark") == set(FITS)
        assert report.collections[0].pending == 0
        assert len(world.claude.desk.batches) == asked
        assert not world.claude.requests
        assert books(world) == (world.claude.meter.usd, 0, 0)


async def test_a_cap_is_told_of_beside_a_batch_that_asks_something_else(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        world.claude.desk.steps = 50
        await stopped(world)
        world.mode = ClaudeMode.AUTO
        world.write(block("Cosy"))
        report = await world.run(trigger=Trigger.PAGE, max_pairs=100)
        assert report.collections[0].deferred == 60
        assert report.exhausted == "MAX_EVALS_PER_RUN"
