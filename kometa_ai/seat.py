"""Who is asked in a run, out of which purse, and what came of it: a judge, and maybe a reviewer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from kometa_ai.asking import ADVICE_OF_A_RUN, UNUSABLE
from kometa_ai.booking import CUT_OFF, MALFORMED, REFUSED, Booking
from kometa_ai.domain.decision import TRIES
from kometa_ai.domain.report import Phase, Progress
from kometa_ai.purchasing import Purchasing
from kometa_ai.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kometa_ai.domain.cost import Budget
    from kometa_ai.domain.decision import Decision
    from kometa_ai.domain.fault import Fault
    from kometa_ai.house import House
    from kometa_ai.ports import Judge, OpenBatch

ASKED_AGAIN: Final = "The first verdicts stand; the next run asks for second opinions again."
NOT_AGAIN: Final = (
    "The first verdict stands, and no second opinion of it is asked for again; pin it by hand if it"
    " is wrong (--pin)."
)
A_FEW_TIMES: Final = (
    f"The first verdict stands. A second opinion of it is asked for in {TRIES} runs at most."
)
USELESS: Final = frozenset({CUT_OFF, MALFORMED, UNUSABLE})
UNTIL_THEN: Final = "Until then the first verdicts stand."


@dataclass(frozen=True, slots=True)
class Seat:
    """Whoever judges first, or who ``reviews``; both pay out of the same budgets."""

    judge: Judge
    purchasing: Purchasing
    reviews: bool = False
    tally: Tally = field(default_factory=Tally)

    @property
    def phase(self) -> Phase:
        """Return what a run is doing while this one is asked."""
        return Phase.REVIEWING if self.reviews else Phase.ASKING

    def faults(self, told: int) -> list[Fault]:
        """Return what went wrong, without so many faults that were told already."""
        faults = self.tally.faults[told:]
        return [_spoiling_nothing(one) for one in faults] if self.reviews else faults


@dataclass(frozen=True, slots=True)
class Bench:
    """All that are asked in a run."""

    first: Seat
    reviewer: Seat | None = None

    @property
    def seats(self) -> tuple[Seat, ...]:
        """Return them in the order in which they are asked."""
        return (self.first,) if self.reviewer is None else (self.first, self.reviewer)

    @property
    def spent(self) -> Decimal:
        """Return what was spent by now."""
        return sum((seat.purchasing.receipts.cost for seat in self.seats), Decimal(0))

    def seat_of(self, batch: OpenBatch) -> Seat:
        """Return whose a batch is: any model has its own price, but both costs are told apart."""
        if self.reviewer is not None and batch.model == self.reviewer.judge.model.name:
            return self.reviewer
        return self.first

    def booking(
        self,
        house: House,
        seat: Seat,
        library: str,
        earlier: Callable[[str, int], Decision | None],
        total: int,
    ) -> Booking:
        """Return what stores the answers of one of them, ``total`` verdicts in all.

        These are counted by themselves: how many second opinions there will be is not known before
        the first verdicts are there, and what is told of a phase must not fall within it.
        """
        begun = seat.tally.done

        def tell(names: str) -> None:
            house.tell(Progress(names, seat.tally.done - begun, total, self.spent))

        return Booking(
            seat.purchasing,
            house.clock,
            library=library,
            earlier=earlier,
            tell=tell,
            tally=seat.tally,
            reviewed=self.reviewer is not None and not seat.reviews,
        )


def take_seats(house: House, budgets: Sequence[Budget], run_id: str) -> Bench:
    """Return all that are asked, with the same budgets over all of them."""

    def seat(judge: Judge, *, reviews: bool = False) -> Seat:
        purse = Purchasing(judge, house.store, house.clock, budgets, run_id)
        return Seat(judge, purse, reviews)

    reviewer = None if house.reviewer is None else seat(house.reviewer, reviews=True)
    return Bench(seat(house.judge), reviewer)


def _spoiling_nothing(fault: Fault) -> Fault:
    """Return a reviewer's fault: what was decided first is there, and its tags are written."""
    remedy = fault.remedy
    then = A_FEW_TIMES if fault.message in USELESS else ASKED_AGAIN
    if fault.message == REFUSED:
        then = NOT_AGAIN
    for advice in ADVICE_OF_A_RUN:
        remedy = remedy.replace(advice, then)
    if remedy == fault.remedy:
        remedy = f"{remedy} {UNTIL_THEN}".strip()
    return replace(fault, message=f"Second opinion: {fault.message}", remedy=remedy)
