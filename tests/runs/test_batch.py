"""A run that asks in a batch: half the price, the same verdicts, the same care."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kometa_ai.demo.judgement import Judgement
from kometa_ai.demo.mishap import (
    Mishap,
    Reply,
    at_batch,
    login_page,
    overloaded,
    refused,
    wrong_key,
)
from kometa_ai.domain.report import Phase, PhaseBegan, Result, RunRequest, Trigger, Waiting
from kometa_ai.estimating import estimate
from kometa_ai.house import BATCH_FROM
from kometa_ai.settings import ClaudeMode
from tests.demo_library import library, wishes
from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

    from kometa_ai.domain.report import RunReport


def films(count: int) -> list[dict[str, object]]:
    return [movie(number) for number in range(1, count + 1)]


def batching(folder: Path, count: int, chances: Any = None, **more: Any) -> World:
    return World(folder, films(count), chances or {}, mode=ClaudeMode.BATCH, **more)


async def reserved(world: World) -> list[Decimal]:
    """Return what is reserved for each open batch."""
    async with world.house() as house:
        return [one.cost for one in await house.store.open_batches()]


async def paid_to_the_cent(world: World, *reports: RunReport) -> None:
    """Check that the books say what the simulator's own meter says."""
    assert sum(one.spending.cost for one in reports) == world.claude.meter.usd
    async with world.house() as house:
        month = house.policy.month_of(world.clock.now())
        assert await house.store.spent_between(*month) == world.claude.meter.usd
    assert not await reserved(world)


async def test_a_batch_brings_the_same_as_a_live_run_at_half_the_price(tmp_path: Path) -> None:
    chances = {"Noir": {3: 0.9, 50: 0.8, 77: 0.95}, "Cosy": {3: 0.6, 90: 0.9}}
    spent = {}
    for mode in (ClaudeMode.LIVE, ClaudeMode.BATCH):
        async with World(tmp_path / mode, films(100), chances, mode=mode, concurrency=1) as world:
            world.write(block("Noir"), block("Cosy", confidence_threshold=0.55))
            report = await world.run()
            assert report.result is Result.SUCCESS, report.faults
            assert world.radarr.members("kai-noir") == {3, 50, 77}
            assert world.radarr.members("kai-cosy") == {3, 90}
            assert report.spending.pairs == 200
            assert [one.pending for one in report.collections] == [0, 0]
            await paid_to_the_cent(world, report)
            spent[mode] = report.spending.cost
            assert len(world.claude.requests) == (3 if mode is ClaudeMode.LIVE else 0)
            assert len(world.claude.desk.batches) == (mode is ClaudeMode.BATCH)
            again = await world.run()
            assert again.spending.requests <= 1, "a second look at what is near the threshold"
    assert spent[ClaudeMode.BATCH] == spent[ClaudeMode.LIVE] / 2


async def test_what_is_waited_for_is_seen(tmp_path: Path) -> None:
    async with batching(tmp_path, 160) as world:
        world.claude.desk.steps, world.claude.desk.early = 4, True
        world.write(block("Noir"))
        await world.run()
        waiting = [one for one in world.events if isinstance(one, Waiting)]
        assert [(one.done, one.total) for one in waiting] == [(n, 4) for n in range(5)]
        assert [one.words for one in waiting][:2] == ["4 requests", "1 of 4"]
        assert PhaseBegan(Phase.WAITING) in world.events


async def test_looks_are_polite(tmp_path: Path) -> None:
    async with batching(tmp_path, 160) as world:
        world.claude.desk.steps = 4
        limited = refused(429, "rate_limit_error", "Too many.", retry_after="400")
        world.claude.mishaps = [
            Mishap(when=at_batch("look"), reply=limited),
            Mishap(when=at_batch("look"), reply=overloaded(), times=2),
        ]
        world.write(block("Noir"))
        report = await world.run()
        assert world.clock.sleeps == [400, 45, 67.5, 101.25, 151.875, 227.8125, 300]
        await paid_to_the_cent(world, report)


@pytest.mark.parametrize(
    ("mode", "trigger", "requests", "batched"),
    [
        (ClaudeMode.AUTO, Trigger.SCHEDULE, BATCH_FROM, True),
        (ClaudeMode.AUTO, Trigger.CATCH_UP, BATCH_FROM, True),
        (ClaudeMode.AUTO, Trigger.SCHEDULE, BATCH_FROM - 1, False),
        (ClaudeMode.AUTO, Trigger.PAGE, BATCH_FROM, False),
        (ClaudeMode.AUTO, Trigger.COMMAND_LINE, BATCH_FROM, False),
        (ClaudeMode.LIVE, Trigger.SCHEDULE, BATCH_FROM, False),
        (ClaudeMode.BATCH, Trigger.MQTT, 1, True),
    ],
)
async def test_who_waits_and_who_does_not(
    tmp_path: Path, mode: ClaudeMode, trigger: Trigger, requests: int, batched: bool
) -> None:
    async with World(tmp_path, films(2 * requests), mode=mode) as world:
        world.write(block("Noir"))
        report = await world.run(trigger=trigger, items_per_request=2)
        assert len(world.claude.desk.batches) == batched
        assert len(world.claude.requests) == (0 if batched else requests)
        await paid_to_the_cent(world, report)


async def test_a_dry_run_asks_in_a_batch_too_and_changes_no_tag(tmp_path: Path) -> None:
    async with batching(tmp_path, 50, {"Noir": {7: 0.9}}) as world:
        world.write(block("Noir"))
        report = await world.run(dry_run=True)
        assert report.result is Result.DRY_RUN
        assert report.added == 1
        assert not world.radarr.writes()
        await paid_to_the_cent(world, report)
        assert (await world.run()).spending.requests == 0
        assert world.radarr.members("kai-noir") == {7}


async def test_a_budget_of_nothing_hands_nothing_in(tmp_path: Path) -> None:
    async with batching(tmp_path, 50, monthly_budget=Decimal(0)) as world:
        world.write(block("Noir"))
        report = await world.run()
        assert report.exhausted == "MONTHLY_BUDGET"
        assert report.result is Result.SUCCESS
        assert world.claude.batch_calls == []


@pytest.mark.parametrize("name", ["max_cost", "monthly_budget"])
@pytest.mark.parametrize("dollars", ["0.0004", "0.0009", "0.002", "0.004"])
async def test_budgets_cut_the_batch(tmp_path: Path, dollars: str, name: str) -> None:
    world = batching(tmp_path, 400, {"Noir": dict.fromkeys(range(1, 401), 0.9)})
    setattr(world, name, Decimal(dollars))
    async with world:
        world.write(block("Noir"))
        report = await world.run()
        assert 0 < world.claude.meter.usd <= Decimal(dollars)
        assert report.exhausted == name.upper().replace("MAX_COST", "MAX_COST_PER_RUN")
        assert report.result is Result.SUCCESS
        (one,) = report.collections
        assert 0 < one.judged < 400
        assert one.deferred == 400 - one.judged
        assert 0 < len(world.claude.desk.batches) <= 3
        assert not world.claude.requests, "what a batch is too dear for is not asked live"
        await paid_to_the_cent(world, report)


async def test_what_a_batch_lacks_is_asked_live(tmp_path: Path) -> None:
    """One request each is cut off, refused, no JSON, incomplete, refused as such, and broken."""
    chances = {"Noir": dict.fromkeys(range(1, 281, 7), 0.9)}

    def of(first: int) -> Any:
        return lambda body: (
            body.get("batch") == "item" and f"'#{first} " in str(body.get("messages"))
        )

    def incomplete(said: dict[str, Any]) -> object:
        return {**said, "judged": said["judged"][3:]}

    async with batching(tmp_path, 280, chances) as world:
        world.claude.mishaps = [
            Mishap(when=of(1), text=lambda text: text[:90], stop_reason="max_tokens"),
            Mishap(when=of(41), stop_reason="refusal", text=lambda _: "I would rather not."),
            Mishap(when=of(81), text=lambda _: "Well, that is hard to say."),
            Mishap(when=of(121), answer=incomplete),
            Mishap(when=of(161), reply=refused(400, "invalid_request_error", "Not like this.")),
            Mishap(when=of(201), reply=refused(500, "api_error", "Internal server error")),
        ]
        world.write(block("Noir"))
        report = await world.run()
        assert report.result is Result.SUCCESS, report.faults
        assert world.radarr.members("kai-noir") == set(chances["Noir"])
        assert report.collections[0].pending == 0
        assert len(world.claude.requests) == 2 + 2 + 2 + 1 + 1 + 1
        await paid_to_the_cent(world, report)


async def test_a_request_that_is_wrong_in_itself_is_halved_down_to_one_title(
    tmp_path: Path,
) -> None:
    async with batching(tmp_path, 80, {"Noir": {1: 0.9, 80: 0.9}}) as world:
        reply = refused(400, "invalid_request_error", "Not like this.")
        world.claude.mishaps = [
            Mishap(when=lambda body: "#17 " in str(body.get("messages")), times=None, reply=reply)
        ]
        world.write(block("Noir"))
        report = await world.run()
        assert report.result is Result.PARTIAL
        assert [one.where for one in report.faults] == ["Film 17 (2007)"]
        assert report.collections[0].pending == 1
        assert world.radarr.members("kai-noir") == {1, 80}


async def test_if_all_is_refused_nothing_is_asked_live(tmp_path: Path) -> None:
    async with batching(tmp_path, 200) as world:
        reply = refused(400, "invalid_request_error", "effort: not offered")
        world.claude.mishaps = [Mishap(when=at_batch("item"), times=None, reply=reply)]
        world.write(block("Noir"))
        report = await world.run()
        assert report.result is Result.PARTIAL
        assert "effort: not offered" in str(report.faults[0])
        assert not world.claude.requests
        assert report.spending.cost == 0
        assert not await reserved(world)


async def test_if_much_fails_only_a_part_is_asked_live(tmp_path: Path) -> None:
    async with batching(tmp_path, 62) as world:
        broken = refused(500, "api_error", "Internal server error")
        world.claude.mishaps = [Mishap(when=at_batch("item"), times=30, reply=broken)]
        world.write(block("Noir"))
        report = await world.run(items_per_request=2)
        assert "5 of the 31 requests" in report.faults[0].message
        assert len(world.claude.requests) == 25
        assert report.collections[0].deferred == 10
        again = await world.run()
        assert again.result is Result.SUCCESS
        await paid_to_the_cent(world, report, again)


def incomplete(said: dict[str, Any]) -> object:
    return {**said, "judged": said["judged"][1:]}


def cut_off(text: str) -> str:
    return text[: len(text) // 2]


@pytest.mark.parametrize("how", [{"answer": incomplete}, {"text": cut_off}])
async def test_if_many_answers_lack_something_only_a_part_is_asked_live(
    tmp_path: Path, how: dict[str, Any]
) -> None:
    """A whole library must not be asked a second time, and at twice the price."""
    async with batching(tmp_path, 140) as world:
        world.claude.mishaps = [Mishap(when=at_batch("item"), times=None, **how)]
        world.write(block("Noir"))
        report = await world.run(items_per_request=4)
        assert report.result is Result.PARTIAL
        assert "10 of the 35 requests" in report.faults[0].message
        assert len(world.claude.requests) == (25 if "answer" in how else 50)
        assert report.collections[0].deferred == (10 if "answer" in how else 40)
        world.claude.mishaps = []
        again = await world.run()
        assert again.result is Result.SUCCESS
        await paid_to_the_cent(world, report, again)


@pytest.mark.parametrize("fate", ["expired", "canceled"])
async def test_what_was_not_done_is_left_to_the_next_run(tmp_path: Path, fate: str) -> None:
    async with batching(tmp_path, 160, {"Noir": {5: 0.9, 125: 0.9}}) as world:
        world.claude.mishaps = [Mishap(when=at_batch("item"), fate=fate, times=2)]
        world.write(block("Noir"))
        report = await world.run()
        assert report.result is Result.PARTIAL
        assert "2 of the 4 requests" in report.faults[0].message
        assert report.collections[0].deferred == 80
        assert report.exhausted == ""
        assert not world.claude.requests
        assert len(world.claude.desk.batches) == 1
        again = await world.run()
        assert again.result is Result.SUCCESS
        assert world.radarr.members("kai-noir") == {5, 125}
        await paid_to_the_cent(world, report, again)


@pytest.mark.parametrize("mishap", [{"text": lambda _: ""}, {"text": cut_off}])
async def test_what_brings_nothing_is_not_handed_in_by_the_hundred(
    tmp_path: Path, mishap: dict[str, Any]
) -> None:
    """Live, ten answers in vain end the asking; of a batch each would be paid for."""
    async with batching(tmp_path, 120) as world:
        world.claude.mishaps = [Mishap(times=None, stop_reason="max_tokens", **mishap)]
        world.write(block("Noir"))
        report = await world.run(items_per_request=2)
        assert report.result is Result.PARTIAL
        assert not world.claude.desk.batches
        assert len(world.claude.requests) == (9 if mishap["text"] is cut_off else 1)
        assert report.collections[0].pending == 120
        await paid_to_the_cent(world, report)


async def test_one_bad_answer_keeps_nothing_from_being_handed_in(tmp_path: Path) -> None:
    async with batching(tmp_path, 120, {"Noir": {1: 0.9, 120: 0.9}}) as world:
        world.claude.mishaps = [Mishap(text=cut_off)]
        world.write(block("Noir"))
        report = await world.run(items_per_request=2)
        assert report.result is Result.SUCCESS, report.faults
        (batch,) = world.claude.desk.batches.values()
        assert len(batch.requests) == 58
        assert world.radarr.members("kai-noir") == {1, 120}
        await paid_to_the_cent(world, report)


async def test_a_wrong_key_hands_nothing_in(tmp_path: Path) -> None:
    async with batching(tmp_path, 50) as world:
        world.claude.mishaps = [Mishap(reply=wrong_key(), times=None)]
        world.write(block("Noir"))
        report = await world.run()
        assert report.result is Result.PARTIAL
        assert "refused the API key" in report.faults[0].message
        assert not await reserved(world)


@pytest.mark.parametrize(
    "nothing",
    [
        replace(refused(404, "", ""), body="404 page not found"),
        login_page(),  # some servers show their own page for every path
        Reply(200, '{"error": "Unexpected endpoint or method. (GET /v1/messages/batches)"}'),
    ],
)
async def test_a_server_without_batches_is_asked_live_by_auto_and_not_by_batch(
    tmp_path: Path, nothing: Reply
) -> None:
    async with batching(tmp_path, 50) as world:
        world.claude.mishaps = [Mishap(when=at_batch("list"), times=None, reply=nothing)]
        world.write(block("Noir"))
        report = await world.run()
        assert report.result is Result.PARTIAL
        assert "offers no batches" in report.faults[0].message
        assert not world.claude.requests
        world.mode = ClaudeMode.AUTO
        report = await world.run(trigger=Trigger.SCHEDULE, items_per_request=2)
        assert report.result is Result.SUCCESS
        assert len(world.claude.requests) == 25
        assert any("asked live" in one for one in report.notices)


@pytest.mark.parametrize(
    ("mode", "trigger", "batched"),
    [
        (ClaudeMode.BATCH, Trigger.COMMAND_LINE, True),
        (ClaudeMode.AUTO, Trigger.SCHEDULE, True),
        (ClaudeMode.AUTO, Trigger.COMMAND_LINE, False),
        (ClaudeMode.LIVE, Trigger.SCHEDULE, False),
    ],
)
async def test_an_estimate_knows_the_price_of_a_batch(
    tmp_path: Path, mode: ClaudeMode, trigger: Trigger, batched: bool
) -> None:
    async with World(tmp_path, library(200), mode=mode) as world:
        world.claude.judge = Judgement()
        (world.kometa / "movies.yml").write_text(wishes(), encoding="utf-8")
        wanted = RunRequest(trigger, items_per_request=6)
        async with world.house() as house:
            said = await estimate(wanted, house)
        told = [one for one in said.notices if "scheduled run asks this in a batch" in one]
        assert bool(told) == (mode is ClaudeMode.AUTO and not batched)
        report = await world.run(trigger=trigger, items_per_request=6)
        assert (len(world.claude.requests) == 0) == batched
        assert said.cost == pytest.approx(report.spending.cost, rel=Decimal("0.15"))
        await paid_to_the_cent(world, report)
