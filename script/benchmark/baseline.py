"""The first judgement as 0.5.x does it, billed by the same meter.

Every film is sent once for each collection, as indented JSON with every field that might help, and
of each an object with id, title, reasoning, verdict and confidence comes back. The words of the
prompt are written anew, about as long as those of 0.5.x and to the same effect.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from kometa_ai.demo.meter import Meter, count_tokens
from script.benchmark.judge import MODEL

if TYPE_CHECKING:
    from collections.abc import Sequence

FILMS_PER_REQUEST: Final = 50
SYSTEM: Final = """\
You are an expert on film who sorts films into collections of a Plex server. For each film of the \
list decide whether it belongs in the collection, by the criteria alone.

- Look at all that is known of a film: title, year, genres, plot, keywords and what you know.
- Judge each film by itself and not against the others of the list, which is an arbitrary part of \
the library: the same film must get the same verdict in any company.
- First give your reasoning in a sentence or two, then the verdict, then your confidence in it \
from 0.0 to 1.0.
- Personal taste and quality do not matter. Do not limit the number of films that you include.
- A film with elements of a theme does not belong for that alone: look at what it is mainly about.
- Keywords come from a community: they are hints and no verdicts.

Answer with a JSON object: {"decisions": [{"movie_id": 1, "title": "…", "reasoning": "…", \
"include": true, "confidence": 0.9}]} and name every film of the list.
"""
CRITERIA: Final = """\
Sort these films for the collection "{name}".

DEFINITION AND CRITERIA:
{words}

Decide for each film of the list whether it belongs in {name}, and how sure you are (0.0 to 1.0). \
Films below a confidence of 0.6 are left out, so do not understate it. Include only films that \
match the theme strongly; those with minor elements of it are to be left out.

FILMS:
{films}
"""


def bill(library: Sequence[dict[str, Any]], wishes: Sequence[tuple[str, str]]) -> Meter:
    """Bill the first judgement of a library."""
    meter = Meter()
    for name, words in wishes:
        for at in range(0, len(library), FILMS_PER_REQUEST):
            part = library[at : at + FILMS_PER_REQUEST]
            sent = json.dumps([_sent(film) for film in part], indent=2)
            # The system prompt is too short for the cache, but marked for it as 0.5.x does.
            one = meter.open(MODEL, SYSTEM, CRITERIA.format(name=name, words=words, films=sent))
            one.output = count_tokens(json.dumps({"decisions": [_answer(film) for film in part]}))
            meter.answer_begins(MODEL, SYSTEM)
    return meter


def _sent(film: dict[str, Any]) -> dict[str, Any]:
    return {
        "movie_id": film["id"],
        "title": film["title"],
        "year": film["year"],
        "genres": film["genres"],
        "overview": film["overview"],
        "keywords": film["keywords"],
        "certification": film["certification"],
        "original_language": film["originalLanguage"]["name"],
        "imdb_rating": 7.1,
        "rotten_tomatoes_pct": 74,
        "imdb_id": film["imdbId"],
        "tmdb_id": film["tmdbId"],
        "studio": film["studio"],
        "runtime_minutes": film["runtime"],
    }


def _answer(film: dict[str, Any]) -> dict[str, Any]:
    theme = ", ".join(film["keywords"][:3]) or film["genres"][0]
    return {
        "movie_id": film["id"],
        "title": film["title"],
        "reasoning": f"A film about {theme}; its primary theme does not match the collection's"
        " criteria.",
        "include": False,
        "confidence": 0.95,
    }
