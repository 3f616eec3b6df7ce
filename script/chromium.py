"""A headless Chromium, driven by its own DevTools protocol: pages to open, to read, to picture."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from signal import SIGKILL
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.programs import Program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

GREETING = "DevTools listening on "
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--force-prefers-reduced-motion",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
# The page is a tree of shadow roots, which document.body.innerText does not see.
READ = """
const read = (node) => [...node.childNodes].map((one) =>
  one.nodeType === 3 ? one.data : one.nodeName === "STYLE" || one.nodeName === "SCRIPT" ? "" :
  (one.value?.trim ? one.value + " " : "") +
  (one.shadowRoot ? read(one.shadowRoot) : "") + read(one)
).join(" ");
const text = () => read(document.body ?? document).replace(/\\s+/g, " ");
"""
FIND = """
const find = (node, wanted) => {
  for (const one of node.querySelectorAll("*")) {
    if (one.matches(wanted)) return one;
    const inside = one.shadowRoot && find(one.shadowRoot, wanted);
    if (inside) return inside;
  }
  return null;
};
"""
AWAIT = """
(async (words, patience) => {
  %s
  const end = Date.now() + patience;
  const missing = () => words.filter((word) => !text().includes(word));
  while (missing().length && Date.now() < end) await new Promise((done) => setTimeout(done, 100));
  await document.fonts.ready;
  // What is drawn after its data came, such as icons and graphs, tells nobody when it is done.
  await new Promise((done) => setTimeout(done, 1500));
  return missing().length ? `lacks ${missing()}: ${text()}` : "";
})(%s, 30000)
"""


class NotShownError(Exception):
    """The page does not hold what it should; the text says what it holds."""


@dataclass(slots=True)
class Page:
    """A page that is open."""

    socket: aiohttp.ClientWebSocketResponse
    heard: list[dict[str, Any]] = field(default_factory=list)
    """The events that came between answers; ``Log.enable`` and the like ask for them."""
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    # Anything may be asked and answered: the protocol is Chromium's, not ours.
    async def ask(self, method: str, **parameters: Any) -> Any:  # noqa: ANN401
        """Send a command of the protocol and return its result."""
        number = next(self._numbers)
        await self.socket.send_json({"id": number, "method": method, "params": parameters})
        while (answer := await self.socket.receive_json()).get("id") != number:
            self.heard.append(answer)
        if "error" in answer:
            raise NotShownError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    async def do(self, script: str) -> Any:  # noqa: ANN401 - the same
        """Run JavaScript in the page; ``find(document, selector)`` looks into shadow roots."""
        script = f"{{ {FIND} {script} }}"
        told = await self.ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in told:
            raise NotShownError(f"{script}: {told['exceptionDetails']}")
        return told["result"].get("value")

    async def size(self, width: int, height: int) -> None:
        """Give the window a size in pixels."""
        await self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    async def remember(self, values: dict[str, object]) -> None:
        """Put values into the local storage of every page that is opened from now on."""
        lines = [
            f"localStorage.setItem({json.dumps(key)}, {json.dumps(json.dumps(value))});"
            for key, value in values.items()
        ]
        await self.ask("Page.enable")
        await self.ask("Page.addScriptToEvaluateOnNewDocument", source="".join(lines))

    async def open(self, url: str, *words: str) -> None:
        """Open an address, and wait until these words are there."""
        await self.ask("Page.navigate", url=url)
        await self.shows(*words)

    async def shows(self, *words: str) -> None:
        """Wait until words are there and all is drawn."""
        if fault := await self.do(AWAIT % (READ, json.dumps(words))):
            raise NotShownError(f"The page {fault}")

    async def picture(self) -> bytes:
        """Return what is seen, as a PNG."""
        taken = await self.ask("Page.captureScreenshot", format="png")
        return base64.b64decode(taken["data"])


@asynccontextmanager
async def chromium(folder: Path) -> AsyncIterator[Page]:
    """Start a Chromium that forgets everything, with one empty page; it is ended at the end."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise SystemExit("Chromium is not installed (Debian: apt install chromium).")
    program = Program([found, *FLAGS, f"--user-data-dir={folder}", "about:blank"], folder)
    await program.start()
    try:
        await program.says(GREETING)
        line = next(line for line in program.lines if GREETING in line)
        address = line.partition(GREETING)[2].strip()
        origin = address.partition("/devtools/")[0]
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{origin.replace('ws:', 'http:')}/json") as response:
                pages = [one for one in await response.json() if one["type"] == "page"]
            url = pages[0]["webSocketDebuggerUrl"]
            async with session.ws_connect(url, max_msg_size=0) as socket:
                yield Page(socket)
    finally:
        await program.stop(SIGKILL)
