"""Exit codes, each caused: other programs rely on them."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from kometa_ai.demo.mishap import Mishap as Hitch
from kometa_ai.demo.radarr import Mishap
from tests.processes import going
from tests.springboard import cli
from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

MOVIES = [movie(number) for number in range(1, 21)]


async def test_a_run_in_which_all_is_well_ends_with_0(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, {"Noir": {1: 0.9, 2: 0.9}}) as world:
        world.write(block("Noir", tag="KAI-noir"))
        ended = await cli(world, "--run-now")
        assert ended.code == 0, ended.err
        assert world.radarr.members("kai-noir") == {1, 2}
        assert "Noir suits it" in ended.out
        assert "20 verdicts" in ended.out
        assert ended.err == ""


async def test_an_error_of_radarr_ends_with_1_and_a_sentence(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world:
        world.write(block("Noir"))
        world.radarr.mishaps = [Mishap("*", "*", times=99, status=401)]
        ended = await cli(world, "--run-now")
        assert ended.code == 1
        assert "refuses the API key" in ended.out or "API key" in ended.out
        assert ended.out.count("API key") <= 2
        assert "Failed after" in ended.out


async def test_settings_that_are_wrong_end_with_2_and_one_list(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world:
        ended = await cli(
            world,
            "--run-now",
            RADARR_URL="ftp://nowhere",
            RADARR_API_KEY="a key with blanks in it",
            MONTHLY_BUDGET="a lot",
            TZ="Mars/Base",
            MAX_REMOVALS_PERCENT="300",
            LOG_FORMAT="xml",
        )
        assert ended.code == 2
        assert ended.out == ""
        assert "6 faults in the settings" in ended.err
        for name in ("RADARR_URL", "RADARR_API_KEY", "MONTHLY_BUDGET", "TZ", "LOG_FORMAT"):
            assert re.search(rf"^  {name}: ", ended.err, re.MULTILINE), name
        assert "a key with blanks" not in ended.err
        assert not world.state.exists()


async def test_what_a_run_needs_and_lacks_is_one_list_too(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world:
        ended = await cli(world, "--run-now", RADARR_URL="", RADARR_API_KEY="", CLAUDE_API_KEY="")
        assert ended.code == 2
        assert "3 faults in the settings" in ended.err
        assert "CLAUDE_API_KEY: is not set." in ended.err


async def test_a_second_run_ends_with_3_and_names_the_first(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with World(tmp_path, MOVIES, {"Noir": {1: 0.9}}) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [Hitch(gate=gate)]
        async with going(world, "--run-now") as first:
            await first.until(lambda: world.claude.requests)
            second = await cli(world, "--run-now")
            assert second.code == 3
            assert re.search(r"a run is active since \d\d:\d\d:\d\d", second.err)
            assert f"process {first.process.pid}" in second.err
            reset = await cli(world, "--reset-state")
            assert reset.code == 3
            looked = await cli(world, "--runs")
            assert looked.code == 0, "looking is allowed"
            gate.set()
            assert (await first.end()).code == 0
        assert len(world.claude.requests) == 1


async def test_held_removals_end_with_4_until_they_are_approved(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world:
        world.write(block("Noir", tag="KAI-noir"))
        for number in range(1, 21):
            world.radarr.hand_tag(number, "kai-noir")
        ended = await cli(world, "--run-now")
        assert ended.code == 4
        assert "20 removals are held" in ended.out
        assert "--approve 1" in ended.out
        assert "--decline 1" in ended.out
        assert len(world.radarr.members("kai-noir")) == 20
        approved = await cli(world, "--approve")
        assert approved.code == 0, approved.err
        assert world.radarr.members("kai-noir") == set()


async def test_a_bug_of_ours_is_a_sentence_and_a_traceback(tmp_path: Path) -> None:
    broken = tmp_path / "broken" / "anthropic"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ZeroDivisionError('this package is broken')")
    async with World(tmp_path, MOVIES) as world:
        world.write(block("Noir"))
        logs = str(tmp_path / "logs")
        ended = await world.cli("--run-now", "--json", PYTHONPATH=str(broken.parent), LOG_DIR=logs)
        assert ended.code == 1
        assert "Kometa-AI has a fault of its own (ZeroDivisionError: this package" in ended.err
        assert "Traceback (most recent call last)" in ended.err
        assert ended.json["result"] == "failed"
        assert ended.json["faults"][0]["kind"] == "program"
        assert "Traceback" in (tmp_path / "logs" / "kometa_ai.log").read_text()
        assert world.radarr.writes() == []


async def test_a_folder_for_logs_that_cannot_be_made_ends_with_2(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    async with World(tmp_path, MOVIES) as world:
        ended = await cli(world, "--run-now", "--json", LOG_DIR=str(tmp_path / "file" / "logs"))
        assert ended.code == 2
        assert ended.json["faults"][0]["where"] == "LOG_DIR"
        assert "can't be written" in ended.err


async def test_a_full_disk_for_logs_is_said_once_and_the_run_goes_on(tmp_path: Path) -> None:
    """What logging prints by itself holds what was to be logged, before secrets are masked."""
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "kometa_ai.log").symlink_to("/dev/full")
    async with World(tmp_path, MOVIES) as world:
        world.write(block("Noir"))
        ended = await cli(world, "--run-now", LOG_DIR=str(logs))
        assert ended.code == 0
        assert ended.err.count("LOG_DIR can't be written (No space left on device)") == 1
        for noise in ("Logging error", "Traceback", "Arguments:"):
            assert noise not in ended.err
