"""Where the service's webhook goes: a server that keeps what it gets, and fails when told to."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from aiohttp import web

if TYPE_CHECKING:
    from types import TracebackType

NUMBERS: Final = re.compile(r"\([^()]*\)|[0-9]+")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message that was taken."""

    key: str
    event: str
    body: dict[str, Any]

    @property
    def sentences(self) -> set[str]:
        """Return every text of it, without the numbers that may differ."""
        return set(_texts(self.body))


@dataclass(slots=True)
class Hook:
    """``mood`` is ``well``, a status, ``hang`` or ``reset``; ``got`` holds what it took."""

    mood: str = "well"
    got: list[Delivery] = field(default_factory=list)
    url: str = ""
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/{token}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._runner is not None  # noqa: S101 - it was entered
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        mood = self.mood
        if mood.isdecimal():
            return web.Response(status=int(mood))
        if mood == "hang":
            await asyncio.sleep(3)
            return web.Response(status=504)
        if mood == "reset" and request.transport:
            request.transport.abort()
            return web.Response(status=500)
        key = request.headers.get("X-Kometa-AI-Delivery", "")
        self.got.append(Delivery(key, request.headers.get("X-Kometa-AI-Event", ""), body))
        return web.Response(status=204)


def plain(text: str) -> str:
    """Return a sentence without what may differ between two tellings of it."""
    return NUMBERS.sub("#", text)


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [plain(value)]
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return []
