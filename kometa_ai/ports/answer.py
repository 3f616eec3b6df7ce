"""What Claude answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kometa_ai.domain.cost import Usage


class Ending(StrEnum):
    """How an answer ended."""

    COMPLETE = "complete"
    CUT_OFF = "cut off"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """What Claude answered, and what it used; ``text`` may be broken unless complete."""

    text: str
    ending: Ending
    usage: Usage
    model: str
