"""What an earlier life left open: runs that were cut off, and endings that nobody heard of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kometa_ai.adapters.locks import run_lock_is_held
from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.report import Result, RunReport

if TYPE_CHECKING:
    from pathlib import Path

    from kometa_ai.adapters.store import SqliteStore

TOLD: Final = "ending told"
"""The mark that holds the id of the last run whose end was told."""
CUT_OFF: Final = Fault(
    FaultKind.PROGRAM,
    "Kometa-AI",
    "The run was cut off: by a power failure, a lack of memory, or a kill.",
    "What was paid for is kept; the next run goes on from there.",
)


async def finish_cut_off_runs(store: SqliteStore, folder: Path) -> None:
    """Give every run that has begun and left no report the report that it failed."""
    if run_lock_is_held(folder):
        return  # the one that holds it will still tell
    for run_id, trigger, began in await store.unfinished_runs():
        await store.finish_run(
            RunReport(
                run_id=run_id,
                trigger=trigger,
                result=Result.FAILED,
                dry_run=False,
                started_at=began,
                duration=0.0,
                faults=(CUT_OFF,),
            )
        )


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
