"""The client of one server, opened with the first question; its errors are renamed here."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from kometa_ai.adapters.claude.wire import ComplainedError, EndedError, NotClaudeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anthropic import AsyncAnthropic

    from kometa_ai.adapters.claude.server import Patience, Server
    from kometa_ai.adapters.claude.wire import Received


class Connection:
    """A server and the way to it."""

    def __init__(self, server: Server, patience: Patience) -> None:
        self.server = server
        self.patience = patience
        self._opening = asyncio.Lock()
        self._client: AsyncAnthropic | None = None

    async def client(self) -> AsyncAnthropic:
        """Return the client."""
        async with self._opening:
            if self._client is None:
                # In a thread: for the second that the import takes, all else would stand still.
                self._client = await asyncio.to_thread(self.server.open, self.patience)
            return self._client

    async def close(self) -> None:
        """Close the client, if it was opened."""
        if self._client is not None:
            await self._client.close()

    @contextmanager
    def renaming(self, received: Received) -> Iterator[None]:
        """Rename whatever goes wrong, unless the answer had already come to its end."""
        import anthropic
        import httpx2

        try:
            yield
        except (
            anthropic.APIError,
            httpx2.HTTPError,  # a broken stream: the SDK wraps errors only until it begins
            msgspec.MsgspecError,
            UnicodeDecodeError,
            TimeoutError,
            ComplainedError,
            NotClaudeError,
            EndedError,
        ) as error:
            if received.stop_reason is None:
                raise self.server.renamed(error, received) from error
