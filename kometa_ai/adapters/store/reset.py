"""Starting afresh: the state is kept as a copy, never deleted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from kometa_ai.adapters.store import waiting
from kometa_ai.adapters.store.backups import set_aside
from kometa_ai.adapters.store.database import Database
from kometa_ai.adapters.store.errors import UnusableError, renamed
from kometa_ai.adapters.store.instants import to_stamp

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime
    from pathlib import Path

    from kometa_ai.ports import Clock


KEPT_TABLES: Final = frozenset(
    ("marks", "purchases", "shares", "reservations", "batches", "batch_requests", "pins")
)
"""A budget must not begin anew, and what people decided themselves is no verdict of Claude's.

An open batch is being paid for: its answers are as fresh as any that would be bought instead.
"""


async def reset_state(folder: Path, clock: Clock) -> Path:
    """Empty the state, even one that can't be opened; return where the old one is kept.

    Pins and what was spent stay, as far as the old state can be read.

    The caller holds the run lock. A 0.5.x file is not imported afterwards: whoever starts afresh
    does not want the old decisions back at the next run.
    """
    return await asyncio.to_thread(_reset, folder, clock)


def _reset(folder: Path, clock: Clock) -> Path:
    database = Database(folder, clock)
    try:
        try:
            database.open()
            kept = database.keep_for_good()
        except UnusableError:
            kept = _move_away(database, clock)
            database.open(afresh=True)
        database.write(_empty, clock.now())
        # The newest backup is what is put back after a damage: it must not be the old state.
        database.back_up()
    finally:
        database.close()
    return kept


def _move_away(database: Database, clock: Clock) -> Path:
    with renamed(database.file):
        folder = database.backups.folder
        folder.mkdir(mode=0o700, exist_ok=True)
        name = f"before-reset-{to_stamp(clock.now())}.db"
        return set_aside(database.file, folder / name)


def _empty(db: sqlite3.Connection, at: datetime) -> None:
    """Delete rows in place, so that another process that has the file open sees it too.

    The counters of runs and edits go on: a number never means two things.
    """
    tables = db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    db.execute("PRAGMA defer_foreign_keys = ON")
    for (table,) in tables:
        if table not in KEPT_TABLES:
            db.execute(f'DELETE FROM "{table}"')  # noqa: S608 - our own table names
    waiting.note_import(db, "none: the state was reset", at)
