"""What a simulated Radarr holds: movies and tags, and what can be done to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kometa_ai.demo.radarr_movie import as_element, resource
from kometa_ai.demo.radarr_wire import Listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(slots=True)
class Movie:
    """A movie: the fields that were given, its tags, and its JSON for as long as that is right."""

    fields: dict[str, Any]
    tags: set[int]
    text: bytes | None = None

    def element(self) -> bytes:
        """Return it as an element of the list."""
        if self.text is None:
            self.text = as_element(resource(self.fields, self.tags))
        return self.text


class Records:
    """Movies and tags.

    ``movies`` are in Radarr's own shape; what they leave out is made up (``radarr_movie.py``), and
    ``tags`` names the movies that carry a label from the beginning. ``refused`` maps the movies
    that no edit may touch to what is said then; ``always_on`` and ``always_off`` are labels that
    auto-tagging rules put on, or take off, every movie that is edited.
    """

    def __init__(
        self,
        movies: Iterable[Mapping[str, Any]] = (),
        tags: Mapping[str, Iterable[int]] | None = None,
    ) -> None:
        self.movies: dict[int, Movie] = {}
        self.labels: dict[int, str] = {}
        self.refused: dict[int, str] = {}
        self.always_off: set[str] = set()
        self.always_on: set[str] = set()
        self.listing = Listing(self._elements)
        self._next_tag = 1
        for movie in movies:
            self.add_movie(movie)
        for label, ids in (tags or {}).items():
            self.tag_number(label)
            for number in ids:
                self.hand_tag(number, label)

    def add_movie(self, fields: Mapping[str, Any]) -> int:
        """Add a movie and return its number."""
        number = int(fields.get("id") or max(self.movies, default=0) + 1)
        self.movies[number] = Movie({**fields, "id": number}, set(fields.get("tags") or ()))
        self.listing.changed()
        return number

    def remove_movie(self, number: int) -> None:
        """Delete a movie."""
        del self.movies[number]
        self.listing.changed()

    def change_movie(self, number: int, **fields: object) -> None:
        """Set fields of a movie, named as in its JSON; None takes one out of it."""
        self.movies[number].fields |= fields
        self._changed(self.movies[number])

    def tag_number(self, label: str) -> int:
        """Return a tag's number; a tag that does not exist is created."""
        for number, known in self.labels.items():
            if known == label.lower():
                return number
        # As with SQLite's AUTOINCREMENT, a number is never used twice.
        number, self._next_tag = self._next_tag, self._next_tag + 1
        self.labels[number] = label.lower()
        return number

    def hand_tag(self, movie: int, label: str) -> None:
        """Put a tag on a movie by hand."""
        self.movies[movie].tags.add(self.tag_number(label))
        self._changed(self.movies[movie])

    def hand_untag(self, movie: int, label: str) -> None:
        """Take a tag off a movie by hand."""
        self.movies[movie].tags.discard(self.tag_number(label))
        self._changed(self.movies[movie])

    def delete_tag(self, label: str) -> None:
        """Delete a tag although it is in use, and take it off every movie."""
        number = self.tag_number(label)
        del self.labels[number]
        for movie in self.movies.values():
            if number in movie.tags:
                movie.tags.discard(number)
                self._changed(movie)

    def clean_up(self) -> None:
        """Delete unused tags, as Radarr does once a day."""
        used = set().union(*(movie.tags for movie in self.movies.values()))
        self.labels = {number: label for number, label in self.labels.items() if number in used}

    def members(self, label: str) -> set[int]:
        """Return which movies carry a tag."""
        numbers = {number for number, known in self.labels.items() if known == label.lower()}
        return {number for number, movie in self.movies.items() if numbers & movie.tags}

    def retag(self, movie: Movie, apply: str, tags: set[int]) -> None:
        """Apply an edit to one movie, and the auto-tagging rules after it."""
        if apply == "replace":
            movie.tags = set(tags)
        elif apply == "add":
            movie.tags |= tags
        else:
            movie.tags -= tags
        movie.tags |= {self.tag_number(label) for label in self.always_on}
        movie.tags -= {self.tag_number(label) for label in self.always_off}
        self._changed(movie)

    def _changed(self, movie: Movie) -> None:
        movie.text = None
        self.listing.changed()

    def _elements(self) -> Iterator[bytes]:
        return (movie.element() for movie in list(self.movies.values()))
