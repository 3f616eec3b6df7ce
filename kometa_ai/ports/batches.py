"""Batches: many requests handed in at once, at half price, and answered within a day."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from kometa_ai.domain.fault import FaultKind, SkipError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
    from datetime import datetime

    from kometa_ai.domain.cost import Model
    from kometa_ai.domain.inquiry import RememberedInquiry
    from kometa_ai.domain.requests import Request
    from kometa_ai.ports.answer import Answer


class Failure(StrEnum):
    """Why a request of a batch has no answer; none of these is billed."""

    INVALID = "invalid"
    """It was refused as it is."""
    BROKEN = "broken"
    """Something went wrong on the other side."""
    CANCELED = "canceled"
    EXPIRED = "expired"
    """Its turn did not come within a day."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A request without an answer, with what was said about it."""

    failure: Failure
    said: str = ""


@dataclass(frozen=True, slots=True)
class BatchState:
    """How far a batch is. ``answered`` counts its requests that succeeded.

    ``readable``: its results are there; they are kept for 29 days.
    """

    id: str
    total: int
    done: int
    answered: int
    ended: bool
    readable: bool


@dataclass(frozen=True, slots=True)
class Place:
    """One request of one open batch, by the store's numbers."""

    batch: int
    number: int


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch that is about to be handed in.

    ``nonce`` begins the names of its requests; ``newest`` is the account's newest batch before it
    (empty: there was none), so that it can be found if the reply to its creation is lost. ``most``
    is what each request can cost, by number; ``inquiry`` returns what to keep of one.
    """

    nonce: str
    library: str
    model: str
    at: datetime
    newest: str
    most: Mapping[int, Decimal]
    inquiry: Callable[[int], RememberedInquiry]


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch of which not every answer is taken yet; ``most`` holds what is still to be taken.

    ``id`` is empty as long as it is not known whether it was created. It is ``sure`` when it came
    with the reply to its creation, and not from a look at the account's batches. ``run`` is the one
    that handed it in.
    """

    number: int
    nonce: str
    library: str
    model: str
    at: datetime
    newest: str
    total: int
    most: Mapping[int, Decimal] = field(default_factory=dict)
    run: str = ""
    id: str = ""
    sure: bool = False
    called_off: bool = False

    @property
    def cost(self) -> Decimal:
        """Return the most that is still to be paid for it."""
        return sum(self.most.values(), Decimal(0))

    def name_of(self, number: int) -> str:
        """Return what a request is called at Anthropic's."""
        return f"{self.nonce}-{number}"

    def number_of(self, name: str) -> int | None:
        """Return the number of a request by its name, ``None`` if it is not one of ours."""
        nonce, _, number = name.rpartition("-")
        return int(number) if nonce == self.nonce and number.isdecimal() else None


class BatchGoneError(SkipError):
    """There is no such batch, or none any more, for this key."""

    def __init__(self, batch: str) -> None:
        super().__init__(
            FaultKind.CLAUDE, f"Anthropic knows no batch {batch} for this key.", where="Claude"
        )


class NoBatchesError(SkipError):
    """A server that speaks Claude's API, but offers no batches."""

    def __init__(self, who: str) -> None:
        super().__init__(
            FaultKind.CLAUDE,
            f"{who} offers no batches.",
            remedy="Set CLAUDE_MODE to live.",
            where="Claude",
        )


class Batches(Protocol):
    """Claude's batches. Every method raises what ``Judge.ask`` raises, and NoBatchesError."""

    def model(self, name: str) -> Model:
        """Return the prices of the model that a batch was made for."""

    async def newest(self) -> str:
        """Return the account's newest batch, empty if there is none."""

    async def since(self, newest: str) -> Sequence[BatchState]:
        """Return the account's batches that are newer than this one, newest first."""

    async def create(self, requests: Mapping[str, Request]) -> str:
        """Hand in requests by name, once, and return the batch's id."""

    async def look(self, batch: str) -> BatchState:
        """Return how far a batch is; raises BatchGoneError."""

    def results(self, batch: str) -> AsyncGenerator[tuple[str, Answer | Failed], None]:
        """Yield the name and the result of each request, in any order; raises BatchGoneError."""

    async def call_off(self, batch: str) -> None:
        """Ask that what has not begun is not done; what is answered stays."""


class BatchStore(Protocol):
    """The open batches; every method is one transaction."""

    async def open_batch(self, run_id: str, batch: NewBatch) -> OpenBatch:
        """Keep a batch before it is handed in: what it asks, and what it can cost."""

    async def open_batches(self) -> list[OpenBatch]:
        """Return every open batch, the oldest first."""

    async def name_batch(self, number: int, batch: str, *, sure: bool) -> None:
        """Keep a batch's id; an empty one: it is not known any more."""

    async def note_called_off(self, number: int) -> None:
        """Keep that a person called a batch off."""

    async def inquiries(self, number: int) -> dict[int, RememberedInquiry]:
        """Return what is still to be taken of an open batch, by the requests' numbers."""

    async def close_batch(self, number: int) -> None:
        """Forget a batch with all that it has not brought; nothing more will come of it."""
