"""The bad days of the state: each ends with a sentence, and nothing is bought that gets lost."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kometa_ai.demo.mishap import Mishap as Hitch
from kometa_ai.demo.radarr import Mishap
from tests.processes import going
from tests.springboard import cli, start
from tests.world import World, block, movie

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kometa_ai.demo.refusals import Json

MOVIES = [movie(number) for number in range(1, 21)]
CHANCES = {"Noir": {1: 0.95, 2: 0.95, 21: 0.95}}
DATABASE = "kometa_ai.db"
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
from kometa_ai.__main__ import main
main()
"""


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a disk of one megabyte; the test is skipped where that is not permitted."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", "size=1m", "kometa-ai-test", str(folder)]
    if subprocess.run(["mount", *options], capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk is not permitted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> None:
    """Take all that is left of a disk."""
    with (disk / "filler").open("ab", buffering=0) as filler:
        for size in (4096, 512, 1):
            try:
                while filler.write(b"x" * size):
                    pass
            except OSError:
                continue


async def test_a_disk_that_is_full_from_the_start_buys_nothing(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir", tag="KAI-noir"))
        with small_disk(tmp_path / "disk") as disk:
            state = str(disk / "state")
            assert (await cli(world, "--run-now", STATE_DIR=state)).code == 0
            asked = len(world.claude.requests)
            world.radarr.add_movie(movie(21))
            fill(disk)
            ended = await cli(world, "--run-now", "--json", STATE_DIR=state)
            assert ended.code == 1
            assert ended.json["result"] == "failed"
            # Without room for its smallest file SQLite can't tell a full disk from a broken one.
            assert "The disk is full" in ended.err or "The disk failed" in ended.err
            assert len(world.claude.requests) == asked
            (disk / "filler").unlink()
            assert (await cli(world, "--run-now", STATE_DIR=state)).code == 0
            assert world.radarr.members("kai-noir") == {1, 2, 21}


async def test_a_disk_that_fills_up_in_a_run_ends_the_buying(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir", tag="KAI-noir"))
        with small_disk(tmp_path / "disk") as disk:

            def filled(answer: dict[str, Json]) -> object:
                fill(disk)
                return answer

            world.claude.mishaps = [Hitch(answer=filled)]
            more = {"STATE_DIR": str(disk / "state"), "CLAUDE_CONCURRENCY": "1"}
            ended = await cli(world, "--run-now", "--batch-size", "2", "--json", **more)
            assert ended.code == 1
            assert "The disk is full" in ended.err
            assert len(world.claude.requests) == 1
            assert world.radarr.writes() == []


async def test_a_limit_on_the_size_of_files_is_told_as_well(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", LIMITED, "8192", "--run-now", "--json"),
            env=world.environment(),
            cwd=Path(__file__).parents[2],
            stderr=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
        )
        _, said = await process.communicate()
        assert process.returncode == 1
        assert b"Traceback" not in said
        assert b"quota or size limit" in said or b"disk is full" in said
        assert world.claude.requests == []


async def damaged(world: World) -> Path:
    """Run once, then scribble over the middle of the state."""
    assert (await cli(world, "--run-now")).code == 0
    file = world.state / DATABASE
    content = bytearray(file.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    file.write_bytes(content)
    return file


async def test_a_corrupt_state_is_set_aside_and_the_backup_taken_loudly(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir", tag="KAI-noir"))
        file = await damaged(world)
        asked = len(world.claude.requests)
        ended = await cli(world, "--run-now", "--json")
        assert ended.code == 1, "somebody is to look at it"
        told = ended.out + ended.err
        assert "is damaged" in told
        assert "was put in its place" in told
        assert len(list(world.state.glob(f"{file.name}.corrupt-*"))) == 1
        ended = await cli(world, "--run-now")
        assert ended.code == 0, ended.err
        assert len(world.claude.requests) == asked, "the backup knew all of it"
        assert world.radarr.members("kai-noir") == {1, 2}


async def test_a_corrupt_state_without_a_backup_stops_before_it_buys(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        await damaged(world)
        for backup in (world.state / "backups").iterdir():
            backup.unlink()
        asked = len(world.claude.requests)
        ended = await cli(world, "--run-now", "--json")
        assert ended.code == 1
        assert ended.json["faults"][0]["kind"] == "state"
        assert "there is no good backup" in ended.err
        assert "--reset-state" in ended.err
        assert len(world.claude.requests) == asked
        afresh = await cli(world, "--reset-state")
        assert afresh.code == 0, afresh.err
        assert "judges everything anew" in afresh.out
        ended = await cli(world, "--run-now")
        assert ended.code == 0
        assert len(world.claude.requests) == 2 * asked


async def test_a_state_of_a_newer_program_is_refused_and_untouched(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        assert (await cli(world, "--run-now")).code == 0
        with closing(sqlite3.connect(world.state / DATABASE)) as db:
            db.execute("PRAGMA user_version = 999")
        before = (world.state / DATABASE).read_bytes()
        for flags in (("--run-now",), ("--runs",), ("--dump-state",)):
            ended = await cli(world, *flags)
            assert ended.code == 1
            assert "newer" in ended.err
        assert (world.state / DATABASE).read_bytes() == before


async def test_a_state_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        (tmp_path / "file").write_text("in the way")
        for folder in ("/proc/kometa-ai", str(tmp_path / "file" / "state")):
            ended = await cli(world, "--run-now", "--json", STATE_DIR=folder)
            assert ended.code == 1
            assert ended.json["faults"][0]["kind"] == "state"
            assert folder in ended.err
            assert "STATE_DIR" in ended.err
        assert world.claude.requests == []


async def test_of_two_processes_at_once_one_works(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir", tag="KAI-noir"))
        world.radarr.mishaps = [Mishap("GET", "/api/v3/movie", delay=30)]
        first = await start(world, "--run-now")
        async with going(world, "--run-now") as second:
            ended = await second.end()
        first.kill()
        await first.end()
        assert ended.code == 3
        assert f"process {first.pid}" in ended.err
        assert (await cli(world, "--run-now")).code == 0, "a killed run leaves no lock behind"


async def test_a_reset_forgets_verdicts_and_keeps_pins_money_and_a_copy(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir", tag="KAI-noir"))
        assert (await cli(world, "--run-now")).code == 0
        assert (await cli(world, "--pin", "keep", "Noir", "7")).code == 0
        reset = await cli(world, "--reset-state", "--json")
        assert os.path.isfile(reset.json["kept"])  # noqa: ASYNC240, PTH113 - a look, no wait
        pinned = (await cli(world, "--pins", "--json")).json["pins"]
        assert [one["id"] for one in pinned] == [7], "a person's word is no verdict of Claude's"
        dump = (await cli(world, "--dump-state")).out
        assert str(world.claude.meter.usd.normalize())[:6] in dump, "a budget does not begin anew"
        pairs = (await cli(world, "--estimate", "--json")).json["usage"]["pairs"]
        assert pairs == 19, "all but the pinned one"
        assert world.radarr.members("kai-noir") == {1, 2}, "tags are not state"
