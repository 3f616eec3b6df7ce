"""The page over a real service: what is read, what is pressed, and what is refused on the way."""

from __future__ import annotations

import asyncio
import json
import logging
from base64 import b64encode
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
import pytest

from addon.command import Word
from addon.web.door import Guard
from addon.window import Window
from kometa_ai import __version__
from kometa_ai.adapters.clock import SystemClock
from kometa_ai.demo.mishap import Mishap
from kometa_ai.domain.fault import FaultKind, TryLaterError
from kometa_ai.domain.report import RunStarted, Trigger
from tests.guard import wish
from tests.outside import LOOPBACK
from tests.serving import Serving, serving
from tests.visiting import Ingress, command, ingress, read, visited
from tests.world import World, movie

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from kometa_ai.excerpt import RunExcerpt

MOVIES = [movie(number) for number in range(1, 21)]
CHANCES = {"Noir": {1: 0.95, 2: 0.95}, "Cosy": {3: 0.95}}


@dataclass(slots=True)
class Visit:
    """A page that is open, and the service behind it."""

    world: World
    served: Serving
    url: str


@asynccontextmanager
async def visit(folder: Path, **more: str) -> AsyncIterator[Visit]:
    async with World(folder, MOVIES, CHANCES) as world:
        world.write(wish("Noir"), wish("Cosy"))
        async with (
            serving(world, **more) as served,
            visited(served, Guard.LOOPBACK) as port,
        ):
            yield Visit(world, served, f"http://{LOOPBACK}:{port}/")


@pytest.fixture
async def open_page(tmp_path: Path) -> AsyncIterator[Visit]:
    async with visit(tmp_path) as one:
        yield one


async def test_a_run_from_the_page_up_to_the_tags_and_its_report(open_page: Visit) -> None:
    url, served = open_page.url, open_page.served
    status, text = await read(url)
    assert status == 200
    assert "There has been no run yet." in text
    code, told = await command(url, {"command": "run"})
    assert code == 200
    assert told == {
        "command": "run",
        "accepted": True,
        "run_id": told["run_id"],
        "request_id": None,
        "error": None,
        "sentence": "The run has begun.",
    }
    await served.runs.idle.wait()
    begun = next(event for event in served.events if isinstance(event, RunStarted))
    assert begun.request.trigger is Trigger.PAGE
    assert open_page.world.radarr.members("kai-noir") == {1, 2}
    _, text = await read(url)
    assert "3 added." in text
    assert "Noir suits it" in text
    assert "from this page" in text
    assert __version__ in text
    live = json.loads((await read(f"{url}status"))[1])
    assert live["report"].startswith(f"{told['run_id']}:0:")
    _, part = await read(f"{url}report")
    assert "Noir suits it" in part
    assert "<html" not in part


async def test_a_dry_run_changes_no_tag(open_page: Visit) -> None:
    code, told = await command(open_page.url, {"command": "dry_run", "collection": "Noir"})
    assert (code, told["sentence"]) == (200, "The dry run has begun.")
    await open_page.served.runs.idle.wait()
    assert not open_page.world.radarr.writes()
    assert "2 would be added." in (await read(open_page.url))[1]


async def test_a_second_run_is_refused_and_the_first_can_be_cancelled(open_page: Visit) -> None:
    world, served, url = open_page.world, open_page.served, open_page.url
    world.claude.mishaps = [Mishap(hold=asyncio.Event())]
    await command(url, {"command": "run"})
    await served.until(lambda: world.claude.requests)
    code, told = await command(url, {"command": "run"})
    assert code == 409
    assert not told["accepted"]
    assert "A run is active since" in told["sentence"]
    live = json.loads((await read(f"{url}status"))[1])
    assert live["running"]
    assert live["press"] == ["cancel"]
    assert "Asking Claude" in live["parts"]["now"]
    code, told = await command(url, {"command": "cancel"})
    assert (code, told["sentence"]) == (200, "The run is being cancelled.")
    await served.runs.idle.wait()
    code, told = await command(url, {"command": "cancel"})
    assert (code, told["sentence"]) == (409, "No run is active.")


async def test_it_opens_before_anything_is_set_up(tmp_path: Path) -> None:
    async with visit(tmp_path, RADARR_URL="", RADARR_API_KEY="", CLAUDE_API_KEY="") as one:
        _, text = await read(one.url)
        assert "Kometa-AI is not set up yet." in text
        for name in ("RADARR_URL", "RADARR_API_KEY", "CLAUDE_API_KEY"):
            assert f"<code>{name}</code>" in text
        code, told = await command(one.url, {"command": "run"})
        assert code == 409
        assert "CLAUDE_API_KEY" in told["sentence"]


async def test_it_opens_with_wrong_settings_and_lists_each(tmp_path: Path) -> None:
    wrong = {"SCHEDULE_CRON": "now and then", "MAX_REMOVALS_PERCENT": "most"}
    async with visit(tmp_path, **wrong) as one:
        _, text = await read(one.url)
        assert "Some settings are wrong" in text
        assert "<code>SCHEDULE_CRON</code>" in text
        assert "<code>MAX_REMOVALS_PERCENT</code>" in text
        code, told = await command(one.url, {"command": "dry_run"})
        assert code == 409
        assert "MAX_REMOVALS_PERCENT" in told["sentence"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ('{"command": "estimate"}', 'does not give the command "estimate"'),
        ('{"command": "cron", "value": "* * * * *"}', 'does not give the command "cron"'),
        ('{"command": "rum"}', 'Did you mean "run"?'),
        ('{"command": "run", "dry_run": "yes"}', "must be true or false"),
        ('{"command": "run", "evil": 1}', 'does not understand the key "evil"'),
        ('{"command": "run", "command": "run"}', "is there twice"),
        ("{}", 'The key "command" must hold'),
        ("[]", "must be a command word, or a JSON object"),
        ("", "not valid JSON"),
        ('{"command": "run"', "not valid JSON"),
        ("[" * 3_000, "nested too deeply"),
    ],
)
async def test_a_body_that_is_no_command_is_refused(
    open_page: Visit, body: str, sentence: str
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{open_page.url}command", data=body, headers={"Content-Type": "application/json"}
        ) as response,
    ):
        assert response.status == 400
        assert sentence in (await response.json())["sentence"]
    assert open_page.served.events == []


@pytest.mark.parametrize(
    ("kind", "size", "status"),
    [
        ("text/plain", 0, 415),
        ("application/x-www-form-urlencoded", 0, 415),
        ("multipart/form-data", 0, 415),
        ("application/json", 100_000, 413),
        ("application/json; charset=utf-8", 0, 200),
    ],
)
async def test_forms_and_floods_are_refused(
    open_page: Visit, kind: str, size: int, status: int
) -> None:
    body = f'{{"command": "run"}}{" " * size}'
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{open_page.url}command", data=body, headers={"Content-Type": kind}
        ) as response,
    ):
        assert response.status == status
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert bool(open_page.served.events) == (status == 200)


@pytest.mark.parametrize(
    "told", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}]
)
async def test_another_site_starts_no_run(open_page: Visit, told: dict[str, str]) -> None:
    code, sentence = await command(open_page.url, {"command": "run"}, **told)
    assert code == 403
    assert "Another site" in sentence
    assert open_page.served.events == []


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("", "text/html"),
        ("status", "application/json"),
        ("report", "text/html"),
        ("static/page.css", "text/css"),
        ("static/page.js", "text/javascript"),
        ("static/icon.svg", "image/svg+xml"),
    ],
)
async def test_every_part_comes_with_its_type_and_is_not_kept(
    open_page: Visit, path: str, kind: str
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{open_page.url}{path}") as response,
    ):
        assert response.status == 200
        assert response.content_type == kind
        assert response.charset == "utf-8"
        assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["static/pages.py", "static/..%2fpages.py", "command", "x"])
async def test_nothing_else_is_there(open_page: Visit, path: str) -> None:
    status, _ = await read(f"{open_page.url}{path}")
    assert status in {404, 405}


async def test_a_name_that_leads_here_from_elsewhere_reads_nothing(open_page: Visit) -> None:
    status, text = await read(open_page.url, Host="evil.example")
    assert status == 403
    assert "Kometa-AI</h1>" not in text


async def test_with_a_password_the_browser_logs_in(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(wish("Noir"))
        async with serving(world) as served, visited(served, Guard.PASSWORD, "pässword") as port:
            url = f"http://{LOOPBACK}:{port}/"
            async with aiohttp.ClientSession() as session, session.get(url) as response:
                assert response.status == 401
                assert response.headers["WWW-Authenticate"].startswith("Basic ")
            login = f"Basic {b64encode('me:pässword'.encode()).decode()}"
            assert (await read(url, Authorization=login))[0] == 200
            code, _ = await command(url, {"command": "run"})
            assert code == 401
            code, _ = await command(url, {"command": "run"}, Authorization=login)
            assert code == 200
            await served.runs.idle.wait()


async def test_who_started_a_run_is_told_by_the_supervisor_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(wish("Noir"))
        async with serving(world) as served:
            async with visited(served, Guard.LOOPBACK) as port:
                url = f"http://{LOOPBACK}:{port}/"
                name = {"X-Remote-User-Display-Name": "Mallory"}
                assert (await command(url, {"command": "dry_run"}, **name))[0] == 200
                await served.runs.idle.wait()
            async with visited(served, Guard.SUPERVISOR) as port, ingress(port) as proxy:
                assert (await command(proxy.url, {"command": "run"}))[0] == 200
                await served.runs.idle.wait()
                async with aiohttp.ClientSession() as session:
                    straight = f"http://{LOOPBACK}:{port}/"
                    async with session.get(straight) as response:
                        assert response.status == 403
    told = "\n".join(record.getMessage() for record in caplog.records)
    assert "started by Ada" in told
    assert "Mallory" not in told


async def test_through_ingress_everything_is_found_by_relative_links(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(wish("Noir"))
        async with (
            serving(world) as served,
            visited(served, Guard.SUPERVISOR) as port,
            ingress(port) as proxy,
        ):
            await _walk(proxy)
            assert proxy.strays == []


async def _walk(proxy: Ingress) -> None:
    for path in ("", "status", "report", "static/page.css", "static/page.js", "static/icon.svg"):
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{proxy.url}{path}") as response,
        ):
            assert response.status == 200, path
            policy = response.headers["Content-Security-Policy"]
            assert policy.endswith("frame-ancestors 'self'")
            text = await response.text()
            assert '"/' not in text.replace('"/>', ""), path


class Locked:
    """Reports that can't be read."""

    async def excerpt(self, run_id: str) -> RunExcerpt | None:
        raise TryLaterError(FaultKind.STATE, f"Run {run_id} is locked.")


async def test_a_state_that_can_not_be_read_leaves_the_page(open_page: Visit) -> None:
    served = open_page.served
    status = await served.done(Word.RUN)
    window = Window(
        served.configuration, Locked(), SystemClock(), served.picture, broker=lambda: True
    )
    sight = await window.look()
    assert status.last is not None
    assert sight.unread == f"Run {status.last.run_id} is locked."
    assert sight.report is None
    assert sight.broker
