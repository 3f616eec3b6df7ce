"""The data of the demo: a library of real films and the collections that are asked of it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

DEMO = Path(__file__).parent.parent / "kometa_ai" / "demo"
COLLECTIONS = {
    "Heists Gone Wrong": "KAI-heists-gone-wrong",
    "Cosy Winter Evenings": "KAI-cosy-winter-evenings",
    "Lost in Space": "KAI-lost-in-space",
    "Déjà Vu: Loops in Time": "KAI-deja-vu",
    "The Courtroom": "KAI-the-courtroom",
    "Film Noir": "KAI-film-noir",
    "Underdogs Who Win": "KAI-underdogs-who-win",
    "Machines That Think": "KAI-machines-that-think",
}
# The names that TMDB, and therefore Radarr, gives.
GENRES = {
    *("Action", "Adventure", "Animation", "Comedy", "Crime", "Documentary", "Drama", "Family"),
    *("Fantasy", "History", "Horror", "Music", "Mystery", "Romance", "Science Fiction", "Thriller"),
    *("TV Movie", "War", "Western"),
}


@pytest.fixture(scope="module")
def films() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads((DEMO / "films.json").read_text(encoding="utf-8"))
    return loaded


def test_there_are_200_films_numbered_from_one(films: list[dict[str, Any]]) -> None:
    assert [film["id"] for film in films] == list(range(1, 201))


@pytest.mark.parametrize(("field", "form"), [("tmdbId", r"[1-9]\d{0,6}"), ("imdbId", r"tt\d{7,8}")])
def test_ids_are_well_formed_and_name_one_film_each(
    films: list[dict[str, Any]], field: str, form: str
) -> None:
    ids = [str(film[field]) for film in films]
    assert [i for i in ids if not re.fullmatch(form, i)] == []
    assert len(set(ids)) == len(ids)


def test_every_film_has_what_radarr_tells_of_it(films: list[dict[str, Any]]) -> None:
    for film in films:
        assert film["title"].strip() == film["title"] != ""
        assert 1920 <= film["year"] <= 2023, film["title"]
        assert 20 <= film["runtime"] <= 240, film["title"]
        assert film["certification"] in {"G", "PG", "PG-13", "R", "NR"}, film["title"]
        assert film["studio"], film["title"]
        assert set(film["originalLanguage"]) == {"id", "name"}, film["title"]
        assert film["genres"], film["title"]
        assert set(film["genres"]) <= GENRES, film["title"]
        assert 3 <= len(film["keywords"]) <= 6, film["title"]
        assert all(keyword == keyword.lower() for keyword in film["keywords"]), film["title"]
        if "collection" in film:
            assert set(film["collection"]) == {"title", "tmdbId"}, film["title"]


def test_every_overview_is_one_sentence(films: list[dict[str, Any]]) -> None:
    for film in films:
        overview = film["overview"]
        assert 60 <= len(overview) <= 220, film["title"]
        assert re.fullmatch(r"[^.!?]+\.", overview), film["title"]


def test_each_film_is_one_line_of_the_file() -> None:
    lines = (DEMO / "films.json").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "["
    assert lines[-1] == "]"
    assert len(lines) == 202


def test_kometa_can_read_the_sample_collections() -> None:
    loaded = yaml.safe_load((DEMO / "kometa" / "movies.yml").read_text(encoding="utf-8"))
    for name, body in loaded["collections"].items():
        tag = body["radarr_taglist"]
        assert (tag[0] if isinstance(tag, list) else tag) == COLLECTIONS[name]
        assert body["sync_mode"] == "sync"
        assert body["summary"]
    assert set(loaded["collections"]) == set(COLLECTIONS)


def test_every_sample_collection_has_its_block_directly_above() -> None:
    lines = (DEMO / "kometa" / "movies.yml").read_text(encoding="utf-8").splitlines()
    starts = [n for n, line in enumerate(lines) if line.strip() == "# === KOMETA-AI ==="]
    ends = [n for n, line in enumerate(lines) if line.strip() == "# === END KOMETA-AI ==="]
    assert [lines[n + 1].strip().removesuffix(":").strip('"') for n in ends] == list(COLLECTIONS)
    for start, end in zip(starts, ends, strict=True):
        block = yaml.safe_load("\n".join(line.strip()[2:] for line in lines[start + 1 : end]))
        assert block["enabled"] is True
        assert 0 < block["confidence_threshold"] < 1
        assert len(block["prompt"]) > 150
