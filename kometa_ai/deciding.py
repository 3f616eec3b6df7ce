"""Deciding: what is free first, then what Claude must be asked, then who belongs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from kometa_ai import adopting
from kometa_ai.domain import pending, requests, verdict
from kometa_ai.domain.decision import UNNAMED_CONFIDENCE, Decision, Opinion
from kometa_ai.domain.media import fingerprints
from kometa_ai.domain.pending import Pending, Why
from kometa_ai.domain.tagging import Verdicts

if TYPE_CHECKING:
    from collections.abc import (
        Container,
        Iterable,
        Mapping,
        Sequence,
        Set as AbstractSet,
    )
    from datetime import datetime

    from kometa_ai.domain.collection import Collection
    from kometa_ai.domain.decision import Ledger, Pin
    from kometa_ai.domain.media import MediaItem
    from kometa_ai.domain.pending import Selection
    from kometa_ai.domain.requests import Request
    from kometa_ai.domain.verdict import Free, Titles
    from kometa_ai.house import Policy
    from kometa_ai.ports import Decided
    from kometa_ai.tally import Tally


MANY: Final = 20
"""So many verdicts that are void at once are worth a word."""


@dataclass(frozen=True, slots=True)
class Case:
    """One collection of a run: all that is known of it at one moment.

    ``present`` holds the members that the tag has now, and those that an accident took it off.
    """

    collection: Collection
    present: frozenset[int]
    free: Free
    ledger: Ledger
    pending: Pending

    def earlier(self, item_id: int, now: datetime) -> Decision | None:
        """Return the decision that is held of an item, for whatever state of the item."""
        named = self.ledger.named.get(item_id)
        mark = self.ledger.judged.get(item_id)
        if named is not None or mark is None:
            return named
        no = Opinion(include=False, confidence=UNNAMED_CONFIDENCE)
        return Decision(no, "", self.collection.criteria, mark, now)

    def learned(self, tally: Tally) -> Case:
        """Return the case with what Claude was asked meanwhile."""
        slug = self.collection.slug
        plain = tally.plain.get(slug)
        fresh = self.ledger.joined(plain.by_id() if plain else {}, tally.named.get(slug, {}))
        # Whatever was judged before is shared already.
        shared = fresh if self.ledger.judged else fresh.sharing(self.free.candidates)
        return replace(self, ledger=shared)

    @property
    def fresh(self) -> Case:
        """Return the case without what waits for a second look."""
        return replace(self, pending=self.pending.without(Why.NEAR_THRESHOLD))

    def doubtful(self, judged: Container[int] = ()) -> Case:
        """Return the case with nothing pending but second looks, those that came up lately too.

        What was to be judged in any case and is not among the ``judged`` ones comes first.
        """
        waiting = {one for one in self.pending.by_why.get(Why.FORCED, ()) if one not in judged}
        near = pending.near(self.collection, self.free.candidates, self.ledger)
        near = tuple(one for one in near if one not in waiting)
        by_why = {Why.NEAR_THRESHOLD: near} if near else {}
        return replace(self, pending=Pending(self.collection, by_why))

    def joined(self, reviewed: Case) -> Case:
        """Return the case with what came of its second looks, and what did not."""
        by_why = {**self.pending.by_why, **reviewed.pending.by_why}
        return replace(reviewed, pending=Pending(self.collection, by_why))

    def verdicts(self, titles: Titles) -> Verdicts:
        """Return who belongs, and which present members do not.

        A member of which this is not known is not lost: it counts as one that belongs.
        """
        known = verdict.judge_members(self.collection, titles, self.free, self.ledger, self.present)
        kept = {one for one in self.present - known.foreign if one in titles.items}
        return Verdicts(known.belong | kept, known.foreign)

    def reason(self, item: MediaItem) -> str:
        """Return why an item belongs or does not."""
        decision = self.ledger.named.get(item.id)
        return verdict.explain(self.collection, item, self.free, decision)


def survey(items: Iterable[MediaItem]) -> Titles:
    """Index a library by id."""
    by_id = {item.id: item for item in items}
    return verdict.Titles(by_id, fingerprints(by_id.values()))


def carriers(items: Iterable[MediaItem], numbers: Mapping[str, int]) -> dict[str, frozenset[int]]:
    """Return the ids that carry each of these tags, by label, from the items themselves."""
    sets: dict[int, set[int]] = {number: set() for number in numbers.values()}
    for item in items:
        for number in item.tags:
            if number in sets:
                sets[number].add(item.id)
    return {label: frozenset(sets[number]) for label, number in numbers.items()}


def strangers(cases: Sequence[Case]) -> list[str]:
    """Return a sentence if most titles are not what was judged: that makes a run dear."""
    changed = sum(len(case.pending.by_why.get(Why.ITEM_CHANGED, ())) for case in cases)
    judged = sum(len(case.ledger.judged) for case in cases)
    if changed < MANY or 2 * changed < judged:
        return []
    told = (
        f"Of {judged:,} verdicts {changed:,} were made for titles that are described in another way"
        " now, and are made, and paid for, again. If you did not set Radarr up anew or change its"
        " language, have a look at it."
    )
    return [told]


async def open_cases(
    collections: Sequence[Collection],
    titles: Titles,
    pins: Mapping[str, Mapping[int, Pin]],
    tagged: Mapping[str, AbstractSet[int]],
    store: Decided,
    *,
    forced: bool = False,
) -> list[Case]:
    """Gather what is known of collections of one library, and find what is not.

    ``pins`` are by slug and item id.
    """
    if not collections:
        return []
    wanted = {one.slug: one.criteria for one in collections}
    # All at once: twenty times there and back to the store's thread cost more than the reading.
    ledgers = await store.ledgers(collections[0].library, wanted, titles.fingerprints)
    return [
        await _open_case(
            one,
            titles,
            ledgers[one.slug],
            store,
            free=verdict.settle_for_free(one, titles, pins.get(one.slug, {}), tagged),
            present=frozenset(tagged.get(one.label, frozenset())),
            forced=forced,
        )
        for one in collections
    ]


async def _open_case(
    collection: Collection,
    titles: Titles,
    ledger: Ledger,
    store: Decided,
    *,
    free: Free,
    present: frozenset[int],
    forced: bool,
) -> Case:
    before: AbstractSet[int] = frozenset()
    if not ledger.judged or pending.outdated(free.candidates, ledger.judged):
        library, slug, criteria = collection.library, collection.slug, collection.criteria
        before = await store.judged_before(library, slug, criteria)
    if not ledger.judged and not before:
        ledger = await adopting.adopt(collection, titles, store)

    def find(known: Ledger) -> Pending:
        return pending.find(
            collection, free.candidates, known, present=present, judged_before=before, forced=forced
        )

    unknown = find(ledger)
    new = unknown.by_why.get(Why.NEW, ())
    later = await adopting.adopt_late(ledger, new, collection, titles, store)
    if later is not ledger:
        ledger, unknown = later, find(later)
    return Case(collection, present, free, ledger, unknown)


def plan(
    cases: Sequence[Case],
    titles: Titles,
    policy: Policy,
    *,
    max_pairs: int | None,
    items_per_request: int | None,
    few: bool = False,
) -> tuple[Selection, tuple[tuple[Request, ...], ...]]:
    """Choose the pairs to judge, and group them into requests.

    ``few`` at a time, and each title with all that is known of it, is how a reviewer is asked.
    """
    selection = pending.select([case.pending for case in cases], max_pairs)
    standing = {case.collection.slug: case.ledger.named for case in cases}
    items, collections = items_per_request, policy.collections_per_request
    if few:
        items = min(items or requests.ITEMS_PER_REVIEW, requests.ITEMS_PER_REVIEW)
        collections = min(collections, requests.COLLECTIONS_PER_REVIEW)
    groups = requests.group(
        selection,
        titles.items,
        standing,
        collections_per_request=collections,
        items_per_request=items,
        in_full=few,
    )
    return selection, groups
