"""A model that is asked in a run: which one, out of which purse, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from kometa_ai.asking import ADVICE_OF_A_RUN
from kometa_ai.domain.report import Phase
from kometa_ai.tally import Tally

if TYPE_CHECKING:
    from kometa_ai.domain.fault import Fault
    from kometa_ai.ports import Judge
    from kometa_ai.purchasing import Purchasing

ASKED_AGAIN: Final = "The first verdicts stand; the next run asks for second opinions again."
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


def _spoiling_nothing(fault: Fault) -> Fault:
    """Return a reviewer's fault: what was decided first is there, and its tags are written."""
    remedy = fault.remedy
    for advice in ADVICE_OF_A_RUN:
        remedy = remedy.replace(advice, ASKED_AGAIN)
    if remedy == fault.remedy:
        remedy = f"{remedy} {UNTIL_THEN}".strip()
    return replace(fault, message=f"Second opinion: {fault.message}", remedy=remedy)
