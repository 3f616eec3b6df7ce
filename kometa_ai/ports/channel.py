"""A way to tell people or programs something, as the sending sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from kometa_ai.domain.message import Message


class Channel(Protocol):
    """Mail, one chat, one webhook."""

    @property
    def name(self) -> str:
        """Return what people call it; no secret is in it: ``mail``, ``Discord``, ``webhook``."""

    @property
    def key(self) -> str:
        """Return what it is known by in the outbox: the same as long as its settings are."""

    async def send(self, message: Message) -> str:
        """Send it, and return in a sentence what the other side said.

        Raises TryLaterError when it may work another time, SkipError when this message was refused
        for good, StopError when nothing goes out until the settings change. The sentence holds the
        server's own words, and no secret.
        """
