"""Runs and their reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kometa_ai.adapters.store.instants import to_instant, to_number
from kometa_ai.domain.report import Trigger
from kometa_ai.excerpt import read_excerpt
from kometa_ai.outline import decode_outline, encode_outline, read_outline
from kometa_ai.recorded import decode_report, encode_report

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from kometa_ai.domain.report import RunReport
    from kometa_ai.excerpt import RunExcerpt
    from kometa_ai.outline import RunOutline

KEPT_RUNS: Final = 500


def begin(db: sqlite3.Connection, trigger: Trigger, at: datetime) -> str:
    """Note a run and return its id."""
    cursor = db.execute(
        "INSERT INTO runs (trigger, began, told) VALUES (?, ?, 0)", (trigger, to_number(at))
    )
    return str(cursor.lastrowid)


def finish(db: sqlite3.Connection, report: RunReport) -> None:
    """Keep a run's report, also if the run itself went missing with a broken state."""
    number, text = int(report.run_id), encode_report(report)
    db.execute(
        "INSERT INTO runs (number, trigger, began, report, told) VALUES (?, ?, ?, ?, 0)"
        " ON CONFLICT (number) DO UPDATE SET report = excluded.report",
        (number, report.trigger, to_number(report.started_at), text),
    )
    outline = encode_outline(read_outline(text))
    db.execute("INSERT OR REPLACE INTO outlines VALUES (?, ?)", (number, outline))
    _forget_old_ones(db)


def newest(db: sqlite3.Connection, limit: int) -> list[RunReport]:
    """Return the newest finished runs, newest first."""
    rows = db.execute(
        "SELECT report FROM runs WHERE report IS NOT NULL ORDER BY number DESC LIMIT ?", (limit,)
    )
    return [decode_report(text) for (text,) in rows]


def unfinished(db: sqlite3.Connection) -> list[tuple[str, Trigger, datetime]]:
    """Return the runs that have begun and left no report: id, trigger and beginning."""
    rows = db.execute("SELECT number, trigger, began FROM runs WHERE report IS NULL")
    return [(str(number), Trigger(word), to_instant(began)) for number, word, began in rows]


def outlines(db: sqlite3.Connection, limit: int) -> list[RunOutline]:
    """Return the newest finished runs in outline, newest first."""
    rows = db.execute(
        # Only of the runs of earlier versions the whole report must be read.
        "SELECT outline, CASE WHEN outline IS NULL THEN report END"
        " FROM runs LEFT JOIN outlines ON run = number"
        " WHERE outline IS NOT NULL OR report IS NOT NULL ORDER BY number DESC LIMIT ?",
        (limit,),
    )
    return [
        read_outline(report) if outline is None else decode_outline(outline)
        for outline, report in rows
    ]


def one(db: sqlite3.Connection, run_id: str) -> RunReport | None:
    """Return one finished run; ``None`` if it is not known, or no run's id at all."""
    text = _text(db, run_id)
    return None if text is None else decode_report(text)


def excerpt(db: sqlite3.Connection, run_id: str) -> RunExcerpt | None:
    """Return one finished run with the first titles of each list."""
    text = _text(db, run_id)
    return None if text is None else read_excerpt(text)


def _text(db: sqlite3.Connection, run_id: str) -> str | None:
    if not (run_id.isascii() and run_id.isdecimal()):
        return None
    row = db.execute(
        "SELECT report FROM runs WHERE number = ? AND report IS NOT NULL", (int(run_id),)
    ).fetchone()
    return None if row is None else str(row[0])


def _forget_old_ones(db: sqlite3.Connection) -> None:
    row = db.execute(
        "SELECT number FROM runs ORDER BY number DESC LIMIT 1 OFFSET ?", (KEPT_RUNS,)
    ).fetchone()
    if row:
        db.execute("DELETE FROM runs WHERE number <= ?", row)
        db.execute("DELETE FROM outlines WHERE run <= ?", row)
        db.execute("DELETE FROM journal WHERE run <= ?", row)
