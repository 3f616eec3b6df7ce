"""The image as plain Docker runs it: volumes, environment, users, and commands beside it."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from tests.guard import wish
from tests.image.container import Container, Image, is_up, owners
from tests.listener import listening
from tests.mosquitto import mosquitto
from tests.outside import LOOPBACK, reserved_port
from tests.post_office import PostOffice, post_office
from tests.service import online
from tests.world import KEY, World, movie

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

# The first test waits for the image to be built.
pytestmark = pytest.mark.timeout(900)

MOVIES = [movie(number) for number in range(1, 21)]
CHANCES = {"Noir": {1: 0.95, 2: 0.95}, "Cosy": {3: 0.95}}
FIRST_USER = (1000, 1000)
LONGEST_START = 15.0
"""Seconds, on a machine that does other things too; alone it takes one and a half."""
SOON = 5.0
"""Seconds; a container that takes longer than ten is killed by Docker."""


def volumes(folder: Path) -> dict[Path, str]:
    """Make the three folders of the specification, as Docker does: they belong to root."""
    for name in ("kometa", "state", "logs"):
        (folder / name).mkdir(exist_ok=True)
    return {
        folder / "kometa": "/app/kometa-config",
        folder / "state": "/app/state",
        folder / "logs": "/app/logs",
    }


@asynccontextmanager
async def docker(
    image: Image, world: World, *options: str, **more: str
) -> AsyncIterator[Container]:
    """Make a container from the specification's compose file, against the simulators."""
    environment = world.environment(**more)
    for named_by_default in ("KOMETA_CONFIG_DIR", "STATE_DIR"):
        del environment[named_by_default]
    mounted = volumes(world.folder)
    async with image.container(mounted, environment, options=options) as container:
        yield container


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(wish("Noir"), wish("Cosy"))
        yield world


async def test_the_service_and_the_commands_beside_it(
    image: Image, world: World, tmp_path: Path
) -> None:
    """As in the specification: `docker exec kometa-ai python -m kometa_ai …`, as root."""
    with reserved_port() as port:
        mqtt = {"MQTT_HOST": LOOPBACK, "WEB_PORT": str(port)}
        async with (
            mosquitto(tmp_path / "broker") as broker,
            listening(broker, "kometa_ai/#") as listener,
            post_office(PostOffice()) as office,
            docker(
                image,
                world,
                MQTT_PORT=str(broker.port),
                SMTP_SERVER=LOOPBACK,
                SMTP_PORT=str(office.port),
                NOTIFICATION_RECIPIENTS="me@example.org",
                **mqtt,
            ) as container,
        ):
            begun = time.monotonic()
            service = await container.start()
            await online(listener)
            assert time.monotonic() - begun < LONGEST_START
            await is_up(container)

            command = ("python", "-m", "kometa_ai")
            run = await container.do(*command, "--run-now", "--collection", "Noir")
            assert run.code == 0, run.err
            assert world.radarr.members("KAI-noir") == {1, 2}
            assert world.radarr.members("KAI-cosy") == set()
            run = await container.do(*command, "--run-now", "--force-refresh")
            assert run.code == 0, run.err
            assert world.radarr.members("KAI-cosy") == {3}
            health = await container.do(*command, "--health-check")
            assert "2 collections to keep in kometa-config" in health.out
            assert (await container.do("kometa-ai", "--runs")).code == 0
            mail = await container.do(*command, "--send-test-email")
            assert mail.code == 0, mail.err
            assert len(office.mails) == 1

            assert set(owners(world.state).values()) == {FIRST_USER}
            assert set(owners(tmp_path / "logs").values()) == {FIRST_USER}
            log = (tmp_path / "logs" / "kometa_ai.log").read_text("utf-8")
            assert "Kometa-AI" in log

            begun = time.monotonic()
            assert await container.stop(service) == 0
            assert time.monotonic() - begun < SOON
            assert KEY not in log + "\n".join(service.lines)


async def test_single_commands_as_arguments(image: Image, world: World) -> None:
    async with docker(image, world) as container:
        version = await container.run("--version")
        assert (version.code, version.out.split()[0]) == (0, "kometa-ai")
        assert (await container.run("--run-now")).code == 0
        assert world.radarr.members("KAI-noir") == {1, 2}
        # A container for one run is no service: it is healthy all the same.
        assert await container.healthy()
        assert (await container.run("--no-such-flag")).code == 2
        assert (await container.run("sh", "-c", "exit 7")).code == 7


async def test_wrong_settings_are_all_told(image: Image, world: World) -> None:
    async with docker(image, world, SMTP_PORT="many", MONTHLY_BUDGET="much") as container:
        for arguments in ((), ("--run-now",)):
            ended = await container.run(*arguments)
            assert ended.code == 2
            assert "SMTP_PORT" in ended.err
            assert "MONTHLY_BUDGET" in ended.err


async def test_a_service_that_is_not_there_is_not_healthy(image: Image, world: World) -> None:
    async with docker(image, world) as container:
        assert not await container.healthy()


async def test_another_user_gets_what_an_earlier_one_left(image: Image, world: World) -> None:
    """State of 0.5.x belongs to root, and PUID may come later."""
    world.state.mkdir()
    (world.state / "kometa_state.json").write_text('{"state_version": 1}', "utf-8")
    async with docker(image, world, PUID="1234", PGID="1235") as container:
        ended = await container.run("--dump-state")
        assert set(owners(world.state).values()) == {(1234, 1235)}, ended.err
        ended = await container.do("python", "-c", "import os; print(os.getuid(), os.getgroups())")
        assert ended.out == "1234 []\n"
    kometa = owners(world.kometa)
    assert set(kometa.values()) == {(0, 0)}, "Kometa's files are not ours to give away"


@pytest.mark.parametrize("wrong", ["me", "-1", "10 00"])
async def test_a_user_that_is_no_number_is_refused(image: Image, world: World, wrong: str) -> None:
    async with docker(image, world, PUID=wrong) as container:
        ended = await container.run("--version")
        assert ended.code == 2
        assert "PUID" in ended.err


async def test_root_without_its_rights_is_told_what_to_do(image: Image, world: World) -> None:
    async with docker(image, world, "--cap-drop", "all") as container:
        ended = await container.run("--version")
        assert ended.code == 2
        assert 'Set user: "1000:1000" instead of PUID and PGID.' in ended.err


async def test_with_a_user_of_dockers_nothing_is_changed_and_all_is_said(
    image: Image, world: World, tmp_path: Path
) -> None:
    """`user:` in the compose file: nobody is root who could give the folders away."""
    async with docker(image, world, "--user", "1500:1500") as container:
        ended = await container.run("--run-now")
        assert ended.code != 0
        for folder in ("/app/state", "/app/logs"):
            assert f"{folder} cannot be written by the user 1500" in ended.err
        assert set(owners(world.state).values()) == {(0, 0)}
        await asyncio.to_thread(world.state.chmod, 0o777)
        ended = await container.run("--run-now")
        assert ended.code == 0, ended.err
        assert "/app/state cannot" not in ended.err
        # A log that root has left is no reason to do nothing.
        logs = tmp_path / "logs"
        await asyncio.to_thread(logs.chmod, 0o777)
        (logs / "kometa_ai.log").write_text("root's\n", "utf-8")
        ended = await container.run("--run-now")
        assert ended.code == 0, ended.err
        assert "/app/logs/kometa_ai.log cannot be written by the user 1500" in ended.err
    files = owners(world.state)
    del files["."]
    assert set(files.values()) == {(1500, 1500)}
