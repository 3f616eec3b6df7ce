"""A look into a state that is not opened: before the settings say how."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from kometa_ai.adapters.store.database import FILE_NAME, PATIENCE
from kometa_ai.adapters.store.errors import renamed

if TYPE_CHECKING:
    from pathlib import Path


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
