"""An evaluation from the list to its figures: what it asks, counts and pays, and what it leaves."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kometa_ai.demo.mishap import Mishap, Reply, at_batch, refused, wrong_key
from kometa_ai.domain.evaluation.truth import TruthError
from kometa_ai.domain.fault import SkipError
from kometa_ai.domain.report import Progress
from kometa_ai.messages.evaluation_phrases import remarks
from kometa_ai.settings import ClaudeMode
from tests.evaluation.trying import HAIKU, SONNET, Fickle, Held, evaluate, listed
from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

PLOT = "A long and winding tale of a man, a woman and a train in the rain. " * 4
CHANCES = {"Noir": {1: 0.95, 2: 0.9, 3: 0.5, 4: 0.8, 5: 0.72}}


def films(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [movie(number, **fields) for number in range(1, count + 1)]


def asked(world: World) -> list[list[int]]:
    """Return the ids of each request."""
    messages = [str(body["messages"][0]["content"]) for body in world.claude.requests]  # type: ignore[index,call-overload]
    return [[int(line[1:].split(" ")[0]) for line in text.splitlines()] for text in messages]


async def spent(world: World) -> Decimal:
    async with world.house() as house:
        return await house.store.spent_between(*house.policy.month_of(world.clock.now()))


async def test_the_figures_are_those_of_the_list(tmp_path: Path) -> None:
    async with World(tmp_path, films(20), CHANCES) as world:
        world.write(block("Noir"))
        evaluation = await evaluate(world, listed([1, 2, 3, 6]))
        (model,) = evaluation.models
        assert model.counts.precision == 0.5
        assert model.counts.recall == 0.5
        assert [(one.id, one.chance) for one in model.false_positives] == [(4, 0.8), (5, 0.72)]
        assert model.false_positives[0].reason == "Noir suits it"
        assert [(one.id, one.reason) for one in model.false_negatives] == [
            (6, ""),
            (3, "Noir suits it"),
        ]
        assert [each.judged for each in model.passes] == [20, 20]
        assert (model.flips.titles, model.flips.rate) == (20, 0.0)
        assert evaluation.faults == ()
        assert [sorted(ids) for ids in asked(world)] == [list(range(1, 21))] * 2
        assert asked(world)[0] != asked(world)[1], "the second time among other neighbours"


async def test_it_costs_what_claude_bills_and_leaves_nothing_but_the_bill(tmp_path: Path) -> None:
    async with World(tmp_path, films(100, overview=PLOT), CHANCES) as world:
        world.write(block("Noir"))
        evaluation = await evaluate(world, listed([1, 2]), models=(HAIKU, SONNET))
        assert evaluation.cost == world.claude.meter.usd == await spent(world)
        assert evaluation.cost <= evaluation.offer.at_most
        for one in evaluation.models:
            assert one.per_thousand == one.bought.cost * 1000 / 200
        assert evaluation.models[1].bought.cost > 10 * evaluation.models[0].bought.cost
        assert world.radarr.writes() == []
        async with world.house() as house:
            dump = await house.store.dump()  # type: ignore[attr-defined]
            assert await house.store.reports() == []
            assert await house.store.decisions("radarr", "noir", 1) == []
        assert not [key for key in ("held", "pins") if dump.get(key)]
        world.claude.requests.clear()
        await world.run()
        assert sum(map(len, asked(world))) == 100, "nothing of it counts as judged"


@pytest.mark.parametrize("chance", [0.15, 0.2, 0.3])
async def test_the_price_is_about_what_was_said(tmp_path: Path, chance: float) -> None:
    members = range(1, int(300 * chance))
    chances = {"Noir": dict.fromkeys(members, 0.9)}
    async with World(tmp_path, films(300, overview=PLOT), chances) as world:
        world.write(block("Noir"))
        evaluation = await evaluate(world, listed(members))
        assert abs(evaluation.offer.expected / evaluation.cost - 1) < Decimal("0.25")


async def test_flips_are_found(tmp_path: Path) -> None:
    async with World(tmp_path, films(20)) as world:
        world.write(block("Noir"))
        world.claude.judge = Fickle({1: 0.9, 2: 0.75}, {2: 0.6, 3: 0.8})
        (model,) = (await evaluate(world, listed([1, 2]))).models
        assert sorted(one.id for one in model.flipped) == [2, 3]
        assert model.flips.rate == 0.1
        assert [(one.chance, one.again) for one in model.flipped] == [
            (0.75, 0.6),
            (pytest.approx(0.05), 0.8),
        ]
        assert model.flipped[1].reason == "Noir suits it", "the reason of the pass that has one"
        first, second = (each.counts for each in model.passes)
        assert (first.recall, second.recall) == (1.0, 0.5)


def without(*ids: int) -> Mishap:
    """Let answers never say anything of these titles."""

    def drop(answer: dict[str, Any]) -> object:
        return {
            "named": [one for one in answer["named"] if one["id"] not in ids],
            "judged": [one for one in answer["judged"] if one not in ids],
        }

    return Mishap(times=None, answer=drop)


def out_of_range(*ids: int) -> Mishap:
    def spoil(answer: dict[str, Any]) -> object:
        spoilt = [
            {"id": one, "c": "A", "p": 7, "why": ""} for one in ids if one in answer["judged"]
        ]
        named = [one for one in answer["named"] if one["id"] not in ids]
        return {**answer, "named": named + spoilt}

    return Mishap(times=None, answer=spoil)


def twice(*ids: int) -> Mishap:
    def repeat(answer: dict[str, Any]) -> object:
        return {**answer, "judged": [*answer["judged"], *(i for i in ids if i in answer["judged"])]}

    return Mishap(times=None, answer=repeat)


@pytest.mark.parametrize("mishap", [without(6, 7), out_of_range(6, 7), twice(6, 7)])
async def test_no_verdict_is_no_no(tmp_path: Path, mishap: Mishap) -> None:
    async with World(tmp_path, films(20), CHANCES) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [mishap]
        evaluation = await evaluate(world, listed([1, 2, 4, 5, 6, 7]))
        (model,) = evaluation.models
        assert model.counts.recall == 1.0, "6 and 7 are on the list, and are no misses"
        assert [(each.judged, each.no_verdict, each.left_out) for each in model.passes] == [
            (18, 2, 0)
        ] * 2
        assert evaluation.faults, "and it is said"
        assert "keep the tags" not in str(evaluation.faults)
        assert "on 2 in the first pass and 2 in the second" in " ".join(remarks(evaluation))


@pytest.mark.parametrize("name", ["max_cost", "monthly_budget"])
@pytest.mark.parametrize("dollars", ["0", "0.0005", "0.004", "0.02", "0.05"])
async def test_no_budget_is_passed_over_all_models_together(
    tmp_path: Path, dollars: str, name: str
) -> None:
    world = World(tmp_path, films(240, overview=PLOT), {"Noir": dict.fromkeys(range(1, 61), 0.9)})
    setattr(world, name, Decimal(dollars))
    async with world:
        world.write(block("Noir"))
        evaluation = await evaluate(world, listed(range(1, 61)), models=(HAIKU, SONNET))
        assert evaluation.cost == world.claude.meter.usd <= Decimal(dollars)
        assert evaluation.exhausted == name.upper().replace("MAX_COST", "MAX_COST_PER_RUN")
        assert not evaluation.offer.affordable
        assert evaluation.faults == (), "a budget is the user's own wish"
        haiku, sonnet = evaluation.models
        assert 0 <= haiku.passes[0].judged < 240
        for one in evaluation.models:
            for each in one.passes:
                assert each.judged + each.left_out == 240
        if haiku.passes[0].judged:
            assert haiku.counts.recall == 1.0
        if Decimal(dollars) > Decimal("0.03"):
            judged = [each.judged for one in evaluation.models for each in one.passes]
            assert min(judged) > 0
            assert max(judged) - min(judged) <= 40, "all have judged about the same titles"
        told = " ".join(remarks(evaluation))
        assert f"{evaluation.exhausted} left no room" in told
        figures = "has a verdict on" if sonnet.passes[0].judged else "has no verdict on any title"
        assert f"{sonnet.model} {figures}" in told


async def test_what_was_spent_before_counts_in_the_month(tmp_path: Path) -> None:
    async with World(tmp_path, films(80, overview=PLOT), CHANCES) as world:
        world.write(block("Noir"))
        first = await evaluate(world, listed([1, 2]))
        world.monthly_budget = first.cost + Decimal("0.0001")
        world.claude.requests.clear()
        second = await evaluate(world, listed([1, 2]))
        assert second.offer.left == Decimal("0.0001")
        assert second.exhausted == "MONTHLY_BUDGET"
        assert world.claude.meter.usd <= world.monthly_budget


async def test_what_a_batch_may_still_cost_counts_in_the_month(tmp_path: Path) -> None:
    """It was handed in, and is paid for when it is taken: nobody else may spend that."""
    async with World(tmp_path, films(80), CHANCES, mode=ClaudeMode.BATCH) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [Mishap(when=at_batch("look"), reply=wrong_key(), times=None)]
        await world.run()
        async with world.house() as house:
            (batch,) = await house.store.open_batches()
        world.claude.mishaps = []
        world.monthly_budget = batch.cost + Decimal("0.0001")
        evaluation = await evaluate(world, listed([1, 2]))
        assert evaluation.offer.left == Decimal("0.0001")
        assert evaluation.exhausted == "MONTHLY_BUDGET"
        assert evaluation.cost == 0
        await world.run()
        assert world.claude.meter.usd <= world.monthly_budget


TIMEOUT = Reply(504, "<p>The gateway waited too long", content_type="text/html")


@pytest.mark.parametrize(
    "mishap",
    [
        Mishap(times=40, reset_after=0),
        Mishap(times=3, reset_after=3),
        Mishap(times=40, reply=TIMEOUT),  # nobody knows what it cost, so it is booked as the most
    ],
)
async def test_lost_answers_cost_no_more_than_was_announced(tmp_path: Path, mishap: Mishap) -> None:
    async with World(tmp_path, films(40, overview=PLOT), CHANCES) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [mishap]
        evaluation = await evaluate(world, listed([1, 2]))
        assert 0 < evaluation.cost <= evaluation.offer.at_most
        assert evaluation.cost == await spent(world)
        (model,) = evaluation.models
        assert model.bought.unconfirmed > 0
        if mishap.reply is TIMEOUT:
            assert evaluation.exhausted == "announced"
            assert "used up what was announced" in " ".join(remarks(evaluation))


async def test_a_model_that_is_not_there_stops_no_other(tmp_path: Path) -> None:
    async with World(tmp_path, films(20), CHANCES) as world:
        world.write(block("Noir"))
        gone = refused(404, "not_found_error", "model: claude-none")
        world.claude.mishaps = [
            Mishap(when=lambda body: body["model"] == "claude-none", times=None, reply=gone)
        ]
        evaluation = await evaluate(world, listed([1, 2]), models=("claude-none", HAIKU))
        none, haiku = evaluation.models
        assert none.counts.f1 is None
        assert none.per_thousand is None
        assert haiku.counts.recall == 1.0
        assert "claude-none" in str(evaluation.faults)
        assert len(world.claude.requests) == 3, "one try, and two passes of the other"
        assert not none.price_known
        assert any("price of claude-none" in one for one in evaluation.notices)


async def test_gates_and_tag_rules_judge_as_in_a_run(tmp_path: Path) -> None:
    movies = [*films(20), movie(21, genres=["Western"]), movie(22, genres=["Western"])]
    async with World(tmp_path, movies, CHANCES) as world:
        world.write(
            block(
                "Noir",
                candidate_exclude_genres=["western"],
                include_tags=["classic"],
                exclude_tags=["kids"],
            )
        )
        world.radarr.hand_tag(10, "classic")
        world.radarr.hand_tag(11, "classic")
        world.radarr.hand_tag(1, "kids")
        evaluation = await evaluate(world, listed([1, 2, 4, 5, 10, 21]))
        (model,) = evaluation.models
        assert (evaluation.settled_in, evaluation.settled_out) == (2, 3)
        assert not {1, 10, 11, 21, 22} & {one for ids in asked(world) for one in ids}
        counts = model.counts
        assert (counts.hits, counts.misses, counts.false_alarms) == (4, 2, 1)
        missed = {one.id: (one.reason, one.asked) for one in model.false_negatives}
        assert missed == {
            1: ('it has the excluded tag "kids"', False),
            21: ("its genre western is excluded", False),
        }
        assert [one.id for one in model.false_positives] == [11]


async def test_pins_do_not_hide_what_claude_says(tmp_path: Path) -> None:
    async with World(tmp_path, films(20), CHANCES) as world:
        world.write(block("Noir"))
        ended = await world.cli("--pin", "keep", "Noir", "6")
        assert ended.code == 0, ended.err
        (model,) = (await evaluate(world, listed([1, 2, 4, 5, 6]))).models
        assert [one.id for one in model.false_negatives] == [6]


async def test_a_sample_is_corrected_and_says_how_sure_it_is(tmp_path: Path) -> None:
    """40 belong and are found; of 400 others each tenth is taken in: the precision is one half."""
    members = range(1, 41)
    wrong = range(50, 441, 10)
    chances = {"Noir": dict.fromkeys([*members, *wrong], 0.9)}
    async with World(tmp_path, films(440), chances) as world:
        world.write(block("Noir"))
        whole = (await evaluate(world, listed(members))).models[0]
        assert whole.counts.precision == 0.5
        assert whole.precision_range is None
        world.claude.requests.clear()
        sampled = await evaluate(world, listed(members), sample=200, seed=5)
        (model,) = sampled.models
        assert (sampled.drawn.members, sampled.drawn.others) == (40, 160)
        assert model.passes[0].judged == 200
        assert model.counts.recall == 1.0
        assert model.recall_range is None, "every member was asked about"
        false = len(model.false_positives)
        assert model.counts.precision == pytest.approx(40 / (40 + false * 400 / 160))
        assert model.precision_range is not None
        assert model.precision_range.low < 0.5 < model.precision_range.high
        assert any("stands for 2.5" in one for one in remarks(sampled))


async def test_what_is_not_in_the_library_is_listed_and_excluded(tmp_path: Path) -> None:
    movies = [*films(10), movie(11, "Twins", year=1988), movie(12, "Twins", year=1988)]
    async with World(tmp_path, movies, CHANCES) as world:
        world.write(block("Noir"))
        truth = "tmdb,name,year\n1001,,\n7,Elsewhere,1999\n,Twins,1988\n1001,,\n,Film 2,1992\n"
        evaluation = await evaluate(world, truth)
        heard = evaluation.listed
        assert (heard.rows, heard.found, heard.repeated, heard.by_name) == (5, 2, 1, 1)
        assert [row.label for row in heard.absent] == ["Elsewhere (1999)"]
        assert heard.ambiguous[0].labels == ("Twins (1988)", "Twins (1988)")
        assert evaluation.models[0].counts.recall == 1.0


async def test_titles_of_which_nobody_knows_whether_they_belong_are_not_asked_about(
    tmp_path: Path,
) -> None:
    """One of two namesakes is on the list: to call the other one's yes wrong would be a guess."""
    movies = [*films(10), movie(11, "Twins", year=1988), movie(12, "Twins", year=1988)]
    async with World(tmp_path, movies, {"Noir": {1: 0.95, 11: 0.9, 12: 0.9}}) as world:
        world.write(block("Noir"))
        evaluation = await evaluate(world, "tmdb,name,year\n1001,,\n,Twins,1988\n")
        assert evaluation.models[0].counts.precision == 1.0
        assert [sorted(ids) for ids in asked(world)] == [list(range(1, 11))] * 2
        assert evaluation.drawn.all_others == 9
        named = "tmdb,name,year\n1001,,\n,Twins,1988\n1011,,\n"
        world.claude.requests.clear()
        evaluation = await evaluate(world, named)
        assert evaluation.drawn.all_members == 2, "another row names it"
        world.write(block("Noir", candidate_year_max=1988))
        world.claude.requests.clear()
        evaluation = await evaluate(world, named)
        assert evaluation.settled_out == 10, "nor is it counted where a gate settles it"


async def test_a_list_of_another_library_costs_nothing(tmp_path: Path) -> None:
    async with World(tmp_path, films(10), CHANCES) as world:
        world.write(block("Noir"), block("Closed", candidate_genres=["western"]))
        with pytest.raises(TruthError, match=r"None of its 2 titles is in the library"):
            await evaluate(world, "tmdb\n1\n2\n")
        with pytest.raises(SkipError, match="There is no runnable collection"):
            await evaluate(world, listed([1]), collection="Nowhere")
        with pytest.raises(SkipError, match="Its gates and tag rules settle every title"):
            await evaluate(world, listed([1]), collection="Closed")
        assert world.claude.requests == []


async def test_the_progress_is_that_of_the_whole(tmp_path: Path) -> None:
    async with World(tmp_path, films(100), CHANCES) as world:
        world.write(block("Noir"))
        await evaluate(world, listed([1]), models=(HAIKU, SONNET))
        told = [one for one in world.events if isinstance(one, Progress)]
        assert told[-1] == replace(told[-1], done=400, total=400, spent=world.claude.meter.usd)
        assert [one.done for one in told] == sorted(one.done for one in told)


async def test_a_stop_books_what_is_under_way(tmp_path: Path) -> None:
    gate = Held()
    async with World(tmp_path, films(100), CHANCES) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [Mishap(times=1), Mishap(gate=gate, times=None)]
        task = asyncio.create_task(evaluate(world, listed([1])))
        async with asyncio.timeout(20):
            await gate.reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await spent(world) > world.claude.meter.bills[0].usd
        async with world.house() as house:
            assert await house.store.book_reservations() == {}
