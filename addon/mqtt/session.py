"""The time of one connection: what is published and when, and what comes in."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from addon.command import Command, Response
from addon.mqtt.collection_entities import components_of, removal
from addon.mqtt.commands import Ignored, Refusal, read_command
from addon.mqtt.entities import discovery
from addon.mqtt.payloads import as_json, collection_payload, response_payload, state_payload
from addon.waiting import set_within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from addon.mqtt.connection import Connection, Received
    from addon.mqtt.topics import Topics
    from addon.status import Status
    from kometa_ai.ports import Clock

LOG = logging.getLogger(__name__)
WAITING_EVENTS: Final = 200
AT_ONCE: Final = 20
"""Commands that may be answered at the same time."""
BETWEEN_STATES: Final = 1.0
"""Seconds between two states of one run."""
READING: Final = 2.0
"""Seconds for the broker to tell what it has retained of us."""
BIRTH_DELAY: Final = (1.0, 4.0)
"""After Home Assistant's birth message: at least so many seconds, and so many more by chance."""
SUBSCRIBED: Final = 1.0
"""Seconds after discovery by which Home Assistant has subscribed to what was discovered."""
WITHOUT_BIRTH: Final = 20.0
"""Home Assistant needs 15 s after its broker's return; events that waited longer go out."""
ONLINE, OFFLINE = "online", "offline"


@dataclass(slots=True)
class Outbox:
    """What is to be published, whether a broker is there or not."""

    status: Status | None = None
    events: deque[str] = field(default_factory=lambda: deque(maxlen=WAITING_EVENTS))
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class Session:
    """Publishes what is in the outbox, and answers commands, until the connection breaks.

    ``patient``: the broker was away, and Home Assistant, who misses what is not retained, may need
    longer than we to find back to it.
    """

    def __init__(
        self,
        connection: Connection,
        topics: Topics,
        outbox: Outbox,
        clock: Clock,
        *,
        submit: Callable[[Command], Awaitable[Response]],
        chance: Callable[[], float],
        patient: bool,
    ) -> None:
        self._connection = connection
        self._topics = topics
        self._outbox = outbox
        self._clock = clock
        self._submit = submit
        self._chance = chance
        self._sent: dict[str, str] = {}
        self._shown: Status | None = None
        self._shown_at = 0.0
        self._discovery: Mapping[str, object] = {}
        self._names: object = None
        self._greet_at: float | None = None
        waits = WITHOUT_BIRTH if patient or outbox.events else 0.0
        self._events_from = clock.monotonic() + waits
        self._early: list[Received] = []
        self._answering = 0

    async def greet(self) -> None:
        """Say that we are there, and learn what the broker kept of an earlier life of ours."""
        topics = self._topics
        kept = (topics.discovery, topics.collection("+"), topics.availability)
        commands = (topics.command, topics.command_of("+"))
        await self._connection.subscribe(commands, as_published=True)
        await self._connection.subscribe(topics.births)
        await self._connection.subscribe(kept)
        # What is retained comes before this one comes back: a broker keeps the order.
        await self._connection.publish(topics.availability, ONLINE, retain=True)
        try:
            async with asyncio.timeout(READING):
                await self._read_back()
        except TimeoutError:
            LOG.warning(
                "The MQTT broker does not pass on what is published to %s. Its access list must let"
                " the user read and write %s/# and %s/#.",
                topics.availability,
                topics.base,
                topics.prefix,
            )
        await self._connection.unsubscribe(kept)

    async def listen(self, tasks: asyncio.TaskGroup) -> None:
        """Take what comes in, each command as a task of its own."""
        for received in self._early:
            self._take(received, tasks)
        async for received in self._connection.messages():
            self._take(received, tasks)

    async def publish(self) -> None:
        """Publish what is new, each thing when it may."""
        while True:
            self._outbox.wake.clear()
            wait = await self._publish_what_is_due()
            await set_within(self._outbox.wake, self._clock, wait)

    async def leave(self) -> None:
        """Say that we are gone."""
        await self._connection.publish(self._topics.availability, OFFLINE, retain=True)

    async def move(self, to: Topics) -> None:
        """Say that we are gone from here; with other topics, take back all that is retained."""
        old = self._topics
        if (to.discovery, to.base) == (old.discovery, old.base):
            await self.leave()
            return
        # Entities first, then what they read: the other way round they would fail to read it.
        retained = dict.fromkeys((old.discovery, old.state, *self._sent, old.availability))
        for topic in retained:
            await self._connection.publish(topic, "", retain=True)

    async def _read_back(self) -> None:
        topics = self._topics
        async with aclosing(self._connection.messages()) as messages:
            async for received in messages:
                if received.topic == topics.availability:
                    if not received.retain and received.payload == ONLINE.encode():
                        return
                elif received.topic == topics.discovery:
                    self._discovery = _object(received.payload)
                elif received.topic.startswith(topics.collection("")):
                    if received.payload:
                        self._sent[received.topic] = received.payload.decode(errors="replace")
                else:
                    self._early.append(received)

    def _take(self, received: Received, tasks: asyncio.TaskGroup) -> None:
        topics = self._topics
        if received.topic in topics.births:
            if received.payload == ONLINE.encode() and not received.retain:
                least, more = BIRTH_DELAY
                self._greet_at = self._clock.monotonic() + least + more * self._chance()
                self._outbox.wake.set()
            return
        if received.topic != topics.command and not received.topic.startswith(f"{topics.command}/"):
            return  # the rest of what was read back
        read = read_command(topics, received.topic, received.payload, retain=received.retain)
        if isinstance(read, Ignored):
            LOG.info("%s: ignored: %s", received.topic, read.reason)
        elif isinstance(read, Refusal):
            LOG.info("%s: refused: %s", received.topic, read.response.error)
            tasks.create_task(self._respond(received, read.response), name="refusal")
        elif self._answering >= AT_ONCE:
            told = f"{AT_ONCE} commands are being answered; say it again later."
            response = Response(read.word, accepted=False, request_id=read.request_id, error=told)
            tasks.create_task(self._respond(received, response), name="refusal")
        else:
            self._answering += 1
            tasks.create_task(self._obey(received, read), name=f"command {read.word}")

    async def _obey(self, received: Received, command: Command) -> None:
        try:
            response = await self._submit(command)
        finally:
            self._answering -= 1
        await self._respond(received, response)

    async def _respond(self, received: Received, response: Response) -> None:
        payload = as_json(response_payload(response))
        topics, to = self._topics, received.response_topic
        await self._connection.publish(topics.response, payload)
        if to is not None and to.startswith(f"{topics.base}/") and to != topics.response:
            # An answer on /command/run would start a run; others would overwrite our state.
            LOG.info("%s is no topic for an answer: it is one of ours", to)
            return
        await self._connection.answer(received, payload)

    async def _publish_what_is_due(self) -> float | None:
        """Publish what may be published now; return after how many seconds to look again."""
        now, waits = self._clock.monotonic(), []
        if self._greet_at is not None:
            if now >= self._greet_at:
                self._greet_at = None
                self._forget_what_was_sent()
                self._events_from = min(self._events_from, now + SUBSCRIBED)
            else:
                waits.append(self._greet_at - now)
        status = self._outbox.status
        if status is not None and status is not self._shown:
            wait = self._patience(status, now)
            if wait > 0:
                waits.append(wait)
            else:
                await self._show(status, now)
        if self._outbox.events:
            if now >= self._events_from:
                await self._send_events()
            else:
                waits.append(self._events_from - now)
        return min(waits, default=None)

    def _forget_what_was_sent(self) -> None:
        """Have everything published once more: Home Assistant was born again."""
        self._shown, self._names = None, None
        self._sent = dict.fromkeys(self._sent, "")

    def _patience(self, status: Status, now: float) -> float:
        """Return for how long a state must wait: within a run there is one a second."""
        shown = self._shown
        if shown is None or shown.live is None or status.live is None:
            return 0.0
        if (shown.live.run_id, shown.doing) != (status.live.run_id, status.doing):
            return 0.0
        return self._shown_at + BETWEEN_STATES - now

    async def _show(self, status: Status, now: float) -> None:
        before = self._shown
        self._shown, self._shown_at = status, now
        await self._discover(status)
        await self._send(self._topics.state, as_json(state_payload(status)))
        if before is None or before.collections is not status.collections:
            for slug, one in status.collections.items():
                await self._send(self._topics.collection(slug), as_json(collection_payload(one)))
        if status.collections_known:
            await self._remove_collections(status)

    async def _send(self, topic: str, payload: str) -> None:
        if self._sent.get(topic) != payload:
            await self._connection.publish(topic, payload, retain=True)
            self._sent[topic] = payload

    async def _discover(self, status: Status) -> None:
        """Publish the device if it is different; components that go are taken back first."""
        names = (
            status.collections_known,
            tuple((one.slug, one.name) for one in status.collections.values()),
        )
        if names == self._names:
            return
        wanted = discovery(status, self._topics)
        if not status.collections_known:
            # Kometa's files were not all read yet: what an earlier life showed stays for now.
            known = {**_components(self._discovery), **_components(wanted)}
            wanted = {**wanted, "components": known}
        known_there = components_of(self._discovery)
        if not known_there:
            # Whoever meets us for the first time subscribes a little later to what he found.
            self._events_from = max(self._events_from, self._clock.monotonic() + SUBSCRIBED)
        gone = removal(known_there, wanted)
        if gone != wanted:
            await self._connection.publish(self._topics.discovery, as_json(gone), retain=True)
        await self._connection.publish(self._topics.discovery, as_json(wanted), retain=True)
        self._discovery, self._names = wanted, names

    async def _remove_collections(self, status: Status) -> None:
        """Empty the topics of collections that are gone, after their entities went."""
        first = self._topics.collection("")
        for topic in [topic for topic in self._sent if topic.startswith(first)]:
            if topic.removeprefix(first) not in status.collections:
                await self._connection.publish(topic, "", retain=True)
                del self._sent[topic]

    async def _send_events(self) -> None:
        events = self._outbox.events
        while events:
            event = events[0]
            await self._connection.publish(self._topics.event, event)
            # While we waited, the queue may have been so full that this one was dropped.
            if events and events[0] is event:
                events.popleft()
            if self._outbox.wake.is_set():
                return  # a state that is new by now comes before the event that tells of it


def _object(payload: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):  # anybody can leave anything there
        return {}
    return found if isinstance(found, dict) else {}


def _components(device: Mapping[str, object]) -> Mapping[str, object]:
    """Return the components of a device, without what Home Assistant would refuse it all for."""
    found, sound = device.get("components"), components_of(device)
    return (
        {key: one for key, one in found.items() if key in sound} if isinstance(found, dict) else {}
    )
