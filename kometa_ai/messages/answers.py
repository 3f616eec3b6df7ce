"""What the other side of a channel answered, as sentences: it may work later, not this, never."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.fault import FaultKind, KometaAIError, SkipError, StopError, TryLaterError

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_WORDS: Final = 200
"""Characters of a server's own words that a sentence quotes."""
_LATER: Final = frozenset({408, 425, 429})
_REDIRECTS: Final = range(300, 400)
_WORDED: Final = (
    *("message", "error_description", "description", "detail", "error", "errors"),
    *("reason", "title"),
)
"""Under which keys services say in JSON what is wrong, the most telling first."""


def words_in(answer: str) -> str:
    """Return what an answer says in one short line: JSON's message, a page's title, or its text."""
    text = answer.strip()
    if text.startswith(("{", "[")):
        # No JSON after all, or cut off: then its text must do.
        with suppress(ValueError, RecursionError):
            text = _told(json.loads(text)) or text
    elif re.match(r"(<\?xml|<!doctype|<html|<head|<body)", text, re.IGNORECASE):
        title = re.search(r"<(title|h1)[^>]*>(.*?)</\1>", text, re.IGNORECASE | re.DOTALL)
        text = html.unescape(title[2] if title else re.sub(r"<[^>]*>", " ", text))
    return shortened(text)


def shortened(text: str) -> str:
    """Return a text on one line without control characters, cut at a word, without its stop."""
    plain = "".join(" " if unicodedata.category(one)[0] == "C" else one for one in text)
    line = " ".join(plain.split())
    if len(line) > LONGEST_WORDS:
        line = line[:LONGEST_WORDS].rpartition(" ")[0] or line[:LONGEST_WORDS]
        return f"{line} …"
    return line.rstrip(".")


def _told(answer: object, depth: int = 3) -> str:
    """Return the words in a JSON answer, which some services put into a list or another object."""
    match answer:
        case str():
            return answer
        case list() if depth:
            return "; ".join(filter(None, (_told(one, depth - 1) for one in answer[:3])))
        case dict() if depth:
            return next(filter(None, (_told(answer.get(key), depth - 1) for key in _WORDED)), "")
        case _:
            return ""


@dataclass(frozen=True, slots=True)
class Receiver:
    """The other side as sentences name it.

    ``name`` is the channel's, ``subject`` begins sentences, ``setting`` is where its address
    stands, and ``hide`` keeps that address out of what is quoted.
    """

    name: str
    subject: str
    setting: str
    hide: Callable[[str], str]

    def refusal(self, status: int, answer: str) -> KometaAIError:
        """Return an answer that is no success as what it means."""
        said = _quoted(status, words_in(self.hide(answer)))
        if status in _LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return self.later(f"cannot take a message now ({said})")
        match status:
            case 401 | 403:
                return self.never(f"does not let us in ({said})", "the login or token in")
            case 404 | 410:
                return self.never(f"knows no such address ({said})", "the address in")
            case 405:
                return self.never(f"takes no messages at this address ({said})", "the address in")
            case _ if status in _REDIRECTS:
                return self.never(
                    f"sends on to another address, and messages are not sent on ({said})",
                    "the address, which is another one now, in",
                )
            case _:
                return self.not_this(f"refused the message ({said})")

    def unreachable(self, reason: str) -> TryLaterError:
        """No connection came about."""
        return self.later(
            f"cannot be reached: {reason}",
            f"Check that it runs, and the address in {self.setting}.",
        )

    def unanswered(self) -> TryLaterError:
        """Nothing came any more."""
        return self.later("did not answer in time")

    def hung_up(self) -> TryLaterError:
        """The connection ended before the answer did."""
        return self.later("closed the connection without an answer")

    def later(self, what: str, remedy: str = "") -> TryLaterError:
        """Another time may be better."""
        return TryLaterError(
            FaultKind.MESSAGES,
            f"{self.subject} {what}.",
            remedy=remedy or "It may work another time.",
            where=self.name,
        )

    def not_this(self, what: str) -> SkipError:
        """This message will not be taken; another may."""
        return SkipError(
            FaultKind.MESSAGES,
            f"{self.subject} {what}.",
            remedy=f"This message is not sent again. If each is refused, check {self.setting}.",
            where=self.name,
        )

    def never(self, what: str, wrong: str) -> StopError:
        """Nothing is taken until the setting changes."""
        return StopError(
            FaultKind.MESSAGES,
            f"{self.subject} {what}.",
            remedy=f"Correct {wrong} {self.setting}.",
            where=self.name,
        )


def success(status: int) -> str:
    """Return a status as people know it: ``202 Accepted``."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def numbered(names: list[str]) -> list[str]:
    """Return names of which no two are the same: Discord, Slack, Discord 2."""
    seen: dict[str, int] = {}
    told: list[str] = []
    for name in names:
        seen[name] = number = seen.get(name, 0) + 1
        told.append(name if number == 1 else f"{name} {number}")
    return told


def _quoted(status: int, words: str) -> str:
    return f"HTTP {status}: {words}" if words else f"HTTP {success(status)}"
