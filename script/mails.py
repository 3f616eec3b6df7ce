"""Takes pictures of mails as a phone and a desk show them, light and dark; the best are kept.

script/mails.py FOLDER [NAME...] writes every picture there (or those of the mails so called) to be
looked at; docs/pictures gets the best.
"""

from __future__ import annotations

import asyncio
import base64
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.message import Occasion
from kometa_ai.domain.report import Change
from kometa_ai.messages.mail import as_html
from script.chromium import Page, chromium
from tests.mails import EVERY, HEIST, huge, told, trial

if TYPE_CHECKING:
    from kometa_ai.domain.report import RunReport

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
MOST_BYTES = 200_000
WIDTHS = {"phone": 360, "desk": 900}
KEPT = {
    ("changes", "desk", "light"): "mail_changes",
    ("held", "phone", "dark"): "mail_held_phone",
    ("error", "phone", "light"): "mail_error_phone",
}
WIDTH = "document.documentElement.scrollWidth"
HEIGHT = "document.documentElement.scrollHeight"


async def show(page: Page, html: str, width: int, paper: str) -> bytes:
    """Return the picture of a whole mail, which must not be wider than the screen."""
    await page.ask(
        "Emulation.setEmulatedMedia",
        features=[{"name": "prefers-color-scheme", "value": paper}],
    )
    await page.size(width, 600)
    data = base64.b64encode(html.encode()).decode()
    await page.ask("Page.navigate", url=f"data:text/html;charset=utf-8;base64,{data}")
    await page.shows("Kometa-AI")
    if (wide := await page.do(WIDTH)) > width:
        raise SystemExit(f"The mail is {wide} pixels wide on a screen of {width}.")
    await page.size(width, await page.do(HEIGHT))
    return await page.picture()


def endless() -> RunReport:
    """Return a run with more than a mail holds, and words that are wider than a phone."""
    word = "Donaudampfschifffahrtsgesellschaft" * 3
    change = Change(1, word, 1999, word)
    fault = Fault(FaultKind.KOMETA, f"{word}.yml:12", word, word)
    wide = replace(HEIST, name=word, added=(change,), held=(change,) * 12)
    many = huge()
    return replace(many, collections=(wide, *many.collections), faults=(fault,), notices=(word,))


async def main(folder: Path, scratch: Path, names: list[str]) -> None:
    """Take all pictures."""
    outlines = {name: told.outline for name, told in EVERY.items()} | {
        "test": trial(),
        "huge": told(endless(), Occasion.CHANGES).outline,
    }
    if names:
        outlines = {name: outlines[name] for name in names}
    async with chromium(scratch) as page:
        for name, outline in outlines.items():
            for kind, width in WIDTHS.items():
                for paper in ("light", "dark"):
                    picture = await show(page, as_html(outline), width, paper)
                    (folder / f"{name}_{kind}_{paper}.png").write_bytes(picture)
                    keep((name, kind, paper), picture)


def keep(what: tuple[str, str, str], picture: bytes) -> None:
    """Put one of the best where the documents find it."""
    if what not in KEPT:
        return
    name = KEPT[what]
    print(f"{name}.png: {len(picture):,} bytes")
    if len(picture) > MOST_BYTES:
        raise SystemExit(f"{name}.png is larger than {MOST_BYTES:,} bytes: make it smaller.")
    (PICTURES / f"{name}.png").write_bytes(picture)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        shown = Path(sys.argv[1]) if len(sys.argv) > 1 else scratch
        (scratch / "chromium").mkdir()
        shown.mkdir(parents=True, exist_ok=True)
        asyncio.run(main(shown, scratch / "chromium", sys.argv[2:]))
