"""What SQLite and the disk say when they fail, as sentences that say what to do."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.fault import FaultKind, KometaAIError, StopError, TryLaterError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
START_AFRESH: Final = (
    "Put a good copy in its place, or start afresh with --reset-state; every title is then judged,"
    " and paid for, again."
)
GIVE_WRITE_ACCESS: Final = (
    "Give the user that runs Kometa-AI write access to this folder, or set STATE_DIR to another."
)
FREE_SPACE: Final = "Free some space there, then run again: what was stored before is safe."


class UnusableError(StopError):
    """There is a state, but this program can't use it: only a person can decide what to do."""

    def __init__(self, message: str, *, remedy: str, where: str) -> None:
        super().__init__(FaultKind.STATE, message, remedy=remedy, where=where)


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether the file itself is broken."""
    return _code(error) in DAMAGE


@contextmanager
def renamed(file: Path) -> Iterator[None]:
    """Raise what SQLite and the file system raise as errors that a person understands."""
    try:
        yield
    except sqlite3.Error as error:
        if meaning := _of_sqlite(error, file):
            raise meaning from error
        raise
    except OSError as error:
        raise _of_system(error, file) from error


def _code(error: sqlite3.Error) -> int:
    """Return the primary result code; 0 when the wrong use of the module is to blame."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _of_sqlite(error: sqlite3.Error, file: Path) -> KometaAIError | None:
    match _code(error):
        case sqlite3.SQLITE_FULL:
            return _stop("The disk is full: the state could not be stored.", FREE_SPACE, file)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return _stop(f"The state can't be written ({error}).", GIVE_WRITE_ACCESS, file)
        case sqlite3.SQLITE_IOERR:
            return _stop(
                f"The disk failed while the state was read or written ({error}).",
                "Check the disk and its connection, and whether a quota or size limit was reached.",
                file,
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return TryLaterError(
                FaultKind.STATE,
                "Another program kept the state locked for too long.",
                remedy="Wait until it is done, or see which program has the file open.",
                where=str(file),
            )
        case code if code in DAMAGE:
            return UnusableError(
                f"The state file is damaged ({error}).", remedy=START_AFRESH, where=str(file)
            )
        case _:
            return None


def _of_system(error: OSError, file: Path) -> StopError:
    place = error.filename or file
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _stop("The disk is full: the state could not be stored.", FREE_SPACE, place)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return _stop(f"The state can't be written ({error.strerror}).", GIVE_WRITE_ACCESS, place)
    return _stop(
        f"The state folder can't be used ({error.strerror}).",
        "Check STATE_DIR and the disk that it is on.",
        place,
    )


def _stop(message: str, remedy: str, place: object) -> StopError:
    return StopError(FaultKind.STATE, message, remedy=remedy, where=str(place))
