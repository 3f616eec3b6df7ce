"""The brake: too many removals wait for a person, who approves or declines them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kometa_ai.domain.decision import Pin, PinOrigin, Stance
from kometa_ai.domain.report import Result, Trigger
from tests.guard import guarded, ids, of, pins, sure, wish
from tests.springboard import cli

if TYPE_CHECKING:
    from pathlib import Path

    from kometa_ai.domain.report import RunReport
    from tests.world import World

ALL = range(1, 11)
KEPT = (1, 2)
GOING = [3, 4, 5, 6, 7, 8, 9, 10]
DECLINED = [("noir", number, "keep", "declined") for number in GOING]


async def _held(world: World) -> RunReport:
    """Tag ten films, then change the wish so that eight of them would lose the tag."""
    world.write(wish("Noir"))
    await world.run()
    world.judge.chances = {"Noir": sure(*KEPT, 12)}
    world.write(wish("Noir", prompt="Much stricter"))
    return await world.run()


@pytest.mark.parametrize(
    ("members", "going", "percent", "held"),
    [
        (10, 5, 30, False),  # five go, however small the collection
        (10, 6, 30, True),
        (20, 6, 30, False),  # exactly 30 %
        (20, 7, 30, True),
        (6, 6, 100, False),
        (60, 6, 9, True),
        (60, 6, 10, False),
        (5, 5, 0, False),
    ],
)
async def test_removals_are_held_above_the_percentage_and_above_five(
    tmp_path: Path, members: int, going: int, percent: int, held: bool
) -> None:
    everybody = range(1, members + 1)
    async with guarded(tmp_path, members + 1, {"Noir": sure(*everybody)}, percent=percent) as world:
        world.write(wish("Noir"))
        await world.run()
        stay = set(everybody[going:])
        world.judge.chances = {"Noir": sure(*stay, members + 1)}
        world.write(wish("Noir", prompt="Much stricter"))
        report = await world.run()
        assert report.result is (Result.HELD if held else Result.SUCCESS)
        assert (report.held, report.removed) == ((going, 0) if held else (0, going))
        assert ids(of(report, "noir").added) == [members + 1], "additions always go ahead"
        there = set(everybody) if held else stay
        assert world.radarr.members("kai-noir") == there | {members + 1}


async def test_what_is_held_appears_in_every_run_until_it_is_approved(tmp_path: Path) -> None:
    async with guarded(tmp_path, 12, {"Noir": sure(*ALL)}) as world:
        first = await _held(world)
        assert ids(of(first, "noir").held) == GOING
        second = await world.run()
        assert (second.result, ids(of(second, "noir").held)) == (Result.HELD, GOING)
        assert second.spending.pairs == 0
        stale = await world.approve(first.run_id)
        assert stale.result is Result.PARTIAL
        assert stale.faults[0].message == "This run holds no changes."
        assert stale.faults[0].remedy == f"Run {second.run_id} holds something."
        assert len(world.radarr.members("kai-noir")) == 11
        report = await world.approve(second.run_id)
        assert (report.result, report.trigger) == (Result.SUCCESS, Trigger.APPROVE)
        assert ids(of(report, "noir").removed) == GOING
        assert of(report, "noir").members == 3
        assert world.radarr.members("kai-noir") == {*KEPT, 12}
        assert (await world.approve()).notices == ("Nothing is held for approval.",)
        last = await world.run()
        assert (last.result, last.notices, await pins(world)) == (Result.SUCCESS, (), [])


async def test_a_preview_tells_what_an_approval_would_do_and_does_nothing(tmp_path: Path) -> None:
    async with guarded(tmp_path, 12, {"Noir": sure(*ALL)}) as world:
        await _held(world)
        before = world.radarr.members("kai-noir")
        report = await world.approve(dry_run=True)
        assert (report.result, report.trigger) == (Result.DRY_RUN, Trigger.APPROVE)
        assert ids(of(report, "noir").removed) == GOING
        assert (await cli(world, "--approve", "--dry-run")).code == 0
        assert world.radarr.members("kai-noir") == before
        assert ids(of(await world.approve(), "noir").removed) == GOING, "it is still held"


async def test_an_approval_skips_what_was_pinned_or_taken_off_since(tmp_path: Path) -> None:
    async with guarded(tmp_path, 12, {"Noir": sure(*ALL)}) as world:
        held = await _held(world)
        async with world.house() as house:
            pin = Pin("noir", 3, Stance.KEEP, PinOrigin.USER, world.clock.now())
            await house.store.pin("radarr", [pin])
        world.radarr.hand_untag(4, "kai-noir")
        report = await world.approve()
        assert ids(of(report, "noir").removed) == GOING[2:]
        assert world.radarr.members("kai-noir") == {*KEPT, 3, 12}
        assert held.run_id != report.run_id
        await world.run()
        assert await pins(world) == [("noir", 3, "keep", "user"), ("noir", 4, "never", "hand")]


async def test_a_new_run_replaces_what_an_older_one_held(tmp_path: Path) -> None:
    async with guarded(tmp_path, 12, {"Noir": sure(*ALL)}) as world:
        await _held(world)
        world.judge.chances = {"Noir": sure(*ALL)}
        world.write(wish("Noir", prompt="Mild again"))
        assert (await world.run()).result is Result.SUCCESS
        assert (await world.approve()).notices == ("Nothing is held for approval.",)
        assert world.radarr.members("kai-noir") == set(ALL)


async def test_a_run_of_one_collection_leaves_what_others_hold(tmp_path: Path) -> None:
    async with guarded(tmp_path, 12, {"Noir": sure(*ALL), "Cosy": sure(1)}) as world:
        world.write(wish("Cosy"), file="cosy.yml")
        held = await _held(world)
        await world.run(collections=("Cosy",))
        assert ids(of(await world.approve(held.run_id), "noir").removed) == GOING


async def test_a_dry_run_shows_what_would_be_held_and_holds_nothing(tmp_path: Path) -> None:
    async with guarded(tmp_path, 12, {"Noir": sure(*ALL)}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.judge.chances = {"Noir": sure(*KEPT)}
        world.write(wish("Noir", prompt="Much stricter"))
        report = await world.run(dry_run=True)
        assert (report.result, report.held, report.removed) == (Result.DRY_RUN, 8, 0)
        assert (await world.approve()).notices == ("Nothing is held for approval.",)
        assert world.radarr.members("kai-noir") == set(ALL)


async def test_what_is_declined_stays_until_the_criteria_change(tmp_path: Path) -> None:
    async with guarded(tmp_path, 12, {"Noir": sure(*ALL)}) as world:
        held = await _held(world)
        report = await world.decline(held.run_id)
        assert (report.result, report.trigger) == (Result.SUCCESS, Trigger.DECLINE)
        assert report.notices == (
            (
                "8 titles stay; that holds until the collection's criteria change. --pins lists"
                " them, --unpin takes one back."
            ),
        )
        assert await pins(world) == DECLINED
        assert (await world.approve()).notices == ("Nothing is held for approval.",)
        for forced in (False, True):
            after = await world.run(force_refresh=forced)
            assert (after.result, after.held, after.removed) == (Result.SUCCESS, 0, 0)
        world.write(wish("Noir", prompt="Stricter still"))
        assert ids(of(await world.run(), "noir").held) == GOING
        assert ids(of(await world.approve(), "noir").removed) == GOING


async def test_declining_leaves_alone_what_a_person_said_of_a_title(tmp_path: Path) -> None:
    async with guarded(tmp_path, 12, {"Noir": sure(*ALL)}) as world:
        await _held(world)
        async with world.house() as house:
            pin = Pin("noir", 3, Stance.NEVER, PinOrigin.USER, world.clock.now())
            await house.store.pin("radarr", [pin])
        await world.decline()
        assert await pins(world) == [("noir", 3, "never", "user"), *DECLINED[1:]]
        assert ids(of(await world.run(), "noir").removed) == [3]


async def test_what_a_disabled_collection_holds_can_not_be_declined_and_stays_held(
    tmp_path: Path,
) -> None:
    """Its criteria are not known, so the pins would end with the next run that knows them."""
    async with guarded(tmp_path, 12, {"Noir": sure(*ALL)}) as world:
        await _held(world)
        world.write(wish("Noir", prompt="Much stricter", enabled=False))
        report = await world.decline()
        assert report.result is Result.PARTIAL
        assert report.faults[0].where == "kai-noir"
        assert "stays held" in report.faults[0].message
        assert report.notices == ()
        world.write(wish("Noir", prompt="Much stricter"))
        await world.decline()
        assert await pins(world) == DECLINED


async def test_an_approval_while_radarr_is_down_fails_and_keeps_what_is_held(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 12, {"Noir": sure(*ALL)}) as world:
        await _held(world)
        port, world.radarr.port = world.radarr.port, 1
        report = await world.approve()
        assert report.result is Result.FAILED
        assert report.faults[0].message == "Radarr cannot be reached: Connection refused."
        world.radarr.port = port
        assert ids(of(await world.approve(), "noir").removed) == GOING


async def test_what_the_rules_of_others_see_is_the_tag_as_it_will_be_not_what_is_held(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 12, {"Noir": sure(*ALL)}) as world:
        world.write(wish("Rest", exclude_tags=["KAI-noir"]), file="rest.yml")
        await _held(world)
        world.judge.chances |= {"Rest": sure(*range(1, 13))}
        world.write(
            wish("Rest", prompt="All that is left", exclude_tags=["KAI-noir"]), file="rest.yml"
        )
        await world.run()
        assert world.radarr.members("kai-rest") == {11}
        await world.approve()
        await world.run()
        assert world.radarr.members("kai-rest") == {11, *GOING}
