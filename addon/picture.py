"""Keeps the status true: from a run's events, from the state, from Kometa's files."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from addon.command import ALL
from addon.figures import collection_figures
from addon.status import Problem, Source, Status, after_run, every, fold, worst
from addon.unfinished import TOLD
from kometa_ai.cli.logs import log_event
from kometa_ai.cli.wiring import files_reader, policy
from kometa_ai.domain.fault import KometaAIError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from addon.configuration import Configuration
    from kometa_ai.adapters.store import SqliteStore
    from kometa_ai.domain.collection import Collection
    from kometa_ai.domain.report import Event, RunFinished
    from kometa_ai.ports import Clock, CollectionFiles

LOG = logging.getLogger(__name__)
LIBRARY: Final = "radarr"
RUNS: Final = 50
"""So many runs are looked through for the last word on a collection."""


class Picture:
    """The newest status, shown whenever it changed.

    ``show`` gets each new picture, ``pass_on`` each event of a run.
    """

    def __init__(
        self,
        configuration: Configuration,
        store: SqliteStore,
        clock: Clock,
        *,
        show: Callable[[Status], None],
        pass_on: Callable[[Event], None],
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._clock = clock
        self._show = show
        self._pass_on = pass_on
        self._collections: tuple[Collection, ...] = ()
        self._collections_known = False
        self._folder: Path | None = None
        self.status = Status()

    def tell(self, event: Event) -> None:
        """Take an event of a run, whoever runs it."""
        log_event(event)
        self._put(fold(self.status, event))
        self._pass_on(event)

    async def finish(self, event: RunFinished) -> None:
        """Take the end of a run: first all figures are true, then everybody hears of it."""
        log_event(event)
        try:
            await self.read_files(event)
            await self._store.set_mark(TOLD, event.report.run_id)
        except KometaAIError as error:
            # Over it is all the same: whoever waits for the end must not wait for ever.
            self._put(fold(self.status, event))
            self.blame(Source.STATE, Problem(str(error)))
        self._pass_on(event)

    def change(self, **parts: Any) -> None:  # noqa: ANN401 - the fields of Status, each of its own type
        """Put other values in place."""
        self._put(replace(self.status, **parts))

    def cancelling(self) -> None:
        """Show that the run was asked to stop."""
        if self.status.live is not None:
            self.change(live=replace(self.status.live, cancelling=True))

    def blame(self, source: Source, problem: Problem | None) -> None:
        """Show a problem of one source, or that it has none."""
        if problem is not None and self.status.problems.get(source) != problem:
            LOG.warning("%s %s", problem.reason, problem.remedy)
        self._put(self.status.with_problem(source, problem))

    def show_settings(self) -> None:
        """Show the settings in use, and what is wrong with newer ones."""
        faults = self._configuration.faults
        self.blame(Source.SETTINGS, every(faults) if faults else None)
        settings = self._configuration.settings
        self.change(
            cron="; ".join(str(cron) for cron in settings.schedule_cron),
            max_evals=settings.max_evals_per_run,
            budget_month=settings.monthly_budget,
        )

    async def read_files(self, event: Event | None = None) -> None:
        """Read which collections Kometa's files hold now, and show them together with an event.

        While a file can't be read, what it held stays: an entity that goes loses the name and the
        place that its owner gave it.
        """
        reader = files_reader(self._configuration.settings, dry_run=True)
        files = await asyncio.to_thread(reader)
        self.blame(Source.FILES, worst(tuple(files.faults)) if files.faults else None)
        if files.folder != self._folder:
            self._folder = files.folder
            LOG.info("Kometa's files are read in %s", files.folder or "no folder")
        self._collections = self._known(files)
        self._collections_known = self._collections_known or not files.faults
        await self.refresh(event)

    async def refresh(self, event: Event | None = None) -> None:
        """Read the figures from the state, and show them together with an event."""
        store = self._store
        month = policy(self._configuration.settings).month_of(self._clock.now())
        runs = await store.outlines(RUNS)
        held = await store.held(LIBRARY)
        members = await store.member_counts(LIBRARY)
        costs = await store.spent_by_slug(*month)
        spent = await store.spent_between(*month)
        movies = await store.library_size(LIBRARY)
        # Nothing is awaited from here on: what changed meanwhile must not be lost.
        status = self.status if event is None else fold(self.status, event)
        collections = collection_figures(
            self._collections,
            runs,
            members=members,
            held={one.slug: len(one.changes) for one in held},
            costs=costs,
        )
        names = {one.name for one in collections.values()}
        selected = status.selected if status.selected in names else ALL
        self._put(
            replace(
                status,
                collections=collections,
                collections_known=self._collections_known,
                movies=movies,
                cost_month=spent,
                selected=selected,
            ).with_problem(Source.STATE, None)
        )

    async def show_last_run(self) -> None:
        """Show what the last run of an earlier life came to; what was wrong then still is."""
        newest = await self._store.outlines(limit=1)
        if newest:
            self._put(after_run(self.status, newest[0]))

    def _known(self, files: CollectionFiles) -> tuple[Collection, ...]:
        now = {one.slug: one for one in files.collections if one.library == LIBRARY}
        if files.faults:
            now = {one.slug: one for one in self._collections if one.slug not in now} | now
        return tuple(now.values())

    def _put(self, status: Status) -> None:
        if status != self.status:
            self.status = status
            self._show(status)
