"""Where Claude is asked: the way there, and what its refusals mean."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from kometa_ai.adapters.claude.wire import ComplainedError, Complaint, NotClaudeError
from kometa_ai.domain.fault import FaultKind, KometaAIError, SkipError, StopError
from kometa_ai.ports import UnansweredError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anthropic import AsyncAnthropic

    from kometa_ai.adapters.claude.wire import Received
    from kometa_ai.domain.cost import Usage
    from kometa_ai.ports import Clock

WHERE: Final = "Claude"
ANTHROPIC: Final = "https://api.anthropic.com"
CONSOLE: Final = "https://platform.claude.com"
KEY_REMEDY: Final = f"Check CLAUDE_API_KEY; keys are made at {CONSOLE}/settings/keys."
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
SAID_LIMIT: Final = 200
"""Of what a server says about an error, so much is shown."""

STATUS_OF: Final[Mapping[str, int]] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The status that each type of error would have had, had it not come after a 200."""

SERVER_ERROR: Final = 500
BAD_REQUEST: Final = 400
PAYMENT_REQUIRED: Final = 402
GATEWAY_TIMEOUTS: Final = frozenset((504, 524))
MONEY_PHRASES: Final = ("credit balance", "usage limits", "spend limit")
"""How a 400 says that it is about money; it has no type of its own for that."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds: for the connection, between two signs of life, and in all."""

    connect: float = 10
    silence: float = 120
    total: float = 600


class RefusedError(SkipError):
    """A request was refused as it is; ``said`` tells by which of its parameters."""

    def __init__(self, message: str, said: str) -> None:
        super().__init__(FaultKind.CLAUDE, message, where=WHERE)
        self.said = said


class AddressError(StopError):
    """What answers is not the Claude API; ``empty`` is true where nothing is at the address."""

    def __init__(self, message: str, remedy: str, *, empty: bool) -> None:
        super().__init__(FaultKind.CLAUDE, message, remedy=remedy, where=WHERE)
        self.empty = empty


class Server:
    """Anthropic, or a server that speaks its API, and the key that it is shown."""

    def __init__(self, api_key: str, model: str, setting: str, url: str, clock: Clock) -> None:
        self._url = "CLAUDE_BASE_URL"  # what is wrong with it may hold a password: it is not shown
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise self._wrong_address() from error
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2])
        self._url = bare.geturl().rstrip("/")
        self._login = None
        if parts.username:
            self._login = (unquote(parts.username), unquote(parts.password or ""))
        self._key = api_key
        self._model = model
        self._setting = setting
        self._clock = clock
        self.ours = self._url != ANTHROPIC
        self.who = self._url if self.ours else "Anthropic"

    def open(self, patience: Patience) -> AsyncAnthropic:
        """Make the client. Of the environment only a proxy has a say in it."""
        import httpx2
        from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient

        if not re.fullmatch("[!-~]+", self._key):
            raise StopError(
                FaultKind.CLAUDE,
                "CLAUDE_API_KEY is empty, or it holds a character that no key has.",
                remedy=KEY_REMEDY,
                where=WHERE,
            )
        timeout = httpx2.Timeout(patience.silence, connect=patience.connect, pool=None)
        try:
            client = AsyncAnthropic(
                api_key=self._key,
                base_url=self._url,
                timeout=timeout,
                max_retries=0,
                open_telemetry=False,
                http_client=DefaultAsyncHttpxClient(
                    timeout=timeout,
                    auth=self._login,
                    follow_redirects=False,  # the key is for the server that the user named
                    mounts={f"all://{host}": None for host in LOOPBACK},
                ),
            )
        except httpx2.InvalidURL as error:
            raise self._wrong_address() from error
        # Whatever ANTHROPIC_CUSTOM_HEADERS held; the SDK has no other way to leave it out. A login
        # in the URL takes the Authorization header, so the key needs the older one then.
        client._custom_headers = {"X-Api-Key": self._key} if self._login else {}  # noqa: SLF001
        return client

    def renamed(self, error: Exception, received: Received) -> KometaAIError:
        """Return what an error means for the run and for the user."""
        import anthropic
        import httpx2

        # The SDK hides what happened on the wire behind one error for all of it.
        cause = error.__cause__ if isinstance(error, anthropic.APIConnectionError) else error
        match cause:
            case anthropic.APIStatusError():
                complaint = Complaint(cause.type or "", cause.api_message or cause.message)
                headers = cause.response.headers
                return self._refusal(cause.status_code, complaint, cause.error_code or "", headers)
            case ComplainedError(complaint=complaint):
                status = STATUS_OF.get(complaint.type, SERVER_ERROR)
                return self._refusal(status, complaint, lost=received.lost)
            case NotClaudeError() | httpx2.UnsupportedProtocol():
                return self._wrong_address()
            case (
                httpx2.ConnectError()
                | httpx2.ConnectTimeout()
                | httpx2.ProxyError()
                | httpx2.WriteError()
                | httpx2.WriteTimeout()
            ):
                return self._out_of_reach(cause)
            case TimeoutError() | httpx2.TimeoutException():
                what = "did not answer in time"
            case _:
                what = "broke off before its answer was complete"
        return UnansweredError(
            f"{self.who} {what}.", lost=received.lost, unknown=not received.began
        )

    def unknown_model(self) -> StopError:
        """Return that the model does not exist, or does no longer."""
        return StopError(
            FaultKind.CLAUDE,
            f'{self.who} knows no model "{self._model}"; it may be misspelt or retired.',
            remedy=f"Set {self._setting} to a current model, or leave it out.",
            where=WHERE,
        )

    def wrong_effort(self, effort: str) -> StopError:
        """Return that the model has no such effort."""
        return StopError(
            FaultKind.CLAUDE,
            f'{self.who} does not offer the effort "{effort}" for {self._model}.',
            remedy="Set CLAUDE_EFFORT to another value, or leave it out.",
            where=WHERE,
        )

    def _refusal(
        self,
        status: int,
        complaint: Complaint,
        code: str = "",
        headers: Mapping[str, str] | None = None,
        lost: Usage | None = None,
    ) -> KometaAIError:
        """Return what a status other than 200 means, or an error in the place of an answer."""
        said = self.quoted(complaint.message)
        if _is_about_money(status, complaint, code):
            return StopError(
                FaultKind.CLAUDE,
                f"There is no credit left to ask Claude, or a spend limit is reached: {said}",
                remedy=f"Add credit or raise the limit at {CONSOLE}/settings/billing.",
                where=WHERE,
            )
        match status:
            case 401 | 403:
                return self._wrong_key(said)
            case 404 if complaint.type == "not_found_error" and "model" in said.lower():
                return self.unknown_model()
            case _ if status in {404, 405} or status < BAD_REQUEST:
                return self._wrong_address(empty=status >= BAD_REQUEST)
            case 429:
                what = "limits how much it may be asked"
            case 529:
                what = "is overloaded"
            case _ if status >= SERVER_ERROR or status in {408, 409}:
                what = f"failed ({status}): {said}"
            case _:
                return RefusedError(
                    f"{self.who} refused the request as it is ({status}): {said}", complaint.message
                )
        return UnansweredError(
            f"{self.who} {what}.".replace("..", "."),
            retry_after=self._retry_after(headers or {}),
            lost=lost,
            # A gateway that lost its patience: what is behind it may have answered, and billed.
            unknown=status in GATEWAY_TIMEOUTS and not complaint.type,
        )

    def _wrong_key(self, why: str) -> StopError:
        return StopError(
            FaultKind.CLAUDE,
            f"{self.who} refused the API key: {why}",
            remedy=KEY_REMEDY,
            where=WHERE,
        )

    def _wrong_address(self, *, empty: bool = False) -> AddressError:
        remedy = "Set CLAUDE_BASE_URL to what stands before /v1/messages, or leave it out."
        if self._url == ANTHROPIC:
            remedy = "Something on the way answers in its place: a proxy, a firewall, a login page."
        return AddressError(f"{self._url} does not lead to the Claude API.", remedy, empty=empty)

    def _out_of_reach(self, error: Exception) -> UnansweredError:
        why = self.quoted(str(error)) or type(error).__name__
        return UnansweredError(f"{self.who} cannot be reached: {why}")

    def quoted(self, said: str) -> str:
        """Return what a server said, in one short line, without the key if it echoes it."""
        line = " ".join(said.split()).replace(self._key, "…")
        return line if len(line) <= SAID_LIMIT else line[:SAID_LIMIT] + "…"

    def _retry_after(self, headers: Mapping[str, str]) -> float | None:
        text = headers.get("retry-after", "")
        try:
            seconds = float(text)
        except ValueError:
            return self._seconds_until(text)
        return max(0.0, seconds) if math.isfinite(seconds) else None

    def _seconds_until(self, date: str) -> float | None:
        try:
            then = parsedate_to_datetime(date)
        except ValueError:
            return None
        if then.tzinfo is None:  # as the header writes it when the zone is -0000
            then = then.replace(tzinfo=UTC)
        return max(0.0, (then - self._clock.now()).total_seconds())


def _is_about_money(status: int, complaint: Complaint, code: str) -> bool:
    if status == PAYMENT_REQUIRED or complaint.type == "billing_error" or "spend_limit" in code:
        return True
    said = complaint.message.lower()
    return status == BAD_REQUEST and any(phrase in said for phrase in MONEY_PHRASES)
