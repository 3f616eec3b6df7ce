"""Claude's bad days: what each costs, what it says, and what is tagged nevertheless."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from kometa_ai.adapters.clock import SystemClock
from kometa_ai.demo.mishap import Mishap, Reply, limited, no_credit, overloaded, refused, wrong_key
from kometa_ai.domain.report import Progress, Result, RunRequest
from kometa_ai.run import run
from tests.clock import FakeClock
from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

    from kometa_ai.demo.mishap import Gate
    from kometa_ai.domain.report import Event, RunReport

FILMS = 8
CHANCES = {"Noir": {1: 0.9, 4: 0.95, 8: 0.9}}
LATER = "What is not judged yet keeps the tags that it has; the next run asks about it."


def world_of(tmp_path: Path, concurrency: int = 1) -> World:
    movies = [movie(number) for number in range(1, FILMS + 1)]
    return World(tmp_path, movies, CHANCES, concurrency=concurrency)


async def run_by_twos(world: World) -> RunReport:
    world.write(block("Noir"))
    return await world.run(items_per_request=2)


def only_fault(report: RunReport) -> tuple[str, str]:
    (fault,) = report.faults
    assert fault.kind == "claude"
    return fault.message, fault.remedy


@pytest.mark.parametrize(
    ("reply", "message", "remedy"),
    [
        (wrong_key(), "refused the API key", "Check CLAUDE_API_KEY"),
        (no_credit(), "There is no credit left to ask Claude", "Add credit or raise the limit"),
        (
            refused(402, "billing_error", "Your account has a billing problem."),
            "There is no credit left to ask Claude",
            "Add credit or raise the limit",
        ),
        (
            refused(404, "not_found_error", "model: claude-haiku-5-5"),
            'knows no model "claude-haiku-5-5"',
            "Set CLAUDE_MODEL to a current model",
        ),
    ],
    ids=["401", "400 for credit", "402", "404"],
)
async def test_what_no_patience_can_mend_ends_the_asking_and_what_is_decided_is_tagged(
    tmp_path: Path, reply: Reply, message: str, remedy: str
) -> None:
    async with world_of(tmp_path) as world:
        after_two = iter(range(FILMS))
        world.claude.mishaps = [
            Mishap(when=lambda _: next(after_two) >= 2, times=None, reply=reply)
        ]
        report = await run_by_twos(world)
        said, do = only_fault(report)
        assert message in said
        assert remedy in do
        assert report.result is Result.PARTIAL
        assert len(world.claude.requests) == 3
        assert world.radarr.members("kai-noir") == {1, 4}
        assert (report.collections[0].pending, report.collections[0].deferred) == (4, 4)
        assert report.spending.cost == world.claude.meter.usd
        world.claude.mishaps = []
        report = await run_by_twos(world)
        assert report.result is Result.SUCCESS
        assert report.spending.pairs == 4
        assert world.radarr.members("kai-noir") == {1, 4, 8}


async def test_a_request_that_nobody_answers_is_no_cap(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        world.claude.mishaps = [Mishap(reply=overloaded(), times=None)]
        world.write(block("Noir"))
        report = await world.run()
        assert "is overloaded" in only_fault(report)[0]
        assert report.collections[0].deferred == FILMS
        assert report.exhausted == ""
        assert not any("MAX_EVALS_PER_RUN" in one for one in report.notices)


async def test_a_short_limit_is_waited_for_by_everybody(tmp_path: Path) -> None:
    async with world_of(tmp_path, concurrency=4) as world:
        world.claude.mishaps = [Mishap(reply=limited("1")), Mishap(reply=limited("7"))]
        report = await run_by_twos(world)
        assert report.result is Result.SUCCESS
        assert report.faults == ()
        assert world.clock.monotonic() >= 7
        assert world.radarr.members("kai-noir") == {1, 4, 8}
        assert report.spending.cost == world.claude.meter.usd


async def test_a_long_limit_is_not_waited_for(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        world.claude.mishaps = [
            Mishap(when=lambda body: "#5 " in str(body), times=None, reply=limited("3600"))
        ]
        report = await run_by_twos(world)
        said, do = only_fault(report)
        assert "limits how much it may be asked" in said
        assert do == f"It asks to wait for 60 minutes. {LATER}"
        assert world.clock.sleeps == []
        assert report.result is Result.PARTIAL
        assert len(world.claude.requests) == 3
        assert world.radarr.members("kai-noir") == {1, 4}
        assert report.collections[0].deferred == 4
        assert report.spending.cost == world.claude.meter.usd


async def test_a_limit_that_asks_for_no_wait_is_not_hammered_upon(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        world.claude.mishaps = [Mishap(times=None, reply=limited("0"))]
        await run_by_twos(world)
        assert set(world.clock.sleeps) == {1.0}
        assert len(world.claude.requests) <= 2 * 47


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (overloaded(), "is overloaded"),
        (refused(500, "api_error", "Internal server error"), "failed (500): Internal server error"),
    ],
    ids=["529", "500"],
)
async def test_two_requests_without_any_answer_in_45_seconds_end_the_asking(
    tmp_path: Path, reply: Reply, message: str
) -> None:
    async with world_of(tmp_path) as world:
        world.claude.mishaps = [
            Mishap(when=lambda body: "#1 " not in str(body), times=None, reply=reply)
        ]
        report = await run_by_twos(world)
        said, do = only_fault(report)
        assert message in said
        assert do == LATER
        assert world.clock.sleeps == [1, 2, 4, 8, 16] * 2
        assert world.radarr.members("kai-noir") == {1}
        assert report.collections[0].deferred == 6
        assert report.spending.cost == world.claude.meter.usd


async def test_a_give_up_between_answers_does_not_end_the_asking(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        bad = ("#1 ", "#5 ")
        world.claude.mishaps = [
            Mishap(
                when=lambda body: any(one in str(body) for one in bad),
                times=None,
                reply=overloaded(),
            )
        ]
        report = await run_by_twos(world)
        assert "is overloaded" in only_fault(report)[0]
        assert world.radarr.members("kai-noir") == {4, 8}
        assert (report.collections[0].judged, report.collections[0].deferred) == (4, 4)


async def test_where_nobody_listens_the_run_says_so_and_tags_what_is_known(tmp_path: Path) -> None:
    async with world_of(tmp_path, concurrency=4) as world:
        await run_by_twos(world)
        world.radarr.change_movie(8, overview="It is another film now.")
        world.radarr.change_movie(2, overview="This one too.")
        here, world.claude.url = world.claude.url, "http://127.0.0.1:9"
        report = await run_by_twos(world)
        said, do = only_fault(report)
        assert "http://127.0.0.1:9 cannot be reached" in said
        assert do == LATER
        assert report.spending.cost == 0
        assert report.collections[0].deferred == 2
        assert world.radarr.members("kai-noir") == {1, 4, 8}
        world.claude.url = here
        assert (await run_by_twos(world)).result is Result.SUCCESS


@pytest.mark.parametrize("mishap", [Mishap(reset_after=1), Mishap(end_after=1)])
async def test_a_broken_stream_is_booked_as_unconfirmed_and_asked_again(
    tmp_path: Path, mishap: Mishap
) -> None:
    async with world_of(tmp_path) as world:
        world.claude.mishaps = [mishap]
        report = await run_by_twos(world)
        assert report.result is Result.SUCCESS
        assert world.radarr.members("kai-noir") == {1, 4, 8}
        lost, *others = world.claude.meter.bills
        assert report.spending.cost - report.spending.unconfirmed == sum(
            (bill.usd for bill in others), Decimal(0)
        )
        assert report.spending.unconfirmed > 0
        assert abs(report.spending.unconfirmed - lost.usd) < Decimal("0.00002")


async def test_an_error_after_the_beginning_of_an_answer_is_asked_again(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        world.claude.mishaps = [Mishap(error_after=1)]
        report = await run_by_twos(world)
        assert report.result is Result.SUCCESS
        assert world.clock.sleeps == [1]
        assert report.spending.unconfirmed > 0
        assert world.radarr.members("kai-noir") == {1, 4, 8}


async def test_a_cancelled_run_keeps_every_answer_that_came_and_books_those_under_way(
    tmp_path: Path,
) -> None:
    async with world_of(tmp_path, concurrency=2) as world:
        six_judged = asyncio.Event()
        world.claude.mishaps = [held_up(asyncio.Event())]
        world.write(block("Noir"))

        def tell(event: Event) -> None:
            if isinstance(event, Progress) and event.done == 6:
                six_judged.set()

        async with world.house() as house:
            request = RunRequest(items_per_request=2)
            running = asyncio.create_task(run(request, replace(house, tell=tell)))
            await six_judged.wait()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            (report,) = await house.store.reports(1)
        assert report.result is Result.CANCELLED
        assert report.spending.pairs == 6
        assert report.spending.unconfirmed > 0
        assert report.spending.cost >= world.claude.meter.usd
        assert world.radarr.writes() == []
        await the_rest_is_asked_and_nothing_twice(world)


async def test_a_killed_run_keeps_every_answer_that_came_and_books_those_under_way(
    tmp_path: Path,
) -> None:
    async with world_of(tmp_path) as world:
        world.clock = FakeClock(SystemClock().now())  # the process lives in real time
        reached = Reached()
        world.claude.mishaps = [held_up(reached)]
        world.write(block("Noir"))
        flags = ("--run-now", "--batch-size", "2")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "kometa_ai", *flags),
            env=world.environment(CLAUDE_CONCURRENCY="1"),
            stdout=asyncio.subprocess.DEVNULL,
        )
        await reached.by_somebody.wait()
        process.kill()
        await process.wait()
        report = await the_rest_is_asked_and_nothing_twice(world)
        assert any("was killed while Claude was answering" in one for one in report.notices)
        assert report.spent_this_month >= world.claude.meter.usd


class Reached:
    """A gate that never opens, and tells that somebody stands before it."""

    def __init__(self) -> None:
        self.by_somebody = asyncio.Event()

    async def wait(self) -> None:
        self.by_somebody.set()
        await asyncio.Event().wait()


def held_up(gate: Gate) -> Mishap:
    return Mishap(when=lambda body: "#7 " in str(body), times=None, hold=gate)


async def the_rest_is_asked_and_nothing_twice(world: World) -> RunReport:
    world.claude.mishaps = []
    world.claude.requests.clear()
    report = await run_by_twos(world)
    assert report.result is Result.SUCCESS
    assert report.spending.pairs == 2
    assert len(world.claude.requests) == 1
    assert world.radarr.members("kai-noir") == {1, 4, 8}
    return report
