"""The service without a broker: its mailbox, its runs in real workers, its picture."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from addon.command import Command, Response, Word
from addon.configuration import Configuration
from addon.picture import Picture
from addon.runs import Runs
from addon.service import Service
from kometa_ai.adapters.clock import SystemClock
from kometa_ai.adapters.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from typing import Any

    from addon.status import Status
    from kometa_ai.domain.report import Event
    from tests.world import World

PATIENCE = 30.0
STEP = 0.005


@dataclass(slots=True)
class Serving:
    """A service at work; ``events`` and ``statuses`` are all that it told and showed."""

    configuration: Configuration
    store: SqliteStore
    picture: Picture = field(init=False)
    runs: Runs = field(init=False)
    service: Service = field(init=False)
    tasks: asyncio.TaskGroup = field(init=False)
    events: list[Event] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    reconfigure: Callable[[], Awaitable[None]] = field(init=False)

    @property
    def status(self) -> Status:
        """The newest status."""
        return self.picture.status

    @property
    def doing(self) -> str:
        """What the service does, as a word."""
        return str(self.picture.status.doing)

    def show(self, status: Status) -> None:
        """Take a new picture."""
        self.statuses.append(status)

    def tell(self, event: Event) -> None:
        """Take an event."""
        self.events.append(event)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something holds; workers and simulators live in real time."""
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110 - the other process sets no event of ours
                await asyncio.sleep(STEP)  # noqa: TID251 - the same

    async def say(self, word: Word, **more: Any) -> Response:
        """Give a command."""
        return await self.service.submit(Command(word, **more))

    async def done(self, word: Word, **more: Any) -> Status:
        """Give a command that begins a run, and wait for the run's end."""
        response = await self.say(word, **more)
        assert response.accepted, response.error
        await self.runs.idle.wait()
        return self.status


@asynccontextmanager
async def serving(world: World, **more: str) -> AsyncIterator[Serving]:
    """Open a service on a world; what is still going on when the block is left is cancelled."""
    environ = world.environment(**more)
    configuration = Configuration(environ, world.folder / "options.json")
    configuration.read()
    clock = SystemClock()
    async with SqliteStore(configuration.settings.state_dir, clock) as store:
        one = Serving(configuration, store)
        one.picture = Picture(configuration, store, clock, show=one.show, pass_on=one.tell)
        one.runs = Runs(
            configuration, store, clock, tell=one.picture.tell, finish=one.picture.finish
        )

        async def reconfigure() -> None:
            configuration.read()
            one.picture.show_settings()

        one.reconfigure = reconfigure
        one.service = Service(
            configuration, store, clock, one.picture, one.runs, reconfigure=reconfigure
        )

        async def live(ready: asyncio.Event) -> None:
            async with asyncio.TaskGroup() as tasks:
                one.picture.show_settings()
                await one.picture.show_last_run()
                await one.picture.read_files()
                tasks.create_task(one.service.run(tasks))
                ready.set()

        ready = asyncio.Event()
        life = asyncio.create_task(live(ready))
        await asyncio.wait({life, asyncio.create_task(ready.wait())}, return_when="FIRST_COMPLETED")
        try:
            yield one
        finally:
            life.cancel()
            await asyncio.wait({life})
            if not life.cancelled():
                life.result()
