"""What outlives a run, and the records of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kometa_ai.ports.batches import BatchStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set as AbstractSet
    from datetime import datetime
    from decimal import Decimal

    from kometa_ai.domain.cost import Usage
    from kometa_ai.domain.decision import Decision, Ledger, Pin
    from kometa_ai.domain.report import Change, RunReport, Trigger
    from kometa_ai.ports.batches import Place


@dataclass(frozen=True, slots=True)
class Purchase:
    """One paid answer: the decisions that it brought and what it cost, stored together.

    ``decisions`` maps slug and item id to the decision; ``cost_by_slug`` splits ``cost`` among
    the collections that were asked about. ``unconfirmed``: the answer was lost on the way.
    ``reservation`` is the number that ``Store.reserve`` gave for it, ``place`` is where it was in
    its batch.
    """

    library: str
    model: str
    at: datetime
    usage: Usage
    cost: Decimal
    cost_by_slug: Mapping[str, Decimal]
    pairs: int = 0
    decisions: Mapping[str, Mapping[int, Decision]] | None = None
    unconfirmed: bool = False
    reservation: int | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """Tags that a run was about to change and has not noted as done.

    ``titles`` maps the items' ids to their TMDB ids (0: not known).
    """

    edit: int
    slug: str
    add: bool
    titles: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One tag that was put on or taken off one item."""

    run_id: str
    slug: str
    label: str
    item_id: int
    added: bool
    at: datetime
    tmdb_id: int = 0


@dataclass(frozen=True, slots=True)
class HeldRemovals:
    """Removals of one collection that wait for a person's approval."""

    run_id: str
    slug: str
    label: str
    changes: tuple[Change, ...]


class Decided(Protocol):
    """What is decided already, of whatever origin."""

    async def ledgers(
        self, library: str, criteria: Mapping[str, str], fingerprints: Mapping[int, int]
    ) -> dict[str, Ledger]:
        """Return all decisions of collections under their present criteria, both by slug.

        ``fingerprints`` are those of the library's titles now: where they were all judged just
        like that, a ledger's ``judged`` is this very mapping, without what left the library.
        """

    async def judged_before(self, library: str, slug: str, criteria: str) -> frozenset[int]:
        """Return the ids that were judged for this collection under any other criteria."""

    async def imported(self, name: str, label: str) -> Mapping[int, Decision]:
        """Return decisions of 0.5.x that wait for a collection of this name or tag.

        Their criteria are those under which others of the collection were adopted, empty if none
        was.
        """

    async def adopt(
        self, library: str, slug: str, name: str, label: str, decisions: Mapping[int, Decision]
    ) -> None:
        """Store imported decisions as this collection's own; they wait no longer."""


class Accounts(Protocol):
    """What is spent: noted before each request goes out, and booked as soon as it is known."""

    async def spent_between(self, start: datetime, end: datetime) -> Decimal:
        """Return the USD spent from ``start`` up to, not including, ``end``."""

    async def reserve(self, run_id: str, model: str, cost: Decimal, at: datetime) -> int:
        """Note that a request of about this cost goes out; return the reservation's number."""

    async def release(self, reservation: int) -> None:
        """Forget a reservation: nothing was spent."""

    async def record(self, run_id: str, purchase: Purchase) -> None:
        """Store a paid answer: its decisions and its cost, together or not at all.

        Its reservation, or its place in a batch, is used up with it.
        """

    async def book_reservations(self) -> Mapping[str, Decimal]:
        """Book what a killed run had reserved as unconfirmed cost; return it by model."""


class Store(Decided, Accounts, BatchStore, Protocol):
    """All that outlives a run. Every method is one transaction."""

    async def begin_run(self, trigger: Trigger, at: datetime) -> str:
        """Note that a run began and return its id: a number that counts up, as text."""

    async def finish_run(self, report: RunReport) -> None:
        """Keep the report."""

    async def unfinished_runs(self) -> list[tuple[str, Trigger, datetime]]:
        """Return the runs that have begun and left no report: id, trigger and beginning."""

    async def reports(self, limit: int = 20) -> list[RunReport]:
        """Return the newest finished runs, newest first."""

    async def report(self, run_id: str) -> RunReport | None:
        """Return one finished run."""

    async def newest_criteria(self, library: str) -> Mapping[str, str]:
        """Return under which criteria each collection was judged last, by slug."""

    async def rename(self, library: str, old: str, new: str) -> None:
        """Give what is decided and pinned under one slug to another one that has no decisions."""

    async def decisions(self, library: str, slug: str, item_id: int) -> list[Decision]:
        """Return every decision kept of one pair, newest first; plain ones as plain noes."""

    async def pins(self, library: str) -> list[Pin]:
        """Return every pin, in the order of collections and items."""

    async def pin(self, library: str, pins: Sequence[Pin]) -> None:
        """Set pins; a pair has one, the newest."""

    async def unpin(self, library: str, slug: str, item_id: int, tmdb_id: int = 0) -> bool:
        """Take back what is pinned of an item, and if its TMDB id is given, of no other.

        Return whether there was a pin.
        """

    async def seen(self, library: str) -> dict[str, Mapping[int, int]]:
        """Return the members of each tag as we last applied or saw them.

        By slug, then TMDB ids (0: not known) by item id.
        """

    async def note_seen(self, library: str, members: Mapping[str, Mapping[int, int]]) -> None:
        """Keep the present members of tags: by slug, then TMDB ids by item id."""

    async def intend(
        self,
        run_id: str,
        library: str,
        slug: str,
        label: str,
        titles: Mapping[int, int],
        *,
        add: bool,
    ) -> int:
        """Note an edit of items (with their TMDB ids) before it is made; return its number."""

    async def note_done(self, edit: int, done: AbstractSet[int], at: datetime) -> None:
        """Note which of the intended tags were changed: in the journal, and as seen members."""

    async def intents(self, library: str) -> list[Intent]:
        """Return edits of which it is not known whether they were made."""

    async def journal(self, run_id: str) -> list[JournalEntry]:
        """Return what a run changed, in order."""

    async def newest_change(self) -> str | None:
        """Return the newest run that changed tags."""

    async def hold(
        self, run_id: str, library: str, held: Mapping[str, tuple[str, tuple[Change, ...]]]
    ) -> None:
        """Replace what is held for each slug (label and removals; no removals: nothing is held)."""

    async def held(self, library: str) -> list[HeldRemovals]:
        """Return the removals that wait for approval, newest run first."""

    async def library_size(self, library: str) -> int | None:
        """Return how many titles the library held when it was last read, ``None`` if never."""

    async def note_library_size(self, library: str, size: int) -> None:
        """Keep how many titles the library held."""
