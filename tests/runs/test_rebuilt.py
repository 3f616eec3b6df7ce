"""A Radarr that was set up anew has the same films under other numbers: none is mistaken."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from kometa_ai.adapters.store.schema import migrate
from kometa_ai.domain.decision import Pin, PinOrigin, Stance
from kometa_ai.domain.report import Result, Trigger
from tests.guard import MINE, bring_back, guarded, ids, of, pins, sure, take_away, wish
from tests.springboard import cli
from tests.world import World, block, movie

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def renumber(world: World, numbers: Mapping[int, int], *, tags: bool = True) -> None:
    """Give films other numbers, as a library does that is set up anew; tags may be lost with it."""
    radarr = world.radarr
    taken = take_away(radarr, list(radarr.movies))
    for old, film in taken.items():
        new = numbers.get(old, old)
        radarr.add_movie({**film.fields, "id": new})
        radarr.movies[new].tags = film.tags if tags else set()
        radarr.hand_tag(new, MINE)
    for label in set(radarr.labels.values()) - {MINE}:
        if not radarr.members(label):
            radarr.delete_tag(label)


def around(count: int) -> dict[int, int]:
    """Let each film have the number of the next one."""
    return {number: number % count + 1 for number in range(1, count + 1)}


async def pin(world: World, number: int, stance: Stance, tmdb_id: int = 0) -> None:
    made = Pin("noir", number, stance, PinOrigin.USER, world.clock.now(), tmdb_id=tmdb_id)
    async with world.house() as house:
        await house.store.pin("radarr", [made])


async def test_a_pin_follows_its_film(tmp_path: Path) -> None:
    async with guarded(tmp_path, 4, {"Noir": sure(2)}) as world:
        world.write(wish("Noir"))
        await pin(world, 1, Stance.KEEP, 1001)
        await pin(world, 2, Stance.NEVER, 1002)
        await world.run()
        assert world.radarr.members("kai-noir") == {1}
        renumber(world, around(4), tags=False)
        world.judge.chances = {"Noir": sure(3)}
        estimate = await cli(world, "--estimate", "--json")
        report = await world.run()
        assert report.spending.pairs == estimate.json["usage"]["pairs"] == 2
        assert world.radarr.members("kai-noir") == {2}
        assert await pins(world) == [("noir", 2, "keep", "user"), ("noir", 3, "never", "user")]
        assert "pinned: never" in (await cli(world, "--why", "Noir", "Film 2")).out


async def test_a_pin_whose_tmdb_id_was_not_known_learns_it_in_time(tmp_path: Path) -> None:
    async with guarded(tmp_path, 3, {}) as world:
        world.write(wish("Noir"))
        await pin(world, 1, Stance.KEEP)
        await world.run()
        renumber(world, around(3))
        await world.run()
        assert world.radarr.members("kai-noir") == {2}


async def test_a_pin_of_an_absent_film_waits_and_is_nobody_elses(tmp_path: Path) -> None:
    async with guarded(tmp_path, 3, {}) as world:
        world.write(wish("Noir"))
        await pin(world, 1, Stance.KEEP, 1001)
        renumber(world, {1: 9, 2: 1})
        away = take_away(world.radarr, [9])
        await world.run()
        assert world.radarr.members("kai-noir") == set()
        listed = await cli(world, "--pins")
        assert "(not in Radarr, so it waits, tmdb:1001)" in " ".join(listed.out.split())
        (told,) = (await cli(world, "--pins", "--json")).json["pins"]
        assert (told["tmdb_id"], told["waits"]) == (1001, True)
        assert (await cli(world, "--unpin", "Noir", "1")).code == 1, "1 is another film now"
        bring_back(world.radarr, away)
        await world.run()
        assert world.radarr.members("kai-noir") == {9}
        assert (await cli(world, "--pins", "--json")).json["pins"][0]["id"] == 9


async def test_a_pin_of_an_absent_film_can_be_taken_back(tmp_path: Path) -> None:
    async with guarded(tmp_path, 3, {}) as world:
        world.write(wish("Noir"))
        await pin(world, 1, Stance.KEEP, 1001)
        await pin(world, 2, Stance.KEEP, 1002)
        take_away(world.radarr, [1])
        assert (await cli(world, "--unpin", "Noir", "tmdb:1001")).code == 0
        assert await pins(world) == [("noir", 2, "keep", "user")]


async def test_an_approval_removes_the_films_that_were_held_and_no_others(tmp_path: Path) -> None:
    async with guarded(tmp_path, 12, {"Noir": sure(*range(1, 11))}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.judge.chances = {"Noir": sure(1, 2, 3)}
        world.write(wish("Noir", prompt="Only three"))
        report = await world.run()
        assert ids(of(report, "noir").held) == list(range(4, 11))
        renumber(world, around(12))
        take_away(world.radarr, [11])
        await pin(world, 5, Stance.KEEP, 1004)
        report = await world.approve()
        assert report.result is Result.SUCCESS
        assert world.radarr.members("kai-noir") == {2, 3, 4, 5}
        told = {change.id: change.title for change in of(report, "noir").removed}
        assert told == {number: f"Film {number - 1}" for number in range(6, 11)}


async def test_what_is_declined_holds_for_the_films_that_were_held(tmp_path: Path) -> None:
    async with guarded(tmp_path, 10, {"Noir": sure(*range(1, 9))}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.judge.chances = {"Noir": {}}
        world.write(wish("Noir", prompt="None"))
        await world.run()
        renumber(world, around(10))
        await world.decline()
        report = await world.run()
        assert (report.result, report.held, report.removed) == (Result.SUCCESS, 0, 0)
        assert world.radarr.members("kai-noir") == set(range(2, 10))


async def test_an_undo_turns_the_same_films_around(tmp_path: Path) -> None:
    async with guarded(tmp_path, 6, {"Noir": sure(1, 2, 3)}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.judge.chances = {"Noir": sure(1, 4)}
        world.write(wish("Noir", prompt="Another wish"))
        await world.run()
        assert world.radarr.members("kai-noir") == {1, 4}
        renumber(world, around(6))
        take_away(world.radarr, [3])
        report = await world.undo()
        assert report.result is Result.SUCCESS
        assert world.radarr.members("kai-noir") == {2, 4}, "Film 1 and Film 3"
        assert await pins(world) == [("noir", 4, "keep", "undo"), ("noir", 5, "never", "undo")]


async def test_a_library_that_is_set_up_anew_casts_no_votes(tmp_path: Path) -> None:
    for number, tags in enumerate((False, True)):
        async with guarded(tmp_path / str(number), 6, {"Noir": sure(1, 2)}) as world:
            world.write(wish("Noir"))
            await world.run()
            renumber(world, around(6), tags=tags)
            world.radarr.tag_number("kai-noir")
            world.judge.chances = {"Noir": sure(2, 3)}
            report = await world.run()
            assert (report.result, report.notices) == (Result.SUCCESS, ())
            assert world.radarr.members("kai-noir") == {2, 3}
            assert await pins(world) == []
            world.radarr.hand_untag(3, "kai-noir")
            await world.run()
            assert await pins(world) == [("noir", 3, "never", "hand")]


async def test_a_film_that_was_deleted_and_added_anew_has_no_vote_against_it(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 3, {"Noir": sure(1, 2)}) as world:
        world.write(wish("Noir"))
        await world.run()
        renumber(world, {2: 8})
        world.radarr.hand_untag(8, "kai-noir")
        world.judge.chances = {"Noir": sure(1, 8)}
        report = await world.run()
        assert report.notices == ()
        assert world.radarr.members("kai-noir") == {1, 8}
        assert await pins(world) == []


async def test_the_edit_of_a_killed_run_is_known_by_its_films(tmp_path: Path) -> None:
    async with guarded(tmp_path, 6, {"Noir": sure(1, 2)}) as world:
        world.write(wish("Noir"))
        await world.run()
        async with world.house() as house:
            killed = await house.store.begin_run(Trigger.COMMAND_LINE, world.clock.now())
            titles = {4: 1004, 6: 1006}
            await house.store.intend(killed, "radarr", "noir", "kai-noir", titles, add=True)
        world.radarr.hand_tag(4, "kai-noir")
        renumber(world, around(6))
        report = await world.undo(killed)
        assert [change.title for change in of(report, "noir").removed] == ["Film 4"]
        assert world.radarr.members("kai-noir") == {2, 3}


async def test_a_state_from_before_goes_by_number_until_it_has_learnt_better(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 4, {"Noir": sure(1)}) as world:
        world.state.mkdir()
        with closing(sqlite3.connect(world.state / "kometa_ai.db", isolation_level=None)) as db:
            migrate(db, 4)
            blob = (1).to_bytes(4, "little")
            db.execute("INSERT INTO runs (trigger, began) VALUES ('command line', 1)")
            db.execute("INSERT INTO seen VALUES ('radarr', 'noir', ?)", (blob,))
            db.execute(
                "INSERT INTO journal VALUES (1, 1, 'radarr', 'noir', 'kai-noir', 1, 0, ?)", (blob,)
            )
            db.execute("INSERT INTO pins VALUES ('radarr', 'noir', 3, 'keep', 'user', 0, '')")
        world.radarr.hand_tag(1, "kai-noir")
        world.write(wish("Noir"))
        report = await world.run()
        assert report.notices == ()
        assert world.radarr.members("kai-noir") == {1, 3}
        renumber(world, around(4), tags=False)
        world.judge.chances = {"Noir": sure(2)}
        await world.run()
        assert world.radarr.members("kai-noir") == {2, 4}
        assert await pins(world) == [("noir", 4, "keep", "user")]


async def test_a_library_that_is_another_one_is_said_to_cost_anew(tmp_path: Path) -> None:
    movies = [movie(number) for number in range(1, 31)]
    async with World(tmp_path, movies, {"Noir": {1: 0.95}}) as world:
        world.write(block("Noir"))
        await world.run()
        world.radarr.change_movie(1, overview="Told in another way.")
        assert not any("made for titles" in told for told in (await world.run()).notices)
        for number in range(1, 31):
            world.radarr.change_movie(number, overview=f"Erzählt wird Film {number}.")
        report = await world.run()
        assert any("Of 30 verdicts" in told for told in report.notices)
