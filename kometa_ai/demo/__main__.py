"""python -m kometa_ai.demo: the whole program at work, on a simulated Radarr and Claude."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
from argparse import ArgumentParser
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from kometa_ai.demo.claude import SimulatedClaude
from kometa_ai.demo.radarr import SimulatedRadarr
from kometa_ai.demo.service import serve

KEY = "demo-key-of-no-value"
BANNER = """\
Kometa-AI demo. Radarr and Claude are SIMULATED: two small servers on this machine, {count} real
films, no account, no money. The simulated Claude is a word counter that reads the same prompt as
the real one would; its taste is no measure of Claude's. Everything else is the real program.
"""
FIRST = "\n== First run: every film is judged for every collection, and the answer becomes tags\n"
SECOND = "\n== Second run: nothing changed, so nothing is asked and nothing is paid\n"
WHY = '\n== Why is a film in a collection?  --why "{}" "{}"\n'
END = """
What the simulated Radarr holds now:
{tags}
Kometa builds a Plex collection from each of these tags. With your own Radarr: see the README.
"""
ASKED_ABOUT = ("Heists Gone Wrong", "Reservoir Dogs")


def main() -> int:
    """Demonstrate runs, or the service."""
    parser = ArgumentParser("script/demo", description="Kometa-AI at work, on simulators.")
    parser.add_argument(
        "--serve",
        action="store_true",
        help="start the service with an MQTT broker of its own, or with that of MQTT_HOST",
    )
    wanted = parser.parse_args()
    try:
        return asyncio.run(_serve() if wanted.serve else demonstrate())
    except KeyboardInterrupt:
        return 0


def _films() -> list[dict[str, Any]]:
    films: list[dict[str, Any]] = json.loads(
        files("kometa_ai.demo").joinpath("films.json").read_text("utf-8")
    )
    return films


async def _serve() -> int:
    with tempfile.TemporaryDirectory(prefix="kometa-ai-demo-") as folder:
        return await serve(_films(), _settings(Path(folder)), KEY)


async def demonstrate() -> int:
    """Run the program twice against the simulators; return the first exit code that is not 0."""
    films = _films()
    with tempfile.TemporaryDirectory(prefix="kometa-ai-demo-") as folder:
        async with (
            SimulatedRadarr(films, api_key=KEY) as radarr,
            SimulatedClaude(api_key=KEY) as claude,
        ):
            environment = {
                **_settings(Path(folder)),
                "RADARR_URL": radarr.url,
                "CLAUDE_BASE_URL": claude.url,
            }
            print(BANNER.format(count=len(films)))
            codes = []
            for heading, flags in (
                (FIRST, ("--run-now",)),
                (SECOND, ("--run-now",)),
                (
                    WHY.format(*ASKED_ABOUT),
                    ("--why", *ASKED_ABOUT),
                ),
            ):
                print(heading, flush=True)
                codes.append(await _kometa_ai(environment, *flags))
            print(END.format(tags=_tags(radarr)))
    return next((code for code in codes if code), 0)


def _settings(folder: Path) -> dict[str, str]:
    kometa = folder / "kometa-config"
    with as_file(files("kometa_ai.demo").joinpath("kometa")) as samples:
        shutil.copytree(samples, kometa)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name in {"PATH", "HOME", "LANG", "LC_ALL", "TERM", "COLORTERM", "NO_COLOR", "COLUMNS"}
    }
    return {
        **inherited,
        "RADARR_API_KEY": KEY,
        "CLAUDE_API_KEY": KEY,
        "KOMETA_CONFIG_DIR": str(kometa),
        "STATE_DIR": str(folder / "state"),
    }


async def _kometa_ai(environment: dict[str, str], *flags: str) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "kometa_ai", *flags, env=environment
    )
    return await process.wait()


def _tags(radarr: SimulatedRadarr) -> str:
    return "\n".join(
        f"  {label:<28} {len(radarr.members(label)):>3} films"
        for label in sorted(radarr.labels.values())
    )


if __name__ == "__main__":
    sys.exit(main())
