"""One question to Claude, paid for: within the budgets, retried with patience, never lost."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from kometa_ai.domain import cost
from kometa_ai.domain.cost import Usage
from kometa_ai.domain.fault import KometaAIError
from kometa_ai.ports import Answer, Purchase, UnansweredError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kometa_ai.domain.cost import Budget
    from kometa_ai.domain.decision import Decision
    from kometa_ai.domain.inquiry import Inquiry
    from kometa_ai.domain.requests import Request
    from kometa_ai.ports import Accounts, Clock, Judge, Place

RETRY_SECONDS: Final = 45.0
"""No new try of a request begins later than this after its first."""
FIRST_BACKOFF: Final = 1.0
"""Also the least that is waited when the API asks for less: it may ask for nothing, for ever."""

OF_A_RUN: Final = "MAX_COST_PER_RUN"
"""The budget that each run has for itself."""


class TooDearError(Exception):
    """What is left of a budget does not cover the most that the request can cost."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(budget.name)
        self.budget = budget


@dataclass(frozen=True, slots=True)
class Paid:
    """An answer and what it cost; not stored yet.

    What was set aside for it is a reservation, or its place in a batch.
    """

    request: Inquiry
    answer: Answer
    cost: Decimal
    reservation: int | None = None
    place: Place | None = None
    unconfirmed: bool = False


@dataclass(slots=True)
class Receipts:
    """What a run has spent so far."""

    requests: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: Decimal = Decimal(0)
    unconfirmed: Decimal = Decimal(0)


class Purchasing:
    """Buys answers one by one; several may be under way at once.

    Several of these may have the same budgets: then these hold over all that they buy.
    """

    def __init__(
        self, judge: Judge, store: Accounts, clock: Clock, budgets: Sequence[Budget], run_id: str
    ) -> None:
        self._judge = judge
        self._store = store
        self._clock = clock
        self._budgets = budgets
        self._run_id = run_id
        self._pause_until = 0.0
        self._settled = asyncio.Event()
        self._under_way = 0
        self.receipts = Receipts()

    async def buy(self, request: Request) -> Paid:
        """Ask until there is an answer.

        Raises TooDearError when a budget does not cover it, UnansweredError when patience is at
        its end, StopError when nobody can be asked, SkipError when Claude refuses this request.
        """
        await self._pause()
        begun = self._clock.monotonic()
        backoff = FIRST_BACKOFF
        while True:
            try:
                return await self._try(request)
            except UnansweredError as unanswered:
                if unanswered.ends_asking:
                    raise
                now = self._clock.monotonic()
                told = unanswered.retry_after
                wait = backoff if told is None else max(told, FIRST_BACKOFF)
                late = now - begun + (wait if told is None else 0.0) > RETRY_SECONDS
                if told is not None or not late:
                    # A limit holds for the whole account: the other questions wait as well.
                    self._pause_until = max(self._pause_until, now + wait)
                if late:
                    raise
            backoff *= 2
            await self._pause()

    async def store(
        self,
        paid: Paid,
        library: str,
        decisions: Mapping[str, Mapping[int, Decision]] | None = None,
    ) -> dict[str, Decimal]:
        """Keep a paid answer with its decisions, and return its cost by collection."""
        shares = _share(paid.cost, paid.request)
        purchase = Purchase(
            library,
            paid.answer.model,
            self._clock.now(),
            paid.answer.usage,
            paid.cost,
            shares,
            pairs=sum(map(len, (decisions or {}).values())),
            decisions=decisions,
            unconfirmed=paid.unconfirmed,
            reservation=paid.reservation,
            place=paid.place,
        )
        # What is paid is kept even when the run is being cancelled.
        await asyncio.shield(self._store.record(self._run_id, purchase))
        return shares

    def set_aside(self, most: Decimal) -> None:
        """Set aside what a request of a batch can cost; raises TooDearError."""
        lacking = next((one for one in self._budgets if not one.allows(most)), None)
        if lacking is not None:
            raise TooDearError(lacking)
        self.keep_aside(most)

    def keep_aside(self, most: Decimal) -> None:
        """Set aside what is on its way already, whatever the budgets are by now."""
        for budget in self._budgets:
            budget.reserve(most)

    def leave_to_another_run(self, most: Decimal) -> None:
        """Take out of this run's own budget what is on its way, and is left to another run."""
        for budget in self._budgets:
            if budget.name == OF_A_RUN:
                budget.settle(most, Decimal(0))

    def free(self, most: Decimal) -> None:
        """Take back what was set aside: nothing was spent."""
        for budget in self._budgets:
            budget.settle(most, Decimal(0))

    def settle(self, most: Decimal, paid: Paid) -> None:
        """Count an answer of a batch in the place of what was set aside for it."""
        for budget in self._budgets:
            budget.settle(most, paid.cost)
        self._count(paid.answer.usage, paid.cost)
        if paid.unconfirmed:
            self.receipts.unconfirmed += paid.cost

    def count_lost(self, booked: Decimal) -> None:
        """Count what was booked for answers that never came, because the run was cancelled."""
        self.receipts.cost += booked
        self.receipts.unconfirmed += booked

    async def _try(self, request: Request) -> Paid:
        shape = self._judge.shape(request)
        most = cost.at_most(shape, self._judge.model)
        await self._set_aside(most)
        spent = Decimal(0)
        try:
            number = await self._store.reserve(
                self._run_id, self._judge.model.name, most, self._clock.now()
            )
            try:
                answer = await self._judge.ask(request)
            except asyncio.CancelledError:
                spent = most
                raise
            except UnansweredError as error:
                spent = await self._book_unanswered(error, number, most)
                raise
            except KometaAIError:
                await self._store.release(number)
                raise
            spent = cost.price(answer.usage, self._judge.model)
            self._count(answer.usage, spent)
            return Paid(request, answer, spent, number)
        finally:
            self._settle(most, spent)

    async def _set_aside(self, most: Decimal) -> None:
        while lacking := next((one for one in self._budgets if not one.allows(most)), None):
            if not self._under_way:
                raise TooDearError(lacking)
            # What is under way mostly costs less than was set aside for it.
            self._settled.clear()
            await self._settled.wait()
        self._under_way += 1
        for budget in self._budgets:
            budget.reserve(most)

    def _settle(self, most: Decimal, spent: Decimal) -> None:
        self._under_way -= 1
        for budget in self._budgets:
            budget.settle(most, spent)
        self._settled.set()

    async def _book_unanswered(self, error: UnansweredError, number: int, most: Decimal) -> Decimal:
        """Book what an answer cost that never came: what is known of it, else the most."""
        if error.lost is None and not error.unknown:
            await self._store.release(number)
            return Decimal(0)
        model = self._judge.model
        spent = most if error.lost is None else cost.price(error.lost, model)
        purchase = Purchase(
            "",
            model.name,
            self._clock.now(),
            error.lost or Usage(),
            spent,
            {},
            unconfirmed=True,
            reservation=number,
        )
        await asyncio.shield(self._store.record(self._run_id, purchase))
        self._count(purchase.usage, spent)
        self.receipts.unconfirmed += spent
        return spent

    def _count(self, usage: Usage, spent: Decimal) -> None:
        self.receipts.requests += 1
        self.receipts.usage += usage
        self.receipts.cost += spent

    async def _pause(self) -> None:
        """Wait until the API may be asked again; others may put that off meanwhile."""
        while (left := self._pause_until - self._clock.monotonic()) > 0:
            await self._clock.sleep(left)


def _share(amount: Decimal, request: Inquiry) -> dict[str, Decimal]:
    """Split a request's cost among its collections by the pairs asked of each; exact in sum."""
    asked = [slug for question in request.questions for slug in question.slugs]
    slugs = [one.slug for one in request.collections if one.slug in set(asked)]
    shares = {slug: amount * asked.count(slug) / len(asked) for slug in slugs}
    shares[slugs[-1]] += amount - sum(shares.values())
    return shares
