"""Secrets appear nowhere: not on the screen, not in the logs, not in the state."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from kometa_ai.demo.mishap import Mishap as Hitch, refused
from kometa_ai.demo.radarr import Mishap
from tests.springboard import cli
from tests.world import KEY, Ended, World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

MOVIES = [movie(number) for number in range(1, 21)]
SECRETS = {
    "SMTP_PASSWORD": "smtp-hunter22",
    "MQTT_PASSWORD": "mqtt-hunter33",
    "WEB_PASSWORD": "web-hunter44",
    "WEBHOOK_URLS": "http://127.0.0.1:1/hook/Hunter55",
    "NOTIFICATION_URLS": "json://127.0.0.1:1/Hunter66/token-Hunter77",
}
TELLTALE = "hunter"


def everything(folder: Path) -> bytes:
    """Return all bytes of all files below a folder."""
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


@pytest.mark.timeout(240)
@pytest.mark.parametrize("form", ["text", "json"])
async def test_runs_with_faults_give_no_secret_away(tmp_path: Path, form: str) -> None:
    async with World(tmp_path, MOVIES, {"Noir": {1: 0.9}}) as world:
        world.write(block("Noir"), block("Typo", prmpt="x"))
        echo = f"You sent {KEY}"
        logs = tmp_path / "logs"
        more = {**SECRETS, "DEBUG_LOGGING": "true", "LOG_DIR": str(logs), "LOG_FORMAT": form}
        seen: list[Ended] = []
        for radarr, claude in (
            (None, None),
            (Mishap("GET", "/api/v3/movie", status=400, body=echo), None),
            (None, refused(401, "authentication_error", echo)),
            (None, refused(400, "invalid_request_error", echo)),
        ):
            world.radarr.mishaps = [radarr] if radarr else []
            world.claude.mishaps = [Hitch(reply=claude)] if claude else []
            flags = ("--json",) if len(seen) % 2 else ()
            seen += [await cli(world, "--force-refresh", *flags, **more)]
        looks = ("--dump-config", "--dump-state", "--health-check", "--runs")
        seen += await asyncio.gather(*(cli(world, flag, **more) for flag in looks))
        for ended in seen:
            assert KEY not in ended.out + ended.err
            assert TELLTALE not in (ended.out + ended.err).lower()
        for folder in (logs, world.state):
            assert everything(folder)
            assert KEY.encode() not in everything(folder)
            assert TELLTALE.encode() not in everything(folder).lower()


async def test_a_login_in_an_address_is_hidden(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world:
        world.write(block("Noir"))
        logs = tmp_path / "logs"
        ended = await cli(
            world,
            "--run-now",
            RADARR_URL="http://me:Hunter99x@127.0.0.1:9/",
            LOG_DIR=str(logs),
            DEBUG_LOGGING="true",
        )
        assert ended.code == 1
        assert TELLTALE not in (ended.out + ended.err).lower()
        assert b"hunter" not in everything(logs).lower() + everything(world.state).lower()


async def test_a_wrong_secret_is_not_shown_in_the_list_of_faults(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world:
        ended = await cli(
            world, "--run-now", "--json", CLAUDE_API_KEY="hunter 77", HEARTBEAT_URL="hunter"
        )
        assert ended.code == 2
        assert "CLAUDE_API_KEY" in ended.out
        assert TELLTALE not in ended.out + ended.err


async def test_a_secret_in_a_file_of_kometa_is_masked_where_it_is_told(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world:
        world.write(block("Noir"), block("Typo", **{"smtp-hunter22": "x"}))
        logs = tmp_path / "logs"
        for flags in ((), ("--json",)):
            more = {**SECRETS, "LOG_DIR": str(logs)}
            ended = await cli(world, "--run-now", *flags, **more)
            assert ended.code == 1
            assert "***" in ended.out
            assert TELLTALE not in ended.out + ended.err
        assert TELLTALE.encode() not in everything(logs)
