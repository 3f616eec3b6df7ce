"""The report to programs: one POST of our own JSON to an address of the user's."""

from __future__ import annotations

import hashlib
import io
import os
from base64 import b64encode
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit, urlunsplit

import aiohttp
import msgspec

from kometa_ai import __version__
from kometa_ai.messages.answers import Receiver, numbered, success
from kometa_ai.settings.redaction import address_redactor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kometa_ai.domain.fault import KometaAIError
    from kometa_ai.domain.message import Message

SETTING: Final = "WEBHOOK_URLS"
LONGEST_ANSWER: Final = 4096
_LARGE: Final = 1_000_000


def webhooks(addresses: Sequence[str], *, timeout: float = 10.0) -> list[Webhook]:
    """Return a channel for each address of the setting; one that stands twice gets one."""
    once = list(dict.fromkeys(addresses))
    names = numbered(["webhook"] * len(once))
    return [Webhook(one, name, timeout=timeout) for one, name in zip(once, names, strict=True)]


class Webhook:
    """One address that gets message bodies.

    ``timeout`` is in seconds for the whole of it; a body of many megabytes gets a second more for
    each.
    """

    def __init__(self, address: str, name: str = "webhook", *, timeout: float = 10.0) -> None:
        self._address, self._login = _without_login(address)
        self._receiver = Receiver(name, "The webhook", SETTING, address_redactor(address))
        self._key = f"webhook-{hashlib.sha256(address.encode()).hexdigest()[:16]}"
        self._timeout = timeout

    @property
    def name(self) -> str:
        """Return ``webhook``, with a number if there are more."""
        return self._receiver.name

    @property
    def key(self) -> str:
        """Return what it is known by in the outbox; the address can't be read from it."""
        return self._key

    async def send(self, message: Message) -> str:
        """Send a message's body once, and return what the server answered."""
        body = msgspec.json.encode(message.body)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": f"Kometa-AI/{__version__}",
            "X-Kometa-AI-Delivery": message.key,
            "X-Kometa-AI-Event": str(message.occasion),
            **self._login,
        }
        allowed = self._timeout + len(body) // _LARGE
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=allowed)) as session,
                session.post(
                    self._address,
                    # A file is sent piece by piece: bytes would hold up the loop if there are many.
                    data=io.BytesIO(body),
                    headers=headers,
                    allow_redirects=False,
                ) as response,
            ):
                if response.status in range(200, 300):
                    return success(response.status)
                raise self._receiver.refusal(response.status, await _text(response))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Not "from error": aiohttp's own words may hold the address with all that is secret.
            raise self._renamed(error) from None

    def _renamed(self, error: Exception) -> KometaAIError:
        """Return a failure of the connection as a sentence.

        The order counts: the classes of aiohttp derive from each other, from OSError and, that of
        the certificate, from ValueError.
        """
        receiver = self._receiver
        match error:
            case aiohttp.ClientConnectorCertificateError():
                words = getattr(error.certificate_error, "verify_message", "")
                return receiver.unreachable(
                    f"its certificate is not trusted ({words or 'it cannot be verified'})"
                )
            case aiohttp.InvalidURL() | ValueError():
                return receiver.never("has an address that cannot be understood", "the address in")
            case aiohttp.ClientSSLError() | aiohttp.ClientResponseError():
                return receiver.unreachable("it does not speak the protocol of the address")
            case aiohttp.ClientConnectorDNSError():
                return receiver.unreachable("its host's name is not known")
            case aiohttp.ClientConnectorError():
                number = error.os_error.errno
                return receiver.unreachable(os.strerror(number) if number else "no connection")
            case aiohttp.ConnectionTimeoutError():
                return receiver.unreachable("no connection in time")
            case TimeoutError():
                return receiver.unanswered()
            case _:
                return receiver.hung_up()


async def _text(response: aiohttp.ClientResponse) -> str:
    """Return the beginning of an answer, or nothing if it is no text or breaks off."""
    kind = response.content_type
    if not (kind.startswith("text/") or kind.endswith(("json", "xml"))):
        return ""
    beginning = b""
    try:
        while len(beginning) < LONGEST_ANSWER:
            piece = await response.content.read(LONGEST_ANSWER - len(beginning))
            if not piece:
                break
            beginning += piece
    except (aiohttp.ClientError, OSError):
        pass  # the status is known; what was said until then is enough
    return beginning.decode("utf-8", errors="replace")


def _without_login(address: str) -> tuple[str, dict[str, str]]:
    """Return the address, and its login as a header: aiohttp itself takes Latin letters alone."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address, {}  # the sending says so
    login, at, place = parts.netloc.rpartition("@")
    if not at:
        return address, {}
    user, _, password = login.partition(":")
    pair = b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
    return urlunsplit(parts._replace(netloc=place)), {"Authorization": f"Basic {pair}"}
