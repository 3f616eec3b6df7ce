"""The state of 0.5.x: decisions that can be stored, or an error that says the file is damaged."""

from __future__ import annotations

import json
import math
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st

from kometa_ai.adapters.legacy import FILE_NAME, LARGEST_ID, DamagedError, read
from tests.fuzz.target import Target

LONGEST_MESSAGE = 1000


def check(data: bytes) -> None:
    """Read a file of 0.5.x."""
    with TemporaryDirectory() as place:
        file = Path(place) / FILE_NAME
        file.write_bytes(data)
        try:
            state = read(file)
        except DamagedError as damaged:
            assert len(damaged.fault.message) <= LONGEST_MESSAGE
            damaged.fault.message.encode()
            return
    films = json.loads(data)["decisions"]
    assert state.foreign <= len(films)
    for (name, label), decisions in state.decisions.items():
        for text in (name, label):
            text.encode()
        assert label == label.lower()
        for item, decision in decisions.items():
            assert 0 < item <= LARGEST_ID
            said = films.get(f"movie:{item}")
            assert said is None or isinstance(said["collections"], dict)
            opinion = decision.opinion
            assert type(opinion.include) is bool
            assert math.isfinite(opinion.confidence)
            assert 0 <= opinion.confidence <= 1
            assert 0 <= opinion.score <= 1
            opinion.reason.encode()
            assert decision.decided_at.utcoffset() == UTC.utcoffset(None)
            assert decision.decided_at.microsecond == 0


VALUES = st.sampled_from(
    [
        *("true", "false", "null", "1", "0", "0.9", "1.0", "-0.0", "NaN", "Infinity", "1e400"),
        *(
            '"0.9"',
            "[]",
            "{}",
            '""',
            '"KAI-Heists"',
            '"\\ud800"',
            '"2025-01-01T03:00:00"',
            "1e-400",
        ),
        *('"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-14:00"', '"2025-W01-1"', '"now"'),
        *('"2025-01-01T24:00:00"', '"2025-01-01T00:00:00.999999+00:00:00.5"', "9" * 400, "true"),
    ]
)
GOOD = (
    ("include", "true"),
    ("confidence", "0.9"),
    ("timestamp", '"2025-01-01T03:00:00.5"'),
    ("tag", '"KAI-x"'),
)
KEYS = st.sampled_from([*(key for key, _ in GOOD), "reasoning", "metadata_hash", "x"])
IDS = st.sampled_from(
    [
        *("movie:1", "movie:2147483647", "movie:2147483648", "movie:0", "movie:-1", "movie:٣"),
        *("movie:1 ", "series:1", "1", "", "movie:00000000001", "movie:1", "\\ud800"),
    ]
)
NAMES = st.sampled_from(["Heists", "\\ud800", "", "A\\u0000", "Füße"])


@st.composite
def states(draw: st.DrawFn) -> bytes:
    """Return a state with a few films."""
    films = []
    for _ in range(draw(st.integers(0, 3))):
        records = []
        for _ in range(draw(st.integers(0, 2))):
            fields = [*GOOD, *draw(st.lists(st.tuples(KEYS, VALUES), max_size=2))]
            told = ", ".join(f'"{key}": {value}' for key, value in fields)
            records.append(f'"{draw(NAMES)}": {{{told}}}')
        held = f'{{"collections": {{{", ".join(records)}}}}}'
        film = draw(st.one_of(st.just(held), VALUES)) if draw(st.integers(0, 4)) == 0 else held
        films.append(f'"{draw(IDS)}": {film}')
    version = draw(st.sampled_from(["1", "1", "2", '"1"', "true", "1.0", "[" * 60 + "]" * 60]))
    more = draw(st.sampled_from(["", ', "errors": [NaN]', ', "decisions": 1', ', "changes": {}']))
    told = f'{{"state_format_version": {version}, "decisions": {{{", ".join(films)}}}{more}}}'
    return told.encode()


PIECES = (
    *(mark.encode() for mark in '{}[]":,\\0-.eT+\n'),
    b'"decisions": {',
    b'"collections": {',
    b"NaN",
    b"9" * 5000,
    b"\\ud800",
    b"\xff\xfe",
    b"[" * 1200,
)

TARGET = Target("legacy", check, states(), PIECES)
