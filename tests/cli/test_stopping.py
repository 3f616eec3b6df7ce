"""SIGTERM and Ctrl-C in the middle of a run: it ends soon, says so, and loses nothing."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGTERM, Signals

import pytest

from kometa_ai.demo.mishap import Mishap as Hitch
from kometa_ai.demo.radarr import Mishap
from tests.processes import Going, going
from tests.springboard import cli
from tests.world import Ended, World, block, movie

MOVIES = [movie(number) for number in range(1, 21)]
CHANCES = {"Noir": {1: 0.9, 2: 0.9}, "Cosy": {3: 0.9}}
SOON = 2.0
ROOT = Path(__file__).parents[2]
EDITOR = "/api/v3/movie/editor"


async def stopped(world: World, run: Going, signal: Signals) -> Ended:
    """Stop a run, and check what holds wherever it was."""
    ended, seconds = await run.stop(signal)
    assert ended.code == 1, ended.err
    assert seconds < SOON
    assert "Stopped. What was paid for is kept" in ended.err
    assert "Traceback" not in ended.err
    newest = (await cli(world, "--runs", "--json")).json["runs"][0]
    assert newest["result"] == "cancelled"
    return ended


@pytest.mark.parametrize("signal", [SIGTERM, SIGINT, SIGHUP])
async def test_while_radarr_takes_its_time(tmp_path: Path, signal: Signals) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"), block("Cosy"))
        world.radarr.mishaps = [Mishap("GET", "/api/v3/movie", delay=30)]
        async with going(world, "--run-now", "--json") as run:
            await run.until(lambda: world.radarr.requests)
            ended = await stopped(world, run, signal)
        assert ended.json["result"] == "cancelled"
        assert ended.json["collections"] == []
        assert world.claude.requests == []


@pytest.mark.parametrize("signal", [SIGTERM, SIGINT])
async def test_while_claude_answers(tmp_path: Path, signal: Signals) -> None:
    gate = asyncio.Event()
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"), block("Cosy"))
        world.claude.mishaps = [Hitch(hold=gate)]
        async with going(world, "--run-now") as run:
            await run.until(lambda: world.claude.meter.bills)
            await stopped(world, run, signal)
        with sqlite3.connect(world.state / "kometa_ai.db") as db:
            rows = db.execute("SELECT * FROM purchases").fetchall()
        assert rows, "what may have been billed is booked"
        assert (await cli(world, "--run-now")).code == 0
        assert world.radarr.members("kai-noir") == {1, 2}


async def test_between_two_edits(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"), block("Cosy"))
        world.radarr.mishaps = [
            Mishap("PUT", EDITOR),
            Mishap("PUT", EDITOR, delay=30),
        ]
        async with going(world, "--run-now", "--json") as run:
            await run.until(lambda: sum(one.path == EDITOR for one in world.radarr.requests) == 2)
            ended = await stopped(world, run, SIGTERM)
        added = {one["slug"]: [x["id"] for x in one["added"]] for one in ended.json["collections"]}
        assert added["noir"] == [1, 2]
        await asyncio.sleep(0)  # noqa: TID251 - the simulator is to see the end of the connection
        world.radarr.mishaps = []
        asked = len(world.claude.requests)
        ended = await cli(world, "--run-now", "--json")
        assert ended.code == 0, ended.err
        assert len(world.claude.requests) == asked
        assert world.radarr.members("kai-noir") == {1, 2}
        assert world.radarr.members("kai-cosy") == {3}
        assert (await cli(world, "--pins", "--json")).json["pins"] == []


async def test_an_estimate_that_is_stopped_says_so_in_json_too(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        world.radarr.mishaps = [Mishap("GET", "/api/v3/movie", delay=30)]
        async with going(world, "--estimate", "--json") as run:
            await run.until(lambda: world.radarr.requests)
            ended, seconds = await run.stop(SIGTERM)
        assert (ended.code, seconds < SOON) == (1, True)
        assert json.loads(ended.out)["result"] == "cancelled"


async def test_while_a_helper_hangs(tmp_path: Path) -> None:
    """A broken package hangs here; a network drive does the same."""
    package = tmp_path / "broken" / "anthropic"
    package.mkdir(parents=True)
    hangs = "import pathlib, time\npathlib.Path(__file__).with_name('on').touch()\n"
    (package / "__init__.py").write_text(f"{hangs}while True: time.sleep(0.1)\n")
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        async with going(world, "--run-now", PYTHONPATH=str(package.parent)) as run:
            await run.until((package / "on").exists)
            await stopped(world, run, SIGTERM)


async def test_a_second_signal_ends_what_the_first_could_not(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        world.radarr.mishaps = [Mishap("GET", "/api/v3/movie", delay=30)]
        async with going(world, "--run-now") as run:
            await run.until(lambda: world.radarr.requests)
            with closing(sqlite3.connect(world.state / "kometa_ai.db")) as db:
                db.execute("BEGIN IMMEDIATE")  # another program keeps the state locked
                run.process.send_signal(SIGTERM)
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(run.process.wait(), 1)
                ended, seconds = await run.stop(SIGTERM)
        assert ended.code == 1
        assert seconds < SOON


@pytest.mark.parametrize(("flags", "code"), [((), 0), (("--run-now",), 1)])
async def test_a_stop_is_heeded_while_the_program_is_still_being_read(
    tmp_path: Path, flags: tuple[str, ...], code: int
) -> None:
    """Docker may stop what it has just started; a process 1 that is not ready would not hear it."""
    (tmp_path / "argparse.py").write_text(
        "import sys, time\nsys.stderr.write('reading\\n')\nsys.stderr.flush()\ntime.sleep(60)\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "kometa_ai",
        *flags,
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    assert await process.stderr.readline() == b"reading\n"
    process.send_signal(SIGTERM)
    async with asyncio.timeout(SOON):
        said = await process.stderr.read()
        assert await process.wait() == code, said
    assert b"Traceback" not in said
