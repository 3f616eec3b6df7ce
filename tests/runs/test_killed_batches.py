"""Killed with SIGKILL at random moments of a batch: bought once, booked to the cent, none lost."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from kometa_ai.demo.mishap import Mishap, at_batch
from kometa_ai.domain.report import Result
from kometa_ai.settings import ClaudeMode
from tests.runs.batches import books
from tests.runs.test_killed import NAMES, Watched
from tests.springboard import start
from tests.world import World, block

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 40
FLAGS = ("--run-now", "--batch-size", "1")
MOMENT = 0.02
STEPS = ("list", "create", "look", "results")
MOMENTS = (*STEPS, "results", "create", "results", "any")


class Slow:
    """A gate that takes a moment each time: long enough to be killed at."""

    async def wait(self) -> None:
        await asyncio.sleep(MOMENT)  # noqa: TID251 - a process of its own lives in real time


def open_requests(world: World) -> int:
    return books(world)[2]


@pytest.mark.timeout(600)
async def test_killed_at_any_moment_a_batch_is_bought_once(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it when the test fails
    chance = random.Random(seed)  # noqa: S311 - chooses moments, not keys
    ends: Counter[str] = Counter()
    async with World(tmp_path, [], mode=ClaudeMode.BATCH) as world:
        world.write(*(block(name, tag=f"KAI-{name}") for name in NAMES))
        watched, claude = Watched(world), world.claude
        for kill in range(KILLS):
            watched.give_work()
            claude.batch_calls.clear()
            claude.mishaps = [
                Mishap(when=at_batch(what), gate=Slow(), hold=Slow(), times=None) for what in STEPS
            ]
            # With real time between two looks a process would wait for half a minute.
            claude.desk.steps = chance.choice((0, 0, 0, 4))
            wanted = MOMENTS[kill % len(MOMENTS)]
            child = await start(world, *FLAGS, CLAUDE_MODE="batch")
            ending = asyncio.create_task(child.end())
            if claude.desk.steps and wanted == "results":
                wanted = "look"
            while not (ending.done() or wanted in {"any", *claude.batch_calls}):  # noqa: ASYNC110 - a
                await asyncio.sleep(0.001)  # noqa: TID251 - process of its own lives in real time
            longest = 0.4 if wanted in {"results", "any"} else 2 * MOMENT
            await asyncio.sleep(chance.uniform(0, longest))  # noqa: TID251 - the same
            child.kill()
            killed = await ending
            last = claude.batch_calls[-1] if claude.batch_calls else "before"
            waiting = open_requests(world) if kill or claude.batch_calls else 0
            if last == "results" and killed.code:
                asked = len(list(claude.desk.batches.values())[-1].requests)
                last = "some stored" if 0 < waiting < asked else "results"
            ends["done" if not killed.code else last] += 1
            claude.mishaps, claude.desk.steps = [], 1
            report = await world.run()
            assert report.result is Result.SUCCESS, (seed, kill, report.faults)
            twice = [one for one, times in Counter(watched.asked).items() if times > 1]
            assert not twice, (seed, kill, last, twice)
            assert not claude.requests, "nothing is asked live"
            assert books(world) == (claude.meter.usd, 0, 0), (seed, kill, last)
            assert watched.pins() == 0, (seed, kill)
            watched.check_tags()
    print(ends)  # noqa: T201 - the same
    assert all(ends[step] for step in ("create", "look", "some stored")), (seed, ends)
