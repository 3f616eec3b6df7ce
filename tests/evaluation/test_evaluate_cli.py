"""--evaluate on the command line: its words, its codes, its file, and that it spares the rest."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from datetime import UTC, datetime
from decimal import Decimal
from signal import SIGINT, SIGTERM
from typing import TYPE_CHECKING

import pytest

from kometa_ai.demo.mishap import Mishap, limited, overloaded, refused, wrong_key
from kometa_ai.messages.evaluation import MARK
from tests.evaluation.trying import Held, listed
from tests.processes import going
from tests.springboard import cli, start
from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

MOVIES = [movie(number) for number in range(1, 21)]
EARLY, LATE = datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
CHANCES = {"Noir": {1: 0.95, 2: 0.9, 3: 0.5, 4: 0.8}}


def given(folder: Path, text: str = listed([1, 2, 3, 99])) -> tuple[str, ...]:
    """Write a list; return the flags that evaluate by it."""
    (folder / "truth.csv").write_text(text)
    flags = ("--evaluate", str(folder / "truth.csv"), "--collection", "Noir")
    return (*flags, "--report", str(folder / "r.html"))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_it_says_the_price_first_and_then_what_it_found(
    tmp_path: Path, snapshot: SnapshotAssertion
) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        both = ("--model", "claude-haiku-5-5", "--model", "claude-sonnet-5-5")
        ended = await cli(world, *given(tmp_path), *both)
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.replace(str(tmp_path), "FOLDER") == snapshot
        page = (tmp_path / "r.html").read_text()
        assert MARK in page
        assert "claude-sonnet-5-5" in page
        assert world.radarr.writes() == []
        assert names(tmp_path) == ["kometa", "r.html", "state", "truth.csv"]


async def test_programs_get_json_alone(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        ended = await cli(world, *given(tmp_path), "--json")
        assert ended.code == 0
        told = ended.json
        assert told["cost_usd"] == float(world.claude.meter.usd)
        assert "at most" in ended.err, "people may follow it on stderr"
        text = re.sub(r'"evaluated_at": "[^"]+"', '"evaluated_at": "NOW"', ended.out)
        assert text.replace(str(tmp_path), "FOLDER") == snapshot


async def test_nothing_is_asked_before_the_price_is_told(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [Mishap(gate=gate)]
        async with going(world, *given(tmp_path)) as process:
            await process.until(lambda: world.claude.requests)
            assert process.process.stdout is not None
            async with asyncio.timeout(20):
                said = await process.process.stdout.readuntil(b"at most $0.0")
            assert b"That costs about $0.00" in said
            busy = await cli(world, "--run-now")
            assert busy.code == 3
            assert "a run is active since" in busy.err
            gate.set()
            assert (await process.end()).code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Name,Director\nHeat,Mann\n", "truth.csv:1: "),
        ("tmdb\n603\nHeat\n", 'truth.csv:3: "Heat" is no id of TMDB.'),
        ("tmdb\n603\n", "truth.csv: None of its 1 title is in the library (20 titles)"),
    ],
)
async def test_a_wrong_list_ends_with_2_and_a_sentence(
    tmp_path: Path, text: str, said: str
) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        ended = await cli(world, *given(tmp_path, text), "--json")
        assert ended.code == 2
        assert said in ended.err
        assert "Traceback" not in ended.err
        (fault,) = ended.json["faults"]
        assert fault["where"].startswith("truth.csv")
        assert world.claude.requests == []
        assert not (tmp_path / "r.html").exists()


async def test_a_list_that_is_not_there_ends_with_2(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        ended = await cli(world, "--evaluate", str(tmp_path / "no.csv"), "--collection", "Noir")
        assert ended.code == 2
        assert "can't be read (No such file or directory)" in ended.err


@pytest.mark.parametrize("place", ["nowhere/r.html", "truth.csv", "notes.html", "kometa", "pipe"])
async def test_a_report_that_cannot_be_written_costs_nothing(tmp_path: Path, place: str) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        (tmp_path / "notes.html").write_text("<p>my notes")
        os.mkfifo(tmp_path / "pipe")
        ended = await cli(world, *given(tmp_path)[:-1], str(tmp_path / place))
        assert ended.code == 2
        assert place in ended.err
        assert "Name another file with --report." in ended.err
        assert world.claude.requests == []
        assert (tmp_path / "notes.html").read_text() == "<p>my notes"
        assert (tmp_path / "truth.csv").read_text() == listed([1, 2, 3, 99])


async def test_a_report_that_cannot_be_finished_loses_no_figure(tmp_path: Path) -> None:
    gate = Held()
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [Mishap(gate=gate)]
        (tmp_path / "gone").mkdir()
        flags = given(tmp_path)[:-1]
        child = await start(world, *flags, str(tmp_path / "gone" / "r.html"), "--json")
        async with asyncio.timeout(20):
            await gate.reached.wait()
        shutil.rmtree(tmp_path / "gone")
        gate.opened.set()
        ended = await child.end()
        assert ended.code == 1
        assert ended.json["report"] is None
        assert ended.json["models"][0]["recall"] == pytest.approx(2 / 3, abs=0.001)
        assert "can't be written" in ended.json["faults"][0]["message"]


async def test_an_older_report_is_written_over(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        flags = given(tmp_path)
        assert (await cli(world, *flags)).code == 0
        first = (tmp_path / "r.html").read_text()
        assert (await cli(world, *flags, "--sample", "8")).code == 0
        assert (tmp_path / "r.html").read_text() != first


async def test_faults_end_with_1_and_the_figures_are_told(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        flags = (*given(tmp_path), "--model", "claude-none", "--model", "claude-haiku-5-5")
        ended = await cli(world, *flags)
        assert ended.code == 1
        assert "! " in ended.out
        assert "claude-haiku-5-5" in ended.out
        assert "fault" in (tmp_path / "r.html").read_text()
        world.claude.mishaps = [Mishap(times=None, reply=overloaded())]
        unknown = await cli(world, *flags[:2], "--collection", "Nor")
        assert unknown.code == 1
        assert 'Did you mean "Noir"?' in unknown.err


async def test_what_is_not_affordable_is_said_and_no_error(tmp_path: Path) -> None:
    async with World(tmp_path, [movie(n) for n in range(1, 101)], CHANCES) as world:
        world.write(block("Noir"))
        ended = await cli(world, *given(tmp_path), "--json", MONTHLY_BUDGET="0")
        assert ended.code == 0
        told = ended.json
        assert told["budget_reached"] == "MONTHLY_BUDGET"
        assert told["models"][0]["passes"][0]["left_out"] == 100
        assert told["models"][0]["precision"] is None
        assert "The budgets leave $0.00: the asking stops there" in " ".join(ended.err.split())
        assert world.claude.requests == []


async def test_an_evaluation_that_was_killed_is_booked_by_the_next_run(tmp_path: Path) -> None:
    gate = Held()
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [Mishap(gate=gate)]
        child = await start(world, *given(tmp_path))
        async with asyncio.timeout(20):
            await gate.reached.wait()
        child.kill()
        assert (await child.end()).code < 0
        gate.opened.set()
        ended = await cli(world, "--run-now", "--json")
        assert ended.code == 0
        assert any("is booked" in one for one in ended.json["notices"])
        assert ended.json["month"]["cost_usd"] > ended.json["usage"]["cost_usd"]
        runs = json.loads((await cli(world, "--runs", "--json")).out)["runs"]
        assert len(runs) == 1, "an evaluation is no run"


async def test_no_secret_is_in_the_report(tmp_path: Path) -> None:
    secret = "8f3b5a71c2d94e60"
    films = [movie(1, f"Film {secret}"), movie(2, "Other")]
    async with World(tmp_path, films, {"Noir": {1: 0.9, 2: 0.9}}) as world:
        world.write(block("Noir"))
        ended = await cli(world, *given(tmp_path, listed([2])), WEB_PASSWORD=secret)
        assert ended.code == 0, ended.err
        assert secret not in ended.out + ended.err + (tmp_path / "r.html").read_text()
        assert "Film ***" in (tmp_path / "r.html").read_text()


async def test_a_stop_says_what_it_has_cost(tmp_path: Path) -> None:
    gate = asyncio.Event()
    films = [movie(number) for number in range(1, 121)]
    async with World(tmp_path, films, CHANCES) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [Mishap(times=2), Mishap(times=None, gate=gate)]
        async with going(world, *given(tmp_path), "--json") as run:
            await run.until(lambda: len(world.claude.requests) >= 3)
            ended, seconds = await run.stop(SIGINT)
        assert ended.code == 1
        assert seconds < 2
        assert "Stopped. What was spent is booked" in ended.err
        said = re.search(r"It has cost \$([0-9.]+), \$([0-9.]+) of it assumed", ended.err)
        assert said is not None, ended.err
        cost, lost = map(Decimal, said.groups())
        paid = sum((bill.usd for bill in world.claude.meter.bills), Decimal(0))
        assert cost - lost == pytest.approx(paid, abs=Decimal("0.0001"))
        assert lost > 0
        assert ended.json["result"] == "cancelled"
        assert ended.json["cost_usd"] == pytest.approx(float(cost), abs=1e-4)
        async with world.house() as house:
            booked = await house.store.spent_between(EARLY, LATE)
        assert cost == pytest.approx(booked, abs=Decimal("0.0001"))
        assert not (tmp_path / "r.html").exists()


async def test_a_list_that_nobody_writes_does_not_hold_a_stop_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    async with World(tmp_path) as world:
        flags = ("--evaluate", str(tmp_path / "pipe"), "--collection", "Noir")
        async with going(world, *flags, LOG_DIR=str(tmp_path / "log")) as run:
            await run.until((tmp_path / "log").exists)
            ended, seconds = await run.stop(SIGTERM)
        assert (ended.code, seconds < 2) == (1, True)


async def test_a_list_may_come_through_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        writing = asyncio.create_task(asyncio.to_thread(pipe.write_text, listed([1, 2])))
        ended = await cli(
            world,
            "--evaluate",
            str(pipe),
            "--collection",
            "Noir",
            "--report",
            str(tmp_path / "r.html"),
        )
        await writing
        assert ended.code == 0, ended.err


async def test_a_misspelt_model_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        gone = refused(404, "not_found_error", "model: claude-sonet-5-5")
        world.claude.mishaps = [Mishap(times=None, reply=gone)]
        ended = await cli(world, *given(tmp_path), "--model", "claude-sonet-5-5")
        assert ended.code == 1
        before, _, after = ended.out.partition("precision")
        assert "The price of claude-sonet-5-5 is not known, so twice the dearest is" in before
        assert "Set --model to a current model" in after.replace("\n", " ")
        assert "claude-sonet-5-5 has no verdict on any title, and so no figures." in after


async def test_an_evaluation_of_nothing_spares_the_report_of_the_last_one(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        await cli(world, *given(tmp_path))
        report = (tmp_path / "r.html").read_bytes()
        ended = await cli(world, *given(tmp_path), MONTHLY_BUDGET="0")
        assert ended.code == 0
        assert "No title was judged, so no report is written." in ended.out
        assert "Report:" not in ended.out
        assert (tmp_path / "r.html").read_bytes() == report
        assert names(tmp_path) == ["kometa", "r.html", "state", "truth.csv"]


async def test_what_ends_the_asking_has_a_remedy(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [Mishap(times=1), Mishap(times=None, reply=limited("4000"))]
        ended = await cli(world, *given(tmp_path))
        assert "asks to wait for 67 minutes. Evaluate again later" in ended.out.replace("\n", " ")
        world.claude.mishaps = [Mishap(times=None, reply=wrong_key())]
        ended = await cli(world, *given(tmp_path))
        assert "invalid bearer token. Check CLAUDE_API_KEY" in ended.out.replace("\n", " ")
