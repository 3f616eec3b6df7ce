"""Collections that go by another tag than before: what was decided for them moves along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kometa_ai.domain.collection import TAG_PREFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kometa_ai.domain.collection import Collection
    from kometa_ai.ports import CollectionFiles, Store


async def follow(
    collections: Sequence[Collection], files: CollectionFiles, store: Store
) -> list[str]:
    """Let new collections take over from those that are gone and had their words; tell of each.

    A tag is made of the name, so whoever renames a collection renames its tag; it would be judged,
    and paid for, as a whole once more. Where several are gone that had these words, nobody knows
    which one it was. While a file can't be read, nobody knows whether any is gone.
    """
    if not collections or files.faults:
        return []
    notices = []
    judged = dict(await store.judged(collections[0].library))
    for collection in collections:
        if collection.slug in judged:
            continue
        gone = [
            slug
            for slug, criteria in judged.items()
            if collection.criteria in criteria and f"{TAG_PREFIX}{slug}" not in files.claimed
        ]
        if len(gone) == 1:
            await store.rename(collection.library, gone[0], collection.slug)
            judged[collection.slug] = judged.pop(gone[0])
            notices.append(
                f"{collection.name} was called KAI-{gone[0]} before;"
                " its verdicts and pins were taken over. The old tag stays on its films until"
                " --cleanup. If its words mean something else under this name, --force-refresh"
                " judges it anew."
            )
    return notices
