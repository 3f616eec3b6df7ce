"""A small MQTT broker inside the demo's process, for machines that have none."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING, Self

from amqtt.broker import Broker  # type: ignore[import-untyped] # it comes without types

if TYPE_CHECKING:
    from types import TracebackType

HOST = "127.0.0.1"


class EmbeddedBroker:
    """Listens on the loopback, on ``port`` or on a free one, and lets everybody in."""

    def __init__(self, port: int = 0) -> None:
        self.port = port or _free_port()
        # Each connection would be told twice: the service says what matters.
        logging.getLogger("amqtt").setLevel(logging.ERROR)
        logging.getLogger("transitions").setLevel(logging.ERROR)
        self._broker = Broker(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:{self.port}"}},
                "plugins": {
                    "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
                },
            }
        )

    async def __aenter__(self) -> Self:
        await self._broker.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._broker.shutdown()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        port: int = found.getsockname()[1]
        return port
