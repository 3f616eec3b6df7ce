"""Copies of the state: taken while it is in use, checked, few, and put back when it breaks."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kometa_ai.adapters.store import marks
from kometa_ai.adapters.store.instants import to_stamp
from kometa_ai.adapters.store.schema import LATEST, version_of

if TYPE_CHECKING:
    from kometa_ai.ports import Clock

KEPT: Final = 5
PREFIX: Final = "kometa_ai-"
STAMP: Final = len("20260101T000000Z")
DAY: Final = len("20260101")
UNFINISHED: Final = ".part"
COMPANIONS: Final = ("", "-wal", "-shm")
"""What SQLite keeps beside a database belongs to it and moves with it."""


class BrokenCopy(sqlite3.DatabaseError):
    """A check found damage which nothing has stumbled over yet."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


class Backups:
    """The folder of copies.

    ``kometa_ai-<stamp>.db`` is a copy of a day, ``kometa_ai-<stamp>-schema-<n>.db`` one from
    before an update; five are kept. ``before-reset-<stamp>.db`` is kept for good and never put
    back by itself.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self._clock = clock

    def all(self) -> list[Path]:
        """Return the copies that could be put back, newest first."""
        return sorted(self.folder.glob(f"{PREFIX}*.db"), key=_age, reverse=True)

    def newest_good(self) -> Path | None:
        """Return the newest copy that is whole and that this program can read."""
        return next((copy for copy in self.all() if is_sound(copy)), None)

    def outdated(self, revision: int) -> bool:
        """Return whether the newest copy was taken before this revision of the state."""
        newest = next(iter(self.all()), None)
        return newest is None or _revision(newest) != revision

    def take(self, source: sqlite3.Connection, kind: str = "") -> Path:
        """Copy the state, check the copy, and make room for it among the older ones."""
        name = f"{PREFIX}{to_stamp(self._clock.now())}{kind}.db"
        copy = self._copy(source, self.folder / name)
        self._thin_out(copy)
        return copy

    def keep_for_good(self, source: sqlite3.Connection) -> Path:
        """Copy the state before it is emptied."""
        name = f"before-reset-{to_stamp(self._clock.now())}.db"
        return self._copy(source, self.folder / name)

    def put_back(self, copy: Path, file: Path) -> None:
        """Make a copy the state; it appears whole or not at all."""
        unfinished = file.with_name(file.name + UNFINISHED)
        shutil.copyfile(copy, create_private(unfinished))
        sync(unfinished)
        unfinished.replace(file)
        sync(file.parent)

    def _copy(self, source: sqlite3.Connection, name: Path) -> Path:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for abandoned in self.folder.glob(f"*{UNFINISHED}*"):
            abandoned.unlink()
        unfinished = name.with_name(name.name + UNFINISHED)
        try:
            with closing(sqlite3.connect(create_private(unfinished))) as target:
                source.backup(target)
                # One plain file: a copy in WAL mode would need companions to be read.
                target.execute("PRAGMA journal_mode = DELETE")
                _check(target)
            sync(unfinished)
            unfinished.replace(name)
        finally:
            unfinished.unlink(missing_ok=True)
        sync(self.folder)
        return name

    def _thin_out(self, newest: Path) -> None:
        """Keep one copy of a day, the last, so that five reach back five days of changes."""
        day = newest.name[: len(PREFIX) + DAY]
        for older in self.all():
            same_day = older.name.startswith(day) and len(older.stem) == len(PREFIX) + STAMP
            if same_day and _age(older) < _age(newest):
                older.unlink()
        for old in self.all()[KEPT:]:
            old.unlink()


def is_sound(file: Path) -> bool:
    """Return whether a database is whole and not of a newer program; reads all of it."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)) as db:
            _check(db)
            return 0 < version_of(db) <= LATEST
    except sqlite3.DatabaseError:
        return False


def set_aside(file: Path, to: Path) -> Path:
    """Rename a database out of the way, with its companions, over nothing that is there."""
    aside, number = to, 1
    while aside.exists():
        number += 1
        aside = to.with_name(f"{to.name}-{number}")
    for companion in COMPANIONS:
        with suppress(FileNotFoundError):
            Path(f"{file}{companion}").rename(f"{aside}{companion}")
    sync(file.parent)
    return aside


def create_private(file: Path) -> Path:
    """Create the file for its owner's eyes only, unless it is there."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    return file


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, would survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _check(db: sqlite3.Connection) -> None:
    (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise BrokenCopy(verdict)


def _age(copy: Path) -> str:
    return copy.name[len(PREFIX) :][:STAMP]


def _revision(copy: Path) -> int | None:
    """Return the revision of the state that a copy holds, ``None`` if it can't be read."""
    try:
        with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro", uri=True)) as db:
            return marks.revision(db)
    except sqlite3.DatabaseError:
        return None
