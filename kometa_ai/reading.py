"""What a run reads before it decides: Kometa's files, and the library with its tags."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from kometa_ai.deciding import carriers, survey
from kometa_ai.domain.fault import Fault, FaultKind, StopError
from kometa_ai.domain.whereabouts import Whereabouts
from kometa_ai.domain.wording import many

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set as AbstractSet

    from kometa_ai.domain.collection import Collection
    from kometa_ai.domain.decision import Pin
    from kometa_ai.domain.media import MediaItem
    from kometa_ai.domain.verdict import Titles
    from kometa_ai.house import House
    from kometa_ai.ports import CollectionFiles, Library, Store


@dataclass(frozen=True, slots=True)
class Shelf:
    """A library as it was read: its titles, and the ids that carry each tag of interest.

    A label that is missing in ``tagged`` is a tag that does not exist.
    """

    titles: Titles
    tagged: dict[str, frozenset[int]]


async def read_files(house: House) -> CollectionFiles:
    """Read Kometa's files without holding anybody up."""
    return await asyncio.to_thread(house.read_files)


def choose(
    files: CollectionFiles, names: Sequence[str], library: str
) -> tuple[list[Collection], list[Fault]]:
    """Return the collections that are asked for (no names: all), and a fault per unknown name."""
    ours = [one for one in files.collections if one.library == library]
    if not names:
        return ours, []
    chosen: dict[str, Collection] = {}
    faults = []
    for name in names:
        found = _find(ours, name.strip())
        if found is None:
            faults.append(_unknown(name, files))
        else:
            chosen[found.slug] = found
    return list(chosen.values()), faults


def _find(collections: Sequence[Collection], name: str) -> Collection | None:
    """Return the collection with this very name, or slug, or the only one that differs by case."""
    lower = name.lower()
    for same in (
        [one for one in collections if one.name == name],
        [one for one in collections if one.slug == lower],
        [one for one in collections if one.name.lower() == lower],
    ):
        if same:
            # Which of two was meant nobody can say, and the wrong one would cost money.
            return same[0] if len(same) == 1 else None
    return None


def _unknown(name: str, files: CollectionFiles) -> Fault:
    if any(one.lower().startswith(f"{name.lower()} (") for one in files.disabled):
        return Fault(
            FaultKind.KOMETA,
            name,
            f'The collection "{name}" is not enabled.',
            "Write `enabled: true` into its block.",
        )
    names = [one.name for one in files.collections]
    close = get_close_matches(name, names, n=1)
    hint = f'Did you mean "{close[0]}"?' if close else f"There are: {', '.join(names) or 'none'}."
    return Fault(FaultKind.KOMETA, name, f'There is no runnable collection called "{name}".', hint)


async def read_shelf(
    library: Library, store: Store, collections: Sequence[Collection]
) -> tuple[Shelf, list[str]]:
    """Read the library once, and return it with what is remarkable about it.

    Raises StopError when there are no tags, and titles that carry some: that all of them are gone
    would be an accident that is put back, and nothing is amiss but the list.
    """
    items, notices = await read_items(library, store)
    numbers = await library.tags()
    tagged = sum(bool(item.tags) for item in items)
    if tagged and not numbers:
        raise _no_tags(library, f"{many(tagged, 'title')} {'carries' if tagged == 1 else 'carry'}")
    wanted = {one.label for one in collections}
    wanted.update(tag for one in collections for tag in one.include_tags | one.exclude_tags)
    known = {label: number for label, number in numbers.items() if label in wanted}
    return Shelf(survey(items), carriers(items, known)), notices


def unmatched_rules(
    collections: Sequence[Collection], shelf: Shelf, runnable: Sequence[Collection]
) -> list[str]:
    """Return a sentence for each tag rule that can match nothing: mostly it is a typo."""
    known = shelf.tagged.keys() | {one.label for one in runnable}
    return [
        f'{one.source}: {one.name} names the tag "{tag}" in its tag rules, and there is no such'
        " tag: the rule has no effect."
        for one in collections
        for tag in sorted((one.include_tags | one.exclude_tags) - known)
    ]


async def read_items(library: Library, store: Store) -> tuple[list[MediaItem], list[str]]:
    """Read the library's titles, and return them with what is remarkable about their number.

    Raises StopError when it is empty and was not before: that is a broken Radarr, not a wish.
    """
    items = await library.items()
    size = len(items)
    before = await store.library_size(library.name)
    if before and not size:
        raise StopError(
            FaultKind.LIBRARY,
            f"It reports an empty library, and had {before} titles before; nothing was changed.",
            where=library.name.capitalize(),
            remedy="Check its database and folders. If it is meant to be empty, --reset-state"
            " makes Kometa-AI forget the old library.",
        )
    if size != before:
        await store.note_library_size(library.name, size)
    if before and size * 2 <= before:
        kept = "Decisions about the missing ones are kept, in case they come back."
        return items, [f"The library has {size} titles, and had {before} before. {kept}"]
    return items, []


def _no_tags(library: Library, carriers: str) -> StopError:
    return StopError(
        FaultKind.LIBRARY,
        f"It lists no tag at all, and {carriers} some; nothing was changed.",
        where=library.name.capitalize(),
        remedy="Run again. If its tags are really gone, make one of any name there; then those of"
        " Kometa-AI are put back.",
    )


async def read_members(
    library: Library, shelf: Shelf, before: Mapping[str, AbstractSet[int]]
) -> tuple[Mapping[str, frozenset[int]], Mapping[int, MediaItem]]:
    """Read who carries which tag now, and return that with the titles that are there still.

    ``before`` holds the members so far, by label. Only if some are missing, what was deleted since
    is looked up: it took its tags with it, and that is no vote against it. Raises StopError when
    there is no tag at all any more, not even of other people's.
    """
    members = await library.members()
    carried = len(frozenset().union(*before.values()))
    if carried and not members:
        raise _no_tags(library, f"{many(carried, 'title')} carried")
    items = shelf.titles.items
    if all(ids <= members.get(label, frozenset()) for label, ids in before.items()):
        return members, items
    there = await library.ids()
    return members, {item_id: item for item_id, item in items.items() if item_id in there}


async def read_pins(house: House, shelf: Shelf) -> dict[str, dict[int, Pin]]:
    """Return the pins of present titles, by slug and id, and keep where these are now."""
    store, library = house.store, house.library.name
    kept = await store.pins(library)
    pins = Whereabouts(shelf.titles.items).pins(kept)
    here = [pin for by_id in pins.values() for pin in by_id.values()]
    known = {(pin.slug, pin.item_id, pin.tmdb_id) for pin in kept}
    moved = [pin for pin in here if (pin.slug, pin.item_id, pin.tmdb_id) not in known]
    if moved:
        await store.pin(library, moved)
    return pins
