"""A batch outlives its run: whatever ends that, it is bought once, and what it brought is taken."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kometa_ai.calling_off import call_off
from kometa_ai.demo.mishap import Mishap, Reply, at_batch, limited, login_page, refused
from kometa_ai.domain.report import Result, Trigger
from kometa_ai.settings import ClaudeMode
from tests.runs.batches import books, reached
from tests.springboard import start
from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

    from kometa_ai.domain.report import RunReport

FITS = {5: 0.9, 45: 0.9, 85: 0.9, 125: 0.9}


def batching(folder: Path, count: int = 160, **more: Any) -> World:
    films = [movie(number) for number in range(1, count + 1)]
    return World(folder, films, {"Noir": FITS, "Cosy": {7: 0.9}}, mode=ClaudeMode.BATCH, **more)


async def stopped(world: World, what: str = "look", **mishap: Any) -> None:
    """Begin a run, and stop it while this is asked of the batches."""
    never = asyncio.Event()
    world.claude.mishaps = [Mishap(when=at_batch(what), **(mishap or {"gate": never}))]
    task = asyncio.create_task(world.run())
    await reached(world, what)
    await asyncio.sleep(0.05)  # noqa: TID251 - for what is held later than asked
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    never.set()
    world.claude.mishaps = []
    world.claude.batch_calls.clear()


def check(world: World, report: RunReport, *, batches: int = 1) -> None:
    """Check that all is judged, tagged, and paid once."""
    assert report.result is Result.SUCCESS, report.faults
    assert world.radarr.members("kai-noir") == set(FITS)
    assert report.collections[0].pending == 0
    assert len(world.claude.desk.batches) == batches
    assert not world.claude.requests
    assert books(world) == (world.claude.meter.usd, 0, 0)


STEPS = [
    ("list", "gate"),
    ("create", "gate"),
    ("create", "hold"),
    ("look", "gate"),
    ("results", "gate"),
    ("results", "hold"),
]


@pytest.mark.parametrize(("what", "how"), STEPS)
async def test_killed_at_any_step_it_is_bought_once(tmp_path: Path, what: str, how: str) -> None:
    never: Any = {how: asyncio.Event()}
    async with batching(tmp_path) as world:
        world.write(block("Noir", tag="KAI-Noir"))
        world.claude.mishaps = [Mishap(when=at_batch(what), **never)]
        if what == "results":  # the real clock of the process must not have to wait
            world.claude.desk.steps = 0
        child = await start(world, "--run-now", CLAUDE_MODE="batch")
        await reached(world, what)
        await asyncio.sleep(0.1)  # noqa: TID251 - for what is held later than asked
        child.kill()
        await child.end()
        never[how].set()
        world.claude.mishaps, world.claude.desk.steps = [], 1
        check(world, await world.run())
        assert (await world.run()).spending.requests == 0


@pytest.mark.parametrize(("what", "how"), STEPS)
async def test_stopped_at_any_step_it_goes_on(tmp_path: Path, what: str, how: str) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        await stopped(world, what, **{how: asyncio.Event()})
        open_batches = 0 if what == "list" else 1
        async with world.house() as house:
            assert len(await house.store.open_batches()) == open_batches
            assert not any(one.canceling for one in world.claude.desk.batches.values())
            (report,) = await house.store.reports()
            assert report.result is Result.CANCELLED
            assert any("still on its way" in one for one in report.notices) == bool(open_batches)
        check(world, await world.run())


@pytest.mark.parametrize("reply", [None, login_page(), Reply(200, '{"id": "msgbatch_0001"')])
async def test_a_lost_reply_makes_no_second_batch(tmp_path: Path, reply: Reply | None) -> None:
    async with batching(tmp_path) as world:
        world.claude.mishaps = [Mishap(when=at_batch("create"), lost=True, reply=reply)]
        world.write(block("Noir"))
        check(world, await world.run())
        assert world.claude.batch_calls.count("create") == 1


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize("later", [True, False])
async def test_a_lost_batch_is_told_from_those_of_others(
    tmp_path: Path, ended: bool, later: bool
) -> None:
    async with batching(tmp_path) as world:
        desk = world.claude.desk
        desk.add_foreign(4)
        world.write(block("Noir"))
        if not later:
            world.claude.mishaps = [
                Mishap(when=at_batch("create"), gate=_Then(lambda: desk.add_foreign(4)), lost=True)
            ]
            check(world, await world.run(), batches=3)
            return
        await stopped(world, "create", hold=asyncio.Event())
        desk.add_foreign(4, ended=ended)
        desk.add_foreign(9, ended=ended)
        report = await world.run()
        check(world, report, batches=4)
        assert not any(one.canceling for one in desk.batches.values())


class _Then:
    """A gate that is open, and does something."""

    def __init__(self, deed: Any) -> None:
        self._deed = deed

    async def wait(self) -> None:
        self._deed()


async def test_a_batch_that_was_not_created_is_handed_in_again(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        broken = refused(500, "api_error", "Internal server error")
        world.claude.mishaps = [Mishap(when=at_batch("create"), reply=broken, times=2)]
        world.write(block("Noir"))
        check(world, await world.run())
        assert world.claude.batch_calls.count("create") == 3


async def test_if_nobody_knows_whether_it_was_created_the_next_run_looks(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        down = refused(503, "api_error", "Unavailable")
        world.claude.mishaps = [
            Mishap(when=at_batch("list")),  # before it is handed in, all is well
            Mishap(when=at_batch("create"), lost=True),
            Mishap(when=at_batch("list"), reply=down, times=None),
        ]
        world.write(block("Noir"))
        report = await world.run()
        assert report.result is Result.PARTIAL
        assert "next run takes it up" in report.faults[0].remedy
        assert books(world)[2] == 4
        world.claude.mishaps = []
        check(world, await world.run())


@pytest.mark.parametrize("how", ["reset_after", "end_after"])
async def test_results_that_are_cut_off_are_read_again(tmp_path: Path, how: str) -> None:
    async with batching(tmp_path) as world:
        cut: Any = {how: 2}
        world.claude.mishaps = [Mishap(when=at_batch("results"), times=2, **cut)]
        world.write(block("Noir"))
        check(world, await world.run())


async def test_results_that_break_off_for_ever_are_left_to_the_next_run(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        world.claude.mishaps = [Mishap(when=at_batch("results"), times=None, reset_after=2)]
        world.write(block("Noir"))
        report = await world.run()
        assert report.result is Result.PARTIAL
        assert report.faults[0].message.startswith("Still waiting for batch msgbatch_0001")
        assert report.collections[0].judged == 80
        assert books(world)[2] == 2
        world.claude.mishaps = []
        check(world, await world.run())


async def test_answers_that_are_never_shown_are_booked_as_the_most(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        world.claude.mishaps = [Mishap(when=at_batch("results"), times=None, end_after=3)]
        world.write(block("Noir"))
        report = await world.run()
        assert report.result is Result.PARTIAL
        assert "1 answers of batch" in report.faults[0].message
        assert report.spending.cost == books(world)[0] > world.claude.meter.usd
        assert report.spending.unconfirmed > 0
        world.claude.mishaps = []
        again = await world.run()
        assert world.radarr.members("kai-noir") == set(FITS)
        assert len(world.claude.desk.batches) == 2
        assert again.result is Result.SUCCESS


async def test_out_of_reach_for_an_hour_the_batch_is_kept(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        down = refused(503, "api_error", "Unavailable")
        world.claude.mishaps = [Mishap(when=at_batch("look"), reply=down, times=None)]
        world.write(block("Noir"))
        report = await world.run()
        assert report.result is Result.PARTIAL
        assert "Still waiting for batch" in report.faults[0].message
        assert 3600 < world.clock.monotonic() < 4500
        world.claude.mishaps = []
        check(world, await world.run())


@pytest.mark.parametrize("what", ["create", "look", "results"])
@pytest.mark.parametrize("seconds", [700, 7_000])
async def test_how_long_to_wait_is_obeyed_or_not_waited_for(
    tmp_path: Path, what: str, seconds: int
) -> None:
    async with batching(tmp_path) as world:
        world.claude.mishaps = [Mishap(when=at_batch(what), reply=limited(f"{seconds}"))]
        world.write(block("Noir"))
        report = await world.run()
        if seconds == 700:
            assert 700 in world.clock.sleeps
            check(world, report)
            return
        assert report.result is Result.PARTIAL
        assert max(world.clock.sleeps, default=0) < 100
        assert books(world)[2] == (0 if what == "create" else 4)
        check(world, await world.run())


async def test_a_batch_that_never_ends_is_not_waited_for_longer_than_a_day(
    tmp_path: Path,
) -> None:
    async with batching(tmp_path) as world:
        world.claude.desk.steps = -1
        world.write(block("Noir"))
        report = await world.run()
        assert report.result is Result.PARTIAL
        assert 24 * 3600 < world.clock.monotonic() < 26 * 3600
        assert books(world)[2] == 4


@pytest.mark.parametrize("gone", [True, False])
async def test_after_a_month_what_may_have_been_answered_is_booked(
    tmp_path: Path, gone: bool
) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        await stopped(world)
        (batch,) = world.claude.desk.batches.values()
        world.claude.desk.work(batch)
        batch.results[batch.requests[0][0]] = {"type": "expired"}
        batch.forgotten = True
        if gone:
            world.claude.desk.batches.clear()
        most = await _most(world)
        world.clock.advance(40 * 24 * 3600)
        report = await world.run()
        assert report.result is Result.PARTIAL
        assert f"{4 if gone else 3} answers of batch" in report.faults[0].message
        booked = sum(most) if gone else sum(most) - min(most)
        assert report.spending.unconfirmed == booked
        assert world.radarr.members("kai-noir") == set(FITS), "it is asked again"
        assert books(world)[1:] == (0, 0)


async def _most(world: World) -> list[Decimal]:
    """Return what each request that is on its way can cost."""
    async with world.house() as house:
        return [cost for one in await house.store.open_batches() for cost in one.most.values()]


async def test_a_batch_costs_what_its_own_model_costs(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        await stopped(world)
        world.model = "claude-opus-5-5"
        check(world, await world.run())


async def test_what_was_asked_in_other_words_is_kept_for_these(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        await stopped(world)
        world.judge.chances["Noir"] = {9: 0.9}
        world.write(block("Noir", prompt="Quite another wish"))
        (old,) = world.claude.desk.batches.values()
        world.claude.desk.work(old)
        world.judge.chances["Noir"] = {11: 0.9}
        report = await world.run()
        assert report.result is Result.SUCCESS
        assert world.radarr.members("kai-noir") == {11}, "not by what the old words brought"
        assert len(world.claude.desk.batches) == 2
        world.write(block("Noir"))
        back = await world.run()
        assert back.spending.requests == 0, "going back to the old words costs nothing"
        assert world.radarr.members("kai-noir") == {9}
        assert books(world) == (world.claude.meter.usd, 0, 0)


async def test_a_title_that_changed_meanwhile_is_judged_again(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        await stopped(world)
        world.radarr.change_movie(85, overview="Quite another film.")
        report = await world.run()
        assert len(world.claude.desk.batches) == 2
        (second,) = [b for b in world.claude.desk.batches.values() if len(b.requests) == 1]
        assert "Quite another film" in str(second.requests[0][1])
        assert report.result is Result.SUCCESS
        assert books(world) == (world.claude.meter.usd, 0, 0)


async def test_what_was_decided_before_still_counts_when_the_answer_comes(tmp_path: Path) -> None:
    """The hysteresis holds: 0.75 is over the threshold, but not clearly."""
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        await world.run()
        for number in (1, 2, 5):
            world.radarr.change_movie(number, overview="A better cut of the film.")
        world.judge.chances["Noir"] = {1: 0.75, 2: 0.95, 5: 0.65, 45: 0.9, 85: 0.9, 125: 0.9}
        world.claude.batch_calls.clear()
        await stopped(world)
        await world.run()
        assert world.radarr.members("kai-noir") == {2, 5, 45, 85, 125}


async def test_a_person_does_not_wait_for_the_batch_of_the_schedule(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        world.claude.desk.steps = 50
        world.write(block("Noir"))
        await stopped(world)
        world.mode = ClaudeMode.AUTO
        world.write(block("Noir"), block("Cosy"))
        report = await world.run(trigger=Trigger.PAGE)
        assert report.result is Result.SUCCESS
        assert world.radarr.members("kai-cosy") == {7}
        assert world.radarr.members("kai-noir") == set()
        assert [one.deferred for one in report.collections] == [160, 0]
        assert report.exhausted == ""
        assert any("left to it" in one for one in report.notices)
        assert not any(" Noir\n" in str(body["system"]) for body in world.claude.requests)
        assert world.clock.sleeps == []
        (batch,) = world.claude.desk.batches.values()
        world.claude.desk.steps = 1
        world.claude.desk.work(batch)
        report = await world.run(trigger=Trigger.PAGE)
        assert world.radarr.members("kai-noir") == set(FITS)
        assert books(world) == (world.claude.meter.usd, 0, 0)


@pytest.mark.parametrize("minutes", [1, 60])
async def test_a_person_is_not_kept_from_asking_by_a_batch_that_never_began(
    tmp_path: Path, minutes: int
) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        await stopped(world, "create", gate=asyncio.Event())
        assert books(world)[2] == 4
        world.clock.advance(minutes * 60)
        world.mode = ClaudeMode.LIVE
        report = await world.run()
        assert report.result is Result.SUCCESS
        assert world.clock.sleeps == ([60, 120] if minutes == 1 else [])
        assert world.radarr.members("kai-noir") == set(FITS)
        assert books(world) == (world.claude.meter.usd, 0, 0)


async def test_what_a_batch_may_cost_is_not_spent_twice(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        await stopped(world)
        world.claude.desk.steps = 50
        world.mode = ClaudeMode.AUTO
        world.monthly_budget = sum(await _most(world)) + Decimal("0.0001")
        world.write(block("Noir"), block("Cosy"))
        report = await world.run(trigger=Trigger.PAGE)
        assert report.exhausted == "MONTHLY_BUDGET"
        assert report.spending.cost == 0


@pytest.mark.parametrize("heard", [True, False])
async def test_what_a_person_called_off_ends_and_what_it_brought_is_taken(
    tmp_path: Path, heard: bool
) -> None:
    async with batching(tmp_path) as world:
        world.claude.desk.steps = 4
        world.write(block("Noir"))
        await stopped(world)
        (batch,) = world.claude.desk.batches.values()
        world.claude.desk.work(batch)
        down = refused(503, "api_error", "Unavailable")
        world.claude.mishaps = [] if heard else [Mishap(when=at_batch("cancel"), reply=down)]
        async with world.house() as house:
            await call_off(house)
        assert batch.canceling is heard
        world.claude.desk.steps = 1
        report = await world.run()
        assert batch.canceling
        kinds = [one["type"] for one in batch.results.values()]
        assert (kinds.count("succeeded"), kinds.count("canceled")) == (1, 3)
        assert any("1 answer of a batch of an earlier run is" in one for one in report.notices)
        check(world, report, batches=2)


async def test_the_state_and_a_reset_know_of_it(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir", tag="KAI-Noir"))
        await stopped(world)
        (shown,) = (await world.cli("--dump-state", "--json")).json["batches"]
        assert shown["id"] == "msgbatch_0001"
        assert (shown["requests"], shown["waiting"]) == (4, 4)
        assert shown["reserved_usd"] == float(
            sum(await _most(world), Decimal(0)).quantize(Decimal("0.000001"))
        )
        assert (await world.cli("--reset-state")).code == 0
        check(world, await world.run())
