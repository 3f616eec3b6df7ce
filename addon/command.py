"""What the service can be told to do, and what it answers; MQTT and later the page read these."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class Word(StrEnum):
    """Every command; the value is its word on the wire."""

    RUN = "run"
    DRY_RUN = "dry_run"
    FORCE_REFRESH = "force_refresh"
    CANCEL = "cancel"
    ESTIMATE = "estimate"
    APPROVE = "approve"
    DECLINE = "decline"
    UNDO = "undo"
    TEST_NOTIFICATION = "test_notification"
    PAUSE = "pause"
    RESUME = "resume"
    COLLECTION = "collection"
    SCHEDULE = "schedule"
    DRY_RUN_MODE = "dry_run_mode"
    CRON = "cron"
    MONTHLY_BUDGET = "monthly_budget"
    MAX_EVALS = "max_evals"


RUNS: Final = frozenset({Word.RUN, Word.DRY_RUN, Word.FORCE_REFRESH})
"""Words that ask for a judging run."""
SETTERS: Final = frozenset(
    {
        Word.COLLECTION,
        Word.SCHEDULE,
        Word.DRY_RUN_MODE,
        Word.CRON,
        Word.MONTHLY_BUDGET,
        Word.MAX_EVALS,
    }
)
"""Words that set something, and take its new value."""
ALL: Final = "All"
"""What the selection says when no single collection is selected."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command, read and checked for its form.

    ``collections`` are names or slugs (empty: all); ``selected`` means the one that is selected, as
    the buttons do. ``run_id`` says which run to approve, decline or undo (``None``: the newest).
    ``value`` is what a setter sets: what it means is the service's to say.
    """

    word: Word
    collections: tuple[str, ...] = ()
    selected: bool = False
    dry_run: bool = False
    force_refresh: bool = False
    max_evals: int | None = None
    run_id: str | None = None
    value: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to one command: accepted or not, and then ``error`` says why in a sentence."""

    command: str
    accepted: bool
    request_id: str | None = None
    run_id: str | None = None
    error: str | None = None
    estimate: Mapping[str, object] | None = field(default=None)
