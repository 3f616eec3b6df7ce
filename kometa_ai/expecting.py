"""How many of the pairs that are asked about Claude will name, which an answer is paid by."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from kometa_ai.domain import cost
from kometa_ai.domain.pending import Why

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kometa_ai.deciding import Case
    from kometa_ai.domain.requests import Question, Request

WEIGHT: Final = 40
"""So many judged pairs say as much of a wish as all the others do, or as what is seen elsewhere."""
TOO_FEW: Final = 200
"""With fewer judged pairs in all, or ``WEIGHT`` of its own, what a wish will name is a guess."""
NARROW: Final = 0.02
WIDE: Final = 0.12
"""Most wishes name a share of the titles that is between these."""
FEW: Final = 10
ENOUGH: Final = 300
"""So many reasons are looked at; ``FEW`` count as much as what is usual."""


@dataclass(frozen=True, slots=True)
class Guess:
    """Pairs of which nobody knows how many will be named, and how many are expected to be."""

    pairs: int = 0
    named: float = 0.0

    def __add__(self, other: Guess) -> Guess:
        """Return both together."""
        return Guess(self.pairs + other.pairs, self.named + other.named)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is known of wishes, by slug: who was judged, and the share that is named of the rest.

    ``guessed`` are those of which, or of whose library, too little is known to tell; ``reason`` is
    how many tokens a reason has: that depends on the language and the model.
    """

    judged: Mapping[str, Mapping[int, int]]
    share: Mapping[str, float]
    guessed: frozenset[str]
    reason: float

    def named(self, request: Request) -> float:
        """Return how many pairs of a request Claude will name."""
        thresholds = {one.slug: one.threshold for one in request.collections}
        return sum(
            cost.TURNED_SHARE * len(one.slugs)
            if one.is_second_look(thresholds)
            else self._standing(one, thresholds) + sum(self.share[slug] for slug in self._new(one))
            for one in request.questions
        )

    def guess(self, requests: Iterable[Request]) -> Guess:
        """Return of which pairs it is a guess how many will be named."""
        pairs = Counter(
            slug
            for request in requests
            for question in request.questions
            for slug in self._new(question)
            if slug in self.guessed
        )
        named = sum(self.share[slug] * count for slug, count in pairs.items())
        return Guess(pairs.total(), named)

    def _new(self, question: Question) -> list[str]:
        return [slug for slug in question.slugs if question.item.id not in self.judged[slug]]

    @staticmethod
    def _standing(question: Question, thresholds: Mapping[str, float]) -> float:
        """Return how many standing chances are named anew: what was not named before is none."""
        return sum(
            cost.MOVED_SHARE if one.near(thresholds[slug]) else cost.MOVED_SHARE_OF_SURE
            for slug, one in question.standing.items()
        )


def expect(cases: Sequence[Case]) -> Expectation:
    """Learn from what was judged until now; the less that is, the more counts what is usual."""
    seen = {case.collection.slug: _seen(case) for case in cases}
    named = sum(named for named, _ in seen.values())
    judged = sum(judged for _, judged in seen.values())
    usual = _blend(named, judged, cost.NAMED_SHARE)
    return Expectation(
        {case.collection.slug: case.ledger.judged for case in cases},
        {slug: _blend(*counts, usual) for slug, counts in seen.items()},
        frozenset(slug for slug, (_, own) in seen.items() if judged < TOO_FEW or own < WEIGHT),
        _reason(cases),
    )


def _reason(cases: Sequence[Case]) -> float:
    """Return how long reasons are, by some that were given."""
    given = (one.opinion.reason for case in cases for one in case.ledger.named.values())
    known = [cost.tokens(reason) for reason in islice(filter(None, given), ENOUGH)]
    usual = FEW * cost.TOKENS_PER_REASON
    return (sum(known) + usual) / (len(known) + FEW)


def _seen(case: Case) -> tuple[int, int]:
    """Return how many pairs were named and judged; by other words of the wish, if not by these."""
    if case.ledger.judged:
        return len(case.ledger.named), len(case.ledger.judged)
    members = len(case.pending.by_why.get(Why.MEMBER_OUTDATED, ()))
    others = len(case.pending.by_why.get(Why.CRITERIA_CHANGED, ()))
    return members, members + others


def _blend(named: int, judged: int, usual: float) -> float:
    return (named + WEIGHT * usual) / (judged + WEIGHT)
