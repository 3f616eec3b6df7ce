"""What aiomqtt does not do for a connection: let it rest, notice its loss at once, hang up."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import aiomqtt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BETWEEN_LOOKS: Final = 5.0
"""Seconds between two looks at the keepalive; brokers allow for half of it on top."""


class RestfulClient(aiomqtt.Client):
    """Looks at the keepalive every few seconds: each second, as aiomqtt does, wakes the machine.

    Where aiomqtt calls its loop by another name one day, it wakes each second again.
    """

    async def _misc_loop(self) -> None:
        while not self._client.loop_misc():  # noqa: ASYNC110 - it ends with the connection
            await asyncio.sleep(BETWEEN_LOOKS)  # noqa: TID251 - the network's time is real


class Line:
    """Tells those who wait for an answer that the connection is lost: aiomqtt lets them wait."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.lost = False
        self._refused = False
        self._waiting: set[asyncio.Timeout] = set()
        loop = asyncio.get_running_loop()
        paho = client._client  # noqa: SLF001 - aiomqtt heeds no loss before it is connected
        let_in, told = paho.on_connect, paho.on_disconnect

        def is_let_in(client: Any, data: Any, flags: Any, code: Any, properties: Any) -> None:  # noqa: ANN401 - paho's, passed on
            self._refused = bool(code.is_failure)
            if let_in is not None:
                let_in(client, data, flags, code, properties)  # type: ignore[call-arg] # any API version

        def is_lost(*args: Any) -> None:  # noqa: ANN401 - the same
            if told is not None:
                told(*args)
            if not self._refused:  # or the loss would be faster than the reason
                loop.call_soon_threadsafe(self._cut)

        paho.on_connect, paho.on_disconnect = is_let_in, is_lost

    @asynccontextmanager
    async def answer(self, seconds: float | None) -> AsyncIterator[None]:
        """Limit a wait; TimeoutError is raised at the limit, or when the connection is lost."""
        async with asyncio.timeout(0 if self.lost else seconds) as limit:
            self._waiting.add(limit)
            try:
                yield
            finally:
                self._waiting.discard(limit)

    def _cut(self) -> None:
        self.lost = True
        for limit in self._waiting:
            if limit.expired():
                continue
            limit.reschedule(asyncio.get_running_loop().time())


def is_cancelled() -> bool:
    """Return whether a cancellation was lost.

    aiomqtt waits with asyncio.wait_for, and in Python 3.11 that drops a cancellation which comes
    together with the answer. With a time limit of our own it does not get to do so again.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def hang_up(client: aiomqtt.Client) -> None:
    """End the connection as if the line were cut.

    A connection that is given up half-way would otherwise stay open, and be taken by the broker for
    us; a polite end would make it forget our last will.
    """
    paho = client._client  # noqa: SLF001 - aiomqtt itself only knows the polite end
    paho.on_connect = paho.on_disconnect = None
    line = paho.socket()
    if isinstance(line, socket.socket):
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)  # the loop reads the end of it, and closes
