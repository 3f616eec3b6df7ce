"""Everything that the page is made of, at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from addon.status import Status
    from kometa_ai.domain.fault import Fault
    from kometa_ai.excerpt import RunExcerpt


@dataclass(frozen=True, slots=True)
class Sight:
    """What the page shows; ``now`` is in the user's zone.

    ``faults`` are wrong settings, ``missing`` those that a run needs and that are not set.
    ``usable``: without it no run may begin. ``broker``: connected or not, ``None`` without one.
    ``unread`` says why the last report can't be shown.
    """

    status: Status
    now: datetime
    faults: tuple[Fault, ...] = ()
    missing: tuple[Fault, ...] = ()
    usable: bool = True
    inside_add_on: bool = False
    broker: bool | None = None
    report: RunExcerpt | None = None
    unread: str = ""

    @property
    def ready(self) -> bool:
        """Return whether a run could begin, as far as the settings go."""
        return self.usable and not self.missing
