"""The state: everything that outlives a run, in one SQLite file."""

from kometa_ai.adapters.store.glance import read_marks, settle
from kometa_ai.adapters.store.reset import reset_state
from kometa_ai.adapters.store.store import SqliteStore

__all__ = ["SqliteStore", "read_marks", "reset_state", "settle"]
