"""What a run tells: faults and notices while it goes on, its report however it ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from kometa_ai.domain.fault import Fault, FaultKind, KometaAIError
from kometa_ai.domain.report import (
    FaultFound,
    PhaseBegan,
    Result,
    RunFinished,
    RunReport,
    RunStarted,
    Spending,
)

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable
    from datetime import datetime
    from decimal import Decimal

    from kometa_ai.domain.report import CollectionReport, Phase, RunRequest
    from kometa_ai.house import House


@dataclass(slots=True)
class Chronicle:
    """The story of one run. ``began`` is on the clock that never jumps."""

    house: House
    run_id: str
    request: RunRequest
    started: datetime
    began: float
    faults: list[Fault] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    failed: bool = False

    def phase(self, phase: Phase) -> None:
        """Tell that the run goes on to its next part."""
        self.house.tell(PhaseBegan(phase))

    def add_faults(self, faults: Iterable[Fault]) -> None:
        """Note what went wrong while the run goes on."""
        for fault in faults:
            self.faults.append(fault)
            self.house.tell(FaultFound(fault))

    def fail(self, fault: Fault) -> None:
        """Note what ended the run early."""
        self.failed = True
        self.add_faults([fault])

    def notice(self, *sentences: str) -> None:
        """Note what a person should know."""
        self.notices += sentences

    def report(
        self,
        collections: tuple[CollectionReport, ...],
        *,
        cancelled: bool,
        spent_this_month: Decimal,
        spending: Spending | None = None,
        items: int = 0,
        exhausted: str = "",
    ) -> RunReport:
        """Return the report, as things stand."""
        house = self.house
        return RunReport(
            run_id=self.run_id,
            trigger=self.request.trigger,
            result=self._result(collections, cancelled=cancelled),
            dry_run=self.request.dry_run,
            started_at=self.started,
            duration=house.clock.monotonic() - self.began,
            collections=collections,
            spending=spending or Spending(),
            spent_this_month=spent_this_month,
            monthly_budget=house.policy.monthly_budget,
            items=items,
            model=house.judge.model.name,
            faults=tuple(self.faults),
            notices=tuple(self.notices),
            exhausted=exhausted,
            selection=self.request.collections,
        )

    def _result(self, collections: tuple[CollectionReport, ...], *, cancelled: bool) -> Result:
        """Return how the run ended: the worst that is true of it."""
        if cancelled:
            return Result.CANCELLED
        if self.failed:
            return Result.FAILED
        if self.faults:
            return Result.PARTIAL
        if self.request.dry_run:
            return Result.DRY_RUN
        return Result.HELD if any(one.held for one in collections) else Result.SUCCESS


class Walk(Protocol):
    """One way to go through a run."""

    async def follow(self) -> None:
        """Do what the run is for."""

    async def report(self, *, cancelled: bool) -> RunReport:
        """Say what came of it, so far as it came."""


async def open_chronicle(house: House, request: RunRequest) -> Chronicle:
    """Note that a run begins, and what there is to say about the state that it begins with."""
    now, began = house.clock.now(), house.clock.monotonic()
    run_id = house.announced
    if run_id is None:
        run_id = await house.store.begin_run(request.trigger, now)
        house.tell(RunStarted(run_id, request, now))
    chronicle = Chronicle(house, run_id, request, now, began)
    chronicle.add_faults(one for one in house.opening if isinstance(one, Fault))
    chronicle.notice(*(one for one in house.opening if isinstance(one, str)))
    return chronicle


async def go(walk: Walk, chronicle: Chronicle) -> RunReport:
    """Follow a walk to its end, and store and tell its report.

    A cancellation and a bug of ours are passed on, after the report of what was done until then.
    """
    try:
        await walk.follow()
    except KometaAIError as error:
        chronicle.fail(error.fault)
    except asyncio.CancelledError:
        await _to_the_end(_close(walk, chronicle, cancelled=True))
        raise
    except Exception as error:  # a bug: passed on as soon as its report is stored
        chronicle.fail(_bug(error))
        await _to_the_end(_close(walk, chronicle, cancelled=False))
        raise
    return await _to_the_end(_close(walk, chronicle, cancelled=False))


async def _close(walk: Walk, chronicle: Chronicle, *, cancelled: bool) -> RunReport:
    report = await walk.report(cancelled=cancelled)
    await chronicle.house.store.finish_run(report)
    chronicle.house.tell(RunFinished(report))
    return report


async def _to_the_end(closing: Coroutine[None, None, RunReport]) -> RunReport:
    """Store and tell a report even if a cancellation comes meanwhile; it is passed on then."""
    task = asyncio.create_task(closing, name="close")
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


def _bug(error: Exception) -> Fault:
    return Fault(
        FaultKind.PROGRAM,
        "Kometa-AI",
        f"The program itself failed ({type(error).__name__}: {error}).",
        "That is a bug: please report it with the traceback in the log.",
    )
