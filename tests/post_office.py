"""A real mail server on the loopback, whose bad days the test decides."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.outside import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from email.message import EmailMessage

    import trustme

OK = "250 2.0.0 Queued as A1B2"


@dataclass(slots=True)
class PostOffice:
    """What the server says and does, and the mails that it took.

    ``answers`` are given to mails, one after the other, instead of taking them; ``refuse`` answers
    for a recipient.
    """

    user: str = "kai"
    password: str = "right-password"
    answers: list[str] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    refuse_login: str = ""
    hang_up_after_data: bool = False
    deaf_to_quit: bool = False
    envelopes: list[Envelope] = field(default_factory=list)
    ways: list[str] = field(default_factory=list)
    port: int = 0
    greetings: list[str] = field(default_factory=list)

    @property
    def mails(self) -> list[EmailMessage]:
        """Return the mails that were taken."""
        return [_parsed(one) for one in self.envelopes]

    # The names are aiosmtpd's.

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, told: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.greetings.append(hostname)
        return told

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.envelopes.append(envelope)
        if self.hang_up_after_data:
            cast("asyncio.WriteTransport", server.transport).abort()
        return self.answers.pop(0) if self.answers else OK

    async def handle_QUIT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.deaf_to_quit:
            await asyncio.Event().wait()
        return "221 2.0.0 Bye"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, way: str, login: object
    ) -> AuthResult:
        """Decide about a login."""
        self.ways.append(way)
        given = cast("LoginPassword", login)
        well = (given.login.decode(), given.password.decode()) == (self.user, self.password)
        if self.refuse_login:
            return AuthResult(success=False, handled=False, message=self.refuse_login)
        return AuthResult(success=well, handled=False)


def _parsed(envelope: Envelope) -> EmailMessage:
    content = envelope.content
    assert isinstance(content, bytes)
    return message_from_bytes(content, policy=policy.default)


def certificate(authority: trustme.CA, host: str = LOOPBACK) -> ssl.SSLContext:
    """Return what makes a server prove that it is the host."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    return context


@asynccontextmanager
async def post_office(
    office: PostOffice,
    *,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    login: bool = False,
    login_open: bool = False,
) -> AsyncIterator[PostOffice]:
    """Serve on a free port. ``login_open``: it takes logins without encryption too."""

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            # It warns of logins in the open, which is what some tests are about.
            warnings.simplefilter("ignore")
            return SMTP(
                office,
                hostname="post.test",
                loop=asyncio.get_running_loop(),
                enable_SMTPUTF8=True,
                tls_context=starttls,
                authenticator=office.authenticate if login else None,
                auth_required=login,
                auth_require_tls=not login_open,
            )

    async with _listening(protocol, tls) as port:
        office.port = port
        yield office


@asynccontextmanager
async def _listening(
    protocol: Callable[[], asyncio.BaseProtocol], tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(protocol, LOOPBACK, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


class _Mute(asyncio.Protocol):
    """Takes a connection, and says only what it is told to say, once."""

    def __init__(self, words: bytes, gone: asyncio.Event) -> None:
        self._words = words
        self._gone = gone

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._words:
            cast("asyncio.WriteTransport", transport).write(self._words)

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone.set()


@asynccontextmanager
async def mute(words: bytes = b"") -> AsyncIterator[tuple[int, asyncio.Event]]:
    """Serve something that accepts and then says nothing; the event: the client has left."""
    gone = asyncio.Event()
    async with _listening(lambda: _Mute(words, gone)) as port:
        yield port, gone
