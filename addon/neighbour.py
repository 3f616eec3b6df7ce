"""A run that another process makes on the same state: it is shown as if it were ours."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from kometa_ai.adapters.event_file import EventTail
from kometa_ai.adapters.locks import run_lock_is_held
from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.report import Result, RunFinished, RunReport, RunStarted

if TYPE_CHECKING:
    from pathlib import Path

    from addon.picture import Picture
    from kometa_ai.adapters.store import SqliteStore
    from kometa_ai.domain.report import Event
    from kometa_ai.ports import Clock

SILENCE: Final = 10.0
"""Seconds without a word after which it is worth a look whether the run still lives."""
ENDED_WITHOUT_A_WORD: Final = Fault(
    FaultKind.PROGRAM,
    "Kometa-AI",
    "The run that was started from the command line ended without a report.",
    "What was paid for is kept; run it again, and see what it says there.",
)


class Neighbour:
    """Follows the runs of other processes, from their beginning or from the middle."""

    def __init__(self, folder: Path, store: SqliteStore, clock: Clock, picture: Picture) -> None:
        self._folder = folder
        self._store = store
        self._clock = clock
        self._picture = picture
        self._tail = EventTail(folder, skip=not run_lock_is_held(folder))
        # What holds the lock may be the last breath of a run that has told its end.
        told = self._tail.events()
        over = bool(told) and isinstance(told[-1], RunFinished)
        self._untold: deque[Event] = deque(() if over else told)
        self._begun: RunStarted | None = None
        self._heard = clock.monotonic()

    async def look(self) -> None:
        """Take what was told since the last look; KometaAIError: the next look goes on there."""
        told = self._tail.events()
        if told:
            self._heard = self._clock.monotonic()
        self._untold.extend(told)
        while self._untold:
            await self._take(self._untold[0])
            self._untold.popleft()
        silent = self._clock.monotonic() - self._heard
        if self._begun is not None and silent > SILENCE:
            self._heard = self._clock.monotonic()
            if not run_lock_is_held(self._folder):
                await self._give_up(self._begun)

    async def _take(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._begun = event
        if isinstance(event, RunFinished):
            await self._picture.finish(event)
            self._begun = None
        elif self._begun is not None:
            self._picture.tell(event)

    async def _give_up(self, begun: RunStarted) -> None:
        report = await self._store.report(begun.run_id)
        if report is None:
            report = self._lost(begun)
            await self._store.finish_run(report)
        await self._picture.finish(RunFinished(report))
        self._begun = None

    def _lost(self, begun: RunStarted) -> RunReport:
        return RunReport(
            run_id=begun.run_id,
            trigger=begun.request.trigger,
            result=Result.FAILED,
            dry_run=begun.request.dry_run,
            started_at=begun.at,
            duration=max(0.0, (self._clock.now() - begun.at).total_seconds()),
            faults=(ENDED_WITHOUT_A_WORD,),
        )
