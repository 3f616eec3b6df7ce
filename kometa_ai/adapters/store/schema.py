"""Which version the tables have, and how they come to the newest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kometa_ai.adapters.store.errors import UnusableError
from kometa_ai.adapters.store.migrations import MIGRATIONS

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

LATEST: Final = len(MIGRATIONS)


def version_of(db: sqlite3.Connection) -> int:
    """Return how many of the steps a database has had."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return int(version)


def refuse_newer(db: sqlite3.Connection, file: Path) -> None:
    """Raise UnusableError if a newer program wrote the database: it is never guessed at."""
    if (version := version_of(db)) > LATEST:
        raise UnusableError(
            f"The state was written by a newer Kometa-AI (its version {version}, this program"
            f" knows {LATEST}).",
            remedy="Update Kometa-AI, or put back the copy in backups/ from before the update.",
            where=str(file),
        )


def migrate(db: sqlite3.Connection, upto: int = LATEST) -> None:
    """Take the steps that are missing, all or none."""
    db.execute("BEGIN IMMEDIATE")
    try:
        # Asked within the transaction: another process may have been faster.
        for number in range(version_of(db), upto):
            MIGRATIONS[number](db)
            db.execute(f"PRAGMA user_version = {number + 1}")
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
