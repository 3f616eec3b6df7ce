"""From the lines of a block to its keys and values: YAML first, then the way 0.5.x read.

A block is read as YAML. Version 0.5.x read it line by line instead, and people wrote what YAML
refuses or takes for something else. So where YAML fails, or where what it yields is plainly not
what was meant (``_is_meant``), the block is cut at the lines that begin with a known key, and each
piece is read on its own; a prompt that is no YAML even then is taken as the text it is:

* ``prompt: |`` may be followed by text that isn't indented. Then a line such as ``Criteria: dark``
  is text too, unless its word is all but a known key (``enable:``): that is a fault.
* ``prompt: text`` may hold colons, hashes and quotes, and go on over the following lines.
* Under a prompt that is indented, or on the key's own line, ``word:`` at the beginning of a line
  is a key, and an unknown one is a fault, as it is in YAML.
* ``key:value`` needs no blank, and keys need not be aligned.

A second ``#`` at the beginning of a line (``# # priority: 3``) makes it a comment, as in YAML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from textwrap import dedent
from typing import TYPE_CHECKING, TypeAlias

from kometa_ai.adapters.kometa_files.tree import Kind, Node, NotYamlError, Tree, grow
from kometa_ai.domain.fault import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Sequence

WITHOUT_EFFECT = ("use_iterative_refinement", "refinement_threshold")
KEYS = (
    "enabled",
    "prompt",
    "confidence_threshold",
    "priority",
    "include_tags",
    "exclude_tags",
    "candidate_genres",
    "candidate_exclude_genres",
    "candidate_year_min",
    "candidate_year_max",
    *WITHOUT_EFFECT,
)

# What a key may hold: text, a list of texts, or something else (None) that no key takes.
Value: TypeAlias = "str | tuple[str, ...] | None"
Numbered: TypeAlias = "tuple[int, str]"

_KNOWN = re.compile(rf"([ \t]*)({'|'.join(KEYS)})[ \t]*:(.*)", re.DOTALL)
_LIKE_A_KEY = re.compile(r"[ \t]*([^\W\d][\w-]*)[ \t]*:(?:\s.*|)", re.DOTALL)
_LITERAL = re.compile(r"[ \t]*[|>][-+0-9]*[ \t]*(#.*)?")
_COMMENT = re.compile(r"[^\S\n]*#")
_ALMOST = 0.8
_LETTERS = {key: frozenset(key) for key in KEYS}


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a block, its line in the file, and its value."""

    key: str
    line: int
    value: Value


def read_keys(name: str, lines: Sequence[Numbered]) -> tuple[tuple[Entry, ...], tuple[Fault, ...]]:
    """Read the keys of a block in the file ``name``; unknown keys are faults, not entries."""
    try:
        entries = _strictly(lines)
        faults: list[Fault] = []
    except _UnreadableError:
        entries, faults = _tolerantly(name, lines)
    unique: dict[str, Entry] = {}
    for entry in entries:
        if entry.key not in KEYS:
            faults.append(_unknown(name, entry.line, entry.key))
        elif entry.key in unique:
            message = f"{entry.key} stands in this block twice."
            faults.append(_fault(name, entry.line, message, "Delete one of the two."))
        else:
            unique[entry.key] = entry
    return tuple(unique.values()), tuple(faults)


class _UnreadableError(Exception):
    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line
        self.problem = problem


def _strictly(lines: Sequence[Numbered]) -> list[Entry]:
    """Read lines as YAML; raise ``_UnreadableError`` if they are none, or mean something else."""
    numbers = [number for number, _ in lines] or [0]
    try:
        tree = grow("\n".join(text for _, text in lines))
    except NotYamlError as error:
        line = numbers[min(error.line, len(numbers) - 1)]
        raise _UnreadableError(line, error.problem) from error
    if not tree.roots:
        return []
    root = tree.roots[0]
    if len(tree.roots) > 1 or root.kind is not Kind.MAPPING:
        raise _UnreadableError(numbers[0], "it isn't a list of keys with their values")
    if not _is_meant(tree, root):
        raise _UnreadableError(numbers[0], "it would lose a part of the prompt")
    return [
        Entry(_text(key), numbers[tree.line(key.start) - 1], _value(value))
        for key, value in root.pairs
    ]


def _is_meant(tree: Tree, root: Node) -> bool:
    """Return whether the prompt that YAML sees is all that was written.

    It is not when an empty literal is followed by unknown keys (text that isn't indented), when
    `` #`` cuts a plain text off, or when its first word was taken for an anchor or a type.
    """
    pairs = list(root.pairs)
    following = [_text(key) for key, _ in pairs[1:]] + [KEYS[0]]
    for (key, value), after in zip(pairs, following, strict=True):
        if _text(key) != "prompt":
            continue
        if value.tag or value.anchor:
            return False
        if value.style in {"|", ">"} and not value.text.strip() and after not in KEYS:
            return False
        plain = value.kind is Kind.SCALAR and not value.style
        if plain and _COMMENT.match(tree.text, value.end):
            return False
    return True


def _value(node: Node) -> Value:
    real = node.real
    if real.kind is Kind.SCALAR:
        return "" if real.is_null else real.text
    items = [child.real for child in real.children]
    if real.kind is Kind.SEQUENCE and all(item.kind is Kind.SCALAR for item in items):
        return tuple(item.text for item in items if not item.is_null)
    return None


def _text(key: Node) -> str:
    return key.real.text if key.real.kind is Kind.SCALAR else "[…]"


def _tolerantly(name: str, lines: Sequence[Numbered]) -> tuple[list[Entry], list[Fault]]:
    entries: list[Entry] = []
    faults: list[Fault] = []
    for piece in _pieces(lines):
        known = _KNOWN.fullmatch(piece[0][1])
        if known is None:
            faults += _stray(name, piece)
            continue
        try:
            entries += _strictly(_aligned(known, piece))
        except _UnreadableError as error:
            if known[2] == "prompt" and not _never_closed(known[3]):
                prompt, found = _raw_prompt(name, known, piece)
                entries.append(prompt)
                faults += found
            else:
                remedy = f"Write {known[2]} as YAML asks for."
                faults.append(
                    _fault(name, error.line, f"The block can't be read: {error.problem}.", remedy)
                )
    return entries, faults


def _pieces(lines: Sequence[Numbered]) -> list[list[Numbered]]:
    """Cut lines at each known key, but not inside a literal that is indented below its prompt."""
    pieces: list[list[Numbered]] = []
    prompt: int | None = None  # how far the prompt is indented whose text has yet to begin
    text: int | None = None  # how far its text is
    for line in lines:
        indent = _indent(line[1])
        if line[1].strip() and prompt is not None:
            text = indent if indent > prompt else None
            prompt = None
        known = _KNOWN.fullmatch(line[1])
        if known and (text is None or indent < text):
            literal = known[2] == "prompt" and _LITERAL.fullmatch(known[3])
            prompt, text = indent if literal else None, None
            pieces.append([])
        elif not pieces and line[1].strip():
            pieces.append([])
        if pieces:
            pieces[-1].append(line)
    return pieces


def _aligned(known: re.Match[str], piece: Sequence[Numbered]) -> list[Numbered]:
    indent = len(known[1])
    rest = [
        (number, text[indent:] if not text[:indent].strip() else text.lstrip())
        for number, text in piece[1:]
    ]
    return [(piece[0][0], f"{known[2]}: {known[3].strip()}"), *rest]


def _never_closed(value: str) -> bool:
    text = value.strip()
    closing = {'"': '"', "'": "'", "[": "]", "{": "}"}.get(text[:1])
    return closing is not None and closing not in text[1:]


def _raw_prompt(
    name: str, known: re.Match[str], piece: Sequence[Numbered]
) -> tuple[Entry, list[Fault]]:
    """Take a prompt as text, and every line in it that must be a key as a fault."""
    number, (indent, first) = piece[0][0], (len(known[1]), known[3].strip())
    literal = _LITERAL.fullmatch(known[3]) is not None
    texts = [text for _, text in piece[1:] if text.strip()]
    loose = literal and bool(texts) and _indent(texts[0]) <= indent
    kept = [] if literal else [first]
    below: list[str] = []
    faults: list[Fault] = []
    for line, text in piece[1:]:
        word = _LIKE_A_KEY.fullmatch(text)
        if word and _indent(text) <= indent and (not loose or _close_key(word[1])):
            remedy = f"{_advice(word[1])} If it is text of the prompt, indent it by two spaces."
            faults.append(_fault(name, line, f'"{word[1]}" is no key of a block.', remedy))
        else:
            below.append(text)
    return Entry("prompt", number, "\n".join([*kept, dedent("\n".join(below))])), faults


def _stray(name: str, piece: Sequence[Numbered]) -> list[Fault]:
    """Tell of lines above the first known key: keys with a typo, or text that belongs nowhere."""
    faults = []
    for number, text in piece:
        word = _LIKE_A_KEY.fullmatch(text)
        if word:
            faults.append(_unknown(name, number, word[1]))
        elif text.strip() and not text.lstrip().startswith("#"):
            message = f'"{text.strip()}" is neither a key with its value nor part of a prompt.'
            faults.append(_fault(name, number, message, "Write it as key: value."))
    return faults


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _unknown(name: str, line: int, key: str) -> Fault:
    return _fault(name, line, f'"{key}" is no key of a block.', _advice(key))


def _advice(key: str) -> str:
    close = _close_key(key, cutoff=0.6)
    listed = ", ".join(key for key in KEYS if key not in WITHOUT_EFFECT)
    return f"Did you mean {close}?" if close else f"The keys are {listed}."


def _close_key(word: str, cutoff: float = _ALMOST) -> str:
    # difflib is slow, so first what letters a key and the word can have in common at most.
    letters = set(word.lower())
    near = [
        key
        for key in KEYS
        if 2 * (len(key) - len(_LETTERS[key] - letters)) >= cutoff * (len(key) + len(word))
    ]
    return next(iter(get_close_matches(word.lower(), near, n=1, cutoff=cutoff)), "") if near else ""


def _fault(name: str, line: int, message: str, remedy: str) -> Fault:
    return Fault(FaultKind.KOMETA, f"{name}:{line}", message, remedy)
