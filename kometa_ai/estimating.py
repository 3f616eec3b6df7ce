"""What a run would cost, without asking anybody anything."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from kometa_ai import deciding, renaming
from kometa_ai.domain import cost
from kometa_ai.domain.collection import settle_in_order
from kometa_ai.domain.cost import Usage
from kometa_ai.domain.report import Trigger
from kometa_ai.domain.whereabouts import Whereabouts
from kometa_ai.reading import choose, read_files, read_shelf
from kometa_ai.turns import prepare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kometa_ai.deciding import Case
    from kometa_ai.domain.decision import Decision, Ledger
    from kometa_ai.domain.fault import Fault
    from kometa_ai.domain.report import RunRequest
    from kometa_ai.domain.requests import Request
    from kometa_ai.house import House
    from kometa_ai.ports import Store

ENOUGH_JUDGED: Final = 500
"""So many judged pairs say more of a library and its wishes than what was seen elsewhere."""


@dataclass(frozen=True, slots=True)
class CollectionEstimate:
    """What the next run would ask about one collection, its share of the tokens and of the USD.

    ``requests`` counts those that ask about it; several collections share most of them.
    """

    name: str
    slug: str
    requests: int
    pairs: int
    deferred: int
    usage: Usage
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the next run would ask and cost; ``limit`` is what the budgets leave (None: no limit).

    ``price_known`` is false when the model is not in the price table: a notice tells the
    price that is assumed.
    """

    collections: tuple[CollectionEstimate, ...]
    requests: int
    usage: Usage
    cost: Decimal
    model: str
    price_known: bool
    limit: Decimal | None
    faults: tuple[Fault, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def pairs(self) -> int:
        """Return how many verdicts would be bought."""
        return sum(one.pairs for one in self.collections)


_Asked = tuple[Counter[str], Usage]
"""How many pairs a request asks of each collection, and what it will use."""


@dataclass(frozen=True, slots=True)
class _Priced:
    """One request, what it asks of each collection, what it will use, and what that costs."""

    asked: Mapping[str, int]
    pairs: int
    usage: Usage
    cost: Decimal


@dataclass(frozen=True, slots=True)
class _Foreseen:
    """What the next run will find decided; nothing is written, for another may be on its way.

    ``before`` maps the slugs of renamed collections to those that they had.
    """

    store: Store
    before: Mapping[str, str]

    async def ledgers(
        self, library: str, criteria: Mapping[str, str], fingerprints: Mapping[int, int]
    ) -> dict[str, Ledger]:
        kept = {self._kept(slug): text for slug, text in criteria.items()}
        found = await self.store.ledgers(library, kept, fingerprints)
        return {slug: found[self._kept(slug)] for slug in criteria}

    async def judged_before(self, library: str, slug: str, criteria: str) -> frozenset[int]:
        return await self.store.judged_before(library, self._kept(slug), criteria)

    async def imported(self, name: str, label: str) -> Mapping[int, Decision]:
        return await self.store.imported(name, label)

    async def adopt(
        self, library: str, slug: str, name: str, label: str, decisions: Mapping[int, Decision]
    ) -> None:
        """Leave what 0.5.x decided where it waits: the next run takes it over."""

    def _kept(self, slug: str) -> str:
        return self.before.get(slug, slug)


async def estimate(request: RunRequest, house: House) -> Estimate:
    """Walk a run up to the point where it would spend money.

    Raises what the library and Kometa's files raise. Collections whose rules name the tags of
    others are taken as if these kept their present members.
    """
    files = await read_files(house)
    collections, unknown = choose(files, request.collections, house.library.name)
    renamed = await renaming.find(collections, files, house.store)
    before = {one.collection.slug: one.before for one in renamed}
    shelf, notices = await read_shelf(house.library, house.store, collections)
    groups, circles = settle_in_order(collections)
    pins = Whereabouts(shelf.titles.items).pins(await house.store.pins(house.library.name))
    for slug, old in before.items():
        pins[slug] = pins.get(old, {}) | pins.get(slug, {})
    decided = _Foreseen(house.store, before)
    opened = [
        await deciding.open_cases(
            group,
            shelf.titles,
            pins,
            shelf.tagged,
            decided,
            forced=request.force_refresh,
        )
        for group in groups
    ]
    share = _named_share([case for cases in opened for case in cases])
    left = house.policy.max_pairs if request.max_pairs is None else request.max_pairs
    parts: list[CollectionEstimate] = []
    bill = _Bill(house, request.trigger)
    for cases in opened:
        selection, planned = deciding.plan(
            cases,
            shelf.titles,
            house.policy,
            max_pairs=left,
            items_per_request=request.items_per_request,
        )
        left = None if left is None else left - selection.count
        priced = bill.add(_price(prepare(planned, house.judge), cases, share, house))
        parts += [_part(case, priced, selection.deferred) for case in cases]
    told = (*files.notices, *(one.notice for one in renamed), *notices, *house.judge.notices)
    return Estimate(
        tuple(parts),
        bill.requests,
        bill.usage,
        bill.cost,
        house.judge.model.name,
        house.judge.model.known,
        await _limit(house),
        (*files.faults, *unknown, *circles),
        (*told, *bill.notices()),
    )


@dataclass(slots=True)
class _Bill:
    """What all requests cost together, in the way in which a run of this trigger asks them.

    ``scheduled`` is what they cost a scheduled run, if that asks in another way.
    """

    house: House
    trigger: Trigger
    requests: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: Decimal = Decimal(0)
    scheduled: Decimal = Decimal(0)

    def add(self, asked: Sequence[_Asked]) -> list[_Priced]:
        """Add the requests that are asked together, and return them with their prices."""
        policy, model = self.house.policy, self.house.judge.model
        batch = policy.in_batch(self.trigger, len(asked))
        later = policy.in_batch(Trigger.SCHEDULE, len(asked))
        priced = [
            _Priced(pairs, pairs.total(), used, cost.price(used, model, batch=batch))
            for pairs, used in asked
        ]
        self.requests += len(priced)
        self.usage = sum((one.usage for one in priced), self.usage)
        self.cost += sum((one.cost for one in priced), Decimal(0))
        self.scheduled += sum(
            (cost.price(used, model, batch=later) for _, used in asked), Decimal(0)
        )
        return priced

    def notices(self) -> list[str]:
        """Say what the schedule would pay, if that is not the same."""
        if self.scheduled == self.cost:
            return []
        return [f"A scheduled run asks this in a batch, for about ${self.scheduled:.4f}."]


def _named_share(cases: Sequence[Case]) -> float:
    """Return the share of judged pairs that Claude named until now, if enough were judged."""
    judged = sum(len(case.ledger.judged) for case in cases)
    if judged < ENOUGH_JUDGED:
        return cost.NAMED_SHARE
    return sum(len(case.ledger.named) for case in cases) / judged


def _price(
    groups: Sequence[Sequence[Request]], cases: Sequence[Case], share: float, house: House
) -> list[_Asked]:
    judged = {case.collection.slug: case.ledger.judged for case in cases}
    asked = ((number, one) for requests in groups for number, one in enumerate(requests))
    return [
        (
            pairs := request.asked(),
            cost.estimate(
                house.judge.shape(request),
                request,
                named=_named(request, pairs, judged, share),
                warm=number > 0,
            ),
        )
        for number, request in asked
    ]


def _named(
    request: Request,
    asked: Mapping[str, int],
    judged: Mapping[str, Mapping[int, int]],
    share: float,
) -> float:
    """Return how many pairs of a request Claude will name.

    Of those with a standing verdict only doubtful ones, and none that it did not name before.
    """
    thresholds = {one.slug: one.threshold for one in request.collections}
    doubtful = sum(
        decision.near(thresholds[slug])
        for question in request.questions
        for slug, decision in question.standing.items()
    )
    new = sum(asked.values()) - sum(
        question.item.id in judged[slug]
        for question in request.questions
        for slug in question.slugs
        if judged[slug]
    )
    return cost.MOVED_SHARE * doubtful + share * new


def _part(
    case: Case,
    priced: Sequence[_Priced],
    deferred: Mapping[str, int],
) -> CollectionEstimate:
    """Give a collection its share of each request, by the pairs asked of it."""
    slug = case.collection.slug
    requests, pairs, share, dollars = 0, 0, [0.0, 0.0, 0.0, 0.0], Decimal(0)
    for one in priced:
        asked = one.asked.get(slug, 0)
        if not asked:
            continue
        part, usage = asked / one.pairs, one.usage
        requests += 1
        pairs += asked
        dollars += one.cost * asked / one.pairs
        counts = (
            usage.input_tokens,
            usage.output_tokens,
            usage.cache_read_tokens,
            usage.cache_write_tokens,
        )
        share = [have + count * part for have, count in zip(share, counts, strict=True)]
    usage = Usage(*(round(one) for one in share))
    return CollectionEstimate(
        case.collection.name, slug, requests, pairs, deferred.get(slug, 0), usage, dollars
    )


async def _limit(house: House) -> Decimal | None:
    policy = house.policy
    limits = [policy.max_cost] if policy.max_cost is not None else []
    if policy.monthly_budget is not None:
        spent = await house.store.spent_between(*policy.month_of(house.clock.now()))
        spent += sum((one.cost for one in await house.store.open_batches()), Decimal(0))
        limits.append(max(Decimal(0), policy.monthly_budget - spent))
    return min(limits, default=None)
