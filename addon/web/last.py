"""The lower half of the page: what the last run came to, collection by collection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from addon.texts import counted
from addon.web.now import MOST_FAULTS, run_faults, trouble
from addon.web.wording import Moment, duration, moment, safe, usd
from kometa_ai.domain.report import JUDGING, Result, Trigger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from addon.web.now import Trouble
    from addon.web.sight import Sight
    from kometa_ai.domain.report import Change
    from kometa_ai.excerpt import CollectionExcerpt, Excerpt, RunExcerpt

SHOWN: Final = 8
"""Titles of a list that are seen without unfolding it."""
ENDINGS: Final = {
    Result.SUCCESS: "Done",
    Result.PARTIAL: "Done, with errors",
    Result.FAILED: "Failed",
    Result.CANCELLED: "Cancelled",
    Result.HELD: "Done; removals wait for your approval",
    Result.DRY_RUN: "Dry run: no tag was changed",
}
MOODS: Final = {
    Result.SUCCESS: "good",
    Result.PARTIAL: "bad",
    Result.FAILED: "bad",
    Result.HELD: "waiting",
}
STARTED: Final = {
    Trigger.COMMAND_LINE: "from the command line",
    Trigger.APPROVE: "an approval",
    Trigger.DECLINE: "a refusal of what was held",
    Trigger.UNDO: "an undo",
    Trigger.CLEANUP: "a cleanup",
    Trigger.SCHEDULE: "by the schedule",
    Trigger.CATCH_UP: "by the schedule, later than planned",
    Trigger.MQTT: "over MQTT",
    Trigger.PAGE: "from this page",
}
BUDGETS: Final = {
    "MONTHLY_BUDGET": "The budget of this month is used up; the rest waits for the next one.",
    "MAX_COST_PER_RUN": "The budget of this run was used up; the next run goes on.",
    "MAX_EVALS_PER_RUN": "The run made as many evaluations as it may; the next one goes on.",
}


@dataclass(frozen=True, slots=True)
class Title:
    """One title with the reason for its change."""

    name: str
    year: int
    reason: str


@dataclass(frozen=True, slots=True)
class Titles:
    """A list of changes: seen at once, seen when unfolded, and how many are left out."""

    kind: str
    sign: str
    heading: str
    shown: tuple[Title, ...]
    folded: tuple[Title, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Changed:
    """A collection that changed, or would."""

    name: str
    members: str
    added: int
    removed: int
    held: int
    lists: tuple[Titles, ...]


@dataclass(frozen=True, slots=True)
class Last:
    """The last run, ready to be shown."""

    run_id: str
    ending: str
    mood: str
    at: Moment
    facts: str
    totals: str
    approval: str
    waits: bool
    budget: str
    changed: tuple[Changed, ...]
    unchanged: tuple[tuple[str, str], ...]
    told_above: bool
    faults: tuple[Trouble, ...]
    more_faults: int
    notices: tuple[str, ...]


def last_run(sight: Sight) -> Last | None:
    """Return what there is to tell of the last run."""
    report = sight.report
    if report is None:
        return None
    held_now = {slug for slug, one in sight.status.collections.items() if one.held}
    waits = any(one.slug in held_now for one in report.collections)
    return Last(
        run_id=report.run_id,
        ending=ENDINGS[report.result],
        mood=MOODS.get(report.result, ""),
        at=moment(report.started_at, sight.now),
        facts=_facts(report),
        totals=_totals(report),
        approval=_approval(report, waits=waits),
        waits=waits and not report.dry_run,
        budget=BUDGETS.get(report.exhausted, ""),
        changed=tuple(_changed(one, report) for one in report.collections if _has_changes(one)),
        unchanged=tuple(
            (safe(one.name), _members(one.members))
            for one in report.collections
            if not _has_changes(one)
        ),
        told_above=bool(run_faults(sight)),
        faults=tuple(trouble(one) for one in report.faults[:MOST_FAULTS]),
        more_faults=max(0, len(report.faults) - MOST_FAULTS),
        notices=tuple(safe(one) for one in report.notices[:MOST_FAULTS]),
    )


def _facts(report: RunExcerpt) -> str:
    told = [STARTED[report.trigger], f"took {duration(report.duration)}"]
    if report.spending.pairs:
        told.append(f"{counted(report.spending.pairs, 'evaluation', 'evaluations')} by Claude")
    told.append(f"cost {usd(report.spending.cost)}")
    review = report.spending.review
    if review is not None and review.cost:
        told.append(f"{usd(review.cost)} of it for second opinions")
    return " · ".join(told)


def _totals(report: RunExcerpt) -> str:
    added = sum(one.added.count for one in report.collections)
    removed = sum(one.removed.count for one in report.collections)
    if not added and not removed:
        return "Nothing would change." if report.dry_run else "Nothing changed."
    would = "would be " if report.dry_run else ""
    parts = [f"{added:,} {would}added"] if added else []
    parts += [f"{removed:,} {would}removed"] if removed else []
    return f"{' and '.join(parts)}."


def _approval(report: RunExcerpt, *, waits: bool) -> str:
    """Return what to do about what is held; nothing once it was done."""
    held = sum(one.held.count for one in report.collections)
    if not held or report.trigger not in JUDGING:
        return ""
    told = counted(held, "removal", "removals")
    if report.dry_run:
        return f"A real run would hold {told} until you approve."
    if not waits:
        return ""
    return (
        f"{told} {'waits' if held == 1 else 'wait'} for you: more than MAX_REMOVALS_PERCENT of a"
        " collection would go at once."
    )


def _has_changes(one: CollectionExcerpt) -> bool:
    return bool(one.added.count or one.removed.count or one.held.count)


def _changed(one: CollectionExcerpt, report: RunExcerpt) -> Changed:
    would = "Would be " if report.dry_run else ""
    lists = (
        _titles("added", "+", f"{would}added", one.added),
        _titles("removed", "−", f"{would}removed", one.removed),
        _titles("held", "?", f"{would}held for approval", one.held),
    )
    return Changed(
        safe(one.name),
        _members(one.members),
        one.added.count,
        one.removed.count,
        one.held.count,
        tuple(each for each in lists if each.shown),
    )


def _titles(kind: str, sign: str, heading: str, changes: Excerpt) -> Titles:
    titles = _readable(changes.first)
    return Titles(
        kind,
        sign,
        f"{heading[0].upper()}{heading[1:]}",
        titles[:SHOWN],
        titles[SHOWN:],
        changes.count - len(titles),
    )


def _readable(changes: Sequence[Change]) -> tuple[Title, ...]:
    return tuple(Title(safe(one.title), one.year, safe(one.reason)) for one in changes)


def _members(count: int) -> str:
    return counted(count, "title", "titles")
