"""Which pairs of item and collection need judging, why, in which order, within which number."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from kometa_ai.domain.marks import suspects

if TYPE_CHECKING:
    from collections.abc import (
        Collection as Several,
        Iterable,
        Mapping,
        Sequence,
        Set as AbstractSet,
    )

    from kometa_ai.domain.collection import Collection
    from kometa_ai.domain.decision import Ledger


class Why(IntEnum):
    """Why a pair is pending; the lower number is judged first."""

    MEMBER_OUTDATED = 1
    """A present member of which we no longer know whether it belongs."""
    CRITERIA_CHANGED = 2
    ITEM_CHANGED = 3
    NEW = 4
    FORCED = 5
    NEAR_THRESHOLD = 6

    @property
    def words(self) -> str:
        """Return the reason as people read it."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Pending:
    """The items of one collection that need judging, by reason.

    Collections of which nothing is decided share their ids: fifty times 100,000 pairs are then
    neither held nor looked at one by one.
    """

    collection: Collection
    by_why: Mapping[Why, Several[int]]

    @property
    def count(self) -> int:
        """Return the number of pending pairs."""
        return sum(map(len, self.by_why.values()))

    @property
    def ids(self) -> set[int]:
        """Return every pending item id."""
        return {item_id for ids in self.by_why.values() for item_id in ids}

    def without(self, why: Why) -> Pending:
        """Return what is pending for any other reason."""
        return Pending(
            self.collection, {one: ids for one, ids in self.by_why.items() if one != why}
        )


def find(
    collection: Collection,
    candidates: Mapping[int, int],
    ledger: Ledger,
    *,
    present: AbstractSet[int],
    judged_before: AbstractSet[int],
    forced: bool = False,
) -> Pending:
    """Find what of one collection needs judging.

    ``candidates`` maps the item ids that no free rule settles to their fingerprints;
    ``judged_before`` holds the ids that were judged under criteria which have changed since.
    """
    judged = ledger.judged
    if not judged and not judged_before:
        return _pending(collection, {Why.NEW: candidates})
    stale = outdated(candidates, judged)
    by_why: dict[Why, list[int]] = {}
    for item_id in stale:
        by_why.setdefault(_why(item_id, judged, present, judged_before), []).append(item_id)
    if forced:
        valid = [one for one, mark in candidates.items() if judged.get(one) == mark]
        return _pending(collection, {**by_why, Why.FORCED: valid})
    return _pending(
        collection, {**by_why, Why.NEAR_THRESHOLD: near(collection, candidates, ledger)}
    )


def near(collection: Collection, candidates: Mapping[int, int], ledger: Ledger) -> tuple[int, ...]:
    """Return the items that want a second look, in their present state."""
    return tuple(
        item_id
        for item_id, decision in ledger.named.items()
        if decision.wants_second_look(collection.threshold)
        and candidates.get(item_id) == decision.fingerprint
    )


def outdated(candidates: Mapping[int, int], judged: Mapping[int, int]) -> list[int]:
    """Return the candidates that were not judged in their present state.

    Mostly both are the library's own fingerprints, a few ids apart: then the others need no look.
    """
    some = suspects(candidates, judged)
    if some is None:
        return [one for one, mark in candidates.items() if judged.get(one) != mark]
    return [one for one in sorted(some) if one in candidates and candidates[one] != judged.get(one)]


def _pending(collection: Collection, by_why: Mapping[Why, Several[int]]) -> Pending:
    kept = {why: tuple(ids) if isinstance(ids, list) else ids for why, ids in by_why.items()}
    return Pending(collection, {why: ids for why, ids in kept.items() if ids})


def _why(
    item_id: int,
    judged: Mapping[int, int],
    present: AbstractSet[int],
    judged_before: AbstractSet[int],
) -> Why:
    known = item_id in judged
    if item_id in present and (known or item_id in judged_before):
        return Why.MEMBER_OUTDATED
    if known:
        return Why.ITEM_CHANGED
    return Why.CRITERIA_CHANGED if item_id in judged_before else Why.NEW


@dataclass(frozen=True, slots=True)
class Selection:
    """The pairs to judge in this run, and how many of each collection must wait.

    ``asked`` maps item ids, the most urgent first, to a bit mask over ``collections``.
    """

    collections: tuple[Collection, ...]
    asked: Mapping[int, int]
    deferred: Mapping[str, int]

    @property
    def count(self) -> int:
        """Return the number of selected pairs."""
        return sum(mask.bit_count() for mask in self.asked.values())


def select(pending: Sequence[Pending], limit: int | None = None) -> Selection:
    """Order the pending pairs and cut them to ``limit`` pairs (``None``: no limit).

    Urgent reasons come first, then collections of higher priority; among equals an item keeps
    its collections together, because it is then sent, and paid for, once.
    """
    ordered = sorted(
        (one for one in pending if one.count), key=lambda one: -one.collection.priority
    )
    asked: dict[int, int] = {}
    left = limit
    for wave in _waves(ordered):
        for item_id, mask in wave.items():
            taken = _first_bits(mask & ~asked.get(item_id, 0), left)
            if taken:
                asked[item_id] = asked.get(item_id, 0) | taken
            if left is not None:
                left -= taken.bit_count()
    collections = tuple(one.collection for one in ordered)
    return Selection(collections, asked, _deferred(ordered, asked))


def _waves(ordered: Sequence[Pending]) -> Iterable[dict[int, int]]:
    """Yield item id → mask, one mapping for each reason and priority."""
    priorities = sorted({one.collection.priority for one in ordered}, reverse=True)
    for why in Why:
        for priority in priorities:
            wave: dict[int, int] = {}
            for ids, mask in _alike(ordered, why, priority):
                for item_id in ids:
                    wave[item_id] = wave.get(item_id, 0) | mask
            yield wave


def _alike(
    ordered: Sequence[Pending], why: Why, priority: int
) -> Iterable[tuple[Several[int], int]]:
    """Return the ids that are pending for this reason, and the mask of those that share them."""
    shared: dict[int, tuple[Several[int], int]] = {}
    for index, one in enumerate(ordered):
        ids = one.by_why.get(why)
        if ids and one.collection.priority == priority:
            _, mask = shared.get(id(ids), (ids, 0))
            shared[id(ids)] = ids, mask | 1 << index
    return shared.values()


def _first_bits(mask: int, limit: int | None) -> int:
    """Keep the lowest ``limit`` bits that are set."""
    if limit is None or mask.bit_count() <= limit:
        return mask
    kept = 0
    for _ in range(max(limit, 0)):
        lowest = mask & -mask
        kept |= lowest
        mask ^= lowest
    return kept


def _deferred(ordered: Sequence[Pending], asked: Mapping[int, int]) -> dict[str, int]:
    taken: Counter[int] = Counter()
    for mask, items in Counter(asked.values()).items():
        for index in range(len(ordered)):
            if mask >> index & 1:
                taken[index] += items
    waiting = {one.collection.slug: one.count - taken[i] for i, one in enumerate(ordered)}
    return {slug: count for slug, count in waiting.items() if count}
