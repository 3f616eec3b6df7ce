"""Which titles of a library a list names: by id, else by the very name and year."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kometa_ai.domain.evaluation.truth import TruthRow
    from kometa_ai.domain.media import MediaItem

AND: Final = " and "
NEXT_YEAR: Final = 1
"""Lists differ by as much about one film."""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A row that leaves doubt which title of the library it means, by id and label.

    Several fit, or one of that name has another year, as where a festival came before the cinemas.
    """

    row: TruthRow
    labels: tuple[str, ...]
    ids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Matched:
    """The titles that a list names, and the rows that name none, or leave doubt which.

    ``by_name`` counts rows that have no id in common with their title; ``repeated`` those that
    name a title which an earlier row names.
    """

    members: frozenset[int]
    absent: tuple[TruthRow, ...] = ()
    ambiguous: tuple[Ambiguous, ...] = ()
    by_name: int = 0
    repeated: int = 0

    @property
    def doubtful(self) -> frozenset[int]:
        """Return the titles of which nobody knows whether they belong."""
        return frozenset[int]().union(*(one.ids for one in self.ambiguous)) - self.members


def match(rows: Iterable[TruthRow], items: Sequence[MediaItem]) -> Matched:
    """Find each row's title. An id is believed; a name only if no id speaks against it."""
    index = _Index(items)
    members: set[int] = set()
    absent: list[TruthRow] = []
    ambiguous: list[Ambiguous] = []
    by_name = repeated = 0
    for row in rows:
        found = index.by_id(row)
        named = not found
        if named:
            found = index.by_name(row)
        doubtful = found if len(found) > 1 else [] if found else index.perhaps(row)
        if doubtful:
            labels = tuple(sorted(one.label for one in doubtful))
            ambiguous.append(Ambiguous(row, labels, frozenset(one.id for one in doubtful)))
        elif not found:
            absent.append(row)
        elif found[0].id in members:
            repeated += 1
        else:
            members.add(found[0].id)
            by_name += named
    return Matched(frozenset(members), tuple(absent), tuple(ambiguous), by_name, repeated)


def normalised(title: str) -> str:
    """Return a name without what people write in different ways: case, accents, signs, blanks.

    ``WALL·E`` and ``Wall-E`` are one, ``Amélie`` and ``Amelie``, ``Fast & Furious`` and ``Fast and
    Furious``. Letters and digits of any script stay; a name of nothing but signs stays as it is.
    """
    text = title.casefold().replace("&", AND)
    letters = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(one for one in letters if one.isalnum())
    return bare or " ".join(title.casefold().split())


class _Index:
    """A library by whatever a list may name."""

    def __init__(self, items: Sequence[MediaItem]) -> None:
        self._tmdb: dict[int, list[MediaItem]] = defaultdict(list)
        self._imdb: dict[str, list[MediaItem]] = defaultdict(list)
        self._named: dict[str, list[MediaItem]] = defaultdict(list)
        for item in items:
            if item.tmdb_id:
                self._tmdb[item.tmdb_id].append(item)
            if item.imdb_id:
                self._imdb[item.imdb_id.lower()].append(item)
            self._named[normalised(item.title)].append(item)

    def by_id(self, row: TruthRow) -> list[MediaItem]:
        """Return what the ids of a row name; two titles if they contradict each other."""
        found = {one.id: one for one in self._tmdb.get(row.tmdb_id, ())}
        found.update((one.id, one) for one in self._imdb.get(row.imdb_id, ()))
        return list(found.values())

    def by_name(self, row: TruthRow) -> list[MediaItem]:
        """Return what has the very name and year of a row, and no other id of the same kind."""
        return [one for one in self._called(row) if one.year == row.year > 0]

    def perhaps(self, row: TruthRow) -> list[MediaItem]:
        """Return what has its name, while its year is not told or the one before or after.

        To take such a title for one that does not belong would blame Claude for the list.
        """
        return [
            one
            for one in self._called(row)
            if not row.year or abs(one.year - row.year) <= NEXT_YEAR
        ]

    def _called(self, row: TruthRow) -> list[MediaItem]:
        """Return what has the very name of a row, and no other id of the same kind."""
        return [
            one
            for one in (self._named.get(normalised(row.title), ()) if row.title else ())
            if not (row.tmdb_id and one.tmdb_id) and not (row.imdb_id and one.imdb_id)
        ]
