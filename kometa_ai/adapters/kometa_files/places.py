"""Which collection a block belongs to: the key that follows it in the tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kometa_ai.adapters.kometa_files.tree import Kind, Node, Tree

if TYPE_CHECKING:
    from kometa_ai.adapters.kometa_files.blocks import Block

COLLECTIONS = "collections"

# What may stand at the top of Kometa's files beside collections, or of its main file.
_SECTIONS = {
    "anidb",
    "dynamic_collections",
    "external_templates",
    "github",
    "gotify",
    "libraries",
    "mal",
    "mdblist",
    "metadata",
    "ntfy",
    "notifiarr",
    "omdb",
    "overlays",
    "playlist_files",
    "playlists",
    "plex",
    "queues",
    "radarr",
    "settings",
    "sonarr",
    "tautulli",
    "templates",
    "tmdb",
    "trakt",
    "variables",
    "webhooks",
}
_MOVE = "Move it to the line directly above the name of its collection, or delete it."


class MisplacedError(Exception):
    """A block stands where no collection follows."""

    def __init__(self, message: str, remedy: str = _MOVE) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Place:
    """A collection's name and body in the tree; ``doubt`` says why it may not be the one meant."""

    key: Node
    body: Node
    doubt: str = ""


def find_homes(tree: Tree) -> frozenset[int]:
    """Return the mappings whose keys are collections.

    They are the values of ``collections``, or the top itself where there is no such key.
    """
    homes: set[int] = set()
    for root in tree.roots:
        named = [value for key, value in root.pairs if key.real.text == COLLECTIONS]
        homes |= {id(value) for value in named} or {id(root)}
    return frozenset(homes)


def find_place(tree: Tree, homes: frozenset[int], block: Block) -> Place:
    """Return the collection that follows a block; raise ``MisplacedError`` if none does.

    ``homes`` are the mappings in which collections are at home (``find_homes``).
    """
    leaf = tree.leaf_from(block.end.start)
    if leaf is None:
        raise MisplacedError("No collection follows this block.")
    path = _path(leaf)
    if leaf is not leaf.key or id(leaf.parent) not in homes or _is_section(leaf):
        raise MisplacedError(*_why(path, leaf, homes))
    before = _sibling_before(leaf)
    if before is None or block.begin.indent <= tree.column(leaf.start):
        return Place(leaf, _body(leaf))
    if _body(before).start == _body(before).end:
        raise MisplacedError(*_inside(before))
    doubt = (
        f'The block is indented as if it were part of "{before.real.text}", but it belongs to the'
        f' collection that follows it, "{leaf.real.text}".'
    )
    return Place(leaf, _body(leaf), doubt)


def _path(node: Node) -> list[Node]:
    """Return the keys that lead to a node, outermost first, its own included."""
    path: list[Node] = []
    at: Node | None = node
    while at:
        if at.key:
            path.insert(0, at.key)
        at = at.parent
    return path


def _is_section(key: Node) -> bool:
    top = key.parent is not None and key.parent.parent is None
    return key.real.kind is not Kind.SCALAR or key.text == "<<" or (top and key.text in _SECTIONS)


def _why(path: list[Node], leaf: Node, homes: frozenset[int]) -> tuple[str, str]:
    if not path:
        return "No collection follows this block.", _MOVE
    top = path[0]
    if top is leaf and leaf.text == COLLECTIONS:
        return 'The block stands above "collections:" and not above a collection.', _MOVE
    home = next((key for key in path if id(key.parent) in homes and not _is_section(key)), None)
    if home and home is not leaf:
        return _inside(home)
    if top is leaf or (home is None and top.text == COLLECTIONS):
        return f'No collection follows this block: "{leaf.real.text}" is none.', _MOVE
    return f'The block is in "{top.real.text}", where no AI collection can be.', _MOVE


def _inside(key: Node) -> tuple[str, str]:
    name = key.real.text
    remedy = f'Move it up, to the line directly above "{name}:".'
    return f'The block is inside the collection "{name}", below its name.', remedy


def _sibling_before(key: Node) -> Node | None:
    if key.parent is None or key.parent.style:
        return None
    place = key.place
    return key.parent.children[place - 2] if place else None


def _body(key: Node) -> Node:
    siblings = key.parent.children if key.parent else []
    return siblings[key.place + 1]
