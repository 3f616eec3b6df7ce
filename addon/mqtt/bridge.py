"""The broker's life: found, lost, found again, for ever; nobody ever waits for it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from addon.mqtt.activities import activities
from addon.mqtt.connection import (
    FAREWELL,
    BrokerError,
    Doubt,
    LastWill,
    Version,
    connect,
)
from addon.mqtt.payloads import as_json
from addon.mqtt.session import OFFLINE, WAITING_EVENTS, Outbox, Session
from addon.waiting import set_within
from kometa_ai.domain.fault import first_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from addon.broker import Broker
    from addon.command import Command, Response
    from addon.mqtt.connection import Connection
    from addon.mqtt.topics import Topics
    from addon.status import Status
    from kometa_ai.domain.report import Event
    from kometa_ai.ports import Clock

LOG = logging.getLogger(__name__)
FIRST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 60.0
"""Seconds between two tries to connect."""
DOUBLINGS: Final = 10
"""No number is doubled for days: a float has an end."""
MOVING: Final = 10.0
"""Seconds for taking everything off a broker that we leave: nobody could do it later."""


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
        self._doubts = 0
        self._let_in = False
        self._last_words = ""
        self._overfull = False
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
            if len(events) == WAITING_EVENTS and not self._overfull and self._broker is not None:
                self._overfull = True
                LOG.warning("no broker for a long time: the oldest events are dropped")
            events.append(as_json(one))
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
                await self._serve(broker, topics, patient=failures > 0)
                failures = 0
            except BrokerError as error:
                if _is_being_stopped():
                    # The task group hid the cancellation behind an error that came with it.
                    raise asyncio.CancelledError from error
                if self._let_in:
                    failures, self._let_in = 0, False
                    self._version = Version.V5  # the broker that returns may be a newer one
                self.connected = False
                if self._tries_another_version(error):
                    continue
                failures += 1
                self._complain(str(error))
                wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(failures - 1, DOUBLINGS))
                # By chance somewhat sooner: a broker that returns is not met by all at once.
                if await set_within(self._moved, self._clock, wait * (0.5 + self._chance() / 2)):
                    failures = 0

    async def _serve(self, broker: Broker, topics: Topics, *, patient: bool) -> None:
        """Connect, and serve until the connection breaks (BrokerError) or we are to move."""
        will = LastWill(topics.availability, OFFLINE)
        async with connect(
            broker, will, identifier=topics.device_id, version=self._version
        ) as connection:
            self._let_in = True
            session = Session(
                connection,
                topics,
                self._outbox,
                self._clock,
                submit=self._submit,
                chance=self._chance,
                patient=patient,
            )
            try:
                await session.greet()
                self.connected, self._overfull = True, False
                self._say(f"connected to the MQTT broker {broker} (MQTT {self._version})")
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(session.listen(tasks), name="mqtt in")
                    tasks.create_task(session.publish(), name="mqtt out")
                    await self._moved.wait()
                    raise _Moved  # ends the tasks
            except BaseExceptionGroup as errors:
                if _is_cancelled():
                    # A broker that is lost in the same moment must not hide that we are to stop.
                    await _farewell(connection, session.leave(), FAREWELL)
                    raise asyncio.CancelledError from errors
                worst = _worst(errors)
                if not isinstance(worst, _Moved):
                    raise worst from errors
                self.connected = False
                await _farewell(connection, session.move(self._topics), MOVING)
            except asyncio.CancelledError:
                await _farewell(connection, session.leave(), FAREWELL)
                raise

    def _tries_another_version(self, error: BrokerError) -> bool:
        """Take the other version if this one may be to blame; return whether to try at once."""
        self._doubts = self._doubts + 1 if error.doubt is Doubt.PERHAPS else 0
        # A broker that starts or stops hangs up as well: it must do so twice to be an old one.
        if error.doubt is Doubt.NONE or self._doubts % 2:
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


async def _farewell(
    connection: Connection, last_words: Coroutine[None, None, None], seconds: float
) -> None:
    """Say goodbye, but never hang on it."""
    try:
        async with asyncio.timeout(seconds):
            # A task of its own: the one that is cancelled may say nothing more.
            await asyncio.create_task(last_words, name="last words")
    except (BrokerError, TimeoutError):
        LOG.debug("the broker did not hear that we go")
        connection.hang_up()
    except asyncio.CancelledError:
        connection.hang_up()
        raise


def _worst(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error of a group that matters most: a fault of our own hides behind no broker."""
    own = errors.split((BrokerError, _Moved))[1]
    if own is not None:
        return first_of(own)
    return first_of(errors.subgroup(BrokerError) or errors)


def _is_being_stopped() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
