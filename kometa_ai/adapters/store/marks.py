"""Single facts about the state itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

REVISION: Final = "revision"
LEGACY_IMPORT: Final = "legacy import"


def read(db: sqlite3.Connection, name: str) -> str | None:
    """Return the value of a mark, ``None`` if it was never set."""
    row = db.execute("SELECT value FROM marks WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def write(db: sqlite3.Connection, name: str, value: str) -> None:
    """Set a mark."""
    db.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (name, value))


def keep(db: sqlite3.Connection, name: str, value: str | None) -> None:
    """Set a mark, or forget it."""
    if value is None:
        db.execute("DELETE FROM marks WHERE name = ?", (name,))
    else:
        write(db, name, value)


def revision(db: sqlite3.Connection) -> int:
    """Return a number that grows with each change that a backup should hold."""
    return int(read(db, REVISION) or 0)


def count_up(db: sqlite3.Connection) -> None:
    """Note that something changed which a backup should hold."""
    write(db, REVISION, str(revision(db) + 1))
