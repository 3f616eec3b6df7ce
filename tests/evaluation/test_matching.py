"""Which titles of a library a list means."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from kometa_ai.domain.evaluation.matching import match, normalised
from kometa_ai.domain.evaluation.truth import TruthRow
from kometa_ai.domain.media import Kind, MediaItem


def film(number: int, title: str, year: int, tmdb: int = 0, imdb: str = "") -> MediaItem:
    return MediaItem("radarr", Kind.MOVIE, number, title, year, tmdb_id=tmdb, imdb_id=imdb)


LIBRARY = [
    film(1, "Heat", 1995, 949, "tt0113277"),
    film(2, "Amélie", 2001, 194),
    film(3, "The Thing", 1982, 1091, "tt0084787"),
    film(4, "The Thing", 2011, 60935, "tt0905372"),
    film(5, "Twins", 1988, 1, "tt0000001"),
    film(6, "Twins", 1988, 2, "tt0000002"),
    film(7, "千と千尋の神隠し", 2001),
    film(8, "Fast & Furious", 2009, 13804),
    film(9, "?", 2011),
    film(10, "Unreleased", 0),
]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (TruthRow(2, 949), {1}),
        (TruthRow(2, 0, "tt0113277"), {1}),
        (TruthRow(2, title="HEAT ", year=1995), {1}),
        (TruthRow(2, title="amelie", year=2001), {2}),
        (TruthRow(2, title="The Thing", year=2011), {4}),
        (TruthRow(2, title="the thing!", year=1982), {3}),
        (TruthRow(2, title="千と千尋の神隠し", year=2001), {7}),
        (TruthRow(2, title="Fast and Furious", year=2009), {8}),
        (TruthRow(2, title="?", year=2011), {9}),
        (TruthRow(2, 0, "tt0211915", "Amélie", 2001), {2}),  # Radarr has no IMDb id of it
        (TruthRow(2, 949, "tt9999999"), {1}),
        (TruthRow(2, title="Heat", year=1997), set()),
        (TruthRow(2, 5, title="Heat", year=1996), set()),
        (TruthRow(2, 5, title="Heat", year=1995), set()),  # another film of that name and year
        (TruthRow(2, 0, "tt5", "Heat", 1995), set()),
        (TruthRow(2, title="!", year=2011), set()),
    ],
)
def test_an_id_is_believed_and_a_name_must_be_exact(row: TruthRow, found: set[int]) -> None:
    matched = match([row], LIBRARY)
    assert matched.members == found
    assert matched.absent == (() if found else (row,))
    assert matched.ambiguous == ()


def test_what_fits_several_titles_is_none_of_them() -> None:
    row = TruthRow(7, title="Twins", year=1988)
    crossed = TruthRow(8, 949, "tt0084787")  # its two ids name two films
    matched = match([row, crossed], LIBRARY)
    assert matched.members == frozenset()
    assert [one.row for one in matched.ambiguous] == [row, crossed]
    assert matched.ambiguous[1].labels == ("Heat (1995)", "The Thing (1982)")


@pytest.mark.parametrize(
    ("row", "labels"),
    [
        (TruthRow(2, title="Heat", year=1996), ("Heat (1995)",)),
        (TruthRow(2, title="heat", year=1994), ("Heat (1995)",)),
        (TruthRow(2, title="Heat"), ("Heat (1995)",)),
        (TruthRow(2, title="The Thing"), ("The Thing (1982)", "The Thing (2011)")),
        (TruthRow(2, title="The Thing", year=1983), ("The Thing (1982)",)),
        (TruthRow(2, title="Unreleased"), ("Unreleased",)),
    ],
)
def test_a_name_of_another_year_is_in_doubt_and_no_other_film(
    row: TruthRow, labels: tuple[str, ...]
) -> None:
    """Letterboxd and Radarr count some films to different years."""
    matched = match([row], LIBRARY)
    assert (matched.members, matched.absent) == (frozenset(), ())
    assert [one.labels for one in matched.ambiguous] == [labels]
    assert {one.label for one in LIBRARY if one.id in matched.doubtful} == set(labels)


def test_what_is_named_twice_counts_once() -> None:
    matched = match([TruthRow(2, 949), TruthRow(3, title="Heat", year=1995)], LIBRARY)
    assert matched.members == {1}
    assert (matched.repeated, matched.by_name) == (1, 0)


def test_names_without_ids_are_counted() -> None:
    assert match([TruthRow(2, title="Amelie", year=2001)], LIBRARY).by_name == 1


@given(st.text())
def test_a_name_is_the_same_however_it_is_written(title: str) -> None:
    assert normalised(title) == normalised(f" {title}  ")
    assert normalised(title) == normalised(normalised(title))
    assert normalised(title) or not title.strip()


@given(st.sets(st.integers(1, 50)), st.sets(st.integers(1, 50)))
def test_every_row_comes_to_one_end(owned: set[int], listed: set[int]) -> None:
    matched = match(
        [TruthRow(n, n) for n in sorted(listed)], [film(n + 100, f"F{n}", 2000, n) for n in owned]
    )
    assert matched.members == {one + 100 for one in owned & listed}
    assert {row.tmdb_id for row in matched.absent} == listed - owned
