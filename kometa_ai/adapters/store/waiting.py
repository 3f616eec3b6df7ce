"""Decisions of 0.5.x, which wait until a collection of their name or tag turns up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kometa_ai.adapters.store import keeping, ledgers, marks
from kometa_ai.adapters.store.instants import to_instant, to_number
from kometa_ai.domain.decision import Decision, Opinion, Origin

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from datetime import datetime


def import_done(db: sqlite3.Connection) -> bool:
    """Return whether an import took place, or was ruled out by starting afresh."""
    return marks.read(db, marks.LEGACY_IMPORT) is not None


def note_import(db: sqlite3.Connection, source: str, at: datetime) -> None:
    """Remember that there is nothing to import any more, and why."""
    value = json.dumps({"source": source, "at": at.isoformat()})
    marks.write(db, marks.LEGACY_IMPORT, value)


def import_once(
    db: sqlite3.Connection,
    decisions: Mapping[tuple[str, str], Mapping[int, Decision]],
    source: str,
    at: datetime,
) -> bool:
    """Keep what 0.5.x decided, unless that was done before; return whether it was done now.

    ``decisions`` are by a collection's name and its tag in lower case, then by item id.
    """
    if import_done(db):
        return False
    note_import(db, source, at)
    db.executemany(
        "INSERT OR REPLACE INTO waiting (name, label, item, include, confidence, reason, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (
                name,
                label,
                item_id,
                one.opinion.include,
                one.opinion.confidence,
                one.opinion.reason,
                to_number(one.decided_at),
            )
            for (name, label), by_item in decisions.items()
            for item_id, one in by_item.items()
        ),
    )
    return True


def waiting_for(db: sqlite3.Connection, name: str, label: str) -> dict[int, Decision]:
    """Return what waits for this name or this tag; the same name wins, then the newer one."""
    rows = db.execute(
        "SELECT item, include, confidence, reason, at, criteria FROM waiting"
        " WHERE name = ? OR (label = ? AND label != '') ORDER BY name = ?, at",
        (name, label, name),
    )
    return {
        item_id: Decision(
            Opinion(bool(include), confidence, reason),
            "",
            criteria,
            0,
            to_instant(at),
            Origin.IMPORTED,
        )
        for item_id, include, confidence, reason, at, criteria in rows
    }


def adopt(
    db: sqlite3.Connection,
    library: str,
    slug: str,
    known_as: tuple[str, str],
    decisions: Mapping[int, Decision],
) -> None:
    """Make decisions of 0.5.x a collection's own; what was judged since then stays as it is.

    What else waits for the collection goes on waiting, but only for the same criteria.

    ``known_as`` is the collection's name and its tag in lower case.
    """
    judged = {
        criteria: ledgers.judged_ids(db, library, slug, criteria)
        for criteria in {one.criteria for one in decisions.values()}
    }
    fresh = {
        item_id: one for item_id, one in decisions.items() if item_id not in judged[one.criteria]
    }
    keeping.store_decisions(db, None, library, {slug: fresh})
    db.executemany(
        "DELETE FROM waiting WHERE item = ? AND (name = ? OR (label = ? AND label != ''))",
        [(item_id, *known_as) for item_id in decisions],
    )
    db.executemany(
        "UPDATE waiting SET criteria = ?"
        " WHERE criteria = '' AND (name = ? OR (label = ? AND label != ''))",
        [(criteria, *known_as) for criteria in judged],
    )
