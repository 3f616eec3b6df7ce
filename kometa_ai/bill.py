"""What requests to one model will cost together, asked in the way in which a run asks them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from kometa_ai.domain import cost
from kometa_ai.domain.cost import Usage
from kometa_ai.domain.report import Trigger
from kometa_ai.expecting import NARROW, WIDE
from kometa_ai.second_opinions import ReviewEstimate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kometa_ai.domain.requests import Request
    from kometa_ai.expecting import Guess
    from kometa_ai.house import House
    from kometa_ai.ports import Judge

WORTH_SAYING: Final = Decimal("0.1")
"""An estimate that may be so far off only for what nobody can know is told as a range."""


@dataclass(frozen=True, slots=True)
class Priced:
    """One request, what it asks of each collection, what it will use, and what that costs."""

    request: Request
    asked: Mapping[str, int]
    pairs: int
    usage: Usage
    cost: Decimal


@dataclass(slots=True)
class Bill:
    """What all requests cost together, in the way in which a run of this trigger asks them.

    ``scheduled`` is what they cost a scheduled run, if that asks in another way.
    """

    house: House
    trigger: Trigger
    judge: Judge
    requests: int = 0
    pairs: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: Decimal = Decimal(0)
    scheduled: Decimal = Decimal(0)
    batch: bool = False

    def add(self, asked: Sequence[tuple[Request, Usage]]) -> list[Priced]:
        """Add the requests that are asked together, and return them with their prices."""
        policy, model = self.house.policy, self.judge.model
        batch = policy.in_batch(self.trigger, len(asked))
        self.batch = self.batch or batch
        later = policy.in_batch(Trigger.SCHEDULE, len(asked))
        priced = [
            Priced(one, each, each.total(), used, cost.price(used, model, batch=batch))
            for one, used in asked
            for each in [one.asked()]
        ]
        self.requests += len(priced)
        self.pairs += sum(one.pairs for one in priced)
        self.usage = sum((one.usage for one in priced), self.usage)
        self.cost += sum((one.cost for one in priced), Decimal(0))
        self.scheduled += sum(
            (cost.price(used, model, batch=later) for _, used in asked), Decimal(0)
        )
        return priced

    def join(self, other: Bill) -> None:
        """Add what is asked of another model."""
        self.requests += other.requests
        self.pairs += other.pairs
        self.usage += other.usage
        self.cost += other.cost
        self.scheduled += other.scheduled

    def as_review(self) -> ReviewEstimate:
        """Return the bill as the part of an estimate."""
        model = self.judge.model
        return ReviewEstimate(
            model.name, model.known, self.requests, self.pairs, self.usage, self.cost
        )

    def notices(self, guess: Guess, reason: float) -> list[str]:
        """Say what the schedule would pay, if that is not the same, and what can't be known.

        ``reason`` is how many tokens a reason has.
        """
        told = []
        if self.scheduled != self.cost:
            told.append(f"A scheduled run asks this in a batch, for about ${self.scheduled:.4f}.")
        tokens = Usage(0, round(cost.TOKENS_PER_ENTRY + reason))
        entry = cost.price(tokens, self.judge.model, batch=self.batch)
        low, high = (
            self.cost + Decimal(share * guess.pairs - guess.named) * entry
            for share in (NARROW, WIDE)
        )
        if max(high - self.cost, self.cost - low) > self.cost * WORTH_SAYING:
            told.append(
                "How many titles suit these wishes is not known yet, so this is a guess: about"
                f" ${low:.4f} if it is {NARROW:.0%} of them, ${high:.4f} if it is {WIDE:.0%}."
            )
        return told
