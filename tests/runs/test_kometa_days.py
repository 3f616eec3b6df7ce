"""Faults in Kometa's files, end to end: told with file and line, and nothing else is held up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.springboard import cli
from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

MOVIES = [movie(number) for number in range(1, 6)]
CHANCES = {"Noir": {1: 0.95}, "Cosy": {2: 0.95}}
BEGIN, END = "  # === KOMETA-AI ===\n", "  # === END KOMETA-AI ===\n"
FINE = "  #   enabled: true\n  #   prompt: Something\n"


def wrong(keys: str, name: str = "Wrong") -> str:
    """Return a block with these comment lines, and its collection."""
    return f"{BEGIN}{keys}{END}  {name}:\n    sync_mode: sync\n"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        pytest.param(wrong(f"{FINE}  #   prompts: x\n"), 5, '"prompts"', id="typo in a key"),
        pytest.param(wrong(f"{FINE}  #   priority: high\n"), 5, "priority", id="wrong type"),
        pytest.param(
            wrong(f"{FINE}  #   confidence_threshold: 1.2\n"),
            5,
            "confidence_threshold",
            id="threshold outside 0 to 1",
        ),
        pytest.param(wrong("  #   enabled: true\n"), 2, "prompt", id="no prompt"),
        pytest.param(wrong(f"{FINE}  #   oops: [1\n"), 0, "", id="no YAML"),
        pytest.param(f"{BEGIN}{FINE}  Wrong:\n    a: 1\n", 2, "has no end", id="no end"),
        pytest.param(f"  Other:\n    a: 1\n{BEGIN}{FINE}{END}", 0, "", id="no collection"),
        pytest.param(
            wrong(FINE, "Twice") + wrong(FINE, "Twice"), 0, "Twice", id="the same collection twice"
        ),
        pytest.param(
            wrong(FINE, "Film Noir") + wrong(FINE, "Film--Noir"),
            0,
            "KAI-film-noir",
            id="two collections with one tag",
        ),
        pytest.param(wrong(FINE, "千と千尋"), 0, "tag", id="nothing left of the name"),
    ],
)
async def test_a_fault_is_told_with_its_line_and_holds_nothing_up(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir", tag="KAI-noir"), file="a.yml")
        (world.kometa / "b.yml").write_text(f"collections:\n{text}", encoding="utf-8")
        world.write(block("Cosy", tag="KAI-cosy"), file="c.yml")
        ended = await cli(world, "--run-now", "--json")
        assert ended.code == 1
        assert ended.json["result"] == "partial"
        faults = [one for one in ended.json["faults"] if one["kind"] == "kometa"]
        assert faults
        assert all(one["where"].startswith("b.yml:") for one in faults)
        if line:
            assert f"b.yml:{line}" in {one["where"] for one in faults}
        assert said in " ".join(one["message"] for one in faults)
        assert all(one["message"].endswith((".", "?")) and one["remedy"] for one in faults)
        assert world.radarr.members("kai-noir") == {1}
        assert world.radarr.members("kai-cosy") == {2}
        assert "b.yml:" in ended.err, "people are told too"


async def test_a_file_that_is_no_yaml_holds_up_no_other_file(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"), file="a.yml")
        (world.kometa / "b.yml").write_text(f"collections:\n{block('Cosy')}  bad: [\n")
        ended = await cli(world, "--run-now", "--json")
        assert ended.code == 1
        assert ended.json["faults"][0]["where"].startswith("b.yml")
        assert world.radarr.members("kai-noir") == {1}


async def test_a_circle_of_tag_rules_is_a_fault_of_those_in_it(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(
            block("Noir"),
            block("Hen", include_tags=["KAI-egg"]),
            block("Egg", exclude_tags=["KAI-hen"]),
        )
        ended = await cli(world, "--run-now", "--json")
        assert ended.code == 1
        told = " ".join(one["message"] for one in ended.json["faults"])
        assert "Hen" in told
        assert "Egg" in told
        assert world.radarr.members("kai-noir") == {1}


async def test_tags_are_mended_in_a_run_and_only_described_in_a_dry_run(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"), block("Cosy", tag="whatever"))
        file = world.kometa / "movies.yml"
        before = file.read_bytes()
        for flag in ("--dry-run", "--estimate", "--health-check"):
            ended = await cli(world, flag, KOMETA_FIX_TAGS="true")
            assert ended.code == 0, (flag, ended.out, ended.err)
            assert file.read_bytes() == before, flag
        ended = await cli(world, "--dry-run", KOMETA_FIX_TAGS="true")
        assert "KAI-noir" in ended.out
        ended = await cli(world, "--run-now", KOMETA_FIX_TAGS="true")
        assert ended.code == 0, ended.err
        assert "radarr_taglist: KAI-noir" in file.read_text()
        assert "radarr_taglist: KAI-cosy" in file.read_text()
        after = file.read_bytes()
        assert (await cli(world, "--run-now", KOMETA_FIX_TAGS="true")).code == 0
        assert file.read_bytes() == after


async def test_a_folder_that_is_missing_is_an_error(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        missing = str(tmp_path / "nowhere")
        for flag in ("--run-now", "--estimate", "--health-check"):
            ended = await cli(world, flag, KOMETA_CONFIG_DIR=missing)
            assert ended.code == 1, flag
            assert missing in ended.out + ended.err
        assert world.claude.requests == []


async def test_a_folder_without_a_block_is_told(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        (world.kometa / "movies.yml").write_text("collections:\n  Noir:\n    a: 1\n")
        ended = await cli(world, "--run-now")
        told = ended.out + ended.err
        assert "Traceback" not in told
        assert "block" in told, told
        assert world.claude.requests == []


async def test_a_collection_that_nobody_knows_is_a_fault_with_a_guess(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.write(block("Noir"), block("Cosy"))
        ended = await cli(world, "--collection", "Nior", "--collection", "cosy", "--json")
        assert ended.code == 1
        assert 'Did you mean "Noir"?' in ended.json["faults"][0]["remedy"]
        assert [one["name"] for one in ended.json["collections"]] == ["Cosy"]
        assert world.radarr.members("kai-cosy") == {2}
