"""Where a command prints: words or JSON on stdout, and never a secret."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from kometa_ai.terminal import console

if TYPE_CHECKING:
    from collections.abc import Callable


class Output:
    """The two streams of a command. With ``as_json`` the words go to stderr."""

    def __init__(self, redact: Callable[[str], str], *, as_json: bool) -> None:
        self._redact = redact
        self.as_json = as_json
        self.words = console(sys.stderr if as_json else sys.stdout)
        self.problems = console(sys.stderr)

    def json(self, value: object) -> None:
        """Print a value as JSON on stdout."""
        text = json.dumps(value, indent=2, ensure_ascii=False)
        sys.stdout.write(f"{self._redact(text)}\n")
        sys.stdout.flush()

    def say(self, sentence: str) -> None:
        """Print a sentence as it is, for people."""
        self.words.print(self._redact(sentence), markup=False, soft_wrap=True)

    def complain(self, sentence: str) -> None:
        """Print what went wrong to stderr."""
        self.problems.print(self._redact(sentence), markup=False, soft_wrap=True)
