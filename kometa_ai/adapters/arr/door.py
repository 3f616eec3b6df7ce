"""The one door to a Radarr or Sonarr: its session, its retries, and every failure renamed.

Every request that goes through here may be repeated: reads change nothing, creating a tag that
exists returns it, adding and removing a tag are set operations, deleting what is gone is done.
(aiohttp itself repeats a request once when the connection is lost before the answer.) An edit alone
is not repeated when its connection is lost: Radarr may be at work on it for minutes.
"""

from __future__ import annotations

import logging
import os
import random
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Self, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec

from kometa_ai import __version__
from kometa_ai.adapters.arr.faults import LostError, RepeatableError, Server, reason_in
from kometa_ai.adapters.arr.json_stream import ArrayReader, JsonStreamError, RecordError
from kometa_ai.domain.fault import FaultKind, KometaAIError, StopError
from kometa_ai.ports import LONGEST_WAIT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from kometa_ai.ports import Clock

Answer = TypeVar("Answer")
Record = TypeVar("Record")

ATTEMPTS = 4
EDITING = "PUT"
_UNAVAILABLE = frozenset({429, 502, 503, 504})
_REDIRECTS = range(300, 400)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds of silence after which a request is given up.

    Bulk edits are slow: Radarr maps each of 500 films anew before it answers, 40 s for 250 films
    were seen.
    """

    connect: float = 10.0
    answer: float = 60.0
    edit: float = 300.0


def wait_before(attempt: int, chance: float) -> float:
    """Return the seconds to wait before the given repetition: about 1, 3, 9."""
    return float(3 ** (attempt - 1)) * (1 + chance / 2)


class Door:
    """One session with one server."""

    def __init__(
        self,
        app: str,
        url: str,
        api_key: str,
        clock: Clock,
        *,
        verify_tls: bool,
        timeouts: Timeouts,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._base, host, shown = _addresses(app, url)
        self.server = Server(app, shown)
        self.timeouts = timeouts
        self._api_key = api_key
        self._clock = clock
        self._verify_tls = verify_tls
        self._chance = chance
        # Compressing for the own machine costs both sides more time than it saves.
        self._encoding = "identity" if host in _LOOPBACK else "gzip"

    async def __aenter__(self) -> Self:
        """Open the session; the first request connects."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._verify_tls),
            headers={
                "X-Api-Key": self._api_key,
                "Accept": "application/json",
                "Accept-Encoding": self._encoding,
                "User-Agent": f"Kometa-AI/{__version__}",
            },
            read_bufsize=2**18,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the session."""
        await self._session.close()

    async def ask(
        self, method: str, path: str, answer: type[Answer], body: object = None
    ) -> Answer:
        """Send one request and return its short answer, typed."""

        async def receive(response: aiohttp.ClientResponse) -> Answer:
            try:
                return msgspec.json.decode(await response.read(), type=answer)
            except msgspec.ValidationError as error:
                raise RecordError(str(error)) from error
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise JsonStreamError(str(error)) from error

        return await self._repeat(method, path, body, self.timeouts.answer, receive)

    async def tell(self, method: str, path: str) -> None:
        """Send one request whose answer says nothing."""

        async def receive(response: aiohttp.ClientResponse) -> None:
            await response.read()

        await self._repeat(method, path, None, self.timeouts.answer, receive)

    async def stream(
        self,
        method: str,
        path: str,
        record: type[Record],
        keep: Callable[[list[Record]], list[Answer]],
        body: object = None,
    ) -> list[Answer]:
        """Send one request and return what ``keep`` makes of its long answer, some at a time."""

        async def receive(response: aiohttp.ClientResponse) -> list[Answer]:
            reader = ArrayReader(record)
            kept: list[Answer] = []
            async for data in response.content.iter_any():
                if records := reader.feed(data):
                    kept += keep(records)
            kept += keep(reader.finish())
            return kept

        silence = self.timeouts.answer if method == "GET" else self.timeouts.edit
        return await self._repeat(method, path, body, silence, receive)

    async def _repeat(
        self,
        method: str,
        path: str,
        body: object,
        silence: float,
        receive: Callable[[aiohttp.ClientResponse], Awaitable[Answer]],
    ) -> Answer:
        """Send a request until it succeeds, cannot succeed, or was sent often enough."""
        for attempt in range(1, ATTEMPTS):
            try:
                return await self._attempt(method, path, body, silence, receive)
            except RepeatableError as error:
                if isinstance(error, LostError) and method == EDITING:
                    raise
                wait = error.wait
                if wait is None:
                    wait = wait_before(attempt, self._chance())
                if wait > LONGEST_WAIT:
                    raise
                logger.info("%s Trying again in %.1f s.", error, wait)
            await self._clock.sleep(wait)
        return await self._attempt(method, path, body, silence, receive)

    async def _attempt(
        self,
        method: str,
        path: str,
        body: object,
        silence: float,
        receive: Callable[[aiohttp.ClientResponse], Awaitable[Answer]],
    ) -> Answer:
        try:
            async with self._session.request(
                method,
                self._base + path,
                data=None if body is None else msgspec.json.encode(body),
                headers=None if body is None else {"Content-Type": "application/json"},
                allow_redirects=False,
                middlewares=(_only_once,) if method == EDITING else (),
                timeout=aiohttp.ClientTimeout(connect=self.timeouts.connect, sock_read=silence),
            ) as response:
                if response.status not in range(200, 300):
                    raise await self._refusal(response)
                if response.content_type == "text/html":
                    raise self.server.wrong_base("a web page answers")
                return await receive(response)
        except (aiohttp.ClientError, OSError, JsonStreamError, RecordError) as error:
            raise self._renamed(error) from error

    def _renamed(self, error: Exception) -> KometaAIError:
        """Return the failure of a connection as a sentence.

        The order counts: the classes of aiohttp derive from each other and from OSError.
        """
        server = self.server
        match error:
            case RecordError():
                return server.unknown_shape(str(error))
            case JsonStreamError():
                return server.broken_off("it is cut off or not JSON")
            case aiohttp.ClientConnectorCertificateError():
                return server.untrusted(_certificate_reason(error))
            case aiohttp.ClientSSLError() | aiohttp.ClientResponseError():
                return server.wrong_protocol(type(error).__name__)
            case aiohttp.ClientConnectorDNSError():
                return server.unreachable(f"the name {error.host} is not known")
            case aiohttp.ClientConnectorError():
                number = error.os_error.errno
                return server.unreachable(os.strerror(number) if number else "no connection")
            case aiohttp.ConnectionTimeoutError():
                return server.unreachable("no connection in time")
            case TimeoutError():
                return server.unanswered()
            case (
                aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | _LostConnectionError()
            ):
                return server.hung_up()
            case _:
                return server.broken_off("the connection broke off")

    async def _refusal(self, response: aiohttp.ClientResponse) -> KometaAIError:
        """Return an answer that is not a success as a sentence."""
        server, status = self.server, response.status
        reading = response.method == "GET"
        if status in {401, 403}:
            return server.wrong_key()
        if status in _REDIRECTS:
            path = urlsplit(response.headers.get("Location", "")).path
            return server.wrong_base(f"it sends on to {path or 'another address'}")
        if status == HTTPStatus.NOT_FOUND and reading:
            return server.wrong_base("it answers 404, not found")
        reason = reason_in(await response.read()).replace(self._api_key, "…")
        if status == HTTPStatus.GATEWAY_TIMEOUT and not reading:
            return server.unanswered()
        if status in _UNAVAILABLE or "database is locked" in reason:
            return server.unavailable(status, reason, self._asked_wait(response))
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR and reading:
            return server.failed(status, reason)
        return server.refused(status, reason)

    def _asked_wait(self, response: aiohttp.ClientResponse) -> float | None:
        """Return the seconds of a Retry-After, which may also be written as a date."""
        asked = response.headers.get("Retry-After", "")
        if asked.isdecimal():
            return float(asked)
        try:
            return max(0.0, (parsedate_to_datetime(asked) - self._clock.now()).total_seconds())
        except (ValueError, TypeError):
            return None


async def _only_once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Give a lost connection a name that aiohttp does not know, or it would send once more."""
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _LostConnectionError from error


class _LostConnectionError(aiohttp.ClientError):
    """The connection of an edit ended before any answer."""


def _addresses(app: str, url: str) -> tuple[str, str, str]:
    """Return the base for requests, the host, and the address as it may be shown.

    A query is dropped: Radarr would take a key in it for the one that counts.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in {"http", "https"} or not host:
        raise StopError(
            FaultKind.LIBRARY,
            "The address is not one that begins with http:// or https:// and names a host.",
            remedy=f"Correct {app.upper()}_URL.",
            where=app,
        )
    path = parts.path.rstrip("/")
    login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    place = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    return f"{parts.scheme}://{login}{place}{path}", host, f"{parts.scheme}://{place}{path}"


def _certificate_reason(error: aiohttp.ClientConnectorCertificateError) -> str:
    """Return OpenSSL's words, such as "self-signed certificate"."""
    words = getattr(error.certificate_error, "verify_message", "")
    return str(words).rstrip(".") or "it cannot be verified"
