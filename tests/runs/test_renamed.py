"""A collection that goes by another name or tag is not judged, and paid for, once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kometa_ai.domain.decision import Pin, PinOrigin, Stance
from kometa_ai.domain.report import Result
from tests.guard import guarded, ids, of, pins, sure, wish
from tests.springboard import cli
from tests.world import block

if TYPE_CHECKING:
    from pathlib import Path

    from tests.world import World

WORDS = "Dark streets"
TOLD = (
    "Dark was called KAI-noir before; its verdicts and pins were taken over. The old tag stays on"
    " its films until --cleanup. If its words mean something else under this name, --force-refresh"
    " judges it anew."
)


async def pin(world: World, slug: str, number: int, stance: Stance) -> None:
    made = Pin(slug, number, stance, PinOrigin.USER, world.clock.now(), tmdb_id=1000 + number)
    async with world.house() as house:
        await house.store.pin("radarr", [made])


async def test_another_name_alone_costs_nothing(tmp_path: Path) -> None:
    async with guarded(tmp_path, 4, {"Noir": sure(1, 2)}) as world:
        world.write(block("Noir", tag="KAI-noir", prompt=WORDS))
        await world.run()
        world.write(block("Film noir", tag="KAI-noir", prompt=WORDS))
        report = await world.run()
        assert (report.result, report.notices, report.spending.pairs) == (Result.SUCCESS, (), 0)
        assert world.radarr.members("kai-noir") == {1, 2}


async def test_another_tag_takes_verdicts_and_pins_along_and_says_so(tmp_path: Path) -> None:
    async with guarded(tmp_path, 8, {"Noir": sure(1, 2)}) as world:
        world.write(wish("Noir", prompt=WORDS))
        await pin(world, "noir", 2, Stance.NEVER)
        await pin(world, "noir", 4, Stance.KEEP)
        await world.run()
        assert world.radarr.members("kai-noir") == {1, 4}
        world.write(wish("Dark", prompt=WORDS))
        said = (await cli(world, "--estimate", "--json")).json
        assert (said["notices"], said["usage"]["pairs"]) == ([TOLD], 0)
        assert await pins(world) == [("noir", 2, "never", "user"), ("noir", 4, "keep", "user")]
        async with world.house() as house:
            assert (await house.store.newest_criteria("radarr")).keys() == {"noir"}
        await pin(world, "dark", 4, Stance.NEVER)
        report = await world.run()
        assert (report.result, report.notices, report.spending.pairs) == (
            Result.SUCCESS,
            (TOLD,),
            0,
        )
        assert ids(of(report, "dark").added) == [1]
        assert world.radarr.members("kai-dark") == {1}
        assert world.radarr.members("kai-noir") == {1, 4}, "until --cleanup"
        assert await pins(world) == [("dark", 2, "never", "user"), ("dark", 4, "never", "user")]
        assert (await world.run()).notices == ()
        await world.cleanup()
        assert world.radarr.members("kai-noir") == set()
        assert (await world.run()).notices == ()


async def test_a_title_that_was_declined_stays_under_the_new_name(tmp_path: Path) -> None:
    async with guarded(tmp_path, 10, {"Noir": sure(*range(1, 9))}) as world:
        world.write(wish("Noir", prompt="Old words"))
        await world.run()
        world.judge.chances = {}
        world.write(wish("Noir", prompt=WORDS))
        await world.run()
        await world.decline()
        world.write(wish("Dark", prompt=WORDS))
        await world.run()
        assert world.radarr.members("kai-dark") == set(range(1, 9))


async def test_what_is_still_in_the_files_keeps_its_verdicts(tmp_path: Path) -> None:
    for number, noir in enumerate(
        (
            wish("Noir", prompt=WORDS),
            wish("Noir", prompt=WORDS, enabled=False),
            "  Plain:\n    radarr_taglist: KAI-noir\n",
        )
    ):
        async with guarded(tmp_path / str(number), 4, {"Noir": sure(1), "Dark": sure(2)}) as world:
            world.write(wish("Noir", prompt=WORDS))
            await world.run()
            world.write(noir, wish("Dark", prompt=WORDS))
            report = await world.run()
            assert (report.notices, report.spending.pairs) == ((), 4)
            assert world.radarr.members("kai-dark") == {2}


async def test_where_two_are_gone_nobody_knows_which_one_it_was(tmp_path: Path) -> None:
    async with guarded(tmp_path, 4, {}) as world:
        world.write(wish("Noir", prompt=WORDS), wish("Night", prompt=WORDS))
        await world.run()
        world.write(wish("Dark", prompt=WORDS))
        report = await world.run()
        assert (report.notices, report.spending.pairs) == ((), 4)


async def test_where_two_are_new_nobody_knows_which_one_it_was(tmp_path: Path) -> None:
    async with guarded(tmp_path, 4, {}) as world:
        world.write(wish("Noir", prompt=WORDS))
        await pin(world, "noir", 2, Stance.KEEP)
        await world.run()
        world.write(wish("Dark", prompt=WORDS), wish("Neo", prompt=WORDS))
        report = await world.run(collections=("Dark",))
        assert (report.notices, report.spending.pairs) == ((), 4)
        assert await pins(world) == [("noir", 2, "keep", "user")]


async def test_only_the_last_words_of_what_is_gone_count(tmp_path: Path) -> None:
    async with guarded(tmp_path, 4, {"Noir": sure(1), "Dark": sure(2)}) as world:
        world.write(wish("Noir", prompt="Old words"))
        await world.run()
        world.write(wish("Noir", prompt=WORDS))
        await world.run()
        await pin(world, "noir", 3, Stance.KEEP)
        world.write(wish("Neo", prompt="Old words"), wish("Dark", prompt=WORDS))
        report = await world.run()
        assert (report.notices, report.spending.pairs) == ((TOLD,), 4)
        assert await pins(world) == [("dark", 3, "keep", "user")]
        assert world.radarr.members("kai-dark") == {1, 3}


async def test_other_words_or_own_verdicts_take_nothing_over(tmp_path: Path) -> None:
    async with guarded(tmp_path, 4, {}) as world:
        world.write(wish("Noir", prompt=WORDS), wish("Dark", prompt="Other words"))
        await world.run()
        world.write(wish("New", prompt="New words"), wish("Dark", prompt=WORDS))
        report = await world.run()
        assert (report.notices, report.spending.pairs) == ((), 8)


async def test_what_a_broken_file_may_hold_is_not_gone(tmp_path: Path) -> None:
    async with guarded(tmp_path, 6, {"Noir": sure(1, 2), "Dark": sure(1)}) as world:
        world.write(wish("Noir", prompt=WORDS), file="a.yml")
        await pin(world, "noir", 2, Stance.NEVER)
        await world.run()
        world.write(wish("Noir", prompt=WORDS), "  x: [", file="a.yml")
        world.write(wish("Dark", prompt=WORDS), file="b.yml")
        report = await world.run()
        assert (report.result, report.notices, report.spending.pairs) == (Result.PARTIAL, (), 6)
        world.write(wish("Noir", prompt=WORDS), file="a.yml")
        report = await world.run()
        assert (report.result, report.notices, report.spending.pairs) == (Result.SUCCESS, (), 0)
        assert world.radarr.members("kai-noir") == {1}
        assert world.radarr.members("kai-dark") == {1}
        assert await pins(world) == [("noir", 2, "never", "user")]
