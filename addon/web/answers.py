"""What each address of the page answers."""

from __future__ import annotations

import asyncio
import logging
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from aiohttp import web

from addon.command import Word
from addon.command_text import RefusedError, command_of, text_of
from addon.texts import cut
from addon.web import pages
from addon.web.access import HEALTH
from addon.web.wording import safe
from kometa_ai import __version__

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from addon.command import Command, Response
    from addon.web.sight import Sight

LOG = logging.getLogger(__name__)
OFFERED: Final = {
    Word.RUN: "The run has begun.",
    Word.DRY_RUN: "The dry run has begun.",
    Word.CANCEL: "The run is being cancelled.",
}
"""The commands that the page gives, and what it says when they were accepted."""
STATIC: Final = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
JSON: Final = "application/json"
BODY: Final = 10.0
"""Seconds that the body of a command may take to come."""
NAME: Final = 60
"""Characters of a name in the log."""
VISITOR: Final = "X-Remote-User-Display-Name"


class Answers:
    """The answers to requests that were let in.

    ``believes``: whether the headers are the Supervisor's, which says who the visitor is.
    """

    def __init__(
        self,
        look: Callable[[], Awaitable[Sight]],
        submit: Callable[[Command], Awaitable[Response]],
        *,
        believes: bool,
    ) -> None:
        self._look = look
        self._submit = submit
        self._believes = believes

    @property
    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """Return every address, and what answers there."""
        return [
            web.get("/", self._page),
            web.get("/status", self._status),
            web.get("/report", self._report),
            web.get("/static/{name}", _static),
            web.post("/command", self._command),
            web.get(HEALTH, _health),
        ]

    async def _page(self, _request: web.Request) -> web.Response:
        return _html(pages.page(await self._look()))

    async def _status(self, _request: web.Request) -> web.Response:
        return web.json_response(pages.live(await self._look()))

    async def _report(self, _request: web.Request) -> web.Response:
        return _html(pages.report(await self._look()))

    async def _command(self, request: web.Request) -> web.Response:
        if request.content_type != JSON:
            # A form of another site can send any other kind without asking first.
            raise web.HTTPUnsupportedMediaType(reason=f"A command has the Content-Type {JSON}")
        try:
            async with asyncio.timeout(BODY):
                payload = await request.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        except (web.RequestPayloadError, ConnectionError):
            # The other side has gone in the middle of it, or wrote what can't be unpacked.
            raise web.HTTPBadRequest(reason="The command can't be read") from None
        try:
            command = _offered(command_of(text_of(payload)))
        except RefusedError as error:
            return _answer(error.response, HTTPStatus.BAD_REQUEST)
        response = await self._submit(command)
        if not response.accepted:
            return _answer(response, HTTPStatus.CONFLICT)
        visitor = self._visitor(request)
        if visitor:
            LOG.info("%s: run %s, started by %s", command.word, response.run_id, visitor)
        return _answer(response, HTTPStatus.OK)

    def _visitor(self, request: web.Request) -> str:
        told = request.headers.get(VISITOR, "") if self._believes else ""
        return cut(safe(told), NAME)


def _offered(command: Command) -> Command:
    if command.word not in OFFERED:
        told = ", ".join(OFFERED)
        raise RefusedError(
            f'The page does not give the command "{command.word}"; it gives {told}.',
            command=command.word,
            request_id=command.request_id,
        )
    return command


def _answer(response: Response, status: HTTPStatus) -> web.Response:
    told = {
        "command": str(response.command),
        "accepted": response.accepted,
        "run_id": response.run_id,
        "request_id": response.request_id,
        "error": response.error,
        "sentence": response.error or OFFERED[Word(response.command)],
    }
    return web.json_response(told, status=status)


async def _health(_request: web.Request) -> web.Response:
    """Say that our own loop answers; nobody else is asked."""
    return web.json_response({"status": "ok", "version": __version__})


async def _static(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name not in STATIC:
        raise web.HTTPNotFound
    return web.Response(body=_file(name), content_type=STATIC[name], charset="utf-8")


@cache
def _file(name: str) -> bytes:
    return files("addon.web").joinpath("static", name).read_bytes()


def _html(text: str) -> web.Response:
    # Half a surrogate pair is valid in YAML, and no UTF-8.
    body = text.encode("utf-8", "replace")
    return web.Response(body=body, content_type="text/html", charset="utf-8")
