"""What a run needs of the world, as protocols; the adapters and the test doubles fulfil them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from kometa_ai.domain.fault import FaultKind, TryLaterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set as AbstractSet
    from datetime import datetime
    from decimal import Decimal

    from kometa_ai.domain.collection import Collection
    from kometa_ai.domain.cost import Model, Shape, Usage
    from kometa_ai.domain.decision import Decision, Ledger, Pin
    from kometa_ai.domain.fault import Fault
    from kometa_ai.domain.media import MediaItem
    from kometa_ai.domain.report import Change, RunReport, Trigger
    from kometa_ai.domain.requests import Request


class Clock(Protocol):
    """Time as a thing that is handed in."""

    def now(self) -> datetime:
        """Return the present instant, with its zone."""

    def monotonic(self) -> float:
        """Return seconds on a clock that never jumps."""

    async def sleep(self, seconds: float) -> None:
        """Wait; a cancellation ends the wait at once."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What became of one bulk edit: the ids that carry the change now, and what was refused."""

    done: frozenset[int]
    faults: tuple[Fault, ...] = ()


class Library(Protocol):
    """A Radarr or Sonarr: titles and the tags on them."""

    name: str

    async def items(self) -> list[MediaItem]:
        """Read every title once, as it is streamed."""

    async def ids(self) -> frozenset[int]:
        """Return the id of every title that is there now."""

    async def tags(self) -> dict[str, int]:
        """Return every tag's number by its lower-case label."""

    async def members(self) -> dict[str, frozenset[int]]:
        """Return the item ids that carry each tag now, by lower-case label; unused tags too."""

    async def create_tag(self, label: str) -> int:
        """Create the tag, or find it if it exists, and return its number."""

    async def add_tag(self, tag: int, ids: Sequence[int]) -> Edit:
        """Put one tag on many items; what is refused is halved down to the one bad item."""

    async def remove_tag(self, tag: int, ids: Sequence[int]) -> Edit:
        """Take one tag off many items; what is refused is halved down to the one bad item."""

    async def delete_tag(self, tag: int) -> None:
        """Delete a tag that nothing uses any more."""


LONGEST_WAIT: Final = 60.0
"""A Retry-After of more seconds is not waited for: asking stops and the rest is deferred."""


class Ending(StrEnum):
    """How an answer ended."""

    COMPLETE = "complete"
    CUT_OFF = "cut off"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """What Claude answered, and what it used; ``text`` may be broken unless complete."""

    text: str
    ending: Ending
    usage: Usage
    model: str


class UnansweredError(TryLaterError):
    """Claude gave no answer this time: it is limited, overloaded or out of reach.

    ``retry_after`` is in seconds, as the API asks (``None``: it did not say). ``lost`` is what was
    used at least by an answer that broke on the way, ``None`` if nothing was; ``unknown`` is true
    when the request went out and nothing at all came back, so that even this is not known.
    """

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        retry_after: float | None = None,
        lost: Usage | None = None,
        unknown: bool = False,
    ) -> None:
        super().__init__(FaultKind.CLAUDE, message, remedy=remedy, where="Claude")
        self.retry_after = retry_after
        self.lost = lost
        self.unknown = unknown

    @property
    def ends_asking(self) -> bool:
        """Return whether the API wants more patience than a run has."""
        return self.retry_after is not None and self.retry_after > LONGEST_WAIT


class Judge(Protocol):
    """Claude, or what speaks its API."""

    model: Model

    @property
    def notices(self) -> Sequence[str]:
        """Return sentences for the report, about what this server cannot do."""

    def shape(self, request: Request) -> Shape:
        """Return how large a request would be, without sending it."""

    async def ask(self, request: Request) -> Answer:
        """Send one request, once.

        Raises UnansweredError when another try may succeed, StopError when none can (wrong key, no
        credit, unknown model), SkipError when this very request is refused as such.
        """


@dataclass(frozen=True, slots=True)
class Purchase:
    """One paid answer: the decisions that it brought and what it cost, stored together.

    ``decisions`` maps slug and item id to the decision; ``cost_by_slug`` splits ``cost`` among
    the collections that were asked about. ``unconfirmed``: the answer was lost on the way.
    ``reservation`` is the number that ``Store.reserve`` gave for it.
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


class CollectionFiles(Protocol):
    """What Kometa's files hold: collections that run, and what is wrong with others."""

    @property
    def collections(self) -> Sequence[Collection]:
        """Return the enabled collections without a fault."""

    @property
    def disabled(self) -> Sequence[str]:
        """Return the collections whose block does not enable them: name, and place in brackets."""

    @property
    def claimed(self) -> frozenset[str]:
        """Return every tag that any file names or any block stands for, in lower case."""

    @property
    def faults(self) -> Sequence[Fault]:
        """Return what keeps other collections from running."""

    @property
    def notices(self) -> Sequence[str]:
        """Return what a person should know, and that keeps nothing from running."""


class Store(Protocol):
    """All that outlives a run. Every method is one transaction."""

    async def begin_run(self, trigger: Trigger, at: datetime) -> str:
        """Note that a run began and return its id: a number that counts up, as text."""

    async def finish_run(self, report: RunReport) -> None:
        """Keep the report."""

    async def reports(self, limit: int = 20) -> list[RunReport]:
        """Return the newest finished runs, newest first."""

    async def report(self, run_id: str) -> RunReport | None:
        """Return one finished run."""

    async def spent_between(self, start: datetime, end: datetime) -> Decimal:
        """Return the USD spent from ``start`` up to, not including, ``end``."""

    async def reserve(self, run_id: str, model: str, cost: Decimal, at: datetime) -> int:
        """Note that a request of about this cost goes out; return the reservation's number."""

    async def release(self, reservation: int) -> None:
        """Forget a reservation: nothing was spent."""

    async def record(self, run_id: str, purchase: Purchase) -> None:
        """Store a paid answer: its decisions and its cost, together or not at all.

        Its reservation, if it has one, is used up with it.
        """

    async def book_reservations(self) -> Decimal:
        """Book what a killed run had reserved as unconfirmed cost; return how much it was."""

    async def ledger(self, library: str, slug: str, criteria: str) -> Ledger:
        """Return all decisions of a collection under these criteria."""

    async def judged_before(self, library: str, slug: str, criteria: str) -> frozenset[int]:
        """Return the ids that were judged for this collection under any other criteria."""

    async def judged(self, library: str) -> Mapping[str, AbstractSet[str]]:
        """Return under which criteria each collection was judged, by slug."""

    async def rename(self, library: str, old: str, new: str) -> None:
        """Give what is decided and pinned under one slug to another one that has no decisions."""

    async def decisions(self, library: str, slug: str, item_id: int) -> list[Decision]:
        """Return every decision kept of one pair, newest first; plain ones as plain noes."""

    async def imported(self, name: str, label: str) -> Mapping[int, Decision]:
        """Return decisions of 0.5.x that wait for a collection of this name or tag."""

    async def adopt(
        self, library: str, slug: str, name: str, label: str, decisions: Mapping[int, Decision]
    ) -> None:
        """Store imported decisions as this collection's own; they wait no longer."""

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
