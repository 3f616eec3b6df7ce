"""The folder: which files are read, and what one bad file does to the others."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from kometa_ai.adapters.kometa_files import read

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = "# === KOMETA-AI ===\n# enabled: true\n# prompt: A plan\n# === END KOMETA-AI ===\n"
OTHER = f"{BLOCK}Other:\n  radarr_taglist: KAI-other\n"


def names(folder: Path) -> list[str]:
    return [one.name for one in read(folder).collections]


def test_every_file_at_any_depth_sorted(tmp_path: Path) -> None:
    wanted = ["a.yml", "b.YAML", "deep/d.yml", "deep/er/c.yaml", "x.yml"]
    unwanted = ["_e.yml", ".f.yml", "_g/h.yml", ".i/j.yml", "deep/_k/l.yml", "m.yml.bak", "n.txt"]
    for path in wanted + unwanted:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(f"{BLOCK}{path}:\n  radarr_taglist: KAI-{path[-6:-4]}x\n")
    files = read(tmp_path)
    assert not files.faults
    assert [one.name for one in files.collections] == wanted
    assert [one.source for one in files.collections] == [f"{path}:5" for path in wanted]


def test_links_are_followed_once(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.yml").write_text(OTHER)
    (tmp_path / "real" / "loop").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "real")
    (tmp_path / "b.yml").symlink_to(tmp_path / "real" / "a.yml")
    assert names(tmp_path) == ["Other"]


def test_what_cannot_be_opened_is_told_and_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(OTHER)
    os.mkfifo(tmp_path / "pipe.yml")
    (tmp_path / "gone.yml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.yml").mkdir()
    files = read(tmp_path)
    assert [one.name for one in files.collections] == ["Other"]
    assert [str(fault) for fault in files.faults] == [
        (
            "gone.yml: The file can't be read: No such file or directory."
            " Allow this program to read it, or move it away."
        )
    ]


def test_a_missing_folder_names_the_setting(tmp_path: Path) -> None:
    for folder in (tmp_path / "missing", tmp_path / "file"):
        (tmp_path / "file").write_text("")
        files = read(folder)
        assert not files.collections
        (fault,) = files.faults
        assert str(folder) == fault.where
        assert "KOMETA_CONFIG_DIR" in fault.remedy


def test_a_folder_without_files_names_the_setting(tmp_path: Path) -> None:
    (fault,) = read(tmp_path).faults
    assert "no .yml" in fault.message
    assert "KOMETA_CONFIG_DIR" in fault.remedy


def test_no_block_anywhere_shows_how_one_looks(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("collections:\n  A:\n    b: c\n")
    (tmp_path / "empty.yml").write_text("")
    (fault,) = read(tmp_path).faults
    assert "no" in fault.message.lower()
    assert "# === KOMETA-AI ===" in fault.remedy


def test_only_disabled_blocks_are_no_fault(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(OTHER.replace("true", "false"))
    assert not read(tmp_path).faults


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (f"{BLOCK}A:\n  b: [\n", 7, "isn't valid YAML"),
        (f"{BLOCK}A:\n\tb: c\n", 6, "isn't valid YAML"),
        (f"{BLOCK}A: *nowhere\n", 5, "undefined alias 'nowhere'"),
        (f"a: &x 1\n---\n{BLOCK}A: *x\n", 7, "undefined alias 'x'"),
        (f"{BLOCK}A: é\nb: \x07\n", 6, "the character U+0007 is not allowed"),
        (f"{BLOCK}A:\n  b: c: d\n", 6, "mapping values are not allowed"),
        (f"{BLOCK}A: é\n".encode("latin-1"), 5, "isn't UTF-8"),
        (f"{BLOCK}A:\n".encode("utf-16"), 1, "isn't UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_stops_no_other(
    tmp_path: Path, content: str | bytes, line: int, message: str
) -> None:
    (tmp_path / "a.yml").write_bytes(content if isinstance(content, bytes) else content.encode())
    (tmp_path / "b.yml").write_text(OTHER)
    files = read(tmp_path)
    assert [one.name for one in files.collections] == ["Other"]
    (fault,) = files.faults
    assert fault.where == f"a.yml:{line}"
    assert message in fault.message


@pytest.mark.parametrize("content", [b"a: [\n", b"a: \xff\n", b"\tx: \x00", b"# KOMETA-AI \n\t["])
def test_a_broken_file_without_blocks_is_not_our_business(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.yml").write_bytes(content)
    (tmp_path / "b.yml").write_text(OTHER)
    assert not read(tmp_path).faults


def test_twenty_collections_are_read_in_no_time(tmp_path: Path) -> None:
    lines = "".join(
        f"#   - criterion {number}: of some length, as people write\n" for number in range(6)
    )
    block = f"# === KOMETA-AI ===\n# enabled: true\n# prompt: |\n{lines}# === END KOMETA-AI ===\n"
    bodies = "  radarr_taglist: KAI-x{0}\n  summary: Some text\n  sort_title: '!{0}'\n"
    (tmp_path / "a.yml").write_text(
        "".join(f"{block}Name {number}:\n{bodies.format(number)}" for number in range(20))
    )
    times = []
    for _ in range(5):
        start = time.process_time()
        assert len(read(tmp_path).collections) == 20
        times.append(time.process_time() - start)
    assert min(times) < 0.1  # some 10 ms of work; a busy machine takes longer for the same


def test_tags_that_no_file_names_are_told_in_one_sentence(tmp_path: Path) -> None:
    head = "# === KOMETA-AI ===\n# enabled: true\n# prompt: x\n# === END KOMETA-AI ===\n"
    blocks = "".join(f"{head}{name}:\n  a: 1\n" for name in ("Noir", "Cosy"))
    (tmp_path / "movies.yml").write_text(blocks, encoding="utf-8")
    (notice,) = read(tmp_path).notices
    assert "KAI-noir (movies.yml:5), KAI-cosy (movies.yml:11)" in notice
    assert "KOMETA_FIX_TAGS=true" in notice
