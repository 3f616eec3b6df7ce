"""A collection: what a person wrote, which titles may enter, and which tag stands for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from kometa_ai.domain.fault import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kometa_ai.domain.media import MediaItem

TAG_PREFIX = "kai-"
DEFAULT_THRESHOLD = 0.7


@dataclass(frozen=True, slots=True)
class Collection:
    """One AI collection of a Kometa file.

    ``tag`` is written as in the file (``KAI-Film-Noir``); libraries store it in lower case, so
    compare ``label``. ``source`` is ``file:line`` of the collection's key. Tag rules and genres
    are lower case. ``years`` bounds are inclusive; ``None`` means no bound.
    """

    name: str
    tag: str
    prompt: str
    source: str = ""
    library: str = "radarr"
    threshold: float = DEFAULT_THRESHOLD
    priority: int = 0
    include_tags: frozenset[str] = frozenset()
    exclude_tags: frozenset[str] = frozenset()
    candidate_genres: frozenset[str] = frozenset()
    candidate_exclude_genres: frozenset[str] = frozenset()
    candidate_year_min: int | None = None
    candidate_year_max: int | None = None

    @property
    def label(self) -> str:
        """Return the tag as libraries store it."""
        return self.tag.lower()

    @property
    def slug(self) -> str:
        """Return the tag without ``KAI-``, in lower case: the collection's key everywhere."""
        return self.label.removeprefix(TAG_PREFIX)

    @property
    def criteria(self) -> str:
        """Return the fingerprint of what a person wants of this collection.

        Threshold, gates and tag rules are not part of it: they are applied here, for free. Nor is
        the name, although Claude is told it: nobody who renames a collection wants to pay for it.
        """
        words = " ".join(self.prompt.split()).encode("utf-8", "surrogatepass")
        return blake2b(words, digest_size=8).hexdigest()

    @property
    def gated(self) -> bool:
        """Return whether any candidate gate is set."""
        return bool(
            self.candidate_genres
            or self.candidate_exclude_genres
            or self.candidate_year_min is not None
            or self.candidate_year_max is not None
        )


def slugify(name: str) -> str:
    """Return the slug of a collection's name, as 0.5.x made it; empty if nothing is left.

    ``80's Action`` becomes ``80s-action`` and ``Amélie`` becomes ``amlie``.
    """
    dashed = re.sub(r"\s+", "-", name.strip().lower())
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9-]", "", dashed)).strip("-")


def is_collection_tag(tag: str) -> bool:
    """Return whether a tag is one that this program may write: ``KAI-`` and a slug."""
    return re.fullmatch(r"kai-[a-z0-9-]*[a-z0-9][a-z0-9-]*", tag.lower()) is not None


def gate(collection: Collection, item: MediaItem) -> str:
    """Return why the item can't be a candidate, in words; empty when it can."""
    genres = {genre.lower() for genre in item.genres}
    if collection.candidate_genres and not genres & collection.candidate_genres:
        return f"none of its genres is {_either(collection.candidate_genres)}"
    if banned := genres & collection.candidate_exclude_genres:
        return f"its genre {_either(banned)} is excluded"
    low, high = collection.candidate_year_min, collection.candidate_year_max
    if not item.year and (low is not None or high is not None):
        return "its year is not known"
    if low is not None and item.year < low:
        return f"it is older than {low}"
    if high is not None and item.year > high:
        return f"it is newer than {high}"
    return ""


def settle_in_order(
    collections: Sequence[Collection],
) -> tuple[tuple[tuple[Collection, ...], ...], tuple[Fault, ...]]:
    """Group collections so that each comes after those whose tags its rules name.

    Returns the groups, first to last, and a fault for each collection that waits for itself by
    way of others; these are in no group.
    """
    by_label = {collection.label: collection for collection in collections}
    waits = {
        label: {tag for tag in one.include_tags | one.exclude_tags if tag in by_label}
        for label, one in by_label.items()
    }
    groups: list[tuple[Collection, ...]] = []
    while ready := [label for label, named in waits.items() if not named & waits.keys()]:
        groups.append(tuple(by_label[label] for label in ready))
        for label in ready:
            del waits[label]
    return tuple(groups), tuple(_circle(by_label[label], waits) for label in waits)


def _circle(collection: Collection, waits: Mapping[str, set[str]]) -> Fault:
    named = _either(waits[collection.label] & waits.keys())
    return Fault(
        FaultKind.KOMETA,
        collection.source,
        f'Collection "{collection.name}" names {named} in its tag rules, and that leads back to'
        " itself or to such a circle, so neither can be settled first.",
        "Take one of these tags out of include_tags or exclude_tags.",
    )


def _either(words: Iterable[str]) -> str:
    return " or ".join(sorted(words))
