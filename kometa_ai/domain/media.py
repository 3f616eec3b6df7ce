"""A title of a library: what matters to a verdict, and the fingerprint of exactly that."""

from __future__ import annotations

import re
from enum import StrEnum
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

OVERVIEW_LIMIT = 320
KEYWORD_LIMIT = 8
FACT_LIMIT = 200
"""Characters of any other part: a studio's name of a thousand words would be paid for."""
PART: Final = " | "
"""What separates the parts of a line; no part holds a bar of its own."""

_ID = re.compile(r"#(?=\d)")
_MARK = re.compile(r"(judge only|standing)\s*:", re.IGNORECASE)


class Kind(StrEnum):
    """What a library holds."""

    MOVIE = "movie"
    SERIES = "series"


class MediaItem(NamedTuple):
    """One movie or series as its library describes it.

    A named tuple and not a frozen dataclass: each run makes one of every title, in a fifth of the
    time.

    ``id`` is the library's own number and unique only within ``library``; ``tags`` holds the
    library's tag numbers. ``line`` is the text that is shown to Claude, and ``fingerprint`` is a
    signed 64-bit hash of that text: it changes when, and only when, what Claude would see changes.
    """

    library: str
    kind: Kind
    id: int
    title: str
    year: int
    genres: tuple[str, ...]
    tags: tuple[int, ...]
    tmdb_id: int
    imdb_id: str
    line: str
    fingerprint: int

    @property
    def label(self) -> str:
        """Return the title as people write it: ``Heat (1995)``."""
        return f"{self.title} ({self.year})" if self.year else self.title


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
        "" if language == "English" else language,
        certification,
        studio,
        franchise,
        ", ".join(keywords[:KEYWORD_LIMIT]),
    ]
    if not _are_harmless([*facts, overview]):
        facts, overview = [_tamed(fact) for fact in facts], _tamed(overview)
    if max(map(len, facts)) > FACT_LIMIT:
        facts = [_shortened(fact, FACT_LIMIT) for fact in facts]
    if year:
        facts[0] += f" ({year})"
    return PART.join(filter(None, [*facts, _shortened(overview, OVERVIEW_LIMIT)]))


def fingerprint(line: str) -> int:
    """Return the signed 64-bit fingerprint of what Claude is shown."""
    digest = blake2b(line.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _are_harmless(texts: Sequence[str]) -> bool:
    """Return whether these texts are sure to be in need of no taming.

    Nearly all are, and to look at all of them at once takes a tenth of the time of taming each.
    """
    parts = [*filter(None, texts)]
    line = PART.join(parts)
    # Of all white space only the blank is printable; one at the end of a part makes two here.
    if not line.isprintable() or "  " in line or line != line.strip() or "#" in line:
        return False
    if ":" in line:
        folded = line.casefold()
        if "standing" in folded or "judge only" in folded:
            return False
    return line.count("|") < len(parts)


def _tamed(text: str) -> str:
    """Keep a text within its own part of its own line."""
    if not text.isprintable():
        # What nobody sees is for machines: it could tell Claude what no person would read.
        text = "".join(one for one in text if one.isprintable() or one.isspace())
    text = " ".join(text.split())
    if "|" in text:
        text = text.replace("|", "/")
    if "#" in text:
        text = _ID.sub("№", text)
    return f'"{text}"' if _MARK.match(text) else text


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit].rsplit(" ", 1)[0] + "…"
