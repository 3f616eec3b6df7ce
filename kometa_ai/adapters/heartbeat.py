"""A sign of life to a watcher outside, who notices when it stays away."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import aiohttp

from kometa_ai import __version__
from kometa_ai.domain.fault import TryLaterError
from kometa_ai.messages.answers import Receiver, success
from kometa_ai.settings.redaction import address_redactor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kometa_ai.ports import Clock

SETTING: Final = "HEARTBEAT_URL"
PAUSES: Final = (1.0, 3.0)
"""Seconds before the second and the third try."""
LONGEST_ANSWER: Final = 1024
PUSH: Final = "/api/push/"
"""In the path of Uptime Kuma's addresses, also where their query has been cut off."""
UP: Final = {"status": "up", "msg": "OK"}
DOWN: Final = {"status": "down", "msg": "the run failed, wholly or in part"}


class Heartbeat:
    """An address of healthchecks.io or of Uptime Kuma.

    The one has ``/start`` and ``/fail`` behind its path, the other has the status in its query,
    and no word for a beginning.
    """

    def __init__(self, address: str, clock: Clock, *, timeout: float = 10.0) -> None:
        self._address = address
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._receiver = Receiver(
            "heartbeat", "The heartbeat's server", SETTING, address_redactor(address)
        )

    async def start(self) -> str:
        """Tell that a run begins; see ``success`` for what comes back."""
        if is_push(self._address):
            return "not told, for Uptime Kuma knows no beginning"
        return await self._call(behind_path(self._address, "/start"))

    async def success(self) -> str:
        """Tell that a run ended well, and return what the server answered.

        Raises a KometaAIError with a sentence for the log when it cannot be told; nothing else
        depends on it.
        """
        if is_push(self._address):
            return await self._call(with_status(self._address, UP))
        return await self._call(behind_path(self._address, ""))

    async def failure(self) -> str:
        """Tell that a run failed, wholly or in part; see ``success`` for what comes back."""
        if is_push(self._address):
            return await self._call(with_status(self._address, DOWN))
        return await self._call(behind_path(self._address, "/fail"))

    async def _call(self, address: str) -> str:
        for pause in PAUSES:
            try:
                return await self._try(address)
            except TryLaterError:
                await self._clock.sleep(pause)
        return await self._try(address)

    async def _try(self, address: str) -> str:
        receiver = self._receiver
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout) as session,
                session.get(
                    address,
                    headers={"User-Agent": f"Kometa-AI/{__version__}"},
                    max_redirects=3,
                ) as response,
            ):
                if response.status in range(200, 300):
                    return success(response.status)
                words = (await response.content.read(LONGEST_ANSWER)).decode(errors="replace")
                raise receiver.refusal(response.status, words)
        # Not "from error": aiohttp's own words may hold the address, which is the secret.
        except aiohttp.InvalidURL:
            raise receiver.never("has no address that can be called", "the address in") from None
        except aiohttp.TooManyRedirects:
            raise receiver.never("sends on and on", "the address in") from None
        except aiohttp.ClientConnectorError as error:
            number = error.os_error.errno
            reason = os.strerror(number) if number and number > 0 else "no connection"
            raise receiver.unreachable(reason) from None
        except TimeoutError:
            raise receiver.unanswered() from None
        except (aiohttp.ClientError, OSError):
            raise receiver.hung_up() from None


def behind_path(address: str, word: str) -> str:
    """Return the address with a word behind its path, before a query."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + word))


def is_push(address: str) -> bool:
    """Return whether it is told by a status in its query, as Uptime Kuma is."""
    parts = urlsplit(address)
    return PUSH in parts.path or "status" in dict(parse_qsl(parts.query, keep_blank_values=True))


def with_status(address: str, status: Mapping[str, str]) -> str:
    """Return the address with a status and its words in the query; all else in it stays."""
    parts = urlsplit(address)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **status}
    return urlunsplit(parts._replace(query=urlencode(query)))
