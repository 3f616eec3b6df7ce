"""The page over a service that is at work, and the ways to it: straight, and through ingress."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import aiohttp
from aiohttp import web

from addon.web.door import EVERYWHERE, Door, Guard
from addon.web.server import Page
from addon.window import Window
from kometa_ai.adapters.clock import SystemClock
from kometa_ai.domain.report import Trigger
from tests.outside import LOOPBACK, reserved_port, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from addon.status import Problem
    from tests.serving import Serving

ALIAS = "127.0.0.2"
"""The address that stands for the Supervisor's."""
TOKEN = "a-token-of-ingress"
PREFIX = f"/api/hassio_ingress/{TOKEN}"
ODD: Final = re.compile(
    r"\.\./|<[^>]*script|[a-z0-9_]+=/|union.*select.*\(|concat\s*\(", re.IGNORECASE | re.DOTALL
)
"""What the Supervisor takes for an attack when it stands in an address."""
HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})


@asynccontextmanager
async def visited(serving: Serving, guard: Guard, password: str = "") -> AsyncIterator[int]:
    """Open the page of a service; the port on which it is."""
    clock = SystemClock()
    window = Window(
        serving.configuration, serving.store, clock, serving.picture, broker=lambda: None
    )
    blamed: list[Problem | None] = []
    page = Page(
        clock,
        look=window.look,
        submit=lambda command: serving.service.submit(command, Trigger.PAGE),
        blame=blamed.append,
    )
    host = EVERYWHERE if guard is Guard.SUPERVISOR else LOOPBACK
    with reserved_port(host) as port:
        page.use(Door(guard, host, port, password, supervisor=ALIAS))
        life = asyncio.create_task(page.run())
        try:
            await until(lambda: blamed)
            assert blamed == [None]
            yield port
        finally:
            life.cancel()
            await asyncio.wait({life})


@dataclass(slots=True)
class Ingress:
    """Home Assistant and its Supervisor on the way to a page; ``strays`` left the page's path."""

    target: int
    port: int = 0
    strays: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where a browser finds the page."""
        return f"http://{LOOPBACK}:{self.port}{PREFIX}/"

    @property
    def frame(self) -> str:
        """Where a page of Home Assistant's is, with ours in a frame."""
        return f"http://{LOOPBACK}:{self.port}/hassio/ingress"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Pass a request on as the Supervisor does."""
        if request.path == "/hassio/ingress":
            frame = f'<!doctype html><iframe src="{PREFIX}/" width=600 height=400></iframe>'
            return web.Response(text=frame, content_type="text/html")
        if request.path == "/favicon.ico":
            return web.Response(status=204)
        if not request.path.startswith(f"{PREFIX}/"):
            self.strays.append(request.path)
            raise web.HTTPNotFound
        if ODD.search(unquote(unquote(request.raw_path))):
            raise web.HTTPBadRequest
        path = request.raw_path.removeprefix(PREFIX)
        self.passed.append(f"{request.method} {path}")
        sent = {name: one for name, one in request.headers.items() if name.lower() not in HOP}
        sent |= {
            "Host": request.host,
            "X-Ingress-Path": PREFIX,
            "X-Remote-User-Id": "1",
            "X-Remote-User-Name": "ada",
            "X-Remote-User-Display-Name": "Ada",
            "X-Forwarded-Host": request.host,
            "X-Forwarded-Proto": "http",
        }
        connector = aiohttp.TCPConnector(local_addr=(ALIAS, 0))
        async with (
            aiohttp.ClientSession(connector=connector, auto_decompress=False) as session,
            session.request(
                request.method,
                f"http://{LOOPBACK}:{self.target}{path}",
                headers=sent,
                data=await request.read(),
                allow_redirects=False,
            ) as response,
        ):
            body = await response.read()
            kept = {name: one for name, one in response.headers.items() if name.lower() not in HOP}
            return web.Response(status=response.status, body=body, headers=kept)


@asynccontextmanager
async def ingress(target: int) -> AsyncIterator[Ingress]:
    """Stand between a browser and a page that listens on a port."""
    one = Ingress(target)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", one.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, LOOPBACK, 0)
        await site.start()
        one.port = runner.addresses[0][1]
        yield one
    finally:
        await runner.cleanup()


async def command(url: str, body: object, **headers: str) -> tuple[int, Any]:
    """Give a command as JSON; the status of its answer, and the answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}command", json=body, headers=headers) as response,
    ):
        is_json = response.content_type == "application/json"
        return response.status, await (response.json() if is_json else response.text())


async def read(url: str, **headers: str) -> tuple[int, str]:
    """Read an address; the status and the text."""
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        return response.status, await response.text()
