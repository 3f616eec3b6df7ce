"""A judge who knows what it thinks of every pair, and says it with an unsteady voice.

It reads the prompt as the demo's judge does, and heeds what the prompt says of standing chances.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from kometa_ai.demo.judgement import NAMED_FROM, lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kometa_ai.demo.judgement import Line

NEAR: Final = 0.15
WORDS: Final = [
    "A",
    "plan",
    "goes",
    "wrong",
    "and",
    "old",
    "friends",
    "turn",
    "on",
    "each",
    "other",
    "in",
    "the",
    "end",
    "while",
    "the",
    "town",
    "keeps",
    "its",
    "secret",
    "through",
    "one",
    "long",
    "winter",
]


@dataclass(slots=True)
class Unsteady:
    """Has a true chance for each pair, and gives another one whenever it is asked.

    ``members`` and ``doubtful`` are shares of all pairs: those that belong (0.88 to 0.98), and
    those within 0.15 of the threshold; all others have next to no chance. ``thresholds`` are those
    of the collections Wish 1, Wish 2 and so on, by turns. Each time it adds or takes up to
    ``noise``, and of the doubtful ones turns ``flips`` around. It is made of the ``seed``, the
    pair, and how often it was asked about that before.
    """

    members: float = 0.05
    doubtful: float = 0.0
    thresholds: Sequence[float] = (0.7,)
    noise: float = 0.0
    flips: float = 0.0
    seed: int = 0
    deaf: bool = False
    """Names every pair with a fair chance, whatever stands."""
    asked: Counter[tuple[int, str]] = field(default_factory=Counter)

    def __call__(self, system: str, message: str) -> dict[str, object]:
        """Answer a prompt, in the shape that it asks for."""
        names = dict(
            re.findall(r"^([A-Z])\. (.+)$", system.partition("Collections:\n\n")[2], re.MULTILINE)
        )
        named: list[dict[str, object]] = []
        judged = []
        for line in lines(message):
            judged.append(line.id)
            for letter, name in names.items():
                if line.only is None or letter in line.only:
                    chance = self.says(line.id, name)
                    if self._names(line, letter, chance):
                        why = self._why(line.id, name)
                        named.append({"id": line.id, "c": letter, "p": chance, "why": why})
        return {"named": named, "judged": judged}

    def truth(self, item_id: int, name: str) -> float:
        """Return what it thinks of a pair."""
        luck, place = self._luck(f"truth|{item_id}|{name}")
        if luck < self.members:
            return 0.88 + 0.1 * place
        if luck < self.members + self.doubtful:
            return self.threshold(name) + NEAR * (2 * place - 1)
        return 0.01 + 0.1 * place

    def threshold(self, name: str) -> float:
        """Return the threshold of a collection."""
        return self.thresholds[(int(name.removeprefix("Wish ")) - 1) % len(self.thresholds)]

    def says(self, item_id: int, name: str) -> float:
        """Return what it says of a pair, this time."""
        self.asked[item_id, name] += 1
        chance = self.truth(item_id, name)
        shake, luck = self._luck(f"{self.asked[item_id, name]}|{item_id}|{name}")
        if luck < self.flips and abs(chance - self.threshold(name)) <= NEAR:
            chance = 1 - chance
        return round(min(0.99, max(0.01, chance + self.noise * (2 * shake - 1))), 2)

    def _names(self, line: Line, letter: str, chance: float) -> bool:
        if letter not in line.standing or self.deaf:
            return chance >= NAMED_FROM
        return not line.kept(letter, chance)

    def _why(self, item_id: int, name: str) -> str:
        luck, length = self._luck(f"why|{item_id}|{name}")
        begin = int(luck * (len(WORDS) - 12))
        return " ".join(WORDS[begin : begin + 7 + int(6 * length)])

    def _luck(self, text: str) -> tuple[float, float]:
        digest = blake2b(f"{self.seed}|{text}".encode(), digest_size=8).digest()
        first, second = (int.from_bytes(half, "big") / 2**32 for half in (digest[:4], digest[4:]))
        return first, second
