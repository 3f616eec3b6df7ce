"""The file for a report: made before anything is spent, whole or not there, and no other's."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from kometa_ai.domain.fault import FaultKind, StopError
from kometa_ai.messages.evaluation import MARK
from kometa_ai.settings.files import open_file

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

LOOKED_AT = 1000
"""Bytes at the beginning of a file that tell whether it is a report of ours."""


class ReportFileError(StopError):
    """The report can't be written there."""

    def __init__(self, path: Path, message: str) -> None:
        remedy = "Name another file with --report."
        super().__init__(FaultKind.SETTINGS, message, remedy=remedy, where=str(path))


class ReportFile:
    """Takes its place on the disk inside ``with``, and its name only when it is complete."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part")

    def __enter__(self) -> Self:
        self._spare_others()
        try:
            self._part.touch(exist_ok=False)
        except OSError as error:
            said = f"The report can't be written there ({error.strerror})."
            raise ReportFileError(self._path, said) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._part.unlink(missing_ok=True)

    def write(self, html: str) -> None:
        """Write the report; raises ReportFileError if the disk refuses it."""
        try:
            self._part.write_bytes(html.encode("utf-8", "replace"))
            self._part.replace(self._path)
        except OSError as error:
            said = f"The report can't be written there ({error.strerror})."
            raise ReportFileError(self._path, said) from error

    def _spare_others(self) -> None:
        """Refuse to write over anything but an older report: it may be the list itself."""
        try:
            with open_file(self._path) as file:
                beginning = file.read(LOOKED_AT)
        except FileNotFoundError:
            return
        except OSError as error:
            said = f"The report can't be written there ({error.strerror})."
            raise ReportFileError(self._path, said) from error
        if beginning and MARK.encode() not in beginning:
            raise ReportFileError(
                self._path, "There is a file already that is no such report; it is left alone."
            )
