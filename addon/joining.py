"""Joins the parts of the service, and lives as long as they do."""

from __future__ import annotations

import asyncio
import logging
import random
from pathlib import Path
from typing import TYPE_CHECKING

from addon.broker_search import BrokerSearch, broker_of
from addon.checkup import Checkup
from addon.command import Command, Word
from addon.memory import read_switches
from addon.mqtt.bridge import Bridge
from addon.mqtt.topics import Topics
from addon.neighbour import Neighbour
from addon.picture import Picture
from addon.post import Post
from addon.pulse import Pulse
from addon.runs import Runs
from addon.scheduler import Plan, Scheduler
from addon.service import Service
from addon.status import Problem, Source
from addon.unfinished import finish_what_was_cut_off, going_on, untold_ending
from addon.watching import Watching
from addon.web.door import door_of
from addon.web.server import Page
from addon.window import Window
from kometa_ai.adapters.locks import run_lock_is_held
from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.heartbeat import Beat, beat_at_end, beat_at_start
from kometa_ai.domain.report import RunFinished, RunStarted, Trigger

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from addon.broker import Broker
    from addon.configuration import Configuration
    from addon.status import Status
    from kometa_ai.adapters.store import SqliteStore
    from kometa_ai.domain.report import Event
    from kometa_ai.domain.schedule import Due
    from kometa_ai.ports import Clock

LOG = logging.getLogger(__name__)


class Household:
    """All parts of the service, each knowing only what it needs of the others."""

    def __init__(
        self,
        configuration: Configuration,
        store: SqliteStore,
        clock: Clock,
        environ: Mapping[str, str],
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._picture = Picture(configuration, store, clock, show=self._show, pass_on=self._pass_on)
        self._pulse = Pulse(configuration, clock)
        self._runs = Runs(configuration, store, clock, tell=self._tell, finish=self._finish)
        self._service = Service(
            configuration,
            store,
            clock,
            self._picture,
            self._runs,
            reconfigure=self.reconfigure,
        )
        self._bridge = Bridge(
            topics=self._topics(), clock=clock, submit=self._service.submit, chance=random.random
        )
        health_file = environ.get("HEALTH_FILE", "").strip()
        self._window = Window(configuration, store, clock, self._picture, broker=self._broker)
        self._page = Page(
            clock,
            look=self._window.look,
            submit=lambda command: self._service.submit(command, Trigger.PAGE),
            blame=lambda problem: self._picture.blame(Source.PAGE, problem),
            health_file=Path(health_file) if health_file else None,
        )
        self._has_supervisor = bool(environ.get("SUPERVISOR_TOKEN"))
        self._scheduler = Scheduler(
            clock,
            store,
            ask=self._ask,
            tell=self._tell_next,
            free=self._is_free,
            complain=lambda told: self._picture.blame(Source.STATE, Problem(told)),
        )
        self._post = Post(configuration, store, clock, self._picture, self._runs)
        self._checkup = Checkup(configuration, clock, self._picture, self._runs)
        self._watching = Watching(
            configuration,
            clock,
            Neighbour(configuration.settings.state_dir, store, clock, self._picture),
            reconfigure=self.reconfigure,
            read_files=self._picture.read_files,
        )
        self._search = BrokerSearch(
            environ, clock, needed=self._needs_broker, found=self._use_broker
        )

    async def live(self) -> None:
        """Serve for ever."""
        await self._watching.begin()
        # Read once more: a file may have changed since the first reading told where the state is.
        self._configuration.read()
        switches = await read_switches(self._store)
        self._picture.change(
            schedule_enabled=switches.schedule_enabled, dry_run_mode=switches.dry_run_mode
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._page.run(), name="page")
            tasks.create_task(self._bridge.run(), name="mqtt")
            tasks.create_task(self._search.run(), name="broker search")
            # Online at once, with what the settings say; the rest follows as it is read.
            self._put_into_effect()
            tasks.create_task(self._service.run(tasks), name="service")
            folder = self._configuration.settings.state_dir
            await finish_what_was_cut_off(self._store, folder)
            await self._picture.show_last_run()
            await self._picture.read_files()
            report = await untold_ending(self._store)
            if report is not None:
                await self._picture.finish(RunFinished(report))
            # Before the schedule: what it missed is due now too, and has to find this run active.
            await self._take_up_batch()
            tasks.create_task(self._scheduler.run(), name="schedule")
            tasks.create_task(self._watching.run(), name="watching")
            tasks.create_task(self._checkup.run(), name="checkup")
            tasks.create_task(self._post.run(), name="post")
            tasks.create_task(self._pulse.run(), name="pulse")

    def read_again(self) -> None:
        """Have the settings read again, at SIGHUP."""
        LOG.info("SIGHUP: the settings are read again")
        self._watching.look_now()

    async def reconfigure(self) -> None:
        """Read the settings anew, and put into effect what changed."""
        before = self._configuration.settings
        if self._configuration.read():
            for notice in self._configuration.loaded.notices:
                LOG.info("%s", notice)
            self._checkup.again()
            self._post.wake(hurry=True)
        self._put_into_effect()
        now = self._configuration.settings
        if now.state_dir != before.state_dir:
            LOG.warning("STATE_DIR has changed; that takes effect at the next start.")
        if now.kometa_config_dir != before.kometa_config_dir:
            await self._picture.read_files()

    def _put_into_effect(self) -> None:
        settings, status = self._configuration.settings, self._picture.status
        self._picture.show_settings()
        usable = self._configuration.usable
        self._scheduler.use(Plan.of(settings, enabled=usable and status.schedule_enabled))
        # Without a name in the settings, what the Supervisor has said stays in use.
        broker = broker_of(settings) or self._search.last
        self._bridge.use(broker, self._topics())
        ingress = self._configuration.inside_add_on and self._has_supervisor
        self._page.use(door_of(settings, ingress=ingress))

    def _topics(self) -> Topics:
        settings = self._configuration.settings
        return Topics(settings.mqtt_topic, settings.mqtt_discovery_prefix)

    def _needs_broker(self) -> bool:
        return self._configuration.settings.mqtt_host is None and not self._bridge.connected

    def _broker(self) -> bool | None:
        """Return whether the broker is connected, ``None`` while there is none."""
        known = broker_of(self._configuration.settings) or self._search.last
        return self._bridge.connected if known else None

    def _use_broker(self, broker: Broker) -> None:
        self._bridge.use(broker, self._topics())

    def _show(self, status: Status) -> None:
        self._bridge.show(status)

    def _tell(self, event: Event) -> None:
        """Take an event of a run of our own."""
        self._picture.tell(event)
        if isinstance(event, RunStarted):
            self._pulse.beat(beat_at_start(event.request))

    async def _finish(self, event: RunFinished) -> None:
        """Take the end of a run of our own."""
        await self._picture.finish(event)
        self._pulse.beat(beat_at_end(event.report))

    def _pass_on(self, event: Event) -> None:
        self._bridge.tell(event)
        if isinstance(event, RunFinished):
            self._post.wake()
        status = self._picture.status
        if isinstance(event, RunFinished) and False in {status.radarr, status.claude}:
            self._checkup.again()

    def _tell_next(self, instant: datetime | None) -> None:
        self._picture.change(next_run=instant)

    def _is_free(self) -> bool:
        """Return whether no run is under way, ours or one of the command line."""
        if self._runs.active is not None or self._picture.status.live is not None:
            return False
        return not run_lock_is_held(self._configuration.settings.state_dir)

    async def _take_up_batch(self) -> None:
        """Go on with the run that was waiting for a batch when the service was stopped."""
        settings, status = self._configuration.settings, self._picture.status
        if not (settings.schedule_catch_up and status.schedule_enabled and self._is_free()):
            return
        waiting = [one for one in await self._store.open_batches() if not one.called_off]
        if not waiting:
            return
        command = await going_on(self._store, waiting[-1].run)
        if command is None:
            LOG.info("an open batch waits for the next scheduled run")
            return
        response = await self._service.submit(command, Trigger.CATCH_UP)
        if response.error:
            LOG.warning("an open batch waits for the next run: %s", response.error)

    async def _ask(self, due: Due) -> None:
        """Ask for the run that is due."""
        trigger = Trigger.CATCH_UP if due.catch_up else Trigger.SCHEDULE
        response = await self._service.submit(Command(Word.RUN), trigger)
        if response.error:
            told = f"The scheduled run did not begin: {response.error}"
            self._picture.blame(Source.SCHEDULE, Problem(told))
            self._pulse.beat(Beat.FAILURE)
            await self._post.report_failure(trigger, Fault(FaultKind.SETTINGS, "schedule", told))
