"""What comes in over MQTT: a command, or a refusal that says why, and no exception."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from addon.command import SETTERS, Command, Response, Word
from addon.command_schema import MAX_ID, MOST_DOLLARS, MOST_EVALUATIONS
from addon.command_text import MAX_SIZE
from addon.mqtt.commands import Ignored, Refusal, read_command
from addon.mqtt.topics import Topics
from kometa_ai.domain.fault import SkipError
from kometa_ai.settings import check as check_setting
from tests.fuzz.target import Target, is_one_line, mostly

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPICS = Topics("kometa_ai", "homeassistant")
SETTINGS: Mapping[Word, str] = {
    Word.MONTHLY_BUDGET: "MONTHLY_BUDGET",
    Word.MAX_EVALS: "MAX_EVALS_PER_RUN",
}
LONGEST_SENTENCE = 4096


def check(data: bytes) -> None:
    """Read a payload; what stands before the first line feed is the end of its topic."""
    tail, _, payload = data.partition(b"\n")
    under = tail.decode("utf-8", "replace")
    topic = f"{TOPICS.command}/{under}" if under else TOPICS.command
    assert isinstance(read_command(TOPICS, topic, payload, retain=True), Ignored)
    read = read_command(TOPICS, topic, payload, retain=False)
    if isinstance(read, Refusal):
        _is_answer(read.response)
    elif isinstance(read, Command):
        assert len(payload) <= MAX_SIZE
        _is_sound(read)
        if not under and payload.lstrip()[:1] == b"{":
            _is_what_was_sent(read, payload)
        elif under:
            assert read.word == under
    else:
        assert not payload.strip()


def _is_answer(response: Response) -> None:
    assert not response.accepted
    assert response.error
    assert len(response.error) <= LONGEST_SENTENCE
    assert is_one_line(response.error), response.error
    assert len(response.command) <= 60
    assert is_one_line(response.command)
    for text in (response.error, response.command, response.request_id or ""):
        text.encode()
    assert response.request_id is None or 0 < len(response.request_id) <= MAX_ID


def _is_sound(command: Command) -> None:
    assert isinstance(command.word, Word)
    assert (command.value is not None) == (command.word in SETTERS)
    for name in command.collections:
        assert name == name.strip() != ""
        name.encode()
    assert type(command.dry_run) is bool
    assert type(command.force_refresh) is bool
    if command.max_evals is not None:
        assert type(command.max_evals) is int
        assert 0 <= command.max_evals <= MOST_EVALUATIONS
    for told in (command.run_id, command.request_id):
        assert told is None or 0 < len(told) <= MAX_ID
    if command.value is not None:
        command.value.encode()
        _can_be_set(command.word, command.value)


def _can_be_set(word: Word, value: str) -> None:
    """What is let in as a value is one that the settings take, or refuse in a sentence."""
    if word is Word.MONTHLY_BUDGET:
        assert 0 <= Decimal(value) <= MOST_DOLLARS
    if word in SETTINGS:
        check_setting(SETTINGS[word], value)
    if word is Word.CRON:
        with suppress(SkipError):
            check_setting("SCHEDULE_CRON", value)


def _is_what_was_sent(command: Command, payload: bytes) -> None:
    """Hold the command against the JSON without the reader's own hooks."""
    told = json.loads(payload, object_pairs_hook=_once)
    assert told["command"] == command.word
    assert told.get("request_id") == command.request_id
    assert told.get("run_id") == command.run_id
    assert told.get("dry_run", False) is command.dry_run
    assert told.get("force_refresh", False) is command.force_refresh
    if "max_evals" in told:
        assert command.max_evals == float(told["max_evals"])
    known = {"command", "request_id", "run_id", "dry_run", "force_refresh", "max_evals"}
    assert set(told) <= known | {"collection", "value"}
    names = told.get("collection", [])
    names = [names] if isinstance(names, str) else names
    assert command.collections == tuple(name.strip() for name in names)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    assert len(dict(pairs)) == len(pairs), "which of the two was meant?"
    return dict(pairs)


ODD_WORDS = st.sampled_from(["Run", "runs", "", "\u0131", "x" * 90, "\u202erun", "run/x", "\x00"])
WORDS = mostly(st.sampled_from([*Word]), ODD_WORDS)
TEXTS = st.sampled_from(
    [
        *("All", "Heists", " Heists ", "ON", "off", "TRUE", "0 3 * * *", "@daily", "* * 31 2 *"),
        *("R R R R R", "0 3 * * mon#2;5 4 L * *", "5", "0.50", ".5", "-0", "+3", "1e3", "1e9"),
        *("1e", "NaN", "inf", "1_000", "٣", "\uff11", "9" * 30, "0x10", "1e-99", "1e99", " 7 "),
        *("\x00", "0.30000000000000004", "1000000", "1000000.000001", "0.0000004", "default"),
    ]
)
NUMBERS = st.sampled_from(
    [
        *("0", "-0", "-0.0", "5", "1e9", "1000000001", "0.5", "5.0", "1e400", "-1", "NaN"),
        *("Infinity", "9" * 400, "1e99999999999999999999", "1E-99999999999999999999", "0e999999"),
    ]
)
ODD = st.sampled_from(
    [
        *("true", "null", "[]", "{}", '["", 1]', '"\\ud800"', '"' + "x" * 129 + '"', "[" * 900),
        *("1", '"1"', '"x" x', '"\\u0000"'),
    ]
)
NAMES = st.sampled_from(['"Heists"', '["Heists", " Plans "]', '"All"'])
COUNTS = mostly(st.sampled_from(["5", "0", '"7"', "1e3"]), NUMBERS)
IDS = st.sampled_from(['"a"', '"' + "x" * 128 + '"', '"\u2028"', '"\\u0000"'])
SWITCHES = st.sampled_from(["true", "false"])
VALUES = mostly(TEXTS.map(json.dumps), NUMBERS)
FIELDS: Mapping[str, st.SearchStrategy[str]] = {
    "request_id": IDS,
    "run_id": IDS,
    "dry_run": SWITCHES,
    "force_refresh": SWITCHES,
    "max_evals": COUNTS,
    "collection": NAMES,
    "value": VALUES,
}
TAKEN: Mapping[Word, tuple[str, ...]] = {
    Word.RUN: ("dry_run", "force_refresh", "max_evals", "collection"),
    Word.DRY_RUN: ("force_refresh", "max_evals", "collection"),
    Word.FORCE_REFRESH: ("dry_run", "max_evals", "collection"),
    Word.ESTIMATE: ("force_refresh", "max_evals", "collection"),
    Word.APPROVE: ("run_id",),
    Word.DECLINE: ("run_id",),
    Word.UNDO: ("run_id",),
    **dict.fromkeys(SETTERS, ("value",)),
}


@st.composite
def objects(draw: st.DrawFn) -> bytes:
    """Return a command as a JSON object."""
    word = draw(st.sampled_from([*Word, Word.RUN, Word.RUN]))
    known = (*TAKEN.get(word, ()), "request_id")
    keys = draw(st.lists(mostly(st.sampled_from(known), st.sampled_from([*FIELDS])), max_size=3))
    keys = list(dict.fromkeys([*(["value"] if word in SETTERS else []), *keys]))
    pairs = [(key, draw(mostly(FIELDS[key], ODD))) for key in keys]
    pairs.append(("command", json.dumps(draw(mostly(st.just(word), ODD_WORDS)))))
    if draw(st.integers(0, 14)) == 0:
        pairs.append((draw(st.sampled_from(["command", "max_evals", "x\n"])), draw(ODD)))
    told = ", ".join(f"{json.dumps(key)}: {value}" for key, value in pairs)
    return b"\n{" + told.encode() + b"}"


TOPICS_AND_VALUES = st.tuples(WORDS, st.one_of(TEXTS, NUMBERS)).map("\n".join).map(str.encode)
PLAIN_WORDS = WORDS.map(lambda word: f"\n{word}".encode())
PAYLOADS = st.sampled_from([objects(), objects(), PLAIN_WORDS, TOPICS_AND_VALUES]).flatmap(
    lambda chosen: chosen
)

PIECES = (
    *(mark.encode() for mark in '{}[]":,\\0-.eE\n\t '),
    b'"command": "run"',
    b'"max_evals": 5',
    b'"request_id": "a"',
    b'"value": ',
    b"monthly_budget\n",
    b"max_evals\n",
    b"cron\n",
    b"1e99999999999999999999",
    b"NaN",
    b"9" * 300,
    b"\\ud800",
    b"\\u0000",
    b"\xff",
    b"\xd9\xa3",  # an Arabic three
    b"[" * 1000,
    b"x" * 5000,
)

TARGET = Target("command", check, PAYLOADS, PIECES)
