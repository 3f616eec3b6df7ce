"""What the API sends: events of a stream, whole messages, and the lines of a batch's results."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
from hypothesis import strategies as st

from kometa_ai.adapters.claude.wire import (
    MOST_TOKENS,
    BatchCard,
    BatchPage,
    Card,
    ComplainedError,
    Message,
    NotClaudeError,
    Received,
    decoded,
    result_of,
)
from kometa_ai.domain.cost import Model, Tier, price
from kometa_ai.ports import Answer, Failed
from tests.fuzz.target import Target

if TYPE_CHECKING:
    from kometa_ai.domain.cost import Usage

DECLARED = (msgspec.MsgspecError, UnicodeDecodeError, ComplainedError, NotClaudeError)
"""What the connection turns into an error for people; anything else would end the run."""
MODEL = Model("model", Tier(input=Decimal("1.5"), output=Decimal(75)))


def check(data: bytes) -> None:
    """Take line by line as an event, as a result, and as each kind of whole body."""
    received = Received("model")
    for line in data.split(b"\n"):
        with suppress(*DECLARED):
            received.take(line.decode())
        with suppress(*DECLARED):
            name, outcome = result_of(line, "model", str.strip)
            assert isinstance(name, str)
            _is_sound(outcome)
        _is_body(line)
    _is_sound(received.answer)
    if received.lost is not None:
        _can_be_billed(received.lost)


def _is_body(line: bytes) -> None:
    with suppress(NotClaudeError):
        decoded(line, Message)
    with suppress(NotClaudeError):
        decoded(line, Card)
    with suppress(NotClaudeError):
        decoded(line, BatchCard)
    with suppress(NotClaudeError):
        decoded(line, BatchPage)


def _is_sound(outcome: Answer | Failed) -> None:
    if isinstance(outcome, Answer):
        outcome.text.encode()
        outcome.model.encode()
        _can_be_billed(outcome.usage)
    else:
        outcome.said.encode()


def _can_be_billed(usage: Usage) -> None:
    counts = (
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
    )
    assert all(0 <= count <= MOST_TOKENS for count in counts), usage
    assert 0 <= price(usage, MODEL) < 10**9


TEXTS = st.sampled_from(
    [
        '"a"',
        '""',
        "null",
        '"\\ud83d"',
        '"\\ud83d\\ude00"',
        '"\\u0000"',
        "5",
        "[]",
        '"x" ' * 2,
        '"\u2028"',
    ]
)
NUMBERS = st.sampled_from(
    [
        "1",
        "7",
        "20",
        "0",
        "-1",
        "9" * 30,
        "9" * 400,
        "1e30",
        "1e400",
        "5.0",
        "0.5",
        "true",
        "null",
        '"5"',
        "NaN",
    ]
)
TYPES = st.sampled_from(
    [
        *("message_start", "content_block_start", "content_block_delta", "message_delta", "error"),
        *("ping", "message", "text", "text_delta", "thinking_delta", "succeeded", "errored", "x"),
        *("canceled", "expired", "invalid_request_error", "input_json_delta"),
    ]
)
KEYS = (
    *("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"),
    *("processing", "succeeded", "errored", "canceled", "expired"),
)


def told(**fields: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return JSON objects of these fields, each as JSON; most of them are there."""
    each = [_field(key, value) for key, value in fields.items()]
    return st.tuples(*each).map(lambda pairs: "{" + ", ".join(filter(None, pairs)) + "}")


def _field(key: str, value: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    written = value.map(lambda one: f'"{key}": {one}')
    return st.one_of(written, written, written, st.just(""))


TYPE = TYPES.map(lambda word: f'"{word}"')
COUNTS = told(**dict.fromkeys(KEYS, NUMBERS))
COMPLAINTS = told(type=TYPE, message=TEXTS)
BLOCKS = told(type=st.just('"text"'), text=TEXTS, thinking=TEXTS)
LISTS = st.lists(BLOCKS, max_size=2).map(lambda blocks: f"[{', '.join(blocks)}]")
MESSAGE = {
    "type": st.just('"message"'),
    "model": TEXTS,
    "content": LISTS,
    "stop_reason": TEXTS,
    "usage": COUNTS,
}
MESSAGES = st.one_of(told(**MESSAGE), told(**MESSAGE), told(**MESSAGE, error=COMPLAINTS))
PIECE = told(type=TYPE, text=TEXTS, stop_reason=TEXTS)
EVENTS = ("message_start", "content_block_start", "content_block_delta", "message_delta")
LINES = st.one_of(
    told(type=st.just('"message_start"'), message=MESSAGES),
    told(type=st.sampled_from(EVENTS).map(json.dumps), delta=PIECE, usage=COUNTS),
    told(type=TYPE, message=MESSAGES, content_block=BLOCKS, error=COMPLAINTS),
    MESSAGES,
    told(custom_id=st.just('"a"'), result=told(type=st.just('"succeeded"'), message=MESSAGES)),
    told(custom_id=TEXTS, result=told(type=TYPE, error=told(error=COMPLAINTS, type=TYPE))),
    told(id=TEXTS, processing_status=TEXTS, request_counts=COUNTS, results_url=TEXTS),
    st.sampled_from(["", "[" * 2000, "<html>", "null", '{"type": "ping"}', "{}"]),
)

PIECES = (
    *(mark.encode() for mark in '{}[]":,\\0-.e\n'),
    b'{"type": "message_start", "message": {"type": "message", "usage": {"input_tokens": 5}}}\n',
    b'"type": "message", ',
    b"9" * 40,
    b"NaN",
    b"[" * 2000,
    b"\xff",
)

TARGET = Target("wire", check, st.lists(LINES, max_size=4).map("\n".join).map(str.encode), PIECES)
