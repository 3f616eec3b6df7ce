"""Past runs in outline: a first run may name 40,000 titles, and few of them matter later."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from kometa_ai.domain.fault import Fault
from kometa_ai.domain.report import Result, Spending, Trigger

TITLES: Final = 10
"""Titles that are kept of what came into a collection."""


class Title(msgspec.Struct, frozen=True, gc=False):
    """A title that came in."""

    title: str
    year: int = 0

    @property
    def label(self) -> str:
        """Return the title as people write it: ``Heat (1995)``."""
        return f"{self.title} ({self.year})" if self.year else self.title


class _Change(msgspec.Struct, gc=False):
    """A change that is only counted."""


class _Collection(msgspec.Struct):
    slug: str
    members: int = 0
    pending: int = 0
    added: list[Title] = []
    removed: list[_Change] = []
    held: list[_Change] = []


class _Report(msgspec.Struct):
    run_id: str
    trigger: Trigger
    result: Result
    dry_run: bool
    started_at: datetime
    duration: float
    collections: list[_Collection] = []
    spending: Spending = msgspec.field(default_factory=Spending)
    items: int = 0
    faults: tuple[Fault, ...] = ()


class CollectionOutline(msgspec.Struct, frozen=True):
    """One collection in a past run; ``newest`` holds the first ``TITLES`` that came in."""

    members: int
    pending: int
    added: int
    removed: int
    held: int
    newest: tuple[Title, ...]


class RunOutline(msgspec.Struct, frozen=True):
    """A past run; ``collections`` are by slug, ``items`` counts the titles of the library."""

    run_id: str
    trigger: Trigger
    result: Result
    dry_run: bool
    started_at: datetime
    duration: float
    collections: dict[str, CollectionOutline]
    spending: Spending
    items: int
    faults: tuple[Fault, ...]

    @property
    def added(self) -> int:
        """Return how many tags were added, or would have been."""
        return sum(one.added for one in self.collections.values())

    @property
    def removed(self) -> int:
        """Return how many tags were removed, or would have been."""
        return sum(one.removed for one in self.collections.values())

    @property
    def held(self) -> int:
        """Return how many changes waited for approval."""
        return sum(one.held for one in self.collections.values())


_reports = msgspec.json.Decoder(_Report)
_outlines = msgspec.json.Decoder(RunOutline)


def read_outline(report: str) -> RunOutline:
    """Return a report that ``recorded`` wrote, in outline."""
    whole = _reports.decode(report)
    collections = {
        one.slug: CollectionOutline(
            one.members,
            one.pending,
            len(one.added),
            len(one.removed),
            len(one.held),
            tuple(one.added[:TITLES]),
        )
        for one in whole.collections
    }
    return RunOutline(
        whole.run_id,
        whole.trigger,
        whole.result,
        whole.dry_run,
        whole.started_at,
        whole.duration,
        collections,
        whole.spending,
        whole.items,
        whole.faults,
    )


def encode_outline(outline: RunOutline) -> str:
    """Return an outline as JSON."""
    return msgspec.json.encode(outline).decode()


def decode_outline(text: str) -> RunOutline:
    """Return the outline that ``encode_outline`` wrote."""
    return _outlines.decode(text)
