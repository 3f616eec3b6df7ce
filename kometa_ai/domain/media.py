"""A title of a library: what matters to a verdict, and the fingerprint of exactly that."""

from __future__ import annotations

import re
from enum import StrEnum
from hashlib import blake2b
from struct import unpack
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

OVERVIEW_LIMIT = 320
KEYWORD_LIMIT = 8
NATIVE = "English"
"""The language that is not worth a word, since most titles are in it."""
FACT_LIMIT = 200
"""Characters of any other part: a studio's name of a thousand words would be paid for."""
PART: Final = " | "
"""What separates the parts of a line; no part holds a bar of its own."""

_ID = re.compile(r"#(?=\d)")
_MARK = re.compile(r"(judge only|standing|again)\s*:", re.IGNORECASE)


class Kind(StrEnum):
    """What a library holds."""

    MOVIE = "movie"
    SERIES = "series"


class MediaItem(NamedTuple):
    """One movie or series as its library describes it.

    ``id`` is the library's own number and unique only within ``library``; ``tags`` holds the
    library's tag numbers. The texts are as the library has them, and untrusted.

    A named tuple, made in a fifth of the time of a frozen dataclass, and with its texts as they
    are: each run makes one of every title, and has to describe only those that Claude is asked of.
    """

    library: str
    kind: Kind
    id: int
    title: str
    year: int
    genres: tuple[str, ...] = ()
    tags: tuple[int, ...] = ()
    tmdb_id: int = 0
    imdb_id: str = ""
    language: str = ""
    certification: str = ""
    studio: str = ""
    franchise: str = ""
    keywords: tuple[str, ...] = ()
    overview: str = ""

    @property
    def label(self) -> str:
        """Return the title as people write it: ``Heat (1995)``."""
        return f"{self.title} ({self.year})" if self.year else self.title

    @property
    def line(self) -> str:
        """Return the text that is shown to Claude."""
        return describe(
            self.title,
            self.year,
            self.genres,
            language=self.language,
            certification=self.certification,
            studio=self.studio,
            franchise=self.franchise,
            keywords=self.keywords,
            overview=self.overview,
        )

    @property
    def brief(self) -> str:
        """Return what tells which title it is, and little of what happens in it."""
        return describe(
            self.title, self.year, self.genres, language=self.language, franchise=self.franchise
        )

    @property
    def fingerprint(self) -> int:
        """Return a hash of all that the line is made of, and of nothing else."""
        return fingerprints([self])[self.id]


def fingerprints(items: Collection[MediaItem]) -> dict[int, int]:
    """Return, by id, a signed 64-bit hash of all that each title's line is made of.

    It is not the hash of the line: that would be dear, and a line that is worded differently one
    day would have everything judged, and paid for, again.

    All titles in one loop, taken apart by position: each run does this for the whole library.
    """
    digests = [
        blake2b(
            "\n".join(
                (
                    title,
                    f"{year}",
                    ", ".join(genres),
                    "" if language == NATIVE else language,
                    certification,
                    studio,
                    franchise,
                    ", ".join(keywords[:KEYWORD_LIMIT]),
                    overview[: OVERVIEW_LIMIT + 1],
                )
            ).encode("utf-8", "surrogatepass"),
            digest_size=8,
        ).digest()
        for (
            _library,
            _kind,
            _id,
            title,
            year,
            genres,
            _tags,
            _tmdb_id,
            _imdb_id,
            language,
            certification,
            studio,
            franchise,
            keywords,
            overview,
        ) in items
    ]
    marks = unpack(f">{len(digests)}q", b"".join(digests))
    return dict(zip([item.id for item in items], marks, strict=True))


def describe(
    title: str,
    year: int,
    genres: tuple[str, ...],
    *,
    language: str = "",
    certification: str = "",
    studio: str = "",
    franchise: str = "",
    keywords: tuple[str, ...] = (),
    overview: str = "",
) -> str:
    """Return the one line that describes a title to Claude.

    The texts are untrusted. None can begin a line, a part or the number of another title, nor
    look like what the prompt adds to a line.

    Facts that change without changing the film (ratings, files, dates of availability) are left
    out on purpose: each would have the title judged, and paid for, again.
    """
    facts = [
        title,
        ", ".join(genres),
        "" if language == NATIVE else language,
        certification,
        studio,
        franchise,
        ", ".join(keywords[:KEYWORD_LIMIT]),
    ]
    facts = [tamed(fact, FACT_LIMIT) for fact in facts]
    if year:
        facts[0] += f" ({year})"
    return PART.join(filter(None, [*facts, tamed(overview, OVERVIEW_LIMIT)]))


def tamed(text: str, limit: int) -> str:
    """Keep a text within its own part of its own line."""
    if not text.isprintable():
        # What nobody sees is for machines: it could tell Claude what no person would read.
        text = "".join(one for one in text if one.isprintable() or one.isspace())
    text = " ".join(text.split())
    if "|" in text:
        text = text.replace("|", "/")
    if "#" in text:
        text = _ID.sub("№", text)
    if _MARK.match(text):
        text = f'"{text}"'
    return text if len(text) <= limit else text[:limit].rsplit(" ", 1)[0] + "…"
