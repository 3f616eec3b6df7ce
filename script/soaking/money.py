"""Cents: what the state says was paid, against the meter of the simulated Claude."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kometa_ai.demo.meter import Bill
    from script.soaking.state import Paid, State
    from script.soaking.taste import Ask, Pair


def match(paid: Iterable[Paid], bills: Sequence[Bill]) -> tuple[dict[int, Paid], list[Paid]]:
    """Give each confirmed purchase a bill of its own, by the place of the bill.

    Returns also the purchases that have none.
    """
    places: defaultdict[tuple[int, int, int, int], list[int]] = defaultdict(list)
    for place, bill in reversed(list(enumerate(bills))):
        places[bill.fresh, bill.output, bill.read, bill.written].append(place)
    matched: dict[int, Paid] = {}
    strangers = []
    for one in paid:
        if one.unconfirmed:
            continue
        if places[one.tokens]:
            matched[places[one.tokens].pop()] = one
        else:
            strangers.append(one)
    return matched, strangers


def wrong_sums(state: State, bills: Sequence[Bill], known: tuple[int, int] = (0, 0)) -> list[str]:
    """Return which cents are in one book and not in the other.

    ``known`` is how many bills there were and the last purchase when this was asked before: what
    was booked for lost answers then is more than they cost, and must not hide what is lost now.
    """
    matched, strangers = match(state.paid, bills)
    found = [
        f"purchase {one.number} of run {one.run} (${one.cost}) has no bill" for one in strangers
    ]
    for place, one in matched.items():
        if one.cost != bills[place].usd:
            found.append(
                f"purchase {one.number} of run {one.run} is booked at ${one.cost}, and was"
                f" billed at ${bills[place].usd}"
            )
    first, last = known
    fresh = enumerate(bills[first:], first)
    lost = sum((bill.usd for at, bill in fresh if at not in matched), Decimal(0))
    unconfirmed = sum(
        (one.cost for one in state.paid if one.unconfirmed and one.number > last), Decimal(0)
    )
    if lost > unconfirmed + state.reserved:
        found.append(
            f"${lost} was billed for answers that were lost, and only ${unconfirmed} is booked"
            f" for such answers (${state.reserved} is reserved)"
        )
    return found


def wrong_months(state: State, budget: Decimal, known: int) -> list[str]:
    """Return the purchases after number ``known`` that take a month beyond the budget."""
    months: dict[str, Decimal] = {}
    found = []
    for one in state.paid:
        month = month_of(one.at)
        months[month] = months.get(month, Decimal(0)) + one.cost
        if one.number > known and months[month] > budget:
            found.append(
                f"purchase {one.number} of run {one.run} takes {month} to ${months[month]};"
                f" the budget is ${budget}"
            )
    return found


def spent(state: State, month: str) -> Decimal:
    """Return what was spent in a month."""
    return sum((one.cost for one in state.paid if month_of(one.at) == month), Decimal(0))


def month_of(at: int) -> str:
    """Return the month of an instant of the state."""
    return f"{datetime.fromtimestamp(at / 1e6, UTC):%Y-%m}"


@dataclass(slots=True)
class Twice:
    """Looks for pairs that were paid for although a verdict for the same state was there.

    ``forced`` are the runs that were told to ask again, ``excused`` the words of collections
    whose earlier verdicts nobody could find: renamed while another file could not be read.
    """

    forced: set[int] = field(default_factory=set)
    excused: set[str] = field(default_factory=set)

    def wrong(self, asks: Sequence[Ask], bills: Sequence[Bill], state: State) -> list[str]:
        """Go through all that was asked, in order."""
        matched, _ = match(state.paid, bills)
        places = {id(bill): place for place, bill in enumerate(bills)}
        answered: dict[tuple[int, str], tuple[Pair, int]] = {}
        found = []
        for ask in asks:
            paid = matched.get(places.get(id(ask.bill), -1))
            whole = paid is not None and ask.sound and paid.pairs == len(ask.pairs)
            again = []
            for pair in ask.pairs:
                key = pair.item_id, pair.words
                before = answered.get(key)
                forced = paid.run in self.forced if paid else bool(self.forced)
                excused = forced or pair.standing or pair.words in self.excused
                if before is not None and before[0].line == pair.line and not excused:
                    run = paid.run if paid else "?"
                    again.append(
                        f'film {pair.item_id} was judged by "{pair.words}" in run {before[1]}, and'
                        f" asked about again in run {run} without any need"
                    )
                if whole and paid is not None:
                    answered[key] = pair, paid.run
            if again:  # one lost answer is one defect, and not two hundred
                more = f", and {len(again) - 1} more pairs of that request"
                found.append(again[0] + (more if again[1:] else ""))
        return found
