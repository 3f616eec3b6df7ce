"""What second opinions will cost is in the estimate, apart, and about what they then cost."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kometa_ai.demo.judgement import Judgement
from kometa_ai.demo.meter import Meter
from kometa_ai.domain.report import RunRequest, Trigger
from kometa_ai.estimating import Estimate, estimate
from kometa_ai.settings import ClaudeMode
from tests.demo_library import library, wishes
from tests.runs.reviews import REVIEWER, part, reviewing
from tests.springboard import cli
from tests.unsteady import Unsteady
from tests.varied_library import films, wishes as many_wishes
from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

    from kometa_ai.domain.report import RunReport
    from kometa_ai.second_opinions import ReviewEstimate

CHANCES = {"Noir": {1: 0.6, 2: 0.8, 3: 0.95, 4: 0.4, 5: 0.55, 6: 0.85}}


def doubting(folder: Path, count: int = 500, **more: Any) -> World:
    """Return a world whose judge leaves a few titles near the threshold."""
    return World(folder, library(count), **more)


async def prepared(world: World) -> None:
    world.claude.judge = Judgement(noise=0.15)
    (world.kometa / "movies.yml").write_text(wishes(threshold=0.7), encoding="utf-8")


async def foreseen(world: World, **wanted: Any) -> tuple[Estimate, ReviewEstimate]:
    async with world.house() as house:
        said = await estimate(RunRequest(**wanted), house)
    assert said.review is not None
    return said, said.review


def assert_close(said: ReviewEstimate, report: RunReport, *, rel: str = "0.15") -> None:
    paid = part(report)
    assert paid.pairs > 10
    assert (said.model, said.price_known) == (REVIEWER, True)
    assert said.requests == pytest.approx(paid.requests, rel=max(0.25, float(rel)))
    assert said.pairs == pytest.approx(paid.pairs, rel=max(0.05, float(rel)))
    assert said.cost == pytest.approx(paid.cost, rel=Decimal(rel))


@pytest.mark.parametrize("mode", [ClaudeMode.LIVE, ClaudeMode.BATCH])
async def test_what_is_left_over_costs_what_is_said(tmp_path: Path, mode: ClaudeMode) -> None:
    async with doubting(tmp_path) as world:
        await prepared(world)
        await world.run()
        asked = len(world.claude.requests)
        world.review_model, world.mode = REVIEWER, mode
        said, review = await foreseen(world)
        assert len(world.claude.requests) == asked
        assert (said.requests, said.pairs, said.cost) == (
            review.requests,
            review.pairs,
            review.cost,
        )
        assert said.usage == review.usage
        assert sum(one.cost for one in said.collections) == pytest.approx(said.cost)
        world.claude.meter = Meter()
        report = await world.run()
        assert report.spending.cost == part(report).cost
        assert_close(review, report)
        said, review = await foreseen(world)
        assert said.cost == 0
        assert review.requests == 0


async def test_what_will_be_doubtful_is_guessed_by_what_was(tmp_path: Path) -> None:
    async with doubting(tmp_path, 1_000, review_model=REVIEWER, max_pairs=3_000) as world:
        await prepared(world)
        await world.run()
        world.max_pairs = None
        said, review = await foreseen(world)
        assert review.cost < said.cost
        assert review.pairs < said.pairs
        world.claude.meter = Meter()
        report = await world.run()
        assert_close(review, report, rel="0.4")
        first = report.spending.cost - part(report).cost
        assert said.cost - review.cost == pytest.approx(first, rel=Decimal("0.15"))


async def test_a_first_run_is_told_something(tmp_path: Path) -> None:
    async with doubting(tmp_path, 300, review_model=REVIEWER) as world:
        await prepared(world)
        said, review = await foreseen(world)
        assert review.pairs == pytest.approx((said.pairs - review.pairs) / 100, rel=0.2)
        assert 0 < review.cost < said.cost
        assert world.claude.requests == []


async def test_a_forced_run_asks_again_what_was_doubtful(tmp_path: Path) -> None:
    doubts = {"Noir": dict.fromkeys(range(1, 36), 0.65), "Cosy": dict.fromkeys(range(20, 50), 0.9)}
    async with reviewing(tmp_path, 60, doubts, doubts) as world:
        world.write(block("Noir"), block("Cosy"))
        await world.run()
        said, review = await foreseen(world, force_refresh=True)
        assert (said.pairs, review.pairs) == (120 + 35, 35)
        world.claude.meter = Meter()
        report = await world.run(force_refresh=True)
        assert_close(review, report, rel="0.25")


async def test_a_cap_counts_them_too(tmp_path: Path) -> None:
    async with reviewing(tmp_path, 8, CHANCES, CHANCES, review_model="") as world:
        world.write(block("Noir"))
        await world.run()
        world.review_model, world.max_pairs = REVIEWER, 3
        said, review = await foreseen(world)
        assert (said.pairs, review.pairs) == (3, 3)
        report = await world.run()
        assert part(report).pairs == 3
        assert said.collections[0].deferred == report.collections[0].deferred == 1


async def test_without_a_reviewer_nothing_is_foreseen(tmp_path: Path) -> None:
    async with reviewing(tmp_path, 8, CHANCES, CHANCES, review_model="") as world:
        world.write(block("Noir"))
        await world.run()
        async with world.house() as house:
            said = await estimate(RunRequest(), house)
        assert (said.review, said.pairs, said.model) == (None, 4, "claude-haiku-5-5")


async def test_the_command_line_shows_it_apart(tmp_path: Path) -> None:
    async with reviewing(tmp_path, 8, CHANCES, CHANCES, review_model="") as world:
        world.write(block("Noir", tag="KAI-Noir"), block("Cosy", tag="KAI-Cosy"))
        await world.run(collections=("Noir",))
        told = await cli(world, "--estimate", CLAUDE_REVIEW_MODEL=REVIEWER)
        assert "1 request to claude-haiku-5-5 and 1 to another." in told.out + told.err
        assert f"for about 4 second opinions of {REVIEWER}" in told.out + told.err
        usage = (await cli(world, "--estimate", "--json", CLAUDE_REVIEW_MODEL=REVIEWER)).json[
            "usage"
        ]
        review = usage["review"]
        assert (review["model"], review["requests"], review["pairs"]) == (REVIEWER, 1, 4)
        assert 0 < review["cost_usd"] < usage["cost_usd"]
        first = await cli(world, "--estimate", "--collection", "Cosy", CLAUDE_REVIEW_MODEL=REVIEWER)
        assert f"Second opinions of {REVIEWER} come on top" in first.out + first.err
        off = (await cli(world, "--estimate", "--json")).json["usage"]
        assert off["review"] is None
        strange = await cli(world, "--estimate", CLAUDE_REVIEW_MODEL="claude-next")
        assert "claude-next is not in the table" in strange.out + strange.err
        assert "(price unknown" in strange.out + strange.err


async def test_what_a_sure_reviewer_has_settled_was_doubtful_all_the_same(tmp_path: Path) -> None:
    """Nothing is near the threshold any more, but of new titles as many will be."""
    doubts = {"Noir": dict.fromkeys(range(10, 901, 10), 0.65)}
    clear = {"Noir": {number: 0.97 if number % 20 else 0.1 for number in doubts["Noir"]}}
    async with reviewing(tmp_path, 600, doubts, clear) as world:
        world.write(block("Noir"))
        first = await world.run()
        assert part(first).pairs == 60
        for number in range(601, 901):
            world.radarr.add_movie(movie(number))
        said, review = await foreseen(world)
        assert (said.pairs, review.pairs) == (330, 30), "a tenth, and not what is usual"
        world.claude.meter = Meter()
        assert_close(review, await world.run())


@pytest.mark.parametrize("mode", [ClaudeMode.LIVE, ClaudeMode.BATCH])
async def test_each_wish_has_doubts_about_other_titles(tmp_path: Path, mode: ClaudeMode) -> None:
    """A title is most of what a second opinion costs, so they must not be taken for the same."""
    async with World(tmp_path, films(1_000), review_model=REVIEWER, mode=mode) as world:
        world.claude.judge = Unsteady(noise=0.15, doubtful=0.01, thresholds=(0.6,))
        text = many_wishes(5, thresholds=(0.6,))
        (world.kometa / "movies.yml").write_text(text, encoding="utf-8")
        _, review = await foreseen(world, trigger=Trigger.SCHEDULE)
        paid = part(await world.run(trigger=Trigger.SCHEDULE))
        assert paid.pairs > 30
        each = review.cost / review.pairs
        assert each == pytest.approx(paid.cost / paid.pairs, rel=Decimal("0.15"))
