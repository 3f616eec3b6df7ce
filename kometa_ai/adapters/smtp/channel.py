"""Mail as a channel: connect, encrypt, log in, hand over, leave."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

import aiosmtplib

from kometa_ai.adapters.smtp.faults import (
    ca_file_unusable,
    login_refused,
    no_login,
    no_starttls,
    renamed,
    some_refused,
)
from kometa_ai.adapters.smtp.server import Encryption, MailServer, Timeouts
from kometa_ai.messages.mail import Envelope, address, mail

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from kometa_ai.domain.message import Message

GOODBYE: Final = 2.0
"""Seconds for an answer to QUIT; the mail is out by then."""
WRONG_PASSWORD: Final = 535
SAFE: Final = ("plain", "login", "cram-md5")
"""Ways to log in when nobody can listen, the commonest first."""
OPEN: Final = ("cram-md5", "plain", "login")
"""Ways to log in without encryption: the one that hides the password first."""


class Smtp:
    """Sends messages as mails. Each one has a connection of its own, which is closed after it."""

    def __init__(
        self, server: MailServer, envelope: Envelope, timeouts: Timeouts | None = None
    ) -> None:
        self._server = server
        self._envelope = envelope
        self._timeouts = timeouts or Timeouts()

    @property
    def name(self) -> str:
        """Return what people call it."""
        return "mail"

    @property
    def key(self) -> str:
        """Return what tells this channel from others: who gets its mails.

        Not the server: what could not go out by a wrong one goes out when it is set right.
        """
        readers = "|".join(sorted(self._envelope.recipients))
        return f"mail-{hashlib.sha256(readers.encode()).hexdigest()[:16]}"

    async def send(self, message: Message) -> str:
        """Send a message to all recipients, and return what the server said."""
        made = mail(message, self._envelope)
        sender = address(self._envelope.sender).addr_spec
        recipients = [address(one).addr_spec for one in self._envelope.recipients]
        async with self._connected() as client:
            refused, words = await client.send_message(
                made, sender=sender, recipients=recipients, timeout=self._timeouts.whole
            )
        return self._sent(recipients, refused, words)

    async def check(self) -> str:
        """Connect, log in and leave again, and return a sentence about it."""
        async with self._connected() as client:
            await client.noop()
        server = self._server
        kind = server.encryption
        how = "not encrypted" if kind is Encryption.NONE else f"encrypted by {kind.value}"
        login = f"login as {server.username}" if server.username else "without a login"
        return f"{server.host}:{server.port} answers ({how}, {login})."

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """Hold a connection that is ready for a mail; whatever fails meanwhile gets its name."""
        server = self._server
        try:
            async with asyncio.timeout(self._timeouts.whole) as limit:
                client = aiosmtplib.SMTP(
                    hostname=server.host,
                    port=server.port,
                    # Its default is looked up, which may hang; we introduce ourselves later.
                    local_hostname="localhost",
                    timeout=self._timeouts.step,
                    use_tls=server.encryption is Encryption.TLS,
                    start_tls=False,
                    tls_context=await self._trust(),
                )
                try:
                    await client.connect()
                    await self._greet(client)
                    yield client
                    # The mail is out: from here on nothing may say that it is not.
                    limit.reschedule(None)
                    await _leave(client, min(GOODBYE, self._timeouts.step))
                finally:
                    _hang_up(client)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise renamed(server, self._envelope.sender, error) from error

    async def _trust(self) -> ssl.SSLContext | None:
        """Return which certificates are trusted: everybody's, and those of the settings' file."""
        if self._server.encryption is Encryption.NONE:
            return None
        # It reads some hundred certificates from the disk.
        context = await asyncio.to_thread(ssl.create_default_context)
        if self._server.ca_file is not None:
            try:
                await asyncio.to_thread(context.load_verify_locations, self._server.ca_file)
            except OSError as error:
                raise ca_file_unusable(self._server, error) from error
        return context

    async def _greet(self, client: aiosmtplib.SMTP) -> None:
        """Say hello, encrypt, log in: what the settings want, and nothing less."""
        await _hello(client)
        if self._server.encryption is Encryption.STARTTLS:
            if not client.supports_extension("starttls"):
                raise no_starttls(self._server)
            await client.starttls()
            await _hello(client)
        if self._server.username:
            await self._log_in(client)

    async def _log_in(self, client: aiosmtplib.SMTP) -> None:
        """Log in by one of the ways that the server offers; a wrong password is said once."""
        ways = {
            "plain": client.auth_plain,
            "login": client.auth_login,
            "cram-md5": client.auth_crammd5,
        }
        safe = self._server.encryption is not Encryption.NONE
        refused: aiosmtplib.SMTPAuthenticationError | None = None
        for way in SAFE if safe else OPEN:
            if way not in client.server_auth_methods:
                continue
            try:
                await ways[way](self._server.username, self._server.password)
            except aiosmtplib.SMTPAuthenticationError as error:
                refused = error
                # CRAM-MD5 fails too where the server keeps no password that it could read.
                if error.code == WRONG_PASSWORD and way != "cram-md5":
                    break
            except aiosmtplib.SMTPServerDisconnected:
                if refused is None:
                    raise
                break  # it refused and hung up: the refusal is what is to be told
            else:
                return
        if refused is None:
            raise no_login(self._server, client.server_auth_methods)
        raise login_refused(self._server, refused) from refused

    def _sent(
        self, recipients: list[str], refused: Mapping[str, aiosmtplib.SMTPResponse], words: str
    ) -> str:
        """Return who got the mail; raises SkipError if somebody did not.

        It is not sent again: who got it would get it twice.
        """
        took = ", ".join(one for one in recipients if one not in refused)
        said = self._server.words(words)
        if not refused:
            return f"{self._server.host} took the mail for {took}: “{said}”."
        told = ((who, answer.code, answer.message) for who, answer in refused.items())
        raise some_refused(self._server, took, said, told)


async def _hello(client: aiosmtplib.SMTP) -> None:
    """Introduce ourselves by our address, as a machine without a name does."""
    host = str(client.get_transport_info("sockname")[0]).partition("%")[0]
    await client.ehlo(hostname=f"[IPv6:{host}]" if ":" in host else f"[{host}]")


async def _leave(client: aiosmtplib.SMTP, patience: float) -> None:
    with suppress(aiosmtplib.SMTPException, OSError):
        await client.quit(timeout=patience)


def _hang_up(client: aiosmtplib.SMTP) -> None:
    """End the connection at once, whatever the other side does."""
    if isinstance(client.transport, asyncio.WriteTransport):
        client.transport.abort()
    client.close()
