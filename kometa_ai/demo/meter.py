"""What the simulated Claude bills: tokens, prompt cache and list prices.

Written apart from kometa_ai/domain/cost.py on purpose: tests hold the two against each other.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

CACHE_LIFE: Final = 300.0
PIECES: Final = re.compile(
    r"[a-z\u00c0-\u024f\u0370-\u06ff]+|[0-9]+|\s+|[!-/:-@\[-`{-~]+|.", re.IGNORECASE
)
LETTERS_PER_TOKEN: Final = 4
DIGITS_PER_TOKEN: Final = 3
SIGNS_PER_TOKEN: Final = 2
RARE_LETTERS_PER_TOKEN: Final = 2


def count_tokens(text: str) -> int:
    """Return about as many tokens as the tokenizer of current models makes of a text.

    A word of up to four letters is one token together with the blank before it, or of up to two if
    they are accented, Greek, Cyrillic, Hebrew or Arabic. Digits go by threes, brackets and
    quotation marks by twos, and everything else beyond ASCII one by one.
    """
    tokens = 0
    for match in PIECES.finditer(text):
        piece = match.group()
        if piece == " ":
            continue
        if piece.isalpha() and piece[0] < "\u0700":
            rare = sum(letter > "~" for letter in piece) if not piece.isascii() else 0
            common = len(piece) - rare
            tokens += ceil(common / LETTERS_PER_TOKEN + rare / RARE_LETTERS_PER_TOKEN)
        elif piece.isdigit() and piece.isascii():
            tokens += -(-len(piece) // DIGITS_PER_TOKEN)
        elif piece.isspace():
            tokens += 1
        else:
            tokens += -(-len(piece) // SIGNS_PER_TOKEN)
    return tokens


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a model costs, in USD per million tokens, and when its cache begins to work.

    ``long`` holds the prices of input and output for prompts of more than ``long_from`` tokens.
    """

    prompt: str
    answer: str
    minimum: int = 512
    cached: str = "0.1"
    long_from: int = 10**9
    long: tuple[str, str] = ("0", "0")


TARIFFS: Final = {
    "claude-haiku-5-5": Tariff("0.10", "0.50", long_from=100_000, long=("0.50", "2.50")),
    "claude-sonnet-5-5": Tariff("2", "10", cached="0.05"),
    "claude-opus-5-5": Tariff("4", "20", cached="0.05"),
    "claude-fable-5-2": Tariff("8", "40"),
    "claude-fable-5-1": Tariff("10", "50", cached="0.025"),
    "claude-opus-5": Tariff("5", "25"),
    "claude-sonnet-5": Tariff("2", "10", 1024),
    "claude-opus-4-8": Tariff("5", "25", 4096),
    "claude-opus-4-7": Tariff("5", "25", 4096),
    "claude-opus-4-6": Tariff("5", "25", 4096),
    "claude-sonnet-4-6": Tariff("3", "15", 1024),
    "claude-haiku-4-5": Tariff("1", "5", 4096),
}


@dataclass(slots=True)
class Bill:
    """One request's tokens, as the API reports them, and its price."""

    model: str
    fresh: int
    written: int
    read: int
    output: int = 0
    batch: bool = False

    @property
    def usd(self) -> Decimal:
        """Return the price of the request, by the list."""
        tariff = TARIFFS[self.model]
        prompt, answer = tariff.prompt, tariff.answer
        if self.fresh + self.written + self.read > tariff.long_from:
            prompt, answer = tariff.long
        weighted = self.fresh + Decimal("1.25") * self.written + Decimal(tariff.cached) * self.read
        dollars = (weighted * Decimal(prompt) + self.output * Decimal(answer)) / 10**6
        return dollars / 2 if self.batch else dollars

    def usage(self, output: int | None = None) -> dict[str, int]:
        """Return the tokens in the API's words."""
        return {
            "input_tokens": self.fresh,
            "cache_creation_input_tokens": self.written,
            "cache_read_input_tokens": self.read,
            "output_tokens": self.output if output is None else output,
        }


@dataclass(slots=True)
class Meter:
    """Counts and bills, and keeps the prompt cache."""

    now: Callable[[], float] = time.monotonic
    bills: list[Bill] = field(default_factory=list)
    _cache: dict[tuple[str, str], float] = field(default_factory=dict)

    @property
    def usd(self) -> Decimal:
        """Return what all requests cost together."""
        return sum((bill.usd for bill in self.bills), Decimal(0))

    @property
    def usd_by_model(self) -> dict[str, Decimal]:
        """Return what the requests to each model cost together."""
        sums: dict[str, Decimal] = {}
        for bill in self.bills:
            sums[bill.model] = sums.get(bill.model, Decimal(0)) + bill.usd
        return sums

    @property
    def requests_by_model(self) -> dict[str, int]:
        """Return how many requests to each model were answered, or begun to be."""
        return dict(Counter(bill.model for bill in self.bills))

    def cool(self) -> None:
        """Let everything in the cache grow cold, as it does in a few minutes."""
        self._cache.clear()

    def open(self, model: str, prefix: str, rest: str, *, batch: bool = False) -> Bill:
        """Begin to bill a request; ``prefix`` is the part that is marked for the cache."""
        beginning, remainder = count_tokens(prefix), count_tokens(rest)
        if beginning < TARIFFS[model].minimum:  # nothing is cached, and nothing is said
            bill = Bill(model, beginning + remainder, 0, 0)
        elif self._cache.get((model, prefix), 0.0) > self.now():
            bill = Bill(model, remainder, 0, beginning)
        else:
            bill = Bill(model, remainder, beginning, 0)
        bill.batch = batch
        self.bills.append(bill)
        return bill

    def answer_begins(self, model: str, prefix: str) -> None:
        """Make the prefix readable: it is not before its answer begins, and a read renews it."""
        self._cache[model, prefix] = self.now() + CACHE_LIFE
