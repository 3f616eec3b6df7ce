"""A run that is stopped, wherever: it reports what was done, and the next one finishes the work."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kometa_ai import review
from kometa_ai.adapters.store import SqliteStore
from kometa_ai.demo.mishap import Mishap as Stumble
from kometa_ai.demo.radarr import Mishap
from kometa_ai.domain.report import Result, RunFinished, RunRequest, RunStarted
from kometa_ai.run import run
from tests.guard import EDITOR, guarded, ids, of, pins, sure, wish

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kometa_ai.domain.report import RunReport
    from tests.world import World

MOMENTS = [
    ("GET", "/api/v3/movie"),
    ("GET", "/api/v3/tag"),
    ("GET", "/api/v3/tag/detail"),
    ("POST", "/api/v3/tag"),
    ("PUT", EDITOR),
]


async def _stopped(world: World, mishap: Mishap) -> None:
    """Run, and cancel the run when Radarr has done what ``mishap`` matches; nobody answers."""
    running = asyncio.create_task(world.run(), name="run")
    mishap.after = lambda _: running.cancel()
    mishap.delay = 5.0
    world.radarr.mishaps.append(mishap)
    async with asyncio.timeout(30):
        with pytest.raises(asyncio.CancelledError):
            await running
    world.radarr.mishaps.clear()


async def _completes(world: World) -> None:
    report = await world.run()
    assert (report.result, report.notices) == (Result.SUCCESS, ())
    assert await pins(world) == []
    async with world.house() as house:
        assert await house.store.intents("radarr") == []


@pytest.mark.parametrize(("method", "path"), MOMENTS)
@pytest.mark.parametrize("first", [True, False])
async def test_a_run_cancelled_while_radarr_works_says_so_and_the_next_one_completes(
    tmp_path: Path, method: str, path: str, first: bool
) -> None:
    async with guarded(tmp_path, 6, {"Noir": sure(1, 2, 3), "Cosy": sure(4)}) as world:
        world.write(wish("Noir"), wish("Cosy"))
        if not first:
            await world.run()
            world.judge.chances = {"Noir": sure(2, 3, 5), "Cosy": sure(4)}
            world.write(wish("Noir", prompt="Another wish"), wish("Cosy"))
            if method == "POST":
                world.radarr.delete_tag("kai-cosy")
        await _stopped(world, Mishap(method, path))
        async with world.house() as house:
            assert (await house.store.reports(1))[0].result is Result.CANCELLED
        if method == "POST" and not first:
            return  # the accident is told again: test_hand_edits
        await _completes(world)
        assert world.radarr.members("kai-noir") == ({1, 2, 3} if first else {2, 3, 5})
        assert world.radarr.members("kai-cosy") == {4}


async def test_a_run_cancelled_while_claude_works_keeps_what_was_paid(tmp_path: Path) -> None:
    async with guarded(tmp_path, 6, {"Noir": sure(1, 2, 3)}) as world:
        world.write(wish("Noir"))
        running = asyncio.create_task(world.run(items_per_request=2), name="run")

        def third(_: Mapping[str, object]) -> bool:
            if len(world.claude.requests) >= 3:
                running.cancel()
            return len(world.claude.requests) >= 3

        world.concurrency = 1
        world.claude.mishaps.append(Stumble(when=third, gate=asyncio.Event()))
        with pytest.raises(asyncio.CancelledError):
            await running
        world.claude.mishaps.clear()
        report = await world.run()
        assert report.spending.pairs == 2, "four of the six were stored"
        assert world.radarr.members("kai-noir") == {1, 2, 3}


@pytest.mark.parametrize("stops", range(0, 48, 6))
async def test_a_cancellation_at_any_moment_leaves_a_true_report_and_tells_it(
    tmp_path: Path, stops: int
) -> None:
    async with guarded(tmp_path, 4, {"Noir": sure(1, 2)}) as world:
        world.write(wish("Noir"))
        running = asyncio.create_task(world.run(), name="run")
        for _ in range(stops):
            await asyncio.wait([running], timeout=0.003)
        running.cancel()
        await asyncio.wait([running])
        started = [one.run_id for one in world.events if isinstance(one, RunStarted)]
        ended = [one.report for one in world.events if isinstance(one, RunFinished)]
        async with world.house() as house:
            stored = await house.store.reports()
        assert [one.run_id for one in stored] == [one.run_id for one in ended] == started
        for report in ended:
            done = ids(of(report, "noir").added) if report.collections else []
            assert set(done) <= world.radarr.members("kai-noir")
            # Cancelled after the last edit, while the tags are looked at once more, both are true.
            whole = len(done) == 2
            assert report.result is Result.CANCELLED or (report.result is Result.SUCCESS and whole)
        await _completes(world)
        assert world.radarr.members("kai-noir") == {1, 2}


class LateCancel(SqliteStore):
    """A store in whose last moment of a run somebody presses Ctrl-C."""

    async def finish_run(self, report: RunReport) -> None:
        for task in asyncio.all_tasks():
            if task.get_name() == "run":
                task.cancel()
        await super().finish_run(report)


@pytest.mark.parametrize("deed", ["run", "undo"])
async def test_a_cancellation_while_the_report_is_stored_comes_after_it(
    tmp_path: Path, deed: str
) -> None:
    async with guarded(tmp_path, 4, {"Noir": sure(1, 2)}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.events.clear()
        async with world.house() as open_house, LateCancel(world.state, world.clock) as store:
            house = replace(open_house, store=store)
            work = run(RunRequest(), house) if deed == "run" else review.undo(house)
            with pytest.raises(asyncio.CancelledError):
                await asyncio.create_task(work, name="run")
            (stored,) = await store.reports(1)
        last = world.events[-1]
        assert isinstance(last, RunFinished)
        assert last.report.run_id == stored.run_id == "2"
        assert stored.result is Result.SUCCESS, "all was done"


async def test_an_edit_that_was_made_and_not_noted_is_no_hand_edit_and_can_be_undone(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 6, {"Noir": sure(1, 2, 3)}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.judge.chances = {"Noir": sure(3, 4)}
        world.write(wish("Noir", prompt="Another wish"))
        # The removal is made, its answer never comes; the addition is not even begun.
        await _stopped(world, Mishap("PUT", EDITOR))
        assert world.radarr.members("kai-noir") == {3}
        async with world.house() as house:
            (cancelled, _) = await house.store.reports(2)
        assert (cancelled.result, cancelled.removed) == (Result.CANCELLED, 0)
        report = await world.run()
        assert (report.result, report.notices, await pins(world)) == (Result.SUCCESS, (), [])
        assert (ids(of(report, "noir").added), report.removed) == ([4], 0)
        undone = await world.undo(cancelled.run_id)
        assert ids(of(undone, "noir").added) == [1, 2]
        assert world.radarr.members("kai-noir") == {1, 2, 3, 4}
        assert (await world.run()).notices == ()


async def test_an_approval_that_was_made_and_not_noted_is_no_hand_edit(tmp_path: Path) -> None:
    async with guarded(tmp_path, 8, {"Noir": sure(*range(1, 9))}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.judge.chances = {"Noir": sure(1)}
        world.write(wish("Noir", prompt="Only one"))
        await world.run()
        running = asyncio.create_task(world.approve(), name="approve")
        world.radarr.mishaps.append(
            Mishap("PUT", EDITOR, after=lambda _: running.cancel(), delay=5.0)
        )
        with pytest.raises(asyncio.CancelledError):
            await running
        await _completes(world)
        assert world.radarr.members("kai-noir") == {1}
        await world.undo()
        assert world.radarr.members("kai-noir") == set(range(1, 9))
