"""YAML as a tree in which every node knows its place; the one door to the yaml package.

Built from events, not by a constructor: nothing is loaded but text, aliases stay aliases (so no
file can blow itself up), and what is nested too deeply to be meant is no YAML for us: it would
take the parser, and Kometa, for ever.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, TypeAlias

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

Loader: TypeAlias = "type[yaml.SafeLoader | yaml.CSafeLoader]"

# The C parser is ten times as fast; wheels carry it, a few distributions do not.
LOADER: Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# YAML 1.1 ends a line, and with it a comment, at these; positions agree only if we do the same.
BREAK = r"\r\n|[\r\n\x85\u2028\u2029]"

DEEPEST = 200
MOST_DIRECTIVES = 100

# What an event says apart from its place: kind, anchor, tag, style, text.
Signature: TypeAlias = "tuple[str, str, str, str, str]"


class NotYamlError(Exception):
    """The text isn't YAML; ``line`` counts from 0."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line
        self.problem = problem


class Kind(Enum):
    """What a node is."""

    SCALAR = "scalar"
    SEQUENCE = "sequence"
    MAPPING = "mapping"
    ALIAS = "alias"


@dataclass(slots=True, eq=False)
class Node:
    """A node of the file: ``text[start:end]``, events ``first`` to ``last``.

    ``children`` of a mapping are key, value, key, value. ``style`` of a collection is ``{`` or
    ``[`` in the flow style and empty in the block style.
    """

    kind: Kind
    start: int
    end: int
    first: int
    last: int
    anchor: str = ""
    tag: str = ""
    style: str = ""
    text: str = ""
    parent: Node | None = None
    target: Node | None = None
    children: list[Node] = field(default_factory=list)
    _named: dict[str, list[tuple[Node, Node]]] | None = None

    @property
    def real(self) -> Node:
        """Return what an alias stands for; any other node is itself."""
        return self.target or self

    @property
    def pairs(self) -> Iterator[tuple[Node, Node]]:
        """Yield a mapping's keys with their values."""
        if self.kind is Kind.MAPPING:
            yield from zip(self.children[::2], self.children[1::2], strict=False)

    @property
    def named(self) -> dict[str, list[tuple[Node, Node]]]:
        """Return a mapping's pairs by the text of their keys in lower case."""
        if self._named is None:
            self._named = {}
            for key, value in self.pairs:
                self._named.setdefault(key.real.text.lower(), []).append((key, value))
        return self._named

    @property
    def is_null(self) -> bool:
        """Return whether the node is a plain scalar that YAML reads as nothing."""
        plain = self.kind is Kind.SCALAR and not self.style and not self.tag
        return plain and self.text in {"", "~", "null", "Null", "NULL"}

    @property
    def key(self) -> Node | None:
        """Return the key in the parent mapping that this node is, or is the value of."""
        if self.parent is None or self.parent.kind is not Kind.MAPPING:
            return None
        return self.parent.children[self.place // 2 * 2]

    @property
    def place(self) -> int:
        """Return which of the parent's children the node is."""
        siblings = self.parent.children if self.parent else [self]
        return bisect_left(siblings, self.first, key=attrgetter("first"))


@dataclass(frozen=True)
class Tree:
    """All documents of one text, their scalars in the order of the file, and where lines begin."""

    text: str
    roots: tuple[Node, ...]
    leaves: tuple[Node, ...]
    signatures: tuple[Signature, ...]
    shared: tuple[Node, ...]

    @cached_property
    def lines(self) -> tuple[int, ...]:
        """Return the index at which each line begins."""
        return line_starts(self.text)

    def line(self, index: int) -> int:
        """Return the line of an index, counted from 1 as editors do."""
        return bisect_right(self.lines, index)

    def column(self, index: int) -> int:
        """Return how many characters stand before an index in its line."""
        return index - self.lines[self.line(index) - 1]

    def in_scalar(self, index: int) -> bool:
        """Return whether an index lies in the text of a scalar (literal, folded or quoted)."""
        before = bisect_right(self._starts, index) - 1
        return before >= 0 and index < self.leaves[before].end

    def leaf_from(self, index: int) -> Node | None:
        """Return the first scalar or alias that is written at or after an index."""
        for number in range(bisect_left(self._starts, index), len(self.leaves)):
            if self.leaves[number].end > self.leaves[number].start:
                return self.leaves[number]
        return None

    def is_shared(self, index: int) -> bool:
        """Return whether an index lies in a node that an alias repeats elsewhere."""
        before = bisect_right(self._shared, index, key=itemgetter(0)) - 1
        return before >= 0 and index < self._shared[before][1]

    @cached_property
    def _shared(self) -> list[tuple[int, int]]:
        """Where shared nodes begin and end, without those inside others."""
        outermost: list[tuple[int, int]] = []
        for node in sorted(self.shared, key=attrgetter("start", "last")):
            if not outermost or node.start >= outermost[-1][1]:
                outermost.append((node.start, node.end))
            elif node.end > outermost[-1][1]:
                outermost[-1] = (outermost[-1][0], node.end)
        return outermost

    @cached_property
    def _starts(self) -> list[int]:
        return [leaf.start for leaf in self.leaves]


def line_starts(text: str) -> tuple[int, ...]:
    """Return the index at which each line of a text begins, as YAML counts lines."""
    return (0, *(found.end() for found in re.finditer(BREAK, text)))


def grow(text: str, loader: Loader = LOADER) -> Tree:
    """Read a text into a tree; raise ``NotYamlError`` if that is impossible."""
    if text.count("\n%TAG") > MOST_DIRECTIVES:  # libyaml holds each against all others
        raise NotYamlError(0, f"it has more than {MOST_DIRECTIVES} directives")
    builder = _Builder(text)
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.take(event)
    except yaml.reader.ReaderError as error:
        # The C reader counts bytes, Python's counts characters.
        before = text[: error.position]
        if not issubclass(loader, yaml.reader.Reader):
            before = text.encode()[: error.position].decode(errors="ignore")
        problem = f"the character U+{ord(text[len(before)]):04X} is not allowed"
        raise NotYamlError(len(line_starts(before)) - 1, problem) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotYamlError(mark.line if mark else 0, error.problem or "no reason given") from error
    except (ValueError, OverflowError) as error:
        # Python's own scanner turns "\UFFFFFFFF" into a character without looking.
        raise NotYamlError(0, str(error)) from error
    return builder.tree()


def _index(mark: yaml.Mark | yaml._yaml.Mark | None) -> int:
    return mark.index if mark else 0


class _Builder:
    def __init__(self, text: str) -> None:
        self._text = text
        self._open: list[Node] = []
        self._anchors: dict[str, Node] = {}
        self._roots: list[Node] = []
        self._leaves: list[Node] = []
        self._signatures: list[Signature] = []
        self._shared: dict[int, Node] = {}

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.NodeEvent):
            self._add(self._node(event))
        elif isinstance(event, yaml.CollectionEndEvent):
            node = self._open.pop()
            node.last, node.end = len(self._signatures), _index(event.end_mark)
            self._signatures.append(("end", "", "", "", ""))
        elif isinstance(event, yaml.DocumentStartEvent):
            self._anchors.clear()

    def _node(self, event: yaml.NodeEvent) -> Node:
        number = len(self._signatures)
        start, end, anchor = _index(event.start_mark), _index(event.end_mark), event.anchor or ""
        if isinstance(event, yaml.AliasEvent):
            target = self._anchors.get(anchor)
            if target is None:
                line = event.start_mark.line if event.start_mark else 0
                raise NotYamlError(line, f"found undefined alias '{anchor}'")
            self._shared[id(target)] = target
            node = Node(Kind.ALIAS, start, end, number, number, anchor, target=target)
        elif isinstance(event, yaml.ScalarEvent):
            node = Node(Kind.SCALAR, start, end, number, number, anchor)
            node.tag, node.style, node.text = event.tag or "", event.style or "", event.value
        else:
            mapping = isinstance(event, yaml.MappingStartEvent)
            kind = Kind.MAPPING if mapping else Kind.SEQUENCE
            node = Node(kind, start, end, number, number, anchor)
            if isinstance(event, yaml.CollectionStartEvent):
                node.tag = event.tag or ""
                node.style = ("{" if mapping else "[") if event.flow_style else ""
        return node

    def _add(self, node: Node) -> None:
        self._signatures.append((node.kind.value, node.anchor, node.tag, node.style, node.text))
        if self._open:
            node.parent = self._open[-1]
            node.parent.children.append(node)
        else:
            self._roots.append(node)
        if node.anchor and node.kind is not Kind.ALIAS:
            self._anchors[node.anchor] = node
        if node.kind is Kind.SCALAR or node.kind is Kind.ALIAS:
            self._leaves.append(node)
        elif len(self._open) < DEEPEST:
            self._open.append(node)
        else:
            line = len(line_starts(self._text[: node.start])) - 1
            raise NotYamlError(line, f"it is nested more than {DEEPEST} levels deep")

    def tree(self) -> Tree:
        shared = tuple(self._shared.values())
        return Tree(
            self._text, tuple(self._roots), tuple(self._leaves), tuple(self._signatures), shared
        )
