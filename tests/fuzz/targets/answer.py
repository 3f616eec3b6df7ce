"""What Claude answers: a verdict that was not asked for, or is not exactly one, is none."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from kometa_ai.domain.decision import UNNAMED, Decision, Opinion
from kometa_ai.domain.prompt import REASON_LIMIT, MalformedAnswerError, Reading, read
from kometa_ai.domain.requests import Question, Request
from tests.fuzz.target import Target, mostly
from tests.questions import questions

if TYPE_CHECKING:
    from collections.abc import Callable

FULL = questions(films=3)
HEISTS, SPACE = FULL.questions[0].slugs
STANDING = Opinion(include=True, confidence=0.72, reason="Before")
DECISION = Decision(STANDING, "model", "wish", 1, datetime(2026, 11, 22, tzinfo=UTC))
REQUEST = Request(
    FULL.collections,
    (
        FULL.questions[0],
        Question(FULL.questions[1].item, (HEISTS, SPACE), {HEISTS: DECISION}),
        Question(FULL.questions[2].item, (SPACE,)),
    ),
)
"""Film 1 for both collections, film 2 with a standing verdict, film 3 for the second alone."""
SLUG = {"A": HEISTS, "B": SPACE}
ASKED = {(one.item.id, slug) for one in REQUEST.questions for slug in one.slugs}
MOST_TAKEN_OUT = 6


def check(data: bytes) -> None:
    """Read an answer, and the same answer with a little more and a little less in it."""
    text = data.decode("utf-8", "replace")
    try:
        reading = read(text, REQUEST)
    except MalformedAnswerError as refused:
        assert len(str(refused)) <= REASON_LIMIT
        assert not _is_plain_answer(text)
        return
    _is_sound(reading)
    _says_what_is_written(_loaded(text, _Pairs), reading)
    whole = _loaded(text, _once)
    if isinstance(whole, dict):
        _bad_hides_no_good(whole, reading)


def _loaded(text: str, hook: Callable[[list[tuple[str, object]]], object]) -> object:
    """Return what JSON makes of a text, ``None`` if it is none."""
    with suppress(ValueError, RecursionError):
        return json.loads(text, object_pairs_hook=hook)
    return None


def _is_plain_answer(text: str) -> bool:
    """Return whether the text is nothing but an answer of the right shape."""
    whole = _loaded(text, _once)
    lists = isinstance(whole, dict) and (whole.get("named"), whole.get("judged"))
    return bool(lists) and all(isinstance(one, list) for one in lists or ())


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key is there twice")
    return dict(pairs)


def _is_sound(reading: Reading) -> None:
    decided = {(item, slug) for item, by in reading.opinions.items() for slug in by}
    missing = {(item, slug) for item, slugs in reading.missing.items() for slug in slugs}
    assert decided | missing == ASKED
    assert not decided & missing
    assert reading.foreign >= 0
    assert reading.unusable >= 0
    for by in reading.opinions.values():
        for one in by.values():
            assert type(one.confidence) is float or one in {UNNAMED, STANDING}
            assert math.isfinite(one.confidence)
            assert 0 <= one.confidence <= 1
            assert len(one.reason) <= REASON_LIMIT
            assert one.reason.isprintable()
            one.reason.encode()


def _bad_hides_no_good(whole: dict[str, object], reading: Reading) -> None:
    """A stranger among the verdicts changes none, and one taken out changes no other."""
    named, judged = whole.get("named"), whole.get("judged")
    if not isinstance(named, list) or not isinstance(judged, list):
        return
    for stranger in ({"id": 99, "c": "A", "p": 1, "why": ""}, None, {"id": 1, "c": "Z"}):
        more = read(json.dumps({**whole, "named": [stranger, *named, stranger]}), REQUEST)
        assert more.opinions == reading.opinions
        assert more.foreign == reading.foreign + 2
    strangers = sum(not _is_asked(entry) for entry in named)
    strangers += sum(type(one) is not int or one not in {1, 2, 3} for one in judged)
    assert reading.foreign == strangers
    for at, entry in enumerate(named[:MOST_TAKEN_OUT]):
        less = read(json.dumps({**whole, "named": named[:at] + named[at + 1 :]}), REQUEST)
        changed = {
            (item, slug)
            for item, slug in ASKED
            if less.opinions[item].get(slug) != reading.opinions[item].get(slug)
        }
        letter = entry.get("c") if isinstance(entry, dict) else None
        slug = SLUG.get(letter.strip().upper()) if isinstance(letter, str) else None
        assert not changed or (len(changed) == 1 and (entry["id"], slug) in changed)


def _is_asked(entry: object) -> bool:
    if not isinstance(entry, dict):
        return False
    number, letter = entry.get("id"), entry.get("c")
    slug = SLUG.get(letter.strip().upper()) if isinstance(letter, str) else None
    return type(number) is int and (number, slug) in ASKED


class _Pairs(list[tuple[str, object]]):
    """A JSON object as it is written."""

    def once(self, key: str) -> object:
        """Return a key's value, ``None`` unless it is there once."""
        found = [value for name, value in self if name == key]
        return found[0] if len(found) == 1 else None


def _says_what_is_written(said: object, reading: Reading) -> None:
    """Each verdict that is no plain no stands in the answer, once."""
    if not isinstance(said, _Pairs):
        return
    counted: dict[tuple[int, str | None], list[object]] = {}
    named = said.once("named")
    for entry in named if isinstance(named, list) else ():
        if isinstance(entry, _Pairs):
            number, letter = entry.once("id"), entry.once("c")
            if isinstance(letter, str) and type(number) is int:
                key = (number, SLUG.get(letter.strip().upper()))
                counted.setdefault(key, []).append(entry.once("p"))
    for item, by in reading.opinions.items():
        for slug, one in by.items():
            if one not in {UNNAMED, STANDING}:
                (chance,) = counted[item, slug]
                assert isinstance(chance, int | float)
                assert not isinstance(chance, bool)
                assert abs(one.score - chance) <= 0.0001


NUMBERS = st.sampled_from(
    [
        *("4", "0", "-0", "1.0", "1e0", "true", '"1"', "null", "9" * 30, "1e400", "1.0000001"),
        *("NaN", "Infinity", "-Infinity", "1e-320", "[1]", "{}", "-1", "01"),
    ]
)
IDS = mostly(st.sampled_from(["1", "2", "3"]), NUMBERS)
CHANCES = mostly(st.floats(0, 1).map(repr), NUMBERS)
LETTERS = mostly(
    st.sampled_from(['"A"', '"B"']),
    st.sampled_from(
        ['"a "', '"C"', '"A, B"', '""', "null", '["A"]', '"\\u0041"', '"\uff21"', '"\u0131"']
    ),
)
WORDS = mostly(
    st.just('"Yes"'),
    st.sampled_from(
        ['""', "null", '"\\ud83d half"', '"\\u0000\\u001b[31m"', '"\u2028\u202e"', "7", "[[]]"]
    ),
)


@st.composite
def verdicts(draw: st.DrawFn) -> str:
    """Return a verdict."""
    keys = [("id", IDS), ("c", LETTERS), ("p", CHANCES), ("why", WORDS)]
    if draw(st.integers(0, 9)) == 0:
        keys.append(draw(st.sampled_from([*keys, ("x", WORDS)])))
    return "{" + ", ".join(f'"{key}": {draw(value)}' for key, value in keys) + "}"


ENTRIES = mostly(verdicts(), st.sampled_from(["null", "[]", "{}", '"A"', "[1, 2]", '{"id": 1}']))


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Return an answer, mostly of the right shape."""
    named = "[" + ", ".join(draw(st.lists(ENTRIES, max_size=5))) + "]"
    ids = st.lists(IDS, max_size=5).map(lambda each: f"[{', '.join(each)}]")
    odd = st.sampled_from(["null", "{}", "[1, 2, 3, 3]", "[[1]]"])
    judged = draw(mostly(st.just("[1, 2, 3]"), mostly(ids, odd)))
    keys = [f'"named": {named}', f'"judged": {judged}']
    if draw(st.integers(0, 9)) == 0:
        keys.append(draw(st.sampled_from([*keys, '"named": []', '"judged": []', '"a": {}'])))
    around = draw(
        mostly(
            st.just("{}"),
            st.sampled_from(["Sure!\n```json\n{}\n```", 'As {"a": 1}: {}', "{} {}", "[{}]"]),
        )
    )
    return around.replace("{}", "{" + ", ".join(keys) + "}").encode()


PIECES = (
    *(mark.encode() for mark in '{}[]":,\\0-.eE'),
    b'"named"',
    b'"judged"',
    b'"id": 1, ',
    b'"p": NaN',
    b"1e999",
    b"9" * 400,
    b"[" * 300,
    b'{"a":' * 300,
    b"\\ud800",
    b"\xff",
    b"true",
)

TARGET = Target("answer", check, answers(), PIECES)
