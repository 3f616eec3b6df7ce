"""What is settled for free, and what follows from all that is known: who belongs and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kometa_ai.domain.collection import gate
from kometa_ai.domain.decision import Stance
from kometa_ai.domain.marks import Marks
from kometa_ai.domain.tagging import Verdicts

if TYPE_CHECKING:
    from collections.abc import Mapping, Set as AbstractSet

    from kometa_ai.domain.collection import Collection
    from kometa_ai.domain.decision import Decision, Ledger, Pin
    from kometa_ai.domain.media import MediaItem


@dataclass(frozen=True, slots=True)
class Titles:
    """A library as one run sees it: its items and their fingerprints by id."""

    items: Mapping[int, MediaItem]
    fingerprints: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Free:
    """What pins, tag rules and gates settle of one collection, without asking anybody.

    ``belong`` and ``foreign`` map item ids to the reason; ``candidates`` maps all other ids to
    their fingerprints. Items that a gate turns away are in neither: there are thousands.
    """

    belong: Mapping[int, str]
    foreign: Mapping[int, str]
    candidates: Mapping[int, int]


def settle_for_free(
    collection: Collection,
    titles: Titles,
    pins: Mapping[int, Pin],
    tagged: Mapping[str, AbstractSet[int]],
) -> Free:
    """Settle what needs no judgement: pins first, then exclusions, inclusions and gates.

    ``tagged`` maps lower-case tag labels to the ids that carry them; for the tags of collections
    that were settled earlier in the run, the ids that will.
    """
    belong: dict[int, str] = {}
    foreign: dict[int, str] = {}
    for tag in sorted(collection.include_tags):
        belong.update(dict.fromkeys(tagged.get(tag, ()), f'it has the tag "{tag}"'))
    for tag in sorted(collection.exclude_tags):
        foreign.update(dict.fromkeys(tagged.get(tag, ()), f'it has the excluded tag "{tag}"'))
    for item_id, pin in pins.items():
        if pin.holds(collection.criteria):
            side = belong if pin.stance is Stance.KEEP else foreign
            side[item_id] = f"pinned: {pin.stance} ({pin.origin})"
            (foreign if side is belong else belong).pop(item_id, None)
    for item_id in foreign.keys() & belong.keys():
        del belong[item_id]
    return Free(belong, foreign, _candidates(collection, titles, belong.keys() | foreign.keys()))


def _candidates(
    collection: Collection, titles: Titles, settled: AbstractSet[int]
) -> Mapping[int, int]:
    if not settled and not collection.gated:
        return titles.fingerprints
    if not collection.gated:
        return Marks(titles.fingerprints, {}, settled)
    away = {
        item_id
        for item_id, item in titles.items.items()
        if item_id in settled or gate(collection, item)
    }
    if 2 * len(away) <= len(titles.items):
        return Marks(titles.fingerprints, {}, away)
    return {i: mark for i, mark in titles.fingerprints.items() if i not in away}


def judge_members(
    collection: Collection,
    titles: Titles,
    free: Free,
    ledger: Ledger,
    present: AbstractSet[int],
) -> Verdicts:
    """Return who belongs, and which of the present members do not.

    A pair without a decision that is valid for the item's present state is in neither.
    """
    threshold = collection.threshold
    decided = {
        item_id
        for item_id, decision in ledger.named.items()
        if free.candidates.get(item_id) == decision.fingerprint and decision.member(threshold)
    }
    belong = frozenset(decided.union(one for one in free.belong if one in titles.items))
    foreign = frozenset(
        item_id
        for item_id in present - belong
        if item_id in titles.items and _is_foreign(item_id, free, ledger)
    )
    return Verdicts(belong, foreign)


def _is_foreign(item_id: int, free: Free, ledger: Ledger) -> bool:
    mark = free.candidates.get(item_id)
    return mark is None or ledger.judged.get(item_id) == mark


def explain(collection: Collection, item: MediaItem, free: Free, decision: Decision | None) -> str:
    """Return why an item belongs or does not, in a line."""
    settled = free.belong.get(item.id) or free.foreign.get(item.id)
    if settled:
        return settled
    if item.id not in free.candidates:
        return gate(collection, item)
    if decision is None:
        return "Claude does not count it among the titles that fit"
    opinion = decision.opinion
    if decision.member(collection.threshold):
        return opinion.reason or f"judged to fit, confidence {opinion.confidence:.2f}"
    below = f"scores {opinion.score:.2f}, the threshold is {collection.threshold:.2f}"
    return f"{opinion.reason} ({below})" if opinion.reason else below
