"""Someone who hears all that a broker passes on, and says what it wants to be passed on."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.outside import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import aiomqtt

    from tests.mosquitto import Mosquitto


@dataclass(frozen=True, slots=True)
class Heard:
    """A message, as the broker sent it on."""

    topic: str
    payload: bytes
    retained: bool

    def text(self) -> str:
        return self.payload.decode()

    def json(self) -> Any:
        return json.loads(self.payload)


@dataclass(slots=True)
class Listener:
    """A client; ``heard`` grows with every message on the topics that it subscribed to."""

    client: aiomqtt.Client
    heard: list[Heard] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def say(self, topic: str, payload: object = "", *, retain: bool = False) -> None:
        """Publish, what is neither text nor bytes as JSON; return when the broker has it."""
        words = payload if isinstance(payload, str | bytes) else json.dumps(payload)
        await self.client.publish(topic, words, qos=1, retain=retain)

    def on(self, topic: str) -> list[Heard]:
        """Return what was heard on a topic so far."""
        return [one for one in self.heard if one.topic == topic]

    async def until(
        self, condition: Callable[[list[Heard]], object], patience: float = PATIENCE
    ) -> None:
        """Wait until what was heard fulfils a condition."""
        try:
            async with asyncio.timeout(patience), self._news:
                await self._news.wait_for(lambda: condition(self.heard))
        except TimeoutError:
            last = "\n".join(f"{one.topic} {one.payload!r:.200}" for one in self.heard[-20:])
            raise AssertionError(f"It never came. The last that came:\n{last}") from None

    async def next_on(self, topic: str, after: int = 0, patience: float = PATIENCE) -> Heard:
        """Return the message on a topic that comes after ``after`` others, now or later."""
        await self.until(lambda _: len(self.on(topic)) > after, patience)
        return self.on(topic)[after]

    async def listen(self) -> None:
        """Hear until the connection ends."""
        async for message in self.client.messages:
            async with self._news:
                self.heard.append(Heard(str(message.topic), message.payload, message.retain))
                self._news.notify_all()


@asynccontextmanager
async def listening(broker: Mosquitto, *topics: str) -> AsyncIterator[Listener]:
    """Connect, subscribe (to everything, if nothing is named) and listen."""
    async with broker.client() as client, asyncio.TaskGroup() as tasks:
        listener = Listener(client)
        for topic in topics or ("#",):
            await client.subscribe(topic, qos=1)
        hearing = tasks.create_task(listener.listen(), name="listener")
        yield listener
        hearing.cancel()
