"""The one connection: opened, checked, healed, and used one transaction at a time.

Everything here runs on the store's own thread.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar

from kometa_ai.adapters.store import marks
from kometa_ai.adapters.store.backups import (
    Backups,
    create_private,
    is_sound,
    set_aside,
)
from kometa_ai.adapters.store.errors import START_AFRESH, UnusableError, is_damage, renamed
from kometa_ai.adapters.store.instants import to_stamp
from kometa_ai.adapters.store.schema import LATEST, migrate, refuse_newer, version_of
from kometa_ai.domain.fault import Fault, FaultKind, StopError, TryLaterError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kometa_ai.ports import Clock

P = ParamSpec("P")
T = TypeVar("T")

FILE_NAME: Final = "kometa_ai.db"
PATIENCE: Final = 10.0
"""Seconds to wait for another process, which needs milliseconds for a transaction."""


class Database:
    """The state's file.

    ``notices`` tells what happened to it.
    """

    def __init__(self, folder: Path, clock: Clock, patience: float = PATIENCE) -> None:
        self.file = folder / FILE_NAME
        self.backups = Backups(folder / "backups", clock)
        self.notices: list[Fault | str] = []
        self._clock = clock
        self._patience = patience
        self._connection: sqlite3.Connection | None = None
        self._unusable: UnusableError | None = None

    def open(self, *, afresh: bool = False) -> None:
        """Open the state; create, bring up to date, or replace it by a backup as needed.

        A state that is missing while there are backups was lost: nobody asked to start anew.
        ``afresh``: somebody did.
        """
        with renamed(self.file):
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not afresh and _is_lost(self.file) and self.backups.all():
                self._replace("is missing")
            try:
                self._connect()
            except sqlite3.DatabaseError as error:
                self._close_connection()
                if not is_damage(error):
                    raise
                self._replace(f"is damaged ({error})")
                self._connect()
            except UnusableError:
                self._close_connection()
                raise

    def close(self) -> None:
        """Close the state; without other users its companion files go too."""
        self._close_connection()

    def read(
        self,
        work: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Read within one transaction, which waits for nobody and sees one moment."""

        def reading(db: sqlite3.Connection) -> T:
            db.execute("BEGIN")
            return work(db, *args, **kwargs)

        return self._transaction(reading)

    def note(
        self,
        work: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Write, within one transaction, what alone is not worth a backup."""

        def noting(db: sqlite3.Connection) -> T:
            db.execute("BEGIN IMMEDIATE")
            return work(db, *args, **kwargs)

        return self._transaction(noting)

    def write(
        self,
        work: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Write within one transaction; if rows changed, the next backup is due."""

        def writing(db: sqlite3.Connection) -> T:
            db.execute("BEGIN IMMEDIATE")
            before = db.total_changes
            result = work(db, *args, **kwargs)
            if db.total_changes != before:
                marks.count_up(db)
            return result

        return self._transaction(writing)

    def back_up(self) -> Path | None:
        """Take a backup unless the newest one holds everything; return it."""

        def backing_up(db: sqlite3.Connection) -> Path | None:
            if not self.backups.outdated(marks.revision(db)):
                return None
            return self.backups.take(db)

        return self._transaction(backing_up)

    def keep_for_good(self) -> Path:
        """Take a copy that is never thinned out nor put back by itself."""
        return self._transaction(self.backups.keep_for_good)

    def _transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work, then commit; whatever goes wrong, nothing of it stays."""
        if self._unusable:
            raise self._unusable
        if self._connection is None:
            raise RuntimeError("the store is not open")
        db = self._connection
        with renamed(self.file):
            try:
                try:
                    result = work(db)
                    if db.in_transaction:
                        db.execute("COMMIT")
                    return result
                finally:
                    if db.in_transaction:
                        db.execute("ROLLBACK")
            except sqlite3.DatabaseError as error:
                if is_damage(error):
                    self._heal(error)
                raise

    def _connect(self) -> None:
        db = sqlite3.connect(
            create_private(self.file), timeout=self._patience, isolation_level=None
        )
        self._connection = db
        refuse_newer(db, self.file)
        db.execute("PRAGMA journal_mode = WAL")
        # A paid answer is to survive a power cut, not only a crash of ours.
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        if (version := version_of(db)) < LATEST:
            if version:
                self.backups.take(db, f"-schema-{version}")
            migrate(db)

    def _close_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _heal(self, error: sqlite3.DatabaseError) -> None:
        """Replace a state that turned out to be broken in the middle of a run, and end the run.

        What the run has read so far came from the broken file: it must not go on with the backup.
        """
        self._close_connection()
        if is_sound(self.file):
            self._connect()
            raise TryLaterError(
                FaultKind.STATE,
                f"The state could not be read properly this once ({error}); a full check finds"
                " no damage.",
                remedy="Run again; if it comes back, check the disk and the memory.",
                where=str(self.file),
            ) from error
        try:
            told = self._replace(f"is damaged ({error})")
            self._connect()
        except UnusableError as unusable:
            self._unusable = unusable
            raise
        raise StopError(told.kind, told.message, remedy="Run again.", where=told.where) from error

    def _replace(self, what: str) -> Fault:
        """Set the file aside and put the newest good backup in its place, loudly."""
        copy = self.backups.newest_good()
        if copy is None:
            raise UnusableError(
                f"The state file {what}, and there is no good backup.",
                remedy=START_AFRESH,
                where=str(self.file),
            )
        # Even without the file itself: a journal that stayed behind would be played into the copy.
        stamp = to_stamp(self._clock.now())
        moved = set_aside(self.file, self.file.with_name(f"{FILE_NAME}.corrupt-{stamp}"))
        aside = f" The broken file is kept as {moved.name}." if moved.exists() else ""
        self.backups.put_back(copy, self.file)
        fault = Fault(
            FaultKind.STATE,
            str(self.file),
            f"The state file {what}; the backup {copy.name} was put in its place.{aside}",
            "What was decided and spent after that backup is not known any more: have a look at"
            " the costs in Anthropic's console.",
        )
        self.notices.append(fault)
        return fault


def _is_lost(file: Path) -> bool:
    """Return whether nothing is left of the state: no file, or one cut off to nothing."""
    return not file.exists() or not file.stat().st_size
