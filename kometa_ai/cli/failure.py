"""The report of a run that could not even begin, so that it is told like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.report import Result, RunReport

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from kometa_ai.domain.report import Trigger
    from kometa_ai.ports import Clock, Store

CUT_OFF: Final = Fault(
    FaultKind.PROGRAM,
    "Kometa-AI",
    "The run was cut off: by a power failure, a lack of memory, or a kill.",
    "What was paid for is kept; the next run goes on from there.",
)


async def note_failure(
    store: Store, trigger: Trigger, faults: Sequence[Fault], clock: Clock
) -> RunReport:
    """Keep such a report in the state, as a run of its own."""
    now = clock.now()
    report = failure_of(await store.begin_run(trigger, now), trigger, faults, now)
    await store.finish_run(report)
    return report


async def finish_cut_off_runs(store: Store) -> bool:
    """Give every run that has begun and left no report the report that it failed.

    Only while no run is active. Return whether there was one.
    """
    cut_off = await store.unfinished_runs()
    for run_id, trigger, began in cut_off:
        await store.finish_run(failure_of(run_id, trigger, (CUT_OFF,), began))
    return bool(cut_off)


def failure_of(run_id: str, trigger: Trigger, faults: Sequence[Fault], at: datetime) -> RunReport:
    """Return such a report."""
    return RunReport(
        run_id=run_id,
        trigger=trigger,
        result=Result.FAILED,
        dry_run=False,
        started_at=at,
        duration=0.0,
        faults=tuple(faults),
    )
