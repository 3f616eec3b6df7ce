"""The whole service and its broker: deaths, hangs, the Supervisor, and secrets that stay secret."""

from __future__ import annotations

import asyncio
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM
from typing import TYPE_CHECKING, Any

import pytest

from kometa_ai.demo.mishap import Mishap, wrong_key
from tests.guard import wish
from tests.listener import listening
from tests.mosquitto import Login, Mosquitto, change_login, mosquitto
from tests.outside import LOOPBACK
from tests.service import (
    AVAILABILITY,
    STATE,
    answered,
    ended,
    newest,
    online,
    service,
    settings,
)
from tests.simulated_supervisor import TOKEN, SimulatedSupervisor
from tests.world import KEY, World, movie

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MOVIES = [movie(number) for number in range(1, 21)]
CHANCES = {"Noir": {1: 0.95, 2: 0.95}, "Cosy": {3: 0.95}}
NOIR, COSY = "kai-noir", "kai-cosy"
PASSWORD = "a-canary-of-a-password"
DEATHS = 20
SOON = 2.0
OF_THE_MOMENT = {"last_run", "last_duration", "next_run"}
"""What differs from run to run, whatever the broker does."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path / "world", MOVIES, CHANCES) as world:
        world.write(wish("Noir"), wish("Cosy"))
        yield world


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


async def retained(broker: Mosquitto) -> dict[str, Any]:
    """Return what the broker keeps of us, without what is of the moment."""
    async with listening(broker) as late:
        await late.say("mark")
        await late.next_on("mark")
        kept = {heard.topic: heard for heard in late.heard if heard.retained}
    found: dict[str, Any] = {}
    for topic, heard in kept.items():
        if heard.payload.startswith(b"{"):
            told = heard.json()
            found[topic] = {key: told[key] for key in told.keys() - OF_THE_MOMENT}
        else:
            found[topic] = heard.text()
    return found


async def _run_with(world: World, broker: Mosquitto, deaths: int) -> tuple[Any, Any]:
    """Make one run while the broker dies so often; return its ending and what is retained."""
    gate = asyncio.Event()
    world.claude.mishaps = [Mishap(gate=gate)]
    async with service(world.folder, settings(world, broker)) as served:
        async with listening(broker) as ear:
            await online(ear)
            await answered(ear, "run")
        for death in range(deaths):
            since = len(broker.program.lines)
            # Every other time with what is retained, as after an update, or without it.
            await broker.restart(SIGKILL if death % 2 else SIGTERM, forget=bool(death % 2))
            await broker.program.says("as kometa_ai", since=since)
        async with listening(broker) as ear:
            gate.set()
            await ear.next_on(STATE)
            await ear.until(lambda _: newest(ear)["status"] == "idle")
            await ear.next_on("kometa_ai/collections/noir")
            # The first of them may have been told before the last death.
            ending = await ended(ear)
            kept = await retained(broker)
        assert (await served.stop())[0] == 0
    assert_ours(world)
    return ending, kept


def assert_ours(world: World) -> None:
    """Check the tags, and that nothing else was written."""
    assert (world.radarr.members(NOIR), world.radarr.members(COSY)) == ({1, 2}, {3})
    assert all("tag" in seen.path or "editor" in seen.path for seen in world.radarr.writes())


@pytest.mark.timeout(180)
async def test_a_run_is_the_same_however_often_the_broker_dies(tmp_path: Path) -> None:
    found = []
    for deaths in (0, DEATHS):
        folder = tmp_path / str(deaths)
        async with (
            World(folder / "world", MOVIES, CHANCES) as world,
            mosquitto(folder / "mosquitto") as broker,
        ):
            world.write(wish("Noir"), wish("Cosy"))
            found.append(await _run_with(world, broker, deaths))
    (quiet, quiet_kept), (lively, lively_kept) = found
    for ending in (quiet, lively):
        del ending["duration_s"]
    assert quiet == lively
    assert quiet["result"] == "success"
    for kept in (quiet_kept, lively_kept):
        for topic in ("kometa_ai/collections/noir", "kometa_ai/collections/cosy"):
            kept[topic].pop("last_run", None)
    assert quiet_kept == lively_kept
    assert quiet_kept[AVAILABILITY] == "online"


async def test_the_last_will_speaks_for_one_that_is_killed(world: World, broker: Mosquitto) -> None:
    async with listening(broker) as ear, service(world.folder, settings(world, broker)) as served:
        await online(ear)
        await served.stop(SIGKILL)
        await ear.until(lambda heard: heard[-1].topic == AVAILABILITY)
        assert ear.heard[-1].payload == b"offline"
    assert (await retained(broker))[AVAILABILITY] == "offline"


async def test_a_broker_that_hangs_holds_up_neither_a_run_nor_the_end(
    world: World, broker: Mosquitto
) -> None:
    gate = asyncio.Event()
    world.claude.mishaps = [Mishap(gate=gate)]
    async with listening(broker) as ear, service(world.folder, settings(world, broker)) as served:
        await online(ear)
        await answered(ear, "run")
        broker.program.send(SIGSTOP)
        try:
            gate.set()
            await served.program.says("ended: success")
            code, seconds = await served.stop()
        finally:
            broker.program.send(SIGCONT)
        assert code == 0
        assert seconds < SOON
        await ear.until(lambda _: ear.on(AVAILABILITY)[-1].payload == b"offline")
    assert_ours(world)


async def test_a_password_that_is_put_right_lets_it_in(world: World, tmp_path: Path) -> None:
    async with mosquitto(tmp_path / "broker", login=Login("ada", "other")) as broker:
        environment = settings(world, broker, MQTT_USERNAME="ada", MQTT_PASSWORD=PASSWORD)
        async with service(world.folder, environment) as served:
            await served.program.says("It refuses the login. Check MQTT_USERNAME")
            await change_login(broker, Login("ada", PASSWORD))
            async with listening(broker) as ear:
                await online(ear)
        assert sum("refuses the login" in line for line in served.program.lines) == 1
        assert PASSWORD not in "\n".join(served.program.lines)


async def test_the_supervisor_names_the_broker(world: World, tmp_path: Path) -> None:
    login = Login("addons", PASSWORD)
    async with (
        mosquitto(tmp_path / "broker", login=login) as broker,
        SimulatedSupervisor() as supervisor,
        listening(broker) as ear,
    ):
        supervisor.data = {
            "host": LOOPBACK,
            "port": str(broker.port),
            "username": login.username,
            "password": login.password,
            "ssl": False,
        }
        environment = settings(world) | supervisor.environment()
        async with service(world.folder, environment) as served:
            await online(ear)
            assert (await answered(ear, "run"))["accepted"]
            assert (await ended(ear))["result"] == "success"
        told = "\n".join(served.program.lines)
        assert PASSWORD not in told
        assert TOKEN not in told
    assert_ours(world)


async def test_without_broker_and_supervisor_it_says_so_and_serves(world: World) -> None:
    async with SimulatedSupervisor() as supervisor:
        environment = settings(world) | supervisor.environment()
        async with service(world.folder, environment) as served:
            await served.program.says("Home Assistant has no MQTT broker yet")
            assert (await served.stop())[0] == 0


def _shown(pid: int) -> str:
    """Return what anybody on the machine can see of a process."""
    return (Path("/proc") / str(pid) / "cmdline").read_text("utf-8", "replace")


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()
    return [pid, *(one for child in children for one in _family(int(child)))]


async def test_no_secret_is_seen_anywhere(world: World, tmp_path: Path) -> None:
    """World's own key stands for both API keys; everything is logged that can be."""
    gate = asyncio.Event()
    world.claude.mishaps = [Mishap(gate=gate), Mishap(reply=wrong_key(), times=None)]
    async with mosquitto(tmp_path / "broker", login=Login("ada", PASSWORD)) as broker:
        environment = settings(
            world, broker, MQTT_USERNAME="ada", MQTT_PASSWORD=PASSWORD, DEBUG_LOGGING="true"
        )
        async with listening(broker) as ear, service(world.folder, environment) as served:
            await online(ear)
            await answered(ear, "run")
            await ear.until(lambda _: newest(ear)["phase"] == "asking Claude")
            titles = [_shown(pid) for pid in _family(served.program.pid)]
            assert len(titles) > 1  # the worker too
            gate.set()
            await ended(ear)
            await answered(ear, {"command": "run", "force_refresh": True})
            assert (await ended(ear, 2))["errors"]
            await answered(ear, "estimate")
            await ear.until(lambda _: newest(ear)["problem"])
            await served.stop()
        told = [*served.program.lines, *titles, *(repr(heard) for heard in ear.heard)]
    for secret in (PASSWORD, KEY):
        assert not [line for line in told if secret in line]
