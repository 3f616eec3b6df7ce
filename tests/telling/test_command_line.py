"""What separate runs of the command line tell: by webhook, mail and heartbeat, over real wires."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kometa_ai.adapters.clock import SystemClock
from kometa_ai.adapters.store import SqliteStore
from kometa_ai.demo.radarr import Mishap
from tests.adapters.receivers import Receiver, Said, receiver
from tests.springboard import cli
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
        assert "who are you?" in second["message"]
        assert events(well) == ["test"]
        assert not world.state.exists()
        assert KEY not in ended.out + ended.err
