"""Putting tags on and taking them off: intended first, then done, then noted, a chunk at a time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.collection import TAG_PREFIX, is_collection_tag
from kometa_ai.domain.fault import Fault, FaultKind, KometaAIError, StopError
from kometa_ai.domain.whereabouts import Whereabouts
from kometa_ai.ports import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kometa_ai.domain.media import MediaItem
    from kometa_ai.ports import Clock, Edit, Library, Store

TITLES_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class TagEdit:
    """What to do to the tag of one collection; ``members`` carried it before."""

    slug: str
    label: str
    members: frozenset[int] = frozenset()
    add: frozenset[int] = frozenset()
    remove: frozenset[int] = frozenset()


@dataclass(slots=True)
class Applied:
    """What was really done to one tag, and what went wrong."""

    added: set[int] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)


class Editing:
    """Applies tag edits to a library, so that a crash at any moment leaves no doubt.

    ``items`` are the library's, as they were last read.
    """

    def __init__(
        self,
        library: Library,
        store: Store,
        clock: Clock,
        run_id: str,
        items: Mapping[int, MediaItem],
    ) -> None:
        self._library = library
        self._store = store
        self._clock = clock
        self._run_id = run_id
        self._items = items
        self.applied: dict[str, Applied] = {}
        self.faults: list[Fault] = []

    async def apply(self, edits: Sequence[TagEdit]) -> None:
        """Apply the edits one after the other; one that fails leaves the others untouched.

        What was done is in ``applied`` also when this is cancelled. Raises StopError when the
        store or the library refuses everything.
        """
        wanted = [edit for edit in edits if edit.add or edit.remove]
        if not wanted:
            return
        numbers = await self._library.tags()
        for edit in wanted:
            self.applied[edit.slug] = Applied()
            try:
                await self._apply_one(edit, numbers)
            except StopError:
                raise
            except KometaAIError as error:
                self.applied[edit.slug].faults.append(error.fault)
        await self._mend_lost_tags(wanted, numbers)

    def all_faults(self) -> list[Fault]:
        """Return what went wrong with any of the tags; what befell many titles is told once."""
        told = [fault for one in self.applied.values() for fault in one.faults] + self.faults
        alike: dict[Fault, list[str]] = {}
        for fault in told:
            title = [] if fault.item_id is None else [self._title(fault.item_id)]
            where = "" if title else fault.where
            alike.setdefault(replace(fault, where=where, item_id=None), []).extend(title)
        return [
            replace(fault, where=_together(titles)) if titles else fault
            for fault, titles in alike.items()
        ]

    def _title(self, item_id: int) -> str:
        item = self._items.get(item_id)
        return item.label if item else f"title {item_id}"

    async def _apply_one(self, edit: TagEdit, numbers: dict[str, int]) -> None:
        if not is_collection_tag(edit.label):
            message = f"{edit.label!r} is not a KAI- tag and is never written"
            raise ValueError(message)
        if edit.remove and edit.label in numbers:
            await self._change(edit, numbers[edit.label], edit.remove, add=False)
        if edit.add:
            # Radarr deletes unused tags every night: one is made right before its first use.
            if edit.label not in numbers:
                numbers[edit.label] = await self._library.create_tag(edit.label)
            await self._change(edit, numbers[edit.label], edit.add, add=True)

    async def _change(self, edit: TagEdit, tag: int, ids: frozenset[int], *, add: bool) -> None:
        applied = self.applied[edit.slug]
        for chunk in _chunks(ids):
            titles = dict.fromkeys(chunk, 0) | Whereabouts(self._items).tmdb_ids(chunk)
            intent = await self._store.intend(
                self._run_id, self._library.name, edit.slug, edit.label, titles, add=add
            )
            change = self._library.add_tag if add else self._library.remove_tag
            result: Edit = await change(tag, sorted(chunk))
            (applied.added if add else applied.removed).update(result.done)
            applied.faults += result.faults
            # Between an edit and its note nothing may come: the note is made in any case.
            await asyncio.shield(self._store.note_done(intent, result.done, self._clock.now()))

    async def _mend_lost_tags(self, edits: Sequence[TagEdit], numbers: dict[str, int]) -> None:
        """Put all members on a tag's new number if somebody deleted the tag during the edits.

        Radarr stores a number without asking whether such a tag exists; the films would carry a
        tag that nobody can see.
        """
        now = await self._library.tags()
        for edit in edits:
            old = numbers.get(edit.label)
            applied = self.applied[edit.slug]
            members = (edit.members | applied.added) - applied.removed
            if old is None or not members or now.get(edit.label) == old:
                continue
            new = now.get(edit.label) or await self._library.create_tag(edit.label)
            mended = await self._library.add_tag(new, sorted(members))
            self.faults += mended.faults
            if applied.added and old not in now.values():
                await self._library.remove_tag(old, sorted(applied.added))
            self.faults.append(
                Fault(
                    FaultKind.TAGGING,
                    edit.label,
                    "The tag was deleted while it was being written; it was made again.",
                    "Nothing to do, unless another program deletes tags: then stop it.",
                )
            )


async def resolve_intents(library: Library, store: Store, clock: Clock) -> int:
    """Find out which edits of a killed run were made, and note them; return how many were open.

    The difference would otherwise look like a change by hand. A library that reports no titles at
    all can't tell what was done: the edits stay open.
    """
    intents = await store.intents(library.name)
    items = {item.id: item for item in await library.items()} if intents else {}
    if not items:
        return 0
    where = Whereabouts(items)
    members = await library.members()
    for intent in intents:
        present = members.get(f"{TAG_PREFIX}{intent.slug}", frozenset())
        carrying = {i for i, tmdb_id in intent.titles.items() if where.find(i, tmdb_id) in present}
        done = carrying if intent.add else intent.titles.keys() - carrying
        await store.note_done(intent.edit, done, clock.now())
    return len(intents)


def _together(titles: Sequence[str]) -> str:
    names = list(dict.fromkeys(titles))
    more = len(names) - TITLES_NAMED
    return ", ".join(names[:TITLES_NAMED]) + (f" and {more} more" if more > 0 else "")


def _chunks(ids: frozenset[int]) -> Iterator[frozenset[int]]:
    ordered = sorted(ids)
    for at in range(0, len(ordered), CHUNK):
        yield frozenset(ordered[at : at + CHUNK])
