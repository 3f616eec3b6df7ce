"""What is done while a batch is on its way: nothing is bought twice for it, nothing is lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from kometa_ai.calling_off import CALLING_OFF, call_off
from kometa_ai.demo.mishap import Mishap, Reply, at_batch
from kometa_ai.domain.report import Progress, Result, RunRequest, Trigger
from kometa_ai.estimating import estimate
from kometa_ai.ports import NewBatch
from kometa_ai.settings import ClaudeMode
from tests.runs.batches import books, reached
from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

FITS = {5: 0.9, 45: 0.9, 85: 0.9, 125: 0.9}
SAME = "Films of dark streets"


def batching(folder: Path, count: int = 160, **more: Any) -> World:
    films = [movie(number) for number in range(1, count + 1)]
    return World(folder, films, {"Noir": FITS, "Dark": FITS}, mode=ClaudeMode.BATCH, **more)


async def stopped(world: World) -> None:
    """Begin a run, and stop it while it waits for its batch, which goes on."""
    never = asyncio.Event()
    world.claude.batch_calls.clear()
    world.claude.mishaps = [Mishap(when=at_batch("look"), gate=never)]
    task = asyncio.create_task(world.run())
    await reached(world, "look")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    never.set()
    world.claude.mishaps = []


async def meanwhile(world: World, deed: Any) -> Any:
    """Do something while a run waits for its batch; return the run's report."""
    gate = asyncio.Event()
    world.claude.batch_calls.clear()
    world.claude.mishaps = [Mishap(when=at_batch("look"), gate=gate)]
    task = asyncio.create_task(world.run())
    await reached(world, "look")
    deed()
    gate.set()
    return await task


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("left", [True, False])
async def test_a_collection_that_is_renamed_meanwhile_is_not_bought_twice(
    tmp_path: Path, known: bool, left: bool
) -> None:
    """It was judged before or not, and somebody else's run may follow the new name first."""
    async with batching(tmp_path) as world:
        world.write(block("Noir", prompt=SAME))
        if known:
            await world.run()
            for number in range(161, 241):
                world.radarr.add_movie(movie(number))
        world.claude.desk.steps = 50
        await stopped(world)
        asked = len(world.claude.desk.batches)
        world.write(block("Dark", prompt=SAME))
        if left:
            world.mode = ClaudeMode.AUTO
            report = await world.run(trigger=Trigger.PAGE)
            assert report.result is Result.SUCCESS, report.faults
            assert not world.claude.requests
            assert report.collections[0].deferred == (80 if known else 160)
        world.claude.desk.steps = 1
        world.mode = ClaudeMode.BATCH
        report = await world.run()
        assert report.result is Result.SUCCESS, report.faults
        assert world.radarr.members("kai-dark") == set(FITS)
        assert report.collections[0].pending == 0
        assert len(world.claude.desk.batches) == asked
        assert not world.claude.requests
        assert books(world) == (world.claude.meter.usd, 0, 0)


async def test_a_cap_is_told_of_beside_a_batch_that_asks_something_else(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        world.claude.desk.steps = 50
        await stopped(world)
        world.mode = ClaudeMode.AUTO
        world.write(block("Cosy"))
        report = await world.run(trigger=Trigger.PAGE, max_pairs=100)
        assert report.collections[0].deferred == 60
        assert report.exhausted == "MAX_EVALS_PER_RUN"


@pytest.mark.parametrize(
    "nothing", [Reply(404, "404 page not found"), Reply(200, '{"error": "Unexpected endpoint."}')]
)
async def test_a_server_without_batches_asks_what_no_batch_asks(
    tmp_path: Path, nothing: Reply
) -> None:
    """CLAUDE_BASE_URL leads elsewhere meanwhile: for ever, nothing would be asked any more."""
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        await stopped(world)
        async with world.house() as house:
            (batch,) = await house.store.open_batches()
        elsewhere = [
            Mishap(when=at_batch(what), times=None, reply=nothing) for what in ("list", "look")
        ]
        world.claude.mishaps, world.mode = list(elsewhere), ClaudeMode.LIVE
        world.write(block("Noir"), block("Dark"))
        report = await world.run(trigger=Trigger.SCHEDULE)
        assert report.result is Result.PARTIAL
        assert "offers no batches" in report.faults[0].message
        assert "Set CLAUDE_BASE_URL back" in report.faults[0].remedy
        assert world.radarr.members("kai-dark") == set(FITS)
        assert [one.deferred for one in report.collections] == [160, 0]
        world.clock.advance(10 * 86_400)
        world.claude.mishaps = []
        report = await world.run(trigger=Trigger.SCHEDULE)
        assert report.result is Result.SUCCESS
        assert world.radarr.members("kai-noir") == set(FITS)
        assert books(world) == (world.claude.meter.usd, 0, 0)
        world.radarr.add_movie(movie(500))
        world.mode = ClaudeMode.BATCH
        await stopped(world)
        async with world.house() as house:
            (batch,) = await house.store.open_batches()
        world.clock.advance(31 * 86_400)
        world.claude.mishaps, world.mode = list(elsewhere), ClaudeMode.LIVE
        report = await world.run(trigger=Trigger.SCHEDULE)
        assert report.spending.unconfirmed == batch.cost
        assert [one.deferred for one in report.collections] == [0, 0]
        assert books(world)[2] == 0


async def test_the_progress_of_what_is_taken_up_counts_verdicts(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        await stopped(world)
        world.events.clear()
        await world.run()
        told = [one for one in world.events if isinstance(one, Progress)]
        assert [(one.done, one.total) for one in told] == [(n, 160) for n in (40, 80, 120, 160)]


EDITS: list[tuple[str, ...]] = [
    (block("Dark"),),
    (block("Noir", enabled=False), block("Dark")),
    (block("Noir", confidence_threshold=0.95), block("Dark")),
    (block("Noir", prompt="Quite another wish"), block("Dark")),
    (block("Noir", tag="KAI-Other"), block("Dark")),
    (block("Noir") + "  : [\n", block("Dark")),
]


@pytest.mark.parametrize("edit", range(len(EDITS)))
async def test_a_collection_that_was_edited_while_it_was_waited_for_keeps_its_tag(
    tmp_path: Path, edit: int
) -> None:
    """A day may lie between what a run read and what it writes."""
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        world.write(block("Dark"), file="dark.yml")
        blocks = [one for one in EDITS[edit] if "Dark:" not in one]

        def change() -> None:
            if blocks:
                world.write(*blocks)
            else:
                (world.kometa / "movies.yml").unlink()

        report = await meanwhile(world, change)
        broken = ": [" in "".join(blocks)
        assert report.result is (Result.PARTIAL if broken else Result.SUCCESS), report.faults
        assert world.radarr.members("kai-dark") == set(FITS)
        assert world.radarr.members("kai-noir") == set()
        assert "kai-noir" not in {label.lower() for label in world.radarr.labels.values()}
        told = [one for one in report.notices if "edited" in one]
        assert told == [
            "Noir was edited while Claude was answering; its tag is left to the next run."
        ]
        assert [one.judged for one in report.collections] == [160, 160]
        assert books(world) == (world.claude.meter.usd, 0, 0)


async def test_what_is_taken_in_the_next_month_is_told_as_spent_in_that(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        await world.run()
        before = world.claude.meter.usd
        for number in range(161, 241):
            world.radarr.add_movie(movie(number))
        world.clock.advance(26 * 86_400)
        report = await meanwhile(world, lambda: world.clock.advance(22 * 3_600))
        assert world.clock.now().month == 2
        assert report.spent_this_month == report.spending.cost == world.claude.meter.usd - before


async def test_what_was_judged_meanwhile_is_not_judged_by_an_older_answer(tmp_path: Path) -> None:
    """A title changed, and a person's run asked about it anew before the batch had ended."""
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        world.claude.desk.steps = 50
        await stopped(world)
        world.mode = ClaudeMode.AUTO
        world.radarr.change_movie(5, overview="Quite another film.")
        del world.judge.chances["Noir"][5]
        await world.run(trigger=Trigger.PAGE)
        assert len(world.claude.requests) == 1
        world.claude.desk.steps = 1
        world.judge.chances["Noir"][5] = FITS[5]
        world.mode = ClaudeMode.BATCH
        report = await world.run()
        assert report.result is Result.SUCCESS
        assert report.spending.requests == 4, "nothing is asked of it once more"
        assert world.radarr.members("kai-noir") == set(FITS) - {5}
        assert len(world.claude.desk.batches) == 1
        assert books(world) == (world.claude.meter.usd, 0, 0)


async def test_what_another_run_pays_does_not_count_in_the_budget_of_this_one(
    tmp_path: Path,
) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        world.claude.desk.steps = 50
        await stopped(world)
        async with world.house() as house:
            (batch,) = await house.store.open_batches()
        world.mode, world.max_cost = ClaudeMode.AUTO, batch.cost
        world.write(block("Noir"), block("Dark"))
        report = await world.run(trigger=Trigger.PAGE)
        assert report.exhausted == ""
        assert world.radarr.members("kai-dark") == set(FITS)
        world.monthly_budget = world.claude.meter.usd + batch.cost
        world.write(block("Noir"), block("Dark"), block("Cosy"))
        report = await world.run(trigger=Trigger.PAGE)
        assert report.exhausted == "MONTHLY_BUDGET", "of the month it is as good as spent"


async def test_an_estimate_tells_of_what_is_asked_already(tmp_path: Path) -> None:
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        await stopped(world)
        async with world.house() as house:
            (batch,) = await house.store.open_batches()
            said = await estimate(RunRequest(), house)
        assert [one for one in said.notices if "on its way" in one] == [
            (
                "A batch of 4 requests is on its way from an earlier run, for at most"
                f" ${batch.cost:.4f}. What it asks is counted here, but not asked again."
            )
        ]
        await world.run()
        async with world.house() as house:
            said = await estimate(RunRequest(), house)
        assert not [one for one in said.notices if "on its way" in one]


async def test_calling_off_takes_no_longer_for_several_batches(tmp_path: Path) -> None:
    """A person waits for it: each of them may be out of reach."""
    async with batching(tmp_path) as world:
        world.write(block("Noir"))
        await stopped(world)
        world.claude.mishaps = [Mishap(when=at_batch("cancel"), gate=asyncio.Event(), times=None)]
        async with world.house() as house:
            (first,) = await house.store.open_batches()
            inquiries = await house.store.inquiries(first.number)
            new = NewBatch(
                "kai-more",
                "radarr",
                first.model,
                first.at,
                first.id,
                first.most,
                inquiries.__getitem__,
            )
            for number in range(3):
                more = await house.store.open_batch("1", new)
                await house.store.name_batch(more.number, f"msgbatch_9{number}", sure=True)
            async with asyncio.timeout(CALLING_OFF + 1):
                await call_off(house)
            assert all(one.called_off for one in await house.store.open_batches())
        assert world.claude.batch_calls.count("cancel") == 4
