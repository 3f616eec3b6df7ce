"""What tokens cost, what a request may cost at most, and the budgets that nothing may exceed."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kometa_ai.domain.requests import Request

MILLION: Final = Decimal(1_000_000)
BATCH_FACTOR: Final = Decimal("0.5")
NOTHING: Final = Decimal(0)
BYTES_PER_TOKEN: Final = 3.1
"""Of English, by the tokenizer of current models; used to estimate, never to bill."""
TOKENS_PER_BYTE: Final[Mapping[bytes, float]] = {
    string.digits.encode(): 0.45,
    string.punctuation.encode(): 1.0,
    bytes(range(0xC0, 0xE0)): 0.5,
    bytes(range(0xE0, 0xF0)): 1.0,
    bytes(range(0xF0, 0xF8)): 2.0,
}
"""Digits; signs; and, by the first byte of a character, accented, Greek, Cyrillic and Arabic
letters; those of India and East Asia, and printers' quotation marks; emoji."""
REST: Final = bytes(range(0x80, 0xC0))
"""The further bytes of such a character."""
LETTERS_PER_TOKEN: Final = 3.7
"""Of all others, blanks included."""
SCHEMA_TOKENS: Final = 1_000
"""Room for what the API adds to a prompt by itself to hold the answer to its schema."""


class Thinking(StrEnum):
    """How a model can be kept from thinking before it answers, which is billed as output."""

    OFF = "off"
    """It does not think unless asked."""
    CAN_DISABLE = "can disable"
    BETWEEN_TOOLS = "between tools"
    """It refuses ``disabled``; where there are no tools, ``between_tools`` comes to the same."""
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Tier:
    """USD per million tokens."""

    input: Decimal
    output: Decimal


@dataclass(frozen=True, slots=True)
class Model:
    """A model's prices and the traits that decide how it is asked.

    ``above`` applies to every token of a request whose whole prompt is longer than
    ``above_tokens``. Cache factors multiply the input price. ``known`` is false for the fallback.
    """

    name: str
    tier: Tier
    above_tokens: int | None = None
    above: Tier | None = None
    cache_write: Decimal = Decimal("1.25")
    cache_read: Decimal = Decimal("0.1")
    cache_minimum: int = 1024
    thinking: Thinking = Thinking.ALWAYS
    known: bool = True

    def tier_for(self, prompt_tokens: int) -> Tier:
        """Return the prices for a request with this many prompt tokens, cached ones included."""
        if self.above is None or self.above_tokens is None or prompt_tokens <= self.above_tokens:
            return self.tier
        return self.above


@dataclass(frozen=True, slots=True)
class PriceTable:
    """The prices of one day, and where they were read.

    A model that is not among them may be dearer than all of them: it is counted as
    ``unknown_factor`` times the dearest of each price.
    """

    date: str
    source: str
    models: Mapping[str, Model]
    unknown_factor: Decimal

    @property
    def fallback(self) -> Model:
        """Return what stands for any model that is not in the table."""
        models = self.models.values()
        tiers = [tier for one in models for tier in (one.tier, one.above) if tier is not None]
        return Model(
            "any other model",
            Tier(
                self.unknown_factor * max(tier.input for tier in tiers),
                self.unknown_factor * max(tier.output for tier in tiers),
            ),
            cache_write=max(one.cache_write for one in models),
            cache_read=max(one.cache_read for one in models),
            cache_minimum=max(one.cache_minimum for one in models),
            known=False,
        )

    def model(self, name: str) -> Model:
        """Return a model by its id or by the id without its date; else the fallback."""
        for known in sorted(self.models, key=len, reverse=True):
            if name == known or re.fullmatch(rf"{re.escape(known)}-\d{{8}}", name):
                return self.models[known]
        return self.fallback


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the API reports them; ``input_tokens`` excludes cached ones."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        """Return the sum, kind by kind."""
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
        )

    @property
    def prompt_tokens(self) -> int:
        """Return the whole length of the prompt."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens


def price(usage: Usage, model: Model, *, batch: bool = False) -> Decimal:
    """Return what one request cost, in USD, exactly."""
    tier = model.tier_for(usage.prompt_tokens)
    dollars = (
        usage.input_tokens * tier.input
        + usage.cache_write_tokens * tier.input * model.cache_write
        + usage.cache_read_tokens * tier.input * model.cache_read
        + usage.output_tokens * tier.output
    ) / MILLION
    return dollars * BATCH_FACTOR if batch else dollars


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a request in bytes of UTF-8, and the most tokens that its answer may take.

    ``instruction_tokens`` and ``message_tokens`` are how many are expected (``None``: as of bytes
    of English), ``thoughts`` those that the model is expected to think before it answers.
    """

    instructions: int
    message: int
    max_tokens: int
    instruction_tokens: int | None = None
    message_tokens: int | None = None
    thoughts: int = 0


TOKENS_PER_NAMED: Final = 48
"""An entry with its reason; more is cut off by max_tokens and asked again in halves."""
TOKENS_PER_JUDGED: Final = 5
ANSWER_FLOOR: Final = 512
ANSWER_CEILING: Final = 16_000
THINKING_ROOM: Final = 8_000


def max_tokens(request: Request, *, thinks: bool) -> int:
    """Return room for an answer that names every pair, within what one answer may hold."""
    named = TOKENS_PER_NAMED * request.pairs + TOKENS_PER_JUDGED * len(request.questions)
    room = min(ANSWER_CEILING, ANSWER_FLOOR + named)
    return room + THINKING_ROOM if thinks else room


def at_most(shape: Shape, model: Model, *, batch: bool = False) -> Decimal:
    """Return the most that a request can cost: every byte a token, the answer at its limit."""
    tokens = shape.instructions + shape.message + SCHEMA_TOKENS
    tier = model.tier_for(tokens)
    writes = max(Decimal(1), model.cache_write)
    dollars = (tokens * tier.input * writes + shape.max_tokens * tier.output) / MILLION
    return dollars * BATCH_FACTOR if batch else dollars


NAMED_SHARE: Final = 0.055
"""Share of judged pairs that Claude names, as long as nothing is known of a library and a wish.

With wishes made for a library it was 0.03 to 0.08; to estimate, never to bill.
"""
MOVED_SHARE: Final = 0.5
"""Share of standing chances near the threshold that are named anew, by an unsure judge."""
MOVED_SHARE_OF_SURE: Final = 0.12
"""The same of all other standing chances."""
TURNED_SHARE: Final = 0.06
"""Share of second looks that turn a membership around; no other chance is named in them."""
TOKENS_PER_SCHEMA: Final = 170
TOKENS_PER_ANSWER: Final = 8
TOKENS_PER_ENTRY: Final = 23
"""What a named pair takes in an answer, without its reason."""
TOKENS_PER_REASON: Final = 14.0
"""As long as none is known."""
DIGITS_PER_TOKEN: Final = 3
THOUGHTS: Final = {"low": 200, "medium": 700, "high": 1_600, "xhigh": 3_000, "max": 6_000}
"""Tokens that a model thinks about a request, by its effort; a guess, they vary most of all."""


def tokens(text: str) -> int:
    """Return about how many tokens the tokenizer of current models makes of a text."""
    left = text.encode("utf-8", "replace").translate(None, REST)
    count = 0.0
    for kind, each in TOKENS_PER_BYTE.items():
        size = len(left)
        left = left.translate(None, kind)
        count += each * (size - len(left))
    return round(count + len(left) / LETTERS_PER_TOKEN)


def prompt_tokens(shape: Shape) -> int:
    """Return about how many tokens a request has without its answer."""
    return beginning(shape) + _expected(shape.message_tokens, shape.message)


def beginning(shape: Shape) -> int:
    """Return about how many tokens of a request are the same for its whole group."""
    return _expected(shape.instruction_tokens, shape.instructions) + TOKENS_PER_SCHEMA


def _expected(count: int | None, size: int) -> int:
    return round(size / BYTES_PER_TOKEN) if count is None else count


def estimate(
    shape: Shape,
    request: Request,
    *,
    named: float,
    warm: bool,
    reason: float = TOKENS_PER_REASON,
) -> Usage:
    """Return the usage to expect of one request.

    ``named`` is how many pairs the answer will name, with a ``reason`` of so many tokens each;
    ``warm``: the beginning, if it is marked for the cache, is there already.
    """
    shared = beginning(shape)
    message = _expected(shape.message_tokens, shape.message)
    judged = sum(1 + -(-len(str(one.item.id)) // DIGITS_PER_TOKEN) for one in request.questions)
    answer = shape.thoughts + TOKENS_PER_ANSWER + judged + named * (TOKENS_PER_ENTRY + reason)
    output = min(shape.max_tokens, round(answer))
    if not request.cached:
        return Usage(shared + message, output)
    if warm:
        return Usage(message, output, cache_read_tokens=shared)
    return Usage(message, output, cache_write_tokens=shared)


@dataclass(slots=True)
class Budget:
    """Money that may still be spent: what is asked for is reserved first, then settled.

    ``limit`` is in USD, ``None`` for no limit. ``name`` is the setting that a person would raise.
    """

    name: str
    limit: Decimal | None
    spent: Decimal = Decimal(0)
    reserved: Decimal = field(default=Decimal(0))

    def allows(self, amount: Decimal) -> bool:
        """Return whether this much more stays within the limit, whatever is still under way."""
        return self.limit is None or self.spent + self.reserved + amount <= self.limit

    def reserve(self, amount: Decimal) -> None:
        """Set the most that a request can cost aside before it is sent."""
        self.reserved += amount

    def settle(self, reserved: Decimal, spent: Decimal) -> None:
        """Replace a reservation by what the request really cost."""
        self.reserved -= reserved
        self.spent += spent
