"""Claude as an adapter: what it sends, what it reads, what it costs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from kometa_ai.adapters.claude import Claude, load_prices
from kometa_ai.demo.claude import SimulatedClaude
from kometa_ai.demo.meter import TARIFFS
from kometa_ai.demo.mishap import Mishap, refuses
from kometa_ai.domain.cost import Thinking, Tier, Usage, at_most, price, tokens
from kometa_ai.domain.prompt import ANSWER_SCHEMA, instructions, read, titles
from kometa_ai.ports import Ending, UnansweredError
from tests.clock import FakeClock
from tests.questions import long_wish, questions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = "sk-ant-a-secret-of-the-user"
HAIKU = "claude-haiku-5-5"


@pytest.fixture
async def server() -> AsyncIterator[SimulatedClaude]:
    async with SimulatedClaude(KEY) as running:
        yield running


def client(server: SimulatedClaude, model: str = HAIKU, effort: str | None = None) -> Claude:
    return Claude(KEY, model, clock=FakeClock(), base_url=server.url, effort=effort)


def billed(server: SimulatedClaude) -> Usage:
    bill = server.meter.bills[-1]
    return Usage(bill.fresh, bill.output, bill.read, bill.written)


async def test_an_answer_can_be_read_and_names_what_belongs(server: SimulatedClaude) -> None:
    request = questions()
    async with client(server) as judge:
        answer = await judge.ask(request)
    assert answer.ending is Ending.COMPLETE
    assert answer.model == HAIKU
    reading = read(answer.text, request)
    assert not reading.missing
    assert {
        (number, slug)
        for number, by_slug in reading.opinions.items()
        for slug, opinion in by_slug.items()
        if opinion.include
    } == {(1, "heists"), (2, "lost-in-space"), (4, "lost-in-space")}


@pytest.mark.parametrize("cached", [False, True])
async def test_the_request_is_what_the_prompt_says(server: SimulatedClaude, cached: bool) -> None:
    request = replace(questions(), cached=cached)
    mark = {"cache_control": {"type": "ephemeral"}} if cached else {}
    async with client(server) as judge:
        shape = judge.shape(request)
        await judge.ask(request)
    system = instructions(request.collections)
    assert server.requests == [
        {
            "model": HAIKU,
            "max_tokens": shape.max_tokens,
            "system": [{"type": "text", "text": system, **mark}],
            "messages": [{"role": "user", "content": titles(request)}],
            "thinking": {"type": "disabled"},
            "output_config": {"format": {"type": "json_schema", "schema": dict(ANSWER_SCHEMA)}},
            "stream": True,
        }
    ]
    assert shape.instructions == len(system.encode())
    assert shape.message == len(titles(request).encode())
    assert shape.instruction_tokens == tokens(system)
    assert shape.message_tokens == tokens(titles(request))


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "sent_effort"),
    [
        (HAIKU, None, {"type": "disabled"}, None),
        (HAIKU, "high", None, "high"),
        ("claude-sonnet-5-5", None, {"type": "between_tools"}, None),
        ("claude-opus-5-5", None, None, "low"),
        ("claude-opus-4-8", None, None, None),
        ("claude-haiku-4-5-20251001", None, None, None),
        ("some-local-model", None, None, None),
        ("some-local-model", "medium", None, "medium"),
    ],
)
async def test_a_model_thinks_no_more_than_it_must(
    server: SimulatedClaude,
    model: str,
    effort: str | None,
    thinking: dict[str, str] | None,
    sent_effort: str | None,
) -> None:
    server.aliases["some-local-model"] = HAIKU
    async with client(server, model, effort=effort) as judge:
        shape = judge.shape(questions())
        room = shape.max_tokens
        answer = await judge.ask(questions())
    body = server.requests[0]
    assert body.get("thinking") == thinking
    assert body["output_config"].get("effort") == sent_effort  # type: ignore[union-attr]
    thinks = judge.model.thinking is not Thinking.OFF and thinking is None
    assert room == body["max_tokens"]
    assert (room > 8_000) == (shape.thoughts > 0) == thinks
    assert answer.usage.output_tokens - shape.thoughts == pytest.approx(100, abs=150)


@pytest.mark.parametrize("model", sorted(TARIFFS))
async def test_every_model_of_the_table_is_asked_as_it_allows(
    server: SimulatedClaude, model: str
) -> None:
    async with client(server, model) as judge:
        answer = await judge.ask(questions())
    assert answer.ending is Ending.COMPLETE
    assert answer.usage == billed(server)


@pytest.mark.parametrize("model", sorted(TARIFFS))
async def test_usage_and_price_are_what_the_meter_says(server: SimulatedClaude, model: str) -> None:
    written = replace(questions(long_wish(4_000)), cached=True)
    again = replace(questions(long_wish(4_000), start=11), cached=True)
    async with client(server, model) as judge:
        answers = [await judge.ask(written), await judge.ask(again)]
    assert answers[0].usage.cache_write_tokens > 1_000
    assert answers[1].usage.cache_read_tokens == answers[0].usage.cache_write_tokens
    assert answers[1].usage == billed(server)
    assert sum(price(answer.usage, judge.model) for answer in answers) == server.meter.usd


async def test_a_short_beginning_is_not_cached_and_priced_so(server: SimulatedClaude) -> None:
    request = replace(questions(), cached=True)
    async with client(server, "claude-haiku-4-5") as judge:
        answers = [await judge.ask(request), await judge.ask(request)]
    assert [answer.usage.cache_write_tokens for answer in answers] == [0, 0]
    assert sum(price(answer.usage, judge.model) for answer in answers) == server.meter.usd


async def test_the_dear_tier_begins_where_the_meter_says(server: SimulatedClaude) -> None:
    small, large = questions(films=2_000), questions(films=4_000)
    async with client(server) as judge:
        costs = [price((await judge.ask(one)).usage, judge.model) for one in (small, large)]
    assert [cost == bill.usd for cost, bill in zip(costs, server.meter.bills, strict=True)] == [
        True,
        True,
    ]
    assert server.meter.bills[0].fresh + server.meter.bills[0].written < 100_000
    assert server.meter.bills[1].fresh > 100_000
    assert costs[1] > costs[0] * 5


@pytest.mark.parametrize("model", sorted(TARIFFS))
async def test_no_request_costs_more_than_was_reserved(server: SimulatedClaude, model: str) -> None:
    request = questions(long_wish(), films=30)
    async with client(server, model) as judge:
        most = at_most(judge.shape(request), judge.model)
        answer = await judge.ask(request)
    assert Decimal(0) < price(answer.usage, judge.model) <= most


async def test_four_requests_run_side_by_side(server: SimulatedClaude) -> None:
    server.mishaps.append(Mishap(gate=asyncio.Barrier(4), times=None))
    async with client(server) as judge, asyncio.TaskGroup() as group:
        tasks = [group.create_task(judge.ask(questions(start=10 * at + 1))) for at in range(4)]
    texts = [
        read(task.result().text, questions(start=10 * at + 1)) for at, task in enumerate(tasks)
    ]
    assert [text.foreign for text in texts] == [0, 0, 0, 0]


async def test_a_thinking_block_in_front_is_not_the_answer(server: SimulatedClaude) -> None:
    server.mishaps.append(Mishap(thinks_first=True))
    async with client(server) as judge:
        answer = await judge.ask(questions())
    assert not read(answer.text, questions()).missing


async def test_a_server_that_does_not_stream_is_understood(server: SimulatedClaude) -> None:
    server.mishaps.append(Mishap(ignores_stream=True, thinks_first=True))
    async with client(server) as judge:
        answer = await judge.ask(questions())
    assert not read(answer.text, questions()).missing
    assert answer.usage == billed(server)


@pytest.mark.parametrize("stop_reason", ["max_tokens", "model_context_window_exceeded"])
async def test_an_answer_that_is_cut_off_says_so(server: SimulatedClaude, stop_reason: str) -> None:
    server.mishaps.append(Mishap(stop_reason=stop_reason, text=lambda text: text[:40]))
    async with client(server) as judge:
        answer = await judge.ask(questions())
    assert answer.ending is Ending.CUT_OFF
    assert answer.usage == billed(server)


async def test_a_refusal_says_so_and_is_paid(server: SimulatedClaude) -> None:
    server.mishaps.append(Mishap(stop_reason="refusal", text=lambda _: "I would rather not."))
    async with client(server) as judge:
        answer = await judge.ask(questions())
    assert (answer.ending, answer.text) == (Ending.REFUSED, "I would rather not.")
    assert answer.usage.output_tokens > 0


async def test_a_server_without_schemas_is_asked_in_words_and_that_is_told_once(
    server: SimulatedClaude,
) -> None:
    server.mishaps.append(refuses("output_config"))
    request = questions()
    async with client(server) as judge:
        before = judge.shape(request)
        with pytest.raises(UnansweredError, match="asked without it"):
            await judge.ask(request)
        readings = [read((await judge.ask(request)).text, request) for _ in range(2)]
        after = judge.shape(request)
    assert [reading.missing for reading in readings] == [{}, {}]
    assert ["output_config" in body for body in server.requests] == [True, False, False]
    assert '"additionalProperties":false' in str(server.requests[1]["system"])
    assert after.instructions > before.instructions
    assert [notice for notice in judge.notices if "cannot constrain" in notice] == list(
        judge.notices
    )
    assert len(judge.notices) == 1


async def test_a_server_that_must_think_may(server: SimulatedClaude) -> None:
    server.mishaps.append(refuses("thinking"))
    async with client(server) as judge:
        with pytest.raises(UnansweredError, match="refuses thinking"):
            await judge.ask(questions())
        answer = await judge.ask(questions())
        assert judge.shape(questions()).max_tokens > 8_000
    assert answer.ending is Ending.COMPLETE
    assert server.requests[1]["output_config"]["effort"] == "low"  # type: ignore[index, call-overload]
    assert answer.usage.output_tokens > 150
    assert len(judge.notices) == 1


async def test_half_a_character_in_a_title_stops_nothing(server: SimulatedClaude) -> None:
    request = questions(long_wish())
    first, *others = request.questions
    broken = first.item._replace(title="Half \ud83d")
    request = replace(request, questions=(replace(first, item=broken), *others))
    async with client(server) as judge:
        answer = await judge.ask(request)
    assert not read(answer.text, request).missing


async def test_the_environment_has_no_say(
    server: SimulatedClaude, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "ANTHROPIC_API_KEY": "sk-ant-another",
        "ANTHROPIC_AUTH_TOKEN": "another",
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
        "ANTHROPIC_CUSTOM_HEADERS": "Authorization: Bearer another\nX-Spy: yes",
        "ANTHROPIC_PROFILE": "missing",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with client(server) as judge:
        await judge.ask(questions())
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert "X-Spy" not in server.headers[0]


async def test_a_login_in_the_url_leaves_the_key_in_its_own_header(server: SimulatedClaude) -> None:
    url = server.url.replace("://", "://ann:p%40ss@")
    async with Claude(KEY, HAIKU, clock=FakeClock(), base_url=url) as judge:
        await judge.ask(questions())
    assert server.headers[0]["Authorization"].startswith("Basic ")
    assert server.headers[0]["X-Api-Key"] == KEY


async def test_a_check_is_free_and_tells_the_model(server: SimulatedClaude) -> None:
    async with client(server) as judge:
        sentence = await judge.check()
    assert sentence == f"{server.url} accepts the key and offers Claude Haiku 5 5."
    assert server.meter.bills == []


def test_the_table_prices_every_model_as_the_meter_does() -> None:
    table = load_prices()
    assert set(table.models) == set(TARIFFS)
    assert table.source.startswith("https://")
    assert not table.fallback.known
    for name, model in table.models.items():
        tariff = TARIFFS[name]
        assert (model.tier.input, model.tier.output) == (
            Decimal(tariff.prompt),
            Decimal(tariff.answer),
        )
        assert model.cache_minimum == tariff.minimum
        for field in ("input", "output"):
            assert getattr(table.fallback.tier, field) >= 2 * getattr(model.tier, field)
        assert table.fallback.cache_read >= model.cache_read


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("claude-haiku-4-5", True),
        ("claude-haiku-4-5-20251001", True),
        ("claude-opus-5-2", False),
        ("claude-opus-5-20270101", True),
        ("claude-sonnet-4-5", False),
        ("llama", False),
    ],
)
def test_a_dated_name_is_the_same_model_and_another_version_is_not(name: str, known: bool) -> None:
    assert load_prices().model(name).known is known


def test_an_unknown_model_is_counted_as_twice_the_dearest_and_that_is_told() -> None:
    judge = Claude(KEY, "claude-next", clock=FakeClock())
    assert judge.model.name == "claude-next"
    assert judge.model.tier == Tier(Decimal(20), Decimal(100))
    (told,) = judge.notices
    assert told == (
        "The price of claude-next is not in the table of 2026-11-22, so it is counted as 2 times"
        " the dearest: 20 USD per million tokens of input and 100 USD of output."
    )


def test_the_sdk_is_imported_only_when_it_is_used() -> None:
    code = "import sys, kometa_ai.adapters.claude; print('anthropic' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
