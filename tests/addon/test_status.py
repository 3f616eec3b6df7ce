"""The picture that broker, page and log are drawn from, after each event."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from addon.status import Doing, Live, Problem, Source, Status, fold
from kometa_ai.domain.cost import Usage
from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.report import (
    Change,
    CollectionReport,
    Event,
    Phase,
    PhaseBegan,
    Progress,
    Result,
    ReviewSpending,
    RunFinished,
    RunReport,
    RunRequest,
    RunStarted,
    Spending,
    Trigger,
    Waiting,
)
from kometa_ai.settings import ClaudeMode
from tests.world import Judge, World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 1, 5, 3, tzinfo=UTC)
STARTED = RunStarted("7", RunRequest(Trigger.SCHEDULE), NOW)
DOWN = Fault(FaultKind.LIBRARY, "Radarr", "It does not answer.", "Start it.")
NO_KEY = Fault(FaultKind.CLAUDE, "Claude", "It refuses the key.", "Set another.")
TYPO = Fault(FaultKind.KOMETA, "movies.yml:3", "There is no prompt.", "Write one.")
NOIR = CollectionReport(
    name="Film Noir",
    slug="film-noir",
    tag="KAI-film-noir",
    library="radarr",
    threshold=0.7,
    members=2,
    added=(Change(1, "Laura", 1944, "why"), Change(2, "Gilda", 1946, "why")),
    removed=(Change(3, "Heat", 1995, "why"),),
)


def finished(
    result: Result = Result.SUCCESS,
    *faults: Fault,
    dry: bool = False,
    items: int = 200,
    requests: int = 0,
) -> RunFinished:
    spending = Spending(requests, 10, Usage(100, 50, 20, 30), Decimal("0.5"))
    report = RunReport(
        run_id="7",
        trigger=Trigger.SCHEDULE,
        result=result,
        dry_run=dry,
        started_at=NOW,
        duration=4.5,
        collections=(NOIR,),
        spending=spending,
        items=items,
        faults=faults,
    )
    return RunFinished(report)


def after(*events: Event, begin: Status | None = None) -> Status:
    status = begin or Status()
    for event in events:
        status = fold(status, event)
    return status


def test_a_run_is_seen_from_its_beginning_to_its_end() -> None:
    status = after(STARTED)
    assert status.doing is Doing.RUNNING
    status = after(
        PhaseBegan(Phase.ASKING), Progress("Film Noir", 30, 40, Decimal(0)), begin=status
    )
    assert status.live
    assert (status.live.phase, status.live.progress) == (Phase.ASKING, 75)
    status = after(finished(), begin=status)
    assert status.doing is Doing.IDLE
    assert status.live is None


def test_it_is_seen_how_far_a_batch_is() -> None:
    status = after(STARTED, PhaseBegan(Phase.WAITING), Waiting("msgbatch_1", 0, 840))
    assert status.live
    assert (status.live.progress, status.live.counted) == (0, "840 requests")
    status = after(Waiting("msgbatch_1", 312, 840), begin=status)
    assert status.live
    assert (status.live.progress, status.live.counted) == (37, "312 of 840")
    status = after(PhaseBegan(Phase.ASKING), begin=status)
    assert status.live
    assert status.live.counted == ""


@pytest.mark.parametrize("mode", [ClaudeMode.LIVE, ClaudeMode.BATCH])
async def test_no_percentage_falls_without_a_new_phase(tmp_path: Path, mode: ClaudeMode) -> None:
    """With second opinions, in a batch too, and with a wish that needs another one's tag first."""
    chances = {"Noir": {number: 0.65 if number % 2 else 0.95 for number in range(1, 31)}}
    films = [movie(number) for number in range(1, 61)]
    world = World(tmp_path, films, chances, reviews=Judge(chances), mode=mode)
    world.review_model = "claude-opus-5-5"
    async with world:
        rules = {"include_tags": ["KAI-Noir"]}
        world.write(block("Noir", tag="KAI-Noir"), block("Best", tag="KAI-Best", **rules))
        await world.run(trigger=Trigger.SCHEDULE)
    phases = [one.phase for one in world.events if isinstance(one, PhaseBegan)]
    asking = Phase.ASKING if mode is ClaudeMode.LIVE else Phase.WAITING
    assert phases.count(asking) >= 2, "Best is asked about when Noir is settled"
    assert all(one is not other for one, other in pairwise(phases))
    seen: list[Live] = []
    status = Status()
    for event in world.events:
        status = fold(status, event)
        seen += [status.live] if status.live else []
    for before, later in pairwise(seen):
        assert before.phase is not later.phase or before.progress <= later.progress
    assert (seen[-1].phase, seen[-1].progress) == (Phase.TAGGING, 100)


def test_the_last_run_comes_to_figures() -> None:
    last = after(finished()).last
    assert last
    assert (last.added, last.removed, last.would_add, last.would_remove) == (2, 1, 0, 0)
    assert (last.input_tokens, last.output_tokens) == (150, 50)
    assert (last.cost, last.review_cost) == (Decimal("0.5"), None)
    ended = finished()
    review = ReviewSpending("claude-opus-5-5", cost=Decimal("0.2"))
    spending = replace(ended.report.spending, review=review)
    last = after(RunFinished(replace(ended.report, spending=spending))).last
    assert last
    assert last.review_cost == Decimal("0.2")


def test_a_dry_run_only_would_have_changed_tags() -> None:
    last = after(finished(Result.DRY_RUN, dry=True)).last
    assert last
    assert (last.added, last.removed, last.would_add, last.would_remove) == (0, 0, 2, 1)


@pytest.mark.parametrize("result", [Result.SUCCESS, Result.HELD, Result.DRY_RUN])
def test_a_good_run_ends_the_problem_of_a_bad_one(result: Result) -> None:
    bad = after(STARTED, finished(Result.FAILED, DOWN, items=0))
    assert bad.problem == Problem("Radarr: It does not answer.", "Start it.")
    assert after(STARTED, finished(result), begin=bad).problem is None


def test_a_cancelled_run_says_nothing_about_an_older_problem() -> None:
    bad = after(finished(Result.FAILED, DOWN, items=0))
    assert after(finished(Result.CANCELLED, items=0), begin=bad).problem == bad.problem


def test_several_faults_are_one_problem() -> None:
    problem = after(finished(Result.PARTIAL, TYPO, NO_KEY)).problem
    assert problem == Problem("movies.yml:3: There is no prompt. (1 more)", "Write one.")


def test_the_most_pressing_problem_is_shown() -> None:
    status = after(finished(Result.FAILED, DOWN, items=0))
    status = status.with_problem(Source.FILES, Problem("files"))
    status = status.with_problem(Source.SETTINGS, Problem("settings"))
    assert status.problem == Problem("settings")
    status = status.with_problem(Source.SETTINGS, None)
    assert status.problem == Problem("Radarr: It does not answer.", "Start it.")


@pytest.mark.parametrize(
    ("event", "radarr", "claude"),
    [
        (finished(), True, None),
        (finished(requests=3), True, True),
        (finished(Result.FAILED, DOWN, items=0), False, None),
        (finished(Result.PARTIAL, NO_KEY), True, False),
        (finished(Result.PARTIAL, NO_KEY, requests=3), True, True),
        (finished(Result.CANCELLED, items=0), None, None),
    ],
)
def test_what_was_reached(event: RunFinished, radarr: bool | None, claude: bool | None) -> None:
    status = after(event)
    assert (status.radarr, status.claude) == (radarr, claude)


def test_a_run_that_reached_all_ends_the_problem_of_the_last_check() -> None:
    status = Status(radarr=False).with_problem(Source.CHECK, Problem("Radarr is down."))
    assert after(finished(), begin=status).problem is None


def test_pausing_shows_only_between_runs() -> None:
    paused = Status(schedule_enabled=False)
    assert paused.doing is Doing.PAUSED
    assert after(STARTED, begin=paused).doing is Doing.RUNNING


def test_the_end_of_a_run_does_not_end_the_next_one() -> None:
    next_one = RunStarted("8", RunRequest(Trigger.MQTT), NOW)
    status = after(STARTED, next_one, finished())
    assert status.live
    assert status.live.run_id == "8"


def test_a_good_run_ends_the_problem_of_one_that_did_not_begin() -> None:
    status = Status().with_problem(Source.SCHEDULE, Problem("It did not begin."))
    assert after(finished(Result.FAILED, DOWN, items=0), begin=status).problem
    assert after(finished(), begin=status).problem is None
