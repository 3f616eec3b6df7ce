"""Words and numbers as people read them, whatever they read them on."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

SMALLEST: Final = Decimal("0.0001")
MINUTE: Final = 60
HOUR: Final = 3600
UNSAFE: Final = re.compile(
    # Titles and summaries are written by strangers: an escape sequence in one could clear the
    # screen, and an override of the direction of writing could turn the rest of a line around.
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)


def clean(text: str) -> str:
    """Return a text without control characters; its lines stay."""
    return UNSAFE.sub(lambda found: " " if found.group() == "\t" else "", text)


def line(text: str) -> str:
    """Return a text without control characters as one line."""
    return clean(" ".join(text.splitlines()))


def sentence(text: str) -> str:
    """Return a text that ends like a sentence."""
    return text if text.endswith((".", "!", "?", "…", "”", '."')) else f"{text}."


def many(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is one."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def usd(amount: Decimal) -> str:
    """Return money: cents, or four digits where it is less than a dollar."""
    if 0 < amount < SMALLEST:
        return f"<${SMALLEST}"
    return f"${amount:,.2f}" if amount >= 1 or not amount else f"${amount:.4f}"


def duration(seconds: float) -> str:
    """Return how long something took."""
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    if seconds < HOUR:
        return f"{int(seconds // MINUTE)} min {int(seconds % MINUTE)} s"
    return f"{int(seconds // HOUR)} h {int(seconds % HOUR // MINUTE)} min"
