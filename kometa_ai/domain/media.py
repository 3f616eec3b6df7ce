"""A title of a library: what matters to a verdict, and the fingerprint of exactly that."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

OVERVIEW_LIMIT = 320
KEYWORD_LIMIT = 8


class Kind(StrEnum):
    """What a library holds."""

    MOVIE = "movie"
    SERIES = "series"


@dataclass(frozen=True, slots=True)
class MediaItem:
    """One movie or series as its library describes it.

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

    Facts that change without changing the film (ratings, files, dates of availability) are left
    out on purpose: each would have the title judged, and paid for, again.
    """
    facts = [f"{title} ({year})" if year else title, ", ".join(genres)]
    if language and language != "English":
        facts.append(language)
    facts += [certification, studio, franchise, ", ".join(keywords[:KEYWORD_LIMIT])]
    return _one_line(" | ".join([*filter(None, facts), _shorten(overview)]))


def fingerprint(line: str) -> int:
    """Return the signed 64-bit fingerprint of what Claude is shown."""
    digest = blake2b(line.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _shorten(overview: str) -> str:
    if len(overview) <= OVERVIEW_LIMIT:
        return overview
    return overview[:OVERVIEW_LIMIT].rsplit(" ", 1)[0] + "…"


def _one_line(text: str) -> str:
    """Keep a title's text on its own line: a line feed in it would begin another title."""
    return " ".join(text.split())
