"""The service and a batch: it is seen, a stop leaves it, a start takes it up, a person ends it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from signal import SIGKILL, SIGTERM, Signals
from typing import TYPE_CHECKING

import pytest

from kometa_ai.demo.mishap import Mishap, at_batch
from kometa_ai.settings import ClaudeMode
from tests.guard import wish
from tests.listener import Listener, listening
from tests.mosquitto import Mosquitto, mosquitto
from tests.runs.batches import reached
from tests.runs.test_batch_meanwhile import stopped
from tests.service import answered, ended, events, newest, online, service, settings
from tests.springboard import start
from tests.world import World, movie

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SOON = 2.0


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    films = [movie(number) for number in range(1, 161)]
    async with World(tmp_path, films, {"Noir": {1: 0.95, 60: 0.95}}) as world:
        world.write(wish("Noir"))
        world.claude.desk.steps, world.claude.desk.early = 4, True
        yield world


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


async def partly_done(world: World, gate: asyncio.Event) -> None:
    """Wait until it is looked at, and show it then when a part of it is done."""
    async with asyncio.timeout(20):
        while "look" not in world.claude.batch_calls:  # noqa: ASYNC110 - it is asked over a wire
            await asyncio.sleep(0.01)  # noqa: TID251 - the same
    (batch,) = world.claude.desk.batches.values()
    world.claude.desk.work(batch)
    gate.set()


async def test_what_a_person_cancels_is_called_off(world: World, broker: Mosquitto) -> None:
    gate = asyncio.Event()
    world.claude.mishaps = [Mishap(when=at_batch("look"), gate=gate)]
    environment = settings(world, broker, CLAUDE_MODE="batch")
    async with listening(broker) as ear, service(world.folder, environment):
        await online(ear)
        await answered(ear, "run")
        await partly_done(world, gate)
        await ear.until(lambda _: newest(ear)["progress"] == 25)
        assert newest(ear)["phase"] == "waiting for a batch"
        await answered(ear, "cancel")
        async with asyncio.timeout(SOON):
            assert (await ended(ear))["event_type"] == "run_cancelled"
        (batch,) = world.claude.desk.batches.values()
        assert batch.canceling
    async with service(world.folder, environment), listening(broker) as ear:
        await online(ear)
        await answered(ear, "cancel")  # nothing has begun: a person did not want it
        assert world.claude.batch_calls.count("look") == 1


async def test_a_stop_leaves_it_and_the_next_start_takes_it_up(
    world: World, broker: Mosquitto
) -> None:
    gate = asyncio.Event()
    world.claude.mishaps = [Mishap(when=at_batch("look"), gate=gate)]
    environment = settings(world, broker, CLAUDE_MODE="batch")
    async with listening(broker) as ear:
        async with service(world.folder, environment) as served:
            await online(ear)
            await answered(ear, "run")
            await partly_done(world, gate)
            await ear.until(lambda _: newest(ear)["progress"] == 25)
            code, seconds = await served.stop()
            assert (code, seconds < SOON) == (0, True)
        (batch,) = world.claude.desk.batches.values()
        assert not batch.canceling
        while not batch.ended:
            world.claude.desk.work(batch)
        async with service(world.folder, environment):
            ending = await ended(ear)
            assert (ending["event_type"], ending["result"]) == ("run_finished", "success")
    assert world.radarr.members("kai-noir") == {1, 60}
    assert len(world.claude.desk.batches) == 1


@pytest.mark.parametrize("how", [SIGTERM, SIGKILL])
async def test_a_dry_run_goes_on_as_a_dry_run_of_the_same_collections(
    world: World, broker: Mosquitto, how: Signals
) -> None:
    """Somebody wants to see first what would happen: a restart must not make it happen."""
    gate = asyncio.Event()
    world.write(wish("Noir"), wish("Cosy"))
    world.claude.mishaps = [Mishap(when=at_batch("look"), gate=gate)]
    environment = settings(world, broker, CLAUDE_MODE="batch")
    async with listening(broker) as ear:
        async with service(world.folder, environment) as served:
            await online(ear)
            await answered(ear, {"command": "dry_run", "collection": "Noir"})
            await partly_done(world, gate)
            await ear.until(lambda _: newest(ear)["progress"] == 25)
            await served.stop(how)
        (batch,) = world.claude.desk.batches.values()
        while not batch.ended:
            world.claude.desk.work(batch)
        runs = len(endings(ear))
        async with service(world.folder, environment):
            await ear.until(lambda _: endings(ear)[runs:][-1:] == ["dry_run"])
            assert newest(ear)["would_add"] == 2
    assert not world.radarr.writes()
    assert len(world.claude.desk.batches) == 1, "nothing is asked of the other collection"


def endings(ear: Listener) -> list[str]:
    """Return how the runs ended that finished."""
    return [one["result"] for one in events(ear, "run_finished")]


async def test_who_is_refused_meanwhile_is_told_why_it_takes_so_long(
    world: World, broker: Mosquitto
) -> None:
    gate = asyncio.Event()
    world.claude.mishaps = [Mishap(when=at_batch("look"), gate=gate)]
    environment = settings(world, broker, CLAUDE_MODE="batch")
    async with listening(broker) as ear, service(world.folder, environment):
        await online(ear)
        await answered(ear, "run")
        await partly_done(world, gate)
        await ear.until(lambda _: newest(ear)["progress"] == 25)
        refused = await answered(ear, "run")
        assert not refused["accepted"]
        assert "It waits for a batch, 1 of 4, which may take a day." in refused["error"]
        assert "what is answered by then is used" in refused["error"]


async def test_a_run_that_was_missed_waits_for_the_one_that_goes_on(
    world: World, broker: Mosquitto
) -> None:
    """Both are due as the service starts: to refuse the second would be a false alarm."""
    gate = asyncio.Event()
    world.claude.mishaps = [Mishap(when=at_batch("look"), gate=gate, times=None)]
    environment = settings(world, broker, CLAUDE_MODE="batch", SCHEDULE_CRON="0 3 * * *")
    async with listening(broker) as ear:
        async with service(world.folder, environment) as served:
            await online(ear)
            await ear.until(lambda _: newest(ear)["next_run"])
            await answered(ear, "run")
            await reached(world, "look")
            await served.stop()
        a_day_passes(world)
        (batch,) = world.claude.desk.batches.values()
        while not batch.ended:
            world.claude.desk.work(batch)
        async with service(world.folder, environment) as served:
            await ear.until(lambda _: newest(ear)["phase"] == "waiting for a batch")
            gate.set()
            await ear.until(lambda _: endings(ear) == ["success", "success"])
            assert not any("did not begin" in line for line in served.program.lines)
            assert not newest(ear)["problem"], newest(ear)["problem_reason"]
    assert len(world.claude.desk.batches) == 1


def a_day_passes(world: World) -> None:
    """Let the due times of two days be missed."""
    with closing(sqlite3.connect(world.state / "kometa_ai.db")) as db, db:
        (kept,) = db.execute("SELECT value FROM marks WHERE name = 'schedule'").fetchone()
        story = json.loads(kept)
        long_ago = (datetime.now(UTC) - timedelta(days=2)).isoformat()  # noqa: TID251 - a process's
        story |= {"anchor": long_ago, "settled": long_ago, "last_due": None}
        db.execute("UPDATE marks SET value = ? WHERE name = 'schedule'", (json.dumps(story),))


async def test_who_cancels_a_run_of_their_own_leaves_the_batch_of_the_schedule_alone(
    world: World, broker: Mosquitto
) -> None:
    world.mode = ClaudeMode.BATCH
    await stopped(world)
    gate = asyncio.Event()
    world.claude.mishaps = [Mishap(when=lambda body: "batch" not in body, gate=gate)]
    world.write(wish("Noir"), wish("Cosy"))
    environment = settings(world, broker, CLAUDE_MODE="auto", SCHEDULE_CATCH_UP="false")
    async with listening(broker) as ear, service(world.folder, environment):
        await online(ear)
        await answered(ear, "run")
        async with asyncio.timeout(20):
            while not world.claude.requests:  # noqa: ASYNC110 - it is asked over a wire
                await asyncio.sleep(0.01)  # noqa: TID251 - the same
        await answered(ear, "cancel")
        assert (await ended(ear))["event_type"] == "run_cancelled"
        gate.set()
    (batch,) = world.claude.desk.batches.values()
    assert not batch.canceling


async def test_a_run_that_died_without_a_word_is_left_to_the_schedule(
    world: World, broker: Mosquitto
) -> None:
    """Nobody knows whether it was a dry run."""
    child = await start(world, "--run-now", "--dry-run", CLAUDE_MODE="batch")
    await reached(world, "look")
    child.kill()
    await child.end()
    async with (
        listening(broker) as ear,
        service(world.folder, settings(world, broker, CLAUDE_MODE="batch")) as served,
    ):
        await online(ear)
        await ear.until(lambda _: newest(ear)["next_run"])
        assert any("waits for the next scheduled run" in line for line in served.program.lines)
        assert newest(ear)["status"] == "idle"
    assert world.claude.batch_calls.count("look") == 1
    assert not world.radarr.writes()
