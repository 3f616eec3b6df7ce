"""A block joined with the collection below it, and what two of these may not share."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kometa_ai.adapters.kometa_files.tags import RADARR, TagList, find_tags
from kometa_ai.domain.collection import Collection, slugify
from kometa_ai.domain.fault import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kometa_ai.adapters.kometa_files.folder import SourceFile
    from kometa_ai.adapters.kometa_files.places import Place
    from kometa_ai.adapters.kometa_files.tree import Tree
    from kometa_ai.adapters.kometa_files.values import Wish


_MOST_NAMED = 20
"""Places that a sentence lists; beyond that it would fill screens, and all of them gigabytes."""


@dataclass(frozen=True, slots=True)
class Found:
    """A collection with an enabled block. ``taglist`` is what its body says of tags, if it does.

    One that isn't ``sound`` has faults and doesn't run, but still claims its name and its tag.
    """

    collection: Collection
    file: SourceFile
    tree: Tree
    place: Place
    taglist: TagList | None
    sound: bool

    @property
    def is_tagged(self) -> bool:
        """Return whether the file itself names the tag."""
        return self.taglist is not None and bool(self.taglist.chosen)


def join(
    file: SourceFile, tree: Tree, place: Place, wish: Wish
) -> tuple[Found, list[Fault], tuple[str, ...]]:
    """Make the collection of a block and the key below it; return also its faults and notices."""
    name = place.key.real.text.strip()
    line = tree.line(place.key.start)
    taglist = find_tags(place.body, RADARR)
    chosen = taglist.chosen if taglist else ()
    slug = slugify(name)
    tag = chosen[0] if chosen else f"KAI-{slug}" if slug else ""
    collection = Collection(
        name=name,
        tag=tag,
        prompt=wish.prompt,
        source=f"{file.name}:{line}",
        threshold=wish.threshold,
        priority=wish.priority,
        include_tags=wish.include_tags,
        exclude_tags=wish.exclude_tags,
        candidate_genres=wish.candidate_genres,
        candidate_exclude_genres=wish.candidate_exclude_genres,
        candidate_year_min=wish.candidate_year_min,
        candidate_year_max=wish.candidate_year_max,
    )
    faults: list[Fault] = []
    if not name:
        faults.append(_fault(collection.source, "The collection has no name.", "Give it one."))
    elif not tag:
        message = f'No tag can be made of the name "{name}": it has no letter a to z and no digit.'
        remedy = f"Write {RADARR}: KAI-… with a tag of your own below it."
        faults.append(_fault(collection.source, message, remedy))
    found = Found(collection, file, tree, place, taglist, sound=True)
    return found, faults, _remarks(found)


def _remarks(found: Found) -> tuple[str, ...]:
    one, chosen = found.collection, found.taglist.chosen if found.taglist else ()
    remarks = [found.place.doubt] if found.place.doubt else []
    if len(chosen) > 1:
        remarks.append(f'"{one.name}" names several KAI- tags; the first, {one.tag}, counts.')
    return tuple(f"{one.source}: {remark}" for remark in remarks)


def untagged(found: Sequence[Found]) -> tuple[str, ...]:
    """Return one sentence about all collections whose tag Kometa will not find, if there are any.

    One for each would fill a screen in every run of a library that never names its tags.
    """
    lacking = [one.collection for one in found if one.sound and not one.is_tagged]
    if not lacking:
        return ()
    names = ", ".join(f"{one.tag} ({one.source})" for one in lacking)
    write = f"Write them into {RADARR}, or set KOMETA_FIX_TAGS=true."
    return (f"Kometa will not find these tags, since no file names them: {names}. {write}",)


def clashes(found: Sequence[Found]) -> tuple[Fault, ...]:
    """Return a fault for each collection whose name or tag another one has."""
    same_name = _groups(found, lambda one: one.collection.name)
    named = {id(one) for group in same_name for one in group}
    same_tag = [
        group
        for group in _groups(found, lambda one: one.collection.label)
        if not named.issuperset(map(id, group))
    ]
    faults = [
        fault
        for groups, sentence, remedy in (
            (same_name, 'The collection "{name}" is also in {others}.', "Keep one of them."),
            (
                same_tag,
                'The collection "{name}" has the tag {tag}, and so has the one in {others}.',
                "Give each its own KAI- tag.",
            ),
        )
        for group in groups
        for fault in _clash(group, sentence, remedy)
    ]
    return tuple(faults)


def _clash(group: list[Found], sentence: str, remedy: str) -> Iterator[Fault]:
    for one in group:
        sources = [other.collection.source for other in group[:_MOST_NAMED] if other is not one]
        if len(group) > _MOST_NAMED:
            sources.append(f"{len(group) - len(sources) - 1:,} more places")
        others = ", ".join(sources)
        message = sentence.format(name=one.collection.name, tag=one.collection.tag, others=others)
        both = f"{remedy} Until then none of them runs."
        yield _fault(one.collection.source, message, both)


def _groups(found: Iterable[Found], by: Callable[[Found], str]) -> list[list[Found]]:
    groups: defaultdict[str, list[Found]] = defaultdict(list)
    for one in found:
        groups[by(one)].append(one)
    return [group for key, group in groups.items() if key and len(group) > 1]


def _fault(where: str, message: str, remedy: str) -> Fault:
    return Fault(FaultKind.KOMETA, where, message, remedy)
