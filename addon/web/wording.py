"""Times, money and names as the page says them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from addon.texts import plain

if TYPE_CHECKING:
    from datetime import datetime

LONGEST: Final = 600
"""Characters of the longest reason, sentence or name that is shown whole."""
MINUTE: Final = 60
HOUR: Final = 3600
WEEK: Final = 7
SMALLEST: Final = Decimal("0.0001")
TURNS: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of writing around, and with it the rest of a line."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A time: for people, and for programs."""

    said: str
    exact: str


def safe(text: str) -> str:
    """Return a text by strangers on one line, without what would disturb the rest of the page."""
    line = plain(TURNS.sub("", text))
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1].rstrip()}…"


def moment(at: datetime, now: datetime, *, brief: bool = False) -> Moment:
    """Return a time as seen from ``now``, in whose zone it is told; ``brief``: no "today"."""
    local = at.astimezone(now.tzinfo)
    days = (local.date() - now.date()).days
    if abs(days) <= 1:
        day = {-1: "yesterday", 0: "today", 1: "tomorrow"}[days]
    elif abs(days) < WEEK and days > 0:
        day = f"{local:%A}"
    else:
        year = "" if local.year == now.year else f" {local.year}"
        day = f"{local.day} {local:%B}{year}"
    said = f"{local:%H:%M}" if brief and not days else f"{day}, {local:%H:%M}"
    return Moment(said, local.isoformat(timespec="seconds"))


def usd(amount: Decimal) -> str:
    """Return money: cents, or four digits where it is less than a dollar."""
    if 0 < amount < SMALLEST:
        return f"<${SMALLEST}"
    return f"${amount:,.2f}" if amount >= 1 or not amount else f"${amount:.4f}"


def budget(amount: Decimal) -> str:
    """Return an amount that somebody has set."""
    return f"${amount:,.2f}"


def duration(seconds: float) -> str:
    """Return how long something took."""
    if seconds < MINUTE - 0.05:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"


def sentence(text: str) -> str:
    """Return a text that ends like a sentence."""
    return text if not text or text.endswith((".", "!", "?", "…", ":")) else f"{text}."
