"""What is done to a state that is not opened: looked into, made ready to be copied."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

from kometa_ai.adapters.store.database import FILE_NAME, PATIENCE
from kometa_ai.adapters.store.errors import renamed

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_TO_SETTLE: Final = 5.0
"""Seconds to wait for whoever is writing; a run has no long transactions."""


def read_marks(folder: Path, beginning: str) -> dict[str, str]:
    """Return the texts that a state keeps under names with this beginning; changes nothing.

    There are none without a state. A state that can't be read raises as it does when opened.
    """
    file = folder / FILE_NAME
    with renamed(file):
        if not file.exists() or not file.stat().st_size:
            return {}
        uri = f"{file.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, timeout=PATIENCE, uri=True)) as db:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'marks'").fetchone():
                return {}
            rows = db.execute("SELECT name, value FROM marks")
            return {name: value for name, value in rows if name.startswith(beginning)}


def settle(folder: Path, patience: float = PATIENCE_TO_SETTLE) -> bool:
    """Bring what stands in the journal into the file itself, so that copying the file copies all.

    Return whether that was possible; who reads or writes all the time is not waited for longer
    than ``patience``. A state that can't be read raises as it does when opened.
    """
    file = folder / FILE_NAME
    with renamed(file):
        if not file.exists() or not file.stat().st_size:
            return True
        uri = f"{file.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, timeout=patience, uri=True)) as db:
            (busy, _, _) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy
