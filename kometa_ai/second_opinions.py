"""Which second opinions the next run will ask for, as far as that can be foreseen."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from kometa_ai import deciding
from kometa_ai.domain import cost
from kometa_ai.domain.decision import Decision, Ledger, Opinion
from kometa_ai.domain.pending import Pending, Why
from kometa_ai.turns import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal

    from kometa_ai.deciding import Case
    from kometa_ai.domain.cost import Usage
    from kometa_ai.domain.pending import Selection
    from kometa_ai.domain.requests import Request
    from kometa_ai.domain.verdict import Titles
    from kometa_ai.house import House
    from kometa_ai.ports import Judge

NEAR_SHARE: Final = 0.01
"""Share of first verdicts near the threshold, seen with a judge whose chances have noise."""
ENOUGH_JUDGED: Final = 500
"""So many judged pairs say more of a library and its wishes than what was seen elsewhere."""
MOVED_SHARE: Final = 0.5
"""Share of the chances that another model moves, and names."""
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ReviewEstimate:
    """What of an estimate is for second opinions of another model."""

    model: str
    price_known: bool
    requests: int
    pairs: int
    usage: Usage
    cost: Decimal


def foresee(
    cases: Sequence[Case],
    first: Selection,
    titles: Titles,
    house: House,
    reviewer: Judge,
    *,
    max_pairs: int | None,
    items_per_request: int | None,
) -> tuple[list[tuple[Request, Usage]], Mapping[str, int]]:
    """Return the requests to expect, with what they will use, and what must wait, by slug.

    ``first`` is what the other model is asked before. What it will leave near the threshold is
    not known: of titles that were judged before it is what was near then, and of new ones the
    share that was near until now, with some of them standing for it.
    """
    share = _near_share(cases, reviewer.model.name)
    bits = {one.slug: 1 << bit for bit, one in enumerate(first.collections)}
    foreseen = []
    for number, case in enumerate(cases):
        bit = bits.get(case.collection.slug, 0)
        judged = [item_id for item_id, mask in first.asked.items() if mask & bit]
        # Doubts about different wishes are about different titles, and each title is paid for.
        shift = number / len(cases)
        foreseen.append(_with_doubts(case, judged, share, titles.fingerprints, shift))
    selection, groups = deciding.plan(
        foreseen,
        titles,
        house.policy,
        max_pairs=max_pairs,
        items_per_request=items_per_request,
        few=True,
    )
    asked = [
        (request, _usage(request, reviewer, warm=number > 0))
        for requests in prepare(groups, reviewer)
        for number, request in enumerate(requests)
    ]
    return asked, selection.deferred


def _near_share(cases: Sequence[Case], reviewer: str) -> float:
    """Return the share of verdicts that were near; what it moved away since is the reviewer's."""
    judged = sum(len(case.ledger.judged) for case in cases)
    if judged < ENOUGH_JUDGED:
        return NEAR_SHARE
    dated = re.compile(rf"{re.escape(reviewer)}(-\d{{8}})?")  # the API tells a model with its date
    near = sum(
        decision.near(case.collection.threshold) or dated.fullmatch(decision.model) is not None
        for case in cases
        for decision in case.ledger.named.values()
    )
    return near / judged


def _with_doubts(
    case: Case, asked: Sequence[int], share: float, fingerprints: Mapping[int, int], shift: float
) -> Case:
    """Return a case with nothing pending but the second opinions to expect.

    ``shift``, of less than 1, sets the new titles apart that stand for the share.
    """
    collection, ledger = case.collection, case.ledger
    judged = frozenset(asked)
    waiting = case.doubtful(judged).pending.ids - judged
    again = {
        one for one in asked if one in ledger.named and ledger.named[one].near(collection.threshold)
    }
    new = [one for one in asked if one not in ledger.judged]
    drawn = {
        one: Decision(
            Opinion(include=True, confidence=collection.threshold),
            "",
            collection.criteria,
            fingerprints[one],
            _LONG_AGO,
        )
        for one in _spread(new, round(share * len(new)), shift)
    }
    near = tuple(sorted(waiting | again | drawn.keys()))
    return replace(
        case,
        ledger=Ledger(ledger.judged, {**ledger.named, **drawn}),
        pending=Pending(collection, {Why.NEAR_THRESHOLD: near} if near else {}),
    )


def _spread(ids: Sequence[int], count: int, shift: float) -> Iterator[int]:
    """Yield so many of them, from all over their order, beginning later by part of a step."""
    return (ids[int((at + shift) * len(ids) / count)] for at in range(count))


def _usage(request: Request, reviewer: Judge, *, warm: bool) -> Usage:
    shape = reviewer.shape(request)
    return cost.estimate(shape, request, named=MOVED_SHARE * request.pairs, warm=warm)
