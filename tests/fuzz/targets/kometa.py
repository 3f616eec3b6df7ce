"""Kometa's files: read without raising, and changed by ``KOMETA_FIX_TAGS`` in tags alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from hypothesis import strategies as st

from kometa_ai.adapters.kometa_files import KometaFiles, choose, fix_tags, read
from kometa_ai.domain.collection import is_collection_tag
from tests.fuzz.target import Target

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
    lines = [Counter(text.split(b"\n")) for text in (old, new)]
    gone, come = lines[0] - lines[1], lines[1] - lines[0]
    assert gone.total() <= fixes + 1, gone  # and the last line, if it had no end
    assert come.total() <= 2 * fixes + 1, come
    if b"\r\n" in old and old.count(b"\n") == old.count(b"\r\n"):
        assert new.count(b"\n") == new.count(b"\r\n")
    if len(new) > MOST_COMPOSED:
        return
    trees = _Trees()
    meant = trees.of(old.decode())
    if meant is not None:
        assert trees.of(new.decode()) == meant


class _Trees:
    """Numbers for what PyYAML makes of a text, without the lists of tags: the same for the same."""

    def __init__(self) -> None:
        self._numbers: dict[object, int] = {}
        self._of_node: dict[int, int] = {}

    def of(self, text: str) -> tuple[int, ...] | None:
        try:
            roots = list(yaml.compose_all(text.removeprefix("\ufeff"), Loader=yaml.SafeLoader))
        except (yaml.YAMLError, ValueError, RecursionError):
            return None
        self._of_node.clear()
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
            pairs = [
                (self._number(key), self._number(value))
                for key, value in node.value
                if not (isinstance(key, yaml.ScalarNode) and key.value.lower() == KEY)
            ]
            return ("mapping", node.tag, *pairs) if pairs else "nothing"
        if isinstance(node, yaml.SequenceNode):
            return ("list", node.tag, *(self._number(each) for each in node.value))
        if node is None or node.tag == "tag:yaml.org,2002:null":
            return "nothing"
        return (node.tag, node.value)


MARKERS = st.sampled_from(
    [
        ("# === KOMETA-AI ===", "# === END KOMETA-AI ==="),
        ("#=== kometa-ai ===", "#===END KOMETA-AI==="),
        ("# === KOMETA-AI ===", "# === END KOMETA-AI === # so"),
        ("# == KOMETA-AI ==", "# === END KOMETA-AI ==="),
        ("# === KOMETA-AI ===", ""),
        ("", "# === END KOMETA-AI ==="),
        ("# === KOMETA-AI ===\u2028", "\t# === END KOMETA-AI ==="),
    ]
)
PLAIN = ("# === KOMETA-AI ===", "# === END KOMETA-AI ===")
SAID = st.sampled_from(
    [
        "enabled: true",
        "enabled: NO",
        "enabled: 0o1",
        "enabled: !!python/object/apply:os.system [x]",
        "prompt: Films where the plan: goes wrong # really",
        "prompt: |\n#   Trains\n#     at night\n#\n#   and rain",
        "prompt: |\n# Trains\n# Criteria: dark",
        'prompt: "quoted: text"',
        "prompt: 'never closed",
        "prompt: &a text",
        "prompt: >-\n#   folded\u2029text",
        "prompt: \ud7ff\U0010ffff 😀\x85 é",
        "confidence_threshold: 0.8",
        "confidence_threshold: 80%",
        "confidence_threshold: .inf",
        "confidence_threshold: 1e400",
        "confidence_threshold: 1:30",
        "priority: 0777",
        "priority: 999999999999999999999",
        "include_tags: [a, 'b, c', *a]",
        "include_tags:\n#   - a\n#   - {b: c}",
        "exclude_tags: {a: b}",
        "candidate_genres: drama, crime",
        "candidate_year_min: 1950-01-01",
        "candidate_year_min: 1950",
        "candidate_year_max: 190_0",
        "use_iterative_refinement: true",
        "enable: true",
        "? [a]\n# : b",
        "<<: *base",
        "# # priority: 3",
        "\tpriority: 3",
        "",
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
        "~",
        "!!str Tagged",
        "&n Anchored",
        "*n",
        "Füße 😀",
        "日本",
        "? Asked",
        "? [a, b]",
        "<<",
        "templates",
        "Long " + "name " * 40,
        "Heists ",
    ]
)
BODIES = st.sampled_from(
    [
        "",
        f"{KEY}: heist",
        f"{KEY}: KAI-own # mine",
        f"{KEY}: 'x, y'",
        f"{KEY}: [x, KAI-own, KAI-two]",
        f"{KEY}: [ x , 'y' ,] # why",
        f"{KEY}:\n  - x\n  - 'y'",
        f"{KEY}:\n- x\n# === KOMETA-AI ===\n- y",
        f"{KEY}: |\n  x",
        f"{KEY}: &t x",
        f"{KEY}: *t",
        f"{KEY}: {{x: y}}",
        f"{KEY}: ",
        f"Radarr_Taglist: x\n{KEY}: z",
        f"? {KEY}\n: x",
        f'"{KEY}": "x\\\n  y"',
        "sonarr_taglist: x",
        "<<: *base",
        "<<: [*base, *base]",
        "<<: {radarr_taglist: x}",
        "summary: >-\n  text\n  # === KOMETA-AI ===\n  # enabled: true\n  # === END KOMETA-AI ===",
        "summary: 'text\n\n  # === KOMETA-AI ==='",
        "plex_search:\n  all: {genre: x, year.gte: 1950}",
        "# === KOMETA-AI ===",
        "\u2028sort_title: x",
        "a: &a [*a, *a]",
        "b: !!binary x",
    ]
)
AROUND = st.sampled_from(
    [
        "",
        "---",
        "...",
        "%YAML 1.1\n---",
        "%TAG ! tag:example.org,2000:\n---",
        "templates:\n  base: &base {radarr_taglist: [x, 'y, z']}",
        "t: &t x",
        "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: &base {<<: [*c, *c]}",
        "collections:",
        "collections: {}",
        "collections: {",
        "}",
        "# comment",
        "\t",
        "deep: " + "[" * 60 + "]" * 60,
        "-",
        "x: 0o17",
        "x: 12:30:45",
    ]
)


@st.composite
def blocks(draw: st.DrawFn) -> list[str]:
    """Return the lines of a block, mostly one that runs."""
    begin, end = draw(MARKERS) if draw(st.integers(0, 3)) == 0 else PLAIN
    said = draw(st.lists(SAID, max_size=3))
    if draw(st.integers(0, 4)):
        said = ["enabled: true", "prompt: A plan", *said]
    told = "\n".join(f"# {one}" for one in said)
    return [line for line in (begin, told, end) if line]


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Return a file as people write them, and some as nobody would."""
    parts = list(draw(st.lists(AROUND, max_size=2)))
    home = draw(st.booleans())
    if home:
        parts.append("collections:")
    for _ in range(draw(st.integers(1, 4))):
        margin = draw(st.sampled_from(["  ", "  ", "    ", "\t", ""])) if home else ""
        step = draw(st.sampled_from(["  ", "  ", " ", "    "]))
        name = draw(NAMES)
        body = draw(st.lists(BODIES, max_size=3))
        if draw(st.integers(0, 4)) == 0:
            inner = ", ".join(one for one in body if "\n" not in one and "#" not in one)
            lines = [f"{name}: {{{inner}}}"]
        else:
            lines = [f"{name}:", *(step + one.replace("\n", f"\n{step}") for one in body)]
        text = "\n".join([*(draw(blocks()) if draw(st.integers(0, 5)) else []), *lines])
        parts.append(margin + text.replace("\n", f"\n{margin}"))
        parts += draw(st.lists(AROUND, max_size=1)) if draw(st.integers(0, 3)) == 0 else []
    text = draw(st.sampled_from(["", "", "\ufeff"])) + "\n".join(parts)
    text += draw(st.sampled_from(["\n", "", "\n\n", "\n# end"]))
    newline = draw(st.sampled_from(["\n", "\n", "\r\n", "\r", "\x85"]))
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
