"""What the service tells: of its own runs, of those of others, and of what could not begin."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from addon.post import Post
from addon.scheduler import MARK
from kometa_ai.adapters.clock import SystemClock
from kometa_ai.adapters.store import SqliteStore
from kometa_ai.demo.radarr import Mishap
from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.report import Result, Trigger
from tests.adapters.receivers import Said, receiver
from tests.listener import listening
from tests.mosquitto import mosquitto
from tests.outside import until
from tests.service import answered, ended, online, service, settings
from tests.serving import serving
from tests.springboard import cli
from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

    from tests.adapters.receivers import Receiver

MOVIES = [movie(number) for number in range(1, 21)]
DOWN = Mishap("GET", "/api/v3/movie", status=400, body="no", times=100)


def events(hook: Receiver) -> list[str]:
    return [json.loads(one.body)["event"] for one in hook.seen]


async def test_a_run_is_told_with_the_next_one_and_the_heart_beats(tmp_path: Path) -> None:
    async with (
        World(tmp_path, MOVIES, {"Noir": {1: 0.9}}) as world,
        mosquitto(tmp_path / "mosquitto") as broker,
        listening(broker) as listener,
        receiver() as hook,
        receiver() as pulse,
    ):
        world.write(block("Noir"))
        more = {
            "WEBHOOK_URLS": hook.url,
            "HEARTBEAT_URL": f"{pulse.url}/ping",
            "NOTIFY_ON_ERRORS_ONLY": "false",
        }
        async with service(tmp_path, settings(world, broker, **more)):
            await online(listener)
            assert (await answered(listener, "run"))["accepted"]
            await ended(listener)
            await until(lambda: hook.seen and len(pulse.seen) == 2)
            assert events(hook) == ["changes"]
            assert [one.path for one in pulse.seen] == ["/ping/start", "/ping"]


async def test_a_receiver_that_is_down_is_a_problem_and_gets_it_after_a_restart(
    tmp_path: Path,
) -> None:
    async with (
        World(tmp_path, MOVIES) as world,
        mosquitto(tmp_path / "mosquitto") as broker,
        listening(broker) as listener,
        receiver(Said(503, "gone fishing")) as hook,
    ):
        world.write(block("Noir"))
        world.radarr.mishaps = [DOWN]
        environment = settings(world, broker, WEBHOOK_URLS=hook.url)
        async with service(tmp_path, environment) as served:
            await online(listener)
            await answered(listener, "run")
            await ended(listener)
            await until(lambda: hook.seen)
            await served.program.says("gone fishing")
            assert (await served.stop())[0] == 0
        hook.answers = [Said(200)]
        hook.seen.clear()
        async with service(tmp_path, environment):
            await until(lambda: hook.seen)
            assert events(hook) == ["error"]


async def test_a_run_of_the_command_line_beside_the_service_is_told_once(tmp_path: Path) -> None:
    async with (
        World(tmp_path, MOVIES, {"Noir": {1: 0.9}}) as world,
        mosquitto(tmp_path / "mosquitto") as broker,
        listening(broker) as listener,
        receiver() as hook,
        receiver() as pulse,
    ):
        world.write(block("Noir"))
        more = {
            "WEBHOOK_URLS": hook.url,
            "HEARTBEAT_URL": pulse.url,
            "NOTIFY_ON_ERRORS_ONLY": "false",
        }
        async with service(tmp_path, settings(world, broker, **more)):
            await online(listener)
            assert (await cli(world, "--run-now", **more)).code == 0
            await ended(listener)
            # The service has had its turn when it answers what came after.
            assert (await answered(listener, "test_notification"))["accepted"]
            assert sorted(events(hook)) == ["changes", "test"]
            assert [one.path for one in pulse.seen] == ["/start", "/"]


async def test_a_test_notification_is_answered_with_the_words_of_a_failure(
    tmp_path: Path,
) -> None:
    async with (
        World(tmp_path) as world,
        mosquitto(tmp_path / "mosquitto") as broker,
        listening(broker) as listener,
        receiver(Said(200), Said(401, "who are you?")) as hook,
        service(tmp_path, settings(world, broker, WEBHOOK_URLS=hook.url)),
    ):
        await online(listener)
        assert (await answered(listener, "test_notification"))["accepted"]
        refused = await answered(listener, "PRESS", "test_notification")
        assert not refused["accepted"]
        assert "who are you?" in refused["error"]


async def test_without_a_channel_a_test_notification_says_what_to_set(tmp_path: Path) -> None:
    async with (
        World(tmp_path) as world,
        mosquitto(tmp_path / "mosquitto") as broker,
        listening(broker) as listener,
        service(tmp_path, settings(world, broker)),
    ):
        await online(listener)
        refused = await answered(listener, "test_notification")
        assert not refused["accepted"]
        assert "SMTP_SERVER" in refused["error"]


async def test_a_scheduled_run_that_can_not_begin_is_told_once(tmp_path: Path) -> None:
    async with (
        World(tmp_path) as world,
        receiver() as hook,
        serving(world, WEBHOOK_URLS=hook.url) as one,
        asyncio.TaskGroup() as tasks,
    ):
        post = Post(one.configuration, one.store, SystemClock(), one.picture, one.runs)
        walking = tasks.create_task(post.run())
        fault = Fault(FaultKind.SETTINGS, "schedule", "The scheduled run did not begin: no key.")
        for _ in range(2):
            await post.report_failure(Trigger.SCHEDULE, fault)
            await until(lambda: hook.seen)
        assert events(hook) == ["error"]
        (run, _) = await one.store.reports()
        assert (run.result, run.faults) == (Result.FAILED, (fault,))
        walking.cancel()


async def test_a_due_run_that_is_refused_is_told_to_people_and_to_the_watchman(
    tmp_path: Path,
) -> None:
    async with World(tmp_path) as world, receiver() as hook, receiver() as pulse:
        world.write(block("Noir"))
        more = {"WEBHOOK_URLS": hook.url, "HEARTBEAT_URL": pulse.url, "SCHEDULE_CRON": "0 3 * * *"}
        async with SqliteStore(world.state, SystemClock()) as store:
            async with service(tmp_path, settings(world, None, **more)):
                while await store.mark(MARK) is None:  # noqa: ASYNC110 - another process sets it
                    await asyncio.sleep(0.01)  # noqa: TID251 - the same
            # It was down for some days, and its key has gone meanwhile.
            kept = json.loads(await store.mark(MARK) or "")
            for name in ("anchor", "settled"):
                earlier = datetime.fromisoformat(kept[name]) - timedelta(days=3)
                kept[name] = earlier.isoformat()
            await store.set_mark(MARK, json.dumps(kept))
        async with service(tmp_path, settings(world, None, **{**more, "RADARR_API_KEY": ""})):
            await until(lambda: hook.seen and pulse.seen)
        assert events(hook) == ["error"]
        assert "did not begin" in json.loads(hook.seen[0].body)["faults"][0]["message"]
        assert [one.path for one in pulse.seen] == ["/fail"]


async def test_without_a_channel_the_service_takes_runs_as_told(tmp_path: Path) -> None:
    async with (
        World(tmp_path) as world,
        serving(world) as one,
        asyncio.TaskGroup() as tasks,
    ):
        post = Post(one.configuration, one.store, SystemClock(), one.picture, one.runs)
        walking = tasks.create_task(post.run())
        await post.report_failure(Trigger.SCHEDULE, Fault(FaultKind.SETTINGS, "schedule", "No."))
        async with asyncio.timeout(10):
            while await one.store.has_untold():  # noqa: ASYNC110 - a task beside us ends it
                await asyncio.sleep(0.01)  # noqa: TID251 - the same
        walking.cancel()
