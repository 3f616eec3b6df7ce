"""What we know of tags: last seen, about to change, changed, held, pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kometa_ai.adapters.store.instants import to_instant, to_number
from kometa_ai.adapters.store.packing import pack_titles, unpack_titles
from kometa_ai.domain.decision import Pin, PinOrigin, Stance
from kometa_ai.domain.fault import FaultKind, StopError
from kometa_ai.domain.report import Change
from kometa_ai.ports import HeldRemovals, Intent, JournalEntry

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence, Set as AbstractSet
    from datetime import datetime

_changes = msgspec.json.Decoder(tuple[Change, ...])


def seen(db: sqlite3.Connection, library: str) -> dict[str, Mapping[int, int]]:
    """Return the members of each tag as we last applied or saw them, with their TMDB ids."""
    rows = db.execute(
        "SELECT slug, ids, tmdb_ids FROM seen WHERE library = ? ORDER BY slug", (library,)
    )
    return {slug: unpack_titles(ids, tmdb_ids) for slug, ids, tmdb_ids in rows}


def member_counts(db: sqlite3.Connection, library: str) -> dict[str, int]:
    """Return how many members each tag had when we last applied or saw it, by slug."""
    rows = db.execute("SELECT slug, length(ids) / 4 FROM seen WHERE library = ?", (library,))
    return dict(rows.fetchall())


def note_seen(
    db: sqlite3.Connection, library: str, members: Mapping[str, Mapping[int, int]]
) -> None:
    """Keep the present members; what is known already is not written again."""
    rows = db.execute("SELECT slug, ids, tmdb_ids FROM seen WHERE library = ?", (library,))
    known = {slug: (ids, tmdb_ids) for slug, ids, tmdb_ids in rows}
    packed = {slug: pack_titles(titles) for slug, titles in members.items()}
    db.executemany(
        "INSERT OR REPLACE INTO seen (library, slug, ids, tmdb_ids) VALUES (?, ?, ?, ?)",
        [(library, slug, *blobs) for slug, blobs in packed.items() if known.get(slug) != blobs],
    )


def intend(
    db: sqlite3.Connection,
    run_id: str,
    library: str,
    slug: str,
    *,
    label: str,
    titles: Mapping[int, int],
    add: bool,
) -> int:
    """Note an edit before it is made."""
    cursor = db.execute(
        "INSERT INTO intents (run, library, slug, label, adding, ids, tmdb_ids)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (int(run_id), library, slug, label, add, *pack_titles(titles)),
    )
    return int(cursor.lastrowid or 0)


def note_done(db: sqlite3.Connection, edit: int, done: AbstractSet[int], at: datetime) -> None:
    """Turn an intent into an entry of the journal, and keep what the tag holds since."""
    row = db.execute(
        "SELECT run, library, slug, label, adding, ids, tmdb_ids FROM intents WHERE number = ?",
        (edit,),
    ).fetchone()
    if row is None:
        raise StopError(
            FaultKind.STATE,
            f"The state does not know of tag edit {edit} any more.",
            remedy="Run again: the tags are read afresh and what is missing is put right.",
        )
    run, library, slug, label, adding, *blobs = row
    db.execute("DELETE FROM intents WHERE number = ?", (edit,))
    if not done:
        return
    intended = unpack_titles(*blobs)
    titles = {item_id: intended.get(item_id, 0) for item_id in done}
    db.execute(
        "INSERT INTO journal (run, library, slug, label, added, at, ids, tmdb_ids)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (run, library, slug, label, adding, to_number(at), *pack_titles(titles)),
    )
    known = seen(db, library).get(slug, {})
    left = {item_id: tmdb_id for item_id, tmdb_id in known.items() if item_id not in titles}
    note_seen(db, library, {slug: {**left, **titles} if adding else left})


def intents(db: sqlite3.Connection, library: str) -> list[Intent]:
    """Return the edits that were not noted as done, oldest first."""
    rows = db.execute(
        "SELECT number, slug, adding, ids, tmdb_ids FROM intents WHERE library = ? ORDER BY number",
        (library,),
    )
    return [
        Intent(number, slug, bool(adding), unpack_titles(ids, tmdb_ids))
        for number, slug, adding, ids, tmdb_ids in rows
    ]


def journal(db: sqlite3.Connection, run_id: str) -> list[JournalEntry]:
    """Return what a run changed, in order."""
    rows = db.execute(
        "SELECT slug, label, added, at, ids, tmdb_ids FROM journal WHERE run = ? ORDER BY number",
        (run_id,),
    )
    return [
        JournalEntry(run_id, slug, label, item_id, bool(added), to_instant(at), tmdb_id)
        for slug, label, added, at, ids, tmdb_ids in rows
        for item_id, tmdb_id in unpack_titles(ids, tmdb_ids).items()
    ]


def newest_change(db: sqlite3.Connection) -> str | None:
    """Return the newest run that changed tags."""
    (run,) = db.execute("SELECT max(run) FROM journal").fetchone()
    return None if run is None else str(run)


def hold(
    db: sqlite3.Connection,
    run_id: str,
    library: str,
    held_by_slug: Mapping[str, tuple[str, tuple[Change, ...]]],
) -> None:
    """Replace what is held for each slug."""
    db.executemany(
        "DELETE FROM held WHERE library = ? AND slug = ?",
        [(library, slug) for slug in held_by_slug],
    )
    db.executemany(
        "INSERT INTO held VALUES (?, ?, ?, ?, ?)",
        [
            (library, slug, int(run_id), label, msgspec.json.encode(changes).decode())
            for slug, (label, changes) in held_by_slug.items()
            if changes
        ],
    )


def held(db: sqlite3.Connection, library: str) -> list[HeldRemovals]:
    """Return the removals that wait for approval, newest run first."""
    rows = db.execute(
        "SELECT run, slug, label, changes FROM held WHERE library = ? ORDER BY run DESC, slug",
        (library,),
    )
    return [
        HeldRemovals(str(run), slug, label, _changes.decode(changes))
        for run, slug, label, changes in rows
    ]


def pins(db: sqlite3.Connection, library: str) -> list[Pin]:
    """Return every pin, in the order of collections and items."""
    rows = db.execute(
        "SELECT slug, item, stance, origin, pinned, criteria, tmdb FROM pins WHERE library = ?"
        " ORDER BY slug, item, pinned",
        (library,),
    )
    return [
        Pin(slug, item, Stance(stance), PinOrigin(origin), to_instant(pinned), criteria, tmdb)
        for slug, item, stance, origin, pinned, criteria, tmdb in rows
    ]


def pin(db: sqlite3.Connection, library: str, fresh: Sequence[Pin]) -> None:
    """Set pins, over those that the pairs had."""
    for one in fresh:
        unpin(db, library, one.slug, one.item_id, one.tmdb_id)
    db.executemany(
        "INSERT OR REPLACE INTO pins (library, slug, item, tmdb, stance, origin, pinned, criteria)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                library,
                one.slug,
                one.item_id,
                one.tmdb_id,
                one.stance,
                one.origin,
                to_number(one.pinned_at),
                one.criteria,
            )
            for one in fresh
        ],
    )


def unpin(db: sqlite3.Connection, library: str, slug: str, item_id: int, tmdb_id: int = 0) -> bool:
    """Take back what is pinned of a title; return whether there was anything.

    The TMDB id tells it, wherever both sides know it: another title may have had its number.
    """
    cursor = db.execute(
        "DELETE FROM pins WHERE library = :library AND slug = :slug"
        " AND ((item = :item AND 0 IN (tmdb, :tmdb)) OR (tmdb = :tmdb AND tmdb != 0))",
        {"library": library, "slug": slug, "item": item_id, "tmdb": tmdb_id},
    )
    return cursor.rowcount > 0


def rename(db: sqlite3.Connection, library: str, old: str, new: str) -> None:
    """Give a collection's pins to another slug; one that the pair has there already stays.

    What was held for the old tag goes: there is no collection any more that could approve it.
    """
    db.execute(
        "UPDATE OR IGNORE pins SET slug = ? WHERE library = ? AND slug = ?", (new, library, old)
    )
    db.execute("DELETE FROM pins WHERE library = ? AND slug = ?", (library, old))
    db.execute("DELETE FROM held WHERE library = ? AND slug = ?", (library, old))


def size(db: sqlite3.Connection, library: str) -> int | None:
    """Return how many titles the library held, ``None`` if it was never read."""
    row = db.execute("SELECT size FROM libraries WHERE name = ?", (library,)).fetchone()
    return None if row is None else int(row[0])


def note_size(db: sqlite3.Connection, library: str, count: int) -> None:
    """Keep how many titles the library held."""
    if size(db, library) != count:
        db.execute("INSERT OR REPLACE INTO libraries VALUES (?, ?)", (library, count))
