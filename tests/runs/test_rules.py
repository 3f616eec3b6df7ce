"""What settles a title, in order: pins, excluded tags, included tags, gates, Claude."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kometa_ai.domain.decision import Pin, PinOrigin, Stance
from kometa_ai.domain.report import Result
from tests.guard import guarded, ids, of, pins, sure, wish

if TYPE_CHECKING:
    from pathlib import Path

    from tests.world import World


async def _pin(world: World, stance: Stance, *numbers: int, slug: str = "noir") -> None:
    async with world.house() as house:
        now = world.clock.now()
        new = [Pin(slug, number, stance, PinOrigin.USER, now) for number in numbers]
        await house.store.pin("radarr", new)


@pytest.mark.parametrize("pin", [None, Stance.KEEP, Stance.NEVER])
@pytest.mark.parametrize("excluded", [False, True])
@pytest.mark.parametrize("included", [False, True])
@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("claude", [False, True])
async def test_the_order_of_precedence(
    tmp_path: Path, pin: Stance | None, excluded: bool, included: bool, gated: bool, claude: bool
) -> None:
    async with guarded(tmp_path, 2, {"Noir": sure(1) if claude else {}}) as world:
        world.write(
            wish("Noir", include_tags=["In"], exclude_tags=["Out"], candidate_genres=["Drama"])
        )
        if excluded:
            world.radarr.hand_tag(1, "out")
        if included:
            world.radarr.hand_tag(1, "in")
        if gated:
            world.radarr.change_movie(1, genres=["Comedy"])
        if pin:
            await _pin(world, pin, 1)
        report = await world.run()
        if pin:
            expected = pin is Stance.KEEP
        elif excluded or included:
            expected = not excluded
        else:
            expected = claude and not gated
        assert (1 in world.radarr.members("kai-noir")) is expected
        settled = bool(pin) or excluded or included or gated
        assert report.spending.pairs == (1 if settled else 2), "what is settled is not asked"


async def test_each_rule_gives_its_reason(tmp_path: Path) -> None:
    async with guarded(tmp_path, 8, {"Noir": sure(1) | {6: 0.4}}) as world:
        world.radarr.hand_tag(2, "In")
        for number in (3, 4, 5, 6, 8):
            world.radarr.hand_tag(number, "KAI-Noir")
        world.radarr.hand_tag(3, "Out")
        world.radarr.change_movie(4, genres=["Comedy"])
        world.radarr.change_movie(5, year=1950)
        await _pin(world, Stance.KEEP, 7)
        world.write(
            wish(
                "Noir",
                include_tags=["in"],
                exclude_tags=["out"],
                candidate_exclude_genres=["comedy"],
                candidate_year_min=1960,
            )
        )
        noir = of(await world.run(), "noir")
        assert {change.id: change.reason for change in (*noir.added, *noir.removed)} == {
            1: "Noir suits it",
            2: 'it has the tag "in"',
            3: 'it has the excluded tag "out"',
            4: "its genre comedy is excluded",
            5: "it is older than 1960",
            6: "Noir suits it (scores 0.40, the threshold is 0.70)",
            7: "pinned: keep (user)",
            8: "Claude does not count it among the titles that fit",
        }


async def test_a_moved_threshold_or_gate_asks_nothing_that_is_known(tmp_path: Path) -> None:
    async with guarded(tmp_path, 4, {"Noir": {1: 0.95, 2: 0.5, 3: 0.2}}) as world:
        world.write(wish("Noir", confidence_threshold=0.7))
        await world.run()
        asked = len(world.claude.requests)
        for threshold, members in ((0.5, {1, 2}), (0.2, {1, 2}), (0.96, set()), (0.7, {1})):
            world.write(wish("Noir", confidence_threshold=threshold))
            await world.run()
            assert world.radarr.members("kai-noir") == members
        world.write(wish("Noir", candidate_year_max=1980))
        await world.run()
        assert world.radarr.members("kai-noir") == set()
        world.write(wish("Noir"))
        await world.run()
        assert world.radarr.members("kai-noir") == {1}
        assert len(world.claude.requests) == asked


async def test_the_tags_of_other_collections_count_as_they_will_be(tmp_path: Path) -> None:
    chances = {"Noir": sure(1, 2), "Cosy": sure(2, 3), "Best": sure(4)}
    async with guarded(tmp_path, 5, chances) as world:
        # Written before the collections that it names; settled after them.
        world.write(
            wish("Best", include_tags=["KAI-Noir"], exclude_tags=["KAI-Cosy"]),
            wish("Cosy"),
            wish("Noir"),
        )
        report = await world.run()
        assert world.radarr.members("kai-best") == {1, 4}
        best = {change.id: change.reason for change in of(report, "best").added}
        assert best == {1: 'it has the tag "kai-noir"', 4: "Best suits it"}
        await _pin(world, Stance.NEVER, 2, slug="cosy")
        report = await world.run()
        assert ids(of(report, "best").added) == [2]
        written = len(world.radarr.writes())
        await world.run()
        assert len(world.radarr.writes()) == written


async def test_a_collection_alone_goes_by_the_tags_that_the_others_have_now(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 4, {"Noir": sure(1, 2), "Best": {}}) as world:
        world.write(wish("Noir"), wish("Best", include_tags=["KAI-noir"]))
        await world.run(collections=("Best",))
        assert world.radarr.members("kai-best") == set()
        world.radarr.hand_tag(3, "kai-noir")
        await world.run(collections=("best",))
        assert world.radarr.members("kai-best") == {3}
        assert world.radarr.members("kai-noir") == {3}


async def test_a_circle_is_a_fault_of_those_in_it_and_the_others_run(tmp_path: Path) -> None:
    async with guarded(tmp_path, 4, {"Noir": sure(1), "Cosy": sure(2), "Best": sure(3)}) as world:
        world.radarr.hand_tag(4, "KAI-Noir")
        world.write(
            wish("Noir", include_tags=["KAI-cosy"]),
            wish("Cosy", exclude_tags=["KAI-noir"]),
            wish("Best"),
        )
        report = await world.run()
        assert report.result is Result.PARTIAL
        assert [fault.message.partition(",")[0] for fault in report.faults] == [
            'Collection "Noir" names kai-cosy in its tag rules',
            'Collection "Cosy" names kai-noir in its tag rules',
        ]
        assert report.faults[0].remedy == (
            "Take one of these tags out of include_tags or exclude_tags."
        )
        assert world.radarr.members("kai-noir") == {4}
        assert world.radarr.members("kai-cosy") == set()
        assert world.radarr.members("kai-best") == {3}


async def test_a_collection_that_excludes_its_own_tag_is_a_circle(tmp_path: Path) -> None:
    async with guarded(tmp_path, 2, {"Noir": sure(1)}) as world:
        world.write(wish("Noir", exclude_tags=["KAI-noir"]))
        report = await world.run()
        assert (report.result, report.added) == (Result.PARTIAL, 0)


async def test_a_forced_run_asks_all_but_what_is_settled(tmp_path: Path) -> None:
    async with guarded(tmp_path, 4, {"Noir": sure(1, 2)}) as world:
        world.write(wish("Noir", exclude_tags=["out"]))
        world.radarr.hand_tag(2, "out")
        await world.run()
        await _pin(world, Stance.NEVER, 1)
        report = await world.run(force_refresh=True)
        assert report.spending.pairs == 2
        assert world.radarr.members("kai-noir") == set()
        assert await pins(world) == [("noir", 1, "never", "user")]


async def test_a_pin_is_of_one_collection_only(tmp_path: Path) -> None:
    async with guarded(tmp_path, 3, {"Noir": sure(1), "Cosy": sure(1)}) as world:
        await _pin(world, Stance.NEVER, 1)
        world.write(wish("Noir"), wish("Cosy"))
        await world.run()
        assert world.radarr.members("kai-noir") == set()
        assert world.radarr.members("kai-cosy") == {1}
