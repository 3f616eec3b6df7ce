"""What people are told about a run: every occasion, and the words for each case."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from kometa_ai.domain.cost import Usage
from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.message import Notification, Occasion, Outline, Tone
from kometa_ai.domain.notifying import Rules
from kometa_ai.domain.report import Result, ReviewSpending, RunReport, Spending, Trigger
from kometa_ai.messages.complaints import CONTEXTS
from kometa_ai.messages.compose import compose
from kometa_ai.messages.phrases import RUNS
from tests.mails import (
    ADDED,
    BEGAN,
    BROKEN,
    EVERY,
    FAILED,
    FEMALE,
    FILM_NOIR,
    HEIST,
    HELD,
    NOTHING,
    QUIET,
    RUN,
    UNREACHED,
    ZONE,
    Told,
    huge,
    told,
    trial,
    trouble,
)


def of(report: RunReport, occasion: Occasion = Occasion.CHANGES) -> Outline:
    return told(report, occasion).outline


@pytest.mark.parametrize(
    ("outline", "subject"),
    [
        (EVERY["changes"].outline, "3 added, 1 removed in 2 collections"),
        (of(replace(RUN, collections=(FEMALE,))), "1 added in Women in the Lead"),
        (EVERY["no_changes"].outline, "nothing changed"),
        (EVERY["held"].outline, "12 removals wait for your approval"),
        (
            of(replace(HELD, collections=(replace(FILM_NOIR, held=ADDED[:1]),)), Occasion.HELD),
            "1 removal waits for your approval",
        ),
        (EVERY["error"].outline, "Radarr cannot be reached"),
        (EVERY["errors"].outline, "Claude is overloaded, and 2 more problems"),
        (
            of(replace(RUN, faults=BROKEN[1:2]), Occasion.ERROR),
            "classics.yml:12: The block has no prompt, so nobody knows what belongs into the…",
        ),
        (EVERY["reminder"].outline, "Radarr cannot be reached, since Saturday 03:00, in 7 runs"),
        (
            Told(NOTHING, Notification(Occasion.RECOVERED, ended=(trouble(UNREACHED),))).outline,
            "works again",
        ),
        (
            Told(
                replace(NOTHING, faults=BROKEN[:1]),
                Notification(Occasion.RECOVERED, ended=(trouble(UNREACHED), trouble(BROKEN[1]))),
            ).outline,
            "2 problems are over, 1 left",
        ),
        (EVERY["dry_run"].outline, "dry run would add 2, remove 1 in Heist Movies"),
        (of(replace(NOTHING, dry_run=True)), "dry run would change nothing"),
        (
            of(replace(FAILED, dry_run=True), Occasion.ERROR),
            "dry run met: Radarr cannot be reached",
        ),
        (of(replace(FAILED, faults=()), Occasion.ERROR), "the run failed"),
        (of(huge(), Occasion.CHANGES), "80,000 added, 1 removed in 51 collections"),
        (trial(), "test message"),
    ],
)
def test_the_subject_says_it_all(outline: Outline, subject: str) -> None:
    assert outline.subject == f"Kometa-AI: {subject}"


@pytest.mark.parametrize(
    ("report", "lead"),
    [
        (RUN, "The scheduled run of Tue 24 Nov, 03:00 added 3 titles and removed 1 in 2"),
        (replace(NOTHING, trigger=Trigger.MQTT), "The run that MQTT asked for of Tue 24 Nov"),
        (replace(RUN, result=Result.CANCELLED), "03:00 was stopped after it added 3 titles"),
        (replace(RUN, result=Result.FAILED), "03:00 failed after it added 3 titles"),
        (FAILED, "03:00 failed."),
        (replace(NOTHING, result=Result.PARTIAL, faults=BROKEN[:1]), "1 problem was met on the"),
        (HELD, "12 removals in Film Noir are held back: more than `MAX_REMOVALS_PERCENT`"),
        (replace(HELD, dry_run=True), "A real run would hold 12 removals back until you approve."),
    ],
)
def test_the_lead_says_what_the_run_did(report: RunReport, lead: str) -> None:
    assert lead in of(report).lead


@pytest.mark.parametrize(
    ("name", "tone"),
    [
        ("changes", Tone.GOOD),
        ("held", Tone.ATTENTION),
        ("error", Tone.BAD),
        ("reminder", Tone.BAD),
        ("recovered", Tone.GOOD),
        ("dry_run", Tone.GOOD),
    ],
)
def test_the_tone(name: str, tone: Tone) -> None:
    assert EVERY[name].outline.tone is tone


@pytest.mark.parametrize("trigger", Trigger)
def test_every_trigger_has_words(trigger: Trigger) -> None:
    told = compose(
        replace(RUN, trigger=trigger),
        Notification(Occasion.CHANGES),
        next_run=None,
        zone=ZONE,
    )
    assert told.lead.startswith(RUNS[trigger])


def test_what_stays_wrong_is_no_good_news() -> None:
    assert of(replace(RUN, faults=BROKEN[:1])).tone is Tone.ATTENTION


@pytest.mark.parametrize("kind", FaultKind)
def test_every_kind_of_fault_has_a_name_for_people(kind: FaultKind) -> None:
    fault = Fault(kind, "", "Something is wrong here.", "Mend it.")
    (context,) = of(replace(NOTHING, faults=(fault,)), Occasion.ERROR).contexts
    assert context.name == CONTEXTS[kind]
    assert [(one.message, one.remedy) for one in context.complaints] == [
        ("Something is wrong here.", "Mend it.")
    ]


def test_only_what_stood_before_has_a_history() -> None:
    kometa = EVERY["errors"].outline.contexts[1]
    assert [one.history for one in kometa.complaints] == ["since Monday 03:00, in 7 runs", ""]


@pytest.mark.parametrize(
    ("ago", "history"),
    [
        (timedelta(minutes=30), "since 02:30 today, in 2 runs"),
        (timedelta(days=5), "since Thursday 03:00, in 2 runs"),
        (timedelta(days=7), "since 17 November, 03:00, in 2 runs"),
    ],
)
def test_since_when_something_is_wrong(ago: timedelta, history: str) -> None:
    old = replace(trouble(UNREACHED, runs=2), since=BEGAN - ago)
    (context,) = told(FAILED, Occasion.REMINDER, old).outline.contexts
    assert context.complaints[0].history == history


def test_how_to_decide_about_what_is_held() -> None:
    advice = EVERY["held"].outline.advice
    for way in (
        "“Approve held changes”",
        "`python -m kometa_ai --approve 57`",
        "`approve`",
        "“Decline held changes”",
        "`python -m kometa_ai --decline 57`",
        "`decline`",
    ):
        assert way in advice
    assert not EVERY["dry_run"].outline.advice
    assert not EVERY["changes"].outline.advice


def test_figures() -> None:
    figures = dict(EVERY["changes"].outline.figures)
    assert figures == {
        "Added": "3",
        "Removed": "1",
        "Pending": "340",
        "Claude": "14 requests to claude-haiku-5-5, 1,240 verdicts",
        "Tokens": "120,111 in (81,900 cached), 6,120 out",
        "Cost of this run": "$0.0312",
        "This month": "$1.28 of $5.00",
        "Budget left": "$3.72",
        "Library": "2,431 titles",
        "Duration": "1 min 13 s",
        "Next run": "Wed 25 Nov, 03:00 CET",
    }


def test_figures_of_money_in_odd_cases() -> None:
    spending = Spending(cost=Decimal("0.5"), requests=1, pairs=1, unconfirmed=Decimal("0.25"))
    over = replace(RUN, spending=spending, spent_this_month=Decimal(6))
    figures = dict(of(over).figures)
    assert figures["Cost of this run"] == "$0.5000, $0.2500 of it assumed"
    assert figures["Budget left"] == "$0.00"
    assert "Budget left" not in dict(of(replace(RUN, monthly_budget=None)).figures)


def test_second_opinions_are_told_apart() -> None:
    review = ReviewSpending("claude-opus-5-5", 3, 21, Usage(9_000, 800), Decimal("0.02"))
    both = replace(RUN, spending=replace(RUN.spending, review=review))
    figures = dict(of(both).figures)
    assert figures["Claude"] == "11 requests to claude-haiku-5-5, 1,219 verdicts"
    assert figures["Second opinions"] == "3 requests to claude-opus-5-5, 21 verdicts"
    assert figures["Cost of this run"] == "$0.0312"
    assert figures["Of it second opinions"] == "$0.0200"
    alone = Spending(3, 21, review.usage, review.cost, review=review)
    figures = dict(of(replace(RUN, spending=alone)).figures)
    assert "Claude" not in figures
    assert figures["Second opinions"] == "3 requests to claude-opus-5-5, 21 verdicts"


def test_no_next_run() -> None:
    outline = compose(RUN, Notification(Occasion.CHANGES), next_run=None, zone=ZONE)
    assert "Next run" not in dict(outline.figures)


def test_only_collections_with_news_have_a_section() -> None:
    report = replace(RUN, collections=(QUIET, HEIST, replace(QUIET, name="Asked", pending=1)))
    sections = of(report).sections
    assert [one.name for one in sections] == ["Heist Movies", "Asked"]
    assert sections[1].note == "1 title got no verdict; the next run asks again."


def test_few_titles_of_many_are_listed() -> None:
    """And what is left out is counted, with a way to see it."""
    outline = of(huge())
    groups = [group for one in outline.sections for group in one.groups]
    assert groups[0].count == 40_000
    assert 1 <= len(groups[0].lines) <= 25
    assert sum(len(group.lines) for group in groups) <= 100
    assert sum(map(len, (group.lines for group in groups))) >= 40
    assert any("21 more collections" in one for one in outline.notices)
    assert any("--runs --json" in one for one in outline.notices)


def test_few_complaints_of_many_are_told() -> None:
    many = tuple(Fault(FaultKind.KOMETA, f"movies.yml:{line}", "x" * 5_000) for line in range(500))
    outline = of(replace(NOTHING, faults=many), Occasion.ERROR)
    assert len(outline.contexts[0].complaints) == 6
    assert "Kometa's files: 494 more problems of this kind; the log names all." in outline.notices
    assert len(outline.contexts[0].complaints[0].message) <= 241


@pytest.mark.parametrize(
    ("rules", "promise"),
    [
        (Rules(), "Set `NOTIFY_ON_ERRORS_ONLY` to false to hear of changes."),
        (Rules(errors_only=False), "and after runs that changed something."),
        (Rules(errors_only=False, no_changes=True), "and after every run."),
        (Rules(errors_only=True, no_changes=True), "to hear of changes."),
    ],
)
def test_a_test_message_says_what_will_come(rules: Rules, promise: str) -> None:
    assert trial(rules).notices[0].endswith(promise)


def test_a_run_that_never_began_has_no_number() -> None:
    assert of(RUN).footer.startswith("Run 57, Tue 24 Nov, 03:00. `NOTIFY")
    assert of(replace(FAILED, run_id=""), Occasion.ERROR).footer.startswith("Tue 24 Nov, 03:00. `")
