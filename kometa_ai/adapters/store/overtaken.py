"""What other runs have judged while a batch was on its way: its older answers do not replace it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kometa_ai.adapters.store import batches
from kometa_ai.adapters.store.ledgers import find_criteria
from kometa_ai.adapters.store.packing import Page, page_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from kometa_ai.domain.decision import Decision
    from kometa_ai.ports import Purchase


def without_overtaken(
    db: sqlite3.Connection, run: int, batch: int, purchase: Purchase
) -> Mapping[str, Mapping[int, Decision]]:
    """Return the decisions of an answer, without what was judged since its batch was handed in.

    By the runs' numbers: a clock may have been set back.
    """
    since = range(batches.handed_in_by(db, batch) + 1, run)
    made = {
        number
        for (number,) in db.execute(
            "SELECT number FROM judgements WHERE run >= ? AND run < ?", (since.start, since.stop)
        )
    }
    decisions = purchase.decisions or {}
    if not made:
        return decisions
    held = _Held(db, purchase.library)
    return {
        slug: {
            item_id: one
            for item_id, one in by_item.items()
            if held.judgement(slug, one.criteria, item_id) not in made
        }
        for slug, by_item in decisions.items()
    }


class _Held:
    """Finds by which judgement a pair is decided; every page is read once."""

    def __init__(self, db: sqlite3.Connection, library: str) -> None:
        self._db = db
        self._library = library
        self._pages: dict[tuple[str, str, int], Page] = {}

    def judgement(self, slug: str, criteria: str, item_id: int) -> int | None:
        """Return its number, ``None`` if the pair is not decided."""
        place = slug, criteria, page_of(item_id)
        if place not in self._pages:
            self._pages[place] = self._read(*place)
        found = self._pages[place].find(item_id)
        return None if found is None else found[1]

    def _read(self, slug: str, criteria: str, page: int) -> Page:
        number = find_criteria(self._db, self._library, slug, criteria)
        row = self._db.execute(
            "SELECT ids, fingerprints, judgements FROM pages WHERE criteria = ? AND page = ?",
            (number, page),
        ).fetchone()
        return Page.of(*row) if row else Page()
