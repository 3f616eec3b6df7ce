"""Undo: a run is turned around, and the next run does not do it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kometa_ai.demo.radarr import Mishap
from kometa_ai.domain.report import Result, Trigger
from tests.guard import EDITOR, edits, guarded, ids, of, pins, sure, wish
from tests.springboard import cli

if TYPE_CHECKING:
    from pathlib import Path

    from tests.world import World


async def _changed(world: World) -> str:
    """Tag 1, 2, 3, then let a changed wish take 2 and 3 off and put 4 and 5 on."""
    world.write(wish("Noir"))
    await world.run()
    world.judge.chances = {"Noir": sure(1, 4, 5)}
    world.write(wish("Noir", prompt="Another wish"))
    report = await world.run()
    assert world.radarr.members("kai-noir") == {1, 4, 5}
    return report.run_id


async def test_an_undone_run_stays_undone(tmp_path: Path) -> None:
    async with guarded(tmp_path, 6, {"Noir": sure(1, 2, 3)}) as world:
        run_id = await _changed(world)
        report = await world.undo()
        assert (report.result, report.trigger) == (Result.SUCCESS, Trigger.UNDO)
        noir = of(report, "noir")
        assert (ids(noir.added), ids(noir.removed), noir.members) == ([2, 3], [4, 5], 3)
        assert noir.added[0].title == "Film 2"
        assert noir.added[0].reason == f"undo of run {run_id}"
        assert world.radarr.members("kai-noir") == {1, 2, 3}
        assert await pins(world) == [
            ("noir", 2, "keep", "undo"),
            ("noir", 3, "keep", "undo"),
            ("noir", 4, "never", "undo"),
            ("noir", 5, "never", "undo"),
        ]
        before = edits(world)
        for forced in (False, True):
            after = await world.run(force_refresh=forced)
            assert (after.result, after.notices) == (Result.SUCCESS, ())
        assert edits(world) == before


async def test_a_preview_tells_what_an_undo_would_do_and_does_nothing(tmp_path: Path) -> None:
    async with guarded(tmp_path, 6, {"Noir": sure(1, 2, 3)}) as world:
        run_id = await _changed(world)
        written = len(world.radarr.writes())
        report = await world.undo(dry_run=True)
        assert (report.result, report.trigger) == (Result.DRY_RUN, Trigger.UNDO)
        noir = of(report, "noir")
        assert (ids(noir.added), ids(noir.removed), noir.members) == ([2, 3], [4, 5], 3)
        assert len(world.radarr.writes()) == written
        assert await pins(world) == []
        ended = await cli(world, "--undo", run_id, "--dry-run")
        assert (ended.code, "no tag was changed" in ended.out) == (0, True), ended.err
        assert world.radarr.members("kai-noir") == {1, 4, 5}
        assert (await world.undo()).removed == 2, "it is still there to be undone"


async def test_undoing_the_undo_does_it_again(tmp_path: Path) -> None:
    """Without a number it is the newest run that changed tags, and that was the undo."""
    async with guarded(tmp_path, 6, {"Noir": sure(1, 2, 3)}) as world:
        run_id = await _changed(world)
        await world.undo()
        await world.undo()
        assert world.radarr.members("kai-noir") == {1, 4, 5}
        await world.undo(run_id)
        assert world.radarr.members("kai-noir") == {1, 2, 3}
        before = edits(world)
        report = await world.undo(run_id)
        assert report.notices == (f"Nothing that run {run_id} changed still stands.",)
        assert edits(world) == before


async def test_an_undo_of_nothing_says_so(tmp_path: Path) -> None:
    async with guarded(tmp_path, 2, {"Noir": {}}) as world:
        world.write(wish("Noir"))
        run_id = (await world.run()).run_id
        assert (await world.undo()).notices == ("No run changed tags.",)
        assert (await world.undo(run_id)).notices == (f"Run {run_id} changed no tags.",)


async def test_an_undo_leaves_alone_what_was_changed_by_hand_since(tmp_path: Path) -> None:
    async with guarded(tmp_path, 6, {"Noir": sure(1, 2, 3)}) as world:
        await _changed(world)
        world.radarr.hand_tag(2, "kai-noir")
        world.radarr.hand_untag(4, "kai-noir")
        world.radarr.hand_tag(6, "kai-noir")
        report = await world.undo()
        assert (ids(of(report, "noir").added), ids(of(report, "noir").removed)) == ([3], [5])
        assert world.radarr.members("kai-noir") == {1, 2, 3, 6}
        await world.run()
        assert await pins(world) == [
            ("noir", 2, "keep", "hand"),
            ("noir", 3, "keep", "undo"),
            ("noir", 4, "never", "hand"),
            ("noir", 5, "never", "undo"),
            ("noir", 6, "keep", "hand"),
        ]
        assert world.radarr.members("kai-noir") == {1, 2, 3, 6}


async def test_an_undo_of_a_first_run_takes_every_tag_off(tmp_path: Path) -> None:
    async with guarded(tmp_path, 12, {"Noir": sure(*range(1, 11)), "Cosy": sure(3)}) as world:
        world.write(wish("Noir"), wish("Cosy"))
        await world.run()
        report = await world.undo()
        assert report.removed == 11
        assert world.radarr.members("kai-noir") == world.radarr.members("kai-cosy") == set()
        world.radarr.clean_up()
        assert (await world.run()).added == 0


async def test_an_approval_can_be_undone(tmp_path: Path) -> None:
    async with guarded(tmp_path, 10, {"Noir": sure(*range(1, 11))}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.judge.chances = {"Noir": sure(1)}
        world.write(wish("Noir", prompt="Only one"))
        await world.run()
        await world.approve()
        assert world.radarr.members("kai-noir") == {1}
        await world.undo()
        assert world.radarr.members("kai-noir") == set(range(1, 11))
        report = await world.run()
        assert (report.result, report.held, report.removed) == (Result.SUCCESS, 0, 0)


async def test_films_that_left_the_library_are_left_out(tmp_path: Path) -> None:
    async with guarded(tmp_path, 6, {"Noir": sure(1, 2, 3)}) as world:
        await _changed(world)
        world.radarr.remove_movie(3)
        world.radarr.remove_movie(5)
        report = await world.undo()
        assert report.result is Result.SUCCESS
        assert world.radarr.members("kai-noir") == {1, 2}


async def test_a_run_that_was_killed_between_edit_and_note_can_be_undone(tmp_path: Path) -> None:
    async with guarded(tmp_path, 6, {"Noir": sure(1, 2, 3)}) as world:
        world.write(wish("Noir"))
        await world.run()
        async with world.house() as house:
            # What SIGKILL leaves behind: the intent, and an edit that nobody has noted.
            killed = await house.store.begin_run(Trigger.COMMAND_LINE, world.clock.now())
            args = ("radarr", "noir", "kai-noir", {4: 1004, 5: 1005})
            await house.store.intend(killed, *args, add=True)
        world.radarr.hand_tag(4, "kai-noir")
        report = await world.undo()
        assert ids(of(report, "noir").removed) == [4]
        assert report.collections[0].removed[0].reason == f"undo of run {killed}"
        assert await pins(world) == [("noir", 4, "never", "undo")]
        assert (await world.run()).notices == ()


async def test_an_undo_that_radarr_cuts_off_is_finished_by_the_next_run(tmp_path: Path) -> None:
    async with guarded(tmp_path, 6, {"Noir": sure(1, 2, 3)}) as world:
        await _changed(world)
        world.radarr.mishaps.append(Mishap("PUT", EDITOR, times=99, status=503))
        report = await world.undo()
        assert report.result is Result.PARTIAL
        assert "not available" in report.faults[0].message
        world.radarr.mishaps.clear()
        report = await world.run()
        assert (report.result, report.notices) == (Result.SUCCESS, ())
        assert world.radarr.members("kai-noir") == {1, 2, 3}


@pytest.mark.parametrize("run_id", ["77", "abc", "-1"])
async def test_a_run_that_does_not_exist_is_a_fault(tmp_path: Path, run_id: str) -> None:
    async with guarded(tmp_path, 2, {}) as world:
        world.write(wish("Noir"))
        await world.run()
        report = await world.undo(run_id)
        assert report.result is Result.PARTIAL
        assert [fault.message for fault in report.faults] == ["There is no such run."]
