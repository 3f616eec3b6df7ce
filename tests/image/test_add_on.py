"""The image as the Supervisor runs it: folders, options, its API, a backup and a restore."""

from __future__ import annotations

import json
import shlex
import shutil
import socket
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.guard import wish
from tests.image.container import Container, Image, is_up, owners
from tests.listener import listening
from tests.mosquitto import Login, Mosquitto, mosquitto
from tests.outside import LOOPBACK, until
from tests.service import ended, newest, online
from tests.simulated_supervisor import TOKEN, SimulatedSupervisor
from tests.world import KEY, World, movie

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

# The first test waits for the image to be built.
pytestmark = pytest.mark.timeout(900)

MANIFEST = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text("utf-8"))
MOVIES = [movie(number) for number in range(1, 21)]
CHANCES = {"Noir": {1: 0.95, 2: 0.95}}
LOGIN = Login("addons", "a-password-of-the-broker")
PLACE = "homeassistant/addons_config/kometa"
SOON = 5.0
LONGEST_START = 15.0


@dataclass(slots=True)
class Home:
    """The folders of a Home Assistant that an add-on sees, below a root of the test's own."""

    root: Path

    def __post_init__(self) -> None:
        for place in ("data", "config", "share", PLACE):
            (self.root / place).mkdir(parents=True)

    @property
    def data(self) -> Path:
        return self.root / "data"

    def write(self, options: Mapping[str, object], file: Mapping[str, object]) -> None:
        """Write the options as the Supervisor does, and a file of settings as a user does."""
        (self.data / "options.json").write_text(json.dumps(options), "utf-8")
        (self.root / "config" / "kometa-ai.yaml").write_text(yaml.safe_dump(file), "utf-8")

    def volumes(self) -> dict[Path, str]:
        return {
            self.root / name: f"/{name}" for name in ("data", "config", "share", "homeassistant")
        }


@asynccontextmanager
async def add_on(image: Image, home: Home, supervisor: str) -> AsyncIterator[Container]:
    """Make the add-on's container: its environment holds no setting of ours but the time zone."""
    environment = {
        "TZ": "Europe/Berlin",
        "SUPERVISOR_TOKEN": TOKEN,
        "HASSIO_TOKEN": TOKEN,
        "SUPERVISOR_URL": supervisor,
    }
    async with image.container(home.volumes(), environment) as container:
        yield container


@asynccontextmanager
async def supervised(broker: Mosquitto) -> AsyncIterator[str]:
    """Run a Supervisor that knows a broker with a login; return its address."""
    data: dict[str, Any] = {
        "host": LOOPBACK,
        "port": broker.port,
        "ssl": False,
        "username": LOGIN.username,
        "password": LOGIN.password,
        "protocol": "3.1.1",
    }
    async with SimulatedSupervisor(data) as supervisor:
        yield supervisor.url


@pytest.fixture(autouse=True)
async def ingress_port() -> None:
    """Wait until the port is free: an add-on has no other, and another checkout may test too."""
    await until(_is_free)


def _is_free() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind(("", MANIFEST["ingress_port"]))
        except OSError:
            return False
    return True


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path / "world", MOVIES, CHANCES) as world:
        yield world


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def options(world: World, **more: object) -> dict[str, object]:
    """Return options as the form leaves them: what was not filled in is blank or missing."""
    return {
        "radarr_url": world.radarr.url,
        "radarr_api_key": KEY,
        "claude_api_key": KEY,
        "kometa_config_dir": "",
        "smtp_port": "",
        **more,
    }


async def test_from_the_first_start_to_a_restored_backup(
    image: Image, home: Home, world: World, tmp_path: Path
) -> None:
    (home.root / PLACE / "movies.yml").write_text("collections:\n" + wish("Noir"), "utf-8")
    restored = Home(tmp_path / "restored")
    home.write(options(world), {"claude_base_url": world.claude.url})
    async with (
        mosquitto(tmp_path / "broker", login=LOGIN) as broker,
        listening(broker, "kometa_ai/#") as listener,
        supervised(broker) as supervisor,
    ):
        async with add_on(image, home, supervisor) as container:
            begun = time.monotonic()
            service = await container.start()
            await online(listener)
            assert time.monotonic() - begun < LONGEST_START
            await is_up(container)
            await service.says(f"Kometa's files are read in /{PLACE}")
            assert not newest(listener)["problem"], newest(listener)

            await listener.say("kometa_ai/command", "run")
            assert (await ended(listener))["result"] == "success"
            assert world.radarr.members("KAI-noir") == {1, 2}
            bought = len(world.claude.requests)
            assert bought

            backup = await container.do(*shlex.split(MANIFEST["backup_pre"]))
            assert backup.code == 0
            assert "the state in /data is whole" in backup.err
            # Hot: the copy is taken while the service is at work.
            shutil.copytree(home.root, restored.root, dirs_exist_ok=True)

            again = await container.do("python", "-m", "kometa_ai", "--run-now")
            assert again.code == 0, again.err
            config = await container.do("python", "-m", "kometa_ai", "--dump-config")
            for line in ("STATE_DIR=/data ", "SETTINGS_FILE=/config/kometa-ai.yaml "):
                (found,) = (one for one in config.out.splitlines() if one.startswith(line))
                assert found.endswith("# add-on")

            begun = time.monotonic()
            assert await container.stop(service) == 0
            assert time.monotonic() - begun < SOON
            said = "\n".join((*service.lines, backup.err, again.err, again.out, config.out))
            for secret in (KEY, LOGIN.password, TOKEN):
                assert secret not in said
            assert set(owners(home.data).values()) == {(0, 0)}

        async with add_on(image, restored, supervisor) as container:
            service = await container.start()
            await is_up(container)
            run = await container.do("python", "-m", "kometa_ai", "--run-now", "--json")
            assert run.code == 0, run.err
            assert run.json["usage"]["requests"] == 0
            assert len(world.claude.requests) == bought
            assert world.radarr.members("KAI-noir") == {1, 2}
            assert not any("backup" in line for line in service.lines)
            assert await container.stop(service) == 0


async def test_wrong_options_are_told_and_the_service_stays(
    image: Image, home: Home, world: World, tmp_path: Path
) -> None:
    """The log page and the device in Home Assistant are where a user looks."""
    wrong = {"monthly_budget": "much", "schedule_cron": "at noon", "smtp_port": 99999}
    wrong["radarr_url"] = "radarr:7878"
    home.write(options(world, **wrong), {"log_dir": "/proc/nowhere"})
    async with (
        mosquitto(tmp_path / "broker", login=LOGIN) as broker,
        listening(broker, "kometa_ai/#") as listener,
        supervised(broker) as supervisor,
        add_on(image, home, supervisor) as container,
    ):
        service = await container.start()
        await online(listener)
        await is_up(container)
        log = "\n".join(service.lines)
        for name in ("MONTHLY_BUDGET", "SCHEDULE_CRON", "SMTP_PORT", "RADARR_URL"):
            assert name in log
        assert "RADARR_URL: is not set" not in log, "it is set, and wrong"
        assert "LOG_DIR can't be written" in log
        assert newest(listener)["problem"]
        assert (await container.do("python", "-m", "kometa_ai", "--run-now")).code == 2
        assert await container.stop(service) == 0


async def test_without_a_block_it_is_said_where_was_looked(
    image: Image, home: Home, world: World
) -> None:
    home.write(options(world), {"claude_base_url": world.claude.url})
    async with add_on(image, home, world.radarr.url) as container:
        run = await container.do("python", "-m", "kometa_ai", "--run-now")
        assert run.code == 1
        for place in (f"/{PLACE}", "/homeassistant/kometa", "/share/kometa", "/config"):
            assert place in run.err + run.out
    assert world.claude.requests == []
