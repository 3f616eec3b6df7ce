"""The page's server: binds, answers, binds again; whatever happens to it, the service goes on."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import asynccontextmanager
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from aiohttp import web

from addon.status import Problem
from addon.waiting import set_within
from addon.web.access import Asked, refusal
from addon.web.answers import Answers
from addon.web.door import EVERYWHERE, LOOPBACK, Guard
from addon.web.headers import headers
from addon.web.lockout import Lockout

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from pathlib import Path

    from aiohttp.typedefs import Handler, Middleware

    from addon.command import Command, Response
    from addon.web.door import Door
    from addon.web.sight import Sight
    from kometa_ai.ports import Clock

LOG = logging.getLogger(__name__)
UNHEARD: Final = logging.getLogger(f"{__name__}.wire")
"""Where aiohttp complains of what is no HTTP: anybody could fill the log with that."""
UNHEARD.setLevel(logging.CRITICAL)
FIRST_WAIT: Final = 5.0
LONGEST_WAIT: Final = 60.0
"""Seconds between two tries to listen."""
MAX_BODY: Final = 4096
KEPT_ALIVE: Final = 30.0
FAREWELL: Final = 0.2
"""Seconds that answers have when the service is stopped."""


class Page:
    """Listens at one door at a time; ``blame`` gets what keeps it from that, ``None`` when it can.

    ``look`` says what there is to see, ``submit`` gives a command. ``health_file`` is where the
    container's health check reads the port.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        look: Callable[[], Awaitable[Sight]],
        submit: Callable[[Command], Awaitable[Response]],
        blame: Callable[[Problem | None], None],
        health_file: Path | None = None,
    ) -> None:
        self._clock = clock
        self._look = look
        self._submit = submit
        self._blame = blame
        self._health_file = health_file
        self._door: Door | None = None
        self._moved = asyncio.Event()
        self._lockout = Lockout()

    def use(self, door: Door) -> None:
        """Listen at this door from now on."""
        if door != self._door:
            self._door = door
            self._moved.set()

    async def run(self) -> None:
        """Serve for ever, as far as there is a door."""
        wait = FIRST_WAIT
        while True:
            self._moved.clear()
            door = self._door
            if door is None:
                await self._moved.wait()
                continue
            try:
                async with self._open(door):
                    LOG.info("the page is at %s:%s", door.host, door.port)
                    self._blame(None)
                    wait = FIRST_WAIT
                    await self._moved.wait()
            except Exception as error:  # a page is no reason to end the schedule
                if not isinstance(error, OSError):
                    LOG.critical("a fault in Kometa-AI itself", exc_info=error)
                self._blame(_closed(door, error))
                if await set_within(self._moved, self._clock, wait):
                    wait = FIRST_WAIT / 2
                wait = min(wait * 2, LONGEST_WAIT)

    @asynccontextmanager
    async def _open(self, door: Door) -> AsyncIterator[None]:
        """Listen as long as the block lasts."""
        app = web.Application(middlewares=[self._guard(door)], client_max_size=MAX_BODY)
        believes = door.guard is Guard.SUPERVISOR
        app.add_routes(Answers(self._look, self._submit, believes=believes).routes)
        runner = web.AppRunner(
            app,
            access_log=None,
            logger=UNHEARD,
            keepalive_timeout=KEPT_ALIVE,
            shutdown_timeout=FAREWELL,
        )
        await runner.setup()
        try:
            for host in self._hosts(door):
                await web.TCPSite(runner, host, door.port).start()
            self._note_port(door.port)
            yield
        finally:
            await runner.cleanup()

    def _hosts(self, door: Door) -> list[str]:
        """Return where to listen: the health check asks on the loopback, wherever the page is."""
        checked = self._health_file is None or door.host in {EVERYWHERE, LOOPBACK, "localhost"}
        return [door.host] if checked else [door.host, LOOPBACK]

    def _note_port(self, port: int) -> None:
        """Tell the health check where to ask."""
        file = self._health_file
        if file is None:
            return
        fresh = file.with_name(f"{file.name}.{os.getpid()}")
        try:
            fresh.write_text(f"{port}\n", encoding="ascii")
            fresh.replace(file)
        except OSError as error:
            LOG.warning("HEALTH_FILE can't be written (%s)", error)

    def _guard(self, door: Door) -> Middleware:
        sent = headers(door.guard)

        @web.middleware
        async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            async def let_in(request: web.Request) -> web.StreamResponse:
                refused = refusal(door, _asked(request), self._lockout, self._clock.monotonic())
                if refused is None:
                    return await handler(request)
                return _say(refused.status, refused.sentence, refused.headers)

            answer = await _answered(request, let_in)
            answer.headers.update(sent)
            return answer

        return guarded


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Return a handler's answer; an error is one too, and has the same headers."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return _say(HTTPStatus(error.status), f"{error.reason}.", allow)
    except Exception as error:  # the answer must have its headers, and the log its line
        LOG.critical("a fault in Kometa-AI itself", exc_info=error)
        told = "Kometa-AI has a fault of its own. Please report it, with the lines of the log."
        return _say(HTTPStatus.INTERNAL_SERVER_ERROR, told)


def _asked(request: web.Request) -> Asked:
    told = {name.lower(): value for name, value in request.headers.items()}
    return Asked(request.remote or "", request.method, request.path, told)


def _say(
    status: HTTPStatus, sentence: str, more: Mapping[str, str] = MappingProxyType({})
) -> web.StreamResponse:
    return web.Response(status=status, text=f"{sentence}\n", headers=more)


def _closed(door: Door, error: Exception) -> Problem:
    """Return what keeps the page closed, and what to do about it."""
    why = (error.strerror if isinstance(error, OSError) else "") or str(error)
    remedy = "Runs and MQTT go on without it; it is tried again every minute."
    if isinstance(error, OSError):
        remedy = f"Look at WEB_HOST and WEB_PORT, or stop what is there. {remedy}"
    return Problem(f"The page can't listen on {door.host}:{door.port} ({why}).", remedy)
