"""Taking over what 0.5.x decided, as soon as its collections and its titles turn up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kometa_ai.domain.decision import Ledger, Origin

if TYPE_CHECKING:
    from collections.abc import Collection as Several

    from kometa_ai.domain.collection import Collection
    from kometa_ai.domain.decision import Decision
    from kometa_ai.domain.verdict import Titles
    from kometa_ai.ports import Decided


async def adopt(collection: Collection, titles: Titles, store: Decided) -> Ledger:
    """Take over what 0.5.x decided; it holds until the criteria or the item change from now on.

    What it decided of titles that are not there goes on waiting, for these criteria.
    """
    imported = await store.imported(collection.name, collection.label)
    held = {i: one for i, one in imported.items() if one.criteria in {"", collection.criteria}}
    return await _take(held, Ledger({}, {}), collection, titles, store)


async def adopt_late(
    ledger: Ledger, new: Several[int], collection: Collection, titles: Titles, store: Decided
) -> Ledger:
    """Take over what waits for titles that have come back since.

    0.5.x knew a title by the library's number alone, so only in a library that is still the same:
    in one that was set up anew, the number is another title's.
    """
    if not new:
        return ledger
    imported = await store.imported(collection.name, collection.label)
    if not imported:
        return ledger
    late = {i: imported[i] for i in new if i in imported}
    held = {i: one for i, one in late.items() if one.criteria == collection.criteria}
    if not held or not _same_library(ledger, titles):
        return ledger
    return await _take(held, ledger, collection, titles, store)


def _same_library(ledger: Ledger, titles: Titles) -> bool:
    """Return whether most of the titles that were judged still look as they did."""
    marks = [(titles.fingerprints.get(i), mark) for i, mark in ledger.judged.items()]
    there = [mark == now for now, mark in marks if now is not None]
    return 2 * sum(there) > len(there)


async def _take(
    imported: dict[int, Decision],
    ledger: Ledger,
    collection: Collection,
    titles: Titles,
    store: Decided,
) -> Ledger:
    decisions = {
        item_id: decision._replace(
            criteria=collection.criteria,
            fingerprint=titles.fingerprints[item_id],
            origin=Origin.IMPORTED,
        )
        for item_id, decision in imported.items()
        if item_id in titles.items
    }
    if decisions:
        await store.adopt(
            collection.library, collection.slug, collection.name, collection.label, decisions
        )
    return ledger.joined({}, decisions)
