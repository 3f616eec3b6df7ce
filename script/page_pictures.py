"""Takes the pictures of the add-on's own page, in docs/pictures: the demo's films, a real service.

`python -m script.page_pictures`, or with all other pictures by `python -m script.screenshots`.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from kometa_ai.demo.claude import SimulatedClaude
from kometa_ai.demo.radarr import SimulatedRadarr
from script.chromium import chromium
from script.keeping import keep, narrow
from tests.guard import bring_back, take_away
from tests.outside import LOOPBACK
from tests.service import service
from tests.visiting import command, read

if TYPE_CHECKING:
    from script.chromium import Page

KEY = "picture-key"
NEW = range(171, 201)
WIDE, NARROW = 1280, 360
PATIENCE = 120.0


async def run(url: str, run_id: int) -> None:
    """Run, and wait for the run's end; runs are counted from 1."""
    await command(url, {"command": "run"})
    async with asyncio.timeout(PATIENCE):
        while f'"{run_id}:' not in (await read(f"{url}status"))[1]:  # noqa: ASYNC110 - sets no event
            await asyncio.sleep(0.2)


async def take(page: Page, folder: Path) -> None:
    """Take the pictures: three runs, of which the last holds removals."""
    films = json.loads(files("kometa_ai.demo").joinpath("films.json").read_text("utf-8"))
    kometa = folder / "kometa"
    shutil.copytree(str(files("kometa_ai.demo").joinpath("kometa")), kometa)
    async with (
        SimulatedRadarr(films, api_key=KEY) as radarr,
        SimulatedClaude(api_key=KEY) as claude,
    ):
        taken = take_away(radarr, NEW)
        environment = {
            "RADARR_URL": radarr.url,
            "RADARR_API_KEY": KEY,
            "CLAUDE_API_KEY": KEY,
            "CLAUDE_BASE_URL": claude.url,
            "KOMETA_CONFIG_DIR": str(kometa),
            "STATE_DIR": str(folder / "state"),
            "SCHEDULE_CRON": "0 3 * * *",
            "TZ": "Europe/Berlin",
        }
        async with service(folder, environment) as served:
            await served.program.says("the page is at")
            url = f"http://{LOOPBACK}:{served.port}/"
            await run(url, 1)
            bring_back(radarr, taken)
            narrow(kometa)
            await run(url, 2)
            await shoot(page, url, "page", (WIDE, 1000), "light")
            await shoot(page, url, "page_phone", (NARROW, 1100), "dark")
            await served.stop()


async def shoot(page: Page, url: str, name: str, size: tuple[int, int], scheme: str) -> None:
    """Take one picture of a width and height, by day ("light") or by night ("dark")."""
    feature = {"name": "prefers-color-scheme", "value": scheme}
    await page.ask("Emulation.setEmulatedMedia", features=[feature])
    await page.size(*size)
    await page.open(url, "Last run", "held")
    keep(name, await page.picture())


async def main(folder: Path) -> None:
    """Take the pictures with a browser of their own."""
    for name in ("page", "chromium"):
        (folder / name).mkdir()
    async with chromium(folder / "chromium") as page:
        await take(page, folder / "page")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(main(Path(scratch)))
