"""What people changed by hand in the library: a vote, or an accident."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kometa_ai.domain.decision import Pin, PinOrigin, Stance
from kometa_ai.domain.tagging import count_votes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set as AbstractSet
    from datetime import datetime

    from kometa_ai.domain.collection import Collection
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
    known: AbstractSet[int],
    *,
    store: Store,
    now: datetime,
    percent: int,
    since: Mapping[str, AbstractSet[int]] | None = None,
) -> Heeded:
    """Turn hand edits into pins.

    ``present`` (by label) is what is there now; a label that is missing there is a tag that is
    gone. ``known`` holds the library's ids. It is compared with what we last applied or saw, or
    with ``since`` (by slug). What is there now counts as seen from here on, accidents aside: those
    the run puts back.
    """
    heeded = Heeded()
    pins: list[Pin] = []
    now_seen: dict[str, AbstractSet[int]] = {}
    library = collections[0].library
    seen = await store.seen(library) if since is None else since
    for collection in collections:
        before = seen.get(collection.slug)
        there = present.get(collection.label, frozenset())
        if before is not None:
            votes = count_votes(
                before, there, known, exists=collection.label in present, percent=percent
            )
            heeded.notices += _tell(collection, votes)
            if votes.accident:
                heeded.lost[collection.label] = votes.lost
                continue
            pins += _pins(collection, votes, now)
        if before is None or before != there:
            now_seen[collection.slug] = there
    if pins:
        await store.pin(library, pins)
    if now_seen:
        await note_seen(store, library, now_seen, known)
    return heeded


async def note_seen(
    store: Store, library: str, members: Mapping[str, AbstractSet[int]], known: AbstractSet[int]
) -> None:
    """Keep what the tags hold now, by slug.

    Of titles that are not in the library we keep what we last saw: should they come back with
    their tags, nobody has put these on by hand.
    """
    before = await store.seen(library)
    # No `there & known`: with a view of a dictionary that walks the whole library.
    seen = {
        slug: {i for i in there if i in known} | {i for i in before.get(slug, ()) if i not in known}
        for slug, there in members.items()
    }
    await store.note_seen(library, seen)


def _pins(collection: Collection, votes: Votes, now: datetime) -> list[Pin]:
    return [
        Pin(collection.slug, item_id, stance, PinOrigin.HAND, now, collection.criteria)
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
