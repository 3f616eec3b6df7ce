"""A text as wide as the terminal."""

from __future__ import annotations

import shutil
import textwrap


def wrapped(text: str) -> str:
    """Return a text with its lines wrapped at words to the terminal's width."""
    width = max(shutil.get_terminal_size().columns, 20)
    return "\n".join(
        textwrap.fill(
            one,
            width,
            subsequent_indent=" " * (len(one) - len(one.lstrip(" "))),
            break_long_words=False,
            break_on_hyphens=False,
            replace_whitespace=False,
        )
        for one in text.split("\n")
    )
