"""The page in a real browser: through ingress, in a frame, on a phone, with a strict policy."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from addon.command import Response
from addon.web.door import Door, Guard
from addon.web.server import Page as Server
from kometa_ai.adapters.clock import SystemClock
from kometa_ai.demo.mishap import Mishap
from script.chromium import NotShownError, Page, chromium
from tests.guard import wish
from tests.outside import LOOPBACK, PATIENCE, missing, reserved_port, until
from tests.serving import serving
from tests.sights import HELD, IDLE, SIGHTS, STRANGE
from tests.visiting import ingress, visited
from tests.world import World, movie

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from addon.command import Command
    from addon.web.sight import Sight

MOVIES = [movie(number) for number in range(1, 21)]
CHANCES = {"Noir": {1: 0.95, 2: 0.95}}
# What the page's own rules say of each text: the contrast of its colour with what lies behind it.
CONTRAST = """
(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([red, green, blue]) => {
    const part = (one) => (one /= 255) <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue);
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const [red, green, blue, alpha = 1] = parse(getComputedStyle(node).backgroundColor);
      if (alpha) return [red, green, blue];
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
    if (!own || !node.checkVisibility() || node.closest("noscript")) continue;
    const pair = [light(parse(getComputedStyle(node).color)), light(behind(node))];
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < 4.5) poor.push(`${node.tagName} ${node.textContent.slice(0, 30)}: ${ratio}`);
  }
  return poor;
})()
"""


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Page]:
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        missing("Chromium is not installed (Debian: apt install chromium).")
    (tmp_path / "browser").mkdir()
    async with chromium(tmp_path / "browser") as page:
        for part in ("Page", "Log", "Runtime", "Audits", "Network"):
            await page.ask(f"{part}.enable")
        yield page


@asynccontextmanager
async def showing(sight: Sight) -> AsyncIterator[str]:
    """Show one state of the service; where it is."""

    async def look() -> Sight:
        return sight

    async with looked_at(look) as url:
        yield url


@asynccontextmanager
async def looked_at(look: Callable[[], Awaitable[Sight]], password: str = "") -> AsyncIterator[str]:
    """Show what ``look`` returns; where it is."""
    guard = Guard.PASSWORD if password else Guard.LOOPBACK

    async def submit(command: Command) -> Response:
        return Response(command.word, accepted=False, error="It is only a picture.")

    blamed: list[object] = []
    server = Server(SystemClock(), look=look, submit=submit, blame=blamed.append)
    with reserved_port() as port:
        server.use(Door(guard, LOOPBACK, port, password))
        life = asyncio.create_task(server.run())
        try:
            await until(lambda: blamed)
            yield f"http://{LOOPBACK}:{port}/"
        finally:
            life.cancel()
            await asyncio.wait({life})


async def shows(tab: Page, script: str) -> Any:
    """Wait until a script says something that is true, and return it."""
    found = None
    async with asyncio.timeout(PATIENCE):
        while not (found := await tab.do(script)):  # noqa: ASYNC110 - it sets no event
            await asyncio.sleep(0.05)  # noqa: TID251 - the browser is another process
    return found


async def go(tab: Page, url: str) -> None:
    """Open an address, and wait until the script of the page is at work."""
    await tab.ask("Page.navigate", url=url)
    await shows(
        tab, f"location.href === {url!r} && document.querySelector('button[aria-disabled]') && 1"
    )


def complaints(tab: Page) -> list[str]:
    """Return what the browser had to complain about: violations of the policy, errors."""
    found = []
    for event in tab.heard:
        told = event.get("params", {})
        match event.get("method"):
            case "Log.entryAdded":
                found.append(f"{told['entry']['level']}: {told['entry']['text']}")
            case "Runtime.exceptionThrown":
                found.append(str(told["exceptionDetails"]))
            case "Audits.issueAdded" if "ontentSecurityPolicy" in told["issue"]["code"]:
                found.append(str(told["issue"]))
            case "Network.requestWillBeSent" if LOOPBACK not in told["request"]["url"]:
                found.append(told["request"]["url"])
    return [one for one in found if not one.startswith(("about:", "data:"))]


async def test_a_run_is_pressed_through_ingress_and_seen_to_its_end(
    tab: Page, tmp_path: Path
) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(wish("Noir"))
        hold = asyncio.Event()
        world.claude.mishaps = [Mishap(hold=hold)]
        async with (
            serving(world) as served,
            visited(served, Guard.SUPERVISOR) as port,
            ingress(port) as proxy,
        ):
            await go(tab, proxy.url)
            # With the keyboard: the button keeps the focus while it may not be pressed.
            await tab.do("document.querySelector('[data-command=run]').focus()")
            for kind in ("rawKeyDown", "char", "keyUp"):
                await tab.ask(
                    "Input.dispatchKeyEvent",
                    type=kind,
                    key="Enter",
                    code="Enter",
                    text="\r",
                    windowsVirtualKeyCode=13,
                )
            said = "document.getElementById('answer').textContent"
            await shows(tab, f"{said} === 'The run has begun.'")
            await shows(tab, "document.getElementById('headline').textContent.includes('going on')")
            assert await tab.do("document.activeElement.dataset.command") == "run"
            pressed = "document.querySelector('[data-command=cancel]').ariaDisabled"
            assert await tab.do(pressed) == "false"
            hold.set()
            await served.runs.idle.wait()
            await shows(tab, "document.getElementById('last').textContent.includes('2 added.')")
            assert await tab.do("document.getElementById('headline').textContent") == "All is well."
            assert world.radarr.members("kai-noir") == {1, 2}
            await tab.do("document.querySelector('[data-command=cancel]').click()")
            assert not [one for one in proxy.passed if "POST" in one][1:]
            assert proxy.strays == []
    assert complaints(tab) == []


async def test_a_refusal_is_told(tab: Page) -> None:
    async with showing(IDLE) as url:
        await go(tab, url)
        await tab.do("document.querySelector('[data-command=dry_run]').click()")
        said = "document.getElementById('answer').textContent"
        assert await shows(tab, said) == "It is only a picture."


async def test_home_assistant_may_show_it_in_a_frame(tab: Page, tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(wish("Noir"))
        async with (
            serving(world) as served,
            visited(served, Guard.SUPERVISOR) as port,
            ingress(port) as proxy,
        ):
            await tab.ask("Page.navigate", url=proxy.frame)
            inside = "document.querySelector('iframe')?.contentDocument"
            await shows(tab, f"{inside}?.querySelector('button[aria-disabled]') && 1")
            assert "Kometa-AI" in await tab.do(f"{inside}.body.textContent")
    assert complaints(tab) == []


async def test_nobody_else_may(tab: Page) -> None:
    async with showing(IDLE) as url, ingress(0) as elsewhere:
        await tab.ask("Page.navigate", url=elsewhere.frame)
        await shows(
            tab, "document.readyState === 'complete' && document.querySelector('iframe')&&1"
        )
        await tab.do(
            f"const frame = document.createElement('iframe'); frame.src = '{url}';"
            "frame.onload = () => { document.title = 'loaded'; }; document.body.append(frame)"
        )
        await shows(tab, "document.title === 'loaded'")
    assert any("frame-ancestors" in one for one in complaints(tab))


@pytest.mark.parametrize("sight", [*SIGHTS.values(), STRANGE], ids=[*SIGHTS, "strange"])
async def test_it_fits_a_phone_and_can_be_read_by_day_and_by_night(tab: Page, sight: Sight) -> None:
    async with showing(sight) as url:
        for width in (320, 360, 1280):
            for scheme in ("light", "dark"):
                await tab.ask(
                    "Emulation.setEmulatedMedia",
                    features=[{"name": "prefers-color-scheme", "value": scheme}],
                )
                await tab.size(width, 800)
                await go(tab, url)
                await tab.do("for (const one of document.querySelectorAll('details')) one.open = 1")
                wide = await tab.do("document.documentElement.scrollWidth")
                assert wide <= width
                small = await tab.do(
                    "[...document.querySelectorAll('button, summary')]"
                    ".map((one) => one.getBoundingClientRect().height).filter((one) => one < 44)"
                )
                assert small == []
                assert await tab.do(CONTRAST) == []
                assert await tab.do("typeof window.hacked") == "undefined"
    assert complaints(tab) == []


async def test_a_hidden_page_asks_nothing_and_a_seen_one_does(tab: Page) -> None:
    async with showing(HELD) as url:
        await go(tab, url)
        hide = (
            "Object.defineProperty(document, 'hidden', {{value: {0}, configurable: true}});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
        asked = (
            "performance.getEntriesByType('resource')"
            ".filter((one) => one.name.endsWith('/status')).length"
        )
        await shows(tab, f"{asked} > 0")
        await tab.do(hide.format("true"))
        before = await tab.do(asked)
        await tab.do(hide.format("true"))
        assert await tab.do(asked) == before
        await tab.do(hide.format("false"))
        await shows(tab, f"{asked} > {before}")


async def test_a_bookmark_may_hold_the_login(tab: Page) -> None:
    async def look() -> Sight:
        return IDLE

    async with looked_at(look, "a-password") as url:
        await tab.ask("Page.navigate", url=url.replace("//", "//me:a-password@"))
        await shows(tab, "document.querySelector('button[aria-disabled=false]') && 1")
        await tab.do("find(document, 'button[data-command=run]').click()")
        said = await shows(tab, "document.getElementById('answer').textContent")
        assert said == "It is only a picture."


async def test_an_answer_that_never_comes_is_not_waited_for(tab: Page) -> None:
    """As on a phone that comes back to a connection that is dead: else the page stands still."""
    await tab.ask(
        "Page.addScriptToEvaluateOnNewDocument",
        source="const real = AbortSignal.timeout; "
        "AbortSignal.timeout = (given) => real.call(AbortSignal, given / 100);",
    )
    looks = 0

    async def look() -> Sight:
        nonlocal looks
        looks += 1
        if looks > 1:
            await asyncio.Event().wait()
        return IDLE

    async with looked_at(look) as url:
        await go(tab, url)
        said = await shows(tab, "document.getElementById('answer').textContent")
        assert said == "Kometa-AI does not answer; it is asked again."


async def test_without_javascript_it_can_be_read(tab: Page) -> None:
    async with showing(HELD) as url:
        await tab.ask("Emulation.setScriptExecutionDisabled", value=True)
        await tab.ask("Page.navigate", url=url)
        text = ""
        async with asyncio.timeout(PATIENCE):
            while "Last run" not in text:
                root = (await tab.ask("DOM.getDocument", depth=-1))["root"]["nodeId"]
                with suppress(NotShownError):  # the page came in between
                    text = (await tab.ask("DOM.getOuterHTML", nodeId=root))["outerHTML"]
        assert "The buttons need JavaScript" in text
        assert text.count("disabled=") == 3
        assert "Film Noir" in text
