"""Ends and returns: of the service, the broker, Home Assistant, and of collections."""

from __future__ import annotations

from signal import SIGKILL
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.guard import sure, wish
from tests.homeassistant.complaints import BROKER_GONE
from tests.homeassistant.device import ACTIVITY, AWAY, CRON, DRY_RUN_MODE, STATUS, device
from tests.world import World, movie

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.homeassistant.core import Core
    from tests.homeassistant.device import Device
    from tests.mosquitto import Mosquitto

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),  # the first one to come may have to install Home Assistant
]

MOVIES = [movie(number) for number in range(1, 11)]
CHANCES = {"Noir": sure(1, 2), "Cosy": sure(3), "Late": sure(4), "Later": sure(5)}
NAMES = ("Noir", "Cosy")


@pytest_asyncio.fixture(loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with World(tmp_path_factory.mktemp("world"), MOVIES, CHANCES) as world:
        world.write(wish("Noir"), wish("Cosy"))
        yield world


@pytest_asyncio.fixture(loop_scope="module")
async def one(core: Core, broker: Mosquitto, world: World) -> AsyncIterator[Device]:
    """Give a test its device, with a run behind it and settings of its own."""
    async with device(core, broker, world, *NAMES) as one:
        await one.run()
        await one.set_cron("15 6 * * *")
        await core.api.state(CRON, "15 6 * * *")
        await one.turn(DRY_RUN_MODE, "on")
        yield one


def shown(core: Core) -> dict[str, str]:
    """Return the state of each of our entities."""
    states = core.api.states.items()
    return {key: state.value for key, state in states if ".kometa_ai_" in key}


async def away(core: Core) -> None:
    await core.api.until(lambda: set(shown(core).values()) == {AWAY}, "all entities to be away")


async def back(core: Core, before: dict[str, str]) -> None:
    """Wait until every entity shows what it showed before."""

    def differences() -> dict[str, tuple[str | None, str | None]]:
        now = shown(core)
        keys = before.keys() | now.keys()
        return {
            key: (before.get(key), now.get(key)) for key in keys if before.get(key) != now.get(key)
        }

    try:
        await core.api.until(lambda: not differences(), "all entities to be back")
    except AssertionError:
        raise AssertionError(f"(before, now): {differences()}") from None


async def test_a_killed_service_is_away_until_it_is_back(core: Core, one: Device) -> None:
    since, before = core.now(), shown(core)
    told = core.api.states[ACTIVITY]
    await one.served.stop(SIGKILL)
    await away(core)
    await one.served.program.start()
    await back(core, before)
    assert core.api.states[ACTIVITY] == told
    await one.run()
    assert await core.complaints(since=since) == []


async def test_all_is_back_after_the_broker(
    core: Core, broker: Mosquitto, one: Device, world: World
) -> None:
    since, before = core.now(), shown(core)
    await broker.stop()
    await away(core)
    await broker.start()
    await back(core, before)
    await core.hears(broker)
    await one.run()
    assert await core.complaints(*BROKER_GONE, since=since) == []


async def test_all_is_back_after_home_assistant(core: Core, one: Device) -> None:
    since, before, told = core.now(), shown(core), core.api.states[ACTIVITY]
    entities = (await core.api.entities()).keys()
    await core.restart()
    await back(core, before)
    assert core.api.states[ACTIVITY].attributes == told.attributes
    assert (await core.api.entities()).keys() == entities
    await one.run()
    assert await core.complaints(since=since) == []
    assert await core.api.issues() == []


async def test_collections_come_and_go_while_it_runs(core: Core, one: Device, world: World) -> None:
    since = core.now()
    noir = {"sensor.kometa_ai_noir", "button.kometa_ai_run_noir"}
    late = {"sensor.kometa_ai_late", "button.kometa_ai_run_late"}
    world.write(wish("Cosy"), wish("Late"))
    # Nobody asks for a run: the folder is looked at every half minute.
    await core.api.gone(*noir)
    await one.shows("Cosy", "Late")
    known = (await core.api.entities()).keys()
    assert not noir & known
    assert late <= known

    await one.turn(DRY_RUN_MODE, "off")
    await one.run("run_late")
    await core.api.state("sensor.kometa_ai_late", "1")
    assert world.radarr.members("kai-late") == {4}
    assert core.api.states[STATUS].value == "idle"
    assert await core.complaints(since=since) == []
