"""Second opinions in batches: a batch of their own, at half price, taken up where it was left."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kometa_ai.demo.mishap import Mishap, at_batch, refused
from kometa_ai.domain.report import Phase, PhaseBegan, Result, Trigger
from kometa_ai.settings import ClaudeMode
from tests.runs.batches import books
from tests.runs.reviews import FIRST, REVIEWER, asked, check_money, models, part, reviewing
from tests.springboard import start
from tests.world import World, block

if TYPE_CHECKING:
    from pathlib import Path

    from kometa_ai.domain.report import RunReport

CHANCES = {"Noir": {1: 0.6, 2: 0.8, 3: 0.95, 4: 0.4, 5: 0.55, 6: 0.85}}
OPINIONS = {"Noir": {1: 0.9, 2: 0.5, 5: 0.58, 6: 0.9}}
DOUBTFUL = [("Noir", 1), ("Noir", 2), ("Noir", 5), ("Noir", 6)]
BY_THE_FIRST = {2, 3, 6}
BY_BOTH = {1, 3, 6}


def batching(folder: Path, **more: Any) -> World:
    return reviewing(folder, 50, CHANCES, OPINIONS, **{"mode": ClaudeMode.BATCH, **more})


def whose(world: World) -> list[str]:
    """Return which model each batch is for, in the order of their making."""
    return [str(one.requests[0][1]["model"]) for one in world.claude.desk.batches.values()]


def check_all(world: World, *reports: RunReport) -> None:
    """Check that all is judged by both, and paid once."""
    assert reports[-1].result is Result.SUCCESS, reports[-1].faults
    assert world.radarr.members("kai-noir") == BY_BOTH
    assert reports[-1].collections[0].pending == 0
    assert len(asked(world.claude, FIRST)) == 50
    assert asked(world.claude, REVIEWER) == DOUBTFUL
    assert models(world.claude) == []
    assert books(world) == (world.claude.meter.usd, 0, 0)


async def second_batch(world: World) -> None:
    """Wait until the reviewer's batch is there."""
    async with asyncio.timeout(20):
        while len(world.claude.desk.batches) < 2:  # noqa: ASYNC110 - it is asked over a wire
            await asyncio.sleep(0.005)  # noqa: TID251 - the same


async def stopped(world: World, number: int, what: str, **mishap: Any) -> None:
    """Stop a run when this is asked of the batches for the so-many-th time."""
    never: Any = mishap or {"gate": asyncio.Event()}
    before = [Mishap(when=at_batch(what), times=number - 1)] if number > 1 else []
    world.claude.mishaps = [*before, Mishap(when=at_batch(what), **never)]
    task = asyncio.create_task(world.run())
    async with asyncio.timeout(20):
        while world.claude.batch_calls.count(what) < number:  # noqa: ASYNC110 - over a wire
            await asyncio.sleep(0.005)  # noqa: TID251 - the same
    await asyncio.sleep(0.05)  # noqa: TID251 - for what is held later than asked
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    for gate in never.values():
        gate.set()
    world.claude.mishaps = []


async def test_it_has_a_batch_of_its_own_at_half_price(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        report = await world.run()
        assert whose(world) == [FIRST, REVIEWER]
        check_all(world, report)
        check_money(world, report)
        assert all(bill.batch for bill in world.claude.meter.bills)
        phases = [one.phase for one in world.events if isinstance(one, PhaseBegan)]
        waited = [Phase.WAITING, Phase.REVIEWING, Phase.WAITING]
        assert phases[3:] == [*waited, Phase.TAGGING]
        assert (await world.run()).spending.requests == 0


@pytest.mark.parametrize(
    ("mode", "trigger", "batches"),
    [(ClaudeMode.AUTO, Trigger.SCHEDULE, 1), (ClaudeMode.AUTO, Trigger.PAGE, 0)],
)
async def test_it_is_asked_in_a_batch_only_if_it_is_asked_enough(
    tmp_path: Path, mode: ClaudeMode, trigger: Trigger, batches: int
) -> None:
    async with batching(tmp_path, mode=mode) as world:
        world.write(block("Noir"))
        report = await world.run(trigger=trigger, items_per_request=2)
        assert whose(world) == [FIRST] * batches
        assert models(world.claude)[-2:] == [REVIEWER] * 2
        assert report.result is Result.SUCCESS
        check_money(world, report)


STEPS = [
    (1, "look", "gate"),
    (1, "results", "hold"),
    (2, "create", "hold"),
    (3, "look", "gate"),
    (2, "results", "gate"),
    (2, "results", "hold"),
]


@pytest.mark.parametrize(("number", "what", "how"), STEPS)
async def test_stopped_at_either_batch_it_goes_on(
    tmp_path: Path, number: int, what: str, how: str
) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        await stopped(world, number, what, **{how: asyncio.Event()})
        async with world.house() as house:
            (cut,) = await house.store.reports()
        report = await world.run()
        assert whose(world) == [FIRST, REVIEWER]
        check_all(world, report)
        both = [cut, report]
        second = sum(part(one).cost for one in both)
        assert second == world.claude.meter.usd_by_model[REVIEWER]
        assert sum(one.spending.cost for one in both) == world.claude.meter.usd


async def test_killed_while_it_waits_for_the_second_it_is_bought_once(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir", tag="KAI-Noir"))
        world.claude.desk.steps = 0
        world.claude.mishaps = [
            Mishap(when=at_batch("create"), times=1),
            Mishap(when=at_batch("create"), hold=asyncio.Event()),
        ]
        child = await start(world, "--run-now", CLAUDE_MODE="batch", CLAUDE_REVIEW_MODEL=REVIEWER)
        await second_batch(world)
        child.kill()
        await child.end()
        world.claude.mishaps = []
        report = await world.run()
        check_all(world, report)
        assert part(report).cost == report.spending.cost
        assert part(report).cost == world.claude.meter.usd_by_model[REVIEWER]


async def test_a_reviewer_that_is_changed_meanwhile_is_priced_as_it_was(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        await stopped(world, 3, "look")
        world.review_model = ""
        report = await world.run()
        check_all(world, report)
        assert report.spending.review is None
        assert report.spending.cost == world.claude.meter.usd_by_model[REVIEWER]
        async with world.house() as house:
            (one, *_) = await house.store.decisions("radarr", "noir", 1)
        assert one.model == REVIEWER


async def test_a_person_does_not_wait_for_it_and_asks_none_of_it_again(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        world.claude.desk.steps = 1
        await stopped(world, 3, "look")
        world.claude.desk.steps, world.mode = -1, ClaudeMode.AUTO
        report = await world.run(trigger=Trigger.PAGE)
        assert report.result is Result.SUCCESS
        assert world.radarr.members("kai-noir") == BY_THE_FIRST
        assert (report.collections[0].pending, report.spending.requests) == (4, 0)
        assert any("left to it" in one for one in report.notices)
        assert report.exhausted == ""
        world.claude.desk.steps = 1
        check_all(world, await world.run(trigger=Trigger.SCHEDULE))


async def test_its_batch_that_is_out_of_reach_keeps_nobody_from_judging(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        await stopped(world, 3, "look")
        down = refused(503, "api_error", "Unavailable")
        world.claude.mishaps = [Mishap(when=at_batch("look"), reply=down, times=30)]
        world.mode = ClaudeMode.AUTO
        world.write(block("Noir"), block("Cosy"))
        world.judge.chances["Cosy"] = {7: 0.95}
        report = await world.run(trigger=Trigger.SCHEDULE)
        assert report.result is Result.PARTIAL
        (fault,) = report.faults
        assert fault.message.startswith("Second opinion: Still waiting for batch msgbatch_0002")
        assert "is paid for once" in fault.remedy
        assert world.radarr.members("kai-cosy") == {7}
        assert world.radarr.members("kai-noir") == BY_THE_FIRST
        world.claude.mishaps = []
        await world.run(trigger=Trigger.SCHEDULE)
        assert asked(world.claude, REVIEWER) == DOUBTFUL
        assert books(world) == (world.claude.meter.usd, 0, 0)
        assert world.radarr.members("kai-noir") == BY_BOTH


async def test_all_of_it_refused_names_its_own_setting(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        wrong = refused(400, "invalid_request_error", "output_config.effort: not here")
        world.claude.mishaps = [
            Mishap(
                when=lambda body: body.get("batch") == "item" and body["model"] == REVIEWER,
                reply=wrong,
                times=None,
            )
        ]
        report = await world.run(items_per_request=2)
        (fault,) = report.faults
        assert "CLAUDE_REVIEW_MODEL and CLAUDE_EFFORT" in fault.remedy
        assert world.radarr.members("kai-noir") == BY_THE_FIRST
        check_money(world, report)


async def test_budgets_hold_over_both_batches(tmp_path: Path) -> None:
    async with batching(tmp_path, max_cost=Decimal("0.05")) as world:
        world.write(block("Noir"))
        report = await world.run()
        assert report.exhausted == "MAX_COST_PER_RUN"
        assert whose(world) == [FIRST]
        assert report.collections[0].pending == 4
        assert world.radarr.members("kai-noir") == BY_THE_FIRST
        world.max_cost = None
        check_all(world, await world.run())


async def test_what_a_batch_of_an_earlier_run_was_refused_is_told_once(tmp_path: Path) -> None:
    doubt = {"Noir": {2: 0.8, 3: 0.95}}
    async with batching(tmp_path) as world:
        world.judge.chances = doubt
        world.write(block("Noir"))
        await stopped(world, 3, "look")
        world.claude.mishaps = [
            Mishap(
                when=lambda body: body.get("batch") == "item" and body["model"] == REVIEWER,
                stop_reason="refusal",
                times=None,
            )
        ]
        report = await world.run()
        (fault,) = report.faults
        assert fault.where.startswith("Film 2 ")
        assert fault.message == "Second opinion: Claude refuses to judge it."
        assert whose(world) == [FIRST, REVIEWER, REVIEWER]
        again = await world.run()
        assert again.result is Result.SUCCESS
        assert (again.spending.requests, again.collections[0].pending) == (0, 0)
        assert books(world) == (world.claude.meter.usd, 0, 0)
