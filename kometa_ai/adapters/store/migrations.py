"""The tables, as a list of steps that only ever grows: a step that was released is never edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable


def m001_runs_and_money(db: sqlite3.Connection) -> None:
    """Add the runs and what was paid for.

    USD is kept as decimal text: prices with cache and batch factors reach twelve places and shares
    of a request any number, so an integer unit would round. ``run`` has no foreign key anywhere:
    runs are pruned, money is not. Instants are microseconds since 1970 in UTC.
    """
    db.execute(
        """
        CREATE TABLE runs (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            trigger TEXT NOT NULL,
            began INTEGER NOT NULL,
            report TEXT
        )
        """
    )
    db.execute(
        """
        CREATE TABLE purchases (
            number INTEGER PRIMARY KEY,
            run INTEGER NOT NULL,
            library TEXT NOT NULL,
            model TEXT NOT NULL,
            at INTEGER NOT NULL,
            input_tokens INTEGER NOT NULL,
            output_tokens INTEGER NOT NULL,
            cache_read_tokens INTEGER NOT NULL,
            cache_write_tokens INTEGER NOT NULL,
            cost TEXT NOT NULL,
            pairs INTEGER NOT NULL,
            unconfirmed INTEGER NOT NULL
        )
        """
    )
    db.execute("CREATE INDEX purchases_at ON purchases (at)")
    db.execute(
        """
        CREATE TABLE shares (
            purchase INTEGER NOT NULL REFERENCES purchases ON DELETE CASCADE,
            slug TEXT NOT NULL,
            cost TEXT NOT NULL,
            PRIMARY KEY (purchase, slug)
        ) WITHOUT ROWID
        """
    )
    # What went out and was not answered yet; a killed run leaves its rows behind.
    db.execute(
        """
        CREATE TABLE reservations (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            run INTEGER NOT NULL,
            model TEXT NOT NULL,
            cost TEXT NOT NULL,
            at INTEGER NOT NULL
        )
        """
    )
    db.execute("CREATE TABLE marks (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")


def m002_decisions(db: sqlite3.Connection) -> None:
    """Add the decisions: every judged pair packed in pages, and a row for each that says more.

    ``used`` orders the criteria of a collection by when they were last in use. ``asleep`` marks
    decisions that are kept for ``--why`` but change nothing in a run, so that it need not read
    them. ``pages`` keeps its judgements last: a ledger does not read them.
    """
    db.execute(
        """
        CREATE TABLE criteria (
            number INTEGER PRIMARY KEY,
            library TEXT NOT NULL,
            slug TEXT NOT NULL,
            criteria TEXT NOT NULL,
            used INTEGER NOT NULL,
            UNIQUE (library, slug, criteria)
        )
        """
    )
    db.execute(
        """
        CREATE TABLE judgements (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            run INTEGER,
            model TEXT NOT NULL,
            at INTEGER NOT NULL,
            origin TEXT NOT NULL
        )
        """
    )
    db.execute(
        """
        CREATE TABLE pages (
            criteria INTEGER NOT NULL REFERENCES criteria ON DELETE CASCADE,
            page INTEGER NOT NULL,
            ids BLOB NOT NULL,
            fingerprints BLOB NOT NULL,
            judgements BLOB NOT NULL,
            PRIMARY KEY (criteria, page)
        )
        """
    )
    db.execute(
        """
        CREATE TABLE named (
            criteria INTEGER NOT NULL REFERENCES criteria ON DELETE CASCADE,
            asleep INTEGER NOT NULL,
            item INTEGER NOT NULL,
            include INTEGER NOT NULL,
            confidence REAL NOT NULL,
            reason TEXT NOT NULL,
            looked INTEGER NOT NULL,
            judgement INTEGER NOT NULL REFERENCES judgements,
            PRIMARY KEY (criteria, asleep, item)
        ) WITHOUT ROWID
        """
    )


def m003_tags(db: sqlite3.Connection) -> None:
    """Add what we know of tags: last seen, about to change, changed, held, pinned.

    Item ids are packed: an edit of a thousand titles is one row.
    """
    db.execute(
        """
        CREATE TABLE libraries (name TEXT PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID
        """
    )
    db.execute(
        """
        CREATE TABLE seen (
            library TEXT NOT NULL,
            slug TEXT NOT NULL,
            ids BLOB NOT NULL,
            PRIMARY KEY (library, slug)
        )
        """
    )
    db.execute(
        """
        CREATE TABLE intents (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            run INTEGER NOT NULL,
            library TEXT NOT NULL,
            slug TEXT NOT NULL,
            label TEXT NOT NULL,
            adding INTEGER NOT NULL,
            ids BLOB NOT NULL
        )
        """
    )
    db.execute(
        """
        CREATE TABLE journal (
            number INTEGER PRIMARY KEY,
            run INTEGER NOT NULL,
            library TEXT NOT NULL,
            slug TEXT NOT NULL,
            label TEXT NOT NULL,
            added INTEGER NOT NULL,
            at INTEGER NOT NULL,
            ids BLOB NOT NULL
        )
        """
    )
    db.execute("CREATE INDEX journal_run ON journal (run)")
    db.execute(
        """
        CREATE TABLE held (
            library TEXT NOT NULL,
            slug TEXT NOT NULL,
            run INTEGER NOT NULL,
            label TEXT NOT NULL,
            changes TEXT NOT NULL,
            PRIMARY KEY (library, slug)
        )
        """
    )
    db.execute(
        """
        CREATE TABLE pins (
            library TEXT NOT NULL,
            slug TEXT NOT NULL,
            item INTEGER NOT NULL,
            stance TEXT NOT NULL,
            origin TEXT NOT NULL,
            pinned INTEGER NOT NULL,
            criteria TEXT NOT NULL,
            PRIMARY KEY (library, slug, item)
        ) WITHOUT ROWID
        """
    )


def m004_waiting(db: sqlite3.Connection) -> None:
    """Add the decisions of 0.5.x, which wait until a collection of their name or tag turns up."""
    db.execute(
        """
        CREATE TABLE waiting (
            name TEXT NOT NULL,
            label TEXT NOT NULL,
            item INTEGER NOT NULL,
            include INTEGER NOT NULL,
            confidence REAL NOT NULL,
            reason TEXT NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (name, label, item)
        ) WITHOUT ROWID
        """
    )
    db.execute("CREATE INDEX waiting_label ON waiting (label)")


def m005_tmdb_ids(db: sqlite3.Connection) -> None:
    """Add what tells a title when a library that is set up anew gives its number to another.

    ``tmdb_ids`` goes along with ``ids``; empty, or 0 for a pin, means that it is not known. Pins
    get it into their key: two titles may have had the same number one after the other.
    """
    for table in ("seen", "intents", "journal"):
        db.execute(f"ALTER TABLE {table} ADD COLUMN tmdb_ids BLOB NOT NULL DEFAULT x''")
    db.execute("ALTER TABLE pins RENAME TO pins_by_number")
    db.execute(
        """
        CREATE TABLE pins (
            library TEXT NOT NULL,
            slug TEXT NOT NULL,
            item INTEGER NOT NULL,
            tmdb INTEGER NOT NULL,
            stance TEXT NOT NULL,
            origin TEXT NOT NULL,
            pinned INTEGER NOT NULL,
            criteria TEXT NOT NULL,
            PRIMARY KEY (library, slug, item, tmdb)
        ) WITHOUT ROWID
        """
    )
    db.execute(
        "INSERT INTO pins SELECT library, slug, item, 0, stance, origin, pinned, criteria"
        " FROM pins_by_number"
    )
    db.execute("DROP TABLE pins_by_number")


def m006_waiting_for_criteria(db: sqlite3.Connection) -> None:
    """Add under which criteria a collection took over what 0.5.x decided, to what still waits."""
    db.execute("ALTER TABLE waiting ADD COLUMN criteria TEXT NOT NULL DEFAULT ''")


def m007_outbox(db: sqlite3.Connection) -> None:
    """Add which runs people were told about, and the messages that wait for a channel.

    Runs of earlier versions count as told. A message holds no text: it is made from the run's
    report when it is sent. ``due`` is also how a process keeps others from sending the same.
    """
    db.execute("ALTER TABLE runs ADD COLUMN told INTEGER NOT NULL DEFAULT 1")
    db.execute(
        """
        CREATE TABLE messages (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            run INTEGER NOT NULL,
            at INTEGER NOT NULL,
            notification TEXT NOT NULL
        )
        """
    )
    db.execute(
        """
        CREATE TABLE deliveries (
            message INTEGER NOT NULL REFERENCES messages ON DELETE CASCADE,
            channel TEXT NOT NULL,
            due INTEGER NOT NULL,
            tries INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (message, channel)
        ) WITHOUT ROWID
        """
    )


def m008_outlines(db: sqlite3.Connection) -> None:
    """Add each run in outline: to know the last runs, a service must not read every title."""
    db.execute("CREATE TABLE outlines (run INTEGER PRIMARY KEY, outline TEXT NOT NULL)")


def m009_batches(db: sqlite3.Connection) -> None:
    """Add the open batches: what they ask, as far as their answers need it, and what it may cost.

    A request goes with the transaction that stores its answer, a batch when nothing more will come
    of it. ``newest`` is the account's newest batch before it.
    """
    db.execute(
        """
        CREATE TABLE batches (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            nonce TEXT NOT NULL,
            id TEXT NOT NULL DEFAULT '',
            sure INTEGER NOT NULL DEFAULT 0,
            called_off INTEGER NOT NULL DEFAULT 0,
            run INTEGER NOT NULL,
            library TEXT NOT NULL,
            model TEXT NOT NULL,
            at INTEGER NOT NULL,
            newest TEXT NOT NULL,
            total INTEGER NOT NULL
        )
        """
    )
    db.execute(
        """
        CREATE TABLE batch_requests (
            batch INTEGER NOT NULL REFERENCES batches ON DELETE CASCADE,
            number INTEGER NOT NULL,
            most TEXT NOT NULL,
            inquiry BLOB NOT NULL,
            PRIMARY KEY (batch, number)
        )
        """
    )


def m010_outlines_with_what_is_held(db: sqlite3.Connection) -> None:
    """Forget the outlines, which did not count what is held; until then whole reports are read."""
    db.execute("DELETE FROM outlines")


MIGRATIONS: Final[tuple[Callable[[sqlite3.Connection], None], ...]] = (
    m001_runs_and_money,
    m002_decisions,
    m003_tags,
    m004_waiting,
    m005_tmdb_ids,
    m006_waiting_for_criteria,
    m007_outbox,
    m008_outlines,
    m009_batches,
    m010_outlines_with_what_is_held,
)
