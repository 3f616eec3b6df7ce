"""What a run would cost, without asking anybody anything."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from kometa_ai import deciding, renaming, second_opinions
from kometa_ai.bill import Bill
from kometa_ai.domain import cost
from kometa_ai.domain.collection import settle_in_order
from kometa_ai.domain.cost import Usage
from kometa_ai.domain.whereabouts import Whereabouts
from kometa_ai.domain.wording import many
from kometa_ai.expecting import Guess, expect
from kometa_ai.reading import choose, read_files, read_shelf
from kometa_ai.turns import prepare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kometa_ai.bill import Priced
    from kometa_ai.deciding import Case
    from kometa_ai.domain.decision import Decision, Ledger
    from kometa_ai.domain.fault import Fault
    from kometa_ai.domain.report import RunRequest
    from kometa_ai.domain.requests import Request
    from kometa_ai.expecting import Expectation
    from kometa_ai.house import House
    from kometa_ai.ports import Store
    from kometa_ai.second_opinions import ReviewEstimate


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
    price that is assumed. ``review`` is the part of the rest that second opinions will take, as
    far as they can be foreseen; ``None`` if no model is set for them.
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
    review: ReviewEstimate | None = None

    @property
    def pairs(self) -> int:
        """Return how many verdicts would be bought."""
        return sum(one.pairs for one in self.collections)


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
    expected = expect([case for cases in opened for case in cases])
    left = house.policy.max_pairs if request.max_pairs is None else request.max_pairs
    parts: list[CollectionEstimate] = []
    bill, guess = Bill(house, request.trigger, house.judge), Guess()
    second = None if house.reviewer is None else Bill(house, request.trigger, house.reviewer)
    for cases in opened:
        selection, planned = deciding.plan(
            cases if second is None else [case.fresh for case in cases],
            shelf.titles,
            house.policy,
            max_pairs=left,
            items_per_request=request.items_per_request,
        )
        left = None if left is None else left - selection.count
        priced = bill.add(_price(prepare(planned, house.judge), expected, house))
        deferred = Counter(selection.deferred)
        guess += expected.guess(one.request for one in priced)
        if second is not None:
            foreseen, waiting = second_opinions.foresee(
                cases,
                selection,
                shelf.titles,
                house,
                second.judge,
                max_pairs=left,
                items_per_request=request.items_per_request,
            )
            left = None if left is None else left - sum(one.pairs for one, _ in foreseen)
            priced += second.add(foreseen)
            deferred.update(waiting)
        parts += [_part(case, priced, deferred) for case in cases]
    told = (*files.notices, *(one.notice for one in renamed), *notices, *house.judge.notices)
    review = None if second is None else second.as_review()
    if second is not None:
        told += tuple(one for one in second.judge.notices if one not in told)
        bill.join(second)
    return Estimate(
        tuple(parts),
        bill.requests,
        bill.usage,
        bill.cost,
        house.judge.model.name,
        house.judge.model.known,
        await _limit(house),
        (*files.faults, *unknown, *circles),
        (*told, *bill.notices(guess, expected.reason), *await _on_its_way(house)),
        review,
    )


def _price(
    groups: Sequence[Sequence[Request]], expected: Expectation, house: House
) -> list[tuple[Request, Usage]]:
    return [
        (
            request,
            cost.estimate(
                house.judge.shape(request),
                request,
                named=expected.named(request),
                reason=expected.reason,
                warm=number > 0,
            ),
        )
        for requests in groups
        for number, request in enumerate(requests)
    ]


def _part(
    case: Case,
    priced: Sequence[Priced],
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


async def _on_its_way(house: House) -> list[str]:
    return [
        f"A batch of {many(one.total, 'request')} is on its way from an earlier run, for at most"
        f" ${one.cost:.4f}. What it asks is counted here, but not asked again."
        for one in await house.store.open_batches()
    ]
