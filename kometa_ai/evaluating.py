"""How well models judge one collection, against a list of what belongs; it never touches a tag.

Asking, retries, halving and the strict reading are those of a run, so what is measured is what a
run would do; but no verdict is kept.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from kometa_ai.asking import ADVICE_OF_A_RUN, LATER, Asking
from kometa_ai.booking import Booking
from kometa_ai.domain.cost import Budget
from kometa_ai.domain.decision import UNNAMED, Decision
from kometa_ai.domain.evaluation.result import PASSES, Answers, Bought, Evaluation, score
from kometa_ai.domain.report import Progress
from kometa_ai.purchasing import Purchasing
from kometa_ai.tally import Tally
from kometa_ai.turns import in_order, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from kometa_ai.domain.fault import Fault
    from kometa_ai.domain.requests import Request
    from kometa_ai.examining import Plan, Tried
    from kometa_ai.house import House
    from kometa_ai.ports import Accounts, Purchase

NO_RUN: Final = "0"
"""Stands for the run in the books: an evaluation is none, and nobody is told of it as of one."""
AGAIN: Final = "Evaluate again later; an evaluation keeps no verdict, so all of it is asked anew."
"""What is said instead of that the next run asks about the rest."""
ANNOUNCED: Final = "announced"
"""Names the budget that holds an evaluation to what was said that it would cost at most."""


class Unkept:
    """The books of the store and nothing else of it: what is bought here leaves no verdict."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def spent_between(self, start: datetime, end: datetime) -> Decimal:
        """Return what was spent."""
        return await self._accounts.spent_between(start, end)

    async def reserve(self, run_id: str, model: str, cost: Decimal, at: datetime) -> int:
        """Note that a request goes out."""
        return await self._accounts.reserve(run_id, model, cost, at)

    async def release(self, reservation: int) -> None:
        """Forget that."""
        await self._accounts.release(reservation)

    async def record(self, run_id: str, purchase: Purchase) -> None:
        """Book what was paid, without what it brought."""
        await self._accounts.record(run_id, replace(purchase, decisions=None))

    async def book_reservations(self) -> Mapping[str, Decimal]:
        """Book what was asked and never answered."""
        return await self._accounts.book_reservations()


@dataclass(slots=True)
class _Sitting:
    """One model at its two passes."""

    tried: Tried
    purchasing: Purchasing
    tallies: tuple[Tally, ...]
    askings: tuple[Asking, ...]

    @property
    def faults(self) -> list[Fault]:
        """Return what went wrong, without what only a run could do about it."""
        told = []
        for tally in self.tallies:
            for fault in tally.faults:
                remedy = fault.remedy.replace(LATER, AGAIN)
                for advice in ADVICE_OF_A_RUN:
                    remedy = remedy.replace(advice, "").strip()
                told.append(replace(fault, remedy=remedy))
        return [one for number, one in enumerate(told) if one not in told[:number]]


@dataclass(slots=True)
class Evaluating:
    """Asks every model twice, within the budgets."""

    plan: Plan
    house: House
    _sittings: list[_Sitting] = field(default_factory=list)

    async def follow(self) -> Evaluation:
        """Ask, and return the figures; a cancellation is passed on, after the books are closed."""
        plan, policy = self.plan, self.house.policy
        budgets = (
            Budget(ANNOUNCED, plan.offer.at_most),
            Budget("MAX_COST_PER_RUN", policy.max_cost),
            Budget("MONTHLY_BUDGET", policy.monthly_budget, plan.spent),
        )
        self._sittings = [self._seat(one, budgets) for one in plan.tried]
        try:
            for sitting, number, requests in self._turns():
                queue = in_order(prepare([requests], sitting.tried.judge))
                await sitting.askings[number].ask(queue)
                if self._exhausted:
                    break
        except asyncio.CancelledError:
            booked = await asyncio.shield(self.house.store.book_reservations())
            for one in self._sittings:
                one.purchasing.count_lost(booked.get(one.tried.judge.model.name, Decimal(0)))
            raise
        return self._evaluation()

    @property
    def spent(self) -> tuple[Decimal, Decimal]:
        """Return what it has cost by now, and what of it is assumed for answers that were lost."""
        receipts = [one.purchasing.receipts for one in self._sittings]
        return (
            sum((one.cost for one in receipts), Decimal(0)),
            sum((one.unconfirmed for one in receipts), Decimal(0)),
        )

    def _seat(self, tried: Tried, budgets: Sequence[Budget]) -> _Sitting:
        house = self.house
        books = Unkept(house.store)
        purchasing = Purchasing(tried.judge, books, house.clock, budgets, NO_RUN)
        tallies = tuple(Tally() for _ in range(PASSES))

        def asking(tally: Tally) -> Asking:
            booking = Booking(
                purchasing,
                house.clock,
                library=house.library.name,
                earlier=_nothing,
                tell=self._tell,
                tally=tally,
            )
            concurrency = house.policy.concurrency
            return Asking(purchasing, tried.judge, booking, concurrency=concurrency, tally=tally)

        return _Sitting(tried, purchasing, tallies, tuple(asking(tally) for tally in tallies))

    def _turns(self) -> Iterator[tuple[_Sitting, int, tuple[Request, ...]]]:
        """Yield who is asked what next.

        Where the budgets may end it, by turns: so every model and pass has judged about the same
        titles by then. Else pass by pass, which is faster.
        """
        lanes = [
            (sitting, number, requests)
            for number in range(PASSES)
            for sitting in self._sittings
            for requests in (sitting.tried.passes[number],)
        ]
        longest = max(len(requests) for _, _, requests in lanes)
        stride = longest if self.plan.offer.affordable else 1
        for start in range(0, longest, stride):
            for sitting, number, requests in lanes:
                part = requests[start : start + stride]
                # A model that cannot be asked at all is not tried a second time.
                if part and not sitting.tallies[0].stopped:
                    yield sitting, number, part

    @property
    def _exhausted(self) -> str:
        tallies = (tally for one in self._sittings for tally in one.tallies)
        return next((tally.exhausted for tally in tallies if tally.exhausted), "")

    def _tell(self, names: str) -> None:
        """Tell of the progress over all models and passes, not of a single one."""
        done = sum(tally.done for one in self._sittings for tally in one.tallies)
        total = self.plan.drawn.titles * PASSES * len(self._sittings)
        self.house.tell(Progress(names, done, total, self.spent[0]))

    def _evaluation(self) -> Evaluation:
        plan = self.plan
        settled_in = sum(one.opinion.include for one in plan.exam.settled)
        notices = [*plan.notices]
        for one in self._sittings:
            notices += (told for told in one.tried.judge.notices if told not in notices)
        return Evaluation(
            plan.collection.name,
            plan.collection.slug,
            plan.collection.threshold,
            plan.at,
            plan.listed,
            len(plan.exam.items),
            plan.drawn,
            settled_in,
            len(plan.exam.settled) - settled_in,
            plan.offer,
            tuple(
                score(
                    plan.exam,
                    one.tried.judge.model.name,
                    [self._answers(tally) for tally in one.tallies],
                    _bought(one),
                    price_known=one.tried.judge.model.known,
                )
                for one in self._sittings
            ),
            self._exhausted,
            tuple(fault for one in self._sittings for fault in one.faults),
            tuple(notices),
        )

    def _answers(self, tally: Tally) -> Answers:
        slug = self.plan.collection.slug
        opinions = dict.fromkeys(tally.plain.get(slug, ()), UNNAMED)
        opinions.update((i, one.opinion) for i, one in tally.named.get(slug, {}).items())
        no_verdict = tally.failed.get(slug, 0)
        left = self.plan.drawn.titles - len(opinions) - no_verdict
        return Answers(opinions, no_verdict, left)


def _bought(sitting: _Sitting) -> Bought:
    receipts = sitting.purchasing.receipts
    return Bought(receipts.requests, receipts.usage, receipts.cost, receipts.unconfirmed)


def _nothing(_slug: str, _item_id: int) -> Decision | None:
    """Know of no earlier decision: each pass judges afresh."""
    return None
