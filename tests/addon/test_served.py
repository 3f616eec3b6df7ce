"""The service as a process: starts, signals, locks, files that change, runs of others."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from signal import SIGHUP, SIGINT, SIGKILL, SIGTERM, Signals
from typing import TYPE_CHECKING

import pytest

from kometa_ai.demo.mishap import Mishap as Hitch
from kometa_ai.demo.radarr import Mishap
from tests.guard import wish
from tests.listener import listening
from tests.mosquitto import Mosquitto, mosquitto
from tests.outside import LOOPBACK, reserved_port
from tests.processes import going
from tests.service import (
    COMMAND,
    answered,
    ended,
    events,
    newest,
    online,
    service,
    settings,
)
from tests.world import World, movie

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

MOVIES = [movie(number) for number in range(1, 21)]
CHANCES = {"Noir": {1: 0.95, 2: 0.95}, "Cosy": {3: 0.95}}
NOIR, COSY = "kai-noir", "kai-cosy"
SOON = 2.0
EDITOR = "/api/v3/movie/editor"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(wish("Noir"), wish("Cosy"))
        yield world


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


async def _edits(world: World, count: int) -> None:
    """Wait for so many bulk edits; the simulator lives in real time."""
    while sum(seen.path == EDITOR for seen in world.radarr.requests) < count:  # noqa: ASYNC110 - it sets no event
        await asyncio.sleep(0.01)  # noqa: TID251 - the same


@pytest.mark.parametrize("module", ["kometa_ai", "addon"])
async def test_a_run_by_mqtt_up_to_the_tags(world: World, broker: Mosquitto, module: str) -> None:
    async with listening(broker) as ear, service(world.folder, settings(world, broker), module):
        await online(ear)
        answer = await answered(ear, "run")
        assert answer["accepted"]
        ending = await ended(ear)
        assert (ending["result"], ending["added"]) == ("success", 3)
        assert [one["event_type"] for one in events(ear)] == [
            "run_started",
            "items_added",
            "items_added",
            "run_finished",
        ]
        assert all(one["run_id"] == answer["run_id"] for one in events(ear))
        await ear.until(lambda _: newest(ear)["status"] == "idle")
        assert newest(ear)["added"] == 3
        assert newest(ear, "kometa_ai/collections/noir")["members"] == 2
    assert world.radarr.members(NOIR) == {1, 2}


async def test_it_is_up_when_nothing_else_is_and_says_what_is_missing(
    tmp_path: Path, broker: Mosquitto
) -> None:
    with reserved_port() as nobody:
        environment = {
            "MQTT_HOST": LOOPBACK,
            "MQTT_PORT": str(broker.port),
            "STATE_DIR": str(tmp_path / "state"),
            "KOMETA_CONFIG_DIR": str(tmp_path / "none"),
            "RADARR_URL": f"http://{LOOPBACK}:{nobody}",
            "RADARR_API_KEY": "a-key-of-no-value",
        }
        async with listening(broker) as ear, service(tmp_path, environment) as served:
            await online(ear)
            await ear.until(lambda _: "CLAUDE_API_KEY" in (newest(ear)["problem_reason"] or ""))
            assert newest(ear)["status"] == "idle"
            await served.program.says("CLAUDE_API_KEY")
            answer = await answered(ear, "run")
            assert not answer["accepted"]
            assert "CLAUDE_API_KEY" in answer["error"]


async def test_without_a_broker_it_serves_on_and_says_so(world: World) -> None:
    with reserved_port() as nobody:
        environment = settings(world, MQTT_HOST=LOOPBACK, MQTT_PORT=str(nobody))
        async with service(world.folder, environment) as served:
            await served.program.says("can't be reached")
            code, seconds = await served.stop()
            assert code == 0
            assert seconds < SOON


@pytest.mark.parametrize("signal", [SIGTERM, SIGINT])
async def test_a_signal_ends_it_when_idle(world: World, broker: Mosquitto, signal: Signals) -> None:
    async with listening(broker) as ear, service(world.folder, settings(world, broker)) as served:
        await online(ear)
        code, seconds = await served.stop(signal)
        assert code == 0
        assert seconds < SOON
        await ear.until(lambda heard: heard[-1].payload == b"offline")


async def test_a_signal_ends_it_while_claude_is_asked(world: World, broker: Mosquitto) -> None:
    world.claude.mishaps = [Hitch(hold=asyncio.Event())]
    async with listening(broker) as ear, service(world.folder, settings(world, broker)) as served:
        await online(ear)
        await answered(ear, "run")
        await ear.until(lambda _: newest(ear)["phase"] == "asking Claude")
        code, seconds = await served.stop()
        assert code == 0
        assert seconds < SOON
    runs = json.loads((await world.cli("--runs", "--json")).out)["runs"]
    assert [one["result"] for one in runs] == ["cancelled"]
    assert not world.radarr.writes()


async def test_a_signal_between_two_edits_leaves_nothing_by_halves(
    world: World, broker: Mosquitto
) -> None:
    world.radarr.mishaps = [Mishap("PUT", EDITOR), Mishap("PUT", EDITOR, delay=30)]
    async with listening(broker) as ear, service(world.folder, settings(world, broker)) as served:
        await online(ear)
        await answered(ear, "run")
        await ear.until(lambda _: newest(ear)["phase"] == "tagging")
        await asyncio.wait_for(_edits(world, 2), SOON)
        code, seconds = await served.stop()
        assert code == 0
        assert seconds < SOON
    world.radarr.mishaps = []
    ending = await world.cli("--run-now", "--json")
    assert ending.json["usage"]["cost_usd"] == 0
    assert world.radarr.members(NOIR) == {1, 2}
    assert world.radarr.members(COSY) == {3}
    assert (await world.cli("--pins", "--json")).json["pins"] == []


async def test_a_second_signal_ends_it_at_once(world: World, broker: Mosquitto) -> None:
    world.claude.mishaps = [Hitch(hold=asyncio.Event())]
    async with listening(broker) as ear, service(world.folder, settings(world, broker)) as served:
        await online(ear)
        await answered(ear, "run")
        await ear.until(lambda _: newest(ear)["phase"] == "asking Claude")
        served.program.send(SIGTERM)
        code, _ = await served.stop(SIGTERM)
        assert code in {0, 1}  # the first one may have been faster


async def test_the_worker_of_a_killed_service_stops_by_itself(
    world: World, broker: Mosquitto
) -> None:
    world.claude.mishaps = [Hitch(hold=asyncio.Event())]
    environment = settings(world, broker)
    async with listening(broker) as ear:
        async with service(world.folder, environment) as served:
            await online(ear)
            await answered(ear, "run")
            await ear.until(lambda _: newest(ear)["phase"] == "asking Claude")
            await served.stop(SIGKILL)
            await ear.until(lambda heard: heard[-1].payload == b"offline")
        world.claude.mishaps = []
        async with service(world.folder, environment):
            await ear.until(lambda heard: heard[-1].payload != b"offline")
            answer = await answered(ear, "run")
            while not answer["accepted"]:
                assert "A run is active" in answer["error"] or "a run is active" in answer["error"]
                answer = await answered(ear, "run")
            assert (await ended(ear))["result"] == "success"
    assert world.radarr.members(NOIR) == {1, 2}


async def test_a_second_service_on_the_same_state_is_refused(
    world: World, broker: Mosquitto
) -> None:
    async with listening(broker) as ear, service(world.folder, settings(world, broker)):
        await online(ear)
        second = await world.cli()
        assert second.code == 3
        assert "a service is active since" in second.err


async def test_wrong_settings_end_it_with_all_faults_at_once(world: World) -> None:
    ending = await world.cli(SCHEDULE_CRON="0 25 * * *", MAX_EVALS_PER_RUN="5OO")
    assert ending.code == 2
    assert "SCHEDULE_CRON" in ending.err
    assert "character 3" in ending.err
    assert "MAX_EVALS_PER_RUN" in ending.err


async def test_a_changed_file_of_settings_takes_effect(world: World, broker: Mosquitto) -> None:
    file = world.folder / "settings.yaml"
    file.write_text("monthly_budget: 4\n", encoding="utf-8")
    environment = settings(world, broker, SETTINGS_FILE=str(file), TZ="Europe/Berlin")
    async with listening(broker) as ear, service(world.folder, environment) as served:
        await online(ear)
        assert newest(ear)["budget_month"] == 4
        file.write_text("monthly_budget: 3\nschedule_cron: 30 4 * * *\n", encoding="utf-8")
        await ear.until(lambda _: newest(ear)["cron"] == "30 4 * * *")
        await ear.until(lambda _: "T04:30:00+0" in (newest(ear)["next_run"] or ""))
        assert newest(ear)["budget_month"] == 3
        file.write_text("monthly_budget: much\nschedule_cron: 0 25 * * *\n", encoding="utf-8")
        served.program.send(SIGHUP)
        await ear.until(lambda _: newest(ear)["problem"])
        told = newest(ear)["problem_reason"]
        assert "MONTHLY_BUDGET" in told
        assert "SCHEDULE_CRON" in told  # all faults at once
        assert newest(ear)["budget_month"] == 3
        assert (await answered(ear, "run"))["accepted"]
        assert (await ended(ear))["result"] == "success"
        file.write_text("monthly_budget: 2\n", encoding="utf-8")
        await ear.until(lambda _: newest(ear)["budget_month"] == 2)
        await ear.until(lambda _: not newest(ear)["problem"])


async def test_another_broker_is_gone_to_without_a_restart(
    world: World, broker: Mosquitto, tmp_path: Path
) -> None:
    file = world.folder / "settings.yaml"
    file.write_text(f"mqtt_host: {LOOPBACK}\nmqtt_port: {broker.port}\n", encoding="utf-8")
    async with (
        mosquitto(tmp_path / "other") as other,
        listening(broker) as ear,
        listening(other) as there,
        service(world.folder, settings(world, SETTINGS_FILE=str(file))),
    ):
        await online(ear)
        file.write_text(f"mqtt_host: {LOOPBACK}\nmqtt_port: {other.port}\n", encoding="utf-8")
        await online(there)
        assert ear.heard[-1].payload == b"offline"
        assert (await answered(there, "run"))["accepted"]
        await ended(there)


async def test_a_run_of_the_command_line_is_seen(world: World, broker: Mosquitto) -> None:
    gate = asyncio.Event()
    world.claude.mishaps = [Hitch(hold=gate)]
    async with listening(broker) as ear, service(world.folder, settings(world, broker)):
        await online(ear)
        async with going(world, "--run-now", "--json") as run:
            await ear.until(lambda _: newest(ear)["status"] == "running")
            assert (await answered(ear, "cancel"))["error"]
            gate.set()
            report = (await run.end()).json
        ending = await ended(ear)
        assert (ending["run_id"], ending["added"]) == (report["run_id"], 3)
        await ear.until(lambda _: newest(ear)["status"] == "idle")
        assert newest(ear)["added"] == 3


async def test_a_killed_run_of_the_command_line_is_a_failed_one(
    world: World, broker: Mosquitto
) -> None:
    world.claude.mishaps = [Hitch(hold=asyncio.Event())]
    async with listening(broker) as ear, service(world.folder, settings(world, broker)):
        await online(ear)
        async with going(world, "--run-now") as run:
            await ear.until(lambda _: newest(ear)["status"] == "running")
            run.process.kill()
            await run.end()
        ending = await ended(ear)
        assert ending["event_type"] == "run_failed"
        assert "without a report" in newest(ear)["problem_reason"]


async def test_figures_and_switches_come_back_after_a_restart(
    world: World, broker: Mosquitto
) -> None:
    environment = settings(world, broker)
    async with listening(broker) as ear, service(world.folder, environment):
        await online(ear)
        await answered(ear, "run")
        await ended(ear)
        await answered(ear, "OFF", "schedule")
        await answered(ear, "7", "max_evals")
        await ear.until(lambda _: newest(ear)["max_evals"] == 7)
        before = newest(ear)
    await broker.restart(forget=True)
    async with listening(broker) as ear, service(world.folder, environment):
        await online(ear)
        await ear.until(lambda _: newest(ear)["collections"] == 2)
        after = newest(ear)
        for key in ("last_run", "last_result", "added", "cost_month", "movies", "max_evals"):
            assert after[key] == before[key]
        assert after["status"] == "paused"
        assert after["next_run"] is None
        assert events(ear) == []


async def test_kometa_files_that_change_are_read_with_the_next_run(
    world: World, broker: Mosquitto
) -> None:
    async with listening(broker) as ear, service(world.folder, settings(world, broker)):
        await online(ear)
        await ear.until(lambda _: newest(ear)["collections"] == 2)
        world.write(wish("Noir"), wish("Cosy"), wish("Late"))
        await ear.say(COMMAND, {"command": "run", "collection": ["Late", "Noir"]})
        await ended(ear)
        await ear.until(lambda _: newest(ear)["collections"] == 3)
        assert newest(ear, "kometa_ai/collections/late")["members"] == 0


async def test_a_run_that_a_power_failure_cut_off_is_a_failed_one(
    world: World, broker: Mosquitto
) -> None:
    environment = settings(world, broker)
    async with listening(broker) as ear:
        async with service(world.folder, environment) as served:
            await online(ear)
            await answered(ear, "run")
            await ended(ear)
            await served.stop()
        with closing(sqlite3.connect(world.state / "kometa_ai.db")) as db:
            # What is left of a run whose every process was gone at once.
            db.execute("INSERT INTO runs (trigger, began) VALUES ('schedule', 1767582000000000)")
            db.commit()
        async with service(world.folder, environment):
            ending = await ended(ear, 2)
            assert (ending["event_type"], ending["run_id"]) == ("run_failed", "2")
            await ear.until(lambda _: newest(ear)["last_result"] == "failed")
            assert "cut off" in newest(ear)["problem_reason"]
        async with service(world.folder, environment):
            await ear.until(lambda heard: heard[-1].payload != b"offline")
            await answered(ear, "dry_run")
            assert (await ended(ear, 3))["run_id"] == "3"


async def test_a_run_that_was_stopped_with_the_service_is_told_afterwards(
    world: World, broker: Mosquitto
) -> None:
    environment = settings(world, broker)
    async with listening(broker) as ear:
        async with service(world.folder, environment) as served:
            await online(ear)
            await answered(ear, "run")
            await ended(ear)
            world.write(wish("Noir"), wish("Cosy"), wish("Late"))
            world.claude.mishaps = [Hitch(hold=asyncio.Event())]
            await answered(ear, "run")
            await ear.until(lambda _: newest(ear)["phase"] == "asking Claude")
            await served.stop()
        async with service(world.folder, environment):
            ending = await ended(ear, 2)
            assert (ending["event_type"], ending["run_id"]) == ("run_cancelled", "2")


async def test_a_retained_command_begins_nothing_also_when_it_comes_live(
    world: World, broker: Mosquitto
) -> None:
    async with listening(broker) as ear, service(world.folder, settings(world, broker)) as served:
        await online(ear)
        await ear.say(COMMAND, "run", retain=True)
        await served.program.says("ignored")
        assert (await answered(ear, "cancel"))["error"]
        assert events(ear) == []


@pytest.mark.parametrize("module", ["kometa_ai", "addon"])
@pytest.mark.parametrize("imported", ["kometa_ai.settings.kinds", "aiomqtt.client", "yaml"])
async def test_a_signal_ends_it_while_it_starts(world: World, module: str, imported: str) -> None:
    environment = settings(world, PYTHONPROFILEIMPORTTIME="1")
    async with service(world.folder, environment, module) as served:
        await served.program.says(f" {imported}")
        code, seconds = await served.stop()
        assert code == 0
        assert seconds < SOON


async def test_a_signal_ends_it_while_the_state_is_locked(world: World, broker: Mosquitto) -> None:
    async with listening(broker) as ear, service(world.folder, settings(world, broker)) as served:
        await online(ear)
        with closing(sqlite3.connect(world.state / "kometa_ai.db")) as db:
            db.execute("BEGIN IMMEDIATE")
            await ear.say(COMMAND, "run")
            code, seconds = await served.stop()
        assert code == 0
        assert seconds < SOON
