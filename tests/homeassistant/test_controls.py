"""Each control, pressed in Home Assistant, up to the tags in the simulated Radarr."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from kometa_ai.demo.mishap import Mishap
from tests.guard import sure, wish
from tests.homeassistant.device import (
    COLLECTION,
    CRON,
    DRY_RUN_MODE,
    NEXT_RUN,
    PROBLEM,
    RESULT,
    SCHEDULE,
    STATUS,
    device,
    until,
)
from tests.listener import listening
from tests.service import RESPONSE
from tests.world import World, movie

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.homeassistant.api import State
    from tests.homeassistant.core import Core
    from tests.mosquitto import Mosquitto

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),  # the first one to come may have to install Home Assistant
]

NOIR, COSY, LATE = "kai-noir", "kai-cosy", "kai-late"
MANY, FEW = range(1, 11), range(1, 3)
GOING = set(MANY) - set(FEW)
MOVIES = [movie(number) for number in range(1, 21)]
CHANCES = {"Noir": sure(*MANY), "Cosy": sure(11), "Late": sure(12)}
NAMES = ("Noir", "Cosy")
HELD, PENDING = "sensor.kometa_ai_held", "sensor.kometa_ai_pending"


@pytest_asyncio.fixture(loop_scope="module")
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(wish("Noir"), wish("Cosy"))
        yield world


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def nothing_to_complain_about(core: Core) -> AsyncIterator[None]:
    """Fail the test about which Home Assistant's log holds a warning or an error."""
    since = core.now()
    yield
    assert await core.complaints(since=since) == []


def members(world: World) -> tuple[set[int], set[int]]:
    return world.radarr.members(NOIR), world.radarr.members(COSY)


async def test_dry_run_run_now_and_force_refresh(
    core: Core, broker: Mosquitto, world: World
) -> None:
    async with device(core, broker, world, *NAMES) as one:
        ending = await one.run("dry_run")
        assert ending.attributes["result"] == "dry_run"
        assert world.radarr.writes() == []
        await core.api.state(RESULT, "dry_run")
        await core.api.state(STATUS, lambda state: state.attributes["would_add"] == 11)

        ending = await one.run("run_now")
        assert (ending.attributes["result"], ending.attributes["added"]) == ("success", 11)
        assert members(world) == (set(MANY), {11})

        asked = len(world.claude.requests)
        world.judge.chances = {**CHANCES, "Cosy": sure(11, 15)}
        await one.run("run_now")
        assert len(world.claude.requests) == asked, "what was judged is not paid for again"
        ending = await one.run("force_refresh")
        assert len(world.claude.requests) > asked
        assert ending.attributes["added"] == 1
        assert members(world) == (set(MANY), {11, 15})


async def test_the_selected_collection_is_what_run_now_is_about(
    core: Core, broker: Mosquitto, world: World
) -> None:
    async with device(core, broker, world, *NAMES) as one:
        await one.select("Cosy")
        await one.run()
        assert members(world) == (set(), {11})

        await one.run("run_noir")
        assert members(world) == (set(MANY), {11})
        assert core.api.states[COLLECTION].value == "Cosy", "a button of its own selects nothing"

        await one.select("All")
        world.write(wish("Noir"), wish("Cosy"), wish("Late"))
        await one.run()
        assert world.radarr.members(LATE) == {12}


async def test_the_select_follows_the_collections(
    core: Core, broker: Mosquitto, world: World
) -> None:
    def offers(*names: str) -> Callable[[State], bool]:
        return lambda state: state.attributes["options"] == ["All", *names]

    async with device(core, broker, world, *NAMES) as one:
        await core.api.state(COLLECTION, offers("Noir", "Cosy"))
        world.write(wish("Late"), wish("Noir"))
        await one.run("dry_run")
        await core.api.state(COLLECTION, offers("Late", "Noir"))
        await one.shows("Late", "Noir")
        await one.select("Late")
        world.write(wish("Noir"))
        await one.run("run_noir")
        gone = await core.api.state(COLLECTION, offers("Noir"))
        assert gone.value == "All", "what was selected is no more"
        await one.shows("Noir")


async def test_cancel(core: Core, broker: Mosquitto, world: World) -> None:
    world.claude.mishaps = [Mishap(hold=asyncio.Event())]
    async with device(core, broker, world, *NAMES) as one:
        await one.press("run_now")
        await core.api.state(STATUS, "running")
        await core.api.state("binary_sensor.kometa_ai_running", "on")
        await core.api.state("sensor.kometa_ai_phase", "asking Claude")
        await until(lambda: world.claude.requests)
        await one.press("cancel")
        ending = await one.ended()
        assert ending.attributes["event_type"] == "run_cancelled"
        await core.api.state(RESULT, "cancelled")
        await core.api.state("binary_sensor.kometa_ai_running", "off")
        await core.api.state("sensor.kometa_ai_phase", "unknown")
        assert world.radarr.writes() == []


async def test_approve_held_changes_and_undo_them(
    core: Core, broker: Mosquitto, world: World
) -> None:
    async with device(core, broker, world, *NAMES) as one:
        await one.run()
        _grow_stricter(world)
        ending = await one.run()
        assert ending.attributes["result"] == "held"
        (held,) = one.told("changes_held")
        assert (held.attributes["collection"], held.attributes["count"]) == ("Noir", 8)
        await core.api.state(HELD, "8")
        await core.api.state("sensor.kometa_ai_noir", lambda state: state.attributes["held"] == 8)
        assert world.radarr.members(NOIR) == set(MANY)

        ending = await one.run("approve_held_changes")
        assert (ending.attributes["result"], ending.attributes["removed"]) == ("success", 8)
        await core.api.state(HELD, "0")
        assert members(world) == (set(FEW), {11})

        ending = await one.run("undo_last_run")
        assert ending.attributes["added"] == 8
        assert members(world) == (set(MANY), {11})


async def test_decline_held_changes(core: Core, broker: Mosquitto, world: World) -> None:
    async with device(core, broker, world, *NAMES) as one:
        await one.run()
        _grow_stricter(world)
        await one.run()
        await core.api.state(HELD, "8")
        await one.run("decline_held_changes")
        await core.api.state(HELD, "0")
        ending = await one.run()
        assert ending.attributes["result"] == "success", "they are not held once more"
        assert members(world) == (set(MANY), {11})


async def test_dry_run_mode_turns_every_run_into_a_dry_one(
    core: Core, broker: Mosquitto, world: World
) -> None:
    async with device(core, broker, world, *NAMES) as one:
        await one.turn(DRY_RUN_MODE, "on")
        assert (await one.run()).attributes["result"] == "dry_run"
        assert (await one.run("run_cosy")).attributes["result"] == "dry_run"
        assert world.radarr.writes() == []
        await one.turn(DRY_RUN_MODE, "off")
        assert (await one.run()).attributes["result"] == "success"
        assert members(world) == (set(MANY), {11})


async def test_limits_are_kept(core: Core, broker: Mosquitto, world: World) -> None:
    async with device(core, broker, world, *NAMES) as one:
        await one.set_number("maximum_evaluations", 5)
        await one.run()
        (told,) = one.told("budget_reached")
        assert "as many evaluations as it may" in told.attributes["summary"]
        await core.api.state(PENDING, "35")

        asked = len(world.claude.requests)
        await one.set_number("maximum_evaluations", 0)
        await one.set_number("monthly_budget", 0.00001)
        await one.run()
        assert len(world.claude.requests) == asked
        _, told = one.told("budget_reached")
        assert "budget of this month" in told.attributes["summary"]
        await core.api.state(PENDING, "35")

        await one.set_number("monthly_budget", 5)
        await one.run()
        await core.api.state(PENDING, "0")
        assert members(world) == (set(MANY), {11})


async def test_the_schedule_pauses_and_goes_on(core: Core, broker: Mosquitto, world: World) -> None:
    async with device(core, broker, world, *NAMES) as one:
        due = await core.api.state(NEXT_RUN, lambda state: state.value != "unknown")
        await one.turn(SCHEDULE, "off")
        await core.api.state(STATUS, "paused")
        await core.api.state(NEXT_RUN, "unknown")
        await one.turn(SCHEDULE, "on")
        await core.api.state(STATUS, "idle")
        await core.api.state(NEXT_RUN, due.value)


async def test_a_cron_expression_takes_effect_or_is_refused(
    core: Core, broker: Mosquitto, world: World
) -> None:
    async with listening(broker, RESPONSE) as ear, device(core, broker, world, *NAMES) as one:
        await one.set_cron("30 5 * * *")
        await core.api.state(CRON, "30 5 * * *")
        await core.api.state(NEXT_RUN, _is_half_past_five)

        await one.set_cron("30 25 * * *")
        problem = await core.api.state(PROBLEM, "on")
        assert "25" in problem.attributes["reason"]
        assert "SCHEDULE_CRON" in problem.attributes["reason"]
        assert problem.attributes["remedy"]
        answer = (await ear.next_on(RESPONSE, 1)).json()
        assert (answer["accepted"], answer["command"]) == (False, "cron")
        assert "character 4" in answer["error"]
        assert core.api.states[CRON].value == "30 5 * * *"
        await core.api.state(NEXT_RUN, _is_half_past_five)

        await one.set_cron("@daily")
        await core.api.state(PROBLEM, "off")
        await core.api.state(CRON, "@daily")
        await core.api.state(NEXT_RUN, _is_midnight)


async def test_a_run_comes_when_the_cron_expression_says(
    core: Core, broker: Mosquitto, world: World
) -> None:
    async with device(core, broker, world, *NAMES) as one:
        await one.set_cron("* * * * *")
        (started,) = await core.api.until(lambda: one.told("run_started"), "the next minute", 70)
        assert started.attributes["summary"] == "The scheduled run has started."
        await one.ended()
        assert members(world) == (set(MANY), {11})


def _grow_stricter(world: World) -> None:
    """Let eight of ten films lose their place, which is more than goes without being asked."""
    world.judge.chances = {**CHANCES, "Noir": sure(*FEW)}
    world.write(wish("Noir", prompt="Much stricter"), wish("Cosy"))


def _is_half_past_five(state: State) -> bool:
    if state.value in {"unknown", "unavailable"}:  # Home Assistant has not heard it yet
        return False
    at = datetime.fromisoformat(state.value).astimezone(ZoneInfo("Europe/Berlin"))
    return (at.hour, at.minute) == (5, 30)


def _is_midnight(state: State) -> bool:
    return "T" in state.value and not _is_half_past_five(state)
