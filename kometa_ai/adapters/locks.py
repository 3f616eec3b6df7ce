"""One run at a time, and one service: locks that end with their process, however that ends."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

from kometa_ai.domain.fault import FaultKind, StopError, TryLaterError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

FILE_NAME: Final = "run.lock"
SERVICE_FILE: Final = "service.lock"


class Busy(TryLaterError):
    """Another one is active; ``since``, ``pid`` and ``what`` are ``None`` when it did not say."""

    def __init__(
        self,
        file: Path,
        since: datetime | None,
        pid: int | None,
        what: str | None,
        *,
        kind: str = "run",
    ) -> None:
        when = f" since {since:%H:%M:%S}" if since else ""
        who = ", ".join(filter(None, (f"process {pid}" if pid else "", what)))
        super().__init__(
            FaultKind.STATE,
            f"a {kind} is active{when}{f' ({who})' if who else ''}",
            remedy="Wait until it is done, or stop it.",
            where=str(file),
        )
        self.since = since
        self.pid = pid
        self.what = what


class RunLock:
    """Held for as long as a run lasts; a second holder is refused by name.

    ``since`` is when the run began, ``what`` says what it is, such as "started from the command
    line". The file stays: whoever deleted it could delete another run's lock.
    """

    kind: ClassVar = "run"
    file_name: ClassVar = FILE_NAME

    def __init__(self, folder: Path, since: datetime, what: str) -> None:
        self._file = folder / self.file_name
        self._since = since
        self._what = what
        self._handle = -1

    def __enter__(self) -> Self:
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._handle = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                self._take()
            except BaseException:
                os.close(self._handle)
                raise
        except OSError as error:
            raise _unusable(self._file, error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Closing is releasing; what is written there means nothing without the lock.
        os.close(self._handle)

    @property
    def fileno(self) -> int:
        """Return the open file: a process that inherits it holds the lock as well."""
        return self._handle

    def _take(self) -> None:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise self._named() from None
        holder = {"pid": os.getpid(), "since": self._since.isoformat(), "what": self._what}
        os.ftruncate(self._handle, 0)
        os.write(self._handle, json.dumps(holder).encode())

    def _named(self) -> Busy:
        """Name the holder, as far as it has written who it is yet."""
        try:
            holder = json.loads(os.read(self._handle, 4096))
            since = datetime.fromisoformat(holder["since"])
            pid, what = int(holder["pid"]), str(holder["what"])
        except (ValueError, KeyError, TypeError):
            return Busy(self._file, None, None, None, kind=self.kind)
        return Busy(self._file, since, pid, what, kind=self.kind)


class ServiceLock(RunLock):
    """Held for as long as a service lives: two of them would each keep the schedule."""

    kind: ClassVar = "service"
    file_name: ClassVar = SERVICE_FILE


def run_lock_is_held(folder: Path) -> bool:
    """Return whether any process makes a run now.

    The look itself would refuse a run that begins in the same moment: not to be taken often.
    """
    try:
        with (folder / FILE_NAME).open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unusable(folder / FILE_NAME, error) from error
    return False


def _unusable(file: Path, error: OSError) -> StopError:
    if error.errno in (errno.ENOTSUP, errno.ENOLCK, errno.ENOSYS):
        remedy = "Set STATE_DIR to a folder on a file system that has locks."
    else:
        remedy = "Give the user that runs Kometa-AI write access to STATE_DIR, and check its disk."
    return StopError(
        FaultKind.STATE,
        f"The run lock can't be taken ({error.strerror}).",
        remedy=remedy,
        where=str(file),
    )
