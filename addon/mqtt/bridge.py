"""The broker's life: found, lost, found again, for ever; nobody ever waits for it."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Final

from addon.mqtt.activities import activities
from addon.mqtt.connection import (
    FAREWELL,
    BrokerError,
    LastWill,
    Version,
    connect,
)
from addon.mqtt.session import OFFLINE, WAITING_EVENTS, Outbox, Session
from addon.waiting import set_within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from addon.broker import Broker
    from addon.command import Command, Response
    from addon.mqtt.topics import Topics
    from addon.status import Status
    from kometa_ai.domain.report import Event
    from kometa_ai.ports import Clock

LOG = logging.getLogger(__name__)
FIRST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 60.0
"""Seconds between two tries to connect."""


class _Moved(Exception):
    """Another broker, or other topics, are to be used."""


class Bridge:
    """Joins the service and a broker. Its inputs return at once, whatever the broker does."""

    def __init__(
        self,
        *,
        topics: Topics,
        clock: Clock,
        submit: Callable[[Command], Awaitable[Response]],
        chance: Callable[[], float],
    ) -> None:
        self._broker: Broker | None = None
        self._topics = topics
        self._clock = clock
        self._submit = submit
        self._chance = chance
        self._outbox = Outbox()
        self._moved = asyncio.Event()
        self._version = Version.V5
        self._last_words = ""
        self.connected = False

    def use(self, broker: Broker | None, topics: Topics) -> None:
        """Use this broker and these topics from now on; ``None``: no broker."""
        if (broker, topics) != (self._broker, self._topics):
            if broker != self._broker:
                self._version = Version.V5
            self._broker, self._topics = broker, topics
            self._moved.set()

    def show(self, status: Status) -> None:
        """Publish this picture as soon as it may be."""
        self._outbox.status = status
        self._outbox.wake.set()

    def tell(self, event: Event) -> None:
        """Publish what an event of a run is worth telling."""
        events = self._outbox.events
        for one in activities(event):
            if len(events) == WAITING_EVENTS:
                LOG.warning("no broker for a long time: the oldest event was dropped")
            events.append(json.dumps(one, ensure_ascii=False, separators=(",", ":")))
        self._outbox.wake.set()

    async def run(self) -> None:
        """Be connected for ever, as far as there is a broker."""
        failures = 0
        while True:
            broker, topics = self._broker, self._topics
            self._moved.clear()
            if broker is None:
                await self._moved.wait()
                continue
            try:
                await self._serve(broker, topics)
                failures = 0
            except BrokerError as error:
                failures = 1 if self.connected else failures + 1
                self.connected = False
                if self._tries_another_version(error):
                    continue
                self._complain(str(error))
                wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (failures - 1))
                # By chance somewhat sooner: a broker that returns is not met by all at once.
                await set_within(self._moved, self._clock, wait * (0.5 + self._chance() / 2))

    async def _serve(self, broker: Broker, topics: Topics) -> None:
        """Connect, and serve until the connection breaks (BrokerError) or we are to move."""
        will = LastWill(topics.availability, OFFLINE)
        async with connect(
            broker, will, identifier=topics.device_id, version=self._version
        ) as connection:
            session = Session(
                connection,
                topics,
                self._outbox,
                self._clock,
                submit=self._submit,
                chance=self._chance,
            )
            try:
                await session.greet()
                self.connected = True
                self._say(f"connected to the MQTT broker {broker} (MQTT {self._version})")
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(session.listen(tasks), name="mqtt in")
                    tasks.create_task(session.publish(), name="mqtt out")
                    await self._moved.wait()
                    raise _Moved  # ends the tasks
            except (BaseExceptionGroup, asyncio.CancelledError) as error:
                if _is_cancelled() or isinstance(error, asyncio.CancelledError):
                    # A broker that is lost in the same moment must not hide that we are to stop.
                    await self._farewell(session)
                    raise asyncio.CancelledError from error
                first = _first(error)
                if not isinstance(first, _Moved):
                    raise first from error
                await self._farewell(session, withdraw=self._topics.device_id != topics.device_id)
                self.connected = False

    async def _farewell(self, session: Session, *, withdraw: bool = False) -> None:
        """Say goodbye, but never hang on it."""
        try:
            async with asyncio.timeout(FAREWELL):
                await (session.withdraw() if withdraw else session.leave())
        except (BrokerError, TimeoutError):
            LOG.debug("the broker did not hear that we go")

    def _tries_another_version(self, error: BrokerError) -> bool:
        """Take the other version if this one may be to blame; return whether to try at once."""
        if not error.version_in_doubt:
            return False
        refused = self._version is Version.V5
        self._version = Version.V311 if refused else Version.V5
        # Back to the better version only after a wait: neither may be spoken there.
        return refused

    def _complain(self, sentence: str) -> None:
        if sentence != self._last_words:
            LOG.warning("%s", sentence)
            self._last_words = sentence

    def _say(self, sentence: str) -> None:
        LOG.info("%s", sentence)
        self._last_words = ""


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error of a group that is no group itself."""
    inner = errors.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
