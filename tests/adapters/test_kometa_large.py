"""Large files of Kometa: all of them is read, and in a time that grows with their length."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import pytest
from hypothesis import given, settings, strategies as st

from kometa_ai.adapters.kometa_files import fix_tags, read

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
def test_to_mend_four_times_as_many_takes_four_times_as_long(tmp_path: Path, body: str) -> None:
    taken = []
    for count in (30, 120):
        blocks = "".join(f"{BLOCK}  c{number}:\n{body}    a: b\n" for number in range(count))
        (tmp_path / "a.yml").write_text(f"t:\n  base: &base {{b: c}}\ncollections:\n{blocks}")
        begun = process_time()
        fixes, faults = fix_tags(tmp_path)
        taken.append(process_time() - begun)
        assert (len(fixes), faults) == (count, ())
    assert taken[1] < 10 * taken[0], "one after the other would take sixteen times as long"


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
