"""Has people told what runs did: a worker writes and sends, and comes again for what waits."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from addon.status import Problem, Source
from addon.waiting import set_within
from addon.worker.order import Deed
from kometa_ai.cli.audience import has_audience
from kometa_ai.cli.failure import note_failure
from kometa_ai.domain.fault import KometaAIError
from kometa_ai.notify import Delivered

if TYPE_CHECKING:
    from datetime import datetime

    from addon.configuration import Configuration
    from addon.picture import Picture
    from addon.runs import Runs
    from kometa_ai.adapters.store import SqliteStore
    from kometa_ai.domain.fault import Fault
    from kometa_ai.domain.report import Trigger
    from kometa_ai.ports import Clock

LOG = logging.getLogger(__name__)
TRY_AGAIN: Final = timedelta(minutes=1)
"""How long to wait when not even the trying worked."""
REMEDY: Final = "It is tried again by itself; --test-notification tells when it works."


class Post:
    """Sends after each run, and when something that waits is due."""

    def __init__(
        self,
        configuration: Configuration,
        store: SqliteStore,
        clock: Clock,
        picture: Picture,
        runs: Runs,
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._clock = clock
        self._picture = picture
        self._runs = runs
        self._wanted = asyncio.Event()
        # After a start or other settings, what failed before may well work.
        self._hurry = True

    def wake(self, *, hurry: bool = False) -> None:
        """Look whether there is something to tell; in a hurry, nothing waits for its time."""
        self._hurry = self._hurry or hurry
        self._wanted.set()

    async def report_failure(self, trigger: Trigger, fault: Fault) -> None:
        """Have people told of a run that could not begin."""
        try:
            await note_failure(self._store, trigger, (fault,), self._clock)
        except KometaAIError as error:
            LOG.warning("that a run could not begin was not kept: %s", error)
        self.wake()

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self._wanted.clear()
            due = await self._look()
            wait = None if due is None else max(1.0, (due - self._clock.now()).total_seconds())
            await set_within(self._wanted, self._clock, wait)

    async def _look(self) -> datetime | None:
        """Send what is due; return when to look again, ``None`` for not before the next run."""
        try:
            return await self._send()
        except (KometaAIError, OSError) as error:
            self._picture.blame(Source.MESSAGES, Problem(f"Messages can't be sent: {error}"))
            return self._clock.now() + TRY_AGAIN

    async def _send(self) -> datetime | None:
        store, now = self._store, self._clock.now()
        if not self._configuration.usable:
            return None
        if not has_audience(self._configuration.settings):
            await store.tell_nobody()
            self._picture.blame(Source.MESSAGES, None)
            return None
        if self._hurry:
            await store.hurry(now)
            self._hurry = False
        if not await store.has_untold():
            due = await store.next_due()
            if due is None or due > now:
                return due
        found = await self._runs.ask(Deed.DELIVER, next_run=self._picture.status.next_run)
        if not isinstance(found, Delivered):
            return now + TRY_AGAIN
        self._show(found)
        return found.next_due

    def _show(self, delivered: Delivered) -> None:
        for one in delivered.sent:
            if one.well:
                LOG.info("%s: %s", one.channel, one.said)
        failed = [one for one in delivered.sent if not one.well]
        if failed:
            remedy = REMEDY if any(one.kept for one in failed) else ""
            told = f"A message could not be sent. {' '.join(one.said for one in failed)}"
            self._picture.blame(Source.MESSAGES, Problem(told, remedy))
        elif delivered.next_due is None:
            self._picture.blame(Source.MESSAGES, None)
