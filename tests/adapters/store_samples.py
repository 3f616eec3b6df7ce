"""Decisions and purchases as short words, for the tests of the store."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from kometa_ai.domain.cost import Usage
from kometa_ai.domain.decision import UNNAMED_CONFIDENCE, Decision, Opinion, Origin
from kometa_ai.ports import Purchase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kometa_ai.adapters.store import SqliteStore
    from kometa_ai.domain.decision import Ledger

NOW = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
MODEL = "claude-haiku"


def no(fingerprint: int = 1, *, criteria: str = "a", at: datetime = NOW) -> Decision:
    """Return a plain no: what Claude did not even name."""
    return Decision(Opinion(False, UNNAMED_CONFIDENCE), MODEL, criteria, fingerprint, at)  # noqa: FBT003


def yes(
    fingerprint: int = 1,
    *,
    confidence: float = 0.9,
    reason: str = "A heist that goes wrong.",
    criteria: str = "a",
    at: datetime = NOW,
    looked: bool = False,
) -> Decision:
    """Return a named yes."""
    opinion = Opinion(True, confidence, reason)  # noqa: FBT003
    return Decision(opinion, MODEL, criteria, fingerprint, at, looked=looked)


def imported(
    *, include: bool, confidence: float = 0.9, reason: str = "Said 0.5.x.", criteria: str = "a"
) -> Decision:
    """Return a decision of 0.5.x that a collection adopts."""
    opinion = Opinion(include, confidence, reason)
    return Decision(opinion, "", criteria, 7, NOW, Origin.IMPORTED)


async def ledger_of(
    store: SqliteStore,
    slug: str,
    criteria: str,
    *,
    library: str = "radarr",
    fingerprints: Mapping[int, int] | None = None,
) -> Ledger:
    """Return the ledger of one collection."""
    return (await store.ledgers(library, {slug: criteria}, fingerprints or {}))[slug]


def purchase(
    decisions: Mapping[str, Mapping[int, Decision]] | None = None,
    *,
    cost: Decimal = Decimal("0.01"),
    at: datetime = NOW,
    unconfirmed: bool = False,
) -> Purchase:
    """Return a paid answer."""
    return Purchase(
        "radarr",
        MODEL,
        at,
        Usage(100, 20, 3, 4),
        cost,
        dict.fromkeys(decisions or (), cost / max(1, len(decisions or ()))),
        sum(map(len, (decisions or {}).values())),
        decisions,
        unconfirmed,
    )
