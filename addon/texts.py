"""Texts as Home Assistant can hold them: on one line, and short."""

from __future__ import annotations

import json
import re
from typing import Final

STATE_LENGTH: Final = 255
"""Home Assistant holds no longer state."""
TITLE_SIZE: Final = 400
"""Bytes of one title as JSON: twenty of them and three texts stay below 16 KiB of attributes."""


def plain(text: str) -> str:
    """Return a text on one line, of characters that every JSON reader takes."""
    # Half a surrogate pair is valid in YAML; Home Assistant would refuse the whole payload.
    sound = text.encode("utf-8", "replace").decode()
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", sound).split())


def cut(text: str, length: int = STATE_LENGTH, *, size: int | None = None) -> str:
    """Return a text on one line of at most ``length`` characters; ``size`` is in bytes as JSON."""
    short = line = plain(text)
    if len(line) > length:
        short = f"{line[: length - 1].rstrip()}…"
    while size is not None and len(json.dumps(short)) > size:
        short = f"{short[: len(short) * 9 // 10 - 1].rstrip()}…"
    return short


def counted(count: int, one: str, many: str) -> str:
    """Return a number and its noun."""
    return f"{count:,} {one if count == 1 else many}"
