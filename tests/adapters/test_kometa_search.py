"""Where Kometa's files are: the first folder with an AI block, and what is said of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kometa_ai.adapters import kometa_files
from kometa_ai.cli.wiring import files_reader
from kometa_ai.domain.fault import SkipError
from kometa_ai.settings import load
from tests.world import block

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("first", "second", "third")
PLAIN = "collections:\n  Heists:\n    sync_mode: sync\n"


def written(folder: Path, text: str, file: str = "movies.yml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(text, "utf-8")
    return folder


def with_block(folder: Path, name: str = "Heists", *, enabled: bool = True) -> Path:
    return written(folder, f"collections:\n{block(name, enabled=enabled)}")


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    return [tmp_path / name for name in NAMES]


@pytest.mark.parametrize("there", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)])
def test_the_first_with_a_block_wins(folders: list[Path], there: tuple[int, ...]) -> None:
    for number in there:
        with_block(folders[number])
    assert kometa_files.choose(folders) == folders[there[0]]


def test_files_without_a_block_do_not_hide_those_of_another_folder(folders: list[Path]) -> None:
    written(folders[0], PLAIN)
    written(folders[1], "# Made with KOMETA-AI\n" + PLAIN)
    with_block(folders[2])
    assert kometa_files.choose(folders) == folders[2]


def test_a_block_that_is_switched_off_is_a_block(folders: list[Path]) -> None:
    """Somebody who pauses all collections does not want those of another folder instead."""
    with_block(folders[0], enabled=False)
    with_block(folders[1])
    assert kometa_files.choose(folders) == folders[0]


def test_a_folder_that_cannot_be_read_is_not_passed_over(folders: list[Path]) -> None:
    folders[0].mkdir()
    (folders[0] / "movies.yml").symlink_to(folders[0] / "nowhere.yml")
    with_block(folders[1])
    assert kometa_files.choose(folders) == folders[0]
    assert "can't be read" in str(kometa_files.read(folders[0]).faults[0])


def test_neither_is_what_is_no_folder(folders: list[Path]) -> None:
    """A file in its place, or a link that goes round: the block that was meant may be there."""
    folders[0].parent.mkdir(parents=True, exist_ok=True)
    folders[0].write_text("in the way", "utf-8")
    folders[1].parent.mkdir(parents=True, exist_ok=True)
    folders[1].symlink_to(folders[1])
    with_block(folders[2])
    assert kometa_files.choose(folders) == folders[0]
    assert kometa_files.choose(folders[1:]) == folders[1]


def test_one_that_was_named_alone_is_not_looked_for(folders: list[Path]) -> None:
    assert kometa_files.choose(folders[:1]) == folders[0]


def test_without_a_block_it_is_said_where_was_looked_and_what_to_do(folders: list[Path]) -> None:
    written(folders[0], PLAIN)
    folders[1].mkdir()
    with pytest.raises(SkipError) as caught:
        kometa_files.choose(folders)
    told = str(caught.value)
    assert f"{folders[0]} (no AI block in 1 file)" in told
    assert f"{folders[1]} (no .yml or .yaml file)" in told
    assert f"{folders[2]} (does not exist)" in told
    assert "=== KOMETA-AI ===" in told
    assert "KOMETA_CONFIG_DIR" in told


def test_a_reader_of_the_add_on_looks_each_time_anew(tmp_path: Path) -> None:
    options = written(tmp_path / "data", "{}", "options.json") / "options.json"
    read = files_reader(load({}, options_file=options).settings, dry_run=True)
    files = read()
    assert "No AI block was found" in str(files.faults[0])
    assert not files.collections
    share = with_block(tmp_path / "share" / "kometa", "Heists")
    files = read()
    assert [one.name for one in files.collections] == ["Heists"]
    assert files.folder == share
    assert not files.faults
    closer = with_block(tmp_path / "homeassistant" / "kometa", "Musicals")
    assert read().folder == closer
