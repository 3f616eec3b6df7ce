"""Servers on the loopback that get messages, and whose bad days a test decides."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from kometa_ai.domain.message import Message, Occasion, Outline, Tone

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Said:
    """One answer. ``hang`` never gives it; ``close`` ends the connection instead of it."""

    status: int = 200
    text: str = ""
    kind: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    close: bool = False
    cut_off: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Receiver:
    """A server that answers what it was told to, the last answer for ever."""

    answers: list[Said] = field(default_factory=lambda: [Said()])
    seen: list[Seen] = field(default_factory=list)
    port: int = 0
    scheme: str = "http"
    _left: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self.scheme}://{LOOPBACK}:{self.port}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.seen.append(Seen(request.method, request.raw_path, request.headers.copy(), body))
        said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if said.hang:
            await self._left.wait()
        if said.close:
            assert request.transport is not None
            request.transport.abort()
        if said.cut_off:
            response = web.StreamResponse(
                status=said.status,
                headers={"Content-Type": said.kind, "Content-Length": "100000"},
            )
            await response.prepare(request)
            await response.write(said.text.encode())
            assert request.transport is not None
            request.transport.close()
            return response
        return web.Response(
            status=said.status, text=said.text, content_type=said.kind, headers=said.headers
        )

    def leave(self) -> None:
        """Let go who hangs."""
        self._left.set()


@asynccontextmanager
async def receiver(
    *answers: Said, tls: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[Receiver]:
    """Open a server that gives these answers one after the other."""
    one = Receiver(list(answers) or [Said()], scheme="https" if tls else "http")
    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/{path:.*}", one.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, **options)
    await runner.setup()
    try:
        site = web.TCPSite(runner, LOOPBACK, 0, ssl_context=tls)
        await site.start()
        one.port = runner.addresses[0][1]
        yield one
    finally:
        one.leave()
        await runner.cleanup()


def message(at: datetime, *, body: Mapping[str, object] | None = None) -> Message:
    """Return a short message."""
    outline = Outline(
        Tone.GOOD,
        "Kometa-AI: 1 added",
        "Action Movies has a new title: Amélie — “ok” 🎬 <i>& co.",
        figures=(("Cost", "$0.01"),),
    )
    return Message("17-changes", Occasion.CHANGES, at, outline, body or {"event": "changes"})
