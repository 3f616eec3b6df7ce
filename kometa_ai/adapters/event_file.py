"""The events of a run as a file in the state's folder: a service beside the run reads along."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Final

from kometa_ai.recorded import decode_event, encode_event

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import BinaryIO, Self

    from kometa_ai.domain.report import Event

LOG = logging.getLogger(__name__)
FILE_NAME: Final = "run.events"


class EventFile:
    """Writes the events of one run, which holds the run lock; each run begins a new file.

    A run is worth more than its story: where the file can't be written, that is logged once.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE_NAME
        self._stream: BinaryIO | None = None

    def __enter__(self) -> Self:
        fresh = self._file.with_suffix(".new")
        try:
            # A file of its own, so that a reader can tell one run's story from another's.
            self._stream = os.fdopen(
                os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb", buffering=0
            )
            fresh.replace(self._file)
        except OSError as error:
            self._give_up(error)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            self._stream.close()

    def tell(self, event: Event) -> None:
        """Write one event."""
        if self._stream is None:
            return
        try:
            self._stream.write(encode_event(event))
        except OSError as error:
            self._stream.close()
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self._stream = None
        LOG.warning("%s: a service can't follow this run (%s)", self._file, error.strerror)


class EventTail:
    """Reads what a run in another process tells. ``skip`` passes over what is there already."""

    def __init__(self, folder: Path, *, skip: bool) -> None:
        self._file = folder / FILE_NAME
        self._inode = 0
        self._read = 0
        if skip:
            self.events()

    def events(self) -> list[Event]:
        """Return the events that were told since the last call."""
        try:
            with self._file.open("rb") as stream:
                found = os.fstat(stream.fileno()).st_ino
                if found != self._inode:
                    self._inode, self._read = found, 0
                stream.seek(self._read)
                whole, end, _ = stream.read().rpartition(b"\n")
        except FileNotFoundError:
            return []
        except OSError as error:
            LOG.warning("%s can't be read (%s)", self._file, error.strerror)
            return []
        self._read += len(whole) + len(end)
        return [event for line in whole.splitlines() if (event := _event(line))]


def _event(line: bytes) -> Event | None:
    try:
        return decode_event(line)
    except ValueError:
        # Another version's word: its run goes on all the same.
        LOG.warning("an event of a run was not understood: %.200s", line.decode(errors="replace"))
        return None
