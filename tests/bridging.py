"""The bridge by itself: between a real broker and a service that a test plays."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from addon.broker import Broker
from addon.command import Command, Response
from addon.mqtt.bridge import Bridge
from addon.mqtt.topics import Topics
from addon.status import CollectionStatus, Live, Status
from kometa_ai.domain.report import Phase, Result, RunFinished, RunReport, Trigger
from tests.clock import HeldClock
from tests.outside import LOOPBACK, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from kometa_ai.ports import Clock
    from tests.mosquitto import Mosquitto

TOPICS = Topics("kometa_ai", "homeassistant")
AT = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)


def address(broker: Mosquitto, **more: Any) -> Broker:
    """Return where a broker is, as the settings would say it."""
    login = broker.login
    return Broker(
        **{
            "host": LOOPBACK,
            "port": broker.port,
            "username": login.username if login else None,
            "password": login.password if login else None,
            "tls": broker.ca_file is not None,
            "ca_file": broker.ca_file,
            **more,
        }
    )


def status(*slugs: str, known: bool = True, **more: Any) -> Status:
    """Return a picture with these collections."""
    collections = {slug: CollectionStatus(slug.title(), slug, f"KAI-{slug}", 0.5) for slug in slugs}
    return Status(collections=MappingProxyType(collections), collections_known=known, **more)


def live(progress: int = 0, run_id: str = "7", **more: Any) -> Live:
    """Return a run that is going on."""
    return Live(run_id, Trigger.MQTT, False, AT, Phase.ASKING, progress, **more)  # noqa: FBT003 - a field of it


def finished(number: int) -> RunFinished:
    """Return the end of a run, which is one event on the wire."""
    report = RunReport(
        run_id=str(number),
        trigger=Trigger.MQTT,
        result=Result.SUCCESS,
        dry_run=False,
        started_at=AT,
        duration=1.0,
    )
    return RunFinished(report)


@dataclass(slots=True)
class Bridged:
    """A bridge at work; ``commands`` came in, ``answer`` says what each is told."""

    bridge: Bridge
    clock: Any
    task: asyncio.Task[None]
    commands: list[Command] = field(default_factory=list)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something holds; brokers live in real time."""
        await until(lambda: self._alive() and condition())

    async def connected(self) -> None:
        """Wait until the broker has let us in."""
        await self.until(lambda: self.bridge.connected)

    def _alive(self) -> bool:
        assert not self.task.done(), self.task
        return True

    async def stop(self) -> None:
        """End it as the end of the service does."""
        self.task.cancel()
        await asyncio.wait({self.task})
        assert self.task.cancelled()


@asynccontextmanager
async def bridged(
    broker: Broker | None,
    *,
    topics: Topics = TOPICS,
    clock: Clock | None = None,
    hold: asyncio.Event | None = None,
) -> AsyncIterator[Bridged]:
    """Start a bridge; ``hold``: commands are answered when it is set."""
    clock = clock or HeldClock()
    commands: list[Command] = []

    async def submit(command: Command) -> Response:
        commands.append(command)
        if hold is not None:
            await hold.wait()
        return Response(command.word, accepted=True, request_id=command.request_id, run_id="1")

    bridge = Bridge(topics=topics, clock=clock, submit=submit, chance=lambda: 0.5)
    bridge.use(broker, topics)
    one = Bridged(bridge, clock, asyncio.create_task(bridge.run(), name="bridge"), commands)
    try:
        yield one
    finally:
        if not one.task.done():
            await one.stop()
        elif not one.task.cancelled():
            one.task.result()
