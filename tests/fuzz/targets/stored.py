"""What was set at run time: it holds, or is passed over and told; it never stops the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from kometa_ai.settings import BY_ENV, MARK, SETTABLE, Origin, StoredValue, load_with_stored
from tests.fuzz.loading import is_typed
from tests.fuzz.target import Target, mostly

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIGURED = {"MONTHLY_BUDGET": "5", "SCHEDULE_CRON": "0 3 * * *"}


def check(data: bytes) -> None:
    """Read what the state keeps: a setting's name, a NUL, its value, a NUL, and so on."""
    words = data.decode("utf-8", "replace").split("\0")
    marks = {f"{MARK}{name}": text for name, text in zip(words[::2], words[1::2], strict=False)}

    def read_marks(_folder: Path) -> Mapping[str, str]:
        return marks

    plain = load_with_stored(CONFIGURED, lambda _folder: {}, options_file=None)
    read = load_with_stored(CONFIGURED, read_marks, options_file=None)
    is_typed(read.settings)
    for setting in BY_ENV.values():
        value = getattr(read.settings, setting.name)
        if read.origins[setting.env] is Origin.STORED:
            assert setting.env in SETTABLE
            kept = StoredValue.from_text(marks[f"{MARK}{setting.env}"])
            assert kept.over == CONFIGURED.get(setting.env)
            assert value == setting.kind.read(kept.value.strip())
        else:
            assert value == getattr(plain.settings, setting.name)


NAMES = mostly(st.sampled_from(SETTABLE), st.sampled_from(["RADARR_URL", "", "X", "TZ"]))
VALUES = mostly(
    st.sampled_from(['"0 5 * * *"', '"2"', '"7"', '"@daily"', "3"]),
    st.sampled_from(['"x"', "null", '""', "[]", '"\\ud800"', "NaN", '"' + "1" * 20_000 + '"']),
)
OVER = mostly(
    st.sampled_from(["null", '"5"', '"0 3 * * *"']), st.sampled_from(["5", '["5"]', "{}", "[[]]"])
)
MARKS = st.tuples(VALUES, OVER).map(lambda both: f'{{"value": {both[0]}, "over": {both[1]}}}')
ODD_MARKS = st.sampled_from(["", "null", "[]", '"x"', "[" * 5000, "{", '{"value": 1}'])
PAIRS = st.tuples(NAMES, mostly(MARKS, ODD_MARKS)).map("\0".join)

PIECES = (
    *(mark.encode() for mark in '{}[]":,\\0-.e\0 *'),
    b'"over": null',
    b"MONTHLY_BUDGET\0",
    b"[" * 5000,
    b"\\ud800",
)

TARGET = Target("stored", check, st.lists(PAIRS, max_size=3).map("\0".join).map(str.encode), PIECES)
