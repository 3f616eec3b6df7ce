"""What was asked for, what happened, and the events that a run tells while it happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.cost import Usage

if TYPE_CHECKING:
    from datetime import datetime

    from kometa_ai.domain.fault import Fault

REPORT_VERSION: Final = 1


class Trigger(StrEnum):
    """What started a run."""

    COMMAND_LINE = "command line"
    APPROVE = "approve"
    DECLINE = "decline"
    UNDO = "undo"
    CLEANUP = "cleanup"
    SCHEDULE = "schedule"
    CATCH_UP = "catch-up"
    """A scheduled run that was missed while the service was down."""
    MQTT = "mqtt"
    PAGE = "page"


JUDGING: Final = frozenset(
    {
        Trigger.COMMAND_LINE,
        Trigger.SCHEDULE,
        Trigger.CATCH_UP,
        Trigger.MQTT,
        Trigger.PAGE,
    }
)
"""Triggers of runs that judge; the others only change tags that were decided before."""

UNATTENDED: Final = frozenset({Trigger.SCHEDULE, Trigger.CATCH_UP})
"""Triggers of runs that nobody waits for."""


class Result(StrEnum):
    """How a run ended."""

    SUCCESS = "success"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"
    HELD = "held"
    DRY_RUN = "dry_run"


class Phase(StrEnum):
    """What a run is doing."""

    FILES = "reading Kometa's files"
    LIBRARY = "reading the library"
    DECIDING = "deciding"
    WAITING = "waiting for a batch"
    ASKING = "asking Claude"
    REVIEWING = "asking for second opinions"
    TAGGING = "tagging"


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What somebody wants: which collections (empty: all), and how.

    ``max_pairs`` of ``None`` means no cap.
    """

    trigger: Trigger = Trigger.COMMAND_LINE
    collections: tuple[str, ...] = ()
    dry_run: bool = False
    force_refresh: bool = False
    max_pairs: int | None = None
    items_per_request: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One title that gained or lost a tag, or would, with the reason in a line.

    ``tmdb_id`` tells the title when the library gives its number to another (0: not known).
    """

    id: int
    title: str
    year: int
    reason: str
    tmdb_id: int = 0


@dataclass(frozen=True, slots=True)
class CollectionReport:
    """What became of one collection.

    ``members`` counts the tag's members after the run (after a dry run: as they would be);
    ``pending`` counts the pairs that still need judging, ``deferred`` those of them that a cap
    or Claude's limits put off.
    """

    name: str
    slug: str
    tag: str
    library: str
    threshold: float
    members: int = 0
    added: tuple[Change, ...] = ()
    removed: tuple[Change, ...] = ()
    held: tuple[Change, ...] = ()
    judged: int = 0
    pending: int = 0
    deferred: int = 0
    cost: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class ReviewSpending:
    """What of a run's spending went to the model that gives second opinions."""

    model: str
    requests: int = 0
    pairs: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: Decimal = Decimal(0)
    unconfirmed: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Spending:
    """Requests, pairs, tokens and USD of a run, those of second opinions included.

    ``unconfirmed`` is the part of ``cost`` that was booked for answers which were lost on the way:
    what they cost is known only to Anthropic, so the most that they can have cost is assumed.
    ``review`` is the part that second opinions took, ``None`` if no model is set for them.
    """

    requests: int = 0
    pairs: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: Decimal = Decimal(0)
    unconfirmed: Decimal = Decimal(0)
    review: ReviewSpending | None = None


@dataclass(frozen=True, slots=True)
class RunReport:
    """The whole of one run; status, messages, page and command line all read this.

    ``exhausted`` names the setting whose budget ended the asking, empty if none did; ``selection``
    the collections that were asked for, empty if all were.
    """

    run_id: str
    trigger: Trigger
    result: Result
    dry_run: bool
    started_at: datetime
    duration: float
    collections: tuple[CollectionReport, ...] = ()
    spending: Spending = field(default_factory=Spending)
    spent_this_month: Decimal = Decimal(0)
    monthly_budget: Decimal | None = None
    items: int = 0
    model: str = ""
    faults: tuple[Fault, ...] = ()
    notices: tuple[str, ...] = ()
    exhausted: str = ""
    selection: tuple[str, ...] = ()

    @property
    def added(self) -> int:
        """Return how many tags were added, or would be."""
        return sum(len(one.added) for one in self.collections)

    @property
    def removed(self) -> int:
        """Return how many tags were removed, or would be."""
        return sum(len(one.removed) for one in self.collections)

    @property
    def held(self) -> int:
        """Return how many removals wait for approval."""
        return sum(len(one.held) for one in self.collections)


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run began."""

    run_id: str
    request: RunRequest
    at: datetime


@dataclass(frozen=True, slots=True)
class PhaseBegan:
    """A run went on to its next part."""

    phase: Phase


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a phase of asking is: pairs judged of pairs selected, USD spent in the whole run."""

    collection: str
    done: int
    total: int
    spent: Decimal


@dataclass(frozen=True, slots=True)
class Waiting:
    """How far a batch is that the run waits for: requests done of requests handed in."""

    batch: str
    done: int
    total: int

    @property
    def words(self) -> str:
        """Return it in words; most servers tell nothing of single requests before the end."""
        return f"{self.done:,} of {self.total:,}" if self.done else f"{self.total:,} requests"


@dataclass(frozen=True, slots=True)
class FaultFound:
    """Something went wrong; the run may still go on."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class RunFinished:
    """A run ended, well or not."""

    report: RunReport


Event = RunStarted | PhaseBegan | Progress | Waiting | FaultFound | RunFinished
