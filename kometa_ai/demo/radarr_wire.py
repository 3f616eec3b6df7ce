"""The wire of the simulated Radarr: how its answers leave, whole or broken off."""

from __future__ import annotations

import json
import socket
import struct
import zlib
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any

from aiohttp import web

from kometa_ai.demo.radarr_movie import as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

VERSION = "6.0.3.10276"
_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came in; the path is the one below the URL base, without the query."""

    method: str
    path: str
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """What is to be answered; a body of None is an empty one."""

    status: int
    body: Iterable[bytes] | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Listing:
    """The long list of movies, written anew each time, but packed only once as long as it holds.

    Packing it takes longer than all else here.
    """

    def __init__(self, elements: Callable[[], Iterator[bytes]]) -> None:
        self._elements = elements
        self._packed: list[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        """Yield the list in blocks."""
        return blocks(self._elements())

    def changed(self) -> None:
        """Forget the packed list."""
        self._packed = None

    def packed(self) -> list[bytes]:
        """Return the list in packed blocks."""
        if self._packed is None:
            self._packed = list(_packed(self))
        return self._packed


async def send(
    request: web.BaseRequest, reply: Reply, *, compress: bool, cut_after: int | None
) -> web.StreamResponse:
    """Write an answer in chunks; cut it off after some bytes if so wished."""
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    body: Iterable[bytes] = reply.body or ()
    if reply.body is None:
        response.content_length = 0
    else:
        response.headers["Content-Type"] = f"{reply.content_type}; charset=utf-8"
        response.enable_chunked_encoding()
        offered = "gzip" in request.headers.get("Accept-Encoding", "")
        if compress and offered and reply.status < HTTPStatus.BAD_REQUEST:
            response.headers["Content-Encoding"] = "gzip"
            body = body.packed() if isinstance(body, Listing) else _packed(body)
    await response.prepare(request)
    left = cut_after
    for block in body:
        await response.write(block if left is None else block[:left])
        if left is not None:
            left -= len(block)
            if left <= 0 and request.transport:
                # Closing without the last chunk is what a crash or a proxy's limit looks like.
                request.transport.close()
                return response
    await response.write_eof()
    return response


def blocks(elements: Iterator[bytes]) -> Iterator[bytes]:
    """Yield an array in blocks of elements."""
    before = b"[\n"
    while block := list(islice(elements, _BLOCK)):
        yield before + b",\n".join(block)
        before = b",\n"
    yield b"\n]" if before == b",\n" else b"[]"


def _packed(body: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(level=1, wbits=31)
    for block in body:
        if packed := packer.compress(block):
            yield packed
    yield packer.flush()


def reset(request: web.BaseRequest) -> web.StreamResponse:
    """Break the connection without any answer, as a crash does."""
    if request.transport:
        wire = request.transport.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response()


def loaded(raw: bytes) -> Any:  # noqa: ANN401 - whatever JSON the client sent
    """Return the body of a request, None if it is no JSON."""
    try:
        return json.loads(raw)
    except ValueError:
        return None


def answer(status: int, value: object) -> Reply:
    """Answer in JSON, as a controller does."""
    return Reply(status, (as_json(value),), headers={"X-Application-Version": VERSION})


def failure(status: int, message: str) -> Reply:
    """Answer as an exception in the program does, stack trace and all."""
    trace = f"{message}\n   at NzbDrone.Core.Datastore.BasicRepository`1.Get(IEnumerable`1 ids)"
    return Reply(status, (as_json({"message": message, "description": trace}),))


def problem(status: int, title: str, errors: Mapping[str, list[str]] | None = None) -> Reply:
    """Answer as ASP.NET Core itself does."""
    told: dict[str, Any] = {"type": "https://tools.ietf.org/html/rfc9110", "title": title}
    told |= {"status": status, "traceId": "00-simulated-00"}
    if errors:
        told["errors"] = errors
    return Reply(status, (as_json(told),), "application/problem+json")


def unreadable(place: str, wanted: str, raw: bytes) -> Reply:
    """Answer a body that cannot be bound to what the endpoint takes."""
    said = f"The JSON value could not be converted to {wanted}. Path: {place} | LineNumber: 0"
    if not raw and place == "$":
        said = "A non-empty request body is required."
    return problem(400, "One or more validation errors occurred.", {place: [said]})


def broken_rule(name: str, message: str, code: str) -> Reply:
    """Answer a body that breaks a rule of validation."""
    rule = {"propertyName": name, "errorMessage": message, "severity": "error", "errorCode": code}
    return Reply(HTTPStatus.BAD_REQUEST, (as_json([rule]),))
