"""The options that Home Assistant's Supervisor writes for the add-on."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st

from kometa_ai.settings import SETTINGS
from tests.fuzz.loading import CANARY, loaded, no_silent_default, shown
from tests.fuzz.target import Target

BY_NAME = {setting.name: setting for setting in SETTINGS}


def check(data: bytes) -> None:
    """Read a file of options."""
    with TemporaryDirectory() as place:
        path = Path(place) / "data" / "options.json"
        path.parent.mkdir()
        path.write_bytes(data)
        read, faults = loaded({}, path)
        if any(fault.where == str(path) for fault in faults):
            assert CANARY not in shown(read, faults), "of a file that is none nothing is quoted"
            return
    options = json.loads(data.decode("utf-8-sig"), parse_int=str, parse_float=str)
    assert isinstance(options, dict)
    words = {name: value for name, value in options.items() if name in BY_NAME}
    plain = {
        BY_NAME[name].env: value.strip()
        for name, value in words.items()
        if isinstance(value, str) and name not in {"kometa_config_dir", "settings_file"}
    }
    no_silent_default(plain, read, faults)
    blamed = {fault.where for fault in faults}
    for name, value in words.items():
        if isinstance(value, dict):
            assert BY_NAME[name].env in blamed
    secrets = {name for name, value in words.items() if BY_NAME[name].secret}
    open_text = json.dumps({n: v for n, v in options.items() if n not in secrets})
    if CANARY not in open_text:
        assert CANARY not in shown(read, faults)


VALUES = st.sampled_from(
    [
        *("null", "true", "false", "5", "0.1", "-0", "1e400", "NaN", "9" * 5000, '""', '" "', "[]"),
        *('["a", 1]', '[["a"]]', "{}", '{"a": "CANARY77"}', '"CANARY77"', '"CANARY 77"'),
        *('"\\ud800"', '"\\u0000"', '"a\\nb"', '"/share/kometa"', '"http://r:7878"', '"0 3 * * *"'),
        *('"5"', "[" * 500, '"\u2028"', '["CANARY77", "\\n"]', '"1mo"', '"x", "x": 1'),
    ]
)
KEYS = st.one_of(
    st.sampled_from(sorted(BY_NAME)),
    st.sampled_from(["radar_url", "", "\\ud800", "RADARR_URL", "stra\u00dfe", "x" * 300]),
)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Return a JSON object, mostly."""
    pairs = draw(st.lists(st.tuples(KEYS, VALUES), max_size=5))
    told = ", ".join(f'"{key}": {value}' for key, value in pairs)
    around = draw(st.sampled_from(["{%}", "{%}", "{%}", "[{%}]", "\ufeff{%}", "{%} x", "%", ""]))
    return around.replace("%", told).encode()


PIECES = (
    *(mark.encode() for mark in '{}[]":,\\0-.e\n\x00é\ufeff'),
    b'"radarr_api_key": "CANARY77"',
    b"NaN",
    b"9" * 5000,
    b"[" * 1200,
    b"\\ud800",
    b"\xff",
)

TARGET = Target("options", check, files(), PIECES)
