"""Money: exact prices, bounds that really are bounds, budgets that nothing exceeds."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from kometa_ai.demo.meter import count_tokens
from kometa_ai.domain.cost import (
    ANSWER_CEILING,
    BATCH_FACTOR,
    SCHEMA_TOKENS,
    THINKING_ROOM,
    TOKENS_PER_ENTRY,
    TOKENS_PER_REASON,
    TOKENS_PER_SCHEMA,
    Budget,
    Model,
    PriceTable,
    Shape,
    Tier,
    Usage,
    at_most,
    estimate,
    max_tokens,
    price,
    tokens,
)
from tests.questions import collection, questions
from tests.varied_library import Script, text

if TYPE_CHECKING:
    from kometa_ai.domain.collection import Collection

CALM = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no fault of the rules."""

HAIKU = Model(
    "haiku",
    Tier(Decimal("0.10"), Decimal("0.50")),
    above_tokens=100_000,
    above=Tier(Decimal("0.50"), Decimal("2.50")),
    cache_minimum=512,
)
PLAIN = Model("plain", Tier(Decimal(3), Decimal(15)))
TOKENS = st.integers(0, 300_000)
MODELS = st.sampled_from([HAIKU, PLAIN, replace(PLAIN, cache_write=Decimal("0.5"))])


@pytest.mark.parametrize(
    ("usage", "dollars"),
    [
        (Usage(), "0"),
        (Usage(1, 0), "0.0000001"),
        (Usage(100_000, 1_000), "0.0105"),
        (Usage(100_001, 1_000), "0.0525005"),
        (Usage(0, 0, cache_read_tokens=10_000), "0.0001"),
        (Usage(0, 0, cache_write_tokens=10_000), "0.00125"),
        # Cached tokens count for the tier: 1 + 60,000 + 40,000 are too many for the cheap one.
        (Usage(1, 2, 60_000, 40_000), "0.0280055"),
        (Usage(0, 2, 60_000, 40_000), "0.005601"),
    ],
)
def test_a_price_is_exact(usage: Usage, dollars: str) -> None:
    assert price(usage, HAIKU) == Decimal(dollars)


@CALM
@given(TOKENS, TOKENS, TOKENS, TOKENS, MODELS)
def test_a_batch_costs_half(fresh: int, out: int, read: int, written: int, model: Model) -> None:
    usage = Usage(fresh, out, read, written)
    assert price(usage, model, batch=True) == price(usage, model) * BATCH_FACTOR


@CALM
@given(st.lists(st.tuples(TOKENS, TOKENS, TOKENS, TOKENS)))
def test_usages_add_up_kind_by_kind(parts: list[tuple[int, int, int, int]]) -> None:
    total = sum((Usage(*part) for part in parts), Usage())
    sums = [sum(kind) for kind in zip(*parts, strict=True)] or [0, 0, 0, 0]
    assert [
        total.input_tokens,
        total.output_tokens,
        total.cache_read_tokens,
        total.cache_write_tokens,
    ] == sums
    assert total.prompt_tokens == sums[0] + sums[2] + sums[3]


@CALM
@given(st.integers(0, 150_000), st.integers(0, 150_000), st.integers(1, 24_000), st.data(), MODELS)
def test_no_usage_that_fits_costs_more_than_the_most(
    instructions: int, message: int, room: int, data: st.DataObject, model: Model
) -> None:
    prompt = data.draw(st.integers(0, instructions + message + SCHEMA_TOKENS))
    cached = data.draw(st.integers(0, prompt))
    written = data.draw(st.integers(0, cached))
    output = data.draw(st.integers(0, room))
    usage = Usage(prompt - cached, output, cached - written, written)
    assert price(usage, model) <= at_most(Shape(instructions, message, room), model)


def test_the_most_is_reached_by_a_prompt_of_single_bytes_that_is_all_written() -> None:
    usage = Usage(0, 500, cache_write_tokens=3_000 + SCHEMA_TOKENS)
    assert at_most(Shape(1_000, 2_000, 500), HAIKU) == price(usage, HAIKU)


@CALM
@given(
    st.integers(0, 30_000),
    st.integers(0, 30_000),
    st.floats(0, 999),
    st.booleans(),
    st.booleans(),
    MODELS,
)
def test_what_is_expected_never_exceeds_the_most(
    instructions: int, message: int, named: float, warm: bool, cached: bool, model: Model
) -> None:
    request = replace(questions(), cached=cached)
    shape = Shape(instructions, message, max_tokens(request, thinks=False))
    expected = estimate(shape, request, named=named, warm=warm)
    assert price(expected, model) <= at_most(shape, model)
    assert expected.output_tokens <= shape.max_tokens
    unnamed = estimate(shape, request, named=0, warm=warm)
    assert expected.output_tokens >= unnamed.output_tokens
    assert expected.prompt_tokens == unnamed.prompt_tokens


def test_a_marked_beginning_is_expected_to_be_written_once_and_then_read() -> None:
    request = replace(questions(), cached=True)
    shape = Shape(3_100, 310, 1_000)
    cold = estimate(shape, request, named=1, warm=False)
    warm = estimate(shape, request, named=1, warm=True)
    shared = 1_000 + TOKENS_PER_SCHEMA
    assert cold == Usage(100, cold.output_tokens, cache_write_tokens=shared)
    assert warm == Usage(100, cold.output_tokens, cache_read_tokens=shared)
    assert price(warm, HAIKU) < price(cold, HAIKU)


def test_a_beginning_that_is_not_marked_is_expected_to_be_paid_as_it_is() -> None:
    short = estimate(Shape(310, 310, 1_000), questions(), named=0, warm=True)
    assert (short.input_tokens, short.cache_read_tokens) == (200 + TOKENS_PER_SCHEMA, 0)


def test_what_is_named_and_longer_ids_are_expected_to_make_a_longer_answer() -> None:
    shape = Shape(310, 310, 1_000)
    none = estimate(shape, questions(), named=0, warm=True)
    two = estimate(shape, questions(), named=2, warm=True)
    long = estimate(shape, questions(start=10_000), named=0, warm=True)
    terse = estimate(shape, questions(), named=2, warm=True, reason=3)
    assert two.output_tokens == none.output_tokens + 2 * (TOKENS_PER_ENTRY + TOKENS_PER_REASON)
    assert terse.output_tokens == none.output_tokens + 2 * (TOKENS_PER_ENTRY + 3)
    assert long.output_tokens == none.output_tokens + 4


def test_thoughts_are_expected_as_output_up_to_its_limit() -> None:
    shape = Shape(310, 310, 1_000)
    silent = estimate(shape, questions(), named=1, warm=True)
    thinking = estimate(replace(shape, thoughts=200), questions(), named=1, warm=True)
    assert thinking == replace(silent, output_tokens=silent.output_tokens + 200)
    endless = estimate(replace(shape, thoughts=2_000), questions(), named=1, warm=True)
    assert endless.output_tokens == 1_000


@pytest.mark.parametrize("script", list(Script))
def test_tokens_are_counted_about_as_the_meter_does_in_any_script(script: Script) -> None:
    for length in (320, 5_000):
        said = text(Random(length), script, length)  # noqa: S311 - the same text every time
        assert tokens(said) == pytest.approx(count_tokens(said), rel=0.12)


def test_signs_digits_and_emoji_are_dearer_than_letters_and_nothing_is_free() -> None:
    assert tokens("") == 0
    assert tokens("again: A 0.62 until 0.80, 0.71") == pytest.approx(14, abs=2)
    assert tokens("a" * 37) < tokens("1" * 37) < tokens("(" * 37) < tokens("\U0001f600" * 37)
    assert tokens("\ud83d") > 0, "half a character does no harm"


def test_there_is_room_for_an_answer_that_names_every_pair_up_to_a_ceiling() -> None:
    small, large = questions(films=1), questions(*_many(20), films=40)
    assert max_tokens(small, thinks=False) >= 2 * 48
    assert max_tokens(large, thinks=False) == ANSWER_CEILING
    assert max_tokens(large, thinks=True) == ANSWER_CEILING + THINKING_ROOM
    assert max_tokens(questions(films=2), thinks=False) > max_tokens(small, thinks=False)


def _many(count: int) -> list[Collection]:
    return [collection(f"c{number}", "Words.") for number in range(count)]


TABLE = PriceTable(
    "2026-11-22",
    "a page",
    {
        "claude-haiku-4": PLAIN,
        "claude-haiku-4-5": HAIKU,
        "claude-haiku-4-20260606": replace(PLAIN, name="that day's"),
    },
    Decimal(2),
)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("claude-haiku-4-5", "haiku"),
        ("claude-haiku-4-5-20251001", "haiku"),
        ("claude-haiku-4", "plain"),
        ("claude-haiku-4-20250101", "plain"),
        ("claude-haiku-4-20260606", "that day's"),
        ("claude-haiku-4-5-mini", "any other model"),
        ("claude-haiku-4-6", "any other model"),
        ("claude-haiku-4-5-2025", "any other model"),
        ("Claude-Haiku-4-5", "any other model"),
        ("", "any other model"),
    ],
)
def test_a_model_is_known_by_its_id_with_or_without_a_date(name: str, model: str) -> None:
    assert TABLE.model(name).name == model


def test_an_unknown_model_is_counted_above_the_dearest_price_of_each_kind() -> None:
    dear = replace(
        HAIKU,
        above=Tier(Decimal(4), Decimal(9)),
        cache_write=Decimal(2),
        cache_read=Decimal("0.2"),
        cache_minimum=4096,
    )
    table = replace(TABLE, models={"a": PLAIN, "b": dear})
    unknown = table.model("another")
    assert unknown.tier == unknown.tier_for(10**9) == Tier(Decimal(8), Decimal(30))
    assert (unknown.cache_write, unknown.cache_read) == (Decimal(2), Decimal("0.2"))
    assert unknown.cache_minimum == 4096
    assert not unknown.known


CENTS = st.integers(0, 500).map(lambda cents: Decimal(cents) / 100)


@CALM
@given(CENTS, CENTS, st.lists(st.tuples(CENTS, CENTS, st.booleans()), max_size=30))
def test_no_order_of_requests_takes_a_budget_beyond_its_limit(
    limit: Decimal, before: Decimal, requests: list[tuple[Decimal, Decimal, bool]]
) -> None:
    budget = Budget("MONTHLY_BUDGET", limit, before)
    under_way: list[tuple[Decimal, Decimal]] = []
    for most, share, answers in requests:
        if budget.allows(most):
            budget.reserve(most)
            under_way.append((most, min(most, share)))
        if answers and under_way:
            budget.settle(*under_way.pop(0))
        assert budget.spent + budget.reserved <= max(limit, before)
    for one in under_way:
        budget.settle(*one)
    assert budget.reserved == 0
    assert budget.spent <= max(limit, before)


def test_what_is_under_way_counts_until_it_is_settled() -> None:
    budget = Budget("MAX_COST_PER_RUN", Decimal(1))
    budget.reserve(Decimal("0.6"))
    assert not budget.allows(Decimal("0.5"))
    budget.settle(Decimal("0.6"), Decimal("0.1"))
    assert budget.allows(Decimal("0.9"))
    assert not budget.allows(Decimal("0.91"))


def test_a_budget_of_zero_allows_nothing_and_none_allows_all() -> None:
    assert not Budget("MONTHLY_BUDGET", Decimal(0)).allows(Decimal("0.000001"))
    assert Budget("MAX_COST_PER_RUN", None).allows(Decimal(10**9))
