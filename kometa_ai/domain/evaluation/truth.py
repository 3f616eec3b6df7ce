"""A list of the titles that belong, read from whatever a person exported: rows with ids or names.

IMDb's lists name their ids ``Const``; TMDB's have ``TMDb ID`` and a ``Type``; Letterboxd's have
names and years alone, and those of its lists begin with lines about the list itself.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.fault import FaultKind, StopError
from kometa_ai.domain.wording import line as one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DELIMITERS: Final = (",", ";", "\t", "|")
HEADER_WITHIN: Final = 12
"""Records before the header: a Letterboxd list has three, and its description may be longer."""
COLUMNS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("tmdb", "tmdbid", "themoviedb", "themoviedbid", "moviedbid"), "tmdb"),
    **dict.fromkeys(("imdb", "imdbid", "const", "tconst"), "imdb"),
    **dict.fromkeys(("url", "link", "uri", "imdburl", "tmdburl", "imdblink", "tmdblink"), "url"),
    **dict.fromkeys(("title", "name", "movie", "film", "movietitle", "filmtitle"), "title"),
    **dict.fromkeys(("year", "releaseyear"), "year"),
    "releasedate": "date",
    **dict.fromkeys(("type", "titletype", "mediatype"), "type"),
}
"""What a column holds, by its heading without case, blanks and signs."""
NO_FILM: Final = re.compile(
    r"(tv|show|series|season|episode|videogame|podcast)(?!movie|special|short)"
)
"""Types of titles that are no films. A number of TMDB stands for a film and for a series."""
TMDB_ID: Final = re.compile(r"(?:tmdb:)?\s*(\d{1,9})(?:\.0)?", re.ASCII)
IMDB_ID: Final = re.compile(r"(?:imdb:)?\s*tt(\d{1,10})", re.IGNORECASE | re.ASCII)
TMDB_PAGE: Final = re.compile(r"themoviedb\.org/movie/(\d{1,9})", re.ASCII)
IMDB_PAGE: Final = re.compile(r"imdb\.com/(?:[a-z-]+/)?title/tt(\d{1,10})", re.ASCII)
YEAR: Final = re.compile(r"\b(1[89]\d\d|20\d\d)\b", re.ASCII)
EXPECTED: Final = (
    "Give a CSV file with a column tmdb_id or imdb_id, or an export of IMDb, TMDB or Letterboxd."
)
SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class TruthRow:
    """One title that belongs, as the file names it; what is not known is 0 or empty."""

    line: int
    tmdb_id: int = 0
    imdb_id: str = ""
    title: str = ""
    year: int = 0

    @property
    def label(self) -> str:
        """Return what a person recognises it by."""
        if self.title:
            return f"{self.title} ({self.year})" if self.year else self.title
        return self.imdb_id or f"tmdb:{self.tmdb_id}"


@dataclass(frozen=True, slots=True)
class Truth:
    """All rows, in the order of the file; ``series`` counts what was left out as no film."""

    rows: tuple[TruthRow, ...]
    series: int = 0
    notices: tuple[str, ...] = ()


class TruthError(StopError):
    """The file is not such a list; ``line`` is where that shows."""

    def __init__(
        self, message: str, line: int = 0, remedy: str = EXPECTED, *, name: str = ""
    ) -> None:
        where = f"{name}:{line}" if name and line else name
        super().__init__(FaultKind.SETTINGS, message, remedy=remedy, where=where)
        self.line = line

    def of(self, name: str) -> TruthError:
        """Return the error with its place: the file and the line."""
        return TruthError(self.fault.message, self.line, self.fault.remedy, name=name)


@dataclass(frozen=True, slots=True)
class _Record:
    """One record of the file, and the line on which it begins."""

    line: int
    cells: tuple[str, ...]


def read_truth(data: bytes) -> Truth:
    """Read a list; raises TruthError, with the line, where it is none."""
    text, notices = _decode(data)
    records, columns, start = _table(text)
    rows: list[TruthRow] = []
    series = 0
    for record in records[start:]:
        cells = {
            kind: record.cells[at].strip() for kind, at in columns.items() if at < len(record.cells)
        }
        if NO_FILM.match(_key(cells.get("type", ""))):
            series += 1
        else:
            rows.append(_row(record, cells))
    if not rows:
        raise TruthError("It names no film.", records[-1].line if records else 1)
    return Truth(tuple(rows), series, notices)


def _decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text or text.startswith("PK\x03\x04"):
            break
        old = "It is not in UTF-8, so it was read as Windows-1252; see whether its names are right."
        return text, (old,) if encoding == "cp1252" else ()
    raise TruthError("It is no text.", 1, "Export the list as CSV; a workbook can be saved as one.")


def _table(text: str) -> tuple[list[_Record], Mapping[str, int], int]:
    """Return the records, what each column holds, and where the rows begin."""
    best: tuple[list[_Record], dict[str, int], int] | None = None
    wrong: TruthError | None = None
    for delimiter in DELIMITERS:
        try:
            records = list(_records(text, delimiter))
        except TruthError as error:
            # By another delimiter it may be right; by none, the first complaint is the best.
            wrong = wrong or error
            continue
        found = _header(records)
        if found is not None and (best is None or len(found[0]) > len(best[1])):
            best = (records, *found)
    if best is not None:
        return best
    if wrong is not None:
        raise wrong
    records = list(_records(text, ","))
    if not records:
        raise TruthError("It is empty.", 1)
    if len(records[0].cells) == 1 and (kind := _bare(records[0].cells[0].strip())):
        return records, {kind: 0}, 0
    raise TruthError(
        f'"{_short(", ".join(records[0].cells))}" names no column with ids (tmdb_id, imdb_id,'
        " Const), nor both Name and Year.",
        records[0].line,
    )


def _records(text: str, delimiter: str) -> Iterator[_Record]:
    """Yield what is no blank line; strict, or one lost quotation mark would swallow the rest."""
    # By line ends alone: other signs that Unicode calls a new line are a part of a cell.
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            why = one_line(str(error))  # it may quote a tab
            raise TruthError(f"It is no sound CSV from here on ({why}).", begins) from error
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield _Record(begins, tuple(cells))
        begins = reader.line_num + 1


def _header(records: Sequence[_Record]) -> tuple[dict[str, int], int] | None:
    """Return what each column holds, and where the rows begin; ``None`` without a heading."""
    for number, record in enumerate(records[:HEADER_WITHIN]):
        columns: dict[str, int] = {}
        for at, cell in enumerate(record.cells):
            kind = COLUMNS.get(_key(cell))
            if kind is not None:
                columns.setdefault(kind, at)
        named = "title" in columns and ("year" in columns or "date" in columns)
        if named or "tmdb" in columns or "imdb" in columns:
            return columns, number + 1
    return None


def _key(heading: str) -> str:
    return re.sub(r"[^a-z0-9]", "", heading.lower())


def _bare(cell: str) -> str:
    """Return of which kind an id is that stands alone; empty if it is none."""
    if IMDB_ID.fullmatch(cell):
        return "imdb"
    return "tmdb" if TMDB_ID.fullmatch(cell) else ""


def _row(record: _Record, cells: Mapping[str, str]) -> TruthRow:
    tmdb_id = _tmdb_id(cells.get("tmdb", ""), record.line)
    imdb_id = _imdb_id(cells.get("imdb", ""), record.line)
    url = cells.get("url", "")
    if not tmdb_id and (page := TMDB_PAGE.search(url)):
        tmdb_id = int(page[1])
    if not imdb_id and (page := IMDB_PAGE.search(url)):
        imdb_id = _imdb(page[1])
    title = one_line(cells.get("title", ""))
    year = YEAR.search(cells.get("year", "")) or YEAR.search(cells.get("date", ""))
    if not (tmdb_id or imdb_id or title):
        raise TruthError("There is neither an id nor a name on this line.", record.line)
    return TruthRow(record.line, tmdb_id, imdb_id, title, int(year[1]) if year else 0)


def _tmdb_id(cell: str, line: int) -> int:
    if not cell or cell == "0":
        return 0
    found = TMDB_ID.fullmatch(cell) or TMDB_PAGE.search(cell)
    if found is None:
        raise TruthError(
            f'"{_short(cell)}" is no id of TMDB.', line, "It is a number: 603 for The Matrix."
        )
    return int(found[1])


def _imdb_id(cell: str, line: int) -> str:
    if not cell:
        return ""
    found = IMDB_ID.fullmatch(cell) or IMDB_PAGE.search(cell)
    if found is None:
        raise TruthError(
            f'"{_short(cell)}" is no id of IMDb.',
            line,
            "It is tt and a number: tt0133093 for The Matrix.",
        )
    return _imdb(found[1])


def _imdb(digits: str) -> str:
    """Return an id as IMDb writes it: seven digits at least, filled with zeros."""
    return f"tt{digits.lstrip('0').zfill(7)}"


def _short(text: str) -> str:
    text = one_line(text)
    return text if len(text) <= SHOWN else f"{text[:SHOWN].rstrip()}…"
