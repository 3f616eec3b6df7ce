"""Where blocks begin and end in the comments of a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kometa_ai.adapters.kometa_files.tree import BREAK, Tree, line_starts
from kometa_ai.domain.fault import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = (
    "Put lines like these above the name of a collection: # === KOMETA-AI === / # enabled: true /"
    " # prompt: Heist films where the plan goes wrong / # === END KOMETA-AI ==="
)

_BEGIN = re.compile(r"\s*===\s*KOMETA-AI\s*===\s*", re.IGNORECASE)
_END = re.compile(r"\s*===\s*END\s*KOMETA-AI\s*===\s*", re.IGNORECASE)
_NAME = re.compile(r"(END\s*)?KOMETA[\W_]?AI", re.IGNORECASE)
_MENTION = re.compile(rb"KOMETA[\W_]?AI", re.IGNORECASE)
_RETURN = re.compile(r"[\r\n]")
_TAB = "    "


class Line(NamedTuple):
    """A line of the file: where it starts, its number from 1, its text without the break."""

    start: int
    number: int
    text: str

    @property
    def comment(self) -> str | None:
        """Return what follows the ``#`` if the line is a comment, else nothing."""
        text = self.text.lstrip(" \t")
        return text[1:] if text.startswith("#") else None

    @property
    def indent(self) -> int:
        """Return how many characters stand before the first that is not white."""
        return len(self.text) - len(self.text.lstrip())


@dataclass(frozen=True, slots=True)
class Block:
    """The comment lines between two markers, each with what followed its ``#``."""

    begin: Line
    end: Line
    lines: tuple[tuple[int, str], ...]


def may_hold_block(content: bytes) -> bool:
    """Return whether a file's content is worth reading as text."""
    # Without the zeros of UTF-16, so that a block in it is seen and told of.
    return bool(_MENTION.search(content.replace(b"\0", b"")))


def scan_markers(text: str) -> tuple[bool, tuple[int, ...]]:
    """Return whether a text may hold a block, and the lines of markers that are not quite ones.

    Quick, since most of Kometa's files hold no block at all.
    """
    found = False
    almost: list[int] = []
    number, counted, done = 1, 0, 0
    for name in _NAME.finditer(text):
        if name.start() < done:
            continue  # the line names it twice
        start = max(text.rfind("\n", done, name.start()), text.rfind("\r", done, name.start()))
        start = max(start + 1, done)
        number, counted = number + len(line_starts(text[counted:start])) - 1, start
        end = _RETURN.search(text, name.end())
        done = end.start() if end else len(text)
        for line in _lines(text[start:done]):
            comment = line.comment or ""
            if _BEGIN.fullmatch(comment) or _END.fullmatch(comment):
                found = True
            elif "=" in comment and _NAME.fullmatch(comment.strip("= \t")):
                almost.append(number + line.number - 1)
    return found, tuple(almost)


def find_blocks(name: str, tree: Tree) -> tuple[tuple[Block, ...], tuple[Fault, ...]]:
    """Find every block of a file, and a fault for each that doesn't begin or end as it should.

    A comment is told from text by the tree: what lies inside a literal, folded or quoted scalar
    is no comment, whatever it looks like.
    """
    blocks: list[Block] = []
    faults: list[Fault] = []
    begin: Line | None = None
    inside: list[Line] = []

    def unended(line: Line) -> None:
        message = "The block that begins here has no end."
        remedy = "Put the line # === END KOMETA-AI === below it, with only comment lines between."
        faults.append(Fault(FaultKind.KOMETA, f"{name}:{line.number}", message, remedy))

    for line in _lines(tree.text):
        comment = line.comment
        if comment is not None and tree.in_scalar(line.start + line.indent):
            comment = None
        if begin and comment is None and line.text.strip():
            unended(begin)
            begin = None
        elif begin and comment is not None and _END.fullmatch(comment):
            blocks.append(Block(begin, line, _contents(inside)))
            begin = None
        elif comment is not None and _BEGIN.fullmatch(comment):
            if begin:
                unended(begin)
            begin = line
            inside.clear()
        elif comment is not None and _END.fullmatch(comment):
            message = "This line ends a block, but none begins above it."
            remedy = "Put # === KOMETA-AI === above the first line of the block, or delete this."
            faults.append(Fault(FaultKind.KOMETA, f"{name}:{line.number}", message, remedy))
        else:
            inside.append(line)
    if begin:
        unended(begin)
    return tuple(blocks), tuple(faults)


def _contents(lines: list[Line]) -> tuple[tuple[int, str], ...]:
    """Take off the ``#`` and the indentation that all lines share."""
    texts = [_without_leading_tabs(line.comment or "") for line in lines]
    shared = min((len(text) - len(text.lstrip(" ")) for text in texts if text.strip()), default=0)
    return tuple(
        (line.number, text[shared:] if text.strip() else "")
        for line, text in zip(lines, texts, strict=True)
    )


def _without_leading_tabs(text: str) -> str:
    # YAML forbids tabs as indentation; those further inside are the user's text and stay.
    rest = text.lstrip("\t")
    return _TAB * (len(text) - len(rest)) + rest


def _lines(text: str) -> Iterator[Line]:
    start = 0
    for number, found in enumerate(re.finditer(rf"{BREAK}|\Z", text), start=1):
        end, following = found.span()
        yield Line(start, number, text[start:end])
        start = following
