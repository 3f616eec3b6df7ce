"""How the simulated Claude judges: by the words of the prompt that it is sent, and nothing else.

It knows no collection, and of films what it has read of them before. It reads the collections out
of the instructions and the titles out of the message, and looks for what they have in common. A
prompt that lacks one of them, or mixes them up, gets the answer that it deserves.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from kometa_ai.demo.vocabulary import Vocabulary, terms, vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAMED_FROM: Final = 0.35
MOVED_FROM: Final = 0.1
WORDS_OF_WHY: Final = 12
ADDED: Final = re.compile(r"(judge only|standing|again): (.+)")
CHANCE: Final = re.compile(
    r"(?:^|[,;] )(?P<letter>[A-Z]) (?P<chance>\d\.\d\d)(?: until (?P<until>\d\.\d\d))?(?=[,;]|$)"
)
ENOUGH: Final = 2.2
"""From here on a title belongs; it takes a word and a phrase, or three words that say something."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A collection as the instructions describe it."""

    letter: str
    name: str
    words: Vocabulary


@dataclass(frozen=True, slots=True)
class Line:
    """A title as the message describes it."""

    id: int
    year: int
    facts: str
    overview: str
    only: frozenset[str] | None
    standing: Mapping[str, float]
    until: Mapping[str, float]
    reasons: str

    def kept(self, letter: str, chance: float) -> bool:
        """Return whether a chance leaves standing what stands."""
        stands, until = self.standing[letter], self.until.get(letter)
        if until is None:
            return abs(chance - stands) < MOVED_FROM
        return chance < until if stands < until else chance > until


def wishes(system: str) -> list[Wish]:
    """Read the collections out of the instructions: each begins with the next letter."""
    _, _, listed = system.partition("Collections:\n\n")
    found: list[Wish] = []
    texts: list[str] = []
    for paragraph in listed.split("\n\n"):
        head = f"{chr(ord('A') + len(texts))}. "
        if paragraph.startswith(head):
            texts.append(paragraph.removeprefix(head))
        elif texts:
            texts[-1] += f"\n{paragraph}"
    for number, text in enumerate(texts):
        letter, name = chr(ord("A") + number), text.partition("\n")[0]
        found.append(Wish(letter, name, vocabulary(text)))
    return found


def lines(message: str) -> Iterator[Line]:
    """Read the titles out of the message."""
    for row in message.splitlines():
        match = re.match(r"#(\d+) (.+)", row)
        if match is None:
            continue
        parts = match[2].split(" | ")
        only: frozenset[str] | None = None
        standing: dict[str, float] = {}
        until: dict[str, float] = {}
        reasons = ""
        while len(parts) > 1 and (label := ADDED.match(parts[-1])):
            parts.pop()
            if label[1] == "judge only":
                only = frozenset(label[2].split(", "))
                continue
            told = list(CHANCE.finditer(label[2]))
            standing = {one["letter"]: float(one["chance"]) for one in told}
            until = {one["letter"]: float(one["until"]) for one in told if one["until"]}
            if label[1] == "again":
                only = frozenset(standing)
                reasons = label[2]
        year = re.search(r"\((\d{4})\)$", parts[0])
        facts = " | ".join(parts[:-1])
        yield Line(
            int(match[1]),
            int(year[1]) if year else 0,
            facts,
            parts[-1],
            only,
            standing,
            until,
            reasons,
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judge whose chances may tremble.

    ``enough`` is what a title and a wish must have in common. ``noise`` is added to or taken from
    each chance at most, ``flips`` is the share of verdicts that are turned around; both depend on
    the seed, the words, and how often the title was asked about for the wish before.
    """

    enough: float = ENOUGH
    noise: float = 0.0
    flips: float = 0.0
    seed: int = 0
    _read: dict[int, str] = field(default_factory=dict, repr=False, compare=False)
    _asked: Counter[tuple[str, int]] = field(default_factory=Counter, repr=False, compare=False)

    def __call__(self, system: str, message: str) -> dict[str, object]:
        """Answer a prompt, in the shape that it asks for."""
        asked = wishes(system)
        named: list[dict[str, object]] = []
        judged: list[int] = []
        for line in lines(message):
            judged.append(line.id)
            for wish in asked:
                if line.only is not None and wish.letter not in line.only:
                    continue
                chance = self._chance(wish, line)
                stands = wish.letter in line.standing
                if not line.kept(wish.letter, chance) if stands else chance >= NAMED_FROM:
                    why = _why(wish, line)
                    named.append({"id": line.id, "c": wish.letter, "p": chance, "why": why})
        return {"named": named, "judged": judged}

    def _chance(self, wish: Wish, line: Line) -> float:
        text = f"{line.facts} | {line.overview}"
        if line.until:  # most of what is known of a title is left out when it is asked again
            text += f" | {line.reasons} | {self._read.get(line.id, '')}"
        else:
            self._read[line.id] = text
        common = wish.words.overlap(terms(text))
        chance = decided(common + wish.words.suits(line.year) - self.enough)
        if self.noise or self.flips:
            self._asked[wish.name, line.id] += 1
            known = f"{line.id}|{line.year}|{line.facts}|{self._asked[wish.name, line.id]}"
            said = f"{self.seed}|{wish.name}|{known}"
            digest = blake2b(said.encode("utf-8", "replace"), digest_size=8).digest()
            shake, luck = (int.from_bytes(half, "big") / 2**32 for half in (digest[:4], digest[4:]))
            chance = 1 - chance if luck < self.flips else chance
            chance += self.noise * (2 * shake - 1)
        return round(min(0.99, max(0.01, chance)), 2)


def decided(surplus: float) -> float:
    """Turn what is there beyond enough into a chance that leaves little doubt."""
    doubt = 0.1 * math.exp(-abs(surplus))
    return 0.98 - doubt if surplus >= 0 else 0.02 + doubt


def _why(wish: Wish, line: Line) -> str:
    """Quote the clause of the overview that has most in common with the wish."""
    clauses = re.split(r"[.;:,]\s+|\s+(?=(?:and|but|until|while|when|who|which)\s)", line.overview)
    best = max(clauses, key=lambda clause: (wish.words.overlap(terms(clause)), len(clause)))
    words = re.sub(r"^(?:and|but|until|while|when|who|which)\s+", "", best).strip(" .…").split()
    said = " ".join(words[:WORDS_OF_WHY])
    return said[:1].upper() + said[1:]
