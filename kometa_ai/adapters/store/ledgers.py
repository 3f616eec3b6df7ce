"""Decisions: every judged pair on its page, and a row for each that carries more than a no."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from kometa_ai.adapters.store.instants import to_instant
from kometa_ai.adapters.store.packing import INT32, INT64, Page, page_of, unpack, unpack_ids
from kometa_ai.domain.decision import UNNAMED_CONFIDENCE, Decision, Ledger, Opinion, Origin
from kometa_ai.domain.marks import sharing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

KEPT_CRITERIA: Final = 3
"""Of each collection: going back to an earlier wish then costs nothing."""

FEW: Final = 100
"""So many judgements are looked up one by one; of more, all between them are read."""

Judgement = tuple[str, datetime, Origin]
"""What the decisions of one answer share: model, instant, origin."""


def read_ledgers(
    db: sqlite3.Connection,
    library: str,
    criteria: Mapping[str, str],
    fingerprints: Mapping[int, int],
) -> dict[str, Ledger]:
    """Return what a run needs to know of collections; ``criteria`` and ledgers are by slug.

    ``fingerprints`` are those of the library's titles now.
    """
    shelf = _Judged(fingerprints)
    judgements: dict[int, Judgement] = {}
    read = {}
    for slug, text in criteria.items():
        number = find_criteria(db, library, slug, text)
        if number is None:
            read[slug] = Ledger({}, {})
        else:
            judged = shelf.read(db, number)
            read[slug] = Ledger(shelf.shared, _awake(db, number, text, judged, judgements))
    return read


class _Judged:
    """Reads which titles were judged in which state, for one collection after the other.

    Most collections have judged the same titles in the same state, and mostly that is the present
    one. So they share one mapping, and with the library too: twenty of them take the time and the
    memory of one, and it is seen at once that nothing changed. ``shared`` is what was read last in
    this form.
    """

    def __init__(self, fingerprints: Mapping[int, int]) -> None:
        self._fingerprints = fingerprints
        self._columns: tuple[bytes, bytes] = (b"", b"")
        self._judged: Mapping[int, int] = {}
        self.shared: Mapping[int, int] = {}

    def read(self, db: sqlite3.Connection, number: int) -> Mapping[int, int]:
        """Return the fingerprints of what was judged under the criteria of this number."""
        pages = db.execute(
            "SELECT ids, fingerprints FROM pages WHERE criteria = ? ORDER BY page", (number,)
        ).fetchall()
        columns = b"".join([page[0] for page in pages]), b"".join([page[1] for page in pages])
        if columns != self._columns:
            ids, marks = unpack(INT32, columns[0]), unpack(INT64, columns[1])
            self._columns, self._judged = columns, dict(zip(ids, marks, strict=True))
            now = self._fingerprints
            self.shared = sharing(now, self._judged) if now else self._judged
            if self.shared is now:
                self._judged = now
        return self._judged


def in_use_earlier(
    db: sqlite3.Connection, library: str, criteria: Mapping[str, str]
) -> dict[str, str]:
    """Return, of criteria by slug, those that are known and had others in use after them."""
    newest = newest_criteria(db, library)
    return {
        slug: text
        for slug, text in criteria.items()
        if newest.get(slug) != text and find_criteria(db, library, slug, text) is not None
    }


def use(db: sqlite3.Connection, library: str, slug: str, criteria: str) -> int:
    """Make these criteria the newest of their collection; return their number.

    The oldest go when there are too many, and with them their decisions.
    """
    (newest,) = db.execute(
        "SELECT coalesce(max(used), 0) FROM criteria WHERE library = ? AND slug = ?",
        (library, slug),
    ).fetchone()
    db.execute(
        "INSERT INTO criteria (library, slug, criteria, used) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (library, slug, criteria) DO UPDATE SET used = excluded.used",
        (library, slug, criteria, newest + 1),
    )
    db.execute(
        "DELETE FROM criteria WHERE number IN (SELECT number FROM criteria"
        " WHERE library = ? AND slug = ? ORDER BY used DESC LIMIT -1 OFFSET ?)",
        (library, slug, KEPT_CRITERIA),
    )
    number = find_criteria(db, library, slug, criteria)
    assert number is not None  # noqa: S101 - it was written three lines above
    return number


def judged_otherwise(
    db: sqlite3.Connection, library: str, slug: str, criteria: str
) -> frozenset[int]:
    """Return the ids judged for this collection under other criteria."""
    rows = db.execute(
        "SELECT ids FROM pages JOIN criteria ON number = pages.criteria"
        " WHERE library = ? AND slug = ? AND criteria.criteria != ?",
        (library, slug, criteria),
    )
    return frozenset[int]().union(*(unpack(INT32, ids) for (ids,) in rows))


def newest_criteria(db: sqlite3.Connection, library: str) -> dict[str, str]:
    """Return under which criteria each collection was judged last, by slug."""
    rows = db.execute(
        "SELECT slug, criteria, max(used) FROM criteria WHERE library = ? GROUP BY slug", (library,)
    )
    return {slug: criteria for slug, criteria, _ in rows}


def rename(db: sqlite3.Connection, library: str, old: str, new: str) -> None:
    """Give a collection's decisions to another slug, which has none."""
    db.execute("UPDATE criteria SET slug = ? WHERE library = ? AND slug = ?", (new, library, old))


def every_decision(db: sqlite3.Connection, library: str, slug: str, item_id: int) -> list[Decision]:
    """Return what is kept of one pair under any criteria, newest first."""
    known = db.execute(
        "SELECT number, criteria FROM criteria WHERE library = ? AND slug = ?", (library, slug)
    ).fetchall()
    found = [_decision(db, number, criteria, item_id) for number, criteria in known]
    return sorted(
        (one for one in found if one), key=lambda decision: decision.decided_at, reverse=True
    )


def judged_ids(db: sqlite3.Connection, library: str, slug: str, criteria: str) -> frozenset[int]:
    """Return the ids that are judged under these criteria."""
    number = find_criteria(db, library, slug, criteria)
    rows = db.execute("SELECT ids FROM pages WHERE criteria = ?", (number,))
    return frozenset[int]().union(*(unpack_ids(ids) for (ids,) in rows))


def find_criteria(db: sqlite3.Connection, library: str, slug: str, criteria: str) -> int | None:
    """Return the number of a collection's criteria, ``None`` if they were never judged by."""
    row = db.execute(
        "SELECT number FROM criteria WHERE library = ? AND slug = ? AND criteria = ?",
        (library, slug, criteria),
    ).fetchone()
    return None if row is None else int(row[0])


def _awake(
    db: sqlite3.Connection,
    number: int,
    criteria: str,
    judged: Mapping[int, int],
    known: dict[int, Judgement],
) -> dict[int, Decision]:
    """Return the decisions on ``judged`` titles that can change what a run does."""
    rows = db.execute(
        "SELECT item, include, confidence, reason, looked, judgement FROM named"
        " WHERE criteria = ? AND asleep = 0",
        (number,),
    ).fetchall()
    _learn(db, {row[5] for row in rows} - known.keys(), known)
    named = {}
    for item_id, include, confidence, reason, looked, key in rows:
        if item_id in judged:
            model, at, origin = known[key]
            opinion = Opinion(include == 1, confidence, reason)
            named[item_id] = Decision(
                opinion, model, criteria, judged[item_id], at, origin, looked == 1, max(0, -looked)
            )
    return named


def _learn(db: sqlite3.Connection, keys: set[int], known: dict[int, Judgement]) -> None:
    """Read these judgements; after a first run over a large library there are thousands."""
    if len(keys) < FEW:
        known.update((key, _judgement(db, key)) for key in keys)
        return
    rows = db.execute(
        "SELECT number, model, at, origin FROM judgements WHERE number BETWEEN ? AND ?",
        (min(keys), max(keys)),
    )
    known.update(
        (number, (model, to_instant(at), Origin(origin)))
        for number, model, at, origin in rows
        if number in keys
    )


def _judgement(db: sqlite3.Connection, key: int) -> Judgement:
    model, at, origin = db.execute(
        "SELECT model, at, origin FROM judgements WHERE number = ?", (key,)
    ).fetchone()
    return model, to_instant(at), Origin(origin)


def _decision(db: sqlite3.Connection, number: int, criteria: str, item_id: int) -> Decision | None:
    row = db.execute(
        "SELECT ids, fingerprints, judgements FROM pages WHERE criteria = ? AND page = ?",
        (number, page_of(item_id)),
    ).fetchone()
    found = Page.of(*row).find(item_id) if row else None
    if found is None:
        return None
    fingerprint, key = found
    model, at, origin = _judgement(db, key)
    words = db.execute(
        "SELECT include, confidence, reason, looked FROM named"
        " WHERE criteria = ? AND asleep IN (0, 1) AND item = ?",
        (number, item_id),
    ).fetchone()
    include, confidence, reason, looked = words or (0, UNNAMED_CONFIDENCE, "", 0)
    return Decision(
        Opinion(bool(include), confidence, reason),
        model,
        criteria,
        fingerprint,
        at,
        origin,
        looked == 1,
        max(0, -looked),
    )
