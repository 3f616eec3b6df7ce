"""What people changed by hand in the library: a vote, or an accident."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kometa_ai.domain.decision import Pin, PinOrigin, Stance
from kometa_ai.domain.tagging import count_votes
from kometa_ai.domain.whereabouts import Whereabouts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set as AbstractSet
    from datetime import datetime

    from kometa_ai.domain.collection import Collection
    from kometa_ai.domain.media import MediaItem
    from kometa_ai.domain.tagging import Votes
    from kometa_ai.ports import Store

HELD_ANYWAY = "Removals of more titles than the brake allows wait for approval."
LISTED = "--pins lists it, --unpin takes it back."


@dataclass(slots=True)
class Heeded:
    """What to tell about hand edits, and which titles an accident took a tag off, by label."""

    notices: list[str] = field(default_factory=list)
    lost: dict[str, frozenset[int]] = field(default_factory=dict)


async def heed(
    collections: Sequence[Collection],
    present: Mapping[str, AbstractSet[int]],
    items: Mapping[int, MediaItem],
    *,
    store: Store,
    now: datetime,
    percent: int,
    since: Mapping[str, Mapping[int, int]] | None = None,
) -> Heeded:
    """Turn hand edits into pins.

    ``present`` (by label) is what is there now; a label that is missing there is a tag that is
    gone. ``items`` are those that are in the library. It is compared with what we last applied or
    saw, or with ``since`` (by slug, then TMDB ids by item id). What is there now counts as seen
    from here on, accidents aside: those the run puts back.
    """
    heeded = Heeded()
    where = Whereabouts(items)
    pins: list[Pin] = []
    now_seen: dict[str, AbstractSet[int]] = {}
    library = collections[0].library
    seen = await store.seen(library) if since is None else since
    for collection in collections:
        before = seen.get(collection.slug)
        there = present.get(collection.label, frozenset())
        if before == where.tmdb_ids(there):
            continue
        if before is not None:
            votes = _votes(
                before, there, where, exists=collection.label in present, percent=percent
            )
            heeded.notices += _tell(collection, votes)
            if votes.accident:
                heeded.lost[collection.label] = votes.lost
                continue
            pins += _pins(collection, votes, now, items)
        now_seen[collection.slug] = there
    if pins:
        await store.pin(library, pins)
    if now_seen:
        await note_seen(store, library, now_seen, items)
    return heeded


async def note_seen(
    store: Store,
    library: str,
    members: Mapping[str, AbstractSet[int]],
    items: Mapping[int, MediaItem],
) -> None:
    """Keep what the tags hold now, by slug.

    Of titles that are not in the library we keep what we last saw: should they come back with
    their tags, nobody has put these on by hand.
    """
    before = await store.seen(library)
    where = Whereabouts(items)
    seen = {
        slug: {
            **{i: mark for i, mark in before.get(slug, {}).items() if where.find(i, mark) is None},
            **where.tmdb_ids(there),
        }
        for slug, there in members.items()
    }
    await store.note_seen(library, seen)


def _votes(
    seen: Mapping[int, int],
    there: AbstractSet[int],
    where: Whereabouts,
    *,
    exists: bool,
    percent: int,
) -> Votes:
    """Count the votes of titles that are what they were.

    One that has another number now was deleted and added anew, or all of its library was: that it
    has lost its tag, or has it still, is nobody's vote.
    """
    stayed = {i for i, tmdb_id in seen.items() if where.unmoved(i, tmdb_id)}
    moved = {where.find(i, tmdb_id) for i, tmdb_id in seen.items() if i not in stayed}
    ours = there - (moved - stayed)
    return count_votes(stayed, ours, where.items.keys(), exists=exists, percent=percent)


def _pins(
    collection: Collection, votes: Votes, now: datetime, items: Mapping[int, MediaItem]
) -> list[Pin]:
    slug, criteria, hand = collection.slug, collection.criteria, PinOrigin.HAND
    return [
        Pin(slug, item_id, stance, hand, now, criteria, items[item_id].tmdb_id)
        for stance, ids in ((Stance.KEEP, votes.keep), (Stance.NEVER, votes.never))
        for item_id in sorted(ids)
    ]


def _tell(collection: Collection, votes: Votes) -> list[str]:
    edits = f"{len(votes.gained)} added, {len(votes.lost)} taken off"
    if votes.accident:
        meant = "too much to be meant, so it is put back"
        return [f"{collection.tag} was changed by hand ({edits}): {meant}. {HELD_ANYWAY}"]
    if votes.keep or votes.never:
        return [f"{collection.tag} was changed by hand ({edits}): that holds now. {LISTED}"]
    return []
