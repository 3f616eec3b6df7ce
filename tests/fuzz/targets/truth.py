"""Lists of titles that belong, in any form in which people export them."""

from __future__ import annotations

import csv
import io
import re

from hypothesis import strategies as st

from kometa_ai.domain.evaluation.truth import TruthError, read_truth
from tests.fuzz.target import Target, is_one_line

LONGEST_MESSAGE = 600


def check(data: bytes) -> None:
    """Read a list."""
    try:
        truth = read_truth(data)
    except TruthError as error:
        assert error.line >= 0
        assert 0 < len(str(error)) <= LONGEST_MESSAGE
        assert is_one_line(str(error)), str(error)
        return
    assert truth.rows
    assert truth.series >= 0
    lines = [row.line for row in truth.rows]
    assert lines == sorted(set(lines))
    for row in truth.rows:
        assert row.label
        assert is_one_line(row.title)
        assert 0 <= row.tmdb_id < 10**9
        assert re.fullmatch(r"|tt[0-9]{7,10}", row.imdb_id, re.ASCII), row
        assert row.year == 0 or 1800 <= row.year <= 2099
        assert row.tmdb_id or row.imdb_id or row.title
    _is_what_csv_says(data, len(truth.rows) + truth.series)


def _is_what_csv_says(data: bytes, count: int) -> None:
    """A list that begins with its heading has as many titles as csv finds records below it."""
    if any(other in data for other in (b";", b"\t", b"|")):
        return  # another line may be a better heading
    if not data.startswith((b"Name,Year\n", b"tmdb_id,imdb_id,title,year\n")):
        return
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    records = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert count == sum(any(cell.strip() for cell in record) for record in records[1:])


HEADS = st.sampled_from(
    [
        *("Name,Year", "Name,Year", "tmdb_id,imdb_id,title,year", "tmdb_id,imdb_id,title,year"),
        *(
            "Const;Title;Title Type;Year",
            "TMDb ID,IMDb ID,Type,Name",
            "Date,Name,Year,Letterboxd URI",
        ),
        *(
            "Letterboxd list export v7\nDate,Name\n2025,x\n\nPosition,Name,Year,URL",
            "imdb",
            "",
            "x",
        ),
        *("url\ttitle", "tmdb id|name|release date", '"Name","Year"', "\ufeffName,Year"),
    ]
)
CELLS = st.sampled_from(
    [
        *("603", "0", "00", "603.0", "tmdb:603", "tt0133093", "imdb: tt133093", "tt٣", "٣", "x"),
        *("The Matrix", '"Good, the Bad"', '"a ""b"" c"', '"a\nb"', "1999", "1999-03-31", "movie"),
        *("tvSeries", "tvMovie", "https://www.themoviedb.org/movie/603-x", "", " ", "\x1b[31m"),
        *(
            "https://www.imdb.com/de/title/tt0133093/",
            "a\u2028b",
            "a\x85b",
            "a\x0cb",
            "é",
            "\ufeff",
        ),
        *("9" * 12, '"', 'a"b', "tt00000000000", "20٣٣", "\u202e", "a\x1cb", "tt0000000"),
    ]
)


@st.composite
def lists(draw: st.DrawFn) -> bytes:
    """Return a list with a few rows."""
    head = draw(HEADS)
    delimiter = next((one for one in ";\t|" if one in head), ",")
    rows = draw(st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=5))
    text = "\n".join([head, *(delimiter.join(row) for row in rows)])
    text += draw(st.sampled_from(["", "\n"]))
    text = text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])))
    coding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-16", "cp1252"]))
    return text.encode(coding, "replace")


PIECES = (
    *(mark.encode() for mark in ',;\t|"\n\r \x00\x85\u2028é'),
    b"tmdb_id,",
    b"Const,",
    b"tt0133093",
    b"Name,Year\n",
    b'"',
    b"\xff\xfe",
    b"\x81",
    b"x" * 3000,
)

TARGET = Target("truth", check, lists(), PIECES)
