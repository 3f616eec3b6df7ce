"""The one change of a text that puts a collection's tag in, in the style that is in use there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from kometa_ai.adapters.kometa_files.tags import RADARR
from kometa_ai.adapters.kometa_files.tree import BREAK, Kind, Node, Signature, Tree

if TYPE_CHECKING:
    from kometa_ai.adapters.kometa_files.found import Found

_BREAK = re.compile(BREAK)
_NEWLINE = "\n"
_USUAL_STEP = 2
_LOOKED_AT = 100  # collections, to see how they are indented
_CLOSE: Signature = ("end", "", "", "", "")


@dataclass(frozen=True, slots=True)
class Edit:
    """``text[start:end]`` becomes ``text``, and with it events ``first`` up to ``last``."""

    start: int
    end: int
    text: str
    first: int
    last: int
    events: tuple[Signature, ...]


class UnsafeError(Exception):
    """The tag can't be written without touching something else."""


def make_edit(found: Found) -> Edit:
    """Return the one change that puts the tag in; raise ``UnsafeError`` if there is none."""
    tree, tag, body = found.tree, found.collection.tag, found.place.body
    if found.taglist is None:
        edit = _add_key(tree, found.place.key, body, tag)
    elif found.taglist.merged:
        raise UnsafeError("it comes from another place by <<")
    elif found.taglist.value.kind is Kind.SEQUENCE:
        edit = _append_item(tree, found.taglist.value, tag)
    else:
        edit = _change_scalar(tree, found.taglist.value, tag)
    if tree.is_shared(edit.start):
        raise UnsafeError("it stands where an alias (*) repeats it elsewhere")
    return edit


def _change_scalar(tree: Tree, value: Node, tag: str) -> Edit:
    """Replace a text, or append to it if it is several tags with commas between."""
    if value.kind is not Kind.SCALAR:
        raise UnsafeError("its value is neither a text nor a list")
    if value.anchor or value.tag or value.style in {"|", ">"}:
        raise UnsafeError("its value is written in an unusual way")
    if value.is_null:
        return _fill(tree, value, tag, (_scalar(tag),))
    start, end = value.start + len(value.style), value.end - len(value.style)
    first, last = value.first, value.last + 1
    if "," not in value.text:
        return Edit(start, end, tag, first, last, (_scalar(tag, value.style),))
    more = f" {tag}" if value.text.endswith(",") else f", {tag}"
    return Edit(end, end, more, first, last, (_scalar(value.text + more, value.style),))


def _append_item(tree: Tree, value: Node, tag: str) -> Edit:
    """Append to a list, in the style in which it is written."""
    last = value.children[-1] if value.children else None
    events = (_scalar(tag),)
    if value.style and last is None:
        at = value.end - 1
        return Edit(at, at, tag, value.last, value.last, events)
    if last is None or last.kind not in {Kind.SCALAR, Kind.ALIAS} or last.style in {"|", ">"}:
        raise UnsafeError("its list holds more than plain tags")
    if value.style:
        return Edit(last.end, last.end, f", {tag}", value.last, value.last, events)
    dash = tree.text[last.start - tree.column(last.start) : last.start]
    if not re.fullmatch(r"[ \t]*-[ \t]*", dash):
        raise UnsafeError("its list is written in an unusual way")
    margin, blank = dash.split("-")
    return _insert_line(
        tree, last.end, margin, f"-{blank or ' '}{tag}", (value.last, value.last, events)
    )


def _add_key(tree: Tree, name: Node, body: Node, tag: str) -> Edit:
    """Add the key as the first one below the collection's name."""
    line, pair = f"{RADARR}: {tag}", (_scalar(RADARR), _scalar(tag))
    if body.kind is Kind.MAPPING:
        first = body.first + 1
        if body.style:
            at = tree.text.index("{", body.start) + 1
            text = f"{line}, " if body.children else line
            return Edit(at, at, text, first, first, pair)
        key = body.children[0]
        margin = tree.text[key.start - tree.column(key.start) : key.start]
        return _insert_line(tree, name.end, margin, line, (first, first, pair))
    if not body.is_null or body.anchor:
        raise UnsafeError("the collection's body is no mapping")
    if body.start < body.end or (name.parent and name.parent.style):
        return _fill(tree, body, f"{{{line}}}", (_open_mapping("{"), *pair, _CLOSE))
    margin = " " * (tree.column(name.start) + _step(name, tree))
    whole = (_open_mapping(), *pair, _CLOSE)
    return _insert_line(tree, name.end, margin, line, (body.first, body.last + 1, whole))


def _fill(tree: Tree, null: Node, text: str, events: tuple[Signature, ...]) -> Edit:
    """Put a value where there is none."""
    before = tree.text[: null.start]
    if null.start == null.end and not before.rstrip().endswith(":"):
        text = f": {text}"
    elif before.endswith(":"):
        text = f" {text}"
    return Edit(null.start, null.end, text, null.first, null.last + 1, events)


def _insert_line(
    tree: Tree,
    after: int,
    margin: str,
    line: str,
    events: tuple[int, int, tuple[Signature, ...]],
) -> Edit:
    """Add a line below the one of an index, with the line end that is in use there."""
    if margin.strip():
        raise UnsafeError("its lines are written in an unusual way")
    here = _BREAK.search(tree.text, after)
    newline = here or _BREAK.search(tree.text)
    at = here.start() if here else len(tree.text)
    return Edit(at, at, f"{newline[0] if newline else _NEWLINE}{margin}{line}", *events)


def _step(name: Node, tree: Tree) -> int:
    """Return by how much the bodies of the collections beside this one are indented."""
    for _, body in islice(name.parent.pairs, _LOOKED_AT) if name.parent else ():
        if body.kind is Kind.MAPPING and not body.style:
            return tree.column(body.children[0].start) - tree.column(name.start)
    return _USUAL_STEP


def _open_mapping(style: str = "") -> Signature:
    return ("mapping", "", "", style, "")


def _scalar(text: str, style: str = "") -> Signature:
    return ("scalar", "", "", style, text)
