"""``SETTINGS_FILE``: each line is in use, or complained of by name and line, without its secret."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from hypothesis import strategies as st

from kometa_ai.settings import SETTINGS
from tests.fuzz.loading import CANARY, loaded, no_silent_default, shown
from tests.fuzz.target import Target

BY_NAME = {setting.name: setting for setting in SETTINGS}
ACROSS_LINES = frozenset("\"'{[?|>")
SECRET = ("radarr_api_key", "claude_api_key", "smtp_password", "webhook_urls", "heartbeat_url")
SECRET_LINE = re.compile(rf"({'|'.join(SECRET)}): [^:]*")


def check(data: bytes) -> None:
    """Read a file of settings."""
    with TemporaryDirectory() as place:
        path = Path(place) / "settings.yaml"
        path.write_bytes(data)
        read, faults = loaded({"SETTINGS_FILE": str(path)})
    if _is_secret(data.decode("utf-8-sig", "replace")):
        assert CANARY not in shown(read, faults)
    if any(fault.where == "SETTINGS_FILE" for fault in faults):
        return  # a fault of the file as a whole, or of one name in it
    try:
        text = data.decode("utf-8-sig")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (ValueError, yaml.YAMLError, RecursionError):
        raise AssertionError("no YAML, and no fault") from None
    if not isinstance(root, yaml.MappingNode):
        assert root is None or root.tag == "tag:yaml.org,2002:null"
        return
    pairs = [(key.value, value) for key, value in root.value]
    assert all(name in BY_NAME for name, _ in pairs)
    plain = {
        BY_NAME[name].env: value.value.strip()
        for name, value in pairs
        if isinstance(value, yaml.ScalarNode) and value.tag != "tag:yaml.org,2002:null"
    }
    no_silent_default(plain, read, faults)
    blamed = {fault.where for fault in faults}
    for name, value in pairs:
        if isinstance(value, yaml.MappingNode):
            assert BY_NAME[name].env in blamed


def _is_secret(text: str) -> bool:
    """Return whether the canary stands in lines of secrets alone, also where that is no YAML.

    What begins on another line may go on in that of a secret, or make a key of it.
    """
    others = "".join(line for line in text.splitlines() if not SECRET_LINE.fullmatch(line))
    return CANARY not in others and not ACROSS_LINES & set(others)


VALUES = st.sampled_from(
    [
        *("", "~", "null", "NO", "yes", "on", "13:00", "03:00", "0123", "0o17", "0x1F", "1_000"),
        *("5", "0.1", ".5", "1e3", ".nan", ".inf", "2001-01-01", "'5'", '"a\\nb"', '"\\ud800"'),
        *("&a x", "*a", "!secret x", "!!binary eA==", "!!python/name:os.system x", "{a: b}", "[]"),
        *("[a, b]", "[a, [b]]", "[~, '']", "|\n  a\n  b", ">-\n  a", "http://r:1", "# x", "a # b"),
        *("CANARY77", "CANARY 77", "'CANARY77", "[CANARY77, x]", "@CANARY77", "0 3 * * *", "a: b"),
        *("- x", '"\\0"', "\ufeff", "\x85", "a\u2028b", "1mo", "22:00-06:00", "/", "%x", "`x`"),
    ]
)
KEYS = st.one_of(
    st.sampled_from(sorted(BY_NAME)),
    st.sampled_from(SECRET),
    st.sampled_from(
        ["RADARR_URL", "radar_url", "<<", "? a", "settings_file", "1", "[a]", "x" * 99]
    ),
)
AROUND = st.sampled_from(
    ["", "---", "...", "%YAML 1.1\n---", "# x", "\t", "{", "&a", "- x", "!!map"]
)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Return a file with a few lines."""
    pairs = draw(st.lists(st.tuples(KEYS, VALUES), max_size=5))
    lines = [f"{key}: {value}" for key, value in pairs]
    if draw(st.integers(0, 4)) == 0:
        lines.insert(draw(st.integers(0, len(lines))), draw(AROUND))
    text = draw(st.sampled_from(["", "", "\ufeff"])) + "\n".join(lines) + "\n"
    return text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n"]))).encode()


PIECES = (
    *(mark.encode() for mark in "#:-'\"[]{}&*!|>%@`,?\n\r\t\x00\x85\u2028é\ufeff"),
    b"radarr_api_key: CANARY77\n",
    b"monthly_budget: ",
    b"<<: *a\n",
    b"!!python/object:os.x ",
    b"[" * 40,
    b"\xff",
    b"---\n",
)

TARGET = Target("settings_file", check, files(), PIECES)
