"""Days on which everything goes wrong with batches: in the end all is judged, and paid once."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import pytest

from kometa_ai.calling_off import call_off
from kometa_ai.demo.mishap import Mishap, at_batch, limited, overloaded, refused
from kometa_ai.domain.report import Result, Trigger
from kometa_ai.settings import ClaudeMode
from tests.runs.batches import books, reached
from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("Noir", "Cosy")
NEW = 24
DAYS = 6


def troubles(chance: random.Random) -> list[Mishap]:
    """Return what goes wrong on one day."""

    def some(*choices: Mishap) -> list[Mishap]:
        return [one for one in choices if chance.random() < 0.25]

    broken = refused(500, "api_error", "Internal server error")
    return some(
        Mishap(when=at_batch("create"), lost=True),
        Mishap(when=at_batch("create"), reply=broken),
        Mishap(when=at_batch("create"), reply=limited("40")),
        Mishap(when=at_batch("list"), reply=overloaded()),
        Mishap(when=at_batch("look"), reply=broken, times=chance.randint(1, 40)),
        Mishap(when=at_batch("look"), reply=limited("900")),
        Mishap(when=at_batch("results"), reset_after=chance.randint(0, 5), times=2),
        Mishap(when=at_batch("item"), fate="expired", times=chance.randint(1, 9)),
        Mishap(when=at_batch("item"), fate="canceled"),
        Mishap(when=at_batch("item"), reply=broken, times=chance.randint(1, 4)),
        Mishap(when=at_batch("item"), text=lambda text: text[:40], stop_reason="max_tokens"),
        Mishap(when=at_batch("item"), text=lambda _: "I would rather not.", stop_reason="refusal"),
    )


async def one_day(world: World, chance: random.Random) -> None:
    """Run once, to the end or until it is stopped while something is asked of the batches."""
    world.claude.mishaps = troubles(chance)
    world.claude.batch_calls.clear()
    wanted: dict[str, Any] = {"items_per_request": chance.choice([4, 7, 20])}
    if chance.random() < 0.3:
        wanted["trigger"] = Trigger.PAGE
    world.mode = chance.choice([ClaudeMode.BATCH, ClaudeMode.BATCH, ClaudeMode.AUTO])
    world.claude.desk.steps = chance.choice([0, 1, 3])
    if chance.random() < 0.5:
        await world.run(**wanted)
    else:
        never = asyncio.Event()
        what, how = chance.choice(
            [("create", "gate"), ("create", "hold"), ("look", "gate"), ("results", "hold")]
        )
        held: Any = {how: never}
        world.claude.mishaps.insert(0, Mishap(when=at_batch(what), **held))
        task = asyncio.create_task(world.run(**wanted))
        asked = asyncio.create_task(reached(world, what))
        await asyncio.wait((task, asked), return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(0.02)  # noqa: TID251 - for what is held later than asked
        task.cancel()
        asked.cancel()
        await asyncio.gather(task, asked, return_exceptions=True)
        never.set()
    if chance.random() < 0.2:
        async with world.house() as house:
            await call_off(house)


@pytest.mark.parametrize("seed", range(12))
async def test_in_the_end_all_is_judged_and_paid_once(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - makes days, not keys
    last = NEW * DAYS
    fits = {name: {n: 0.95 for n in range(1, last + 1) if chance.random() < 0.3} for name in NAMES}
    async with World(tmp_path, [], fits) as world:
        world.write(*(block(name) for name in NAMES))
        for day in range(DAYS):
            for number in range(NEW * day + 1, NEW * (day + 1) + 1):
                world.radarr.add_movie(movie(number))
            await one_day(world, chance)
            world.clock.advance(chance.choice([60, 3600, 86_400]))
        world.claude.mishaps, world.claude.desk.steps = [], 1
        world.mode = ClaudeMode.BATCH
        await world.run()
        report = await world.run()
        assert report.result is Result.SUCCESS, report.faults
        assert [one.pending for one in report.collections] == [0, 0]
        for name in NAMES:
            assert world.radarr.members(f"kai-{name.lower()}") == set(fits[name])
        assert books(world) == (world.claude.meter.usd, 0, 0)
