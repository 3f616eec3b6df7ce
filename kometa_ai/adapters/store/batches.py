"""Open batches: kept before they are handed in, until the last of their answers is taken."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from kometa_ai.adapters.store.inquiries import pack_inquiry, unpack_inquiry
from kometa_ai.adapters.store.instants import to_instant, to_number
from kometa_ai.ports import NewBatch, OpenBatch, Place

if TYPE_CHECKING:
    import sqlite3

    from kometa_ai.domain.inquiry import RememberedInquiry


def begin(db: sqlite3.Connection, run_id: str, batch: NewBatch) -> OpenBatch:
    """Keep a batch and what it asks."""
    cursor = db.execute(
        "INSERT INTO batches (nonce, run, library, model, at, newest, total)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            batch.nonce,
            int(run_id),
            batch.library,
            batch.model,
            to_number(batch.at),
            batch.newest,
            len(batch.most),
        ),
    )
    number = int(cursor.lastrowid or 0)
    db.executemany(
        "INSERT INTO batch_requests VALUES (?, ?, ?, ?)",
        (
            (number, request, str(most), pack_inquiry(batch.inquiry(request)))
            for request, most in batch.most.items()
        ),
    )
    return OpenBatch(
        number,
        batch.nonce,
        batch.library,
        batch.model,
        batch.at,
        batch.newest,
        len(batch.most),
        dict(batch.most),
        run_id,
    )


def all_open(db: sqlite3.Connection) -> list[OpenBatch]:
    """Return every open batch with what is still to be taken of it."""
    rows = db.execute(
        "SELECT number, nonce, library, model, at, newest, total, run, id, sure, called_off"
        " FROM batches ORDER BY number"
    ).fetchall()
    found = []
    for number, nonce, library, model, at, newest, total, run, batch, sure, called_off in rows:
        most = {
            request: Decimal(cost)
            for request, cost in db.execute(
                "SELECT number, most FROM batch_requests WHERE batch = ? ORDER BY number", (number,)
            )
        }
        found.append(
            OpenBatch(
                number,
                nonce,
                library,
                model,
                to_instant(at),
                newest,
                total,
                most,
                str(run),
                batch,
                sure == 1,
                called_off == 1,
            )
        )
    return found


def name(db: sqlite3.Connection, number: int, batch: str, *, sure: bool) -> None:
    """Keep a batch's id."""
    db.execute("UPDATE batches SET id = ?, sure = ? WHERE number = ?", (batch, sure, number))


def call_off(db: sqlite3.Connection, number: int) -> None:
    """Keep that a person called a batch off."""
    db.execute("UPDATE batches SET called_off = 1 WHERE number = ?", (number,))


def inquiries(db: sqlite3.Connection, number: int) -> dict[int, RememberedInquiry]:
    """Return what is still to be taken of a batch."""
    (at,) = db.execute("SELECT at FROM batches WHERE number = ?", (number,)).fetchone()
    rows = db.execute("SELECT number, inquiry FROM batch_requests WHERE batch = ?", (number,))
    return {request: unpack_inquiry(packed, to_instant(at)) for request, packed in rows}


def criteria(db: sqlite3.Connection, library: str) -> dict[str, str]:
    """Return the fingerprints of the words by which collections are being judged, by slug."""
    return {wish.slug: wish.criteria for _, one in _asked(db, library) for wish in one.collections}


def rename(db: sqlite3.Connection, library: str, old: str, new: str) -> None:
    """Let what is asked for one slug be asked for another."""
    for place, asked in _asked(db, library):
        if any(wish.slug == old for wish in asked.collections):
            packed = pack_inquiry(asked.renamed(old, new))
            db.execute(
                "UPDATE batch_requests SET inquiry = ? WHERE batch = ? AND number = ?",
                (packed, place.batch, place.number),
            )


def _asked(db: sqlite3.Connection, library: str) -> list[tuple[Place, RememberedInquiry]]:
    rows = db.execute(
        "SELECT batch, batch_requests.number, inquiry, at FROM batch_requests"
        " JOIN batches ON batches.number = batch WHERE library = ?",
        (library,),
    )
    return [
        (Place(batch, number), unpack_inquiry(packed, to_instant(at)))
        for batch, number, packed, at in rows
    ]


def handed_in_by(db: sqlite3.Connection, number: int) -> int:
    """Return the number of the run that handed a batch in."""
    (run,) = db.execute("SELECT run FROM batches WHERE number = ?", (number,)).fetchone()
    return int(run)


def take(db: sqlite3.Connection, place: Place) -> None:
    """Forget a request, whose answer is stored with this."""
    db.execute(
        "DELETE FROM batch_requests WHERE batch = ? AND number = ?", (place.batch, place.number)
    )


def close(db: sqlite3.Connection, number: int) -> None:
    """Forget a batch, and what it has not brought."""
    db.execute("DELETE FROM batches WHERE number = ?", (number,))
