"""--json: what other programs read, its shape, and nothing else on stdout."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from kometa_ai.demo.radarr import Mishap
from tests.processes import going
from tests.springboard import cli
from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

MOVIES = [movie(number) for number in range(1, 21)]
CHANCES = {"Noir": {1: 0.9, 2: 0.9}}
REPORT = {
    "version": int,
    "run_id": str,
    "result": str,
    "dry_run": bool,
    "started_at": str,
    "duration_s": float,
    "collections": list,
    "usage": dict,
    "budget_reached": str,
    "faults": list,
}
COLLECTION = {
    "name": str,
    "slug": str,
    "tag": str,
    "library": str,
    "members": int,
    "added": list,
    "removed": list,
    "held": list,
    "pending": int,
    "deferred": int,
    "cost_usd": float,
}
USAGE = {
    "requests": int,
    "pairs": int,
    "input_tokens": int,
    "output_tokens": int,
    "cache_read_tokens": int,
    "cache_write_tokens": int,
    "cost_usd": float,
}


def check(value: dict[str, Any], shape: dict[str, type]) -> None:
    """Check that the promised keys are there, with their types."""
    found = {name: type(value[name]) for name in shape}
    assert found == shape


async def test_a_run_is_told_in_the_promised_shape(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir", tag="KAI-noir"), block("Typo", prmpt="x"))
        ended = await cli(world, "--run-now", "--json")
        assert ended.code == 1
        report = ended.json
        check(report, REPORT)
        check(report["usage"], USAGE)
        (noir,) = report["collections"]
        check(noir, COLLECTION)
        assert noir["added"] == [
            {"id": 1, "title": "Film 1", "year": 1991, "reason": "Noir suits it"},
            {"id": 2, "title": "Film 2", "year": 1992, "reason": "Noir suits it"},
        ]
        assert report["version"] == 1
        assert report["result"] == "partial"
        assert report["usage"]["cost_usd"] == float(world.claude.meter.usd)
        (fault,) = report["faults"]
        assert set(fault) == {"kind", "where", "message", "remedy"}
        assert fault["kind"] == "kometa"
        assert "\x1b" not in ended.out + ended.err
        assert "asking Claude" in ended.err, "people may still follow it on stderr"


async def test_failures_keep_the_shape(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world:
        world.write(block("Noir"))
        for code, more in (
            (2, {"RADARR_URL": "", "WEB_PORT": "0"}),
            (2, {"RADARR_URL": ""}),
            (1, {"RADARR_URL": "http://127.0.0.1:9"}),
            (1, {"STATE_DIR": "/proc/nowhere"}),
        ):
            ended = await cli(world, "--dry-run", "--json", **more)
            assert ended.code == code, ended.err
            told = ended.json
            assert told["result"] == "failed"
            assert told["dry_run"] is True
            assert told["faults"][0]["message"]
            assert set(REPORT) <= set(told)
            check(told["usage"], USAGE)


@pytest.mark.timeout(240)
async def test_every_other_command_prints_one_json_value(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir", tag="KAI-noir"))
        estimate = await cli(world, "--estimate", "--json")
        assert estimate.json["usage"]["pairs"] == 20
        assert estimate.json["collections"][0]["cost_usd"] > 0
        await cli(world, "--run-now", "--json")
        for flags, code, key in (
            (("--runs",), 0, "runs"),
            (("--pin", "keep", "Noir", "7"), 0, "stance"),
            (("--pins",), 0, "pins"),
            (("--why", "Noir", "Film 7"), 0, "decisions"),
            (("--unpin", "Noir", "7"), 0, "stance"),
            (("--unpin", "Noir", "7"), 1, "faults"),
            (("--undo", "1"), 0, "collections"),
            (("--approve",), 0, "collections"),
            (("--approve", "77"), 1, "faults"),
            (("--decline",), 0, "collections"),
            (("--cleanup",), 0, "collections"),
            (("--cleanup", "--dry-run"), 0, "collections"),
            (("--health-check",), 0, "checks"),
            (("--dump-state",), 0, "pins"),
            (("--reset-state",), 0, "kept"),
        ):
            ended = await cli(world, *flags, "--json")
            assert ended.code == code, (flags, ended.err)
            assert key in ended.json, flags
        assert (await cli(world, "--runs", "--json")).json["runs"] == []


async def test_names_of_any_script_stay_readable_whatever_the_locale(tmp_path: Path) -> None:
    films = [movie(1, "千と千尋の神隠し"), movie(2, "Amélie 😀")]
    async with World(tmp_path, films, {"Noir": {1: 0.9, 2: 0.9}}) as world:
        world.write(block("Noir"))
        ended = await world.cli("--run-now", "--json", LC_ALL="C", PYTHONIOENCODING="ascii")
        assert ended.code == 0, ended.err
        titles = [one["title"] for one in ended.json["collections"][0]["added"]]
        assert "千と千尋の神隠し" in titles
        told = await world.cli("--why", "Noir", "1", LC_ALL="C", PYTHONIOENCODING="ascii")
        assert told.code == 0, told.err


async def test_a_setting_that_looks_like_json_does_not_break_it(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        ended = await cli(
            world, "--dry-run", "--json", WEB_PASSWORD="false", MQTT_PASSWORD="version"
        )
        assert ended.json["version"] == 1
        assert ended.json["collections"][0]["removed"] == []


async def test_a_reader_who_goes_away_ends_no_run(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        world.radarr.mishaps = [Mishap("GET", "/api/v3/tag", delay=0.5)]
        async with going(world, "--run-now") as run:
            await run.until(lambda: world.radarr.requests)
            assert run.process.stdout is not None
            run.process.stdout._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001
            assert await run.process.wait() == 0
        assert world.radarr.members("kai-noir") == {1, 2}


async def test_runs_are_listed_without_reading_every_title_of_them(tmp_path: Path) -> None:
    """A report may name 40,000 titles; the table has a line for each run."""
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir", tag="KAI-Noir"))
        await world.run()
        with closing(sqlite3.connect(world.state / "kometa_ai.db")) as db:
            (told,) = (await cli(world, "--runs", "--json")).json["runs"]
            listed = await cli(world, "--runs")
            db.execute("UPDATE runs SET report = '[]'")
            db.commit()
        assert len(told["collections"][0]["added"]) == 2
        assert "success" in listed.out
        assert await cli(world, "--runs") == listed
