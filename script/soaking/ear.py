"""A client of the broker that outlives its restarts: hears everything, gives commands."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import aiomqtt

if TYPE_CHECKING:
    from tests.mosquitto import Mosquitto

BASE: Final = "kometa_ai"
AGAIN: Final = 0.3
KEPT: Final = 400


@dataclass(slots=True)
class Ear:
    """``state`` is the newest picture; ``answers`` are by request id; ``leaks`` hold secrets."""

    broker: Mosquitto
    secrets: tuple[str, ...]
    state: dict[str, Any] = field(default_factory=dict)
    online: bool = False
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    heard: Counter[str] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    _client: aiomqtt.Client | None = None

    async def listen(self) -> None:
        """Hear for ever, and come back whenever the broker does."""
        while True:
            with suppress(aiomqtt.MqttError, OSError):
                async with self.broker.client() as client:
                    await client.subscribe("#", qos=1)
                    self._client = client
                    async for message in client.messages:
                        self._take(str(message.topic), bytes(message.payload))
            self._client = None
            self.online = False
            await asyncio.sleep(AGAIN)

    async def say(self, payload: object, word: str = "", *, retain: bool = False) -> bool:
        """Publish a command; return false if nobody was there to take it."""
        topic = f"{BASE}/command/{word}" if word else f"{BASE}/command"
        words = payload if isinstance(payload, str | bytes) else json.dumps(payload)
        if self._client is None:
            return False
        try:
            await self._client.publish(topic, words, qos=1, retain=retain, timeout=5)
        except aiomqtt.MqttError:
            return False
        return True

    async def ask(
        self, request_id: str, patience: float = 10.0, **keys: object
    ) -> dict[str, Any] | None:
        """Give a command and return its answer, ``None`` if none came."""
        if not await self.say({"request_id": request_id, **keys}):
            return None
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while request_id not in self.answers:  # noqa: ASYNC110 - real time
                    await asyncio.sleep(0.02)
        return self.answers.get(request_id)

    async def retained(self) -> dict[str, bytes]:
        """Return what the broker keeps, as a client sees it that comes new."""
        found: dict[str, bytes] = {}
        async with self.broker.client() as client:
            await client.subscribe("#", qos=1)
            with suppress(TimeoutError):
                async with asyncio.timeout(1.5):
                    async for message in client.messages:
                        if message.retain:
                            found[str(message.topic)] = bytes(message.payload)
        return found

    def _take(self, topic: str, payload: bytes) -> None:
        self.heard[topic if topic.startswith(BASE) else "discovery"] += 1
        if topic.startswith(f"{BASE}/command"):
            return
        for secret in self.secrets:
            if secret.encode() in payload:
                self.leaks.append(f"a secret on {topic}")
        if topic == f"{BASE}/availability":
            self.online = payload == b"online"
            return
        if not payload:
            return
        try:
            told = json.loads(payload)
        except ValueError:
            self.unreadable.append(f"{topic}: {payload[:80]!r}")
            return
        if topic == f"{BASE}/state":
            self.state = told
        elif topic == f"{BASE}/response" and told.get("request_id"):
            self.answers[told["request_id"]] = told
