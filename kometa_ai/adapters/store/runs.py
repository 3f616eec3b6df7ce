"""Runs and their reports."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from kometa_ai.adapters.store.instants import to_number
from kometa_ai.domain.fault import Fault
from kometa_ai.domain.report import CollectionReport, Result, RunReport, Spending, Trigger

if TYPE_CHECKING:
    import sqlite3

KEPT_RUNS: Final = 500


class StoredReport(msgspec.Struct):
    """A report as it is kept; only what every report has had from the first version is required.

    Spelled out because the domain imports some of its types only for the type checker, and
    because this shape must stay readable: a new field gets a default, none is renamed.
    """

    run_id: str
    trigger: Trigger
    result: Result
    dry_run: bool
    started_at: datetime
    duration: float
    collections: tuple[CollectionReport, ...] = ()
    spending: Spending = msgspec.field(default_factory=Spending)
    spent_this_month: Decimal = Decimal(0)
    monthly_budget: Decimal | None = None
    items: int = 0
    model: str = ""
    faults: tuple[Fault, ...] = ()
    notices: tuple[str, ...] = ()

    def report(self) -> RunReport:
        """Return the report as the rest of the program knows it."""
        return RunReport(**{name: getattr(self, name) for name in self.__struct_fields__})


_decoder = msgspec.json.Decoder(StoredReport)


def begin(db: sqlite3.Connection, trigger: Trigger, at: datetime) -> str:
    """Note a run and return its id."""
    cursor = db.execute("INSERT INTO runs (trigger, began) VALUES (?, ?)", (trigger, to_number(at)))
    return str(cursor.lastrowid)


def finish(db: sqlite3.Connection, report: RunReport) -> None:
    """Keep a run's report, also if the run itself went missing with a broken state."""
    db.execute(
        "INSERT INTO runs VALUES (?, ?, ?, ?)"
        " ON CONFLICT (number) DO UPDATE SET report = excluded.report",
        (
            int(report.run_id),
            report.trigger,
            to_number(report.started_at),
            msgspec.json.encode(report).decode(),
        ),
    )
    _forget_old_ones(db)


def newest(db: sqlite3.Connection, limit: int) -> list[RunReport]:
    """Return the newest finished runs, newest first."""
    rows = db.execute(
        "SELECT report FROM runs WHERE report IS NOT NULL ORDER BY number DESC LIMIT ?", (limit,)
    )
    return [_decoder.decode(text).report() for (text,) in rows]


def one(db: sqlite3.Connection, run_id: str) -> RunReport | None:
    """Return one finished run; ``None`` if it is not known, or no run's id at all."""
    if not (run_id.isascii() and run_id.isdecimal()):
        return None
    row = db.execute(
        "SELECT report FROM runs WHERE number = ? AND report IS NOT NULL", (int(run_id),)
    ).fetchone()
    return None if row is None else _decoder.decode(row[0]).report()


def _forget_old_ones(db: sqlite3.Connection) -> None:
    row = db.execute(
        "SELECT number FROM runs ORDER BY number DESC LIMIT 1 OFFSET ?", (KEPT_RUNS,)
    ).fetchone()
    if row:
        db.execute("DELETE FROM runs WHERE number <= ?", row)
        db.execute("DELETE FROM journal WHERE run <= ?", row)
