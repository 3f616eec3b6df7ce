"""Commands and their answers, up to the tags in the simulated Radarr."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from addon.command import ALL, Word
from addon.status import Source
from kometa_ai.demo.mishap import Mishap as Hitch
from kometa_ai.demo.radarr import Mishap
from kometa_ai.domain.report import Progress, Result, RunFinished, RunStarted, Trigger
from tests.guard import wish
from tests.processes import going
from tests.serving import Serving, serving
from tests.world import World, block, movie

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

MOVIES = [movie(number) for number in range(1, 21)]
CHANCES = {"Noir": {1: 0.95, 2: 0.95}, "Cosy": {3: 0.95}}
NOIR, COSY = "kai-noir", "kai-cosy"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(wish("Noir"), wish("Cosy"))
        yield world


def reports(one: Serving) -> list[RunFinished]:
    return [event for event in one.events if isinstance(event, RunFinished)]


async def test_a_run_is_told_from_beginning_to_end(world: World) -> None:
    async with serving(world) as one:
        response = await one.say(Word.RUN)
        assert response.accepted
        assert one.doing == "running"
        await one.runs.idle.wait()
        started, ended = one.events[0], one.events[-1]
        assert isinstance(started, RunStarted)
        assert started.run_id == response.run_id
        assert started.request.trigger is Trigger.MQTT
        assert isinstance(ended, RunFinished)
        assert ended.report.run_id == response.run_id
        assert any(isinstance(event, Progress) for event in one.events)
        assert sum(isinstance(event, RunStarted) for event in one.events) == 1
        status = one.status
    assert world.radarr.members(NOIR) == {1, 2}
    assert status.last
    assert (status.last.result, status.last.added) == (Result.SUCCESS, 3)
    noir = status.collections["noir"]
    assert (noir.members, noir.added, noir.pending) == (2, 2, 0)
    assert noir.last_added == ("Film 1 (1991)", "Film 2 (1992)")
    assert noir.cost_month > 0
    assert status.cost_month == status.last.cost > 0
    assert (status.movies, status.radarr, status.claude) == (20, True, True)


async def test_a_restart_shows_what_was_known(world: World) -> None:
    async with serving(world) as one:
        before = await one.done(Word.RUN)
    async with serving(world) as one:
        after = one.status
    assert (after.last, after.collections) == (before.last, before.collections)
    assert (after.movies, after.cost_month) == (before.movies, before.cost_month)


async def test_a_second_run_is_refused_by_name(world: World) -> None:
    world.radarr.mishaps = [Mishap("GET", "/api/v3/movie", delay=30)]
    async with serving(world) as one:
        first = await one.say(Word.RUN)
        second = await one.say(Word.DRY_RUN)
        assert not second.accepted
        assert second.run_id is None
        assert second.error
        assert f"run {first.run_id}, by mqtt" in second.error
        assert "A run is active since" in second.error
        assert (await one.say(Word.CANCEL)).run_id == first.run_id
        assert one.doing == "cancelling"
        await one.runs.idle.wait()
        assert reports(one)[0].report.result is Result.CANCELLED
        assert one.doing == "idle"


async def test_a_run_of_the_command_line_refuses_ours_by_name(world: World) -> None:
    world.radarr.mishaps = [Mishap("GET", "/api/v3/movie", delay=30)]
    async with serving(world) as one, going(world, "--run-now") as other:
        await other.until(lambda: world.radarr.requests)
        response = await one.say(Word.RUN)
        assert not response.accepted
        assert response.error
        assert "started from the command line" in response.error
        assert one.doing == "idle"


async def test_cancel_before_the_worker_has_begun(world: World) -> None:
    async with serving(world) as one:
        await one.say(Word.RUN)
        await one.say(Word.CANCEL)
        await one.runs.idle.wait()
        assert reports(one)[0].report.result is Result.CANCELLED
        assert not world.radarr.writes()
        assert not (await one.say(Word.CANCEL)).accepted


async def test_a_dry_run_and_dry_run_mode_write_no_tag(world: World) -> None:
    async with serving(world) as one:
        status = await one.done(Word.DRY_RUN)
        assert status.last
        assert (status.last.result, status.last.would_add) == (Result.DRY_RUN, 3)
        await one.say(Word.DRY_RUN_MODE, value="ON")
        assert one.status.dry_run_mode
        status = await one.done(Word.RUN)
        assert status.last
        assert status.last.result is Result.DRY_RUN
        refused = await one.say(Word.UNDO)
        assert refused.error
        assert "Dry-run mode" in refused.error
    assert not world.radarr.writes()
    async with serving(world) as one:
        await one.say(Word.DRY_RUN_MODE, value="off")
        await one.done(Word.RUN)
    assert world.radarr.members(NOIR) == {1, 2}


async def test_the_selected_collection_is_what_buttons_run(world: World) -> None:
    async with serving(world) as one:
        assert (await one.say(Word.COLLECTION, value="noir")).accepted
        assert one.status.selected == "Noir"
        await one.done(Word.RUN, selected=True)
        assert world.radarr.members(COSY) == set()
        await one.done(Word.RUN)
        assert world.radarr.members(COSY) == {3}
        assert (await one.say(Word.COLLECTION, value=ALL)).accepted
        assert one.status.selected == ALL


async def test_names_that_differ_in_case_only_are_told_apart(world: World) -> None:
    world.judge.chances = {"COSY": {1: 0.95}, "Cosy": {2: 0.95}}
    world.write(wish("Noir"), block("COSY", tag="KAI-cosy-2"), block("Cosy", tag="KAI-cosy"))
    async with serving(world) as one:
        # A slug is whose it is, though another collection's name would fit as well.
        await one.done(Word.RUN, collections=("cosy",))
        assert (world.radarr.members("kai-cosy-2"), world.radarr.members(COSY)) == (set(), {2})
        await one.done(Word.RUN, collections=("COSY-2",))
        assert world.radarr.members("kai-cosy-2") == {1}
        await one.say(Word.COLLECTION, value="COSY-2")
        assert one.status.selected == "COSY"
    world.write(block("COSY", tag="KAI-one"), block("Cosy", tag="KAI-two"))
    async with serving(world) as one:
        await one.say(Word.COLLECTION, value="Cosy")
        assert one.status.selected == "Cosy"
        response = await one.say(Word.RUN, collections=("cosy",))
        assert response.error
        assert "no runnable collection" in response.error


async def test_a_collection_called_all_is_never_taken_for_all_of_them(world: World) -> None:
    world.judge.chances = {"All": {1: 0.95}, "Noir": {2: 0.95}}
    world.write(wish("All"), wish("Noir"))
    async with serving(world) as one:
        assert (await one.say(Word.COLLECTION, value="Noir")).accepted
        response = await one.say(Word.COLLECTION, value="all")
        assert response.error
        assert "can't be selected" in response.error
        assert one.status.selected == "Noir"
        await one.done(Word.RUN, collections=("All",))
        assert (world.radarr.members("kai-all"), world.radarr.members(NOIR)) == ({1}, set())


async def test_an_unknown_collection_is_refused_with_the_nearest(world: World) -> None:
    async with serving(world) as one:
        response = await one.say(Word.RUN, collections=("Nior",))
        assert response.error
        assert 'Did you mean "Noir"?' in response.error
        # It is only called unknown after the files were read again.
        world.write(wish("Noir"), wish("Cosy"), wish("Nior"))
        assert (await one.say(Word.RUN, collections=("Nior",))).accepted
        assert "nior" in one.status.collections
        await one.runs.idle.wait()


async def test_a_selected_collection_that_goes_gives_way_to_all(world: World) -> None:
    async with serving(world) as one:
        await one.say(Word.COLLECTION, value="Cosy")
        world.write(wish("Noir"))
        await one.picture.read_files()
        assert one.status.selected == ALL
        assert list(one.status.collections) == ["noir"]


async def test_a_broken_file_keeps_its_collections(world: World) -> None:
    async with serving(world) as one:
        (world.kometa / "movies.yml").write_text("collections: [", encoding="utf-8")
        await one.picture.read_files()
        assert list(one.status.collections) == ["noir", "cosy"]
        assert Source.FILES in one.status.problems
        world.write(wish("Cosy"))
        await one.picture.read_files()
        assert list(one.status.collections) == ["cosy"]
        assert Source.FILES not in one.status.problems


async def test_max_evals_limits_one_run(world: World) -> None:
    async with serving(world) as one:
        await one.done(Word.RUN, max_evals=5)
        assert reports(one)[0].report.spending.pairs == 5
        await one.done(Word.RUN)
        assert reports(one)[1].report.spending.pairs == 35


async def test_a_command_lowers_the_configured_cap_and_never_lifts_it(world: World) -> None:
    async with serving(world, MAX_EVALS_PER_RUN="3") as one:
        await one.done(Word.RUN, max_evals=10)
        await one.done(Word.RUN, max_evals=2)
        await one.done(Word.RUN, max_evals=0)
        assert [ended.report.spending.pairs for ended in reports(one)] == [3, 2, 3]


async def test_settings_that_are_set_hold_for_runs_and_for_the_command_line(world: World) -> None:
    async with serving(world, MONTHLY_BUDGET="3") as one:
        assert one.status.budget_month == Decimal(3)
        assert (await one.say(Word.MONTHLY_BUDGET, value="0")).accepted
        assert one.status.budget_month == Decimal(0)
        await one.done(Word.RUN)
        assert reports(one)[0].report.spending.requests == 0
        ended = await world.cli("--dump-config", "--json", MONTHLY_BUDGET="3")
        assert ended.json["MONTHLY_BUDGET"] == {
            **ended.json["MONTHLY_BUDGET"],
            "value": 0,
            "origin": "stored",
        }
        assert (await one.say(Word.MONTHLY_BUDGET, value="default")).accepted
        assert one.status.budget_month == Decimal(3)


@pytest.mark.parametrize(
    ("word", "value", "told"),
    [
        (Word.CRON, "0 25 * * *", "character 3"),
        (Word.MONTHLY_BUDGET, "-1", "MONTHLY_BUDGET"),
        (Word.MAX_EVALS, "many", "MAX_EVALS_PER_RUN"),
        (Word.SCHEDULE, "perhaps", "neither ON nor OFF"),
    ],
)
async def test_a_value_that_cannot_be_is_refused(
    world: World, word: Word, value: str, told: str
) -> None:
    async with serving(world) as one:
        response = await one.say(word, value=value)
        assert not response.accepted
        assert response.error
        assert told in response.error
        assert (Source.CRON in one.status.problems) == (word is Word.CRON)


async def test_a_cron_that_is_right_ends_the_problem_of_a_wrong_one(world: World) -> None:
    async with serving(world) as one:
        await one.say(Word.CRON, value="never")
        problem = one.status.problem
        assert problem
        assert "SCHEDULE_CRON" in problem.reason
        assert (await one.say(Word.CRON, value="30 4 * * Mon")).accepted
        assert one.status.problem is None
        assert one.status.cron == "30 4 * * Mon"


async def test_pausing_survives_a_restart(world: World) -> None:
    async with serving(world) as one:
        assert (await one.say(Word.PAUSE)).accepted
        assert one.doing == "paused"
        assert await one.store.mark("switches")
        assert (await one.say(Word.SCHEDULE, value="ON")).accepted
        assert one.doing == "idle"


async def test_a_request_that_was_accepted_is_not_done_twice(world: World) -> None:
    async with serving(world) as one:
        first = await one.say(Word.RUN, request_id="x")
        await one.runs.idle.wait()
    async with serving(world) as one:
        again = await one.say(Word.RUN, request_id="x")
        assert (again.accepted, again.run_id, again.request_id) == (False, first.run_id, "x")
        assert one.events == []


async def test_held_changes_are_approved_or_declined(world: World) -> None:
    numbers = range(1, 11)
    world.judge.chances["Noir"] = dict.fromkeys(numbers, 0.95)
    async with serving(world) as one:
        assert (await one.say(Word.APPROVE)).error == "Nothing is held for approval."
        await one.done(Word.RUN)
        world.judge.chances["Noir"] = {1: 0.95}
        status = await one.done(Word.FORCE_REFRESH)
        assert (status.held, status.collections["noir"].held) == (9, 9)
        assert status.last
        assert status.last.result is Result.HELD
        status = await one.done(Word.APPROVE)
        assert status.held == 0
        assert world.radarr.members(NOIR) == {1}
        assert status.collections["noir"].members == 1
        status = await one.done(Word.UNDO)
        assert world.radarr.members(NOIR) == set(numbers)


async def test_an_estimate_is_answered_and_holds_up_nobody(world: World) -> None:
    async with serving(world) as one:
        response = await one.say(Word.ESTIMATE)
        assert response.accepted
        assert response.estimate
        assert json.loads(json.dumps(response.estimate))["usage"]["pairs"] == 40
        assert not world.claude.requests


async def test_what_is_missing_is_said(world: World) -> None:
    async with serving(world, CLAUDE_API_KEY="", RADARR_URL="") as one:
        response = await one.say(Word.RUN)
        assert response.error
        assert "CLAUDE_API_KEY" in response.error
        assert "RADARR_URL" in response.error
        assert one.doing == "idle"


async def test_wrong_settings_run_nothing_but_tell(world: World) -> None:
    async with serving(world, MAX_EVALS_PER_RUN="5OO") as one:
        response = await one.say(Word.RUN)
        assert response.error
        assert "5OO" in response.error
        problem = one.status.problem
        assert problem
        assert "MAX_EVALS_PER_RUN" in problem.reason


async def test_a_broken_settings_file_keeps_the_settings_in_use(world: World) -> None:
    path = world.folder / "settings.yaml"
    path.write_text("max_evals_per_run: 7\n")
    async with serving(world, SETTINGS_FILE=str(path)) as one:
        assert one.status.max_evals == 7
        path.write_text("max_evals_per_run: seven\n")
        await one.reconfigure()
        assert one.status.max_evals == 7
        assert Source.SETTINGS in one.status.problems
        status = await one.done(Word.RUN)
        assert reports(one)[0].report.spending.pairs == 7
        assert Source.SETTINGS in status.problems
        path.write_text("max_evals_per_run: 8\n")
        await one.reconfigure()
        assert one.status.max_evals == 8
        assert Source.SETTINGS not in one.status.problems


async def test_a_worker_that_is_killed_is_a_failed_run(world: World) -> None:
    world.claude.mishaps = [Hitch(gate=asyncio.Event())]
    async with serving(world) as one:
        await one.say(Word.RUN)
        await one.until(lambda: world.claude.requests)
        assert one.runs.pid
        os.kill(one.runs.pid, signal.SIGKILL)
        await one.runs.idle.wait()
        report = reports(one)[0].report
        assert report.result is Result.FAILED
        assert "SIGKILL" in report.faults[0].message
        assert one.status.problem
        assert (await one.store.reports(1))[0] == report
        world.claude.mishaps = []
        status = await one.done(Word.RUN)
        assert status.problem is None
    assert world.radarr.members(NOIR) == {1, 2}


async def test_leaving_in_the_middle_of_a_run_ends_its_worker(world: World) -> None:
    world.claude.mishaps = [Hitch(gate=asyncio.Event())]
    async with serving(world) as one:
        await one.say(Word.RUN)
        await one.until(lambda: world.claude.requests)
    newest = json.loads((await world.cli("--runs", "--json")).out)["runs"][0]
    assert newest["result"] == "cancelled"
