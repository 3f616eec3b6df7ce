"""What each KAI- tag should hold: worked out from the rules as they are written, not run."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from kometa_ai.demo.radarr_movie import resource
from script.soaking.library import tags_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set as AbstractSet

    from kometa_ai.demo.radarr import SimulatedRadarr
    from script.soaking.state import Pin, State
    from script.soaking.wishes import Wish

HAIR: Final = 1e-6
FEW: Final = 5


@dataclass(frozen=True, slots=True)
class Film:
    """A film as a verdict sees it."""

    number: int
    tmdb: int
    year: int
    genres: frozenset[str]
    fingerprint: int
    tags: frozenset[str]


def survey(radarr: SimulatedRadarr) -> dict[int, Film]:
    """Return every film that Radarr holds now."""
    return {number: _film(radarr, number) for number in radarr.movies}


def _film(radarr: SimulatedRadarr, number: int) -> Film:
    movie = radarr.movies[number]
    told = resource(movie.fields, movie.tags)
    genres = [str(one) for one in told.get("genres", ())]
    language = str((told.get("originalLanguage") or {}).get("name") or "")
    parts = (
        str(told["title"]),
        str(told.get("year") or 0),
        ", ".join(genres),
        "" if language == "English" else language,
        str(told.get("certification") or ""),
        str(told.get("studio") or ""),
        str((told.get("collection") or {}).get("title") or ""),
        ", ".join(told.get("keywords", ())[:8]),
        str(told.get("overview") or "")[:321],
    )
    digest = blake2b("\n".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return Film(
        number,
        int(told.get("tmdbId") or 0),
        int(told.get("year") or 0),
        frozenset(one.lower() for one in genres),
        int.from_bytes(digest, "big", signed=True),
        frozenset(tags_of(radarr, number)),
    )


def pinned(wish: Wish, film: Film, pins: Sequence[Pin]) -> str | None:
    """Return what a person has said of a film and a collection."""
    for pin in pins:
        if pin.slug != wish.slug:
            continue
        same = pin.tmdb == film.tmdb if pin.tmdb and film.tmdb else pin.item == film.number
        if same and (pin.origin != "declined" or pin.criteria == wish.criteria):
            return pin.stance
    return None


def dreamt(pins: Sequence[Pin], touched: AbstractSet[tuple[str, int]]) -> list[str]:
    """Return the pins of hand edits that nobody made.

    A tag that the engine itself wrote wrongly looks like a hand edit to its next run, and a pin
    then makes it right by every other rule.
    """
    return [
        f"kai-{pin.slug}, film {pin.item}: a hand edit is pinned ({pin.stance}) that nobody made"
        for pin in pins
        if pin.origin == "hand" and (f"kai-{pin.slug}", pin.tmdb) not in touched
    ]


def outside(wish: Wish, film: Film) -> bool:
    """Return whether a gate keeps a film out."""
    if wish.genres and not film.genres & {one.lower() for one in wish.genres}:
        return True
    if film.genres & {one.lower() for one in wish.exclude_genres}:
        return True
    low, high = wish.year_min, wish.year_max
    return bool((low and film.year < low) or (high and film.year > high))


def wanted(
    wish: Wish, film: Film, state: State, members: Mapping[str, frozenset[int]]
) -> bool | None:
    """Return whether a film belongs; ``None`` where there is no verdict for its present state.

    ``members`` are those of the tags that rules name: a rule goes by what is there in the end.
    """
    stance = pinned(wish, film, state.pins)
    if stance is not None:
        return stance == "keep"
    if any(film.number in members.get(tag, frozenset()) for tag in wish.exclude_tags):
        return False
    if any(film.number in members.get(tag, frozenset()) for tag in wish.include_tags):
        return True
    if outside(wish, film):
        return False
    verdict = state.verdicts.get((wish.slug, wish.criteria), {}).get(film.number)
    if verdict is None or verdict.fingerprint != film.fingerprint:
        return None
    if not verdict.include or verdict.confidence is None:
        return False
    return verdict.confidence >= wish.threshold - HAIR


def _added(state: State) -> dict[str, int]:
    """Return how many members the newest run added, by slug."""
    report = state.reports.get(state.newest(), {})
    return {one["slug"]: len(one["added"]) for one in report.get("collections", ())}


def wrong_tags(
    wishes: Sequence[Wish], films: Mapping[int, Film], state: State, *, percent: int
) -> list[str]:
    """Compare the tags with what decisions, pins, gates, rules and thresholds say.

    What is held is measured against the members before the newest run, which may have added some.
    """
    added = _added(state)
    found: list[str] = []
    members: dict[str, set[int]] = {}
    for film in films.values():
        for tag in film.tags:
            members.setdefault(tag, set()).add(film.number)
    frozen = {tag: frozenset(ids) for tag, ids in members.items()}
    for wish in wishes:
        held = state.held.get(wish.slug, frozenset())
        there = frozen.get(wish.label, frozenset())
        waiting = 0
        for film in films.values():
            belongs, present = wanted(wish, film, state, frozen), film.number in there
            pair = f"{wish.label}, film {film.number}"
            if belongs is None:
                found.append(f"{pair}: a clean run has left it without a verdict")
            elif belongs and not present:
                found.append(f"{pair}: it belongs, and does not have the tag")
            elif present and not belongs and film.number not in held:
                found.append(f"{pair}: it does not belong, has the tag, and nothing is held")
            elif present and not belongs:
                waiting += 1
        before = len(there) - added.get(wish.slug, 0)
        if 0 < waiting <= FEW or (waiting and waiting * 100 <= before * percent):
            found.append(f"{wish.label}: {waiting} of {before} are held, which is not too many")
    return found
