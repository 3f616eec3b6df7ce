"""Luck, drawn from the minute's own source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from script.soaking.place import Place

HALF: Final = 0.5
SELDOM: Final = 0.3


def heads(place: Place) -> bool:
    """Toss a coin."""
    return place.chance.random() < HALF


def seldom(place: Place) -> bool:
    """Return true three times in ten."""
    return place.chance.random() < SELDOM
