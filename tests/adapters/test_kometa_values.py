"""The values of a block: what is understood, and what is refused with what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kometa_ai.adapters.kometa_files import KometaFiles, read

if TYPE_CHECKING:
    from pathlib import Path


def reading(folder: Path, *lines: str) -> KometaFiles:
    block = ["# === KOMETA-AI ===", *(f"# {line}" for line in lines), "# === END KOMETA-AI ==="]
    tail = ["Heist:", "  radarr_taglist: KAI-heist", ""]
    (folder / "movies.yml").write_text("\n".join([*block, *tail]))
    return read(folder)


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("confidence_threshold: 0.85", "threshold", 0.85),
        ("confidence_threshold: .5", "threshold", 0.5),
        ("confidence_threshold: 0", "threshold", 0.0),
        ("confidence_threshold: 1", "threshold", 1.0),
        ('confidence_threshold: "0.7"', "threshold", 0.7),
        ("confidence_threshold: 0.8  # stricter", "threshold", 0.8),
        ("priority: 0", "priority", 0),
        ("priority: -3", "priority", -3),
        ("priority: '+12'", "priority", 12),
        ("include_tags: KAI-Foo", "include_tags", {"kai-foo"}),
        ("include_tags: a, B ,, c", "include_tags", {"a", "b", "c"}),
        ("include_tags: [A, 'b, c', 1980, yes]", "include_tags", {"a", "b", "c", "1980", "yes"}),
        ("include_tags: []", "include_tags", set()),
        ("include_tags:", "include_tags", set()),
        ("include_tags: ''", "include_tags", set()),
        ("exclude_tags:\n# - a\n#   # why\n# - b", "exclude_tags", {"a", "b"}),
        ("exclude_tags:\n#   - a\n#   - b", "exclude_tags", {"a", "b"}),
        ("candidate_genres: Crime, Film-Noir", "candidate_genres", {"crime", "film-noir"}),
        ("candidate_genres: [Science Fiction]", "candidate_genres", {"science fiction"}),
        ("candidate_exclude_genres: [&a Drama, *a]", "candidate_exclude_genres", {"drama"}),
        ("candidate_year_min: 1940", "candidate_year_min", 1940),
        ("candidate_year_max: '1959'", "candidate_year_max", 1959),
    ],
)
@pytest.mark.parametrize("prompt", ["prompt: A plan", "prompt: A: plan"])
def test_values_are_understood(
    tmp_path: Path, line: str, name: str, value: object, prompt: str
) -> None:
    files = reading(tmp_path, line, "enabled: true", prompt)
    assert not files.faults
    assert getattr(files.collections[0], name) == value


@pytest.mark.parametrize(
    ("line", "message", "remedy"),
    [
        ("confidence_threshold: 70", 'a number from 0 to 1, not "70".', "Write 0.7."),
        ("confidence_threshold: 70%", 'not "70%".', "Write 0.7."),
        ("confidence_threshold: '70 %'", 'not "70 %".', "Write 0.7."),
        ("confidence_threshold: 87.5%", 'not "87.5%".', "Write 0.875."),
        ("confidence_threshold: 0,75", 'not "0,75".', "Write 0.75."),
        ("confidence_threshold: 1.01", 'not "1.01".', "Write a number such as 0.7."),
        ("confidence_threshold: 1%", 'not "1%".', "Write 0.01."),
        ("confidence_threshold: 1000", 'not "1000".', "Write a number such as 0.7."),
        ("confidence_threshold: -0.1", 'not "-0.1".', "Write a number such as 0.7."),
        ("confidence_threshold: high", 'not "high".', "Write a number such as 0.7."),
        ("confidence_threshold: true", 'not "true".', "Write a number such as 0.7."),
        ("confidence_threshold: .nan", 'not ".nan".', "Write a number such as 0.7."),
        ("confidence_threshold: 1e999", 'not "1e999".', "Write a number such as 0.7."),
        ("confidence_threshold: ²", 'not "²".', "Write a number such as 0.7."),
        ("confidence_threshold:", "not empty.", "Write a number such as 0.7."),
        ("confidence_threshold: [0.7]", "not a list.", "Write a number such as 0.7."),
        ("confidence_threshold: {a: 1}", "not keys or lists", "Write a number such as 0.7."),
        ("priority: high", 'a whole number, not "high".', "higher ones come first"),
        ("priority: 1.5", 'not "1.5".', "higher ones come first"),
        ("priority: 99999999999999999999", "whole number", "higher ones come first"),
        ("include_tags: {a: b}", "a list of words", "[drama, crime]"),
        ("exclude_tags: [[a]]", "a list of words", "[drama, crime]"),
        ("candidate_genres: {a: b}", "a list of words", "[drama, crime]"),
        ("candidate_exclude_genres: [{a: b}]", "a list of words", "[drama, crime]"),
        ("candidate_year_min: 80s", "a year from 1870 to 2200", "such as 1975"),
        ("candidate_year_min: 1869", "a year from 1870 to 2200", "such as 1975"),
        ("candidate_year_max: 2201", "a year from 1870 to 2200", "such as 1975"),
        ("candidate_year_max: 1975.0", "a year from 1870 to 2200", "such as 1975"),
        ("enabled: maybe", 'true or false, not "maybe".', "Write true or false."),
        ("enabled:", "true or false, not empty.", "Write true or false."),
        ("enabled: [true]", "true or false, not a list.", "Write true or false."),
    ],
)
def test_a_wrong_value_is_a_fault_with_the_remedy(
    tmp_path: Path, line: str, message: str, remedy: str
) -> None:
    others = ["prompt: A plan"] if line.startswith("enabled") else ["prompt: A plan", "enabled: on"]
    files = reading(tmp_path, line, *others)
    assert not files.collections
    assert not files.disabled
    (fault,) = files.faults
    assert fault.where == "movies.yml:2"
    assert fault.message.startswith(line.split(":", maxsplit=1)[0])
    assert message in fault.message
    assert remedy in fault.remedy


def test_years_must_be_in_order(tmp_path: Path) -> None:
    lines = ["enabled: true", "prompt: A", "candidate_year_min: 1990"]
    assert reading(tmp_path, *lines, "candidate_year_max: 1990").collections
    (fault,) = reading(tmp_path, *lines, "candidate_year_max: 1980").faults
    assert str(fault) == (
        "movies.yml:4: candidate_year_min (1990) is later than candidate_year_max (1980)."
        " Swap the two."
    )


@pytest.mark.parametrize("word", ["true", "True", "TRUE", "yes", "on", "1", "'true'"])
def test_enabled(tmp_path: Path, word: str) -> None:
    assert reading(tmp_path, f"enabled: {word}", "prompt: A").collections


@pytest.mark.parametrize("word", ["false", "False", "no", "off", "0", '"no"'])
def test_disabled(tmp_path: Path, word: str) -> None:
    files = reading(tmp_path, f"enabled: {word}", "prompt: A")
    assert files == KometaFiles(
        disabled=("Heist (movies.yml:5)",), claimed=frozenset({"kai-heist"}), folder=tmp_path
    )


def test_enabled_missing_means_disabled_and_is_said(tmp_path: Path) -> None:
    assert reading(tmp_path, "prompt: A") == KometaFiles(
        disabled=("Heist (movies.yml:4)",),
        folder=tmp_path,
        claimed=frozenset({"kai-heist"}),
        notices=(
            'movies.yml:1: Collection "Heist" has a block without enabled: true; it does not run.',
        ),
    )


def test_what_is_wrong_with_a_disabled_block_is_no_fault(tmp_path: Path) -> None:
    files = reading(tmp_path, "enabled: false", "priority: x", "zebra: 1")
    assert not files.faults
    assert [notice.split(" ")[0] for notice in files.notices] == [
        "movies.yml:1:",
        "movies.yml:3:",
        "movies.yml:4:",
    ]
    assert all(notice.endswith("(The block is disabled.)") for notice in files.notices)


def test_what_is_wrong_where_enabled_is_missing_or_misspelt_is_a_fault(tmp_path: Path) -> None:
    files = reading(tmp_path, "enable: true", "prompt: A")
    assert [fault.remedy for fault in files.faults] == ["Did you mean enabled?"]
    assert len(files.notices) == len(files.disabled) == 1
