"""The whole state in figures, for ``--dump-state``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kometa_ai.adapters.store import marks
from kometa_ai.adapters.store.instants import to_instant
from kometa_ai.adapters.store.packing import unpack_ids
from kometa_ai.adapters.store.purchases import spent_by_month
from kometa_ai.adapters.store.schema import version_of

if TYPE_CHECKING:
    import sqlite3

    from kometa_ai.adapters.store.database import Database


def dump(db: sqlite3.Connection, database: Database) -> dict[str, object]:
    """Return plain data, ready for JSON."""
    return {
        "file": str(database.file),
        "bytes": database.file.stat().st_size,
        "schema": version_of(db),
        "backups": [copy.name for copy in database.backups.all()],
        "runs": _runs(db),
        "collections": _collections(db),
        "seen": _seen(db),
        "pins": _rows(
            db,
            "SELECT library, slug, item, tmdb, stance, origin, pinned AS at FROM pins"
            " ORDER BY library, slug, item",
        ),
        "held": [
            one | {"removals": json.loads(str(one["removals"]))}
            for one in _rows(
                db,
                "SELECT library, slug, run, label, changes AS removals FROM held"
                " ORDER BY library, slug",
            )
        ],
        "edits_in_doubt": _rows(db, "SELECT number, run, library, slug, adding FROM intents"),
        "batches": _rows(
            db,
            "SELECT batches.number, id, run, model, at, total AS requests, called_off,"
            " count(most) AS waiting, round(coalesce(sum(most), 0), 6) AS reserved_usd"
            " FROM batches LEFT JOIN batch_requests ON batch = batches.number"
            " GROUP BY batches.number",
        ),
        "messages_waiting": _rows(
            db,
            "SELECT number, run, at, channel, tries FROM messages JOIN deliveries"
            " ON message = number ORDER BY number, channel",
        ),
        "spent_usd": {month: str(cost) for month, cost in spent_by_month(db).items()},
        "legacy_import": json.loads(marks.read(db, marks.LEGACY_IMPORT) or "null"),
        "legacy_waiting": _rows(
            db,
            "SELECT name, label, count(*) AS decisions FROM waiting GROUP BY name, label",
        ),
    }


def _runs(db: sqlite3.Connection) -> dict[str, object]:
    (count, first, last) = db.execute(
        "SELECT count(*), min(number), max(number) FROM runs"
    ).fetchone()
    return {"count": count, "oldest": first, "newest": last}


def _collections(db: sqlite3.Connection) -> list[dict[str, object]]:
    """Return the counts of every collection, one entry for each criteria that is kept."""
    return _rows(
        db,
        "SELECT library, slug, criteria.criteria, used,"
        " (SELECT coalesce(sum(length(ids)), 0) / 4 FROM pages WHERE criteria = number) AS judged,"
        " (SELECT count(*) FROM named WHERE named.criteria = number) AS named,"
        " (SELECT count(*) FROM named WHERE named.criteria = number AND include) AS included"
        " FROM criteria ORDER BY library, slug, used DESC",
    )


def _seen(db: sqlite3.Connection) -> list[dict[str, object]]:
    rows = db.execute("SELECT library, slug, ids FROM seen ORDER BY library, slug")
    return [
        {"library": library, "slug": slug, "members": len(unpack_ids(ids))}
        for library, slug, ids in rows
    ]


def _rows(db: sqlite3.Connection, query: str) -> list[dict[str, object]]:
    cursor = db.execute(query)
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    for row in rows:
        if "at" in row:
            row["at"] = to_instant(row["at"]).isoformat()
    return rows
