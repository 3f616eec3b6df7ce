"""The store that a run talks to: each method is one transaction on the store's own thread."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kometa_ai.adapters.store import (
    batches,
    contents,
    ledgers,
    marks,
    outbox,
    purchases,
    runs,
    tags,
    waiting,
)
from kometa_ai.adapters.store.threaded import Threaded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set as AbstractSet
    from datetime import datetime, timedelta
    from decimal import Decimal
    from pathlib import Path
    from sqlite3 import Connection

    from kometa_ai.domain.decision import Decision, Ledger, Pin
    from kometa_ai.domain.inquiry import RememberedInquiry
    from kometa_ai.domain.report import Change, RunReport, Trigger
    from kometa_ai.excerpt import RunExcerpt
    from kometa_ai.outline import RunOutline
    from kometa_ai.ports import (
        Delivery,
        HeldRemovals,
        Intent,
        JournalEntry,
        NewBatch,
        OpenBatch,
        Purchase,
    )


def _rename(db: Connection, library: str, old: str, new: str) -> None:
    ledgers.rename(db, library, old, new)
    batches.rename(db, library, old, new)
    tags.rename(db, library, old, new)


def _newest_criteria(db: Connection, library: str) -> dict[str, str]:
    # What was never judged may be on its way.
    return batches.criteria(db, library) | ledgers.newest_criteria(db, library)


class SqliteStore(Threaded):
    """The state in a folder, table by table."""

    # Runs and reports

    async def begin_run(self, trigger: Trigger, at: datetime) -> str:
        return await self._note(runs.begin, trigger, at)

    async def finish_run(self, report: RunReport) -> None:
        await self._note(runs.finish, report)

    async def reports(self, limit: int = 20) -> list[RunReport]:
        return await self._read(runs.newest, limit)

    async def report(self, run_id: str) -> RunReport | None:
        return await self._read(runs.one, run_id)

    async def unfinished_runs(self) -> list[tuple[str, Trigger, datetime]]:
        """Return the runs that have begun and left no report: id, trigger and beginning."""
        return await self._read(runs.unfinished)

    async def outlines(self, limit: int) -> list[RunOutline]:
        """Return the newest finished runs in outline, newest first."""
        return await self._read(runs.outlines, limit)

    async def excerpt(self, run_id: str) -> RunExcerpt | None:
        """Return one finished run with the first titles of each list."""
        return await self._read(runs.excerpt, run_id)

    # Money and decisions

    async def spent_between(self, start: datetime, end: datetime) -> Decimal:
        return await self._read(purchases.spent_between, start, end)

    async def spent_by_slug(self, start: datetime, end: datetime) -> dict[str, Decimal]:
        """Return what was paid for each collection between two instants, by slug."""
        return await self._read(purchases.spent_by_slug, start, end)

    async def reserve(self, run_id: str, model: str, cost: Decimal, at: datetime) -> int:
        return await self._note(purchases.reserve, run_id, model, cost, at)

    async def release(self, reservation: int) -> None:
        await self._note(purchases.release, reservation)

    async def book_reservations(self) -> dict[str, Decimal]:
        return await self._write(purchases.book_reservations)

    async def record(self, run_id: str, purchase: Purchase) -> None:
        await self._write(purchases.record, run_id, purchase)

    async def open_batch(self, run_id: str, batch: NewBatch) -> OpenBatch:
        return await self._write(batches.begin, run_id, batch)

    async def open_batches(self) -> list[OpenBatch]:
        return await self._read(batches.all_open)

    async def name_batch(self, number: int, batch: str, *, sure: bool) -> None:
        await self._write(batches.name, number, batch, sure=sure)

    async def note_called_off(self, number: int) -> None:
        await self._note(batches.call_off, number)

    async def inquiries(self, number: int) -> dict[int, RememberedInquiry]:
        return await self._read(batches.inquiries, number)

    async def close_batch(self, number: int) -> None:
        await self._note(batches.close, number)

    async def ledgers(
        self, library: str, criteria: Mapping[str, str], fingerprints: Mapping[int, int]
    ) -> dict[str, Ledger]:
        """Return all decisions of collections under these criteria, which are in use now."""
        return await self._on_thread(partial(self._ledgers, library, criteria, fingerprints))

    async def judged_before(self, library: str, slug: str, criteria: str) -> frozenset[int]:
        return await self._read(ledgers.judged_otherwise, library, slug, criteria)

    async def newest_criteria(self, library: str) -> Mapping[str, str]:
        return await self._read(_newest_criteria, library)

    async def rename(self, library: str, old: str, new: str) -> None:
        """Give decisions and pins to another slug, and what is on its way from Claude.

        What was held for the old one is let go.
        """
        await self._write(_rename, library, old, new)

    async def decisions(self, library: str, slug: str, item_id: int) -> list[Decision]:
        return await self._read(ledgers.every_decision, library, slug, item_id)

    # The move from 0.5.x

    async def import_done(self) -> bool:
        """Return whether 0.5.x's decisions were imported, or ruled out by a reset."""
        return await self._read(waiting.import_done)

    async def import_legacy(
        self, decisions: Mapping[tuple[str, str], Mapping[int, Decision]], source: str
    ) -> bool:
        """Keep 0.5.x's decisions, by collection name and tag; return false if that was done."""
        return await self._write(waiting.import_once, decisions, source, self._clock.now())

    async def imported(self, name: str, label: str) -> Mapping[int, Decision]:
        return await self._read(waiting.waiting_for, name, label)

    async def adopt(
        self, library: str, slug: str, name: str, label: str, decisions: Mapping[int, Decision]
    ) -> None:
        await self._write(waiting.adopt, library, slug, (name, label), decisions)

    # Pins

    async def pins(self, library: str) -> list[Pin]:
        return await self._read(tags.pins, library)

    async def pin(self, library: str, pins: Sequence[Pin]) -> None:
        await self._write(tags.pin, library, pins)

    async def unpin(self, library: str, slug: str, item_id: int, tmdb_id: int = 0) -> bool:
        return await self._write(tags.unpin, library, slug, item_id, tmdb_id)

    # Tags

    async def seen(self, library: str) -> dict[str, Mapping[int, int]]:
        return await self._read(tags.seen, library)

    async def note_seen(self, library: str, members: Mapping[str, Mapping[int, int]]) -> None:
        await self._write(tags.note_seen, library, members)

    async def intend(
        self,
        run_id: str,
        library: str,
        slug: str,
        label: str,
        titles: Mapping[int, int],
        *,
        add: bool,
    ) -> int:
        return await self._note(
            tags.intend, run_id, library, slug, label=label, titles=titles, add=add
        )

    async def note_done(self, edit: int, done: AbstractSet[int], at: datetime) -> None:
        await self._write(tags.note_done, edit, done, at)

    async def intents(self, library: str) -> list[Intent]:
        return await self._read(tags.intents, library)

    async def journal(self, run_id: str) -> list[JournalEntry]:
        return await self._read(tags.journal, run_id)

    async def newest_change(self) -> str | None:
        return await self._read(tags.newest_change)

    async def hold(
        self, run_id: str, library: str, held: Mapping[str, tuple[str, tuple[Change, ...]]]
    ) -> None:
        await self._write(tags.hold, run_id, library, held)

    async def held(self, library: str) -> list[HeldRemovals]:
        return await self._read(tags.held, library)

    async def library_size(self, library: str) -> int | None:
        return await self._read(tags.size, library)

    async def note_library_size(self, library: str, size: int) -> None:
        await self._note(tags.note_size, library, size)

    async def member_counts(self, library: str) -> dict[str, int]:
        """Return how many members each tag had when we last applied or saw it, by slug."""
        return await self._read(tags.member_counts, library)

    # What the service remembers

    async def mark(self, name: str) -> str | None:
        """Return what was kept under a name, ``None`` if nothing was."""
        return await self._read(marks.read, name)

    async def set_mark(self, name: str, value: str | None) -> None:
        """Keep a text under a name; ``None`` forgets it."""
        await self._note(marks.keep, name, value)

    # What people are told

    async def oldest_untold(self) -> RunReport | None:
        return await self._read(outbox.oldest_untold)

    async def has_untold(self) -> bool:
        return await self._read(outbox.has_untold)

    async def told(self) -> str | None:
        return await self.mark(outbox.TOLD)

    async def tell(
        self,
        run_id: str,
        at: datetime,
        notification: str | None,
        channels: Sequence[str],
        *,
        known: tuple[str | None, str],
    ) -> bool:
        return await self._note(outbox.tell, run_id, at, notification, channels, known=known)

    async def tell_nobody(self) -> None:
        await self._note(outbox.tell_nobody)

    async def claim(self, channel: str, now: datetime, lease: timedelta) -> Delivery | None:
        return await self._note(outbox.claim, channel, now, lease)

    async def settle(self, message: int, channel: str) -> None:
        await self._note(outbox.settle, message, channel)

    async def postpone(self, message: int, channel: str, due: datetime) -> None:
        await self._note(outbox.postpone, message, channel, due)

    async def hurry(self, now: datetime) -> None:
        await self._note(outbox.hurry, now)

    async def sort_out(
        self, channels: Sequence[str], *, oldest: datetime, latest: datetime
    ) -> tuple[int, int]:
        return await self._note(outbox.sort_out, channels, oldest=oldest, latest=latest)

    async def next_due(self) -> datetime | None:
        return await self._read(outbox.next_due)

    # The state itself

    async def backup(self) -> Path | None:
        """Take a backup if anything changed since the newest one; return it."""
        return await self._on_thread(self._database.back_up)

    async def dump(self) -> dict[str, object]:
        """Return the whole state in figures, as plain data."""
        return await self._read(contents.dump, self._database)

    def _ledgers(
        self, library: str, criteria: Mapping[str, str], fingerprints: Mapping[int, int]
    ) -> dict[str, Ledger]:
        """Read ledgers, on the thread; only going back to earlier criteria writes."""
        for slug, in_use in self._database.read(ledgers.in_use_earlier, library, criteria).items():
            self._database.note(ledgers.use, library, slug, in_use)
        return self._database.read(ledgers.read_ledgers, library, criteria, fingerprints)
