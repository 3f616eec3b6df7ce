"""The page of script/bench, its picture and its library; what it measures, it checks itself."""

from __future__ import annotations

import gzip
import json
from datetime import date
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from kometa_ai.demo.radarr import SimulatedRadarr
from script.benchmark import pages
from script.benchmark.day import pass_day
from script.benchmark.kept import TARGETS, read_page
from script.benchmark.library import films, index_of
from script.benchmark.plot import HEIGHT, LEFT, RIGHT, TOP, WIDTH, Curve, Plot, covering, picture
from script.benchmark.targets import Target

if TYPE_CHECKING:
    from pathlib import Path

FILMS = [
    {
        "title": f"Film {number}",
        "year": 1950 + number,
        "genres": ["Drama"],
        "cast": [],
        "overview": "A lighthouse keeper finds a letter in a bottle.",
    }
    for number in range(3)
]


@pytest.fixture
def real(tmp_path: Path) -> Path:
    file = tmp_path / "films.jsonl.gz"
    with gzip.open(file, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(film) + "\n" for film in FILMS)
    return file


def test_real_films_become_a_library_of_any_size_the_same_every_time(real: Path) -> None:
    library = list(films(10, real))
    assert library == list(films(10, real))
    assert [film["title"] for film in library[:4]] == [
        "Film 0",
        "Film 1",
        "Film 2",
        "The Other Film 0",
    ]
    assert [index_of(film["id"]) for film in library] == list(range(10))
    assert len({film["tmdbId"] for film in library}) == 10
    assert library[0]["overview"] == FILMS[0]["overview"]
    assert set(library[0]["keywords"]) <= {"lighthouse", "keeper", "letter", "bottle"}


def test_a_day_changes_brings_takes_and_moves_tags(real: Path) -> None:
    library = list(films(1_000, real))
    radarr = SimulatedRadarr(library, tags={"kai-one": [film["id"] for film in library[:500]]})
    before = {number: dict(movie.fields) for number, movie in radarr.movies.items()}
    tagged = radarr.members("kai-one")
    told = pass_day(radarr, 1)
    after = {number: movie.fields for number, movie in radarr.movies.items()}
    there = before.keys() & after.keys()
    assert sum(before[number] != after[number] for number in there) == told["changed"] == 8
    assert len(after.keys() - before.keys()) == told["new"] == 2
    assert len(before.keys() - after.keys()) == told["gone"] == 3
    moved = (radarr.members("kai-one") ^ tagged) & after.keys()
    assert len(moved) == told["edits"] == 4
    assert pass_day(radarr, 2)["changed"] == told["changed"]


def test_what_is_not_measured_again_stays_on_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    assert read_page(page).sections == {}
    table: pages.Table = [("What", "How much"), ("A run, s", "1.5")]
    body = pages.section(table, "Said of it.", date(2026, 1, 5))
    targets = pages.markdown(pages.targets_table([Target("A run, s", 1.5, 2), Target("B", 3, 2)]))
    page.write_text(pages.page({TARGETS: targets, "A run": body, "Else": "Nothing."}), "utf-8")
    kept = read_page(page)
    assert kept.sections["Else"] == "Nothing."
    assert kept.sections["A run"].startswith("| What | How much |\n|---|--:|\n| A run, s | 1.5 |")
    assert "Measured on 2026-01-05" in kept.sections["A run"]
    assert kept.targets == [("A run, s", "≤ 2", "1.50", "met"), ("B", "≤ 2", "3", "MISSED")]


def test_every_curve_of_the_picture_lies_in_its_frame() -> None:
    sizes = [1_000, 10_000, 100_000]
    curve = Curve("a run", "a", [(1_000, 0.1), (10_000, 1), (100_000, 10)])
    limit = Curve("limit", "limit", [(1_000, 0.3), (100_000, 0.3)])
    marks = covering([curve, limit], 0.1, 10)
    assert (marks[0], marks[-1]) == (0.1, 10)
    assert covering([Curve("slow", "a", [(1_000, 10.1)])], 0.1, 10)[-1] == 100
    drawn = picture("Time", sizes, [Plot("Seconds", marks, [curve, limit])])
    root = ET.fromstring(drawn)  # noqa: S314 - it is ours
    space = "{http://www.w3.org/2000/svg}"
    dots = [
        (float(one.attrib["cx"]), float(one.attrib["cy"])) for one in root.iter(f"{space}circle")
    ]
    middle = LEFT + (WIDTH - RIGHT - LEFT) / 2
    assert [x for x, _ in dots] == [LEFT, middle, WIDTH - RIGHT]
    assert dots[2][1] == TOP < dots[1][1] < dots[0][1] < HEIGHT
    assert "prefers-color-scheme: dark" in drawn
