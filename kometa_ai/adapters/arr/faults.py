"""What can go wrong with a Radarr or Sonarr, each as one sentence and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from kometa_ai.domain.fault import FaultKind, SkipError, StopError, TryLaterError

REASON_LIMIT = 200


class RepeatableError(TryLaterError):
    """The same request may succeed in some seconds; ``wait`` is what the server asked for."""

    wait: float | None = None


class LostError(RepeatableError):
    """The connection ended when the request was out; the server may still be at work on it."""


class UnansweredError(TryLaterError):
    """The answer did not come in time; the server may still be at work on the request."""


class RefusedError(SkipError):
    """The server understood the request and does not do it; ``reason`` is what it said."""

    status: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """A server as sentences name it: its program, and its address without any credentials."""

    app: str
    address: str

    @property
    def where(self) -> str:
        """Return the place that a fault names."""
        return f"{self.app} at {self.address}"

    def unreachable(self, reason: str) -> RepeatableError:
        """No connection came about."""
        return RepeatableError(
            FaultKind.LIBRARY,
            f"{self.app} cannot be reached: {reason}.",
            remedy=f"Check that {self.app} runs and that {self.app.upper()}_URL is its address.",
            where=self.where,
        )

    def untrusted(self, reason: str) -> TryLaterError:
        """The certificate does not prove who the server is."""
        return TryLaterError(
            FaultKind.LIBRARY,
            f"The TLS certificate of {self.app} is not trusted: {reason}.",
            remedy=f"Give {self.app} a valid certificate, or set {self.app.upper()}_VERIFY_TLS="
            "false if it is your own self-signed one.",
            where=self.where,
        )

    def wrong_protocol(self, reason: str) -> TryLaterError:
        """What answers speaks no HTTP, or no TLS."""
        return TryLaterError(
            FaultKind.LIBRARY,
            f"The answer is not in the protocol that was expected: {reason}.",
            remedy=f"Check in {self.app.upper()}_URL whether it is http:// or https://, and the "
            "port.",
            where=self.where,
        )

    def unanswered(self) -> UnansweredError:
        """The connection stands, but nothing comes any more."""
        return UnansweredError(
            FaultKind.LIBRARY,
            f"{self.app} did not answer in time.",
            remedy=f"It may be busy; if this happens again, look into the logs of {self.app}.",
            where=self.where,
        )

    def hung_up(self) -> LostError:
        """The connection ended before any answer."""
        return LostError(
            FaultKind.LIBRARY,
            f"{self.app} closed the connection without an answer.",
            remedy=f"Check in {self.app.upper()}_URL whether it is http:// or https://; if that is "
            f"right, look into the logs of {self.app}.",
            where=self.where,
        )

    def broken_off(self, reason: str) -> LostError:
        """The answer ended before it was complete, or is no JSON."""
        return LostError(
            FaultKind.LIBRARY,
            f"The answer of {self.app} cannot be read: {reason}.",
            remedy=f"If this happens again, look into the logs of {self.app} and of any proxy "
            "in between.",
            where=self.where,
        )

    def unavailable(self, status: int, reason: str, wait: float | None) -> RepeatableError:
        """The server, or a proxy before it, can do nothing at present."""
        error = RepeatableError(
            FaultKind.LIBRARY,
            f"{self.app} is not available now ({_quoted(status, reason)}).",
            remedy="The next run tries again.",
            where=self.where,
        )
        error.wait = wait
        return error

    def wrong_key(self) -> StopError:
        """The key is missing, wrong, or not let through by a proxy."""
        return StopError(
            FaultKind.LIBRARY,
            f"{self.app} refused the API key.",
            remedy=f"Copy it from {self.app}, Settings → General → API Key, into "
            f"{self.app.upper()}_API_KEY.",
            where=self.where,
        )

    def wrong_base(self, seen: str) -> StopError:
        """Something answers, but not the program's API: mostly a wrong URL base."""
        return StopError(
            FaultKind.LIBRARY,
            f"The API of {self.app} is not at this address: {seen}.",
            remedy=f"Set {self.app.upper()}_URL to the address that opens {self.app} in a "
            "browser, with its URL Base (Settings → General) if it has one and without if not.",
            where=self.where,
        )

    def another_program(self, name: str) -> StopError:
        """The API is there, but it is that of another program of the family."""
        return StopError(
            FaultKind.LIBRARY,
            f"What answers at this address is {name or 'unknown'}, not {self.app}.",
            remedy=f"Check host and port in {self.app.upper()}_URL.",
            where=self.where,
        )

    def unknown_shape(self, reason: str) -> StopError:
        """The JSON is sound but says something that this program cannot understand."""
        return StopError(
            FaultKind.LIBRARY,
            f"{self.app} sent a record that cannot be understood: {reason}.",
            remedy=f"Update {self.app} and Kometa-AI; if both are new, please report this.",
            where=self.where,
        )

    def refused(self, status: int, reason: str) -> RefusedError:
        """Any other refusal, in the server's own words."""
        error = RefusedError(
            FaultKind.LIBRARY,
            f"{self.app} refused a request ({_quoted(status, reason)}).",
            remedy=f"The logs of {self.app} (System → Logs) say more.",
            where=self.where,
        )
        error.status = status
        error.reason = reason
        return error

    def failed(self, status: int, reason: str) -> TryLaterError:
        """The server broke down over a question that it should be able to answer."""
        return TryLaterError(
            FaultKind.LIBRARY,
            f"{self.app} failed to answer ({_quoted(status, reason)}).",
            remedy=f"The logs of {self.app} (System → Logs) say more.",
            where=self.where,
        )


class _Problem(msgspec.Struct, rename="camel"):
    """All the words that an error body may hold; ``description`` is left out on purpose.

    It is a stack trace.
    """

    message: str | None = None
    error_message: str | None = None
    title: str | None = None
    errors: dict[str, list[str]] | None = None


def reason_in(body: bytes) -> str:
    """Return what an error body says in one short line, or nothing.

    It may be empty, an array of broken rules, an exception with its message, or problem+json.
    """
    try:
        problems = msgspec.json.decode(body, type=_Problem | list[_Problem])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    if isinstance(problems, _Problem):
        problems = [problems]
    words = [word for problem in problems for word in _words(problem)]
    return " ".join("; ".join(words).split())[:REASON_LIMIT].rstrip(".")


def _words(problem: _Problem) -> list[str]:
    if problem.errors:
        return [word for told in problem.errors.values() for word in told]
    told = problem.error_message or problem.message or problem.title or ""
    return told.strip().splitlines()[:1]


def _quoted(status: int, reason: str) -> str:
    return f"HTTP {status}: {reason}" if reason else f"HTTP {status}"
