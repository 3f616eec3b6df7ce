"""The simulated Radarr of the soak, and what it must hold apart from our tags."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from kometa_ai.demo.radarr import SimulatedRadarr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kometa_ai.demo.radarr import Movie

EDITOR: Final = "/api/v3/movie/editor"
PERSONAL: Final = ("mine", "4k", "kids", "seen-twice")
OURS: Final = "kai-"


def films(count: int) -> list[dict[str, Any]]:
    """Return the first films of the demo's library."""
    text = files("kometa_ai.demo").joinpath("films.json").read_text("utf-8")
    found: list[dict[str, Any]] = json.loads(text)[:count]
    return found


@dataclass(frozen=True, slots=True)
class Retag:
    """A tag that the bulk editor really put on a film or took off."""

    label: str
    item: int
    on: bool


class WatchedRadarr(SimulatedRadarr):
    """A simulated Radarr that remembers each edit of tags, and what each tag number ever meant."""

    def __init__(self, movies: Iterable[Mapping[str, Any]], api_key: str) -> None:
        self.ever: dict[int, str] = {}
        self.edits: list[Retag] = []
        super().__init__(movies, api_key=api_key)

    def tag_number(self, label: str) -> int:
        """Return a tag's number; a tag that does not exist is created."""
        number = super().tag_number(label)
        self.ever[number] = label.lower()
        return number

    def retag(self, movie: Movie, apply: str, tags: set[int]) -> None:
        """Apply an edit to one movie."""
        before = set(movie.tags)
        super().retag(movie, apply, tags)
        number = int(movie.fields["id"])
        self.edits += [
            Retag(self.ever.get(tag, f"#{tag}"), number, tag in movie.tags)
            for tag in sorted(before ^ movie.tags)
        ]


def tags_of(radarr: SimulatedRadarr, number: int) -> set[str]:
    """Return the labels of a film; a number that means nothing stands for itself."""
    return {radarr.labels.get(tag, f"#{tag}") for tag in radarr.movies[number].tags}


@dataclass(slots=True)
class Books:
    """What people put into Radarr: all fields, and the tags that are not ours."""

    radarr: WatchedRadarr
    fields: dict[int, dict[str, Any]] = field(default_factory=dict)
    foreign: dict[int, set[str]] = field(default_factory=dict)
    touched: set[tuple[str, int]] = field(default_factory=set)
    """Our tags that a person ever put on a film or took off, each with the film's TMDB id."""
    moved: set[tuple[str, int]] = field(default_factory=set)
    """The same since the last quiet moment, with the film's number."""
    lost: set[str] = field(default_factory=set)
    """Our tags that were deleted, or may have been, since the last quiet moment."""

    def take_stock(self) -> None:
        """Note everything as it is now, before anybody else touches it."""
        self.fields = {one: deepcopy(movie.fields) for one, movie in self.radarr.movies.items()}
        self.foreign = {
            one: {tag for tag in tags_of(self.radarr, one) if not tag.startswith(OURS)}
            for one in self.radarr.movies
        }

    def add(self, record: dict[str, Any]) -> int:
        """Add a film."""
        number = self.radarr.add_movie(record)
        self.fields[number] = deepcopy(self.radarr.movies[number].fields)
        self.foreign[number] = set()
        return number

    def remove(self, number: int) -> None:
        """Delete a film."""
        self.radarr.remove_movie(number)
        del self.fields[number], self.foreign[number]

    def change(self, number: int, **changed: object) -> None:
        """Change fields of a film."""
        self.radarr.change_movie(number, **changed)
        self.fields[number] |= changed

    def tag(self, number: int, label: str, *, on: bool) -> None:
        """Put a person's own tag on a film, or take it off."""
        (self.radarr.hand_tag if on else self.radarr.hand_untag)(number, label)
        (self.foreign[number].add if on else self.foreign[number].discard)(label)

    def edit(self, number: int, label: str, *, on: bool) -> None:
        """Put one of our tags on a film by hand, or take it off."""
        (self.radarr.hand_tag if on else self.radarr.hand_untag)(number, label)
        self.touched.add((label, self._tmdb(number)))
        self.moved.add((label, number))

    def delete(self, label: str) -> None:
        """Delete one of our tags, and so take it off every film."""
        self.touched |= {(label, self._tmdb(one)) for one in self.radarr.members(label)}
        self.lost.add(label)
        self.radarr.delete_tag(label)

    def clean_up(self) -> None:
        """Have Radarr delete the tags that no film has."""
        before = set(self.radarr.labels.values())
        self.radarr.clean_up()
        self.lost |= before - set(self.radarr.labels.values())

    def rename(self, old: str, new: str) -> None:
        """Let what people did follow a collection to its new tag, as pins do."""
        self.touched |= {(new, tmdb) for label, tmdb in self.touched if label == old}

    def _tmdb(self, number: int) -> int:
        return int(self.radarr.movies[number].fields.get("tmdbId") or 0)

    def wrong(self) -> list[str]:
        """Return what somebody else has changed."""
        found = []
        for number, movie in self.radarr.movies.items():
            if movie.fields != self.fields[number]:
                found.append(f"the fields of film {number} were changed")
            tags = {tag for tag in tags_of(self.radarr, number) if not tag.startswith(OURS)}
            if tags != self.foreign[number]:
                told = f"it has {sorted(tags)}, not {sorted(self.foreign[number])}"
                found.append(f"the foreign tags of film {number} were changed: {told}")
        if self.radarr.movies.keys() != self.fields.keys():
            found.append("films were added or deleted")
        return found

    def wrong_writes(self) -> list[str]:
        """Return the requests that write what is not ours, and forget all requests."""
        found = []
        for seen in self.radarr.writes():
            body = seen.body if isinstance(seen.body, dict) else {}
            if seen.path == EDITOR:
                labels = {self.radarr.ever.get(tag, f"#{tag}") for tag in body.get("tags", ())}
                shape = body.keys() == {"movieIds", "tags", "applyTags"}
                if not shape or body["applyTags"] not in {"add", "remove"} or not labels:
                    found.append(f"a bulk edit of another shape: {sorted(body)}")
                if strange := sorted(one for one in labels if not one.startswith(OURS)):
                    found.append(f"a bulk edit of foreign tags: {strange}")
            elif seen.method == "POST" and seen.path == "/api/v3/tag":
                if not str(body.get("label", "")).lower().startswith(OURS):
                    found.append(f"a foreign tag was created: {body}")
            elif seen.method != "DELETE" or not self._ours(seen.path):
                found.append(f"an unexpected write: {seen.method} {seen.path}")
        self.radarr.requests.clear()
        return found

    def _ours(self, path: str) -> bool:
        number = path.removeprefix("/api/v3/tag/")
        return number.isdecimal() and self.radarr.ever.get(int(number), "").startswith(OURS)
