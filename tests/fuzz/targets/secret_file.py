"""Files that hold a secret: its text is the secret, or a fault names the setting and no secret."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st

from tests.fuzz.loading import CANARY, loaded, shown
from tests.fuzz.target import Target, mostly

NAMES = ("RADARR_API_KEY", "SMTP_PASSWORD", "WEBHOOK_URLS", "HEARTBEAT_URL")


def check(data: bytes) -> None:
    """Read one file as secrets of four kinds."""
    with TemporaryDirectory() as place:
        path = Path(place) / "secret"
        path.write_bytes(data)
        read, faults = loaded({f"{name}_FILE": str(path) for name in NAMES})
    blamed = {fault.where.removesuffix("_FILE") for fault in faults}
    assert blamed <= set(NAMES)
    if "SMTP_PASSWORD" not in blamed:
        assert read.settings.smtp_password == data.decode("utf-8-sig").strip()
    if "RADARR_API_KEY" not in blamed:
        assert read.settings.radarr_api_key == data.decode("utf-8-sig").strip()
        assert data.strip()
    assert CANARY not in shown(read, faults)


TEXTS = mostly(
    st.sampled_from(
        ["CANARY77", "https://CANARY77/x", "https://a:CANARY77@h, http://b", "CANARY 77"]
    ),
    st.sampled_from(
        ["", " \n", "a\nCANARY77", "CANARY77\x00", "\ufeffCANARY77", "CANARY77\u2028", "x" * 70_000]
    ),
)
ENDS = st.sampled_from(["", "\n", "\r\n", "\n\n", " "])
WRITTEN = st.tuples(st.sampled_from(["", "", "\ufeff", " "]), TEXTS, ENDS).map("".join)

PIECES = (
    *(mark.encode() for mark in " \n\r\t\0:/@,;#?\x85\u2028\ufeff"),
    b"CANARY77",
    b"https://",
    b"\xff\xfe",
    b"x" * 20_000,
)

TARGET = Target("secret_file", check, WRITTEN.map(str.encode), PIECES)
