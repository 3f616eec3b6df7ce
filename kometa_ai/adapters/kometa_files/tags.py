"""The tag that a collection's body asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kometa_ai.adapters.kometa_files.tree import Kind, Node
from kometa_ai.domain.collection import is_collection_tag

if TYPE_CHECKING:
    from collections.abc import Iterator

RADARR, SONARR = "radarr_taglist", "sonarr_taglist"
_MOST_MERGED = 2_000  # mappings: many files of many merges would take minutes


@dataclass(frozen=True, slots=True)
class TagList:
    """The value of a ``…_taglist``: its node and its tags. ``merged``: it came in by ``<<``."""

    value: Node
    tags: tuple[str, ...]
    merged: bool

    @property
    def chosen(self) -> tuple[str, ...]:
        """Return the valid ``KAI-`` tags, the one that counts first, each once."""
        valid = {tag.lower(): tag for tag in reversed(self.tags) if is_collection_tag(tag)}
        return tuple(reversed(valid.values()))


def find_tags(body: Node, attribute: str) -> TagList | None:
    """Return a body's list of tags; its own comes before one that is merged into it."""
    seen: set[int] = set()
    waiting = [body.real]
    while waiting and len(seen) < _MOST_MERGED:
        place = waiting.pop()
        if id(place) in seen:
            continue
        seen.add(id(place))
        # Kometa itself reads the names of attributes without case.
        for _, value in place.named.get(attribute, ()):
            return TagList(value, _split(value.real), merged=place is not body.real)
        waiting += reversed([*_merged(place)])
    return None


def _merged(body: Node) -> Iterator[Node]:
    """Yield what is merged into a mapping, in the order in which it counts."""
    for key, value in body.named.get("<<", ()):
        if key.text == "<<" and not key.style:
            many = value.real.kind is Kind.SEQUENCE
            yield from (source.real for source in (value.real.children if many else [value]))


def _split(value: Node) -> tuple[str, ...]:
    nodes = value.children if value.kind is Kind.SEQUENCE else [value]
    texts = [node.real.text for node in nodes if node.real.kind is Kind.SCALAR]
    return tuple(tag.strip() for text in texts for tag in text.split(",") if tag.strip())
