"""Money and numbers: no limit is passed by a cent, and what fits below it is bought."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from kometa_ai.demo.mishap import Mishap, overloaded
from kometa_ai.domain.cost import at_most
from kometa_ai.domain.report import Result, RunRequest
from kometa_ai.domain.requests import Question, Request
from kometa_ai.estimating import estimate
from kometa_ai.report_json import report_json
from kometa_ai.run import run
from tests.clock import FakeClock
from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

    from kometa_ai.domain.report import RunReport

PLOT = "A long and winding tale of a man, a woman and a train in the rain. " * 4
LONG = (
    "Slow films of the night in which a train, a lamp or the rain says more than people do. " * 30
)


def films(count: int) -> list[dict[str, object]]:
    return [movie(number, overview=PLOT) for number in range(1, count + 1)]


def asked(world: World) -> list[list[int]]:
    """Return the ids of each request."""
    messages = [str(body["messages"][0]["content"]) for body in world.claude.requests]  # type: ignore[index,call-overload]
    return [[int(line[1:].split(" ")[0]) for line in text.splitlines()] for text in messages]


def decided(report: RunReport) -> int:
    return sum(one.judged for one in report.collections)


@pytest.mark.parametrize("limit", [1, 7, 20, 23, 39])
async def test_the_most_evaluations_are_exact_and_the_next_runs_go_on(
    tmp_path: Path, limit: int
) -> None:
    async with World(tmp_path, films(20), {"Noir": {20: 0.9}}, max_pairs=limit) as world:
        world.write(block("Noir"), block("Cosy"))
        report = await world.run(items_per_request=3)
        assert report.result is Result.SUCCESS
        assert decided(report) == report.spending.pairs == limit
        assert sum(one.deferred for one in report.collections) == 40 - limit
        world.max_pairs = None
        report = await world.run()
        assert decided(report) == 40 - limit
        assert world.radarr.members("kai-noir") == {20}


async def test_the_flag_wins_over_the_setting(tmp_path: Path) -> None:
    async with World(tmp_path, films(9), max_pairs=2) as world:
        world.write(block("Noir"))
        assert decided(await world.run(max_pairs=5)) == 5


async def test_members_of_a_changed_collection_come_first(tmp_path: Path) -> None:
    async with World(tmp_path, films(30), {"Noir": {12: 0.9, 25: 0.9}}) as world:
        world.write(block("Noir"))
        await world.run()
        world.write(block("Noir", prompt="Other words"), block("New", priority=9))
        world.max_pairs = 3
        world.claude.requests.clear()
        await world.run()
        assert asked(world)[0][:2] == [12, 25] or asked(world)[-1] == [12, 25]
        assert sum(map(len, asked(world))) == 3


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("name", ["max_cost", "monthly_budget"])
@pytest.mark.parametrize("dollars", ["0.0009", "0.0012", "0.002", "0.004"])
async def test_no_budget_is_passed_and_what_fits_is_bought(
    tmp_path: Path, dollars: str, name: str, concurrency: int
) -> None:
    everything = dict.fromkeys(range(1, 241), 0.9)
    world = World(tmp_path, films(240), {"Noir": everything}, concurrency=concurrency)
    setattr(world, name, Decimal(dollars))
    async with world:
        world.write(block("Noir"))
        report = await world.run()
        assert 0 < world.claude.meter.usd <= Decimal(dollars)
        assert report.spending.cost == world.claude.meter.usd
        assert report.result is Result.SUCCESS
        (collection,) = report.collections
        assert 0 < collection.judged < 240
        assert collection.deferred == 240 - collection.judged
        assert len(world.radarr.members("kai-noir")) == collection.judged
        assert [
            one
            for one in report.notices
            if one.startswith(f"{name.upper()}".replace("MAX_COST", "MAX_COST_PER_RUN"))
        ]


async def test_a_budget_that_covers_a_single_title_buys_it(tmp_path: Path) -> None:
    async with World(tmp_path, films(40)) as world:
        world.write(block("Noir"))
        async with world.house() as house:
            collection = house.read_files().collections[0]
            question = Question((await house.library.items())[0], (collection.slug,))
            shape = house.judge.shape(Request((collection,), (question,)))
            world.max_cost = at_most(shape, house.judge.model)
        assert decided(await world.run()) == 1
        world.max_cost -= Decimal("0.0000001")
        assert decided(await world.run()) == 0
        assert asked(world) == [[1]]


@pytest.mark.parametrize(
    ("limit", "setting"),
    [
        ({"max_cost": Decimal("0.001")}, "MAX_COST_PER_RUN"),
        ({"monthly_budget": Decimal("0.001")}, "MONTHLY_BUDGET"),
        ({"monthly_budget": Decimal(0), "max_cost": Decimal(1)}, "MONTHLY_BUDGET"),
        ({"max_cost": Decimal("0.001"), "max_pairs": 199}, "MAX_COST_PER_RUN"),
        ({"max_cost": Decimal(1), "max_pairs": 199}, "MAX_EVALS_PER_RUN"),
        ({"max_cost": Decimal(1), "max_pairs": 200}, ""),
    ],
)
async def test_the_report_names_the_budget_that_ended_the_asking(
    tmp_path: Path, limit: dict[str, Any], setting: str
) -> None:
    async with World(tmp_path, films(200), **limit) as world:
        world.write(block("Noir"))
        report = await world.run()
        assert report.exhausted == report_json(report)["budget_reached"] == setting
        told = [one for one in report.notices if "verdicts wait" in one]
        assert [one.startswith(setting) for one in told] == [True] * bool(setting)
        async with world.house() as house:
            assert await house.store.report(report.run_id) == report


async def test_a_limit_of_claude_is_no_budget_that_is_reached(tmp_path: Path) -> None:
    async with World(tmp_path, films(200), max_pairs=150) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [Mishap(reply=overloaded(), times=None)]
        report = await world.run()
        assert report.collections[0].deferred == 200
        assert report.exhausted == ""


@pytest.mark.parametrize("name", ["max_cost", "monthly_budget"])
async def test_a_budget_of_nothing_asks_nothing(tmp_path: Path, name: str) -> None:
    world = World(tmp_path, films(3))
    setattr(world, name, Decimal(0))
    async with world:
        world.write(block("Noir"))
        report = await world.run()
        assert report.result is Result.SUCCESS
        assert report.collections[0].deferred == 3
        assert world.claude.requests == []


async def test_runs_of_one_month_share_its_budget_and_a_dry_run_counts(tmp_path: Path) -> None:
    budget = Decimal("0.002")
    async with World(tmp_path, films(200), monthly_budget=budget) as world:
        world.write(block("Noir"))
        for dry_run in (True, False, True, False):
            report = await world.run(dry_run=dry_run)
            assert report.spent_this_month == world.claude.meter.usd <= budget
        before = len(world.claude.requests)
        await world.run()
        assert len(world.claude.requests) == before
        world.clock.advance(timedelta(days=31).total_seconds())
        assert decided(await world.run()) > 0


@pytest.mark.parametrize(
    ("zone", "start", "fresh_at"),
    [
        ("Pacific/Auckland", datetime(2026, 1, 31, 10, 0, tzinfo=UTC), 11),
        ("UTC", datetime(2026, 1, 31, 23, 0, tzinfo=UTC), 24),
        ("America/Los_Angeles", datetime(2026, 2, 1, 7, 0, tzinfo=UTC), 8),
        ("Pacific/Auckland", datetime(2026, 9, 30, 10, 0, tzinfo=UTC), 11),
        ("Europe/Berlin", datetime(2025, 12, 31, 22, 0, tzinfo=UTC), 23),
    ],
)
async def test_the_month_is_that_of_the_users_zone(
    tmp_path: Path, zone: str, start: datetime, fresh_at: int
) -> None:
    budget = Decimal("0.001")
    clock = FakeClock(start)
    async with World(tmp_path, films(200), clock=clock, monthly_budget=budget) as world:
        world.write(block("Noir"))

        async def run_there() -> RunReport:
            async with world.house() as house:
                policy = replace(house.policy, zone=ZoneInfo(zone))
                return await run(RunRequest(), replace(house, policy=policy))

        assert decided(await run_there()) > 0
        clock.advance((fresh_at - start.hour) * 3600 - 60)
        assert decided(await run_there()) == 0
        clock.advance(60)
        report = await run_there()
        assert decided(report) > 0
        assert report.spent_this_month == report.spending.cost <= budget


@pytest.mark.parametrize("mishap", [Mishap(reset_after=2), Mishap(stop_reason="refusal")])
async def test_what_comes_to_nothing_is_paid_from_the_budget_too(
    tmp_path: Path, mishap: Mishap
) -> None:
    budget = Decimal("0.002")
    everything = dict.fromkeys(range(1, 201), 0.9)
    async with World(tmp_path, films(200), {"Noir": everything}, max_cost=budget) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [replace(mishap, times=5)]
        report = await world.run()
        assert 0 < world.claude.meter.usd <= budget
        assert report.spending.cost <= budget


async def test_the_first_request_of_a_group_goes_alone_and_the_others_read_its_cache(
    tmp_path: Path,
) -> None:
    async with World(tmp_path, films(60)) as world:
        world.write(*(block(f"Wish {number}", prompt=LONG) for number in range(12)))
        world.claude.latency = 0.02  # until then nobody can read what is being written
        report = await world.run(items_per_request=10)
        assert report.spending.requests == 12  # two groups of six requests
        written = [bill.written for bill in world.claude.meter.bills if bill.written]
        assert len(written) == 2
        assert report.spending.usage.cache_write_tokens == sum(written)
        assert report.spending.usage.cache_read_tokens == 5 * sum(written)
        assert report.spending.cost == world.claude.meter.usd


@pytest.mark.parametrize(("count", "written"), [(10, False), (11, True)])
async def test_a_beginning_is_written_to_the_cache_only_if_another_request_reads_it(
    tmp_path: Path, count: int, written: bool
) -> None:
    async with World(tmp_path, films(count)) as world:
        world.write(block("Noir", prompt=LONG))
        async with world.house() as house:
            said = await estimate(RunRequest(items_per_request=10), house)
        paid = (await world.run(items_per_request=10)).spending
        for usage in (said.usage, paid.usage):
            assert (usage.cache_write_tokens > 0) is (usage.cache_read_tokens > 0) is written
        assert (said.requests, paid.cost) == (paid.requests, world.claude.meter.usd)


@pytest.mark.parametrize(("model", "marked"), [("claude-haiku-4-5", False), ("claude-next", True)])
async def test_a_beginning_is_not_marked_if_it_is_known_to_be_too_short_for_the_cache(
    tmp_path: Path, model: str, marked: bool
) -> None:
    async with World(tmp_path, films(20), model=model) as world:
        world.write(block("Noir", prompt=LONG))
        # The simulator refuses a model that it does not know, but it has seen how it is asked.
        await world.run(items_per_request=10)
        assert world.claude.requests
        assert ("cache_control" in str(world.claude.requests)) is marked


async def test_the_halves_of_a_request_that_failed_share_a_cached_beginning(
    tmp_path: Path,
) -> None:
    async with World(tmp_path, films(10)) as world:
        world.write(block("Noir", prompt=LONG))
        world.claude.mishaps = [Mishap(stop_reason="max_tokens")]
        await world.run()
        whole, first, second = world.claude.meter.bills
        assert (whole.written, whole.read, first.read) == (0, 0, 0)
        assert first.written == second.read > 0


async def test_a_prompt_beyond_the_cheap_tier_is_sent_and_estimated_in_halves(
    tmp_path: Path,
) -> None:
    async with World(tmp_path, films(1_500)) as world:
        world.write(block("Noir", prompt=LONG))
        async with world.house() as house:
            said = await estimate(RunRequest(items_per_request=1_500), house)
        paid = (await world.run(items_per_request=1_500)).spending
        assert said.requests == paid.requests == 2
        assert max(bill.fresh for bill in world.claude.meter.bills) < 100_000


async def test_criteria_beyond_the_cheap_tier_are_not_sent_once_for_each_title(
    tmp_path: Path,
) -> None:
    async with World(tmp_path, films(10)) as world:
        world.write(block("Noir", prompt="No end of it. " * 30_000))
        async with world.house() as house:
            said = await estimate(RunRequest(), house)
        paid = (await world.run()).spending
        assert said.requests == paid.requests == 1
        assert said.cost == pytest.approx(paid.cost, rel=Decimal("0.15"))


@pytest.mark.parametrize("limit", [15, 30, 31, 45])
async def test_under_a_cap_a_film_is_sent_once_with_all_that_the_cap_leaves_of_it(
    tmp_path: Path, limit: int
) -> None:
    async with World(tmp_path, films(15), max_pairs=limit) as world:
        world.write(block("Low", priority=-1), block("High", priority=5), block("Middle"))
        report = await world.run(items_per_request=4)
        sent = [number for ids in asked(world) for number in ids]
        assert sorted(sent) == list(range(1, 16))
        judged = {one.name: one.judged for one in report.collections}
        assert judged == {"High": 15, "Middle": min(15, limit - 15), "Low": max(0, limit - 30)}


async def test_a_budget_in_dollars_goes_to_the_films_of_higher_priority_with_all_they_wait_for(
    tmp_path: Path,
) -> None:
    async with World(tmp_path, films(120), max_cost=Decimal("0.0012")) as world:
        world.write(block("Low"), block("High", priority=5, candidate_year_max=1999))
        report = await world.run(items_per_request=5)
        judged = {one.name: one.judged for one in report.collections}
        assert 0 < judged["High"] == judged["Low"] < 40


async def test_a_film_is_sent_once_for_all_collections_of_a_group(tmp_path: Path) -> None:
    async with World(tmp_path, films(60)) as world:
        world.write(*(block(f"Wish {number:02}") for number in range(10)))
        report = await world.run()
        assert report.spending.pairs == 600
        assert sorted(number for ids in asked(world) for number in ids) == list(range(1, 61))


async def test_no_more_requests_are_under_way_than_the_setting_says(tmp_path: Path) -> None:
    async with World(tmp_path, films(60), concurrency=4) as world:
        world.write(block("Noir"))
        crowd = asyncio.Barrier(4)
        world.claude.mishaps = [
            Mishap(when=lambda body: "#1 " not in str(body), times=4, gate=crowd)
        ]
        world.claude.latency = 0.01
        report = await world.run(items_per_request=3)
        assert world.claude.most_at_once == 4
        assert decided(report) == 60
