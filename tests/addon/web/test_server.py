"""The page's server on the wire: where it listens, what every answer carries, how it goes on."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import aiohttp
import pytest

from addon.command import Response
from addon.web.door import EVERYWHERE, Door, Guard
from addon.web.server import Page
from kometa_ai import __version__
from tests.clock import HeldClock
from tests.outside import LOOPBACK, reserved_port, until
from tests.sights import IDLE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from addon.command import Command
    from addon.status import Problem
    from addon.web.sight import Sight

ALIAS = "127.0.0.2"
SOON = 1.0
COMMAND = (
    b"POST /command HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n%s\r\n\r\n"
)


@dataclass(slots=True)
class Served:
    """A page at work; ``blamed`` is what was wrong with it, the newest last."""

    page: Page
    clock: HeldClock
    blamed: list[Problem | None] = field(default_factory=list)


@asynccontextmanager
async def page(door: Door, health_file: Path | None = None) -> AsyncIterator[Served]:
    clock = HeldClock()
    blamed: list[Problem | None] = []

    async def look() -> Sight:
        return IDLE

    async def submit(command: Command) -> Response:
        return Response(command.word, accepted=True, run_id="1")

    one = Page(clock, look=look, submit=submit, blame=blamed.append, health_file=health_file)
    one.use(door)
    life = asyncio.create_task(one.run())
    await until(lambda: blamed)
    try:
        yield Served(one, clock, blamed)
    finally:
        life.cancel()
        await asyncio.wait({life}, timeout=SOON)
        assert life.cancelled()


async def ask(
    port: int,
    path: str = "/health",
    *,
    source: str = LOOPBACK,
    method: str = "GET",
    host: str = LOOPBACK,
) -> aiohttp.ClientResponse:
    """Ask from one of the machine's own addresses."""
    connector = aiohttp.TCPConnector(local_addr=(source, 0))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.request(method, f"http://{host}:{port}{path}") as response,
    ):
        await response.read()
        return response


@pytest.fixture
def port() -> Iterator[int]:
    with reserved_port() as port:
        yield port


async def test_health_says_that_it_lives_and_asks_nobody(port: int) -> None:
    async with page(Door(Guard.PASSWORD, LOOPBACK, port, "secret")):
        answer = await ask(port)
        assert answer.status == 200
        assert await answer.json() == {"status": "ok", "version": __version__}
        assert (await ask(port, method="HEAD")).status == 200
        assert (await ask(port, method="POST")).status == 401


async def test_behind_ingress_the_supervisor_alone_is_answered() -> None:
    with reserved_port(EVERYWHERE) as port:
        await _ask_behind_ingress(port)


async def _ask_behind_ingress(port: int) -> None:
    async with page(Door(Guard.SUPERVISOR, EVERYWHERE, port, supervisor=ALIAS)):
        assert (await ask(port, "/nowhere", source=ALIAS)).status == 404
        assert (await ask(port, source=ALIAS)).status == 200
        assert (await ask(port, source=LOOPBACK)).status == 200
        stranger = await ask(port, "/nowhere", source=LOOPBACK)
        assert stranger.status == 403
        assert "Home Assistant alone" in await stranger.text()


async def test_without_a_password_only_the_loopback_listens(port: int) -> None:
    async with page(Door(Guard.LOOPBACK, LOOPBACK, port)):
        assert (await ask(port)).status == 200
        with pytest.raises(aiohttp.ClientConnectorError):
            await ask(port, host=ALIAS)


@pytest.mark.parametrize("path", ["/health", "/nowhere", "/%2e%2e/secret", "/health?x=1"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_every_answer_carries_the_headers(port: int, path: str, method: str) -> None:
    async with page(Door(Guard.LOOPBACK, LOOPBACK, port)):
        answer = await ask(port, path, method=method)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Server"] == "Kometa-AI"


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", id="too long"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", id="TLS"),
        pytest.param(b"GARBAGE\r\n\r\n", id="garbage"),
        pytest.param(
            COMMAND % b"Content-Encoding: gzip\r\nContent-Length: 2" + b"{}", id="no gzip"
        ),
        pytest.param(COMMAND % b"Transfer-Encoding: chunked" + b"zz\r\n", id="no chunk"),
        pytest.param(COMMAND % b"Content-Length: 99" + b"{}", id="half a body"),
    ],
)
async def test_what_no_browser_sends_leaves_nothing_in_the_log(
    port: int, request_: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever reaches the port could fill the log with tracebacks; it is no fault of ours."""
    async with page(Door(Guard.LOOPBACK, LOOPBACK, port)):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(request_)
        writer.write_eof()
        async with asyncio.timeout(SOON):
            answer = await reader.read()
        writer.close()
        assert b" 400 " in answer[:16] or not answer
        assert (await ask(port)).status == 200
    assert [one for one in caplog.records if one.levelno > logging.INFO] == []


async def test_a_taken_port_is_told_and_tried_again(port: int) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((LOOPBACK, port))
        other.listen()
        async with page(Door(Guard.LOOPBACK, LOOPBACK, port)) as served:
            told = served.blamed[-1]
            assert told is not None
            assert f"{LOOPBACK}:{port}" in told.reason
            assert "WEB_PORT" in told.remedy
            await served.clock.advance(timedelta(seconds=200))
            assert served.clock.sleeps == [5, 10, 20, 40, 60, 60, 60]
            other.close()
            await served.clock.advance(timedelta(seconds=60))
            await until(lambda: served.blamed[-1] is None)
            assert (await ask(port)).status == 200


async def test_another_door_is_opened_and_the_first_is_closed(port: int) -> None:
    with reserved_port() as second:
        async with page(Door(Guard.LOOPBACK, LOOPBACK, port)) as served:
            served.page.use(Door(Guard.PASSWORD, LOOPBACK, second, "secret"))
            await until(lambda: len(served.blamed) > 1)
            assert (await ask(second)).status == 200
            assert (await ask(second, "/nowhere")).status == 401
            with pytest.raises(aiohttp.ClientConnectorError):
                await ask(port)


async def test_a_taken_port_does_not_hold_up_the_way_to_another(port: int) -> None:
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        taken = other.getsockname()[1]
        async with page(Door(Guard.LOOPBACK, LOOPBACK, taken)) as served:
            assert served.blamed[-1] is not None
            served.page.use(Door(Guard.LOOPBACK, LOOPBACK, port))
            await until(lambda: served.blamed[-1] is None)
            assert (await ask(port)).status == 200


async def test_a_host_that_is_not_there_is_told(port: int) -> None:
    async with page(Door(Guard.PASSWORD, "192.0.2.1", port, "x")) as served:
        assert served.blamed[-1] is not None


async def test_open_connections_do_not_hold_up_a_stop(port: int) -> None:
    async with page(Door(Guard.LOOPBACK, LOOPBACK, port)):  # the end of the block is timed
        _, kept = await asyncio.open_connection(LOOPBACK, port)
        kept.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        _, half = await asyncio.open_connection(LOOPBACK, port)
        half.write(b"POST /command HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n")
        half.write(b"Content-Type: application/json\r\n\r\n")  # and then nothing comes
        await half.drain()
        await ask(port)  # what came before has been heard
    kept.close()
    half.close()


async def test_the_port_is_noted_for_the_health_check(port: int, tmp_path: Path) -> None:
    file = tmp_path / "health"
    async with page(Door(Guard.LOOPBACK, LOOPBACK, port), file):
        assert file.read_text() == f"{port}\n"
        assert os.listdir(tmp_path) == [file.name]  # noqa: PTH208 - one folder


async def test_the_health_check_is_answered_wherever_the_page_is(tmp_path: Path) -> None:
    with reserved_port(EVERYWHERE) as port:
        await _ask_for_health(port, tmp_path)


async def _ask_for_health(port: int, tmp_path: Path) -> None:
    async with page(Door(Guard.PASSWORD, ALIAS, port, "secret"), tmp_path / "health"):
        assert (await ask(port, host=LOOPBACK)).status == 200
        assert (await ask(port, host=ALIAS)).status == 200


async def test_a_health_file_that_can_not_be_written_closes_no_page(
    port: int, tmp_path: Path
) -> None:
    async with page(Door(Guard.LOOPBACK, LOOPBACK, port), tmp_path / "none" / "health"):
        assert (await ask(port)).status == 200
