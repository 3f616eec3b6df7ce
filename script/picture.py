"""Draws docs/run.svg, the README's picture: what a first run over the demo's films prints."""

from __future__ import annotations

import asyncio
import io
import json
import tempfile
from importlib.resources import files
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from kometa_ai.adapters.clock import SystemClock
from kometa_ai.cli.wiring import open_house
from kometa_ai.demo.claude import SimulatedClaude
from kometa_ai.demo.radarr import SimulatedRadarr
from kometa_ai.domain.report import RunReport, RunRequest
from kometa_ai.run import run
from kometa_ai.settings import ESTIMATE_NEEDS, load
from kometa_ai.terminal.report import print_report

KEY = "picture-key"
PICTURE = Path(__file__).parent.parent / "docs" / "run.svg"
LINES = 36
WIDTH = 100
# No font from outside: whoever looks at the picture fetches nothing else.
FORM = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ display: none; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


async def first_run(folder: Path) -> RunReport:
    """Run once against the simulators."""
    films = json.loads(files("kometa_ai.demo").joinpath("films.json").read_text("utf-8"))
    async with (
        SimulatedRadarr(films, api_key=KEY) as radarr,
        SimulatedClaude(api_key=KEY) as claude,
    ):
        environment = {
            "RADARR_URL": radarr.url,
            "RADARR_API_KEY": KEY,
            "CLAUDE_API_KEY": KEY,
            "CLAUDE_BASE_URL": claude.url,
            "KOMETA_CONFIG_DIR": str(files("kometa_ai.demo").joinpath("kometa")),
            "STATE_DIR": str(folder),
        }
        settings = load(environment, options_file=None).settings
        async with open_house(settings, SystemClock(), print, needs=ESTIMATE_NEEDS) as house:
            return await run(RunRequest(), house)


def draw(report: RunReport) -> str:
    """Return the picture: the beginning of the report, and its last line."""
    screen = io.StringIO()
    words = Console(width=WIDTH, force_terminal=True, highlight=False, file=screen)
    print_report(words, report)
    printed = screen.getvalue().splitlines()
    shown = [*printed[:LINES], "  …", *printed[-2:]]
    paper = Console(record=True, width=WIDTH, highlight=False, file=io.StringIO())
    for line in shown:
        paper.print(Text.from_ansi(line))
    return paper.export_svg(
        title="kometa-ai --run-now", theme=DIMMED_MONOKAI, code_format=FORM, unique_id="run"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as state:
        picture = draw(asyncio.run(first_run(Path(state))))
    PICTURE.write_text(picture, encoding="utf-8")
