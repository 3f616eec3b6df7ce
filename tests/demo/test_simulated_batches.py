"""The simulated Claude's batches, asked by Anthropic's own client."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
import pytest

from kometa_ai.demo.claude import SimulatedClaude
from kometa_ai.demo.mishap import Mishap, at_batch
from kometa_ai.domain.prompt import instructions, titles
from tests.questions import questions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = "sk-ant-simulated"


@pytest.fixture
async def server() -> AsyncIterator[SimulatedClaude]:
    async with SimulatedClaude(KEY) as running:
        yield running


@pytest.fixture
async def client(server: SimulatedClaude) -> AsyncIterator[anthropic.AsyncAnthropic]:
    own = anthropic.DefaultAsyncHttpxClient(mounts={"all://127.0.0.1": httpx2.AsyncHTTPTransport()})
    async with anthropic.AsyncAnthropic(
        api_key=KEY, base_url=server.url, max_retries=0, http_client=own
    ) as client:
        yield client


def asked(name: str, **changes: object) -> Any:
    request = questions()
    params = {
        "model": "claude-haiku-5-5",
        "max_tokens": 2_000,
        "system": instructions(request.collections),
        "messages": [{"role": "user", "content": titles(request)}],
        "thinking": {"type": "disabled"},
    }
    return {"custom_id": name, "params": params | changes}


async def test_a_batch_goes_its_way(
    server: SimulatedClaude, client: anthropic.AsyncAnthropic
) -> None:
    server.desk.steps = 2
    server.mishaps = [Mishap(when=at_batch("item"), fate="expired")]
    wrong = asked("wrong", temperature=1)
    made = await client.messages.batches.create(
        requests=[asked("late"), asked("good"), wrong, asked("other")]
    )
    assert (made.processing_status, made.request_counts.processing) == ("in_progress", 4)
    with pytest.raises(anthropic.AnthropicError, match="results_url"):
        await client.messages.batches.results(made.id)
    running = await client.messages.batches.retrieve(made.id)
    assert running.processing_status == "in_progress"
    assert running.request_counts.succeeded == 0, "nothing of it is told before the end"
    ended = await client.messages.batches.retrieve(made.id)
    assert ended.processing_status == "ended"
    counts = ended.request_counts
    assert (counts.succeeded, counts.errored, counts.expired, counts.processing) == (2, 1, 1, 0)
    results = [one async for one in await client.messages.batches.results(made.id)]
    assert {one.custom_id: one.result.type for one in results} == {
        "late": "expired",
        "good": "succeeded",
        "wrong": "errored",
        "other": "succeeded",
    }
    assert [one.custom_id for one in results] != ["late", "good", "wrong", "other"]
    (listed,) = (await client.messages.batches.list()).data
    assert listed == ended


async def test_it_bills_half_of_what_a_live_answer_costs(
    server: SimulatedClaude, client: anthropic.AsyncAnthropic
) -> None:
    server.desk.steps = 0
    await client.messages.batches.create(requests=[asked("one")])
    await client.messages.create(**asked("one")["params"])
    half, whole = server.meter.bills
    assert (half.fresh, half.output) == (whole.fresh, whole.output)
    assert half.usd * 2 == whole.usd > Decimal(0)


async def test_what_is_canceled_is_not_done_and_not_billed(
    server: SimulatedClaude, client: anthropic.AsyncAnthropic
) -> None:
    server.desk.steps = 2
    made = await client.messages.batches.create(requests=[asked("one"), asked("two")])
    await client.messages.batches.retrieve(made.id)
    canceling = await client.messages.batches.cancel(made.id)
    assert canceling.processing_status == "canceling"
    await client.messages.batches.retrieve(made.id)
    ended = await client.messages.batches.retrieve(made.id)
    assert (ended.request_counts.succeeded, ended.request_counts.canceled) == (1, 1)
    assert len(server.meter.bills) == 1
    with pytest.raises(anthropic.BadRequestError):
        await client.messages.batches.cancel(made.id)


@pytest.mark.parametrize("names", [[], ["same", "same"], ["white space"], ["x" * 65]])
async def test_what_the_real_one_refuses_is_refused(
    client: anthropic.AsyncAnthropic, names: list[str]
) -> None:
    with pytest.raises(anthropic.BadRequestError):
        await client.messages.batches.create(requests=[asked(name) for name in names])


async def test_a_month_later_the_results_are_gone(
    server: SimulatedClaude, client: anthropic.AsyncAnthropic
) -> None:
    server.desk.steps = 0
    made = await client.messages.batches.create(requests=[asked("one")])
    server.desk.batches[made.id].forgotten = True
    assert (await client.messages.batches.retrieve(made.id)).results_url is None
    with pytest.raises(anthropic.NotFoundError):
        await client.messages.batches.retrieve("msgbatch_of_nobody")
