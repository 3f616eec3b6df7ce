"""Large files of Kometa: all of them is read, and in a time that grows with their length."""

from __future__ import annotations

from time import process_time
from typing import TYPE_CHECKING

import pytest

from kometa_ai.adapters.kometa_files import fix_tags, read

if TYPE_CHECKING:
    from pathlib import Path

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
