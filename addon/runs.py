"""One run at a time: begun at once, made by a worker, told to its end however that comes."""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from addon.worker.order import Checked, Deed, Estimated, Failed, Order
from addon.worker.process import worker
from kometa_ai.adapters.locks import RunLock
from kometa_ai.domain.fault import Fault, FaultKind, KometaAIError, SkipError, TryLaterError
from kometa_ai.domain.report import (
    FaultFound,
    PhaseBegan,
    Progress,
    Result,
    RunFinished,
    RunReport,
    RunRequest,
    RunStarted,
    Waiting,
)
from kometa_ai.notify import Delivered

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from addon.configuration import Configuration
    from addon.worker.order import Told
    from addon.worker.process import Worker
    from kometa_ai.adapters.store import SqliteStore
    from kometa_ai.domain.report import Event
    from kometa_ai.ports import Clock

LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class _Active:
    """The run that is going on; ``worker`` is there as soon as it has started."""

    run_id: str
    request: RunRequest
    since: datetime
    began: float
    worker: Worker | None = None
    cancelled: bool = False
    waiting: str = ""
    """How far the batch is that it waits for."""


class Runs:
    """Starts runs and follows them; ``tell`` gets their events, ``finish`` the end of each."""

    def __init__(
        self,
        configuration: Configuration,
        store: SqliteStore,
        clock: Clock,
        *,
        tell: Callable[[Event], None],
        finish: Callable[[RunFinished], Awaitable[None]],
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._clock = clock
        self._tell = tell
        self._finish = finish
        self._active: _Active | None = None
        self.idle = asyncio.Event()
        self.idle.set()

    @property
    def active(self) -> str | None:
        """Return the id of the run that is going on."""
        return self._active.run_id if self._active else None

    @property
    def pid(self) -> int | None:
        """Return the id of the process that makes the run."""
        worker = self._active.worker if self._active else None
        return worker.pid if worker else None

    async def begin(
        self, tasks: asyncio.TaskGroup, deed: Deed, request: RunRequest, about: str | None
    ) -> str:
        """Begin a run and return its id; a task of its own sees to the rest.

        Raises TryLaterError, which names it, when another run is active; whatever the state raises.
        """
        now = self._clock.now()
        if self._active is not None:
            raise self._busy(self._active)
        with ExitStack() as holding:
            lock = RunLock(self._configuration.settings.state_dir, now, f"by {request.trigger}")
            holding.enter_context(lock)
            run_id = await self._store.begin_run(request.trigger, now)
            active = _Active(run_id, request, now, self._clock.monotonic())
            kept = holding.pop_all()
        self._active = active
        self.idle.clear()
        self._tell(RunStarted(run_id, request, now))
        order = Order(deed, dict(self._configuration.loaded.written), request, run_id, about)
        tasks.create_task(self._follow(active, order, lock, kept), name=f"run-{run_id}")
        return run_id

    def cancel(self) -> str | None:
        """Ask the run to stop; return its id, ``None`` if there is none."""
        active = self._active
        if active is None:
            return None
        active.cancelled = True
        if active.worker is not None:
            active.worker.cancel()
        return active.run_id

    async def ask(
        self,
        deed: Deed,
        request: RunRequest | None = None,
        *,
        next_run: datetime | None = None,
    ) -> Estimated | Checked | Delivered:
        """Have a worker do something that is no run; raises SkipError if nothing comes of it."""
        settings = dict(self._configuration.loaded.written)
        order = Order(deed, settings, request or RunRequest(), next_run=next_run)
        faults: tuple[Fault, ...] = ()
        async with worker(order) as at_work:
            async for told in at_work.told():
                if isinstance(told, Estimated | Checked | Delivered):
                    return told
                if isinstance(told, Failed):
                    faults = told.faults
            how = await at_work.ended()
        if faults:
            raise SkipError(
                faults[0].kind,
                faults[0].message,
                remedy=faults[0].remedy,
                where=faults[0].where,
            )
        raise SkipError(FaultKind.PROGRAM, f"Nothing came of it: {how or 'no answer'}.")

    async def _follow(
        self, active: _Active, order: Order, lock: RunLock, holding: ExitStack
    ) -> None:
        heard = _Heard()
        try:
            with holding:
                async with worker(order, keep_open=(lock.fileno,)) as at_work:
                    active.worker = at_work
                    if active.cancelled:
                        at_work.cancel()
                    async for told in at_work.told():
                        event = heard.take(told)
                        if isinstance(event, PhaseBegan | Waiting):
                            active.waiting = event.words if isinstance(event, Waiting) else ""
                        if event is not None:
                            self._tell(event)
                    heard.how = await at_work.ended()
        except OSError as error:
            heard.how = f"its process could not be started ({error.strerror})"
        report = heard.report or await self._lost(active, heard)
        # Until the end is told nothing else begins: two runs would be shown as one.
        await self._finish(RunFinished(report))
        self._active = None
        self.idle.set()
        LOG.debug("after run %s: %s tasks", active.run_id, len(asyncio.all_tasks()))

    async def _lost(self, active: _Active, heard: _Heard) -> RunReport:
        """Return, and keep, the report of a run that left none."""
        cancelled = active.cancelled and not heard.faults
        report = RunReport(
            run_id=active.run_id,
            trigger=active.request.trigger,
            result=Result.CANCELLED if cancelled else Result.FAILED,
            dry_run=active.request.dry_run,
            started_at=active.since,
            duration=self._clock.monotonic() - active.began,
            faults=() if cancelled else heard.faults or (_vanished(heard.how),),
            selection=active.request.collections,
        )
        try:
            await self._store.finish_run(report)
        except KometaAIError as error:
            LOG.warning("the report of run %s could not be kept: %s", active.run_id, error)
        return report

    def _busy(self, active: _Active) -> TryLaterError:
        zone = self._configuration.settings.tz
        since = active.since.astimezone(zone)
        remedy = "Wait until it is done, or cancel it."
        if active.waiting:
            remedy = (
                f"It waits for a batch, {active.waiting}, which may take a day. Cancel it to run"
                " now; what is answered by then is used."
            )
        return TryLaterError(
            FaultKind.STATE,
            f"A run is active since {since:%H:%M:%S} (run {active.run_id}, by"
            f" {active.request.trigger}).",
            remedy=remedy,
        )


@dataclass(slots=True)
class _Heard:
    """What a worker said that is for the service itself."""

    report: RunReport | None = None
    faults: tuple[Fault, ...] = ()
    how: str = ""

    def take(self, told: Told) -> Event | None:
        """Return what is for everybody; the end is told when the process has ended too."""
        match told:
            case RunFinished(report=report):
                self.report = report
            case Failed(faults=faults):
                self.faults = faults
            case PhaseBegan() | Progress() | Waiting() | FaultFound():
                return told
            case RunStarted() | Estimated() | Checked() | Delivered():
                pass
        return None


def _vanished(how: str) -> Fault:
    return Fault(
        FaultKind.PROGRAM,
        "Kometa-AI",
        f"The run left no report: {how or 'it ended without a word'}.",
        "What was paid for is kept. Look into the log; if memory ran out, give it more.",
    )
