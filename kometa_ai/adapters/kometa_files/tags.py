"""The tag that a collection's body asks for."""

from __future__ import annotations

from dataclasses import dataclass

from kometa_ai.adapters.kometa_files.tree import Kind, Node
from kometa_ai.domain.collection import is_collection_tag

RADARR, SONARR = "radarr_taglist", "sonarr_taglist"
_DEEPEST = 20  # merges of merges; also ends a mapping that merges itself


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
    return _find(body.real, attribute, _DEEPEST)


def _find(body: Node, attribute: str, depth: int) -> TagList | None:
    for key, value in body.pairs:
        # Kometa itself reads the names of attributes without case.
        if key.real.text.lower() == attribute:
            return TagList(value, _split(value.real), merged=False)
    for key, value in body.pairs:
        if depth and key.text == "<<" and not key.style:
            many = value.real.kind is Kind.SEQUENCE
            for source in value.real.children if many else [value]:
                found = _find(source.real, attribute, depth - 1)
                if found:
                    return TagList(found.value, found.tags, merged=True)
    return None


def _split(value: Node) -> tuple[str, ...]:
    nodes = value.children if value.kind is Kind.SEQUENCE else [value]
    texts = [node.real.text for node in nodes if node.real.kind is Kind.SCALAR]
    return tuple(tag.strip() for text in texts for tag in text.split(",") if tag.strip())
