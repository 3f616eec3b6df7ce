"""Claude, as a run asks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kometa_ai.domain.fault import FaultKind, TryLaterError
from kometa_ai.ports.world import LONGEST_WAIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kometa_ai.domain.cost import Model, Shape, Usage
    from kometa_ai.domain.requests import Request
    from kometa_ai.ports.answer import Answer
    from kometa_ai.ports.batches import Batches


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
    """Claude, or what speaks its API. ``setting`` is what a person changes for another model."""

    model: Model
    setting: str
    batches: Batches

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
