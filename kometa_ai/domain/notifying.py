"""When people are told about a run: errors once, changes if they are wanted, silence otherwise."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.message import Notification, Occasion, Trouble
from kometa_ai.domain.report import JUDGING, Result

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kometa_ai.domain.fault import Fault
    from kometa_ai.domain.report import RunReport

AGAIN: Final = timedelta(hours=24)
"""What stays wrong is told again after so long."""
SLACK: Final = timedelta(minutes=30)
"""A daily run does not begin to the second: it reminds all the same."""
CHANGING: Final = re.compile(r"\([^()]*\)|[0-9]+")
"""What may differ between two sentences about the same trouble: numbers, details in brackets."""
UNFINISHED: Final = frozenset({Result.FAILED, Result.CANCELLED})
"""Results of runs that did not come far enough to show that something is in order again."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What people want to hear besides errors."""

    errors_only: bool = True
    no_changes: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What is known from the runs before: what was wrong, and which collections held removals."""

    troubles: tuple[Trouble, ...] = ()
    held: frozenset[str] = field(default_factory=frozenset)


def notify_about(
    report: RunReport, rules: Rules, told: Told, now: datetime
) -> tuple[Notification | None, Told]:
    """Return what is to be told about a run, ``None`` for nothing, and what is known after it."""
    before = {one.key: one for one in told.troubles}
    troubles = tuple(_troubles(report.faults, before, now))
    present = {one.key for one in troubles}
    gone = tuple(one for one in told.troubles if one.key not in present)
    over = gone if _shows_all(report) else ()
    new = [one for one in troubles if one.key not in before]
    # Also what was told "tomorrow": the clock has been put back since then.
    due = [one for one in troubles if one.key in before and abs(now - one.told) >= AGAIN - SLACK]
    held = {one.slug for one in report.collections if one.held}
    occasion = _occasion(
        report, rules, new=bool(new), due=bool(due), over=bool(over), held=not held <= told.held
    )
    if new or due:
        troubles = tuple(replace(one, told=now) for one in troubles)
    remaining = () if over else gone
    known = Told((*troubles, *remaining), _held(report, told.held))
    if occasion is None:
        return None, known
    standing = tuple(one for one in troubles if one.key in before)
    return Notification(occasion, standing, over), known


def _occasion(
    report: RunReport, rules: Rules, *, new: bool, due: bool, over: bool, held: bool
) -> Occasion | None:
    """Return the most important reason to speak."""
    if new:
        return Occasion.ERROR
    if due:
        return Occasion.REMINDER
    if over:
        return Occasion.RECOVERED
    if held and not report.dry_run:
        return Occasion.HELD
    if rules.errors_only or report.result is Result.CANCELLED:
        return None
    if report.added or report.removed:
        return Occasion.CHANGES
    # What is known to be wrong is not told again as a run that changed nothing.
    quiet = not report.faults and report.trigger in JUDGING
    return Occasion.NO_CHANGES if rules.no_changes and quiet else None


def _troubles(
    faults: tuple[Fault, ...], before: dict[str, Trouble], now: datetime
) -> Iterator[Trouble]:
    seen: Counter[str] = Counter()
    for fault in faults:
        same = CHANGING.sub("#", f"{fault.kind}|{fault.where}|{fault.message}")
        seen[same] += 1
        # Two blocks of one file may have the same fault: the second is a trouble of its own.
        key = f"{same}|{seen[same]}"
        known = before.get(key)
        yield Trouble(
            key,
            fault.kind,
            fault.where,
            fault.message,
            fault.remedy,
            since=known.since if known else now,
            told=known.told if known else now,
            runs=known.runs + 1 if known else 1,
        )


def _shows_all(report: RunReport) -> bool:
    """Return whether a run saw everything, so that a fault which it did not meet is over."""
    whole = report.trigger in JUDGING and not report.selection
    return whole and report.result not in UNFINISHED


def _held(report: RunReport, before: frozenset[str]) -> frozenset[str]:
    """Return which collections are known to hold removals, after this run."""
    if report.dry_run:
        return before
    seen = {one.slug for one in report.collections}
    return (before - seen) | {one.slug for one in report.collections if one.held}
