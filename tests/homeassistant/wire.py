"""Home Assistant's WebSocket: questions with their answers, and subscriptions."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from tests.outside import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aiohttp import ClientWebSocketResponse

T = TypeVar("T")


class Refused(AssertionError):
    """Home Assistant said no; ``code`` is its own word for why."""

    def __init__(self, asked: str, code: str, message: str) -> None:
        super().__init__(f"{asked}: {code}: {message}")
        self.code = code


@dataclass(slots=True)
class Wire:
    """A socket that has logged in."""

    socket: ClientWebSocketResponse
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _answers: dict[int, asyncio.Future[Any]] = field(default_factory=dict)
    _takers: dict[int, Callable[[Any], object]] = field(default_factory=dict)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def ask(self, kind: str, **fields: Any) -> Any:
        """Send a command and return its result."""
        return await self._send(next(self._numbers), kind, fields)

    async def subscribe(self, take: Callable[[Any], object], kind: str, **fields: Any) -> int:
        """Have each event of a subscription taken, from the first one on; return its number."""
        number = next(self._numbers)
        self._takers[number] = take
        await self._send(number, kind, fields)
        return number

    @asynccontextmanager
    async def subscribed(self, kind: str, **fields: Any) -> AsyncIterator[list[Any]]:
        """Collect the events of a subscription while the block lasts."""
        events: list[Any] = []
        number = await self.subscribe(events.append, kind, **fields)
        try:
            yield events
        finally:
            if not self.socket.closed:
                await self.ask("unsubscribe_events", subscription=number)
            del self._takers[number]

    async def until(
        self, condition: Callable[[], T | None], awaited: str, patience: float = PATIENCE
    ) -> T:
        """Wait until a condition holds; it is looked at again after every event."""
        try:
            async with asyncio.timeout(patience), self._news:
                while not (found := condition()):
                    await self._news.wait()
                return found
        except TimeoutError:
            raise AssertionError(f"Waited {patience} s in vain for {awaited}.") from None

    async def listen(self) -> None:
        """Take in what comes until the socket closes; then no question stays open."""
        async for message in self.socket:
            data = message.json()
            if data["type"] == "event":
                # What was subscribed to may still come for a moment after its end.
                self._takers.get(data["id"], _drop)(data["event"])
                async with self._news:
                    self._news.notify_all()
            elif (answer := self._answers.get(data["id"])) and not answer.done():
                answer.set_result(data)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(ConnectionResetError("Home Assistant hung up."))

    async def _send(self, number: int, kind: str, fields: dict[str, Any]) -> Any:
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            await self.socket.send_json({"id": number, "type": kind, **fields})
            async with asyncio.timeout(PATIENCE):
                data = await answer
        finally:
            del self._answers[number]
        if not data["success"]:
            raise Refused(f"{kind} {fields}", data["error"]["code"], data["error"]["message"])
        return data["result"]


def _drop(_: Any) -> None:
    pass
