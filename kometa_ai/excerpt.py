"""A past run with the first titles of each change: enough for a page, however long its lists."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from kometa_ai.domain.fault import Fault
from kometa_ai.domain.report import Change, Result, Spending, Trigger

if TYPE_CHECKING:
    from collections.abc import Iterable

TITLES: Final = 100
"""Titles that are kept of each list."""
ALL_TITLES: Final = 2_000
"""Titles that are kept of all lists together, as far as each keeps a few."""
FEWEST: Final = 10


class Excerpt(msgspec.Struct, frozen=True):
    """A list of changes: how many there were, and the first of them."""

    count: int = 0
    first: tuple[Change, ...] = ()


class CollectionExcerpt(msgspec.Struct, frozen=True):
    """One collection in a past run."""

    name: str
    slug: str
    members: int
    pending: int
    deferred: int
    cost: Decimal
    added: Excerpt
    removed: Excerpt
    held: Excerpt


class RunExcerpt(msgspec.Struct, frozen=True):
    """A past run; what is named as in ``RunReport`` is the same."""

    run_id: str
    trigger: Trigger
    result: Result
    dry_run: bool
    started_at: datetime
    duration: float
    collections: tuple[CollectionExcerpt, ...]
    spending: Spending
    items: int
    model: str
    faults: tuple[Fault, ...]
    notices: tuple[str, ...]
    exhausted: str


class _Collection(msgspec.Struct):
    name: str
    slug: str
    members: int = 0
    pending: int = 0
    deferred: int = 0
    cost: Decimal = Decimal(0)
    # Not read yet: a first run may name 40,000 titles.
    added: list[msgspec.Raw] = []
    removed: list[msgspec.Raw] = []
    held: list[msgspec.Raw] = []


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
    model: str = ""
    faults: tuple[Fault, ...] = ()
    notices: tuple[str, ...] = ()
    exhausted: str = ""


_reports = msgspec.json.Decoder(_Report)
_changes = msgspec.json.Decoder(Change)


def read_excerpt(report: str) -> RunExcerpt:
    """Return a report that ``recorded`` wrote, without the titles that nobody would read."""
    whole = _reports.decode(report)
    lists = [each for one in whole.collections for each in (one.added, one.removed, one.held)]
    room = _room(len(each) for each in lists)
    return RunExcerpt(
        whole.run_id,
        whole.trigger,
        whole.result,
        whole.dry_run,
        whole.started_at,
        whole.duration,
        tuple(_collection(one, room) for one in whole.collections),
        whole.spending,
        whole.items,
        whole.model,
        whole.faults,
        whole.notices,
        whole.exhausted,
    )


def _room(lengths: Iterable[int]) -> int:
    """Return how many titles each list may keep."""
    filled = sum(length > FEWEST for length in lengths)
    return min(TITLES, max(FEWEST, ALL_TITLES // filled)) if filled else TITLES


def _collection(one: _Collection, room: int) -> CollectionExcerpt:
    return CollectionExcerpt(
        one.name,
        one.slug,
        one.members,
        one.pending,
        one.deferred,
        one.cost,
        _excerpt(one.added, room),
        _excerpt(one.removed, room),
        _excerpt(one.held, room),
    )


def _excerpt(raw: list[msgspec.Raw], room: int) -> Excerpt:
    return Excerpt(len(raw), tuple(_changes.decode(each) for each in raw[:room]))
