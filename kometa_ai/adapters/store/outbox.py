"""Messages on their way: each run is told once, and what could not be sent waits here."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from kometa_ai.adapters.store import marks
from kometa_ai.adapters.store.instants import to_instant, to_number
from kometa_ai.ports.channel import Delivery
from kometa_ai.recorded import decode_report

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

    from kometa_ai.domain.report import RunReport

TOLD: Final = "told troubles"
"""The mark that holds what people know already."""
CHANNELS: Final = "told channels"
"""The mark that holds the channels of the last sending, to know which are new."""
SOON: Final = timedelta(minutes=2)
"""What is due so soon may be in the hands of another process: it is left alone."""


def oldest_untold(db: sqlite3.Connection) -> RunReport | None:
    """Return the oldest finished run that nobody has been told about, or decided not to."""
    row = db.execute(
        "SELECT report FROM runs WHERE NOT told AND report IS NOT NULL ORDER BY number LIMIT 1"
    ).fetchone()
    return None if row is None else decode_report(row[0])


def has_untold(db: sqlite3.Connection) -> bool:
    """Return whether there is a finished run that nobody has been told about."""
    query = "SELECT 1 FROM runs WHERE NOT told AND report IS NOT NULL LIMIT 1"
    return db.execute(query).fetchone() is not None


def tell(
    db: sqlite3.Connection,
    run_id: str,
    at: datetime,
    notification: str | None,
    channels: Sequence[str],
    *,
    known: tuple[str | None, str],
) -> bool:
    """Take a run as told, and put a message for each channel into the outbox.

    ``known`` is what people knew before and what they know after. Nothing is done, and false
    returned, if another process was faster.
    """
    before, after = known
    row = db.execute("SELECT told FROM runs WHERE number = ?", (int(run_id),)).fetchone()
    if row is None or row[0] or marks.read(db, TOLD) != before:
        return False
    db.execute("UPDATE runs SET told = 1 WHERE number = ?", (int(run_id),))
    marks.write(db, TOLD, after)
    if notification is not None and channels:
        cursor = db.execute(
            "INSERT INTO messages (run, at, notification) VALUES (?, ?, ?)",
            (int(run_id), to_number(at), notification),
        )
        db.executemany(
            "INSERT INTO deliveries (message, channel, due) VALUES (?, ?, ?)",
            ((cursor.lastrowid, channel, to_number(at)) for channel in channels),
        )
        # News never overtake older ones, so what waits for hours is tried with them.
        db.execute(
            "UPDATE deliveries SET due = ? WHERE due > ?", (to_number(at), to_number(at + SOON))
        )
    return True


def tell_nobody(db: sqlite3.Connection) -> None:
    """Take every finished run as told: there is no channel to tell it by."""
    db.execute("UPDATE runs SET told = 1 WHERE NOT told AND report IS NOT NULL")
    db.execute("DELETE FROM messages")
    marks.keep(db, TOLD, None)


def claim(db: sqlite3.Connection, channel: str, now: datetime, lease: timedelta) -> Delivery | None:
    """Take a channel's oldest message if it is due; for so long nobody else gets it."""
    row = db.execute(
        "SELECT due, message, run, at, notification, tries FROM deliveries JOIN messages"
        " ON number = message WHERE channel = ? ORDER BY message LIMIT 1",
        (channel,),
    ).fetchone()
    if row is None or row[0] > to_number(now):
        return None
    _, number, run, at, notification, tries = row
    db.execute(
        "UPDATE deliveries SET due = ? WHERE message = ? AND channel = ?",
        (to_number(now + lease), number, channel),
    )
    return Delivery(number, str(run), to_instant(at), notification, tries)


def settle(db: sqlite3.Connection, message: int, channel: str) -> None:
    """Forget a delivery that was made, or given up."""
    db.execute("DELETE FROM deliveries WHERE message = ? AND channel = ?", (message, channel))
    db.execute("DELETE FROM messages WHERE number NOT IN (SELECT message FROM deliveries)")


def postpone(db: sqlite3.Connection, message: int, channel: str, due: datetime) -> None:
    """Count a failed try; all that waits for the channel waits at least until ``due``."""
    db.execute(
        "UPDATE deliveries SET tries = tries + 1 WHERE message = ? AND channel = ?",
        (message, channel),
    )
    db.execute(
        "UPDATE deliveries SET due = ? WHERE channel = ? AND (due < ? OR message = ?)",
        (to_number(due), channel, to_number(due), message),
    )


def hurry(db: sqlite3.Connection, now: datetime) -> None:
    """Make everything that waits due: the settings were changed, and it may work now."""
    db.execute("UPDATE deliveries SET due = ? WHERE due > ?", (to_number(now), to_number(now)))


def sort_out(
    db: sqlite3.Connection, channels: Sequence[str], *, oldest: datetime, latest: datetime
) -> tuple[int, int]:
    """Drop what is for channels that are gone, and what waits for too long; return both counts.

    What waits for a channel whose settings were corrected goes to the new ones of its kind.
    """
    known = (marks.read(db, CHANNELS) or "").split()
    new = [channel for channel in channels if channel not in known] if known else []
    marked = ", ".join("?" for _ in channels)
    rows = db.execute(
        f"SELECT DISTINCT channel FROM deliveries WHERE channel NOT IN ({marked})",  # noqa: S608 - only marks
        tuple(channels),
    ).fetchall()
    gone = 0
    for (channel,) in rows:
        heirs = [one for one in new if _kind(one) == _kind(channel)]
        db.executemany(
            "INSERT OR IGNORE INTO deliveries (message, channel, due)"
            " SELECT number, ?, at FROM deliveries JOIN messages ON number = message"
            " WHERE channel = ?",
            ((heir, channel) for heir in heirs),
        )
        left = db.execute("DELETE FROM deliveries WHERE channel = ?", (channel,)).rowcount
        gone += 0 if heirs else left
    if sorted(known) != sorted(channels):
        marks.write(db, CHANNELS, " ".join(channels))
    stale = db.execute(
        "DELETE FROM deliveries WHERE message IN (SELECT number FROM messages WHERE at < ?)",
        (to_number(oldest),),
    ).rowcount
    db.execute("DELETE FROM messages WHERE number NOT IN (SELECT message FROM deliveries)")
    # The clock was put back: nothing waits for so long.
    db.execute(
        "UPDATE deliveries SET due = ? WHERE due > ?", (to_number(latest), to_number(latest))
    )
    return gone, stale


def next_due(db: sqlite3.Connection) -> datetime | None:
    """Return when the next message is due, ``None`` if none waits."""
    # Each channel waits for its oldest message: SQLite takes "due" from the row of the minimum.
    (due,) = db.execute(
        "SELECT min(due) FROM (SELECT due, min(message) FROM deliveries GROUP BY channel)"
    ).fetchone()
    return None if due is None else to_instant(due)


def _kind(channel: str) -> str:
    """Return what kind of channel a key belongs to: mail, webhook, apprise."""
    return channel.partition("-")[0]
