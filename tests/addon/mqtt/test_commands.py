"""What the command topics take, and what they say to the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from addon.command import RUNS, SETTERS, Command, Word
from addon.mqtt.commands import Ignored, Refusal, read_command
from addon.mqtt.topics import Topics

TOPICS = Topics("home/kometa_ai", "homeassistant")
BUTTONS = [word for word in Word if word not in SETTERS]


def read(
    payload: str | bytes | dict[str, Any], word: str = "", *, retain: bool = False
) -> Command | Refusal | Ignored:
    if isinstance(payload, dict):
        payload = json.dumps(payload)
    if isinstance(payload, str):
        payload = payload.encode()
    topic = TOPICS.command_of(word) if word else TOPICS.command
    return read_command(TOPICS, topic, payload, retain=retain)


def refused(payload: str | bytes | dict[str, Any], word: str = "") -> str:
    answer = read(payload, word)
    assert isinstance(answer, Refusal), answer
    assert not answer.response.accepted
    assert answer.response.error
    return answer.response.error


@pytest.mark.parametrize("word", BUTTONS)
def test_a_plain_word_is_a_command_for_all(word: Word) -> None:
    assert read(word) == read(f" {word}\n") == read({"command": word}) == Command(word)


@pytest.mark.parametrize("word", BUTTONS)
@pytest.mark.parametrize("payload", ["PRESS", '{"command": "undo"}', "5"])
def test_a_button_acts_on_the_selected_collection_whatever_it_sends(
    word: Word, payload: str
) -> None:
    assert read(payload, word) == Command(word, selected=word in RUNS)


@pytest.mark.parametrize(
    ("told", "command"),
    [
        (
            {"command": "run", "collection": "Film Noir", "request_id": "x"},
            Command(Word.RUN, collections=("Film Noir",), request_id="x"),
        ),
        (
            {"command": "run", "collection": ["A", "B"], "dry_run": True, "force_refresh": False},
            Command(Word.RUN, collections=("A", "B"), dry_run=True),
        ),
        ({"command": "run", "max_evals": 100}, Command(Word.RUN, max_evals=100)),
        ({"command": "run", "max_evals": 100.0}, Command(Word.RUN, max_evals=100)),
        ({"command": "run", "max_evals": "100"}, Command(Word.RUN, max_evals=100)),
        ({"command": "run", "max_evals": 0}, Command(Word.RUN, max_evals=0)),
        (
            {"command": "dry_run", "force_refresh": True},
            Command(Word.DRY_RUN, force_refresh=True),
        ),
        ({"command": "force_refresh", "dry_run": True}, Command(Word.FORCE_REFRESH, dry_run=True)),
        ({"command": "estimate", "collection": "A"}, Command(Word.ESTIMATE, collections=("A",))),
        ({"command": "approve", "run_id": "7"}, Command(Word.APPROVE, run_id="7")),
        ({"command": "cron", "value": " @daily "}, Command(Word.CRON, value="@daily")),
        ({"command": "schedule", "value": False}, Command(Word.SCHEDULE, value="OFF")),
        ({"command": "monthly_budget", "value": 2.5}, Command(Word.MONTHLY_BUDGET, value="2.5")),
        ({"command": "max_evals", "value": 50}, Command(Word.MAX_EVALS, value="50")),
        ({"command": "collection", "value": "All"}, Command(Word.COLLECTION, value="All")),
    ],
)
def test_a_json_command(told: dict[str, Any], command: Command) -> None:
    assert read(told) == command


@pytest.mark.parametrize(
    ("word", "payload", "value"),
    [
        ("collection", "Film Noir", "Film Noir"),
        ("collection", '{{ "quoted" }}', '{{ "quoted" }}'),
        ("schedule", "ON", "ON"),
        ("dry_run_mode", "off", "OFF"),
        ("cron", "0 3 * * *; @weekly", "0 3 * * *; @weekly"),
        ("monthly_budget", "5", "5"),
        ("monthly_budget", "5.0", "5.0"),
        ("monthly_budget", "0.30000000000000004", "0.3"),
        ("monthly_budget", "1e-05", "0.00001"),
        ("monthly_budget", "1E+3", "1000"),
        ("max_evals", "100", "100"),
        ("max_evals", "100.0", "100"),
        ("max_evals", "0", "0"),
    ],
)
def test_a_setter_takes_its_value_as_payload(word: str, payload: str, value: str) -> None:
    assert read(payload, word) == Command(Word(word), value=value)


@pytest.mark.parametrize(
    ("word", "payload"),
    [
        ("schedule", "maybe"),
        ("monthly_budget", "-1"),
        ("monthly_budget", "NaN"),
        ("monthly_budget", "1e99"),
        ("monthly_budget", "1_000"),
        ("monthly_budget", "5,50"),
        ("monthly_budget", "٣"),
        ("max_evals", "2.5"),
        ("max_evals", "5OO"),
        ("max_evals", "1000000001"),
        ("max_evals", "True"),
    ],
)
def test_a_setter_refuses_a_wrong_value(word: str, payload: str) -> None:
    assert refused(payload, word).startswith(f'The value of "{word}" must be')


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"command": "run", "collections": "A"}, 'does not understand the key "collections"'),
        ({"command": "run", "value": "A"}, 'does not understand the key "value"'),
        ({"command": "run", "run_id": "7"}, 'does not understand the key "run_id"'),
        ({"command": "dry_run", "dry_run": False}, 'does not understand the key "dry_run"'),
        ({"command": "approve", "collection": "A"}, "it takes command, run_id, request_id."),
        ({"command": "run", "collection": []}, 'The key "collection" must be'),
        ({"command": "run", "collection": ["A", 1]}, 'The key "collection" must be'),
        ({"command": "run", "collection": " "}, 'The key "collection" must be'),
        ({"command": "run", "collection": None}, 'The key "collection" must be'),
        ({"command": "run", "dry_run": "true"}, 'The key "dry_run" must be true or false'),
        ({"command": "run", "dry_run": 1}, 'The key "dry_run" must be true or false'),
        ({"command": "run", "max_evals": True}, 'The key "max_evals" must be a whole number'),
        ({"command": "run", "max_evals": -1}, 'The key "max_evals" must be a whole number'),
        ({"command": "run", "max_evals": None}, 'The key "max_evals" must be a whole number'),
        ({"command": "run", "request_id": 7}, 'The key "request_id" must be text'),
        ({"command": "run", "request_id": "x" * 129}, 'The key "request_id" must be text'),
        ({"command": "undo", "run_id": 7}, 'The key "run_id" must be text'),
        ({"command": "cron"}, 'The command "cron" needs the key "value".'),
        ({"command": "cron", "value": 5}, 'The key "value" must be a cron expression'),
        ({"command": "runn"}, 'There is no command "runn". Did you mean "run"?'),
        ({"command": ["run"]}, 'The key "command" must hold one of: run, '),
        ({"collection": "A"}, 'The key "command" must hold one of: run, '),
    ],
)
def test_a_wrong_json_command_is_told_what_was_expected(told: dict[str, Any], said: str) -> None:
    assert said in refused(told)


def test_every_fault_of_a_command_is_named() -> None:
    said = refused({"command": "run", "dry_run": 1, "max_evals": "many", "colection": "A"})
    assert all(f'"{key}"' in said for key in ("dry_run", "max_evals", "colection"))


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ("RUN", 'There is no command "RUN". Did you mean "run"?'),
        ("make me happy", "There are: run, dry_run,"),
        ("cron", "ends in /command/cron"),
        ("[1]", "must be a command word"),
        ('"run"', "must be a command word"),
        ('{"command": "run"', "not valid JSON"),
        ('{"command": "run", "max_evals": NaN}', "NaN is not a number"),
        ('{"command": "run", "dry_run": true, "dry_run": false}', 'key "dry_run" is there twice'),
        ("[" * 4000, "payload is n"),
        ('{"command": "run", "request_id": "\\ud800"}', "surrogate"),
        (b"run\xff", "not UTF-8"),
        (b'{"command": "run", "request_id": "' + b"x" * 4096 + b'"}', "at most 4,096"),
    ],
)
def test_what_is_no_command_is_refused(payload: str | bytes, said: str) -> None:
    assert said in refused(payload)


@pytest.mark.parametrize("payload", [b"\xff", b"x" * 4097])
def test_an_unreadable_payload_presses_no_button(payload: bytes) -> None:
    answer = read(payload, "run")
    assert isinstance(answer, Refusal)
    assert answer.response.command == "run"


def test_a_payload_of_four_kibibytes_is_read() -> None:
    assert read(b"x" * 4096, "run") == Command(Word.RUN, selected=True)


@pytest.mark.parametrize("word", ["explode", "run/now", ""])
def test_an_unknown_command_topic_is_refused(word: str) -> None:
    answer = read_command(TOPICS, f"{TOPICS.command}/{word}", b"PRESS", retain=False)
    assert isinstance(answer, Refusal)
    assert answer.response.command == word


@pytest.mark.parametrize("word", ["", "run", "cron"])
def test_what_is_retained_or_empty_is_ignored(word: str) -> None:
    assert isinstance(read("run", word, retain=True), Ignored)
    assert isinstance(read("", word), Ignored)
    assert isinstance(read(" \n", word), Ignored)


def test_what_is_published_elsewhere_is_ignored() -> None:
    for topic in (TOPICS.state, f"{TOPICS.command}s", "kometa_ai/command"):
        assert isinstance(read_command(TOPICS, topic, b"run", retain=False), Ignored)


@pytest.mark.parametrize(
    ("told", "request_id", "command"),
    [
        ({"command": "run", "what": 1, "request_id": "x"}, "x", "run"),
        ({"command": "rum", "request_id": "x" * 128}, "x" * 128, "rum"),
        ({"request_id": "x"}, "x", ""),
        ({"command": "run", "request_id": "x" * 129}, None, "run"),
        ({"command": "x" * 500}, None, "x" * 59 + "…"),
    ],
)
def test_a_refusal_is_sent_to_whoever_asked(
    told: dict[str, Any], request_id: str | None, command: str
) -> None:
    answer = read(told)
    assert isinstance(answer, Refusal)
    assert (answer.response.request_id, answer.response.command) == (request_id, command)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
KEY = st.sampled_from(["collection", "dry_run", "max_evals", "value", "run_id", "request_id"])


@given(payload=st.binary(), word=st.sampled_from(["", "nonsense", *Word]), retain=st.booleans())
def test_no_bytes_make_it_fail(payload: bytes, word: str, retain: bool) -> None:
    assert isinstance(read(payload, word, retain=retain), Command | Refusal | Ignored)


@given(word=st.sampled_from(Word), told=st.dictionaries(KEY | st.text(), JSON, max_size=4))
def test_no_json_makes_it_fail(word: Word, told: dict[str, Any]) -> None:
    answer = read({**told, "command": word})
    assert isinstance(answer, Command | Refusal)
    if isinstance(answer, Refusal):
        assert answer.response.error
        json.dumps(answer.response.error, ensure_ascii=False).encode()
    else:
        assert (answer.value is not None) == (word in SETTERS)
