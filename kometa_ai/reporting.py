"""From what a run did to its report."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from kometa_ai.domain.decision import Stance
from kometa_ai.domain.report import (
    Change,
    CollectionReport,
    ReviewSpending,
    Spending,
)
from kometa_ai.domain.tagging import TagChange, Verdicts, compare

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Container,
        Iterable,
        Mapping,
        Sequence,
        Set as AbstractSet,
    )

    from kometa_ai.deciding import Case
    from kometa_ai.domain.decision import Pin
    from kometa_ai.domain.media import MediaItem
    from kometa_ai.domain.verdict import Titles
    from kometa_ai.house import Policy
    from kometa_ai.seat import Bench
    from kometa_ai.tally import Tally


@dataclass(slots=True)
class Outcome:
    """What a run found out and did about one collection.

    ``present`` is the membership as it was last read or changed; ``added`` and ``removed`` are
    what was really done (in a dry run: what would be).
    """

    case: Case
    titles: Titles
    verdicts: Verdicts
    present: frozenset[int]
    added: frozenset[int] = frozenset()
    removed: frozenset[int] = frozenset()
    held: frozenset[int] = frozenset()

    @property
    def differs(self) -> bool:
        """Return whether the tag is not what it should be."""
        return not (
            self.verdicts.belong <= self.present and self.verdicts.foreign.isdisjoint(self.present)
        )

    def obey(self, pins: Mapping[int, Pin]) -> None:
        """Let pins that were set since the verdicts win over these."""
        criteria = self.case.collection.criteria
        held = [pin for pin in pins.values() if pin.holds(criteria)]
        keep = {pin.item_id for pin in held if pin.stance is Stance.KEEP}
        never = {pin.item_id for pin in held if pin.stance is Stance.NEVER}
        self.verdicts = Verdicts(self.verdicts.belong - never, self.verdicts.foreign - keep)

    def keep_to(self, ids: Container[int]) -> None:
        """Leave alone what is not in the library any more."""
        belong, foreign = self.verdicts.belong, self.verdicts.foreign
        self.verdicts = Verdicts({i for i in belong if i in ids}, {i for i in foreign if i in ids})

    def change(self, policy: Policy) -> TagChange:
        """Return what is to be done to the tag as it is now."""
        return compare(self.verdicts, self.present, percent=policy.max_removals_percent)

    def done(self, added: AbstractSet[int], removed: AbstractSet[int]) -> None:
        """Note what was done."""
        self.added, self.removed = frozenset(added), frozenset(removed)
        self.present = (self.present | self.added) - self.removed

    def report(self, tallies: Sequence[Tally]) -> CollectionReport:
        """Return what to tell, with what came of everybody's asking."""
        collection = self.case.collection
        slug = collection.slug
        judged = sum(tally.judged(slug) for tally in tallies)
        failed = sum(tally.failed.get(slug, 0) for tally in tallies)
        return CollectionReport(
            name=collection.name,
            slug=slug,
            tag=collection.tag,
            library=collection.library,
            threshold=collection.threshold,
            members=len(self.present),
            added=self.changes(self.added),
            removed=self.changes(self.removed),
            held=self.changes(self.held),
            judged=judged,
            pending=self.case.pending.count - judged,
            deferred=self.case.pending.count - judged - failed,
            cost=sum((tally.costs.get(slug, Decimal(0)) for tally in tallies), Decimal(0)),
        )

    def changes(self, ids: AbstractSet[int]) -> tuple[Change, ...]:
        """Describe items by title, year and reason, in the order of their titles."""
        items = (self.titles.items[item_id] for item_id in ids if item_id in self.titles.items)
        return changes(items, self.case.reason)


def changes(items: Iterable[MediaItem], reason: Callable[[MediaItem], str]) -> tuple[Change, ...]:
    """Describe items by title, year and reason, in the order of their titles."""
    ordered = sorted(items, key=lambda item: (item.title.lower(), item.year, item.id))
    return tuple(
        Change(item.id, item.title, item.year, reason(item), item.tmdb_id) for item in ordered
    )


def spending(bench: Bench) -> Spending:
    """Return what a run has spent, and what of it on second opinions."""
    first, reviewer = bench.first, bench.reviewer
    paid = first.purchasing.receipts
    if reviewer is None:
        return Spending(paid.requests, first.tally.done, paid.usage, paid.cost, paid.unconfirmed)
    also = reviewer.purchasing.receipts
    review = ReviewSpending(
        reviewer.judge.model.name,
        also.requests,
        reviewer.tally.done,
        also.usage,
        also.cost,
        also.unconfirmed,
    )
    return Spending(
        paid.requests + also.requests,
        first.tally.done + reviewer.tally.done,
        paid.usage + also.usage,
        paid.cost + also.cost,
        paid.unconfirmed + also.unconfirmed,
        review,
    )


def shortfalls(
    tallies: Sequence[Tally], exhausted: str, policy: Policy, deferred: int
) -> list[str]:
    """Return sentences about what was not judged, and about answers that were of no use."""
    told = []
    left = f"{deferred:,} verdicts wait"
    if exhausted == "MONTHLY_BUDGET" and not policy.monthly_budget:
        told.append(f"MONTHLY_BUDGET is 0, so Claude is not asked; {left}.")
    elif exhausted == "MONTHLY_BUDGET":
        told.append(
            f"MONTHLY_BUDGET (${policy.monthly_budget}) leaves no room for a further request;"
            f" {left} for the next month, or for a higher budget."
        )
    elif exhausted == "MAX_EVALS_PER_RUN":
        told.append(f"MAX_EVALS_PER_RUN is reached; {left} for the next run.")
    elif exhausted:
        told.append(
            f"{exhausted} (${policy.max_cost}) leaves no room for a further request;"
            f" {left} for the next run."
        )
    foreign = sum(tally.foreign for tally in tallies)
    unusable = sum(tally.unusable for tally in tallies)
    if foreign or unusable:
        told.append(
            f"Claude gave {foreign} verdicts that nobody asked for and"
            f" {unusable} that can't be used; they were dropped."
        )
    return told
