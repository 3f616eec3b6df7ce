"""The main path: from words in a file to tags in Radarr, and nothing twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kometa_ai.domain.report import Result
from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path


async def test_what_claude_names_is_tagged_and_nothing_else(tmp_path: Path) -> None:
    movies = [movie(number) for number in range(1, 8)]
    chances = {"Noir": {1: 0.9, 2: 0.95, 3: 0.4}, "Cosy": {3: 1.0}}
    async with World(tmp_path, movies, chances) as world:
        world.write(block("Noir", tag="KAI-noir"), block("Cosy"))
        report = await world.run()
        assert report.result is Result.SUCCESS
        assert world.radarr.members("kai-noir") == {1, 2}
        assert world.radarr.members("kai-cosy") == {3}
        assert [change.title for change in report.collections[0].added] == ["Film 1", "Film 2"]
        assert report.collections[0].added[0].reason == "Noir suits it"
        assert report.spending.pairs == 14
        assert report.spending.cost == world.claude.meter.usd


async def test_a_second_run_asks_nothing_and_writes_nothing(tmp_path: Path) -> None:
    chances = {"Noir": {1: 0.9}}
    async with World(tmp_path, [movie(1), movie(2)], chances) as world:
        world.write(block("Noir"))
        await world.run()
        asked, written = len(world.claude.requests), len(world.radarr.writes())
        report = await world.run()
        assert report.result is Result.SUCCESS
        assert len(world.claude.requests) == asked
        assert len(world.radarr.writes()) == written
        assert report.collections[0].members == 1
        assert report.spending.cost == 0


async def test_a_changed_film_is_judged_for_every_collection_again(tmp_path: Path) -> None:
    chances = {"Noir": {1: 0.9}, "Cosy": {1: 0.9}}
    async with World(tmp_path, [movie(1), movie(2)], chances) as world:
        world.write(block("Noir"), block("Cosy"))
        await world.run()
        world.radarr.change_movie(1, overview="It was another film all along.")
        world.judge.chances = {"Noir": {}, "Cosy": {}}
        report = await world.run()
        assert report.spending.pairs == 2
        assert world.radarr.members("kai-noir") == set()
        assert world.radarr.members("kai-cosy") == set()


async def test_changed_words_ask_anew_and_a_changed_threshold_asks_nothing(tmp_path: Path) -> None:
    chances = {"Noir": {1: 0.95, 2: 0.9}}
    async with World(tmp_path, [movie(1), movie(2)], chances) as world:
        world.write(block("Noir", confidence_threshold=0.7))
        await world.run()
        asked = len(world.claude.requests)
        world.write(block("Noir", confidence_threshold=0.93))
        report = await world.run()
        assert len(world.claude.requests) == asked
        assert [change.id for change in report.collections[0].removed] == [2]
        world.write(block("Noir", confidence_threshold=0.7, prompt="Something else"))
        report = await world.run()
        assert report.spending.pairs == 2
        assert world.radarr.members("kai-noir") == {1, 2}


async def test_a_dry_run_pays_and_remembers_but_writes_no_tag(tmp_path: Path) -> None:
    async with World(tmp_path, [movie(1)], {"Noir": {1: 0.9}}) as world:
        world.write(block("Noir"))
        report = await world.run(dry_run=True)
        assert report.result is Result.DRY_RUN
        assert [change.id for change in report.collections[0].added] == [1]
        assert world.radarr.writes() == []
        asked = len(world.claude.requests)
        await world.run()
        assert len(world.claude.requests) == asked
        assert world.radarr.members("kai-noir") == {1}


async def test_a_whole_movie_is_never_put(tmp_path: Path) -> None:
    async with World(tmp_path, [movie(1)], {"Noir": {1: 0.9}}) as world:
        world.write(block("Noir"))
        await world.run()
        paths = {(seen.method, seen.path) for seen in world.radarr.writes()}
        assert paths == {("POST", "/api/v3/tag"), ("PUT", "/api/v3/movie/editor")}
