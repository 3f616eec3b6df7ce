"""Which title of the library a remembered one is: its number may have been given to another."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kometa_ai.domain.decision import Pin
    from kometa_ai.domain.media import MediaItem

TmdbIds = dict[int, int]
"""TMDB's id by the library's id; 0 where it is not known."""


@dataclass(slots=True)
class Whereabouts:
    """Finds remembered titles in the library as it is now.

    A library that is set up anew gives out its numbers anew; what TMDB calls a film stays. A
    remembered TMDB id of 0 is not known: then there is only the library's number to go by.
    """

    items: Mapping[int, MediaItem]
    _by_tmdb: TmdbIds | None = field(default=None, init=False)

    def find(self, item_id: int, tmdb_id: int) -> int | None:
        """Return the id that a remembered title has now, ``None`` if it is absent."""
        if self.unmoved(item_id, tmdb_id):
            return item_id
        if not tmdb_id:
            return None
        if self._by_tmdb is None:  # mostly nothing has moved, and then it is not needed
            self._by_tmdb = {item.tmdb_id: item.id for item in self.items.values()}
        return self._by_tmdb.get(tmdb_id)

    def unmoved(self, item_id: int, tmdb_id: int) -> bool:
        """Return whether the title that has this number is the remembered one, for all we know."""
        item = self.items.get(item_id)
        return item is not None and (item.tmdb_id == tmdb_id or not item.tmdb_id or not tmdb_id)

    def tmdb_ids(self, ids: Iterable[int]) -> TmdbIds:
        """Return what is to be remembered of titles, those aside that are not in the library."""
        return {i: self.items[i].tmdb_id for i in ids if i in self.items}

    def pins(self, pins: Iterable[Pin]) -> dict[str, dict[int, Pin]]:
        """Return the pins of present titles, by slug and present id; those of absent ones wait."""
        by_slug: dict[str, dict[int, Pin]] = {}
        for pin in sorted(pins, key=lambda one: one.pinned_at):
            item_id = self.find(pin.item_id, pin.tmdb_id)
            if item_id is not None:
                here = replace(pin, item_id=item_id, tmdb_id=self.items[item_id].tmdb_id)
                by_slug.setdefault(pin.slug, {})[item_id] = here
        return by_slug
