"""What an evaluation is to ask, and what that will cost: all that can be known for free."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from kometa_ai.domain import cost
from kometa_ai.domain.collection import gate
from kometa_ai.domain.decision import Opinion
from kometa_ai.domain.evaluation.matching import match
from kometa_ai.domain.evaluation.result import Drawn, Exam, Listed, Offer
from kometa_ai.domain.evaluation.sampling import draw, second_order
from kometa_ai.domain.evaluation.scores import Judged
from kometa_ai.domain.evaluation.truth import TruthError
from kometa_ai.domain.fault import FaultKind, SkipError
from kometa_ai.domain.requests import ITEMS_PER_REQUEST, Question, Request
from kometa_ai.domain.verdict import settle_for_free
from kometa_ai.domain.wording import many
from kometa_ai.reading import choose, read_files, read_shelf
from kometa_ai.turns import prepare as prepare_turns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence, Set as AbstractSet
    from datetime import datetime

    from kometa_ai.domain.collection import Collection
    from kometa_ai.domain.evaluation.matching import Matched
    from kometa_ai.domain.evaluation.truth import Truth
    from kometa_ai.domain.media import MediaItem
    from kometa_ai.domain.verdict import Free, Titles
    from kometa_ai.house import House
    from kometa_ai.ports import Judge

SETTLED: Final = Opinion(include=False, confidence=1.0)
"""What a gate or a tag rule says."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to know; ``sample`` of ``None`` asks about every title."""

    collection: str
    truth: Truth
    file: str
    sample: int | None = None
    seed: int = 1
    items_per_request: int | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """One model that is to be tried, with the requests of each pass."""

    judge: Judge
    passes: tuple[tuple[Request, ...], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is known before anything is spent."""

    collection: Collection
    exam: Exam
    listed: Listed
    tried: tuple[Tried, ...]
    offer: Offer
    spent: Decimal
    at: datetime
    notices: tuple[str, ...]

    @property
    def drawn(self) -> Drawn:
        """Return how many titles are asked about, of how many."""
        sample = self.exam.sample
        return Drawn(
            sample.members, sample.others, sample.all_members, sample.all_others, sample.seed
        )


async def prepare(wanted: Wanted, house: House, judges: Sequence[Judge]) -> Plan:
    """Read what is needed, and count what it will cost; raises TruthError if nothing matches."""
    collection = await _collection(wanted.collection, house)
    lost = sum((await house.store.book_reservations()).values(), Decimal(0))
    shelf, notices = await read_shelf(house.library, house.store, [collection])
    items = list(shelf.titles.items.values())
    matched = match(wanted.truth.rows, items)
    if not matched.members:
        sure = " for certain" if matched.ambiguous else ""
        raise TruthError(
            f"None of its {many(len(wanted.truth.rows), 'title')} is in the library{sure}"
            f" ({many(len(items), 'title')}), so there is nothing to measure.",
            remedy="See that it is a list of films, and the right Radarr.",
            name=wanted.file,
        )
    exam = _exam(wanted, collection, shelf.titles, shelf.tagged, matched)
    tried = tuple(_try(collection, exam, wanted, judge) for judge in judges)
    now = house.clock.now()
    spent = await house.store.spent_between(*house.policy.month_of(now))
    # What a batch on its way may still cost is as good as spent.
    spent += sum((one.cost for one in await house.store.open_batches()), Decimal(0))
    return Plan(
        collection,
        exam,
        _listed(wanted, matched),
        tried,
        _offer(tried, matched.members, spent, house),
        spent,
        now,
        (*_said_of_the_lost(lost), *wanted.truth.notices, *notices),
    )


def _exam(
    wanted: Wanted,
    collection: Collection,
    titles: Titles,
    tagged: Mapping[str, AbstractSet[int]],
    matched: Matched,
) -> Exam:
    """Draw what is asked; what gates and tag rules settle is settled, as in a run, without pins.

    Titles of which the list does not tell whether they belong are no part of it.
    """
    free = settle_for_free(collection, titles, {}, tagged)
    known = {one.id: one for one in titles.items.values() if one.id not in matched.doubtful}
    candidates = [item for item in known.values() if item.id in free.candidates]
    sample = draw(
        [item for item in candidates if item.id in matched.members],
        [item for item in candidates if item.id not in matched.members],
        wanted.sample,
        wanted.seed,
    )
    if not sample.items:
        raise SkipError(
            FaultKind.KOMETA,
            "Its gates and tag rules settle every title of the library, so Claude is asked"
            " nothing.",
            where=collection.source or collection.name,
        )
    settled = tuple(_settled(collection, known, free, matched.members))
    return Exam(collection.threshold, titles.items, matched.members, sample, settled)


def _listed(wanted: Wanted, matched: Matched) -> Listed:
    return Listed(
        wanted.file,
        len(wanted.truth.rows),
        len(matched.members),
        wanted.truth.series,
        matched.by_name,
        matched.repeated,
        matched.absent,
        matched.ambiguous,
    )


def _try(collection: Collection, exam: Exam, wanted: Wanted, judge: Judge) -> Tried:
    size = wanted.items_per_request or ITEMS_PER_REQUEST
    items = exam.sample.items
    orders = (items, second_order(items, wanted.seed, within=2 * size))
    return Tried(judge, tuple(_requests(collection, order, size, judge) for order in orders))


def _said_of_the_lost(lost: Decimal) -> Iterator[str]:
    if lost:
        yield (
            "What ran before this was killed while Claude was answering;"
            f" ${lost:.4f} is booked for the answers that were lost, the most they can have cost."
        )


async def _collection(name: str, house: House) -> Collection:
    files = await read_files(house)
    found, faults = choose(files, [name], house.library.name)
    if not found:
        fault = faults[0]
        raise SkipError(fault.kind, fault.message, where=fault.where, remedy=fault.remedy)
    return found[0]


def _settled(
    collection: Collection, items: Mapping[int, MediaItem], free: Free, members: frozenset[int]
) -> Iterator[Judged]:
    """Yield what needs no asking, and why."""
    for item_id, item in items.items():
        if item_id in free.candidates:
            continue
        include = item_id in free.belong
        why = free.belong.get(item_id) or free.foreign.get(item_id) or gate(collection, item)
        opinion = SETTLED._replace(include=include, reason=why)
        yield Judged(item_id, item_id in members, opinion, asked=False)


def _requests(
    collection: Collection, items: Sequence[MediaItem], size: int, judge: Judge
) -> tuple[Request, ...]:
    """Group titles as a run does, cut to the model's cheap tier and marked for its cache."""
    questions = [Question(item, (collection.slug,)) for item in items]
    requests = [
        Request((collection,), tuple(questions[at : at + size]))
        for at in range(0, len(questions), size)
    ]
    return prepare_turns([requests], judge)[0]


def _offer(tried: Iterable[Tried], members: frozenset[int], spent: Decimal, house: House) -> Offer:
    """Say what all models will cost about, and at most."""
    expected = at_most = Decimal(0)
    for one in tried:
        for requests in one.passes:
            for number, request in enumerate(requests):
                shape = one.judge.shape(request)
                belong = sum(question.item.id in members for question in request.questions)
                named = belong + cost.NAMED_SHARE * (len(request.questions) - belong)
                usage = cost.estimate(shape, request, named=named, warm=number > 0)
                expected += cost.price(usage, one.judge.model)
                at_most += cost.at_most(shape, one.judge.model)
    limits = [] if house.policy.max_cost is None else [house.policy.max_cost]
    if house.policy.monthly_budget is not None:
        limits.append(max(Decimal(0), house.policy.monthly_budget - spent))
    return Offer(expected, at_most, min(limits, default=None))
