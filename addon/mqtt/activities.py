"""What happened, for automations: the JSON objects on the event topic."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from addon.mqtt.payloads import dollars
from addon.texts import STATE_LENGTH, TITLE_SIZE, counted, cut
from kometa_ai.domain.report import JUDGING, Result, RunFinished, RunStarted, Trigger

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from kometa_ai.domain.report import Change, CollectionReport, Event, RunReport

TITLES: Final = 20
"""Titles of one activity."""
NAME_LENGTH: Final = 80
"""Characters of a collection's name within a sentence."""


class Activity(StrEnum):
    """What an activity is; the values are Home Assistant's event types."""

    RUN_STARTED = "run_started"
    RUN_FINISHED = "run_finished"
    RUN_FAILED = "run_failed"
    RUN_CANCELLED = "run_cancelled"
    ITEMS_ADDED = "items_added"
    ITEMS_REMOVED = "items_removed"
    CHANGES_HELD = "changes_held"
    BUDGET_REACHED = "budget_reached"


RUN_NAMES: Final = {
    Trigger.APPROVE: "The approval",
    Trigger.DECLINE: "The refusal",
    Trigger.UNDO: "The undo",
    Trigger.CLEANUP: "The cleanup",
    Trigger.SCHEDULE: "The scheduled run",
    Trigger.CATCH_UP: "The missed run",
}
BUDGETS: Final = {
    "MONTHLY_BUDGET": "The budget of this month is used up",
    "MAX_COST_PER_RUN": "The budget of this run is used up",
    "MAX_EVALS_PER_RUN": "The run made as many evaluations as it may",
}


def activities(event: Event) -> list[dict[str, object]]:
    """Return what an event of a run is for automations; the ending of a run comes last."""
    match event:
        case RunStarted(run_id=run_id, request=request):
            named = _run_name(request.trigger, dry_run=request.dry_run)
            about = f" for {_listed(request.collections)}" if request.collections else ""
            told = _told(Activity.RUN_STARTED, run_id, f"{named} has started{about}.")
            return [{**told, "dry_run": request.dry_run}]
        case RunFinished(report=report):
            return [*_changes(report), _ending(report)]
        case _:
            return []


def _told(activity: Activity, run_id: str, summary: str) -> dict[str, object]:
    return {"event_type": activity.value, "run_id": run_id, "summary": cut(summary)}


def _changes(report: RunReport) -> list[dict[str, object]]:
    """Return what a run changed, and that money was short; a dry run changes no tag."""
    told = []
    for one in () if report.dry_run else report.collections:
        if one.added:
            told.append(_change(Activity.ITEMS_ADDED, report, one, one.added))
        if one.removed:
            told.append(_change(Activity.ITEMS_REMOVED, report, one, one.removed))
        if one.held and report.trigger in JUDGING:
            told.append(_change(Activity.CHANGES_HELD, report, one, one.held))
    if report.exhausted:
        used_up = BUDGETS.get(report.exhausted, f"{report.exhausted} is used up")
        spent = f"{_usd(report.spent_this_month)} was spent this month"
        summary = f"{used_up}; what is left waits for a later run. {spent}."
        told.append(
            {**_told(Activity.BUDGET_REACHED, report.run_id, summary), "dry_run": report.dry_run}
        )
    return told


def _change(
    activity: Activity, report: RunReport, one: CollectionReport, changes: Sequence[Change]
) -> dict[str, object]:
    titles = [cut(_title(change), size=TITLE_SIZE) for change in changes[:TITLES]]
    name, movies = cut(one.name, NAME_LENGTH), counted(len(changes), "movie", "movies")
    match activity:
        case Activity.ITEMS_ADDED:
            begun = f"{name} gained {movies}: "
        case Activity.ITEMS_REMOVED:
            begun = f"{name} lost {movies}: "
        case _:
            verb = "waits" if len(changes) == 1 else "wait"
            removals = counted(len(changes), "removal", "removals")
            begun = f"{removals} from {name} {verb} for your approval: "
    return {
        **_told(activity, report.run_id, _sentence(begun, titles, len(changes))),
        "dry_run": report.dry_run,
        "collection": cut(one.name),
        "slug": cut(one.slug),
        "tag": cut(one.tag),
        "count": len(changes),
        "titles": titles,
    }


def _ending(report: RunReport) -> dict[str, object]:
    real = not report.dry_run
    activity = {
        Result.FAILED: Activity.RUN_FAILED,
        Result.CANCELLED: Activity.RUN_CANCELLED,
    }.get(report.result, Activity.RUN_FINISHED)
    return {
        **_told(activity, report.run_id, _outcome(report)),
        "dry_run": report.dry_run,
        "result": report.result.value,
        "added": report.added if real else 0,
        "removed": report.removed if real else 0,
        "errors": len(report.faults),
        "cost_usd": dollars(report.spending.cost),
        "duration_s": round(report.duration, 1),
    }


def _outcome(report: RunReport) -> str:
    named = _run_name(report.trigger, dry_run=report.dry_run)
    verb = {Result.FAILED: "failed", Result.CANCELLED: "was cancelled"}.get(
        report.result, "finished"
    )
    would = "would be " if report.dry_run else ""
    parts = []
    if report.result is not Result.FAILED or report.added or report.removed:
        parts.append(f"{report.added:,} {would}added, {report.removed:,} {would}removed")
    if report.held and report.trigger in JUDGING:
        parts.append(f"{counted(report.held, 'removal', 'removals')} {would}held for approval")
    if report.spending.cost:
        parts.append(f"{_usd(report.spending.cost)} spent")
    ended = f"{named} {verb}: {', '.join(parts)}." if parts else f"{named} {verb}."
    if not report.faults:
        return ended
    errors = counted(len(report.faults), "error", "errors")
    first = f"{errors}, first: {report.faults[0]}" if len(report.faults) > 1 else report.faults[0]
    return f"{ended} {first}"


def _run_name(trigger: Trigger, *, dry_run: bool) -> str:
    named = RUN_NAMES.get(trigger, "The run")
    if not dry_run:
        return named
    return "The dry run" if trigger in JUDGING else f"{named} (a dry run)"


def _title(change: Change) -> str:
    return f"{change.title} ({change.year})" if change.year else change.title


def _sentence(begun: str, titles: Sequence[str], count: int) -> str:
    """Return a sentence with as many of the titles as a state has room for."""
    for shown in range(min(len(titles), count), 0, -1):
        rest = count - shown
        listed = ", ".join(titles[:shown]) + (f" and {rest:,} more" if rest else "")
        if len(begun) + len(listed) < STATE_LENGTH:
            return f"{begun}{listed}."
    return f"{begun}{titles[0]}"


def _listed(names: Iterable[str]) -> str:
    first, *more = [cut(name, NAME_LENGTH) for name in names]
    return f"{first} and {len(more):,} more" if more else first


def _usd(amount: Decimal) -> str:
    # A run of a few titles costs less than a cent, which is not nothing.
    return f"${amount:.2f}" if amount >= 1 or not amount else f"${amount:.4f}"
