"""Telling people and programs something, as the sending sees it: channels, and the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from kometa_ai.domain.message import Message
    from kometa_ai.domain.report import RunReport


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


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that is due for one channel: which run it is about, and what is to be told.

    ``notification`` is as it was recorded; ``tries`` counts those that failed.
    """

    message: int
    run_id: str
    at: datetime
    notification: str
    tries: int


class Outbox(Protocol):
    """What is still to be told and to be sent; it outlives the process."""

    async def oldest_untold(self) -> RunReport | None:
        """Return the oldest finished run that nobody was told about, or decided not to."""

    async def has_untold(self) -> bool:
        """Return whether there is such a run."""

    async def told(self) -> str | None:
        """Return what people know already, as it was recorded."""

    async def tell(
        self,
        run_id: str,
        at: datetime,
        notification: str | None,
        channels: Sequence[str],
        *,
        known: tuple[str | None, str],
    ) -> bool:
        """Take a run as told, and put a message for each channel into the outbox.

        ``known`` is what people knew before, and after. False: another process was faster.
        """

    async def tell_nobody(self) -> None:
        """Take every run as told, and empty the outbox: there is no channel."""

    async def claim(self, channel: str, now: datetime, lease: timedelta) -> Delivery | None:
        """Take the channel's oldest message if it is due; for so long no other process gets it."""

    async def settle(self, message: int, channel: str) -> None:
        """Forget a delivery that was made, or given up."""

    async def postpone(self, message: int, channel: str, due: datetime) -> None:
        """Count a failed try; all that waits for the channel waits at least until ``due``."""

    async def hurry(self, now: datetime) -> None:
        """Make everything due that waits."""

    async def sort_out(
        self, channels: Sequence[str], *, oldest: datetime, latest: datetime
    ) -> tuple[int, int]:
        """Drop what is for channels that are gone, and what is too old; return both counts.

        What waits for a channel that is gone goes to the new channels of its kind, if there are
        any: its settings were corrected. Nothing is due after ``latest``.
        """

    async def next_due(self) -> datetime | None:
        """Return when the next message is due, ``None`` if none waits."""

    async def report(self, run_id: str) -> RunReport | None:
        """Return one finished run."""
