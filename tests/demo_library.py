"""The films and wishes of the demo, in any number: real words for tests that count tokens."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

DEMO = files("kometa_ai.demo")
FILMS: list[dict[str, Any]] = json.loads(DEMO.joinpath("films.json").read_text("utf-8"))
WISHES = DEMO.joinpath("kometa/movies.yml").read_text("utf-8")
BEGIN = "  # === KOMETA-AI ===\n"


def library(count: int) -> list[dict[str, Any]]:
    """Return the demo's films and, if more are wanted, others of their titles and plots."""
    films = []
    for at in range(count):
        title, edition = FILMS[at % len(FILMS)], at // len(FILMS)
        plot = FILMS[(at * 7 + edition * 31) % len(FILMS)] if edition else title
        name = f"{title['title']} {edition + 1}" if edition else title["title"]
        facts = {"title": name, "year": title["year"], "tmdbId": 900_000 + at}
        films.append({**plot, **facts, "id": at + 1})
    return films


def wishes(count: int | None = None, threshold: float | None = None) -> str:
    """Return the demo's Kometa file, or the first of its collections, all with one threshold."""
    head, *blocks = WISHES.split(BEGIN)
    text = BEGIN.join([head, *blocks[:count]])
    if threshold is None:
        return text
    return re.sub(r"(?<=confidence_threshold: )[0-9.]+", str(threshold), text)
