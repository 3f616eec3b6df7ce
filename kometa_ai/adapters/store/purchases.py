"""Money: each paid answer together with the decisions that it brought."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from kometa_ai.adapters.store import batches
from kometa_ai.adapters.store.instants import to_instant, to_number
from kometa_ai.adapters.store.keeping import store_decisions
from kometa_ai.adapters.store.overtaken import without_overtaken
from kometa_ai.domain.cost import Usage
from kometa_ai.ports import Purchase

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime


def reserve(db: sqlite3.Connection, run_id: str, model: str, cost: Decimal, at: datetime) -> int:
    """Note that a request of about this cost goes out."""
    cursor = db.execute(
        "INSERT INTO reservations (run, model, cost, at) VALUES (?, ?, ?, ?)",
        (int(run_id), model, str(cost), to_number(at)),
    )
    return int(cursor.lastrowid or 0)


def release(db: sqlite3.Connection, number: int | None) -> None:
    """Forget a reservation."""
    db.execute("DELETE FROM reservations WHERE number = ?", (number,))


def book_reservations(db: sqlite3.Connection) -> dict[str, Decimal]:
    """Turn what was reserved and never answered into unconfirmed costs; return them by model."""
    rows = db.execute("SELECT number, run, model, cost, at FROM reservations").fetchall()
    booked: dict[str, Decimal] = {}
    for number, run, model, cost, at in rows:
        purchase = Purchase(
            "",
            model,
            to_instant(at),
            Usage(),
            Decimal(cost),
            {},
            unconfirmed=True,
            reservation=number,
        )
        record(db, str(run), purchase)
        booked[model] = booked.get(model, Decimal(0)) + purchase.cost
    return booked


def record(db: sqlite3.Connection, run_id: str, purchase: Purchase) -> None:
    """Store what was paid and what it brought."""
    release(db, purchase.reservation)
    decisions = purchase.decisions
    if purchase.place is not None:
        decisions = without_overtaken(db, int(run_id), purchase.place.batch, purchase)
        batches.take(db, purchase.place)
    used = purchase.usage
    cursor = db.execute(
        "INSERT INTO purchases (run, library, model, at, input_tokens, output_tokens,"
        " cache_read_tokens, cache_write_tokens, cost, pairs, unconfirmed)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            int(run_id),
            purchase.library,
            purchase.model,
            to_number(purchase.at),
            used.input_tokens,
            used.output_tokens,
            used.cache_read_tokens,
            used.cache_write_tokens,
            str(purchase.cost),
            purchase.pairs,
            purchase.unconfirmed,
        ),
    )
    db.executemany(
        "INSERT INTO shares VALUES (?, ?, ?)",
        [(cursor.lastrowid, slug, str(cost)) for slug, cost in purchase.cost_by_slug.items()],
    )
    if decisions:
        store_decisions(db, int(run_id), purchase.library, decisions)


def spent_between(db: sqlite3.Connection, start: datetime, end: datetime) -> Decimal:
    """Return the sum of what was paid, unconfirmed costs included."""
    rows = db.execute(
        "SELECT cost FROM purchases WHERE at >= ? AND at < ?", (to_number(start), to_number(end))
    )
    return sum((Decimal(cost) for (cost,) in rows), Decimal(0))


def spent_by_slug(db: sqlite3.Connection, start: datetime, end: datetime) -> dict[str, Decimal]:
    """Return what was paid for each collection."""
    rows = db.execute(
        "SELECT slug, shares.cost FROM shares JOIN purchases ON number = purchase"
        " WHERE at >= ? AND at < ?",
        (to_number(start), to_number(end)),
    )
    sums: dict[str, Decimal] = {}
    for slug, cost in rows:
        sums[slug] = sums.get(slug, Decimal(0)) + Decimal(cost)
    return sums


def spent_by_month(db: sqlite3.Connection) -> dict[str, Decimal]:
    """Return the sums of the months of UTC, as ``2026-01``."""
    months: dict[str, Decimal] = {}
    for month, cost in db.execute(
        "SELECT strftime('%Y-%m', at / 1000000, 'unixepoch'), cost FROM purchases ORDER BY at"
    ):
        months[month] = months.get(month, Decimal(0)) + Decimal(cost)
    return months
