"""What people changed by hand in the library: a vote, or an accident."""

from __future__ import annotations

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


async def heed(
    collections: Sequence[Collection],
    seen: Mapping[str, AbstractSet[int]],
    present: Mapping[str, AbstractSet[int]],
    known: AbstractSet[int],
    *,
    store: Store,
    now: datetime,
    percent: int,
) -> list[str]:
    """Turn hand edits into pins, and return what to tell about them.

    ``seen`` (by slug) is what we last applied or saw, ``present`` (by label) what is there now;
    a label that is missing there is a tag that is gone. ``known`` holds the library's ids. What
    is there now counts as seen from here on, accidents aside: those are put back by the run.
    """
    notices: list[str] = []
    pins: list[Pin] = []
    now_seen: dict[str, AbstractSet[int]] = {}
    for collection in collections:
        before = seen.get(collection.slug)
        there = present.get(collection.label, frozenset())
        if before is not None:
            votes = count_votes(
                before, there, known, exists=collection.label in present, percent=percent
            )
            notices += _tell(collection, votes)
            if votes.accident:
                continue
            pins += _pins(collection, votes, now)
        if before is None or before != there:
            now_seen[collection.slug] = there
    if pins:
        await store.pin(collections[0].library, pins)
    if now_seen:
        await store.note_seen(collections[0].library, now_seen)
    return notices


def _pins(collection: Collection, votes: Votes, now: datetime) -> list[Pin]:
    return [
        Pin(collection.slug, item_id, stance, PinOrigin.HAND, now, collection.criteria)
        for stance, ids in ((Stance.KEEP, votes.keep), (Stance.NEVER, votes.never))
        for item_id in sorted(ids)
    ]


def _tell(collection: Collection, votes: Votes) -> list[str]:
    edits = f"{votes.gained} added, {votes.lost} taken off"
    if votes.accident:
        return [
            (
                f"The tag {collection.tag} was changed by hand ({edits}): too much to be meant, so it"
                f" is put back. {HELD_ANYWAY}"
            )
        ]
    if votes.keep or votes.never:
        return [f"{collection.tag} was changed by hand ({edits}): that holds now. {LISTED}"]
    return []
