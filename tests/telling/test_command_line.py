"""What separate runs of the command line tell: by webhook, mail and heartbeat, over real wires."""

from __future__ import annotations

import asyncio
import json
from signal import SIGTERM
from typing import TYPE_CHECKING, Any

import pytest

from kometa_ai.adapters.clock import SystemClock
from kometa_ai.adapters.smtp import Timeouts
from kometa_ai.adapters.store import SqliteStore
from kometa_ai.adapters.store.outbox import TOLD
from kometa_ai.cli import afterwards
from kometa_ai.demo.radarr import Mishap
from tests.adapters.receivers import Receiver, Said, receiver
from tests.outside import until
from tests.processes import going
from tests.springboard import cli, start
from tests.world import KEY, World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

MOVIES = [movie(number) for number in range(1, 21)]
DOWN = Mishap("GET", "/api/v3/movie", status=400, body="no", times=100)


def told(hook: Receiver) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in hook.seen]


def events(hook: Receiver) -> list[str]:
    return [one["event"] for one in told(hook)]


def paths(pulse: Receiver) -> list[str]:
    return [one.path for one in pulse.seen]


async def let_them_be_due(world: World) -> None:
    """Make due at once what waits for its next try."""
    clock = SystemClock()
    async with SqliteStore(world.state, clock) as store:
        await store.hurry(clock.now())


async def test_changes_are_told_with_the_whole_report(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, {"Noir": {1: 0.9}}) as world, receiver() as hook:
        world.write(block("Noir"))
        ended = await cli(
            world, "--run-now", "--json", WEBHOOK_URLS=hook.url, NOTIFY_ON_ERRORS_ONLY="false"
        )
        assert ended.code == 0, ended.err
        (body,) = told(hook)
        report = json.loads(ended.out)
        assert body["event"] == "changes"
        assert {name: body[name] for name in report} == report


@pytest.mark.parametrize(
    ("errors_only", "no_changes", "expected"),
    [
        ("true", "false", []),
        ("true", "true", []),
        ("false", "false", ["changes"]),
        ("false", "true", ["changes", "no_changes"]),
    ],
)
async def test_the_rules_hold_for_a_run_with_changes_and_one_without(
    tmp_path: Path, errors_only: str, no_changes: str, expected: list[str]
) -> None:
    async with World(tmp_path, MOVIES, {"Noir": {1: 0.9}}) as world, receiver() as hook:
        world.write(block("Noir"))
        for _ in range(2):
            ended = await cli(
                world,
                "--run-now",
                WEBHOOK_URLS=hook.url,
                NOTIFY_ON_ERRORS_ONLY=errors_only,
                NOTIFY_ON_NO_CHANGES=no_changes,
            )
            assert ended.code == 0, ended.err
        assert events(hook) == expected


async def test_a_failure_that_repeats_is_told_once_and_so_is_its_end(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world, receiver() as hook:
        world.write(block("Noir"))
        world.radarr.mishaps = [DOWN]
        for _ in range(3):
            assert (await cli(world, "--run-now", WEBHOOK_URLS=hook.url)).code == 1
        assert events(hook) == ["error"]
        world.radarr.mishaps = []
        for _ in range(2):
            assert (await cli(world, "--run-now", WEBHOOK_URLS=hook.url)).code == 0
        assert events(hook) == ["error", "recovered"]


async def test_a_dead_receiver_changes_no_exit_code_and_gets_it_later_once(
    tmp_path: Path,
) -> None:
    async with World(tmp_path, MOVIES, {"Noir": {1: 0.9}}) as world, receiver() as hook:
        world.write(block("Noir"))
        more = {"WEBHOOK_URLS": hook.url, "NOTIFY_ON_ERRORS_ONLY": "false"}
        hook.answers = [Said(503, "overloaded")]
        ended = await cli(world, "--run-now", **more)
        assert ended.code == 0
        assert "overloaded" in ended.err
        assert "kept" in ended.err
        again = await cli(world, "--run-now", **more)
        assert (again.code, len(hook.seen)) == (0, 1)  # not asked again before its time
        hook.answers = [Said(204)]
        await let_them_be_due(world)
        for _ in range(2):
            assert (await cli(world, "--run-now", **more)).code == 0
        assert events(hook) == ["changes", "changes"]
        assert len({one.headers["X-Kometa-AI-Delivery"] for one in hook.seen}) == 1


@pytest.mark.parametrize("wrong", [{"CLAUDE_API_KEY": ""}, {"CLAUDE_CONCURRENCY": "lots"}])
async def test_a_run_that_can_not_begin_is_told_too(tmp_path: Path, wrong: dict[str, str]) -> None:
    async with World(tmp_path, MOVIES) as world, receiver() as hook, receiver() as pulse:
        more = {"WEBHOOK_URLS": hook.url, "HEARTBEAT_URL": f"{pulse.url}/ping"}
        world.write(block("Noir"))
        assert (await cli(world, "--run-now", **more)).code == 0
        pulse.seen.clear()
        for _ in range(2):
            assert (await cli(world, "--run-now", **{**more, **wrong})).code == 2
        (body,) = told(hook)
        assert (body["event"], body["result"]) == ("error", "failed")
        assert body["faults"][0]["where"] == next(iter(wrong))
        assert paths(pulse) == ["/ping/fail"] * 2
        assert (await cli(world, "--run-now", **more)).code == 0
        assert events(hook) == ["error", "recovered"]


async def test_wrong_settings_make_no_state_to_remember_them(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world, receiver() as hook:
        ended = await cli(world, "--run-now", WEBHOOK_URLS=hook.url, CLAUDE_CONCURRENCY="lots")
        assert ended.code == 2
        assert events(hook) == ["error"]
        assert not world.state.exists()


async def test_a_state_that_can_not_be_opened_is_told_each_time(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world, receiver() as hook:
        world.state.write_text("a file where the folder should be")
        for _ in range(2):
            assert (await cli(world, "--run-now", WEBHOOK_URLS=hook.url)).code == 1
        assert events(hook) == ["error", "error"]


async def test_the_heartbeat_follows_real_runs_alone(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, {"Noir": {1: 0.9}}) as world, receiver() as pulse:
        world.write(block("Noir"))
        more = {"HEARTBEAT_URL": f"{pulse.url}/ping/uuid?token=x"}
        assert (await cli(world, "--run-now", **more)).code == 0
        assert paths(pulse) == ["/ping/uuid/start?token=x", "/ping/uuid?token=x"]
        pulse.seen.clear()
        assert (await cli(world, "--dry-run", **more)).code == 0
        assert (await cli(world, "--estimate", **more)).code == 0
        assert paths(pulse) == []
        world.radarr.mishaps = [DOWN]
        assert (await cli(world, "--run-now", **more)).code == 1
        assert paths(pulse) == ["/ping/uuid/start?token=x", "/ping/uuid/fail?token=x"]


async def test_a_held_change_is_success_for_the_heartbeat_and_told_once(tmp_path: Path) -> None:
    chances = {"Noir": dict.fromkeys(range(1, 15), 0.9)}
    async with (
        World(tmp_path, MOVIES, chances) as world,
        receiver() as hook,
        receiver() as pulse,
    ):
        world.write(block("Noir"))
        more = {"HEARTBEAT_URL": pulse.url, "WEBHOOK_URLS": hook.url}
        assert (await cli(world, "--run-now", **more)).code == 0
        world.write(block("Noir", prompt="Something else entirely"))
        world.judge.chances = {}
        for _ in range(2):
            assert (await cli(world, "--run-now", **more)).code == 4
        assert events(hook) == ["held"]
        assert paths(pulse) == ["/start", "/"] * 3


async def test_a_dead_heartbeat_changes_nothing_and_is_said(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world, receiver(Said(404, "no such check")) as pulse:
        world.write(block("Noir"))
        ended = await cli(world, "--run-now", HEARTBEAT_URL=f"{pulse.url}/ping")
        assert ended.code == 0
        assert "no such check" in ended.err


@pytest.mark.parametrize("flag", ["--test-notification", "--send-test-email"])
async def test_a_test_without_a_channel_names_what_to_set(tmp_path: Path, flag: str) -> None:
    async with World(tmp_path) as world:
        ended = await cli(world, flag)
        assert ended.code == 2
        assert "SMTP_SERVER" in ended.err


async def test_a_test_says_of_each_channel_what_it_said(tmp_path: Path) -> None:
    async with (
        World(tmp_path) as world,
        receiver(Said(202)) as well,
        receiver(Said(401, "who are you?")) as ill,
    ):
        ended = await cli(
            world, "--test-notification", "--json", WEBHOOK_URLS=f"{well.url},{ill.url}"
        )
        assert ended.code == 1
        first, second = json.loads(ended.out)["channels"]
        assert (first["ok"], first["message"]) == (True, "202 Accepted")
        assert not second["ok"]
        assert second["message"].startswith("The webhook")  # its name stands before it
        assert "who are you?" in second["message"]
        assert events(well) == ["test"]
        assert not world.state.exists()
        assert KEY not in ended.out + ended.err


async def test_a_run_that_was_killed_is_told_when_the_next_one_begins(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world, receiver() as hook:
        world.write(block("Noir"))
        world.radarr.mishaps = [Mishap("GET", "/api/v3/movie", delay=30, times=2)]
        more = {"WEBHOOK_URLS": hook.url}
        first = await start(world, "--run-now", **more)
        await until(lambda: world.radarr.requests)
        first.kill()
        await first.end()
        second = await start(world, "--run-now", **more)
        await until(lambda: hook.seen)
        async with SqliteStore(world.state, SystemClock()) as store:
            while await store.next_due():  # noqa: ASYNC110 - another process ends it
                await asyncio.sleep(0.005)  # noqa: TID251 - the same
        second.kill()  # memory runs out each time
        await second.end()
        assert events(hook) == ["error"]
        assert "cut off" in told(hook)[0]["faults"][0]["message"]
        assert (await cli(world, "--run-now", **more)).code == 0
        assert events(hook) == ["error", "recovered"]


async def test_a_fault_of_our_own_in_the_telling_changes_no_exit_code(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world, receiver() as hook, receiver() as pulse:
        world.write(block("Noir"))
        more = {"WEBHOOK_URLS": hook.url, "HEARTBEAT_URL": pulse.url}
        assert (await cli(world, "--run-now", **more)).code == 0
        async with SqliteStore(world.state, SystemClock()) as store:
            await store.set_mark(TOLD, "{ nothing that could be read")
        ended = await cli(world, "--run-now", **more)
        assert ended.code == 0
        assert "Nobody could be told" in ended.err
        assert paths(pulse) == ["/start", "/"] * 2


@pytest.mark.parametrize(("wrong", "code"), [({}, 0), ({"CLAUDE_CONCURRENCY": "lots"}, 2)])
async def test_a_signal_ends_the_telling_and_changes_no_exit_code(
    tmp_path: Path, wrong: dict[str, str], code: int
) -> None:
    async with World(tmp_path, MOVIES, {"Noir": {1: 0.9}}) as world, receiver() as hook:
        world.write(block("Noir"))
        hook.answers = [Said(hang=True)]
        more = {"WEBHOOK_URLS": hook.url, "NOTIFY_ON_ERRORS_ONLY": "false", **wrong}
        async with going(world, "--run-now", **more) as run:
            await run.until(lambda: hook.seen)
            ended, seconds = await run.stop(SIGTERM)
        assert ended.code == code, ended.err
        assert seconds < 2
        assert "Traceback" not in ended.err


async def test_a_log_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with World(tmp_path, MOVIES) as world, receiver() as hook, receiver() as pulse:
        more = {"WEBHOOK_URLS": hook.url, "HEARTBEAT_URL": pulse.url}
        ended = await cli(world, "--run-now", LOG_DIR=str(tmp_path / "file" / "logs"), **more)
        assert ended.code == 2
        assert told(hook)[0]["faults"][0]["where"] == "LOG_DIR"
        assert paths(pulse) == ["/fail"]


async def test_a_misspelt_channel_loses_nothing_that_waits_for_it(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, {"Noir": {1: 0.9}}) as world, receiver() as hook:
        world.write(block("Noir"))
        more = {"WEBHOOK_URLS": hook.url, "NOTIFY_ON_ERRORS_ONLY": "false"}
        hook.answers = [Said(503)]
        assert (await cli(world, "--run-now", **more)).code == 0
        misspelt = {**more, "WEBHOOK_URLS": "no address"}
        assert (await cli(world, "--run-now", **misspelt)).code == 2
        hook.answers = [Said(204)]
        hook.seen.clear()
        await let_them_be_due(world)
        assert (await cli(world, "--run-now", **more)).code == 0
        assert events(hook) == ["changes", "error", "recovered"]


async def test_what_is_refused_for_good_is_not_said_to_be_kept(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, {"Noir": {1: 0.9}}) as world, receiver() as hook:
        world.write(block("Noir"))
        hook.answers = [Said(400, "no such thing")]
        ended = await cli(world, "--run-now", WEBHOOK_URLS=hook.url, NOTIFY_ON_ERRORS_ONLY="false")
        assert ended.code == 0
        assert "no such thing" in ended.err
        assert "kept" not in ended.err


def test_nobody_hangs_up_on_a_mail_server_that_works() -> None:
    assert Timeouts().whole < afterwards.PATIENCE < afterwards.LONGEST
