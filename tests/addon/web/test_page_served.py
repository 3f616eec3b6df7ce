"""The page of the service as a process: there early, moved with the settings, gone at once."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import aiohttp
import pytest

from addon.configuration import Configuration
from addon.joining import Household
from addon.web.door import EVERYWHERE
from kometa_ai.adapters.clock import SystemClock
from kometa_ai.adapters.store import SqliteStore
from tests.guard import wish
from tests.outside import LOOPBACK, PATIENCE, reserved_port, until
from tests.service import service, settings
from tests.visiting import command, read
from tests.world import World, movie

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

MOVIES = [movie(number) for number in range(1, 21)]
CHANCES = {"Noir": {1: 0.95, 2: 0.95}}
SOON = 1.0


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(wish("Noir"))
        yield world


async def test_a_run_from_the_page_and_a_stop_with_connections_open(world: World) -> None:
    health = world.folder / "health"
    environment = settings(world, HEALTH_FILE=str(health))
    async with service(world.folder, environment) as served:
        await served.program.says("the page is at")
        assert health.read_text() == f"{served.port}\n"
        url = f"http://{LOOPBACK}:{served.port}/"
        assert (await read(f"{url}health"))[0] == 200
        code, _ = await command(url, {"command": "run"})
        assert code == 200
        text = await _read_until(url, "2 added.")
        assert "MQTT</dt><dd>not set up" in text
        _, kept = await asyncio.open_connection(LOOPBACK, served.port)
        kept.write(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        _, half = await asyncio.open_connection(LOOPBACK, served.port)
        half.write(b"POST /command HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n")
        half.write(b"Content-Type: application/json\r\n\r\n")  # and then nothing comes
        await half.drain()
        code, seconds = await served.stop()
        assert code == 0
        assert seconds < SOON
        kept.close()
        half.close()


async def test_it_moves_with_the_settings_file(world: World) -> None:
    file = world.folder / "settings.yaml"
    with reserved_port() as first, reserved_port(EVERYWHERE) as second:
        file.write_text(f"web_port: {first}\n")
        environment = settings(world, SETTINGS_FILE=str(file), WEB_PORT="")
        async with service(world.folder, environment) as served:
            await served.program.says(f"the page is at {LOOPBACK}:{first}")
            file.write_text(f"web_port: {second}\nweb_host: 0.0.0.0\n")
            await served.program.says("WEB_PASSWORD is not set")
            assert (await read(f"http://{LOOPBACK}:{first}/"))[0] == 200
            file.write_text(f"web_port: {second}\nweb_password: secret\n")
            await served.program.says(f"the page is at 0.0.0.0:{second}")
            assert (await read(f"http://{LOOPBACK}:{second}/"))[0] == 401
            with pytest.raises(aiohttp.ClientConnectorError):
                await read(f"http://{LOOPBACK}:{first}/")


async def test_a_taken_port_stops_no_service(world: World) -> None:
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        port = other.getsockname()[1]
        async with service(world.folder, settings(world, WEB_PORT=str(port))) as served:
            await served.program.says(f"The page can't listen on {LOOPBACK}:{port}")
            code, seconds = await served.stop()
            assert code == 0
            assert seconds < SOON


async def test_inside_the_add_on_it_opens_with_unusable_settings(tmp_path: Path) -> None:
    options = tmp_path / "options.json"
    options.write_text('{"schedule_cron": "now and then"}')
    with reserved_port() as port:
        environ = {
            "STATE_DIR": str(tmp_path / "state"),
            "KOMETA_CONFIG_DIR": str(tmp_path),
            "WEB_PORT": str(port),
        }
        configuration = Configuration(environ, options)
        configuration.read()
        assert not configuration.usable
        clock = SystemClock()
        async with SqliteStore(configuration.settings.state_dir, clock) as store:
            household = Household(configuration, store, clock, environ)
            life = asyncio.create_task(household.live())
            try:
                await until(lambda: _listens(port))
                _, text = await read(f"http://{LOOPBACK}:{port}/")
                assert "Some settings are wrong" in text
                assert "<code>schedule_cron</code>" in text
                assert "<code>radarr_url</code>" in text
                assert "Configuration tab" in text
            finally:
                life.cancel()
                await asyncio.wait({life})


async def _read_until(url: str, words: str) -> str:
    """Read until certain words are there; the page is true a moment after the log is."""
    async with asyncio.timeout(PATIENCE):
        while words not in (text := (await read(url))[1]):  # noqa: ASYNC110 - it sets no event
            await asyncio.sleep(0.05)  # noqa: TID251 - the service is another process
    return text


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((LOOPBACK, port)) == 0
