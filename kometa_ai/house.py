"""What a run works with: the outside world behind ports, and the user's limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.report import UNATTENDED
from kometa_ai.settings import ClaudeMode

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, tzinfo
    from decimal import Decimal

    from kometa_ai.domain.fault import Fault
    from kometa_ai.domain.report import Event, Trigger
    from kometa_ai.ports import Clock, CollectionFiles, Judge, Library, Store


BATCH_FROM: Final = 25
"""With CLAUDE_MODE auto, a scheduled run of so many requests asks them in a batch.

That is about 1,000 titles for up to ten collections; for less, half the price is worth no waiting.
"""


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that a run obeys. Money is in USD; ``None`` means no limit."""

    max_removals_percent: int
    collections_per_request: int
    concurrency: int
    max_pairs: int | None
    max_cost: Decimal | None
    monthly_budget: Decimal | None
    zone: tzinfo
    mode: ClaudeMode = ClaudeMode.LIVE

    def patient(self, trigger: Trigger) -> bool:
        """Return whether a run waits for a batch: nobody waits for the run itself then."""
        return self.mode is ClaudeMode.BATCH or trigger in UNATTENDED

    def in_batch(self, trigger: Trigger, requests: int) -> bool:
        """Return whether so many requests are asked in a batch and not one by one."""
        match self.mode:
            case ClaudeMode.LIVE:
                return False
            case ClaudeMode.BATCH:
                return True
            case ClaudeMode.AUTO:
                return trigger in UNATTENDED and requests >= BATCH_FROM

    def month_of(self, instant: datetime) -> tuple[datetime, datetime]:
        """Return the first instant of the calendar month, and that of the next one."""
        local = instant.astimezone(self.zone)
        start = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        years, months = divmod(start.month, 12)
        return start, start.replace(year=start.year + years, month=months + 1)


@dataclass(frozen=True, slots=True)
class House:
    """The collaborators of a run.

    ``read_files`` is called in a thread of its own; ``opening`` holds what there is to say about
    the opening of the state: a backup that was restored, decisions that were imported.
    ``announced`` is the number of the run where somebody else has begun and told it already.
    ``reviewer`` has the last word on what is near the threshold; ``None``: the judge has it too.
    """

    library: Library
    judge: Judge
    store: Store
    clock: Clock
    read_files: Callable[[], CollectionFiles]
    policy: Policy
    tell: Callable[[Event], None]
    opening: tuple[Fault | str, ...] = ()
    announced: str | None = None
    reviewer: Judge | None = None
