"""Requests for tests that ask Claude."""

from __future__ import annotations

from kometa_ai.domain.collection import Collection, slugify
from kometa_ai.domain.media import Kind, MediaItem
from kometa_ai.domain.requests import Question, Request

HEISTS = (
    "Films about a robbery or a jewel heist in which the plan goes wrong and the gang falls out."
)
SPACE = "Astronauts and spaceship crews, stranded on a strange planet or adrift in space."

PLOTS = (
    ("Reservoir Dogs", "After a jewel robbery goes wrong, the gang of robbers suspects betrayal."),
    ("The Martian", "A stranded astronaut survives alone on the planet Mars."),
    ("Amelie", "A shy waitress arranges small joys for the people around her."),
    ("Gravity", "Two astronauts are left adrift in space when their spaceship is destroyed."),
)


def collection(name: str = "Heists", prompt: str = HEISTS, **more: object) -> Collection:
    return Collection(name, f"KAI-{slugify(name)}", prompt, **more)  # type: ignore[arg-type]


def item(number: int, title: str, overview: str, year: int = 1999) -> MediaItem:
    return MediaItem(
        "radarr", Kind.MOVIE, number, title, year, ("Drama",), tmdb_id=number, overview=overview
    )


def questions(*collections: Collection, films: int = len(PLOTS), start: int = 1) -> Request:
    """Return a request about so many films, for all of the collections."""
    chosen = collections or (collection(), collection("Lost in Space", SPACE))
    slugs = tuple(one.slug for one in chosen)
    return Request(
        chosen,
        tuple(Question(item(start + at, *PLOTS[at % len(PLOTS)]), slugs) for at in range(films)),
    )


def long_wish(words: int = 900) -> Collection:
    """Return a collection whose criteria alone reach the smallest cacheable beginning."""
    return collection(
        "Long", "No heist, but a long wish. " + "Trains through the night, " * (words // 4)
    )
