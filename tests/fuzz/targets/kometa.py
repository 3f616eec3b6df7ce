"""Kometa's files: read without raising, and changed by ``KOMETA_FIX_TAGS`` in tags alone."""

from __future__ import annotations

from collections import Counter
from enum import Enum, auto
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import yaml
from hypothesis import strategies as st

from kometa_ai.adapters.kometa_files import KometaFiles, choose, fix_tags, read
from kometa_ai.domain.collection import is_collection_tag
from tests.fuzz.target import Target, mostly

Tags: TypeAlias = "tuple[str, ...]"

KEY = "radarr_taglist"
UNTAGGED = "Kometa will not find these tags"
MOST_COMPOSED = 20_000
"""Bytes of a file that PyYAML's own tree is compared on: it is slow."""


def check(data: bytes) -> None:
    """Read, mend, and read again."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        file = folder / "a.yml"
        file.write_bytes(data)
        before = read(folder)
        _is_sound(before)
        if before.collections:
            assert choose((folder / "none", folder)) == folder
        wanted = fix_tags(folder, dry_run=True)
        assert file.read_bytes() == data
        fixes, faults = fix_tags(folder)
        assert faults == wanted[1]
        assert [fix.replace(" is now ", " would become ") for fix in fixes] == list(wanted[0])
        new = file.read_bytes()
        assert (new != data) == bool(fixes)
        after = read(folder)
        _same_wishes(before, after)
        if not faults:
            assert not any(UNTAGGED in notice for notice in after.notices)
        if fixes:
            _only_tags_differ(data, new, len(fixes))
        assert fix_tags(folder) == ((), faults) or faults
        assert file.read_bytes() == new
        assert sorted(path.name for path in folder.iterdir()) == ["a.yml"]


def _is_sound(files: KometaFiles) -> None:
    labels = [one.label for one in files.collections]
    assert len(labels) == len(set(labels))
    assert files.claimed.issuperset(labels)
    for one in files.collections:
        assert one.name, one
        assert one.prompt.strip(), one
        assert is_collection_tag(one.tag), one
        assert 0 <= one.threshold <= 1, one
        years = {one.candidate_year_min, one.candidate_year_max} - {None}
        assert all(1870 <= year <= 2200 for year in years if year), one
    for fault in files.faults:
        assert fault.where, fault
        assert fault.message, fault
        assert fault.remedy, fault


def _same_wishes(before: KometaFiles, after: KometaFiles) -> None:
    told = [
        [(one.name, one.tag, one.prompt, one.threshold, one.priority) for one in files.collections]
        for files in (before, after)
    ]
    assert told[0] == told[1]
    assert len(before.faults) == len(after.faults)
    assert len(before.disabled) == len(after.disabled)


def _only_tags_differ(old: bytes, new: bytes, fixes: int) -> None:
    """Hold both texts against each other without the reader's own tree."""
    assert old.startswith(b"\xef\xbb\xbf") == new.startswith(b"\xef\xbb\xbf")
    if b"\r\n" in old and old.count(b"\n") == old.count(b"\r\n"):
        assert new.count(b"\n") == new.count(b"\r\n")
    if len(new) > MOST_COMPOSED:
        return
    trees = _Trees()
    meant = trees.of(old.decode())
    if meant is None:
        return
    lines = [Counter(text.split(b"\n")) for text in (old, new)]
    gone, come = lines[0] - lines[1], lines[1] - lines[0]
    assert gone.total() <= fixes + trees.spread + 1, gone  # and the last line, if it had no end
    assert come.total() <= 2 * fixes + 1, come
    tags = trees.tags
    assert trees.of(new.decode()) == meant
    assert _only_one_came(tuple(tags), tuple(trees.tags)), (tags, trees.tags)


@cache
def _only_one_came(old: tuple[Tags, ...], new: tuple[Tags, ...]) -> bool:
    """Return whether each list of tags is as it was, or got one, or is a new one with one."""
    if not new:
        return not old
    came = new[0][-1:] if new[0] and is_collection_tag(new[0][-1]) else ()
    kept = old and (
        new[0] == old[0]
        or (came and (new[0] == old[0] + came or (len(old[0]) <= 1 and new[0] == came)))
    )
    if kept and _only_one_came(old[1:], new[1:]):
        return True
    return bool(came) and new[0] == came and _only_one_came(old, new[1:])


class _Trees:
    """Numbers for what PyYAML makes of a text, without the lists of tags: the same for the same.

    ``tags`` are those lists, ``spread`` counts the lines that they take beyond their first.
    """

    def __init__(self) -> None:
        self.spread = 0
        self.tags: list[Tags] = []
        self._numbers: dict[object, int] = {}
        self._of_node: dict[int, int] = {}

    def of(self, text: str) -> tuple[int, ...] | None:
        try:
            roots = list(yaml.compose_all(text.removeprefix("\ufeff"), Loader=yaml.SafeLoader))
        except (yaml.YAMLError, ValueError, RecursionError):
            return None
        self._of_node.clear()
        self.tags = []
        return tuple(self._number(root) for root in roots)

    def _number(self, node: yaml.Node | None) -> int:
        known = self._of_node.get(id(node))
        if known is None:
            self._of_node[id(node)] = -1  # a node that holds itself
            known = self._numbers.setdefault(self._said(node), len(self._numbers))
            self._of_node[id(node)] = known
        return known

    def _said(self, node: yaml.Node | None) -> object:
        if isinstance(node, yaml.MappingNode):
            pairs = []
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value.lower() == KEY:
                    self.spread += value.end_mark.line - value.start_mark.line
                    self.tags.append(_tags(value))
                else:
                    pairs.append((self._number(key), self._number(value)))
            return ("mapping", node.tag, *pairs) if pairs else "nothing"
        if isinstance(node, yaml.SequenceNode):
            return ("list", node.tag, *(self._number(each) for each in node.value))
        if node is None or node.tag == "tag:yaml.org,2002:null":
            return "nothing"
        return (node.tag, node.value)


def _tags(node: yaml.Node) -> Tags:
    """Return a list's tags; what is no text stands for itself."""
    if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null":
        return ()
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    texts = [one.value if isinstance(one, yaml.ScalarNode) else "list" for one in nodes]
    return tuple(tag.strip() for text in texts for tag in text.split(",") if tag.strip())


PLAIN = ("# === KOMETA-AI ===", "# === END KOMETA-AI ===")
MARKERS = st.sampled_from(
    [
        ("#=== kometa-ai ===", "#===END KOMETA-AI==="),
        ("# === KOMETA-AI ===", "# === END KOMETA-AI === # so"),
        ("# == KOMETA-AI ==", "# === END KOMETA-AI ==="),
        ("# === KOMETA-AI ===", ""),
        ("", "# === END KOMETA-AI ==="),
        ("# === KOMETA-AI ===\u2028", "\t# === END KOMETA-AI ==="),
    ]
)
SAID = st.sampled_from(
    [
        "confidence_threshold: 0.8",
        "priority: 3",
        "include_tags: [a, 'b, c']",
        "exclude_tags:\n#   - a",
        "candidate_genres: drama, crime",
        "candidate_year_min: 1950",
        "use_iterative_refinement: true",
        "# # priority: 3",
        "",
    ]
)
PROMPTS = st.sampled_from(
    [
        "prompt: A plan",
        "prompt: Films where the plan: goes wrong # really",
        "prompt: |\n#   Trains\n#     at night\n#\n#   and rain",
        "prompt: |\n# Trains\n# Criteria: dark",
        'prompt: "quoted: text"',
        "prompt: >-\n#   folded\u2029text",
        "prompt: \ud7ff\U0010ffff 😀\x85 é",
    ]
)
ODD_SAID = st.sampled_from(
    [
        "enabled: NO",
        "enabled: 0o1",
        "enabled: !!python/object/apply:os.system [x]",
        "prompt: 'never closed",
        "prompt: &a text",
        "confidence_threshold: 80%",
        "confidence_threshold: .inf",
        "confidence_threshold: 1e400",
        "confidence_threshold: 1:30",
        "priority: 0777",
        "priority: 999999999999999999999",
        "include_tags: [a, *a]",
        "include_tags:\n#   - {b: c}",
        "exclude_tags: {a: b}",
        "candidate_year_min: 1950-01-01",
        "candidate_year_max: 190_0",
        "enable: true",
        "? [a]\n# : b",
        "<<: *base",
        "\tpriority: 3",
    ]
)
NAMES = st.sampled_from(
    [
        "Heists",
        "'80''s Heists'",
        '"Heists: \\"the plan\\""',
        "1917",
        "2001-01-01",
        "NO",
        "!!str Tagged",
        "&n Anchored",
        "Füße 😀 a",
        "Long " + "name " * 40,
        "Heists ",
        "A",
        "B",
    ]
)
ODD_NAMES = st.sampled_from(
    ["~", "? Asked", "*n", "*base", "日本", "? [a, b]", "<<", "templates", "''", "{a: b}"]
)
BODIES = st.sampled_from(
    [
        f"{KEY}: heist",
        f"{KEY}: KAI-own # mine",
        f"{KEY}: 'x, y'",
        f"{KEY}: x,y, # why",
        f"{KEY}: [x, KAI-own, KAI-two]",
        f"{KEY}: [ x , 'y' ,] # why",
        f"{KEY}: [x,\n  # why\n  y # not\n ]",
        f"{KEY}:\n  - x\n  - 'y'",
        f"{KEY}:\n- x\n# why\n- y # not",
        f"{KEY}: ",
        f"{KEY}: ~ # none",
        "Radarr_Taglist: x",
        f"? {KEY}\n: x",
        f'"{KEY}": "x\\\n  y"',
        f'"{KEY}": "x"',
        "<<: *base",
        "summary: >-\n  text\n  # === KOMETA-AI ===\n  # enabled: true\n  # === END KOMETA-AI ===",
        "summary: 'text\n\n  # === KOMETA-AI ==='",
        "plex_search:\n  all: {genre: x, year.gte: 1950}",
        "smart_label: random # KAI",
        "# a comment",
        "",
    ]
)
ODD_BODIES = st.sampled_from(
    [
        f"{KEY}: |\n  x",
        f"{KEY}: &t x",
        f"{KEY}: *t",
        f"{KEY}: *base",
        f"{KEY}: {{x: y}}",
        f"{KEY}: x\n{KEY}: z",
        f"{KEY}:\n  - [x]",
        f"{KEY}:\n  - &l x\n  - *l",
        f"{KEY}: >-\n  x\n\n\n",
        f"{KEY}: x\u2028  y",
        f"{KEY}: x y\n   z",
        f"{KEY}: 'x\n\n   z'",
        f"{KEY}: !!str x",
        "sonarr_taglist: x",
        "<<: [*base, *base]",
        "<<: {radarr_taglist: x}",
        "# === KOMETA-AI ===",
        "\u2028sort_title: x",
        "a: &a [*a, *a]",
        "b: !!binary x",
        "- x",
        "\tb: x",
    ]
)
AROUND = st.sampled_from(
    [
        "",
        "---",
        "# comment",
        "x: 0o17",
        "x: 12:30:45",
        "t: &t x",
        "%YAML 1.1\n---",
    ]
)
ODD_AROUND = st.sampled_from(
    [
        "...",
        "%TAG ! tag:example.org,2000:\n---",
        "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: &base {<<: [*c, *c]}",
        "collections:",
        "collections: {}",
        "collections: {",
        "}",
        "\t",
        "deep: " + "[" * 60 + "]" * 60,
        "-",
        "k: &k {<<: *k}",
    ]
)
BASE = "templates:\n  base: &base {radarr_taglist: [x, 'y, z']}"


class Odd(Enum):
    """Where in a file something odd is: in one of everything nothing would be read at all."""

    NOWHERE = auto()
    BLOCK = auto()
    NAME = auto()
    BODY = auto()
    AROUND = auto()
    MARGIN = auto()
    NEWLINE = auto()


def either(
    odd: Odd, here: Odd, usual: st.SearchStrategy[str], strange: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    """Return what is usual, but at the odd place what is strange, too."""
    return mostly(usual, mostly(usual, strange)) if odd is here else usual


@st.composite
def blocks(draw: st.DrawFn, odd: Odd) -> list[str]:
    """Return the lines of a block, mostly one that runs."""
    begin, end = draw(mostly(st.just(PLAIN), MARKERS)) if odd is Odd.BLOCK else PLAIN
    more = draw(st.lists(SAID, max_size=2, unique_by=lambda line: line.split(":")[0]))
    said = [draw(either(odd, Odd.BLOCK, PROMPTS, ODD_SAID)), *more]
    said.insert(0, draw(either(odd, Odd.BLOCK, st.just("enabled: true"), ODD_SAID)))
    told = "\n".join(f"# {one}" for one in said)
    return [line for line in (begin, told, end) if line]


@st.composite
def collections(draw: st.DrawFn, name: str, step: str, odd: Odd) -> str:
    """Return a collection, mostly with a block above it."""
    shown = draw(either(odd, Odd.NAME, st.just(name), ODD_NAMES))
    body = draw(
        st.lists(
            either(odd, Odd.BODY, BODIES, ODD_BODIES),
            max_size=3,
            unique_by=lambda line: KEY if KEY in line.lower() else line,
        )
    )
    if draw(st.integers(0, 4)) == 0:
        inner = ", ".join(one for one in body if one and "\n" not in one and "#" not in one)
        lines = [f"{shown}: {{{inner}}}" if inner or draw(st.booleans()) else f"{shown}: "]
    else:
        lines = [f"{shown}:", *(step + one.replace("\n", f"\n{step}") for one in body)]
    return "\n".join([*(draw(blocks(odd)) if draw(st.integers(0, 5)) else []), *lines])


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Return a file as people write them, but for one place."""
    odd = draw(st.sampled_from(Odd))
    around = either(odd, Odd.AROUND, AROUND, ODD_AROUND)
    parts = [*draw(st.lists(around, max_size=1)), BASE]
    home, step = draw(st.booleans()), draw(st.sampled_from(["  ", "  ", " ", "    "]))
    parts += ["collections:"] if home else []
    for name in draw(st.lists(NAMES, min_size=1, max_size=4, unique=True)):
        usual = st.just(step if home else "")
        margin = draw(either(odd, Odd.MARGIN, usual, st.sampled_from(["", "  ", "\t"])))
        text = draw(collections(name, step, odd))
        parts.append(margin + text.replace("\n", f"\n{margin}"))
        parts += [draw(ODD_AROUND)] if odd is Odd.AROUND and draw(st.booleans()) else []
    text = draw(st.sampled_from(["", "", "\ufeff"])) + "\n".join(parts)
    text += draw(st.sampled_from(["\n", "", "\n\n", "\n# end"]))
    ends = st.sampled_from(["\r", "\x85", "\u2028"])
    newline = draw(either(odd, Odd.NEWLINE, st.sampled_from(["\n", "\r\n"]), ends))
    return text.replace("\n", newline).encode()


PIECES = (
    *(mark.encode() for mark in "#:-'\"[]{}&*!|>%@`,?\n\r\t\x00\x85\u2028é\ufeff😀"),
    b"\r\n",
    b"# === KOMETA-AI ===\n",
    b"# === END KOMETA-AI ===\n",
    b"# enabled: true\n# prompt: x\n",
    b"<<: *base",
    b"&base ",
    b"radarr_taglist: ",
    b"collections:\n",
    b"---\n",
    b"!!python/name:os.system ",
    b"\xff",
    b"\xed\xa0\x80",  # half a surrogate pair
    b"[" * 40,
    b"x" * 600,
)

TARGET = Target("kometa", check, files(), PIECES)
