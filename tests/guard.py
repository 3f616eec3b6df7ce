"""A world that is watched: whatever a run does, it may write ``KAI-`` tags and nothing else."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from kometa_ai.domain.collection import slugify
from tests.world import World, block, movie

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping
    from pathlib import Path

    from kometa_ai.demo.radarr import Movie, SimulatedRadarr
    from kometa_ai.domain.report import Change, CollectionReport, RunReport

MINE = "mine"
EDITOR = "/api/v3/movie/editor"


@asynccontextmanager
async def guarded(
    folder: Path, count: int, chances: Mapping[str, Mapping[int, float]], *, percent: int = 30
) -> AsyncIterator[World]:
    """Open a world of ``count`` films, each with a tag of a person's own, and watch over it."""
    movies = [movie(number) for number in range(1, count + 1)]
    async with World(folder, movies, chances, removals_percent=percent) as world:
        for number in range(1, count + 1):
            world.radarr.hand_tag(number, MINE)
        yield world
        assert_only_ours_was_written(world)


def assert_only_ours_was_written(world: World) -> None:
    radarr = world.radarr
    for seen in radarr.writes():
        assert seen.path == EDITOR or seen.path.startswith("/api/v3/tag"), seen
        if seen.path == EDITOR:
            assert seen.body.keys() == {"movieIds", "tags", "applyTags"}
            assert seen.body["applyTags"] in {"add", "remove"}
            assert seen.body["tags"] != [radarr.tag_number(MINE)]
    assert radarr.members(MINE) == radarr.movies.keys()
    for number, one in radarr.movies.items():
        assert one.tags <= radarr.labels.keys(), f"film {number} carries a tag that does not exist"


def of(report: RunReport, slug: str) -> CollectionReport:
    """Return what became of one collection."""
    return next(one for one in report.collections if one.slug == slug)


def ids(changes: Iterable[Change]) -> list[int]:
    """Return the ids of changes, in order."""
    return sorted(change.id for change in changes)


def sure(*numbers: int, chance: float = 0.95) -> dict[int, float]:
    """Return chances that leave no doubt."""
    return dict.fromkeys(numbers, chance)


def wish(name: str, **keys: object) -> str:
    """Return a collection that names its tag, so that nothing is to be said about it."""
    return block(name, tag=f"KAI-{slugify(name)}", **keys)


def take_away(radarr: SimulatedRadarr, numbers: Iterable[int]) -> dict[int, Movie]:
    """Let films vanish from the library, for a while."""
    taken = {number: radarr.movies[number] for number in numbers}
    for number in taken:
        radarr.remove_movie(number)
    return taken


def bring_back(radarr: SimulatedRadarr, taken: Mapping[int, Movie]) -> None:
    """Let films come back as they were, tags included."""
    radarr.movies |= taken
    for number in taken:
        radarr.change_movie(number)


async def pins(world: World) -> list[tuple[str, int, str, str]]:
    """Return every pin: slug, film, stance, origin."""
    async with world.house() as house:
        found = await house.store.pins("radarr")
    return [(pin.slug, pin.item_id, str(pin.stance), str(pin.origin)) for pin in found]


def edits(world: World) -> int:
    """Return how many bulk edits there were."""
    return sum(seen.path == EDITOR for seen in world.radarr.writes())
