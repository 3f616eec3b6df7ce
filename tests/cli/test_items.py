"""Naming a title on the command line, pinning it, asking why, and shaping a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kometa_ai.demo.radarr import Mishap
from tests.springboard import cli
from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

MOVIES = [
    movie(1, "Heat", year=1995, tmdbId=949),
    movie(2, "Twins", year=1988, tmdbId=9493),
    movie(3, "Twins", year=2011, tmdbId=603),
    movie(4, "1917", year=2019, tmdbId=530915),
    movie(1917, "Amélie", year=2001, tmdbId=194),
]


@pytest.mark.timeout(120)
async def test_a_title_may_be_named_in_several_ways(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world:
        world.write(block("Noir"))
        for wanted, found in (
            ("1", 1),
            ("tmdb:603", 3),
            ("TMDB: 949", 1),
            ("heat", 1),
            (" Heat (1995) ", 1),
            ("Twins (2011)", 3),
            ("1917", 4),
            ("AMÉLIE", 1917),
        ):
            ended = await cli(world, "--why", "noir", wanted, "--json")
            assert ended.code == 0, (wanted, ended.err)
            assert ended.json["id"] == found, wanted


async def test_a_name_that_fits_several_or_none_is_refused_with_a_hint(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world:
        world.write(block("Noir"))
        several = await cli(world, "--pin", "keep", "Noir", "Twins")
        assert several.code == 1
        assert "2 titles fit: Twins (1988) (id 2), Twins (2011) (id 3)." in several.err
        assert "Add the year" in several.err
        for wanted in ("Hea", "tmdb:1", "99", "Heat (1996)"):
            ended = await cli(world, "--pin", "keep", "Noir", wanted)
            assert ended.code == 1
            assert "No title of the library fits." in ended.err
        unknown = await cli(world, "--pin", "keep", "Nior", "Heat")
        assert unknown.code == 1
        assert 'Did you mean "Noir"?' in unknown.err
        assert (await cli(world, "--pins", "--json")).json["pins"] == []


async def test_a_pin_is_set_listed_obeyed_explained_and_taken_back(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, {"Noir": {1: 0.95}}) as world:
        world.write(block("Noir", tag="KAI-noir"))
        assert "Nothing is pinned." in (await cli(world, "--pins")).out
        keep = await cli(world, "--pin", "keep", "Noir", "1917")
        assert keep.out == "1917 (2019) always belongs to Noir now. The next run sees to its tag.\n"
        never = await cli(world, "--pin", "never", "Noir", "tmdb:949")
        assert "never belongs to Noir" in never.out
        assert (await cli(world, "--run-now")).code == 0
        assert world.radarr.members("kai-noir") == {4}
        listed = (await cli(world, "--pins")).out
        assert "Heat (1995)" in listed
        assert "never" in listed
        assert "pinned: never" in (await cli(world, "--why", "Noir", "Heat")).out
        world.radarr.mishaps = [Mishap("GET", "/api/v3/movie", times=9, status=401)]
        away = await cli(world, "--pins")
        assert (away.code, "(title unknown, id 4)" in away.out) == (0, True)
        world.radarr.mishaps = []
        assert (await cli(world, "--unpin", "Noir", "Heat")).code == 0
        again = await cli(world, "--unpin", "Noir", "Heat")
        assert again.code == 1
        assert "Heat (1995) is not pinned in Noir." in again.err


async def test_why_tells_the_verdict_and_its_history(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, {"Noir": {1: 0.95}}) as world:
        world.write(block("Noir", tag="KAI-noir"))
        before = await cli(world, "--why", "Noir", "Heat")
        assert "Heat (1995) does not have the tag KAI-noir of Noir." in before.out
        assert "Why: it was never judged for this collection." in before.out
        assert "It will be judged in the next run." in before.out
        assert (await cli(world, "--run-now")).code == 0
        after = await cli(world, "--why", "Noir", "Heat")
        assert "Heat (1995) has the tag KAI-noir of Noir." in after.out
        assert "Why: Noir suits it." in after.out
        assert "yes 0.95 (claude-haiku-5-5): Noir suits it." in after.out


async def test_flags_shape_what_a_run_asks(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world:
        world.write(block("Noir"), block("Cosy"), block("Heists"))
        wanted = ("--collection", "Noir", "--collection", "cosy", "--json")
        estimate = await cli(world, "--estimate", *wanted, "--max-evals", "4")
        assert estimate.json["usage"]["pairs"] == 4
        capped = await cli(world, *wanted, "--max-evals", "4")
        assert (capped.code, capped.json["usage"]["pairs"]) == (0, 4)
        assert sum(one["deferred"] for one in capped.json["collections"]) == 6
        asked = len(world.claude.requests)
        again = await cli(world, "--estimate", *wanted, "--force-refresh", "--batch-size", "1")
        assert again.json["usage"]["requests"] == 5
        small = await cli(world, *wanted, "--force-refresh", "--batch-size", "1")
        assert small.json["usage"]["pairs"] == 10
        assert len(world.claude.requests) - asked == 5, "one title in each request"
        assert [one["name"] for one in small.json["collections"]] == ["Noir", "Cosy"]
