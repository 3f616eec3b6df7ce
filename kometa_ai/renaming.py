"""Collections that go by another tag than before: what was decided for them moves along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kometa_ai.domain.collection import TAG_PREFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kometa_ai.domain.collection import Collection
    from kometa_ai.ports import CollectionFiles, Store


@dataclass(frozen=True, slots=True)
class Renamed:
    """A new collection, and the slug under which it was judged before."""

    collection: Collection
    before: str

    @property
    def notice(self) -> str:
        """Return what a person is told of it."""
        return (
            f"{self.collection.name} was called KAI-{self.before} before;"
            " its verdicts and pins were taken over. The old tag stays on its films until"
            " --cleanup. If its words mean something else under this name, --force-refresh"
            " judges it anew."
        )


async def find(
    collections: Sequence[Collection], files: CollectionFiles, store: Store
) -> list[Renamed]:
    """Find new collections that have the last words of one that is gone.

    A tag is made of the name, so whoever renames a collection renames its tag; it would be judged,
    and paid for, as a whole once more. Where several are gone that had these words, or several are
    new that have them, nobody knows which one it was. While a file can't be read, nobody knows
    whether any is gone.
    """
    if not collections or files.faults:
        return []
    library = collections[0].library
    judged = await store.newest_criteria(library)
    found = []
    for collection in collections:
        words = collection.criteria
        gone = [
            slug
            for slug, criteria in judged.items()
            if criteria == words and f"{TAG_PREFIX}{slug}" not in files.claimed
        ]
        new = [
            one
            for one in files.collections
            if one.library == library and one.criteria == words and one.slug not in judged
        ]
        if len(gone) == 1 and new == [collection]:
            found.append(Renamed(collection, gone[0]))
    return found


async def follow(
    collections: Sequence[Collection], files: CollectionFiles, store: Store
) -> list[str]:
    """Let new collections take over from those that are gone and had their words; tell of each."""
    renamed = await find(collections, files, store)
    for one in renamed:
        await store.rename(one.collection.library, one.before, one.collection.slug)
    return [one.notice for one in renamed]
