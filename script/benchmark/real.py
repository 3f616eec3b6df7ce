"""Real films, from a file that is not of this repository: one JSON object a line, in gzip.

A line has title, year, genres and overview. What Radarr knows besides (ids, keywords, a studio, a
certificate, a language) is made from a hash of title and year: the same every time.
"""

from __future__ import annotations

import gzip
import json
import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

CERTIFICATES: Final = ("", "G", "PG", "PG-13", "PG-13", "R", "R", "NR")
LANGUAGES: Final = (*["English"] * 7, "French", "Japanese", "Spanish")
STUDIOS: Final = (
    "Meridian Pictures",
    "Harbour Lane",
    "Old Mill Films",
    "Blue Door Entertainment",
    "Northern Light",
    "Atlas & Sons",
    "Quarter Moon",
    "Riverside Studios",
)
MOST_KEYWORDS: Final = 12
_WORD = re.compile(r"[a-z]{6,}")
"""A word of an overview that might be a keyword: short ones say nothing, names are no keywords."""


def real_films(file: Path) -> list[dict[str, Any]]:
    """Return the films of the file in Radarr's shape; whoever takes one gives it its ids."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [_film(json.loads(line)) for line in lines]


def _film(told: dict[str, Any]) -> dict[str, Any]:
    title, year, overview = told["title"], told["year"], told["overview"]
    chance = blake2b(f"{title}\n{year}".encode(), digest_size=4).digest()
    language = LANGUAGES[chance[2] % len(LANGUAGES)]
    return {
        "title": title,
        "year": year,
        "overview": overview,
        "genres": told["genres"],
        "certification": CERTIFICATES[chance[0] % len(CERTIFICATES)],
        "studio": STUDIOS[chance[1] % len(STUDIOS)],
        "originalLanguage": {"id": 1 + LANGUAGES.index(language), "name": language},
        "keywords": list(dict.fromkeys(_WORD.findall(overview)))[: chance[3] % MOST_KEYWORDS],
        "runtime": 60 + chance[3] % 90,
    }
