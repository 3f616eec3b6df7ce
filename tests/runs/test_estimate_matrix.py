"""Estimates against the simulator's meter, which counts in its own way: 15 % is what they may miss.

The films have overviews as long as real ones; 5 % of the pairs are named, where nothing else is
said. What no estimate can know is how many titles suit a wish that was never judged: see the last.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kometa_ai.domain.report import Result, RunRequest, Trigger
from kometa_ai.estimating import Estimate, estimate
from kometa_ai.settings import ClaudeMode
from tests.unsteady import Unsteady
from tests.varied_library import MIXED, Script, films, wishes
from tests.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TOLERANCE = Decimal("0.15")


@dataclass(slots=True)
class Case:
    """A library with its wishes, and the judge of it."""

    count: int = 120
    scripts: Mapping[Script, float] = field(default_factory=lambda: {Script.ENGLISH: 1.0})
    collections: int = 5
    wish: Mapping[str, Any] = field(default_factory=dict)
    judge: Unsteady = field(default_factory=lambda: Unsteady(thresholds=(0.6,)))
    together: int = 10
    model: str = "claude-haiku-5-5"
    mode: ClaudeMode = ClaudeMode.LIVE

    def world(self, folder: Path) -> World:
        library = films(self.count, self.scripts)
        return World(
            folder,
            library,
            removals_percent=100,
            model=self.model,
            collections_per_request=self.together,
            mode=self.mode,
        )

    def begin(self, world: World) -> None:
        world.claude.judge = self.judge
        text = wishes(self.collections, thresholds=self.judge.thresholds, **self.wish)
        (world.kometa / "movies.yml").write_text(text, encoding="utf-8")


async def foretold(world: World, **wanted: Any) -> tuple[Estimate, Decimal]:
    """Return what the next run was expected to cost, and what the meter then said."""
    wanted = {"trigger": Trigger.SCHEDULE, **wanted}
    world.claude.meter.cool()
    asked, before = len(world.claude.headers), world.claude.meter.usd
    async with world.house() as house:
        said = await estimate(RunRequest(**wanted), house)
    assert len(world.claude.headers) == asked
    report = await world.run(**wanted)
    assert report.result is Result.SUCCESS
    assert (said.requests, said.pairs) == (report.spending.requests, report.spending.pairs)
    paid = world.claude.meter.usd - before
    assert report.spending.cost == paid > 0
    return said, paid


async def assert_close(world: World, **wanted: Any) -> None:
    said, paid = await foretold(world, **wanted)
    assert said.cost == pytest.approx(paid, rel=TOLERANCE)


FIRST = {
    **{script.value: Case(scripts={script: 1.0}) for script in Script},
    "mixed": Case(scripts=MIXED),
    "mixed, of wishes in Russian": Case(scripts=MIXED, wish={"script": Script.RUSSIAN}),
    "of one wish": Case(collections=1),
    "of 3 wishes": Case(collections=3),
    "of 10 wishes": Case(collections=10),
    "of 11 wishes": Case(collections=11),
    "of 20 wishes": Case(collections=20),
    "of 7 wishes, 3 at once": Case(collections=7, together=3),
    "of 26 wishes at once": Case(160, collections=26, together=26),
    "of 4 wishes, each alone": Case(collections=4, together=1),
    "of long wishes": Case(wish={"length": 3_000}),
    "of short wishes": Case(wish={"length": 20}),
    "in a batch": Case(mode=ClaudeMode.BATCH),
    "in one request": Case(count=40),
    "with a cache from 4,096 tokens": Case(200, wish={"length": 2_500}, model="claude-haiku-4-5"),
    "that are never cached": Case(200, wish={"length": 900}, model="claude-haiku-4-5"),
    "by Sonnet 5.5": Case(model="claude-sonnet-5-5"),
    "by Opus 5.5, which thinks": Case(model="claude-opus-5-5"),
    "by Fable 5.2, which thinks": Case(model="claude-fable-5-2"),
}


@pytest.mark.parametrize("case", FIRST.values(), ids=FIRST)
async def test_the_first_judgement_of_films(tmp_path: Path, case: Case) -> None:
    async with case.world(tmp_path) as world:
        case.begin(world)
        await assert_close(world)


@pytest.mark.parametrize("mode", [ClaudeMode.LIVE, ClaudeMode.AUTO])
async def test_the_first_judgement_of_ten_thousand_films(tmp_path: Path, mode: ClaudeMode) -> None:
    case = Case(10_000, MIXED, 3, mode=mode)
    async with case.world(tmp_path) as world:
        case.begin(world)
        await assert_close(world)
        assert len(world.claude.desk.batches) == (mode is ClaudeMode.AUTO)


@pytest.mark.parametrize("mode", [ClaudeMode.LIVE, ClaudeMode.BATCH])
@pytest.mark.parametrize("share", [0.02, 0.05, 0.15])
async def test_what_comes_after_the_first_verdicts(
    tmp_path: Path, share: float, mode: ClaudeMode
) -> None:
    judge = Unsteady(members=share, doubtful=0.02, noise=0.15, thresholds=(0.6, 0.7))
    case = Case(300, MIXED, 6, judge=judge, mode=mode)
    async with case.world(tmp_path) as world:
        case.begin(world)
        await world.run(max_pairs=900)
        await assert_close(world)  # the other half, and second looks at the first one
        await assert_close(world)  # second looks
        for film in films(100, seed=7, first=1_000):
            world.radarr.add_movie(film)
        await assert_close(world)
        await world.run()
        text = (world.kometa / "movies.yml").read_text("utf-8")
        changed = text.replace("prompt: |\n  #   ", "prompt: |\n  #   Above all: ", 2)
        (world.kometa / "movies.yml").write_text(changed, encoding="utf-8")
        await assert_close(world)
        await world.run()
        others = films(150, MIXED, seed=8)
        for number, other in zip(list(world.radarr.movies), others, strict=False):
            world.radarr.change_movie(number, overview=other["overview"])
        await assert_close(world)
        await world.run()
        await assert_close(world, force_refresh=True)


@pytest.mark.parametrize("share", [0.02, 0.05, 0.08, 0.11])
async def test_what_nobody_can_know_is_told_as_a_range(tmp_path: Path, share: float) -> None:
    case = Case(judge=Unsteady(members=share), collections=10)
    async with case.world(tmp_path) as world:
        case.begin(world)
        said, paid = await foretold(world)
        told = next(one for one in said.notices if "not known yet" in one)
        low, high = (Decimal(part.split(" ")[0]) for part in told.split("$")[1:])
        assert low < said.cost < high
        assert low * Decimal("0.9") < paid < high * Decimal("1.1")
        for film in films(30, seed=7, first=1_000):
            world.radarr.add_movie(film)
        said, _ = await foretold(world)
        assert not any("not known yet" in one for one in said.notices)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3])
async def test_the_range_means_what_it_says_whatever_is_known_by_then(
    tmp_path: Path, share: float
) -> None:
    """Less is judged than would end the guessing, and what is known of it counts already."""
    case = Case(200, judge=Unsteady(members=share))
    said: list[tuple[Estimate, Decimal]] = []
    for members in (share, 0.02, 0.12):
        async with case.world(tmp_path / str(len(said))) as world:
            case.begin(world)
            await world.run(max_pairs=150)
            world.claude.judge = Unsteady(members=members, seed=3)
            said.append(await foretold(world))
    told = next(one for one in said[0][0].notices if "not known yet" in one)
    low, high = (Decimal(part.split(" ")[0]) for part in told.split("$")[1:])
    assert low == pytest.approx(said[1][1], rel=TOLERANCE)
    assert high == pytest.approx(said[2][1], rel=TOLERANCE)


@pytest.mark.parametrize("share", [0.02, 0.12])
async def test_a_new_wish_is_a_guess_however_well_the_others_are_known(
    tmp_path: Path, share: float
) -> None:
    case = Case(300, judge=Unsteady(members=0.03))
    async with case.world(tmp_path) as world:
        case.begin(world)
        await world.run()
        world.claude.judge = Unsteady(members=share, seed=3)
        (world.kometa / "movies.yml").write_text(wishes(6), encoding="utf-8")
        said, paid = await foretold(world)
        assert said.pairs == 300
        told = next(one for one in said.notices if "not known yet" in one)
        low, high = (Decimal(part.split(" ")[0]) for part in told.split("$")[1:])
        assert (low if share == 0.02 else high) == pytest.approx(paid, rel=TOLERANCE)
