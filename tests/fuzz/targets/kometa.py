"""Kometa's files: read without raising, and changed by ``KOMETA_FIX_TAGS`` in tags alone."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import yaml

from kometa_ai.adapters.kometa_files import KometaFiles, choose, fix_tags, read
from kometa_ai.domain.collection import is_collection_tag
from tests.fuzz.kometa_written import KEY, PIECES, files
from tests.fuzz.target import Target

Tags: TypeAlias = "tuple[str, ...]"

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


TARGET = Target("kometa", check, files(), PIECES)
