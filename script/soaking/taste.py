"""How the simulated Claude judges in the soak, and a record of each question it was asked."""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from kometa_ai.demo.claude import SimulatedClaude
from kometa_ai.demo.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kometa_ai.demo.meter import Bill
    from kometa_ai.demo.mishap import Mishap
    from kometa_ai.demo.refusals import Json

NAMED_FROM: Final = 0.35
MOVED_FROM: Final = 0.1
SURE, DOUBTFUL = 0.2, 0.3
LINE: Final = re.compile(r"#(\d+) (.+)")
ADDED: Final = re.compile(r"(judge only|standing|again): (.+)")
CHANCE: Final = re.compile(r"(?:^|[,;] )([A-Z]) (\d\.\d\d)(?: until (\d\.\d\d))?(?=[,;]|$)")

bill_of_this_request: ContextVar[Bill | None] = ContextVar("bill", default=None)
sound: ContextVar[bool] = ContextVar("sound", default=True)


@dataclass(frozen=True, slots=True)
class Pair:
    """One question about one film: how it was described, for which words, whether one stood."""

    item_id: int
    line: str
    words: str
    standing: bool


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: its bill, its pairs, and the chance that was given for each (None: unnamed)."""

    bill: Bill | None
    pairs: Mapping[Pair, float | None]
    sound: bool


@dataclass(slots=True)
class Taste:
    """Judges by the words and the line alone, so that the same question has the same answer.

    ``moods`` (by words) change the taste: what was sure before may then be turned around.
    """

    seed: int
    moods: dict[str, int] = field(default_factory=dict)
    asks: list[Ask] = field(default_factory=list)
    whole: dict[int, str] = field(default_factory=dict)
    """The last whole line of each film: a second look has a shorter one."""

    def __call__(self, system: str, message: str) -> object:
        """Answer a prompt in the shape that it asks for."""
        letters = _letters(system)
        named, judged = [], []
        pairs: dict[Pair, float | None] = {}
        for row in message.splitlines():
            match = LINE.fullmatch(row)
            if match is None:
                continue
            item_id, parts = int(match[1]), match[2].split(" | ")
            only, standing, until = _added(parts)
            line = " | ".join(parts)
            if until:
                line = self.whole.get(item_id, line)
            self.whole[item_id] = line
            judged.append(item_id)
            for letter, words in letters.items():
                if only and letter not in only:
                    continue
                chance, stands = self.chance(words, line), standing.get(letter)
                moved = stands is not None and _moved(chance, stands, until.get(letter))
                pair = Pair(item_id, line, words, stands is not None)
                if moved or (stands is None and chance >= NAMED_FROM):
                    named.append({"id": item_id, "c": letter, "p": chance, "why": "It suits"})
                    pairs[pair] = chance
                else:
                    pairs[pair] = stands
        self.asks.append(Ask(bill_of_this_request.get(), pairs, sound.get()))
        return {"named": named, "judged": judged}

    def chance(self, words: str, line: str) -> float:
        """Return a chance: a fifth of all is sure to belong, a tenth is near any threshold."""
        text = f"{self.seed}|{self.moods.get(words, 0)}|{words}|{line}"
        luck = int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big") / 2**32
        if luck < SURE:
            return round(0.93 + luck / 4, 2)
        if luck < DOUBTFUL:
            return round(0.45 + 4 * (luck - SURE), 2)
        return round(0.02 + (luck - DOUBTFUL) / 5, 2)


class WatchedMeter(Meter):
    """A meter that tells the judge which bill is being written."""

    def open(self, model: str, prefix: str, rest: str, *, batch: bool = False) -> Bill:
        """Begin to bill a request."""
        bill = Meter.open(self, model, prefix, rest, batch=batch)
        bill_of_this_request.set(bill)
        return bill


class WatchedClaude(SimulatedClaude):
    """A simulated Claude whose judge knows the bill, and whether the answer will arrive whole."""

    def __init__(self, api_key: str, taste: Taste) -> None:
        super().__init__(api_key, taste, meter=WatchedMeter())
        self.taste = taste

    def _next_mishap(self, body: dict[str, Json], *, refuses: bool = False) -> Mishap:
        mishap = super()._next_mishap(body, refuses=refuses)
        spoils = (mishap.answer, mishap.text, mishap.reset_after, mishap.end_after)
        whole = all(one is None for one in (*spoils, mishap.error_after))
        sound.set(whole and not mishap.stop_reason)
        return mishap


def _letters(system: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for paragraph in system.partition("Collections:\n\n")[2].split("\n\n"):
        head, _, rest = paragraph.partition(". ")
        if len(head) == 1:
            found[head] = rest.partition("\n")[2]
    return found


def _moved(chance: float, stands: float, until: float | None) -> bool:
    if until is None:
        return abs(chance - stands) >= MOVED_FROM
    return chance >= until if stands < until else chance <= until


def _added(parts: list[str]) -> tuple[frozenset[str], dict[str, float], dict[str, float]]:
    """Take what the prompt adds off the end of a line."""
    only: frozenset[str] = frozenset()
    standing: dict[str, float] = {}
    until: dict[str, float] = {}
    while len(parts) > 1 and (label := ADDED.fullmatch(parts[-1])):
        parts.pop()
        if label[1] == "judge only":
            only = frozenset(label[2].split(", "))
        else:
            told = CHANCE.findall(label[2])
            standing = {letter: float(chance) for letter, chance, _ in told}
            until = {letter: float(turns) for letter, _, turns in told if turns}
            only = frozenset(standing) if until else only
    return only, standing, until
