"""Second opinions on bad days: the reviewer's failing spoils no first verdict, and no budget."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kometa_ai.demo.mishap import Mishap, limited, no_credit, overloaded
from kometa_ai.domain.cost import Budget
from kometa_ai.domain.decision import TRIES
from kometa_ai.domain.report import Result
from kometa_ai.purchasing import OF_A_RUN, TooDearError
from kometa_ai.seat import take_seats
from kometa_ai.settings import ClaudeMode
from tests.runs.batches import books
from tests.runs.reviews import (
    FIRST,
    REVIEWER,
    asked,
    check_money,
    message,
    models,
    of,
    part,
    reviewing,
)
from tests.springboard import start
from tests.world import World, block

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

CHANCES = {"Noir": {1: 0.6, 2: 0.8, 3: 0.95, 4: 0.4, 5: 0.55, 6: 0.85}}
OPINIONS = {"Noir": {1: 0.9, 2: 0.5, 5: 0.58, 6: 0.9}}
DOUBTFUL = [("Noir", 1), ("Noir", 2), ("Noir", 5), ("Noir", 6)]
BY_THE_FIRST = {2, 3, 6}
BY_BOTH = {1, 3, 6}


def many(count: int = 35) -> dict[str, dict[int, float]]:
    return {"Noir": dict.fromkeys(range(1, count + 1), 0.65)}


def retire(world: World) -> None:
    world.claude.retired.add(REVIEWER)


def meet(**mishap: Any) -> Callable[[World], None]:
    def spoil(world: World) -> None:
        world.claude.mishaps = [Mishap(when=of(REVIEWER), times=None, **mishap)]

    return spoil


BAD = {
    "unknown": (retire, "knows no model", "Set CLAUDE_REVIEW_MODEL to a current model"),
    "overloaded": (meet(reply=overloaded()), "is overloaded", "second opinions again"),
    "limited": (meet(reply=limited("3600")), "limits how much", "to wait for 60 minutes"),
    "no credit": (meet(reply=no_credit()), "no credit left", "Add credit"),
    "malformed": (meet(text=lambda _: "Well."), "not of the shape", "in 3 runs at most"),
    "silent": (
        meet(answer=lambda _: {"named": [], "judged": []}),
        "no usable verdict",
        "in 3 runs at most",
    ),
}


@pytest.mark.parametrize("day", BAD)
async def test_its_failing_spoils_no_first_verdict(tmp_path: Path, day: str) -> None:
    spoil, told, remedy = BAD[day]
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS) as world:
        world.write(block("Noir"))
        spoil(world)
        report = await world.run()
        assert report.result is Result.PARTIAL
        said = [f"{fault.message} {fault.remedy}" for fault in report.faults]
        assert all(one.startswith("Second opinion: ") for one in said)
        assert told in said[0]
        assert remedy in said[0]
        assert "keeps the tags" not in said[0]
        assert world.radarr.members("kai-noir") == BY_THE_FIRST
        (noir,) = report.collections
        assert (noir.judged, noir.pending, part(report).pairs) == (8, 4, 0)
        assert report.exhausted == ""
        check_money(world, report)
        world.claude.mishaps = []
        world.claude.retired.clear()
        world.claude.requests.clear()
        again = await world.run()
        assert again.result is Result.SUCCESS
        assert models(world.claude) == [REVIEWER]
        assert world.radarr.members("kai-noir") == BY_BOTH
        check_money(world, report, again)


@pytest.mark.parametrize("mode", [ClaudeMode.LIVE, ClaudeMode.BATCH])
@pytest.mark.parametrize("reviewer", [REVIEWER, ""])
async def test_a_title_that_is_refused_had_its_second_look(
    tmp_path: Path, reviewer: str, mode: ClaudeMode
) -> None:
    """It would be refused again in each run, and paid for each time."""
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS, review_model=reviewer, mode=mode) as world:
        world.write(block("Noir"))
        if not reviewer:
            await world.run()
        asked_by = reviewer or FIRST
        world.claude.mishaps = [
            Mishap(when=lambda body: bool(again(body, asked_by)), times=None, stop_reason="refusal")
        ]
        report = await world.run()
        (fault,) = report.faults
        assert fault.where.startswith("Film 2 ")
        assert "refuses to judge it" in fault.message
        assert "--pin" in fault.remedy
        assert "asks" not in fault.remedy
        (noir,) = report.collections
        assert (noir.pending, noir.deferred) == (1, 0)
        assert noir.judged == report.spending.pairs == (11 if reviewer else 3)
        bought = world.claude.meter.usd
        later = await world.run()
        assert later.result is Result.SUCCESS
        assert later.collections[0].pending == 0
        assert world.claude.meter.usd == bought
        assert 2 in world.radarr.members("kai-noir"), "what was said first stands"
        world.radarr.change_movie(2, overview="A better cut of the film.")
        world.claude.mishaps = []
        await world.run()
        await world.run()
        assert world.claude.meter.usd > bought
        assert (2 in world.radarr.members("kai-noir")) is (not reviewer)


def without_the_second(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "named": [one for one in answer["named"] if one["id"] != 2],
        "judged": [one for one in answer["judged"] if one != 2],
    }


USELESS: dict[str, dict[str, Any]] = {
    "malformed": {"text": lambda _: "Well."},
    "silent": {"answer": without_the_second},
}


@pytest.mark.parametrize("mode", [ClaudeMode.LIVE, ClaudeMode.BATCH])
@pytest.mark.parametrize("reviewer", [REVIEWER, ""])
@pytest.mark.parametrize("answer", USELESS)
async def test_a_second_look_in_vain_is_bought_in_three_runs_at_most(
    tmp_path: Path, answer: str, reviewer: str, mode: ClaudeMode
) -> None:
    """Whoever never looks at the log would pay for it every night."""
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS, review_model=reviewer, mode=mode) as world:
        world.write(block("Noir"))
        if not reviewer:
            await world.run()
        asked_by = reviewer or FIRST
        useless = Mishap(
            when=lambda body: bool(again(body, asked_by)), times=None, **USELESS[answer]
        )
        for _ in range(TRIES):
            bought = world.claude.meter.usd
            world.claude.mishaps = [useless]
            report = await world.run()
            assert world.claude.meter.usd > bought
            (fault,) = report.faults
            assert fault.where.startswith("Film 2 ")
            if reviewer:
                assert "in 3 runs at most" in fault.remedy
            assert report.collections[0].pending == 1
        bought = world.claude.meter.usd
        later = await world.run()
        assert later.result is Result.SUCCESS
        assert later.collections[0].pending == 0
        assert world.claude.meter.usd == bought
        assert 2 in world.radarr.members("kai-noir"), "what was said first stands"
        world.claude.mishaps = []
        world.radarr.change_movie(2, overview="A better cut of the film.")
        await world.run()
        await world.run()
        assert world.claude.meter.usd > bought
        assert (2 in world.radarr.members("kai-noir")) is (not reviewer)


def again(body: Mapping[str, Any], model: str) -> bool:
    """Return whether this model looks at the second film once more."""
    return body.get("model") == model and any(
        line.startswith("#2 ") for line in message(body).splitlines()
    )


async def test_where_the_first_could_not_go_on_the_reviewer_is_not_asked(tmp_path: Path) -> None:
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS) as world:
        world.write(block("Noir"))
        answered = iter(range(8))
        world.claude.mishaps = [
            Mishap(when=lambda _: next(answered) >= 3, times=None, reply=no_credit())
        ]
        report = await world.run(items_per_request=2)
        assert set(models(world.claude)) == {FIRST}
        (fault,) = report.faults
        assert not fault.message.startswith("Second opinion")
        assert report.collections[0].pending == 8 - report.collections[0].judged + 4


@pytest.mark.parametrize("name", ["max_cost", "monthly_budget"])
@pytest.mark.parametrize("dollars", ["0.15", "0.2", "0.215"])
async def test_budgets_hold_over_both(tmp_path: Path, name: str, dollars: str) -> None:
    async with reviewing(tmp_path, 40, many(), many(), concurrency=1) as world:
        world.write(block("Noir"))
        setattr(world, name, Decimal(dollars))
        report = await world.run()
        assert report.exhausted == ("MAX_COST_PER_RUN" if name == "max_cost" else "MONTHLY_BUDGET")
        assert report.result is Result.SUCCESS
        assert report.spending.cost <= Decimal(dollars)
        second = asked(world.claude, REVIEWER)
        assert len(second) == part(report).pairs < 35
        assert bool(second) is (dollars != "0.15"), "what it may cost at most is set aside"
        (noir,) = report.collections
        assert (noir.judged, noir.pending) == (40 + len(second), 35 - len(second))
        assert noir.deferred == noir.pending
        check_money(world, report)
        setattr(world, name, None)
        again = await world.run()
        assert again.collections[0].pending == 0
        assert len(asked(world.claude, FIRST)) == 40, "once"
        assert sorted(asked(world.claude, REVIEWER)) == [("Noir", n) for n in range(1, 36)]
        check_money(world, report, again)


async def test_what_the_first_has_set_aside_the_reviewer_may_not_spend(tmp_path: Path) -> None:
    async with reviewing(tmp_path, 1, {}, {}) as world, world.house() as house:
        bench = take_seats(house, [Budget(OF_A_RUN, Decimal(1))], "1")
        assert bench.reviewer is not None
        bench.first.purchasing.set_aside(Decimal("0.7"))
        with pytest.raises(TooDearError):
            bench.reviewer.purchasing.set_aside(Decimal("0.4"))
        bench.reviewer.purchasing.set_aside(Decimal("0.3"))


async def test_several_at_once_stay_within_the_budget(tmp_path: Path) -> None:
    async with reviewing(tmp_path, 40, many(), many(), concurrency=4) as world:
        world.write(block("Noir"))
        world.max_cost = Decimal("0.25")
        report = await world.run()
        assert 0 < part(report).cost < report.spending.cost <= world.max_cost
        check_money(world, report)


async def test_a_cap_counts_both_and_serves_the_first_verdicts_first(tmp_path: Path) -> None:
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS) as world:
        world.write(block("Noir"))
        world.max_pairs = 6
        report = await world.run()
        assert (report.spending.pairs, part(report).pairs) == (6, 0)
        assert report.exhausted == "MAX_EVALS_PER_RUN"
        world.max_pairs = 5
        report = await world.run()
        assert (report.spending.pairs, part(report).pairs) == (5, 3)
        assert (report.collections[0].pending, report.collections[0].deferred) == (1, 1)
        assert report.exhausted == "MAX_EVALS_PER_RUN"
        report = await world.run()
        assert (report.spending.pairs, part(report).pairs) == (1, 1)
        assert sorted(asked(world.claude, REVIEWER)) == DOUBTFUL
        assert world.radarr.members("kai-noir") == BY_BOTH
        assert report.exhausted == ""


async def test_what_waits_for_both_is_counted_once(tmp_path: Path) -> None:
    """A forced verdict comes first; whether it is doubtful then shows when it is there."""
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS) as world:
        world.write(block("Noir"))
        await world.run(max_pairs=8)
        report = await world.run(max_pairs=3, force_refresh=True)
        (noir,) = report.collections
        assert (noir.judged, noir.pending, noir.deferred) == (3, 5 + 2, 5 + 2)
        assert asked(world.claude, FIRST)[8:] == [("Noir", n) for n in (1, 2, 3)]
        assert asked(world.claude, REVIEWER) == []


async def answering(world: World) -> None:
    """Wait until the reviewer is asked."""
    async with asyncio.timeout(20):
        while REVIEWER not in models(world.claude):  # noqa: ASYNC110 - it is asked over a wire
            await asyncio.sleep(0.005)  # noqa: TID251 - the same


async def test_killed_while_it_is_asked_nothing_is_bought_twice(tmp_path: Path) -> None:
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS) as world:
        world.write(block("Noir", tag="KAI-Noir"))
        world.claude.mishaps = [Mishap(when=of(REVIEWER), gate=asyncio.Event())]
        child = await start(world, "--run-now", CLAUDE_REVIEW_MODEL=REVIEWER)
        await answering(world)
        child.kill()
        await child.end()
        world.claude.requests.clear()
        report = await world.run()
        assert any("was killed while Claude was answering" in one for one in report.notices)
        assert models(world.claude) == [REVIEWER]
        assert asked(world.claude, REVIEWER) == DOUBTFUL
        assert world.radarr.members("kai-noir") == BY_BOTH
        assert (await world.run()).spending.cost == 0
        assert books(world)[1:] == (0, 0)


async def test_stopped_while_it_is_asked_its_loss_is_its_own(tmp_path: Path) -> None:
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [Mishap(when=of(REVIEWER), gate=asyncio.Event())]
        task = asyncio.create_task(world.run())
        await answering(world)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with world.house() as house:
            (report,) = await house.store.reports()
        assert report.result is Result.CANCELLED
        assert part(report).unconfirmed == part(report).cost == report.spending.unconfirmed > 0
        first = report.spending.cost - part(report).cost
        assert first == world.claude.meter.usd_by_model[FIRST]
        assert report.spending.cost == books(world)[0]
        world.claude.requests.clear()
        await world.run()
        assert models(world.claude) == [REVIEWER]
        assert world.radarr.members("kai-noir") == BY_BOTH


async def test_what_breaks_on_the_way_is_booked_and_asked_again(tmp_path: Path) -> None:
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [Mishap(when=of(REVIEWER), reset_after=1)]
        report = await world.run()
        assert report.result is Result.SUCCESS
        assert world.radarr.members("kai-noir") == BY_BOTH
        assert part(report).unconfirmed == report.spending.unconfirmed > 0
        assert part(report).requests == 2


async def test_a_reviewer_that_is_taken_away_leaves_the_rest_to_the_first(tmp_path: Path) -> None:
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS) as world:
        world.write(block("Noir"))
        retire(world)
        await world.run()
        world.review_model = ""
        world.claude.requests.clear()
        report = await world.run()
        assert asked(world.claude, FIRST) == DOUBTFUL
        assert report.result is Result.SUCCESS
        assert (await world.run()).spending.pairs == 0
