"""What went wrong: a sentence for the person, a type for the program."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """The part of the world that a fault belongs to; the value is part of the report's contract."""

    SETTINGS = "settings"
    KOMETA = "kometa"
    LIBRARY = "library"
    CLAUDE = "claude"
    TAGGING = "tagging"
    STATE = "state"
    MESSAGES = "messages"
    PROGRAM = "program"
    """A bug of ours."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that went wrong, told to the user.

    ``where`` names the place (``movies.yml:12``, a collection, a film), ``message`` is a sentence
    that says what happened and ``remedy`` is one that says what to do. ``item_id`` is the library's
    id of the title that it is about, if it is about one.
    """

    kind: FaultKind
    where: str
    message: str
    remedy: str = ""
    item_id: int | None = None

    def __str__(self) -> str:
        """Return the fault as one line of text."""
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.said}{' ' if self.remedy else ''}{self.remedy}"

    @property
    def said(self) -> str:
        """Return the message, ended like a sentence if a remedy follows: it may quote a server."""
        ended = not self.remedy or self.message.endswith((".", "!", "?", ":"))
        return self.message if ended else f"{self.message}."


class KometaAIError(Exception):
    """Root of all errors that this program raises on purpose.

    The three subclasses tell the program what to do; the fault tells the user.
    """

    def __init__(self, kind: FaultKind, message: str, *, remedy: str = "", where: str = "") -> None:
        super().__init__(message)
        self.fault = Fault(kind, where, message, remedy)

    def __str__(self) -> str:
        """Return the fault as one line of text."""
        return str(self.fault)


class TryLaterError(KometaAIError):
    """The same request may succeed at another time: a server is down, overloaded or limited."""


class SkipError(KometaAIError):
    """This one thing cannot be done; everything else can."""


class StopError(KometaAIError):
    """Nothing of this kind can succeed until a person changes something."""


def first_of(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error of a group that is no group itself."""
    inner = errors.exceptions[0]
    return first_of(inner) if isinstance(inner, BaseExceptionGroup) else inner
