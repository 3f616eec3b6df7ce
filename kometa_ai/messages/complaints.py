"""What is wrong, in the words of a person: by context, with what to do and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.message import Complaint, Context, Trouble
from kometa_ai.domain.wording import many, sentence
from kometa_ai.messages.phrases import since, told

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from kometa_ai.domain.message import Notification
    from kometa_ai.domain.report import RunReport

CONTEXTS: Final = {
    # What stands in the way of most comes first.
    FaultKind.PROGRAM: "Kometa-AI itself",
    FaultKind.SETTINGS: "Settings",
    FaultKind.STATE: "State",
    FaultKind.LIBRARY: "Radarr",
    FaultKind.CLAUDE: "Claude",
    FaultKind.KOMETA: "Kometa's files",
    FaultKind.TAGGING: "Tagging",
    FaultKind.MESSAGES: "Messages",
}
MOST: Final = 6
"""Complaints of one context; a file with 500 broken blocks has one cause."""
IN_ALL: Final = 8
PLACE: Final = 80
HEADLINE: Final = 80
SHORTEST: Final = 12
"""A headline of fewer characters says too little: ``Line 3`` of ``Line 3: there is no colon``."""
PLACED: Final = frozenset({FaultKind.KOMETA, FaultKind.TAGGING, FaultKind.SETTINGS})
"""Kinds whose sentences mean little without their place."""


def ordered(faults: Sequence[Fault]) -> list[Fault]:
    """Return faults with the gravest context first, otherwise in their order."""
    rank = {kind: place for place, kind in enumerate(CONTEXTS)}
    return sorted(faults, key=lambda fault: rank[fault.kind])


def contexts(
    report: RunReport, notification: Notification, zone: tzinfo
) -> tuple[tuple[Context, ...], list[str]]:
    """Return the complaints by context, and sentences on those that are left out."""
    standing = {(one.kind, one.where, one.message): one for one in notification.troubles}
    groups: list[Context] = []
    left: list[str] = []
    room = IN_ALL
    for kind, name in CONTEXTS.items():
        faults = [fault for fault in report.faults if fault.kind is kind]
        if not faults:
            continue
        shown = tuple(
            _complaint(name, one, standing.get((kind, one.where, one.message)), report, zone)
            for one in faults[: min(MOST, max(room, 1))]
        )
        room -= len(shown)
        groups.append(Context(name, shown))
        if (more := len(faults) - len(shown)) > 0:
            left.append(f"{name}: {many(more, 'more problem')} of this kind; the log names all.")
    return tuple(groups), left


def headline(fault: Fault | Trouble) -> str:
    """Return the heart of a fault in one line without a full stop, to be a subject."""
    text = told(fault.message)
    for mark in (": ", ". ", "; "):
        head = text.partition(mark)[0]
        if len(head) >= SHORTEST:
            text = head
    text = text.rstrip(" .:;!")
    if fault.where and fault.kind in PLACED:
        text = f"{told(fault.where, HEADLINE // 2)}: {text}"
    return told(text, HEADLINE)


def ended(
    notification: Notification, now: datetime, zone: tzinfo
) -> tuple[tuple[str, ...], list[str]]:
    """Return a sentence on each trouble that is over, and one on those that are left out."""
    sentences = tuple(_end(one, now, zone) for one in notification.ended[:MOST])
    more = len(notification.ended) - MOST
    return sentences, [f"{many(more, 'more problem')} ended too."] if more > 0 else []


def history(trouble: Trouble, now: datetime, zone: tzinfo) -> str:
    """Return since when and how often: ``since Monday 03:00, in 7 runs``."""
    begun = since(trouble.since, now, zone)
    return f"{begun}, in {many(trouble.runs, 'run')}" if trouble.runs > 1 else begun


def _complaint(
    context: str, fault: Fault, trouble: Trouble | None, report: RunReport, zone: tzinfo
) -> Complaint:
    return Complaint(
        "" if fault.where == context else told(fault.where, PLACE),
        sentence(told(fault.message)),
        told(fault.remedy),
        "" if trouble is None else history(trouble, report.started_at, zone),
    )


def _end(trouble: Trouble, now: datetime, zone: tzinfo) -> str:
    place = f"{told(trouble.where, PLACE)}: " if trouble.where and trouble.kind in PLACED else ""
    return f"“{place}{sentence(told(trouble.message))}” ({history(trouble, now, zone)}) is over."
