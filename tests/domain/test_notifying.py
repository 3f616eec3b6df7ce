"""When people are told about a run: by tables, and a week of runs one after the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.message import Notification, Occasion
from kometa_ai.domain.notifying import Rules, Told, notify_about
from kometa_ai.domain.report import Change, CollectionReport, Result, RunReport, Trigger

NOW = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
HEAT = Change(1, "Heat", 1995, "a heist")
DOWN = Fault(FaultKind.LIBRARY, "Radarr", "can't be reached (refused after 45 s).", "Start it.")
BROKEN = Fault(FaultKind.KOMETA, "movies.yml:12", "The block has no prompt.", "Write one.")
ALL = Rules(errors_only=False, no_changes=True)
CHANGES = Rules(errors_only=False)
ERRORS = Rules()


def report(
    *faults: Fault,
    added: int = 0,
    held: int = 0,
    result: Result | None = None,
    trigger: Trigger = Trigger.SCHEDULE,
    selection: tuple[str, ...] = (),
    dry_run: bool = False,
) -> RunReport:
    collection = CollectionReport(
        "Heists", "heists", "KAI-heists", "radarr", 0.7, added=(HEAT,) * added, held=(HEAT,) * held
    )
    ended = Result.PARTIAL if faults else Result.HELD if held else Result.SUCCESS
    return RunReport(
        "7",
        trigger,
        result or ended,
        dry_run=dry_run,
        started_at=NOW,
        duration=2.0,
        collections=(collection,),
        faults=faults,
        selection=selection,
    )


def occasion(
    one: RunReport, rules: Rules, told: Told | None = None, now: datetime = NOW
) -> Occasion | None:
    notification, _ = notify_about(one, rules, told or Told(), now)
    return None if notification is None else notification.occasion


@pytest.mark.parametrize(
    ("one", "errors", "changes", "everything"),
    [
        (report(), None, None, Occasion.NO_CHANGES),
        (report(added=1), None, Occasion.CHANGES, Occasion.CHANGES),
        (report(added=1, dry_run=True), None, Occasion.CHANGES, Occasion.CHANGES),
        (report(held=6), Occasion.HELD, Occasion.HELD, Occasion.HELD),
        (report(held=6, dry_run=True), None, None, Occasion.NO_CHANGES),
        (report(BROKEN, added=1), Occasion.ERROR, Occasion.ERROR, Occasion.ERROR),
        (report(DOWN, result=Result.FAILED), Occasion.ERROR, Occasion.ERROR, Occasion.ERROR),
        (report(result=Result.CANCELLED, added=1), None, None, None),
        (report(trigger=Trigger.UNDO), None, None, None),
        (report(trigger=Trigger.UNDO, added=1), None, Occasion.CHANGES, Occasion.CHANGES),
    ],
)
def test_what_is_told_under_which_rules(
    one: RunReport,
    errors: Occasion | None,
    changes: Occasion | None,
    everything: Occasion | None,
) -> None:
    assert (occasion(one, ERRORS), occasion(one, CHANGES), occasion(one, ALL)) == (
        errors,
        changes,
        everything,
    )


def test_no_changes_are_not_told_under_errors_only() -> None:
    assert occasion(report(), Rules(errors_only=True, no_changes=True)) is None


def follow(*runs: tuple[timedelta, RunReport], rules: Rules = ERRORS) -> list[str]:
    told, heard = Told(), []
    for after, one in runs:
        notification, told = notify_about(one, rules, told, NOW + after)
        heard.append(f"{notification.occasion if notification else '-'}")
    return heard


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def test_what_repeats_is_told_once_then_daily_and_so_is_its_end() -> None:
    failed = report(DOWN, result=Result.FAILED)
    runs = [(hours(6 * number), failed) for number in range(9)]
    heard = follow(*runs, (hours(54), report()), (hours(60), report()))
    assert heard == [
        "error",
        "-",
        "-",
        "-",
        "reminder",
        "-",
        "-",
        "-",
        "reminder",
        "recovered",
        "-",
    ]


def test_a_daily_run_reminds_daily_though_it_begins_some_minutes_earlier() -> None:
    failed = report(DOWN, result=Result.FAILED)
    assert follow((hours(0), failed), (hours(23.9), failed)) == ["error", "reminder"]


def test_a_clock_that_was_put_back_silences_no_reminder() -> None:
    _, told = notify_about(report(BROKEN), ERRORS, Told(), NOW + timedelta(days=1000))
    assert occasion(report(BROKEN), ERRORS, told) is Occasion.REMINDER


def test_a_reminder_says_since_when_and_how_often() -> None:
    failed = report(DOWN, result=Result.FAILED)
    told = Told()
    for number in range(4):
        _, told = notify_about(failed, ERRORS, told, NOW + hours(6 * number))
    notification, _ = notify_about(failed, ERRORS, told, NOW + hours(24))
    assert notification is not None
    (trouble,) = notification.troubles
    assert (trouble.since, trouble.runs) == (NOW, 5)


def test_the_end_names_what_is_over() -> None:
    _, told = notify_about(report(DOWN, BROKEN), ERRORS, Told(), NOW)
    notification, after = notify_about(report(BROKEN), ERRORS, told, NOW + hours(1))
    assert notification is not None
    assert notification.occasion is Occasion.RECOVERED
    assert [one.where for one in notification.ended] == ["Radarr"]
    assert [one.where for one in after.troubles] == ["movies.yml:12"]


def test_another_fault_beside_a_known_one_is_told_at_once() -> None:
    assert follow((hours(0), report(DOWN)), (hours(1), report(DOWN, BROKEN))) == ["error", "error"]


def test_numbers_and_details_in_brackets_make_no_other_fault() -> None:
    other = replace(DOWN, message="can't be reached (no route after 44 s).")
    assert follow((hours(0), report(DOWN)), (hours(1), report(other))) == ["error", "-"]


def test_a_second_fault_of_the_same_words_in_a_file_is_another_one() -> None:
    second = replace(BROKEN, where="movies.yml:40")
    heard = follow((hours(0), report(BROKEN)), (hours(1), report(BROKEN, second)))
    assert heard == ["error", "error"]


@pytest.mark.parametrize(
    "blind",
    [
        report(result=Result.CANCELLED),
        report(BROKEN, result=Result.FAILED),
        report(selection=("Heists",)),
        report(trigger=Trigger.APPROVE),
    ],
)
def test_a_run_that_does_not_see_everything_ends_no_trouble(blind: RunReport) -> None:
    _, told = notify_about(report(DOWN), ERRORS, Told(), NOW)
    notification, after = notify_about(blind, ERRORS, told, NOW + hours(1))
    assert notification is None or not notification.ended
    assert "Radarr" in {one.where for one in after.troubles}


def test_held_removals_are_told_once_and_again_when_they_come_back() -> None:
    held, fine = report(held=6), report()
    heard = follow((hours(0), held), (hours(24), held), (hours(48), fine), (hours(72), held))
    assert heard == ["held", "-", "-", "held"]


def test_a_dry_run_forgets_no_held_removals() -> None:
    held, dry = report(held=6), report(dry_run=True)
    assert follow((hours(0), held), (hours(1), dry), (hours(2), held)) == ["held", "-", "-"]


def test_changes_are_told_while_something_known_is_wrong_and_nothing_else_is() -> None:
    heard = follow(
        (hours(0), report(DOWN)),
        (hours(1), report(DOWN, added=1)),
        (hours(2), report(DOWN)),
        rules=ALL,
    )
    assert heard == ["error", "changes", "-"]


def test_a_message_about_changes_tells_what_is_wrong_beside_them() -> None:
    _, told = notify_about(report(DOWN), CHANGES, Told(), NOW)
    notification, _ = notify_about(report(DOWN, added=1), CHANGES, told, NOW + hours(1))
    assert notification == Notification(Occasion.CHANGES, (replace(told.troubles[0], runs=2),))
