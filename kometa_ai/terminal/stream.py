"""A way out for text: it lets no secret through, and minds nobody who has stopped reading."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO


class Stream:
    """stdout or stderr. A reader who goes away, as ``| head`` does, must not end a run."""

    def __init__(self, raw: TextIO | None, redact: Callable[[str], str]) -> None:
        self._raw = raw
        self._redact = redact
        if isinstance(raw, io.TextIOWrapper):
            # A title that the terminal's encoding can't express must not end a run either.
            raw.reconfigure(errors="backslashreplace")

    @property
    def encoding(self) -> str:
        """Return the encoding, by which tables choose their lines."""
        return self._raw.encoding if self._raw else "utf-8"

    def speak_utf8(self) -> None:
        """Write UTF-8 whatever the locale says: JSON has no other encoding."""
        if isinstance(self._raw, io.TextIOWrapper):
            self._raw.reconfigure(encoding="utf-8")

    def isatty(self) -> bool:
        """Return whether a person looks at a terminal."""
        return self._raw is not None and self._raw.isatty()

    def write(self, text: str) -> int:
        """Write, as long as somebody reads."""
        if self._raw is not None:
            try:
                self._raw.write(self._redact(text))
            except OSError:
                self._give_up()
        return len(text)

    def flush(self) -> None:
        """Send what was written."""
        if self._raw is not None:
            try:
                self._raw.flush()
            except OSError:
                self._give_up()

    def fileno(self) -> int:
        """Return the number of the file behind it."""
        if self._raw is None:
            raise io.UnsupportedOperation
        return self._raw.fileno()

    def _give_up(self) -> None:
        """Send the rest to nowhere, what Python itself flushes at the end included."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
        self._raw = None
