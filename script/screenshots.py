"""Takes the pictures of docs/HOME_ASSISTANT.md and of the page, in docs/pictures.

A real Home Assistant, a real Mosquitto and the real service, with Radarr and Claude simulated.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from kometa_ai.demo.claude import SimulatedClaude
from kometa_ai.demo.radarr import SimulatedRadarr
from script import page_pictures
from script.chromium import Page, chromium
from script.keeping import keep, narrow
from tests.guard import bring_back, take_away
from tests.homeassistant.core import Core, home_assistant
from tests.homeassistant.device import RESULT, STATUS, Device
from tests.homeassistant.phone import phone
from tests.mosquitto import Mosquitto, mosquitto
from tests.outside import LOOPBACK
from tests.service import EVENT, service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WIDE, NARROW = 1280, 390
KEY = "picture-key"
NEW = range(171, 201)
BLUEPRINTS = {
    "tell_what_changed": "Tell me what changed",
    "tell_what_is_wrong": "Tell me when something is wrong",
    "ask_to_approve": "Ask me about held changes",
    "run_when": "Run when Radarr has imported a film",
}
IMPORTED = {
    "trigger": "webhook",
    "webhook_id": "radarr-imported-a-film",
    "allowed_methods": ["POST"],
    "local_only": True,
}
NOTES = """
find(document, "home-assistant-main").dispatchEvent(new CustomEvent("hass-show-notifications"));
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that is seen in the pictures."""

    core: Core
    device: Device
    radarr: SimulatedRadarr
    kometa: Path
    page: Page

    async def take(self, name: str, height: int, width: int = WIDE) -> None:
        """Take a picture of what is there."""
        await self.page.size(width, height)
        await self.page.shows()
        keep(name, await self.page.picture())

    async def open(self, path: str, *words: str) -> None:
        """Open a page of Home Assistant."""
        await self.page.open(f"{self.core.url}/{path}", *words)


async def prepare(scene: Scene, phone_id: str) -> None:
    """Make an automation of each blueprint, as a user would, and run for the first time."""
    await scene.device.run()
    for file, name in BLUEPRINTS.items():
        if file == "run_when":
            inputs: dict[str, object] = {"happens": [IMPORTED], "pause": 60}
        else:
            inputs = {"phones": [phone_id]}
        await scene.core.api.add_automation(
            file,
            alias=name,
            use_blueprint={"path": f"kometa_ai/{file}.yaml", "input": inputs},
        )


async def take_what_changed(scene: Scene) -> None:
    """Run with new films: the messages."""
    await scene.page.size(WIDE, 560)
    await scene.device.run()
    await scene.open("kometa-ai/overview", "Came in last", "Monthly budget")
    await scene.page.do(NOTES)
    await scene.page.shows("Film Noir:", "added")
    await scene.take("message_what_changed", 560)
    await scene.core.api.call("persistent_notification.dismiss_all")


async def take_the_question(scene: Scene) -> None:
    """Run with a narrower collection, of which a large part would go."""
    narrow(scene.kometa)
    await scene.device.run()
    await scene.core.api.state("sensor.kometa_ai_held", lambda state: state.value != "0")
    await scene.page.size(WIDE, 800)
    await scene.open("kometa-ai/overview", "Held back", "Came in last", "Monthly budget")
    await scene.take("dashboard", 800)
    await scene.page.do(NOTES)
    await scene.page.shows("take", "out?")
    await scene.take("message_ask_to_approve", 560)
    await scene.page.size(NARROW, 844)
    await scene.open("kometa-ai/overview", "Held back", "Came in last")
    await scene.take("dashboard_phone", 844, NARROW)


async def take_the_settings(scene: Scene) -> None:
    """Show the device, the list of blueprints and the form of each."""
    await scene.page.size(WIDE, 900)
    device = (await scene.core.api.devices())["Kometa-AI"]
    await scene.open(f"config/devices/device/{device['id']}", "Controls", "Sensors", "Diagnostic")
    await scene.take("device", 950)
    await scene.open("config/blueprint/dashboard", "Kometa-AI: run when something happens")
    await scene.take("blueprints", 500)
    heights = dict(zip(BLUEPRINTS, (980, 1050, 740, 980), strict=True))
    for file, name in BLUEPRINTS.items():
        await scene.open(f"config/automation/edit/{file}", name, "And elsewhere")
        await scene.take(f"blueprint_{file}", heights[file])


@asynccontextmanager
async def serving(folder: Path, core: Core, broker: Mosquitto, page: Page) -> AsyncIterator[Scene]:
    """Start the service over the demo's films, some of which are not there yet."""
    films = json.loads(files("kometa_ai.demo").joinpath("films.json").read_text("utf-8"))
    kometa = folder / "kometa"
    shutil.copytree(str(files("kometa_ai.demo").joinpath("kometa")), kometa)
    async with (
        SimulatedRadarr(films, api_key=KEY) as radarr,
        SimulatedClaude(api_key=KEY) as claude,
    ):
        environment = {
            "RADARR_URL": radarr.url,
            "RADARR_API_KEY": KEY,
            "CLAUDE_API_KEY": KEY,
            "CLAUDE_BASE_URL": claude.url,
            "KOMETA_CONFIG_DIR": str(kometa),
            "STATE_DIR": str(folder / "state"),
            "SCHEDULE_CRON": "0 3 * * *",
            "TZ": "Europe/Berlin",
            "MQTT_HOST": LOOPBACK,
            "MQTT_PORT": str(broker.port),
        }
        async with service(folder, environment) as served:
            await core.api.state(RESULT, "never")
            await core.api.state(STATUS, "idle")
            # Home Assistant listens for events half a second after it has found the entity.
            await broker.program.says(f" 0 {EVENT}")
            yield Scene(core, Device(core, served), radarr, kometa, page)
            await served.stop()


async def log_in(page: Page, core: Core) -> None:
    """Make the browser the harness's user, without the side bar."""
    token = str(core.api.session.headers["Authorization"]).removeprefix("Bearer ")
    tokens = {
        "access_token": token,
        "token_type": "Bearer",
        "refresh_token": "",
        "expires_in": 1800,
        "expires": 4_000_000_000_000,
        "hassUrl": core.url,
        "clientId": f"{core.url}/",
    }
    await page.remember({"hassTokens": tokens, "dockedSidebar": "always_hidden"})


async def main(folder: Path) -> None:
    """Take all pictures."""
    async with AsyncExitStack() as stack:
        for name in ("broker", "core", "served", "chromium", "page"):
            (folder / name).mkdir()
        broker = await stack.enter_async_context(mosquitto(folder / "broker" / "of"))
        core = await stack.enter_async_context(home_assistant(folder / "core" / "of"))
        await core.add_broker(broker)
        page = await stack.enter_async_context(chromium(folder / "chromium"))
        await log_in(page, core)
        mobile = await stack.enter_async_context(phone(core.api, "Ada's Phone"))
        opened = serving(folder / "served", core, broker, page)
        scene = await stack.enter_async_context(opened)
        taken = take_away(scene.radarr, NEW)
        await prepare(scene, mobile.device_id)
        bring_back(scene.radarr, taken)
        await take_what_changed(scene)
        await take_the_question(scene)
        await take_the_settings(scene)
        await page_pictures.take(page, folder / "page")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(main(Path(scratch)))
