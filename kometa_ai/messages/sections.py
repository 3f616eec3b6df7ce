"""Collection by collection: what came, what went and what waits, within the room of a message."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.message import Group, Line, Section
from kometa_ai.domain.wording import many
from kometa_ai.messages.phrases import told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kometa_ai.domain.report import Change, CollectionReport, RunReport

PER_GROUP: Final = 25
"""Titles with one fate in one collection."""
PER_MESSAGE: Final = 100
PER_MESSAGE_BYTES: Final = 10_000
"""Of titles and reasons as HTML: readers such as Gmail cut off a mail of more than 100 kB."""
FEWEST: Final = 3
"""So many titles each group gets when there are many groups."""
SECTIONS: Final = 30
TITLE: Final = 120
REASON: Final = 240
SEE_ALL: Final = (
    "Not every title is listed here: `python -m kometa_ai --runs --json` and Kometa-AI's page"
    " have them all."
)
FATES: Final = ("Added", "Removed", "Held back")
WOULD: Final = ("Would be added", "Would be removed", "Would be held back")


@dataclass(slots=True)
class _Room:
    """What is left of the room of a message."""

    each: int
    lines: int = PER_MESSAGE
    bytes: int = PER_MESSAGE_BYTES

    def take(self, changes: Sequence[Change]) -> Iterator[Line]:
        for change in changes[: min(self.each, self.lines)]:
            told = _line(change)
            size = len(escape(f"{told.title}{told.reason}").encode())
            if size > self.bytes:
                return
            self.bytes -= size
            self.lines -= 1
            yield told


def sections(report: RunReport) -> tuple[tuple[Section, ...], list[str]]:
    """Return a section for each collection that has something to tell, and what is left out."""
    telling = [one for one in report.collections if _fates(one) or one.pending]
    groups = sum(len(_fates(one)) for one in telling)
    room = _Room(min(PER_GROUP, max(FEWEST, PER_MESSAGE // max(groups, 1))))
    shown = tuple(
        _section(one, room, WOULD if report.dry_run else FATES) for one in telling[:SECTIONS]
    )
    left = []
    if (more := len(telling) - SECTIONS) > 0:
        left.append(f"{many(more, 'more collection')} had changes or have something pending.")
    if left or any(len(group.lines) < group.count for one in shown for group in one.groups):
        left.append(SEE_ALL)
    return shown, left


def _fates(one: CollectionReport) -> list[tuple[int, Sequence[Change]]]:
    """Return what happened to titles: the number of the fate, and the titles."""
    return [
        (fate, changes)
        for fate, changes in enumerate((one.added, one.removed, one.held))
        if changes
    ]


def _section(one: CollectionReport, room: _Room, names: Sequence[str]) -> Section:
    groups = tuple(
        Group(names[fate], len(changes), tuple(room.take(changes))) for fate, changes in _fates(one)
    )
    return Section(told(one.name, TITLE), groups, _note(one))


def _note(one: CollectionReport) -> str:
    unanswered = one.pending - one.deferred
    parts = []
    if one.deferred > 0:
        wait = "waits" if one.deferred == 1 else "wait"
        parts.append(f"{many(one.deferred, 'title')} still {wait} to be judged in a later run.")
    if unanswered > 0:
        parts.append(f"{many(unanswered, 'title')} got no verdict; the next run asks again.")
    return " ".join(parts)


def _line(change: Change) -> Line:
    label = f"{change.title} ({change.year})" if change.year else change.title
    return Line(told(label, TITLE), told(change.reason, REASON))
