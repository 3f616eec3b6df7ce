"""Settings in the environment: a value of its type, or a fault that names it and no secret."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from kometa_ai.settings import BY_ENV, SETTINGS
from tests.fuzz.loading import CANARY, loaded, no_silent_default, shown
from tests.fuzz.target import Target

LOGINS = {"RADARR_URL", "CLAUDE_BASE_URL"}
"""Addresses that may hold a login: it is a secret, the rest of them is none."""


def check(data: bytes) -> None:
    """Read an environment, in the form of Linux' ``/proc/self/environ``."""
    pairs = (pair.partition("=") for pair in data.decode("utf-8", "surrogateescape").split("\0"))
    environ = {name: value for name, sign, value in pairs if sign}
    environ.pop("SETTINGS_FILE", None)  # has a target of its own
    read, faults = loaded(environ)
    written = {name: value.strip() for name, value in environ.items() if name in BY_ENV}
    no_silent_default(written, read, faults)
    told = shown(read, faults)
    if not any(map(_tells, environ.items())):
        assert CANARY not in told


def _tells(pair: tuple[str, str]) -> bool:
    """Return whether the canary stands where it is no secret."""
    name, value = pair
    if CANARY in name:
        return True
    if name in LOGINS:
        value = re.sub(r"^.*@", "", value.strip(), flags=re.DOTALL)
    setting = BY_ENV.get(name)
    return CANARY in value and not (setting and setting.secret)


TEXTS = st.sampled_from(
    [
        *(
            "true",
            "NO",
            "1",
            "0",
            "-1",
            "5",
            "5,0",
            "5OO",
            "1_000",
            "٣",
            "\uff10",
            "1e3",
            "0x10",
            "NaN",
        ),
        *("inf", "9" * 30, "0.30000000000000004", "-0", "+7", ".5", ".", "1" * 400 + "x", "0777"),
        *("live", "Auto", "xhigh", "claude-haiku-5-5", "text", "JSON"),
        *(
            "http://radarr:7878/base/",
            "https://[::1]:443",
            "http://[::1",
            "http://a:99999",
            "http:",
        ),
        *("http://user:CANARY77@radarr", "http://user:CANARY77@/x@y", "user:CANARY77@radarr"),
        *(
            "radarr",
            "10.0.0.1",
            "1.2.3",
            "::1",
            "-x",
            "a..b",
            "host:25",
            "ex\u0430mple",
            "[fe80::1%1]",
        ),
        *("me@example.org", "Me <me@example.org>, b@c", "a@b@c", '"x" <>', "@"),
        *("discord://a/b", "mailto://u:p@h, json://h", "x:/y", ",;,"),
        *("kometa_ai", "a/b", "/a", "a//b", "$sys", "a/#", "\u0130/\u0131"),
        *("Europe/Berlin", "utc", "America", "../etc/passwd", "zone.tab", "a" * 300, "/etc", "."),
        *("03:00", "24:00", "3:0", "6h", "1d", "2w", "1mo", "1m", "0d", "999mo", "1000h"),
        *("0 3 * * *", "@daily", "*/0 * * * *", "5-5/7 * * * *", "0 0 29 2 mon#5", "R R R R R"),
        *("0 0 l * *; 5 4 * * 5l", "* * 31 2,4 *", "0 3 15W * *", "@Reboot", "0 0 30 2 *"),
        *("22:00-06:00; Sat,Sun 10:00-12:00", "Fri-Mon 00:00-23:59", "mon 1:00 - 2:00", "x 1-2"),
        *("00:00-00:00", "Mon" + " " * 60 + "x", "00:00-12:00;12:00-00:00"),
        *(
            "~/x",
            "~nobody-here/x",
            "/nonexistent",
            "/",
            "/etc/hostname",
            "x" * 5000,
            "a\tb",
            "a\nb",
        ),
        *("\x85x", "a\u2028b", "a\u202eb", "\udcff", "\ufeffkey", "CANARY77", "CANARY77 \u200b"),
        *(
            "https://hc-ping.com/CANARY77",
            "https://h/CANARY77#x",
            "slack://CANARY77/x/y, !CANARY77",
        ),
        "smtp\u3002example\u3002org",
    ]
)
NAMES = st.one_of(
    st.sampled_from(sorted(BY_ENV)),
    st.sampled_from([setting.file_env for setting in SETTINGS]),
    st.sampled_from(["RADAR_URL", "radarr_url", "MAX_EVALS", "PATH", "IMAGE_LOG_DIR", "LOGDIR"]),
)


@st.composite
def environments(draw: st.DrawFn) -> bytes:
    """Return an environment with a few settings in it."""
    pairs = draw(st.lists(st.tuples(NAMES, TEXTS), min_size=1, max_size=6))
    told = "\0".join(f"{name}={value}" for name, value in pairs)
    return told.encode("utf-8", "surrogateescape")


PIECES = (
    *(mark.encode() for mark in "\0=;,:/@#-.\n\t \x7f\x85\u2028é"),
    *(f"\0{setting.env}=".encode() for setting in SETTINGS),
    b"CANARY77",
    b"9" * 40,
    b" " * 60,
    b"\xff",
    b"\xd9\xa3",
)

TARGET = Target("settings_values", check, environments(), PIECES)
