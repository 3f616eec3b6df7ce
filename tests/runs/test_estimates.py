"""Estimates: they spend nothing, and the run then costs about what they said."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kometa_ai.demo.judgement import Judgement
from kometa_ai.domain.report import RunRequest
from kometa_ai.estimating import Estimate, estimate
from tests.demo_library import library, wishes
from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

    from kometa_ai.domain.report import RunReport


async def estimate_in(world: World, **wanted: Any) -> Estimate:
    async with world.house() as house:
        return await estimate(RunRequest(**wanted), house)


async def run_later(world: World, **wanted: Any) -> RunReport:
    """Run with a cold prompt cache, as it is on the next day."""
    world.claude.meter.cool()
    return await world.run(**wanted)


def assert_close(said: Estimate, report: RunReport) -> None:
    paid = report.spending
    assert said.requests == pytest.approx(paid.requests, rel=0.25)
    assert said.pairs == pytest.approx(paid.pairs, rel=0.05)
    assert said.cost == pytest.approx(paid.cost, rel=Decimal("0.15"))


@pytest.mark.parametrize("count", [100, 1_000])
async def test_a_first_run_costs_about_what_the_estimate_says(tmp_path: Path, count: int) -> None:
    async with World(tmp_path, library(count)) as world:
        world.claude.judge = Judgement()
        (world.kometa / "movies.yml").write_text(wishes(), encoding="utf-8")
        said = await estimate_in(world)
        assert world.claude.requests == world.claude.headers == []
        assert world.radarr.writes() == []
        report = await world.run()
        assert report.spending.cost == world.claude.meter.usd
        assert_close(said, report)
        assert sum(one.cost for one in said.collections) == pytest.approx(said.cost)
        assert (await estimate_in(world)).cost == 0


async def test_a_forced_run_costs_about_what_the_estimate_says(tmp_path: Path) -> None:
    async with World(tmp_path, library(200)) as world:
        world.claude.judge = Judgement()
        (world.kometa / "movies.yml").write_text(wishes(), encoding="utf-8")
        await world.run()
        said = await estimate_in(world, force_refresh=True)
        assert_close(said, await run_later(world, force_refresh=True))


async def test_second_looks_cost_about_what_the_estimate_says(tmp_path: Path) -> None:
    async with World(tmp_path, library(500)) as world:
        world.claude.judge = Judgement(noise=0.15)
        (world.kometa / "movies.yml").write_text(wishes(threshold=0.7), encoding="utf-8")
        await world.run()
        said = await estimate_in(world)
        assert said.pairs > 0
        assert_close(said, await run_later(world))


async def test_an_unusual_wish_is_estimated_by_what_was_named_before(tmp_path: Path) -> None:
    half = {"Noir": dict.fromkeys(range(1, 2_001, 2), 0.99)}
    films = [
        movie(number, overview="A man, a train and the rain. " * 5) for number in range(1, 1401)
    ]
    async with World(tmp_path, films, half, max_pairs=600) as world:
        world.write(block("Noir"))
        assert (await estimate_in(world)).pairs == 600
        await world.run()
        world.max_pairs = None
        said = await estimate_in(world)
        assert said.pairs == 800
        assert_close(said, await run_later(world))


async def test_a_model_without_a_price_is_said_in_the_estimate(tmp_path: Path) -> None:
    async with World(tmp_path, library(3), model="claude-next") as world:
        world.write(block("Noir"))
        said = await estimate_in(world)
        assert not said.price_known
        assert "claude-next is not in the table" in said.notices[-1]


async def test_caps_and_budgets_are_in_the_estimate(tmp_path: Path) -> None:
    async with World(tmp_path, library(50), max_pairs=30) as world:
        world.monthly_budget, world.max_cost = Decimal(5), Decimal(1)
        world.write(block("Noir"), block("Cosy"))
        said = await estimate_in(world)
        assert (said.pairs, sum(one.deferred for one in said.collections)) == (30, 70)
        assert said.limit == 1
        await world.run()
        world.max_cost = None
        assert (await estimate_in(world)).limit == 5 - world.claude.meter.usd
        assert world.claude.requests
