"""What automations hear of a run."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from addon.mqtt.activities import activities
from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.report import (
    Change,
    CollectionReport,
    Event,
    FaultFound,
    Phase,
    PhaseBegan,
    Progress,
    Result,
    RunFinished,
    RunReport,
    RunRequest,
    RunStarted,
    Spending,
    Trigger,
)

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

NOW = datetime(2026, 1, 5, 3, tzinfo=UTC)
LAURA, GILDA, HEAT = (
    Change(1, "Laura", 1944, "why"),
    Change(2, "Gilda", 1946, "why"),
    Change(3, "Heat", 0, "why"),
)
NOIR = CollectionReport(
    name="Film Noir",
    slug="film-noir",
    tag="KAI-Film-Noir",
    library="radarr",
    threshold=0.7,
    added=(LAURA, GILDA),
    removed=(HEAT,),
)
HEIST = replace(
    NOIR, name="Heist", slug="heist", tag="KAI-heist", added=(), removed=(), held=(HEAT,)
)
REPORT = RunReport(
    run_id="7",
    trigger=Trigger.SCHEDULE,
    result=Result.SUCCESS,
    dry_run=False,
    started_at=NOW,
    duration=4.56,
    collections=(NOIR,),
    spending=Spending(cost=Decimal("0.0512345678")),
    spent_this_month=Decimal("1.5"),
)
DOWN = Fault(FaultKind.LIBRARY, "Radarr", "It does not answer.", "Start it.")
NO_KEY = Fault(FaultKind.CLAUDE, "Claude", "It refuses the key.", "Set another.")

SPENT = "The scheduled run finished: 2 added, 1 removed, $0.0512 spent."


def told(report: RunReport) -> list[dict[str, object]]:
    return activities(RunFinished(report))


def types(report: RunReport) -> list[object]:
    return [one["event_type"] for one in told(report)]


def summary(report: RunReport) -> object:
    return told(report)[-1]["summary"]


def test_a_whole_run(snapshot: SnapshotAssertion) -> None:
    report = replace(
        REPORT, result=Result.HELD, collections=(NOIR, HEIST), exhausted="MONTHLY_BUDGET"
    )
    started = RunStarted("7", RunRequest(Trigger.SCHEDULE), NOW)
    assert [*activities(started), *told(report)] == snapshot


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (RunRequest(Trigger.MQTT), "The run has started."),
        (RunRequest(Trigger.CATCH_UP), "The missed run has started."),
        (RunRequest(Trigger.UNDO, dry_run=True), "The undo (a dry run) has started."),
        (
            RunRequest(Trigger.MQTT, ("Film Noir", "Heist", "War"), dry_run=True),
            "The dry run has started for Film Noir and 2 more.",
        ),
    ],
)
def test_a_start(request_: RunRequest, said: str) -> None:
    (one,) = activities(RunStarted("7", request_, NOW))
    assert (one["summary"], one["dry_run"]) == (said, request_.dry_run)


@pytest.mark.parametrize(
    ("result", "ending"),
    [
        (Result.SUCCESS, "run_finished"),
        (Result.PARTIAL, "run_finished"),
        (Result.HELD, "run_finished"),
        (Result.FAILED, "run_failed"),
        (Result.CANCELLED, "run_cancelled"),
    ],
)
def test_a_run_has_one_ending_and_it_comes_last(result: Result, ending: str) -> None:
    assert types(replace(REPORT, result=result)) == ["items_added", "items_removed", ending]


def test_a_dry_run_only_ends() -> None:
    dry = replace(REPORT, result=Result.DRY_RUN, dry_run=True, collections=(NOIR, HEIST))
    budget, one = told(replace(dry, exhausted="MONTHLY_BUDGET"))
    # Its money is real.
    assert budget["event_type"] == "budget_reached"
    assert budget["dry_run"] is True
    assert (one["event_type"], one["added"], one["removed"]) == ("run_finished", 0, 0)
    assert one["summary"] == (
        "The dry run finished: 2 would be added, 1 would be removed,"
        " 1 removal would be held for approval, $0.0512 spent."
    )


def test_an_approval_asks_for_no_approval() -> None:
    approved = replace(REPORT, trigger=Trigger.APPROVE, collections=(HEIST,))
    assert types(approved) == ["run_finished"]


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (REPORT, SPENT),
        (
            replace(REPORT, collections=(), spending=Spending(), trigger=Trigger.MQTT),
            "The run finished: 0 added, 0 removed.",
        ),
        (
            replace(REPORT, result=Result.PARTIAL, faults=(NO_KEY, DOWN)),
            f"{SPENT} 2 errors, first: {NO_KEY}",
        ),
        (
            replace(
                REPORT, result=Result.FAILED, faults=(DOWN,), collections=(), spending=Spending()
            ),
            "The scheduled run failed. Radarr: It does not answer. Start it.",
        ),
        (
            replace(REPORT, result=Result.CANCELLED, spending=Spending(cost=Decimal(2))),
            "The scheduled run was cancelled: 2 added, 1 removed, $2.00 spent.",
        ),
    ],
)
def test_an_ending_is_a_sentence(report: RunReport, said: str) -> None:
    assert summary(report) == said


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("MONTHLY_BUDGET", "The budget of this month is used up; "),
        ("MAX_COST_PER_RUN", "The budget of this run is used up; "),
        ("MAX_EVALS_PER_RUN", "The run made as many evaluations as it may; "),
    ],
)
def test_a_budget_that_ends_the_asking_is_told(setting: str, said: str) -> None:
    budget = told(replace(REPORT, exhausted=setting))[-2]
    assert budget["event_type"] == "budget_reached"
    assert str(budget["summary"]).startswith(said)


def test_many_titles_are_counted() -> None:
    many = tuple(Change(at, f"A film whose number is {at}", 1950, "") for at in range(1200))
    added = told(replace(REPORT, collections=(replace(NOIR, added=many),)))[0]
    assert added["count"] == 1200
    assert isinstance(added["titles"], list)
    assert len(added["titles"]) == 20
    assert str(added["summary"]).startswith("Film Noir gained 1,200 movies: A film")
    assert str(added["summary"]).endswith(" more.")


@pytest.mark.parametrize(
    "event",
    [PhaseBegan(Phase.ASKING), Progress("Film Noir", 1, 2, Decimal(0)), FaultFound(DOWN)],
)
def test_what_only_goes_on_is_no_activity(event: Event) -> None:
    assert activities(event) == []


ABSURD = st.text(st.characters(), max_size=50).map(lambda text: text * 40)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=ABSURD,
    titles=st.lists(ABSURD, min_size=1, max_size=3).map(lambda some: some * 10),
    message=ABSURD,
)
def test_an_activity_is_small_whatever_the_names_are(
    name: str, titles: list[str], message: str
) -> None:
    changes = tuple(Change(at, title, at, "") for at, title in enumerate(titles))
    one = replace(NOIR, name=name, added=changes, removed=changes, held=changes)
    fault = Fault(FaultKind.TAGGING, name, message)
    report = replace(REPORT, collections=(one,), faults=(fault,))
    started = activities(RunStarted("7", RunRequest(Trigger.MQTT, (name, name)), NOW))
    for each in (*started, *told(report)):
        assert len(json.dumps(each)) < 16_384
        json.dumps(each, ensure_ascii=False).encode()
        assert 0 < len(str(each["summary"])) <= 255
        assert len(each.get("titles", [])) <= 20  # type: ignore[arg-type] # a list, as JSON has it
