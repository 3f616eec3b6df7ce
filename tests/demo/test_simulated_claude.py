"""The simulated Claude: it bills, caches, streams and refuses as the real one does."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from kometa_ai.demo.claude import SimulatedClaude
from kometa_ai.demo.meter import Bill, count_tokens
from kometa_ai.demo.mishap import Mishap, limited
from kometa_ai.domain.prompt import ANSWER_SCHEMA, RULES, instructions, titles
from tests.questions import PLOTS, long_wish, questions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = "sk-ant-simulated"
HAIKU = "claude-haiku-5-5"


class Time:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def server(time: Time) -> AsyncIterator[SimulatedClaude]:
    async with SimulatedClaude(KEY, now=time) as running:
        yield running


def body(**changes: object) -> dict[str, Any]:
    request = questions(long_wish())
    system = instructions(request.collections)
    sent = {
        "model": HAIKU,
        "max_tokens": 2_000,
        "system": [{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": titles(request)}],
        "thinking": {"type": "disabled"},
        "output_config": {"format": {"type": "json_schema", "schema": dict(ANSWER_SCHEMA)}},
    }
    return {name: value for name, value in {**sent, **changes}.items() if value is not None}


async def post(server: SimulatedClaude, sent: object, **headers: str) -> tuple[int, Any]:
    given = {"authorization": f"Bearer {KEY}", "anthropic-version": "2026-10-21", **headers}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.url}/v1/messages", json=sent, headers=given) as response,
    ):
        text = await response.text()
        return response.status, json.loads(text) if "json" in response.content_type else text


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"temperature": 0}, 400, "temperature: Extra inputs"),
        ({"top_p": 1}, 400, "top_p: Extra inputs"),
        ({"max_tokens": None}, 400, "max_tokens: Field required"),
        ({"max_tokens": 0}, 400, "max_tokens"),
        ({"max_tokens": 200_000}, 400, "max_tokens"),
        ({"messages": []}, 400, "at least one message"),
        ({"messages": [{"role": "user", "content": ""}]}, 400, "non-empty"),
        ({"model": "claude-3-opus-20240229"}, 404, "model: claude-3-opus"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1_024}}, 400, "thinking.type.enabled"),
        ({"model": "claude-opus-5-5"}, 400, "thinking.type.disabled"),
        ({"model": "claude-sonnet-5-5"}, 400, "thinking.type.disabled"),
        ({"output_config": {"effort": "max"}}, 400, "not supported with effort max"),
        ({"output_config": {"effort": "huge"}}, 400, "output_config.effort"),
        ({"system": [{"type": "text", "text": ""}]}, 400, "non-empty"),
    ],
)
async def test_what_the_api_refuses_is_refused(
    server: SimulatedClaude, changes: dict[str, Any], status: int, said: str
) -> None:
    answered, error = await post(server, body(**changes))
    assert answered == status
    assert said in error["error"]["message"]
    assert server.meter.usd == 0


async def test_an_answer_cannot_be_begun_for_it(server: SimulatedClaude) -> None:
    begun = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "{"}]
    status, error = await post(server, body(messages=begun))
    assert (status, "prefill" in error["error"]["message"]) == (400, True)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "object", "properties": {}}, "additionalProperties"),
        ({"type": "number", "minimum": 0, "maximum": 1}, "'maximum' is not supported"),
        ({"type": "array", "items": {"type": "string", "maxLength": 9}}, "'maxLength'"),
        ({"type": "array", "items": {"type": "string"}, "minItems": 2}, "minItems"),
    ],
)
async def test_a_schema_that_it_cannot_hold_to_is_refused(
    server: SimulatedClaude, schema: dict[str, Any], said: str
) -> None:
    config = {"format": {"type": "json_schema", "schema": schema}}
    status, error = await post(server, body(output_config=config))
    assert (status, said in error["error"]["message"]) == (400, True)


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ({"authorization": "Bearer another"}, 401),
        ({"authorization": "", "x-api-key": KEY}, 200),
        ({"anthropic-version": ""}, 200),
    ],
)
async def test_who_asks_must_show_the_key(
    server: SimulatedClaude, header: dict[str, str], status: int
) -> None:
    assert (await post(server, body(), **header))[0] == status


async def test_a_stream_has_the_events_of_the_real_one(server: SimulatedClaude) -> None:
    _, text = await post(server, body(stream=True))
    events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]
    named = [line[7:] for line in text.splitlines() if line.startswith("event: ")]
    assert [event["type"] for event in events] == named
    assert list(dict.fromkeys(named)) == [
        *("message_start", "ping", "content_block_start", "content_block_delta"),
        *("content_block_stop", "message_delta", "message_stop"),
    ]
    bill = server.meter.bills[0]
    assert events[0]["message"]["usage"]["cache_creation_input_tokens"] == bill.written > 512
    assert events[-2]["usage"]["output_tokens"] == bill.output
    assert events[-2]["delta"]["stop_reason"] == "end_turn"
    said = "".join(event["delta"]["text"] for event in events if "text" in event.get("delta", ()))
    assert json.loads(said)["judged"] == [1, 2, 3, 4]


async def test_an_answer_ends_where_its_room_does(server: SimulatedClaude) -> None:
    _, message = await post(server, body(max_tokens=12))
    assert message["stop_reason"] == "max_tokens"
    assert message["usage"]["output_tokens"] == 12


async def test_a_model_that_thinks_bills_its_thoughts_and_may_say_nothing(
    server: SimulatedClaude,
) -> None:
    _, message = await post(server, body(thinking=None, max_tokens=500))
    assert [block["type"] for block in message["content"]] == ["thinking", "text"]
    assert message["content"][1]["text"] == ""
    assert message["stop_reason"] == "max_tokens"
    assert message["usage"]["output_tokens"] == 500


async def test_a_cached_beginning_lives_five_minutes_and_a_read_renews_it(
    server: SimulatedClaude, time: Time
) -> None:
    for later in (0, 299, 299, 301):
        time.now += later
        await post(server, body())
    kinds = ["read" if bill.read else "written" for bill in server.meter.bills]
    assert kinds == ["written", "read", "read", "written"]
    first, second = server.meter.bills[:2]
    assert (first.written, first.fresh) == (second.read, second.fresh)


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "claude-opus-5", "output_config": body()["output_config"]},
        {"system": [{**body()["system"][0], "text": RULES * 2}]},
        {"output_config": None},
    ],
)
async def test_another_model_beginning_or_schema_finds_nothing_in_the_cache(
    server: SimulatedClaude, changes: dict[str, Any]
) -> None:
    await post(server, body())
    await post(server, body(**changes))
    assert [bill.read for bill in server.meter.bills] == [0, 0]


async def test_a_beginning_below_the_minimum_or_without_a_mark_is_not_cached(
    server: SimulatedClaude,
) -> None:
    short = [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
    for sent in (body(system=short), body(system=instructions([long_wish()]))):
        for _ in range(2):
            await post(server, sent)
    assert {(bill.written, bill.read) for bill in server.meter.bills} == {(0, 0)}


async def test_a_beginning_is_readable_only_once_its_answer_begins(server: SimulatedClaude) -> None:
    server.latency = 0.05
    await asyncio.gather(*(post(server, body()) for _ in range(3)))
    await post(server, body())
    assert [bool(bill.written) for bill in server.meter.bills] == [True, True, True, False]
    assert server.most_at_once == 3


async def test_a_plan_of_mishaps_is_followed_in_order(server: SimulatedClaude) -> None:
    server.mishaps += [
        Mishap(reply=limited("1"), times=2),
        Mishap(when=lambda sent: sent["model"] == "claude-opus-5", reply=limited("7"), times=None),
        Mishap(answer=lambda answer: {**answer, "judged": [99]}),
    ]
    statuses = [(await post(server, body()))[0] for _ in range(2)]
    _, changed = await post(server, body())
    _, well = await post(server, body())
    limited_always = [(await post(server, body(model="claude-opus-5")))[0] for _ in range(2)]
    assert statuses == [429, 429]
    assert json.loads(changed["content"][0]["text"])["judged"] == [99]
    assert json.loads(well["content"][0]["text"])["judged"] == [1, 2, 3, 4]
    assert limited_always == [429, 429]
    assert len(server.requests) == 6


async def test_a_body_that_is_no_object_is_refused(server: SimulatedClaude) -> None:
    assert (await post(server, [1]))[0] == 400


@pytest.mark.parametrize(
    ("bill", "usd"),
    [
        (Bill(HAIKU, 100_000, 0, 0, 1_000), "0.0105"),
        (Bill(HAIKU, 100_001, 0, 0, 1_000), "0.0525005"),
        (Bill(HAIKU, 1_000, 1_000, 98_001, 0), "0.00602505"),
        (Bill("claude-opus-5-5", 0, 0, 1_000_000), "0.2"),
        (Bill("claude-fable-5-1", 0, 1_000_000, 0), "12.5"),
    ],
)
def test_a_bill_is_what_the_list_says(bill: Bill, usd: str) -> None:
    assert bill.usd == Decimal(usd)


def test_prose_has_about_three_and_a_half_letters_a_token() -> None:
    prose = " ".join(plot for _, plot in PLOTS)
    assert 3.2 < len(prose) / count_tokens(prose) < 4


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("Mars", 1),
        ("1999", 2),
        ("123456", 2),
        ('": "', 2),
        ("\n      ", 1),
        ("élan", 2),
        ("Привет", 3),
        ("夜と霧", 3),
        ("—…", 2),
    ],
)
def test_tokens_are_counted_piece_by_piece(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens
