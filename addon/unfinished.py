"""What an earlier life left open: runs that were cut off, and endings that nobody heard of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from addon.command import Command, Word
from kometa_ai.adapters.locks import run_lock_is_held
from kometa_ai.cli.failure import CUT_OFF, finish_cut_off_runs
from kometa_ai.domain.report import UNATTENDED, Result

if TYPE_CHECKING:
    from pathlib import Path

    from kometa_ai.adapters.store import SqliteStore
    from kometa_ai.domain.report import RunReport

TOLD: Final = "ending told"
"""The mark that holds the id of the last run whose end was told."""


async def finish_what_was_cut_off(store: SqliteStore, folder: Path) -> None:
    """Report of the runs that were cut off, unless one is active: that one will still tell."""
    if not run_lock_is_held(folder):
        await finish_cut_off_runs(store)


async def untold_ending(store: SqliteStore) -> RunReport | None:
    """Return the newest run if it was stopped or failed while nobody was there to tell of it."""
    told = await store.mark(TOLD)
    # In outline: the whole report of a first run is large, and mostly it is not needed.
    newest = next(iter(await store.outlines(limit=1)), None)
    if told is None or newest is None or int(newest.run_id) <= int(told):
        return None
    if newest.result not in {Result.CANCELLED, Result.FAILED}:
        return None
    return await store.report(newest.run_id)


async def going_on(store: SqliteStore, run_id: str) -> Command | None:
    """Return what goes on with a run that was ended while it waited: it does no more than that one.

    ``None``: that was a person's, and died without a word of whether it was a dry run.
    """
    report = await store.report(run_id)
    if report is None:
        return None
    if CUT_OFF in report.faults and report.trigger not in UNATTENDED:
        return None
    return Command(Word.DRY_RUN if report.dry_run else Word.RUN, report.selection)
