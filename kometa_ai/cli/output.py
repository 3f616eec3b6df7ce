"""Where a command prints: words or JSON on stdout, and never a secret."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, TypeVar

from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.wording import clean
from kometa_ai.report_json import failure_json
from kometa_ai.settings import SettingsError, masked
from kometa_ai.terminal.stream import Stream
from kometa_ai.terminal.text import wrapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from kometa_ai.domain.fault import KometaAIError

T = TypeVar("T")


class Output:
    """The two streams of a command. With ``as_json`` the words go to stderr."""

    def __init__(self, redact: Callable[[str], str], *, as_json: bool) -> None:
        self._redact = redact
        self._stdout = Stream(sys.stdout, redact)
        self._problems = Stream(sys.stderr, redact)
        self._answered = False
        self.as_json = as_json
        self.words = self._problems if as_json else self._stdout
        if as_json:
            self._stdout.speak_utf8()

    def json(self, value: object) -> None:
        """Print a value as JSON on stdout."""
        # Secrets are masked in the texts and not in the JSON: a password "true" is no excuse for
        # JSON that nobody can read.
        text = json.dumps(self.masked(value), indent=2, ensure_ascii=False)
        stdout = Stream(sys.stdout, str)
        stdout.write(f"{text}\n")
        stdout.flush()
        self._answered = True

    def say(self, sentence: str) -> None:
        """Print a sentence for people."""
        _print(self.words, sentence)

    def complain(self, sentence: str) -> None:
        """Print what went wrong to stderr."""
        _print(self._problems, sentence)

    def fail(self, error: KometaAIError, *, dry_run: bool = False) -> None:
        """Say why nothing came of the command, in JSON too unless it has answered already."""
        faults = error.faults if isinstance(error, SettingsError) else (error.fault,)
        self._answer_failed(faults, "failed", dry_run=dry_run)
        self.complain(str(error))

    def stop(self, sentence: str, *, dry_run: bool = False) -> None:
        """Say that the command was stopped from outside."""
        self._answer_failed((), "cancelled", dry_run=dry_run)
        self.complain(sentence)

    def break_down(self, sentence: str, *, dry_run: bool = False) -> None:
        """Say that the program itself is at fault."""
        self._answer_failed(
            (Fault(FaultKind.PROGRAM, "Kometa-AI", sentence),), "failed", dry_run=dry_run
        )
        self.complain(sentence)

    def masked(self, value: T) -> T:
        """Return the value with every secret masked, in whatever texts it holds."""
        return masked(value, self._redact)

    def _answer_failed(self, faults: tuple[Fault, ...], result: str, *, dry_run: bool) -> None:
        if self.as_json and not self._answered:
            self.json(failure_json(faults, result, dry_run=dry_run))


def _print(stream: Stream, sentence: str) -> None:
    text = clean(sentence)
    stream.write(f"{wrapped(text) if stream.isatty() else text}\n")
    stream.flush()
