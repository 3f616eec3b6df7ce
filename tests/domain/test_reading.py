"""Reading an answer: a verdict that is not exactly what was asked for is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from kometa_ai.domain.decision import UNNAMED, Decision, Opinion
from kometa_ai.domain.prompt import REASON_LIMIT, MalformedAnswerError, read
from kometa_ai.domain.requests import Question, Request
from tests.questions import questions

CALM = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no fault of the rules."""

FULL = questions(films=3)
HEISTS, SPACE = FULL.questions[0].slugs
REQUEST = Request(
    FULL.collections, (*FULL.questions[:2], Question(FULL.questions[2].item, (SPACE,)))
)
"""Films 1 and 2 for both collections, film 3 for the second alone."""


def entry(number: object = 1, c: object = "A", p: object = 0.9, why: object = "Yes") -> object:
    return {"id": number, "c": c, "p": p, "why": why}


def answer(*named: object, judged: object = (1, 2, 3)) -> str:
    return json.dumps({"named": named, "judged": judged})


def test_named_titles_get_their_chance_and_the_others_a_plain_no() -> None:
    reading = read(answer(entry(), entry(3, "B", 0.35, "Just so")), REQUEST)
    assert reading.opinions == {
        1: {HEISTS: Opinion(include=True, confidence=0.9, reason="Yes"), SPACE: UNNAMED},
        2: {HEISTS: UNNAMED, SPACE: UNNAMED},
        3: {SPACE: Opinion(include=True, confidence=0.35, reason="Just so")},
    }
    assert (reading.missing, reading.foreign, reading.unusable) == ({}, 0, 0)


def test_a_chance_that_stands_is_kept_unless_another_is_named_or_the_title_is_left_out() -> None:
    opinion = Opinion(include=True, confidence=0.72, reason="Before")
    now = datetime(2026, 11, 22, tzinfo=UTC)
    first, second, third = (one.item for one in FULL.questions)
    stands = {HEISTS: Decision(opinion, "m", "wish", 1, now)}
    asked = tuple(Question(one, (HEISTS, SPACE), stands) for one in (first, second, third))
    reading = read(
        answer(entry(2, "A", 0.1, "Now"), judged=(1, 2)), Request(FULL.collections, asked)
    )
    assert reading.opinions == {
        1: {HEISTS: opinion, SPACE: UNNAMED},
        2: {HEISTS: Opinion(include=False, confidence=0.9, reason="Now"), SPACE: UNNAMED},
        3: {},
    }
    assert reading.missing == {3: (HEISTS, SPACE)}


def test_a_chance_below_the_named_ones_is_a_no_of_what_is_left() -> None:
    said = read(answer(entry(p=0.3)), REQUEST).opinions[1][HEISTS]
    assert (said.include, said.confidence) == (False, 0.7)
    assert said.score == pytest.approx(0.3)


@pytest.mark.parametrize(
    "p", ["high", None, True, 1.7, -0.1, 1.0000001, [0.9], 10**400, float("nan"), float("inf")]
)
def test_a_chance_that_is_none_makes_the_pair_missing(p: object) -> None:
    reading = read(answer(entry(p=p)), REQUEST)
    assert reading.missing == {1: (HEISTS,)}
    assert (reading.unusable, reading.foreign) == (1, 0)
    assert reading.opinions[1] == {SPACE: UNNAMED}


@pytest.mark.parametrize("p", [0, 1, 0.0, -0.0, 1.0, 1e-320])
def test_the_ends_of_the_range_belong_to_it(p: float) -> None:
    assert not read(answer(entry(p=p)), REQUEST).missing


@pytest.mark.parametrize(
    "stranger",
    [
        entry(99),
        entry(3, "A"),  # not asked for this collection
        entry(1, "C"),
        entry(1, "A, B"),
        entry(1, "heists"),
        entry(1, ""),
        entry(1, None),
        entry(1, ["A"]),
        entry("1"),
        entry(1.0),
        entry(True),  # noqa: FBT003 - in Python True is the id 1
        entry(10**400),
        {},
        {"id": 1},
        "A",
        None,
        [1, "A", 0.9],
    ],
)
def test_what_nobody_asked_for_is_counted_and_dropped(stranger: object) -> None:
    reading = read(answer(stranger), REQUEST)
    assert (reading.foreign, reading.unusable, reading.missing) == (1, 0, {})
    assert all(one == UNNAMED for by in reading.opinions.values() for one in by.values())


def test_a_letter_may_be_small_or_have_blanks_around_it() -> None:
    assert read(answer(entry(c=" b")), REQUEST).opinions[1][SPACE].include


@pytest.mark.parametrize("second", [entry(), entry(p=0.4), entry(p="high")])
def test_two_verdicts_on_one_pair_are_none(second: object) -> None:
    reading = read(answer(entry(), second), REQUEST)
    assert (reading.missing, reading.unusable) == ({1: (HEISTS,)}, 1)


@pytest.mark.parametrize(
    ("judged", "missing", "foreign"),
    [
        ([2, 3], {1: (SPACE,)}, 0),
        ([1, 1, 2, 3], {1: (SPACE,)}, 0),
        ([1, 2, 3, 9], {}, 1),
        ([1, 2, 3.0], {3: (SPACE,)}, 1),
        ([True, 2, 3], {1: (SPACE,)}, 1),
        ([[1], {}, None, "2", 3], {1: (SPACE,), 2: (HEISTS, SPACE)}, 4),
    ],
)
def test_only_what_is_accounted_for_once_is_a_plain_no(
    judged: list[object], missing: dict[int, tuple[str, ...]], foreign: int
) -> None:
    reading = read(answer(entry(), judged=judged), REQUEST)
    assert (reading.missing, reading.foreign) == (missing, foreign)
    assert reading.opinions[1][HEISTS].include


@pytest.mark.parametrize(
    "around", ["{}", "Sure!\n```json\n{}\n```\nDone.", 'As in {{"named": 1}} or {{a}}: {}', "{} {{"]
)
def test_words_around_the_object_are_tolerated(around: str) -> None:
    assert read(around.format(answer(entry())), REQUEST).opinions[1][HEISTS].include


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I can't help with that.",
        "null",
        "[]",
        '{"named": []}',
        '{"named": {}, "judged": []}',
        '{"named": [], "judged": null}',
        '{"answer": {"named": [], "judged": [1, 2, 3]}}',
        answer(entry())[:-1],
        '{"named": [], "judged": [' + "9" * 5000 + "]}",
        '{"named":' + "[" * 100_000,
        '{"a":' * 50_000,
        "{" * 100_000,
    ],
    ids=range(13),
)
@pytest.mark.timeout(5)
def test_an_answer_of_another_shape_is_refused_whole_and_at_once(text: str) -> None:
    with pytest.raises(MalformedAnswerError):
        read(text, REQUEST)


@pytest.mark.parametrize("depth", range(800, 1000, 7))
def test_a_letter_of_any_depth_breaks_nothing(depth: int) -> None:
    nest = "[" * depth + "]" * depth
    text = f'{{"named": [{{"id": 1, "c": {nest}, "p": 1, "why": ""}}], "judged": []}}'
    try:
        assert read(text, REQUEST).foreign == 1
    except MalformedAnswerError:
        assert depth > 900  # deeper than the parser goes


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        ("  Robbers\n fall\tout ", "Robbers fall out"),
        ("Half \ud83d here", "Half here"),
        ("\x1b[31mred\x00", "[31mred"),
        (None, ""),
        (7, ""),
        ("x" * 900, "x" * REASON_LIMIT),
    ],
)
def test_a_reason_is_one_line_that_can_be_stored_and_shown(why: object, reason: str) -> None:
    assert read(answer(entry(why=why)), REQUEST).opinions[1][HEISTS].reason == reason


ODD = [None, True, 0.5, -1, 10**30, "", "A", "1", [], [[1]], {}, {"id": 1}]
JSON = st.sampled_from(ODD)
ENTRIES = st.builds(
    entry,
    st.integers(0, 4) | JSON,
    st.sampled_from(["A", "B", "C"]) | JSON,
    st.floats(0, 1) | JSON,
    JSON,
)


@CALM
@given(st.lists(ENTRIES | JSON, max_size=8), st.lists(st.integers(0, 4) | JSON, max_size=6) | JSON)
@example([entry(3, "B"), entry(3, "B")], [3])
def test_whatever_is_answered_opinions_and_missing_share_out_the_asked_pairs(
    named: list[object], judged: object
) -> None:
    try:
        reading = read(answer(*named, judged=judged), REQUEST)
    except MalformedAnswerError:
        assert not isinstance(judged, list)
        return
    decided = {(i, slug) for i, by in reading.opinions.items() for slug in by}
    missing = {(i, slug) for i, slugs in reading.missing.items() for slug in slugs}
    asked = {(q.item.id, slug) for q in REQUEST.questions for slug in q.slugs}
    assert decided | missing == asked
    assert not decided & missing
    for by in reading.opinions.values():
        assert all(0 <= one.confidence <= 1 and 0 <= one.score <= 1 for one in by.values())
    retry = REQUEST.only(reading.missing)
    assert {(q.item.id, slug) for q in retry.questions for slug in q.slugs} == missing


@CALM
@given(st.text(alphabet='{}[]",:namedjug019.eE-+ \\', max_size=200) | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read(text, REQUEST)
    except MalformedAnswerError as refused:
        error = refused
    else:
        return
    assert len(str(error)) <= REASON_LIMIT
