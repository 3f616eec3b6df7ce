"""Large files of Kometa: all of them is read, and with work that grows with their length."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from kometa_ai.adapters.kometa_files import fix_tags, read

if TYPE_CHECKING:
    from collections.abc import Callable, Sized

BLOCK = "# === KOMETA-AI ===\n# enabled: true\n# prompt: A plan\n# === END KOMETA-AI ===\n"
KEY = "radarr_taglist"


def test_a_tag_counts_however_much_is_merged_before_it(tmp_path: Path) -> None:
    bases = "".join(f"  b{number}: &b{number}\n    sync_mode: sync\n" for number in range(300))
    merged = ", ".join(f"*b{number}" for number in range(300))
    text = (
        f"templates:\n{bases}  last: &last\n    {KEY}: KAI-own\n"
        f"collections:\n{BLOCK}  a:\n    <<: [{merged}, *last]\n"
    )
    (tmp_path / "a.yml").write_text(text)
    assert [one.tag for one in read(tmp_path).collections] == ["KAI-own"]
    assert fix_tags(tmp_path) == ((), ())


@pytest.mark.parametrize("body", ["", f"    {KEY}: heist\n", "    <<: *base\n"])
def test_to_mend_four_times_as_many_is_four_times_the_work(tmp_path: Path, body: str) -> None:
    taken = []
    for count in (30, 120):
        blocks = "".join(f"{BLOCK}  c{number}:\n{body}    a: b\n" for number in range(count))
        (tmp_path / "a.yml").write_text(f"t:\n  base: &base {{b: c}}\ncollections:\n{blocks}")
        calls, (fixes, faults) = counted(lambda: fix_tags(tmp_path))
        taken.append(calls)
        assert (len(fixes), faults) == (count, ())
    assert taken[1] < 6 * taken[0], "one after the other would be sixteen times the work"


def counted(deed: Callable[[], tuple[Sized, Sized]]) -> tuple[int, tuple[Sized, Sized]]:
    """Return how many functions a deed called, which no busy machine changes, and its outcome."""
    calls = 0

    def note(*_: object) -> None:
        nonlocal calls
        calls += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        outcome = deed()
    finally:
        sys.setprofile(before)
    return calls, outcome


BODIES = (
    "",
    f"    {KEY}: heist  # why\n",
    f"    {KEY}: heist, x\n",
    f"    {KEY}:\n",
    f"    {KEY}:\n    - x\n    # why\n    - y\n",
    f"    {KEY}: [x,\n      y]\n",
    f"    {KEY}: KAI-own\n",
    f"    {KEY}: |\n      x\n",  # left as it is
    "    <<: *base\n",
)


def mended(parts: list[str]) -> tuple[list[str], int, int]:
    """Mend a file; return the part of each collection then, and how many were mended or left."""
    head = f"t:\n  base: &base {{{KEY}: [x]}}\ncollections:\n"
    with TemporaryDirectory() as folder:
        file = Path(folder) / "a.yml"
        file.write_text(head + "".join(parts))
        fixes, faults = fix_tags(Path(folder))
        new = file.read_text()
    assert new.startswith(head)
    pieces = new.removeprefix(head).split(BLOCK)
    return pieces[1:], len(fixes), len(faults)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(BODIES), min_size=2, max_size=6))
def test_many_edits_of_a_file_are_those_of_each_collection_alone(bodies: list[str]) -> None:
    parts = [f"{BLOCK}  c{number}:\n{body}    a: b\n" for number, body in enumerate(bodies)]
    alone = [mended([part]) for part in parts]
    together, fixes, faults = mended(parts)
    assert together == [pieces[0] for pieces, _, _ in alone]
    assert fixes == sum(done for _, done, _ in alone)
    assert faults == sum(left for _, _, left in alone)
