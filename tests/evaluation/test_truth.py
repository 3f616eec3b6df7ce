"""Lists as people export them, and files that are none: a sentence with a line for each."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, strategies as st

from kometa_ai.domain.evaluation.truth import TruthError, TruthRow, read_truth

IMDB = """\
Position,Const,Created,Modified,Description,Title,Original Title,URL,Title Type,IMDb Rating,\
Runtime (mins),Year,Genres,Num Votes,Release Date,Directors
1,tt0113277,2024-01-05,2024-01-05,"One, two",Heat,Heat,https://www.imdb.com/title/tt0113277/,\
Movie,8.3,170,1995,"Action, Crime","700,000",1995-12-15,Michael Mann
2,tt0903747,2024-01-05,2024-01-05,,Breaking Bad,Breaking Bad,,TV Series,9.5,45,2008,,,,
"""
LETTERBOXD = (
    "Letterboxd list export v7\r\n"
    "Date,Name,Tags,URL,Description\r\n"
    '2024-03-01,"Heists, mostly",,https://boxd.it/x,"Over\r\ntwo lines, with 1995"\r\n'
    "\r\n"
    "Position,Name,Year,URL,Description\r\n"
    "1,Heat,1995,https://boxd.it/1,\r\n"
    '2,"The Good, the Bad and the Ugly",1966,https://boxd.it/2,"It has\r\ntwo lines"\r\n'
    "3,Amélie,2001,https://boxd.it/3,\r\n"
)
TMDB = """\
TMDb ID,IMDb ID,Type,Name,Release Date,Season Number,Episode Number,Rating,Your Rating,Date Rated
949,tt0113277,movie,Heat,1995-12-15T00:00:00Z,,,7.9,9,2024-01-01T00:00:00Z
1396,tt0903747,tv,Breaking Bad,2008-01-20,,,8.9,9,2024-01-01
680,,movie,Pulp Fiction,1994-09-10,,,8.5,9,2024-01-01
"""
HEAT = TruthRow(2, 949, "tt0113277", "Heat", 1995)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (IMDB, [TruthRow(2, 0, "tt0113277", "Heat", 1995)]),
        (
            LETTERBOXD,
            [
                TruthRow(7, title="Heat", year=1995),
                TruthRow(8, title="The Good, the Bad and the Ugly", year=1966),
                TruthRow(10, title="Amélie", year=2001),
            ],
        ),
        (TMDB, [HEAT, TruthRow(4, 680, "", "Pulp Fiction", 1994)]),
        (
            "Date,Name,Year,Letterboxd URI\n2024-01-01,Heat,1995,https://boxd.it/1\n",
            [TruthRow(2, title="Heat", year=1995)],
        ),
        ("tmdb\n603\n\n  604 \n", [TruthRow(2, 603), TruthRow(4, 604)]),
        ("tmdb_id;title\r\n603;The Matrix\r\n", [TruthRow(2, 603, title="The Matrix")]),
        ("sep=;\ntmdbId;imdbId\n603;\n;tt0113277", [TruthRow(3, 603), TruthRow(4, 0, "tt0113277")]),
        ("TMDb ID\t Title \n603.0\tThe Matrix", [TruthRow(2, 603, title="The Matrix")]),
        ('"imdb"\n"tt113277"', [TruthRow(2, 0, "tt0113277")]),
        ("imdb_id\nhttps://www.imdb.com/title/tt0113277/?ref_=x", [TruthRow(2, 0, "tt0113277")]),
        ("tmdb\nhttps://www.themoviedb.org/movie/949-heat", [TruthRow(2, 949)]),
        (
            "Name,Year,URL\nHeat,1995,https://www.imdb.com/title/tt0113277/",
            [TruthRow(2, 0, "tt0113277", "Heat", 1995)],
        ),
        ("tt0113277\ntt0110912\n", [TruthRow(1, 0, "tt0113277"), TruthRow(2, 0, "tt0110912")]),
        ("603\n604", [TruthRow(1, 603), TruthRow(2, 604)]),
        ("tmdb:603\ntmdb:604", [TruthRow(1, 603), TruthRow(2, 604)]),
        ("Title,Year\nTenet,unknown", [TruthRow(2, title="Tenet")]),
        ("tmdb,title\n0,Heat", [TruthRow(2, title="Heat")]),
    ],
)
def test_what_people_export_is_read(text: str, rows: list[TruthRow]) -> None:
    assert list(read_truth(text.encode()).rows) == rows


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"])
def test_only_the_end_of_a_line_ends_a_row(sign: str) -> None:
    """Descriptions that were pasted from elsewhere hold such signs."""
    text = f"Name,Description,Year\nHeat,Two{sign}parts,1995\r\nRonin,{sign},1998\rTenet,,2020"
    rows = [(one.line, one.title, one.year) for one in read_truth(text.encode()).rows]
    assert rows == [(2, "Heat", 1995), (3, "Ronin", 1998), (4, "Tenet", 2020)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_mark_of_the_encoding_is_no_part_of_the_first_column(encoding: str) -> None:
    truth = read_truth("tmdb,title\r\n194,Amélie\r\n".encode(encoding))
    assert truth.rows == (TruthRow(2, 194, title="Amélie"),)
    assert truth.notices == ()


def test_an_old_encoding_is_read_and_told_of() -> None:
    truth = read_truth("tmdb,title\n194,Amélie\n".encode("cp1252"))
    assert truth.rows[0].title == "Amélie"
    assert "Windows-1252" in truth.notices[0]


def test_series_are_left_out_and_counted() -> None:
    assert read_truth(IMDB.encode()).series == 1
    assert read_truth(TMDB.encode()).series == 1
    kinds = ("movie", "tvMovie", "TV Movie", "short", "video", "TV Special")
    rows = "\n".join(f"{number},{kind}" for number, kind in enumerate(kinds, start=1))
    assert read_truth(f"tmdb,Title Type\n{rows}".encode()).series == 0


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        (b"", 1, "It is empty."),
        (b"\r\n \n", 1, "It is empty."),
        (b"tmdb\n", 1, "It names no film."),
        (b"tmdb,Type\n5,tv\n", 2, "It names no film."),
        (b"tmdb\n603\nHeat\n", 3, '"Heat" is no id of TMDB.'),
        (b"tmdb\n-5\n", 2, '"-5" is no id of TMDB.'),
        (b"imdb\ntt0113277\n\nnm0000520\n", 4, '"nm0000520" is no id of IMDb.'),
        (b'tmdb,title\n603,"The Matrix\n604,x\n605,y\n', 2, "It is no sound CSV from here on"),
        (b'tmdb,title\n603,"The" Matrix\n', 2, "It is no sound CSV from here on"),
        (b"tmdb,title\n603,x\n,\n,,5\n", 4, "There is neither an id nor a name on this line."),
        (b"Name,Director\nHeat,Mann\n", 1, "names no column with ids"),
        (b"Heat\nRonin\n", 1, "names no column with ids"),
        (b"Heat,1995\n", 1, "names no column with ids"),
        (b"PK\x03\x04\x14\x00", 1, "It is no text."),
        (b"\xff\xfe\x00", 1, "It is no text."),
        (b"tmdb\n6\x0003", 1, "It is no text."),
    ],
)
def test_a_wrong_file_is_one_sentence_with_its_line(data: bytes, line: int, said: str) -> None:
    with pytest.raises(TruthError) as caught:
        read_truth(data)
    named = caught.value.of("truth.csv")
    assert (caught.value.line, named.line) == (line, line)
    assert said in str(named)
    assert str(named).startswith(f"truth.csv:{line}: ")
    assert named.fault.remedy
    assert "\n" not in str(named)


titles = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1)
rows_of = st.lists(
    st.tuples(st.integers(1, 10**8), titles.filter(str.strip), st.integers(1880, 2099)),
    min_size=1,
    max_size=12,
)


@given(rows=rows_of, delimiter=st.sampled_from(",;\t|"), ending=st.sampled_from(["\n", "\r\n"]))
def test_whatever_a_title_holds_the_rows_come_back(
    rows: list[tuple[int, str, int]], delimiter: str, ending: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=ending)
    writer.writerow(["TMDB id", "Title", "Year"])
    writer.writerows(rows)
    read = read_truth(text.getvalue().encode())
    assert [(one.tmdb_id, one.year) for one in read.rows] == [(row[0], row[2]) for row in rows]
    assert [one.line for one in read.rows] == list(range(2, len(rows) + 2))


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_any_file_is_read_or_refused(data: bytes) -> None:
    line = 1
    try:
        assert read_truth(data).rows
    except TruthError as error:
        line = error.line
    assert line >= 1
