"""A simulated Radarr behind real HTTP: what its v3 API does, and what can go wrong with it.

It stands beyond the wire, so that the demo, the tests and the bench use the true adapter.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from kometa_ai.demo.radarr_endpoints import endpoint
from kometa_ai.demo.radarr_records import Movie, Records
from kometa_ai.demo.radarr_wire import (
    VERSION,
    Reply,
    Seen,
    answer,
    loaded,
    problem,
    reset,
    send,
    unreadable,
)

__all__ = ["Mishap", "Movie", "Seen", "SimulatedRadarr"]

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType


@dataclass(slots=True)
class Mishap:
    """Something that goes wrong with the next requests that match it.

    With a ``status`` the request is not carried out and that answer is given instead. All else
    happens to the true answer: it comes late, is cut off after some bytes, or never comes because
    the connection is reset. ``before`` and ``after`` change the library behind the client's back,
    before the request is carried out or as soon as its answer is made.
    """

    method: str
    path: str
    times: int = 1
    status: int = 0
    body: str = ""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut_after: int | None = None
    reset: bool = False
    before: Callable[[SimulatedRadarr], object] | None = None
    after: Callable[[SimulatedRadarr], object] | None = None

    def hits(self, method: str, path: str) -> bool:
        """Whether it concerns such a request; ``*`` as the method or the path is any."""
        return self.times > 0 and self.method in {method, "*"} and self.path in {path, "*"}


class SimulatedRadarr(Records):
    """A Radarr with the given movies and tags, alive inside ``async with``."""

    def __init__(
        self,
        movies: Iterable[Mapping[str, Any]] = (),
        *,
        tags: Mapping[str, Iterable[int]] | None = None,
        api_key: str = "simulated-radarr-key",
        url_base: str = "",
        host: str = "127.0.0.1",
        port: int = 0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(movies, tags)
        self.api_key = api_key
        self.url_base = url_base.rstrip("/")
        self.host = host
        self.port = port
        self.app_name = "Radarr"
        self.compress = True
        self.asks_for_login = True
        self.requests: list[Seen] = []
        self.mishaps: list[Mishap] = []
        self._ssl_context = ssl_context

    @property
    def url(self) -> str:
        """The address to put into RADARR_URL."""
        scheme = "https" if self._ssl_context else "http"
        return f"{scheme}://{self.host}:{self.port}{self.url_base}"

    async def __aenter__(self) -> Self:
        """Listen, on a free port unless one was given."""
        self._runner = web.ServerRunner(web.Server(self._serve), shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port, ssl_context=self._ssl_context)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection."""
        await self._runner.cleanup()

    def writes(self) -> list[Seen]:
        """Return the requests that were meant to change something."""
        return [seen for seen in self.requests if seen.method != "GET"]

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, mishaps included."""
        raw = await request.content.read()
        path = request.path.removeprefix(self.url_base) if self._below_base(request) else ""
        path = path or request.path
        seen = Seen(request.method, path, loaded(raw), request.headers.copy())
        self.requests.append(seen)
        mishap = next((one for one in self.mishaps if one.hits(seen.method, seen.path)), None)
        if mishap is None:
            reply = self._reply(request, seen, raw)
            return await send(request, reply, compress=self.compress, cut_after=None)
        mishap.times -= 1
        if mishap.before:
            mishap.before(self)
        if mishap.status:
            body = (mishap.body.encode(),) if mishap.body else None
            reply = Reply(mishap.status, body, mishap.content_type, mishap.headers)
        else:
            reply = self._reply(request, seen, raw)
        if mishap.after:
            reply = replace(reply, body=None if reply.body is None else list(reply.body))
            mishap.after(self)
        await asyncio.sleep(mishap.delay)
        if mishap.reset:
            return reset(request)
        return await send(request, reply, compress=self.compress, cut_after=mishap.cut_after)

    def _below_base(self, request: web.BaseRequest) -> bool:
        return not self.url_base or f"{request.path}/".startswith(f"{self.url_base}/")

    def _reply(self, request: web.BaseRequest, seen: Seen, raw: bytes) -> Reply:
        """Go through Radarr's gates in its order, then to the endpoint."""
        if seen.path == "/ping" and self._below_base(request):
            return answer(200, {"status": "OK"})
        given = request.query.get("apikey") or request.headers.get("X-Api-Key", "")
        if seen.path.startswith("/api") and given != self.api_key:
            return Reply(401)
        if not self._below_base(request):
            return Reply(307, headers={"Location": self.url_base + request.path_qs})
        if not seen.path.startswith("/api"):
            return self._page(seen.path)
        accepted = request.headers.get("Accept", "*/*")
        if not any(kind in accepted for kind in ("json", "*/*", "application/*")):
            return Reply(406)
        if seen.method in {"PUT", "POST"}:
            if "json" not in request.headers.get("Content-Type", ""):
                return problem(415, "Unsupported Media Type")
            if not isinstance(seen.body, dict):
                return unreadable("$", "System.Object", raw)
        about = self._about(seen.path) if seen.method == "GET" else None
        return about or endpoint(self, seen)

    def _page(self, path: str) -> Reply:
        """Answer what is no API with the pages of the program."""
        if self.asks_for_login and path != "/login":
            return Reply(302, headers={"Location": f"{self.url_base}/login?returnUrl={path}"})
        return Reply(200, (b"<!doctype html><title>Radarr</title>",), "text/html")

    def _about(self, path: str) -> Reply | None:
        """Answer what is asked about the program itself."""
        match path:
            case "/api":
                return answer(200, {"current": "v3", "deprecated": []})
            case "/api/v3/system/status":
                name, base = self.app_name, self.url_base
                facts = {"appName": name, "instanceName": name, "version": VERSION, "urlBase": base}
                return answer(200, facts)
            case _:
                return None
