"""A real Home Assistant Core without a screen, to be stopped and brought back."""

from __future__ import annotations

import asyncio
import json
import shutil
import uuid
from asyncio.subprocess import PIPE
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.homeassistant.api import Api, body
from tests.homeassistant.complaints import Record, complaints
from tests.homeassistant.wire import Wire
from tests.outside import LOOPBACK, missing, reserved_port
from tests.programs import Program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.mosquitto import Mosquitto

ROOT = Path(__file__).parents[2]
INSTALLER = ROOT / "script" / "homeassistant"
FOR_PEOPLE = ROOT / "homeassistant"
NO_PYTHON = 69
FIRST_START = 150.0
"""Seconds: it compiles half a thousand modules then, on a machine that does other things too."""
USER = {"name": "Ada", "username": "ada", "password": "ada-ada-ada", "language": "en"}
SETTINGS = """\
homeassistant:
  name: Home
  time_zone: Europe/Berlin
  unit_system: metric
  country: DE
  currency: EUR
http:
  server_host: 127.0.0.1
  server_port: {port}
# Without the page Core starts in its recovery mode.
frontend:
automation: !include automations.yaml
script:
recorder:
history:
logbook:
mobile_app:
lovelace:
  dashboards:
    kometa-ai:
      mode: yaml
      title: Kometa-AI
      filename: dashboard.yaml
logger:
  default: info
"""
# The step core_config would set up weather and radio, which ask the internet.
ONBOARDED = {
    "version": 4,
    "key": "onboarding",
    "data": {"done": ["core_config", "analytics", "integration"]},
}


@dataclass(slots=True)
class Core:
    """A Core; ``program.lines`` is its log, ``api`` the user who is logged in while it is up."""

    program: Program
    folder: Path
    port: int
    _token: str = ""
    _connection: AsyncExitStack = field(default_factory=AsyncExitStack)
    _api: Api | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def api(self) -> Api:
        assert self._api is not None, "Home Assistant is down"
        return self._api

    async def start(self) -> None:
        """Start it, on the port it always has; return when it runs and its user is logged in."""
        since = self.now()
        await self.program.start()
        await self.program.says(
            "[homeassistant.core] Starting Home Assistant", since=since, patience=FIRST_START
        )
        await self._connect()

    async def stop(self, signal: Signals = SIGTERM) -> None:
        """End it, as a user does (SIGTERM) or as a power cut does (SIGKILL)."""
        self._api = None
        await self._connection.aclose()
        await self.program.stop(signal)

    async def restart(self, signal: Signals = SIGTERM) -> None:
        """Stop it and start it again."""
        await self.stop(signal)
        await self.start()

    async def add_broker(self, broker: Mosquitto) -> None:
        """Set up the MQTT integration, as its form does."""
        form = await self.api.post("config/config_entries/flow", {"handler": "mqtt"})
        answers: dict[str, Any] = {"broker": LOOPBACK, "port": broker.port}
        if broker.login is not None:
            answers |= {"username": broker.login.username, "password": broker.login.password}
        done = await self.api.post(f"config/config_entries/flow/{form['flow_id']}", answers)
        assert done["type"] == "create_entry", done
        await self.hears(broker)

    async def hears(self, broker: Mosquitto) -> None:
        """Wait until it has heard all that the broker was told up to now."""
        topic = f"harness/{uuid.uuid4().hex}"
        async with broker.client() as client, self.api.messages(topic) as heard:
            # Retained, because Home Assistant subscribes half a second after it says so.
            await client.publish(topic, "mark", qos=1, retain=True)
            await self.api.until(lambda: heard, "Home Assistant to hear the broker")
            await client.publish(topic, "", qos=1, retain=True)

    def now(self) -> int:
        """Return the place in its log up to which it has come."""
        return len(self.program.lines)

    async def complaints(self, *expected: str, since: int = 0) -> list[Record]:
        """Return every warning and error up to now, without those that a pattern expects."""
        # A thread writes the log: what was said before our word is there when our word is.
        mark = f"mark {uuid.uuid4().hex}"
        await self.api.call("system_log.write", message=mark, level="info", logger="harness")
        await self.program.says(mark, since=since)
        return complaints(self.program.lines[since:], expected)

    async def _connect(self) -> None:
        session = await self._connection.enter_async_context(aiohttp.ClientSession(self.url))
        if not self._token:
            self._token = await self._onboard(session)
        session.headers["Authorization"] = f"Bearer {self._token}"
        socket = await self._connection.enter_async_context(session.ws_connect("/api/websocket"))
        assert (await socket.receive_json())["type"] == "auth_required"
        await socket.send_json({"type": "auth", "access_token": self._token})
        assert (await socket.receive_json())["type"] == "auth_ok"
        api = Api(session, Wire(socket))
        listening = asyncio.create_task(api.wire.listen(), name="Core's events")
        self._connection.push_async_callback(_ended, listening)
        async with api.events("homeassistant_started") as started:
            if (await api.ask("get_config"))["state"] != "RUNNING":
                await api.until(lambda: started, "Home Assistant to have started")
        await api.follow()
        self._api = api

    async def _onboard(self, session: aiohttp.ClientSession) -> str:
        client = f"{self.url}/"
        new = {**USER, "client_id": client}
        async with session.post("/api/onboarding/users", json=new) as response:
            code = (await body(response))["auth_code"]
        asked = {"grant_type": "authorization_code", "code": code, "client_id": client}
        async with session.post("/auth/token", data=asked) as response:
            return str((await body(response))["access_token"])


async def _ended(listening: asyncio.Task[None]) -> None:
    listening.cancel()
    await asyncio.wait({listening})


async def core_python() -> str:
    """Return the Python that has Home Assistant; it is installed if it is not there yet."""
    installing = await asyncio.create_subprocess_exec(str(INSTALLER), stdout=PIPE, stderr=PIPE)
    out, err = await installing.communicate()
    if installing.returncode == NO_PYTHON:
        missing(err.decode().strip())
    assert installing.returncode == 0, err.decode()
    return out.decode().strip()


@asynccontextmanager
async def home_assistant(folder: Path, *, more_settings: str = "") -> AsyncIterator[Core]:
    """Start a Core in a new folder; it is ended however the test ends."""
    python = await core_python()
    with reserved_port() as port:
        (folder / ".storage").mkdir(parents=True)
        (folder / ".storage" / "onboarding").write_text(json.dumps(ONBOARDED), "utf-8")
        settings = SETTINGS.format(port=port) + more_settings
        (folder / "configuration.yaml").write_text(settings, "utf-8")
        (folder / "automations.yaml").write_text("[]\n", "utf-8")
        shutil.copytree(FOR_PEOPLE / "blueprints", folder / "blueprints")
        shutil.copy(FOR_PEOPLE / "dashboard.yaml", folder / "dashboard.yaml")
        command = (python, "-m", "homeassistant", "--config", ".", "--skip-pip", "--log-no-color")
        core = Core(Program(command, folder), folder, port)
        try:
            await core.start()
            yield core
        finally:
            await core.stop(SIGKILL)
