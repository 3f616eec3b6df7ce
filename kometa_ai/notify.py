"""Tells people what runs did: what is decided is kept first, then sent, and sent again."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.fault import FaultKind, KometaAIError, SkipError, TryLaterError
from kometa_ai.domain.notifying import notify_about
from kometa_ai.domain.wording import many
from kometa_ai.recorded import (
    decode_notification,
    decode_told,
    encode_notification,
    encode_told,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kometa_ai.domain.message import Message, Notification
    from kometa_ai.domain.notifying import Rules
    from kometa_ai.domain.report import RunReport
    from kometa_ai.ports import Channel, Clock, Delivery, Outbox

    Writer = Callable[[RunReport, Notification, str, datetime], Message]
    """Writes the message about a run: its report, what is told, the message's key and time."""

LOG = logging.getLogger(__name__)
LEASE: Final = timedelta(minutes=2)
"""So long a process may take to send one message; then another one may try."""
WAITS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180))
"""How long to wait after the first try that failed, the second, …; the last holds on."""
GIVE_UP: Final = timedelta(days=7)
"""News this old is no news any more."""
PATIENCE: Final = 60.0
"""Seconds that one message may take on one channel."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one message, or of all that waited for one channel: the other side's words.

    ``kept``: it was not sent, and it is tried again.
    """

    channel: str
    well: bool
    said: str
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of the sending, and when something that waits is due again."""

    sent: tuple[Sent, ...] = ()
    next_due: datetime | None = None


async def record(outbox: Outbox, keys: Sequence[str], rules: Rules, clock: Clock) -> None:
    """Decide about each finished run what is to be told, and put it into the outbox.

    ``keys`` are those of the channels; without one there is nobody to tell.
    """
    if not keys:
        await outbox.tell_nobody()
        return
    # Another process may take a run before us; then the next one is looked at.
    while (report := await outbox.oldest_untold()) is not None:
        before, now = await outbox.told(), clock.now()
        notification, known = notify_about(report, rules, decode_told(before), now)
        text = None if notification is None else encode_notification(notification)
        await outbox.tell(report.run_id, now, text, keys, known=(before, encode_told(known)))


async def deliver(
    outbox: Outbox,
    channels: Sequence[Channel],
    write: Writer,
    clock: Clock,
    *,
    patience: float = PATIENCE,
    drop: bool = True,
) -> Delivered:
    """Send all that is due, each channel for itself: one that hangs holds up no other.

    ``drop``: what waits for another channel than these, or for too long, is dropped.
    """
    if drop:
        await _sort_out(outbox, [channel.key for channel in channels], clock.now())
    desk = _Desk(outbox, write)
    mailmen = [_Mailman(outbox, channel, desk, clock, patience) for channel in channels]
    walked = await asyncio.gather(*(mailman.walk() for mailman in mailmen))
    sent = tuple(one for one in walked if one is not None)
    return Delivered(sent, await outbox.next_due())


async def _sort_out(outbox: Outbox, keys: Sequence[str], now: datetime) -> None:
    gone, stale = await outbox.sort_out(keys, oldest=now - GIVE_UP, latest=now + WAITS[-1])
    if gone:
        LOG.warning("dropped: %s for channels that are not set any more", many(gone, "message"))
    if stale:
        LOG.warning("dropped: %s that waited for a week", many(stale, "message"))


async def try_out(
    channels: Sequence[Channel], message: Message, *, patience: float = PATIENCE
) -> tuple[Sent, ...]:
    """Send a message by every channel, past the outbox, and say what came of it."""

    async def send(channel: Channel) -> Sent:
        try:
            return Sent(channel.name, well=True, said=await _send(channel, message, patience))
        except KometaAIError as error:
            return Sent(channel.name, well=False, said=str(error))

    return tuple(await asyncio.gather(*(send(channel) for channel in channels)))


class _Mailman:
    """Brings what is due to one channel, until nothing is left or something fails."""

    def __init__(
        self, outbox: Outbox, channel: Channel, desk: _Desk, clock: Clock, patience: float
    ) -> None:
        self._outbox = outbox
        self._channel = channel
        self._desk = desk
        self._clock = clock
        self._patience = patience

    async def walk(self) -> Sent | None:
        """Return what went wrong, else the last word of the other side, if anything was due."""
        outbox, channel = self._outbox, self._channel
        last: Sent | None = None
        refused: Sent | None = None
        while delivery := await outbox.claim(channel.key, self._clock.now(), LEASE):
            try:
                said = await self._bring(delivery)
            except SkipError as error:
                # It would be refused again; the next one may be welcome.
                await outbox.settle(delivery.message, channel.key)
                refused = Sent(channel.name, well=False, said=str(error))
            except KometaAIError as error:
                await outbox.postpone(delivery.message, channel.key, self._again(delivery))
                return Sent(channel.name, well=False, said=str(error), kept=True)
            else:
                await outbox.settle(delivery.message, channel.key)
                last = Sent(channel.name, well=True, said=said) if said else last
        return refused or last

    async def _bring(self, delivery: Delivery) -> str:
        message = await self._desk.message(delivery)
        if message is None:
            LOG.info("run %s is forgotten, and so is the message about it", delivery.run_id)
            return ""
        return await _send(self._channel, message, self._patience)

    def _again(self, delivery: Delivery) -> datetime:
        return self._clock.now() + WAITS[min(delivery.tries, len(WAITS) - 1)]


class _Desk:
    """Where messages are written: the last one lies there until another is asked for.

    All channels mostly want the same one, and the report of a first run is large.
    """

    def __init__(self, outbox: Outbox, write: Writer) -> None:
        self._outbox = outbox
        self._write = write
        self._last: tuple[int, Message | None] | None = None
        self._writing = asyncio.Lock()

    async def message(self, delivery: Delivery) -> Message | None:
        """Return a message; ``None`` if its run is forgotten."""
        async with self._writing:
            if self._last is None or self._last[0] != delivery.message:
                self._last = None
                self._last = (delivery.message, await self._written(delivery))
            return self._last[1]

    async def _written(self, delivery: Delivery) -> Message | None:
        """Write a message; a bug in its words costs this one message, and holds up no other."""
        try:
            report = await self._outbox.report(delivery.run_id)
            if report is None:
                return None
            notification = decode_notification(delivery.notification)
            # Numbers begin anew after a reset, and go back with a backup; an instant does not.
            key = f"run-{delivery.run_id}-{delivery.message}-{delivery.at:%Y%m%dT%H%M%S}"
            return self._write(report, notification, key, delivery.at)
        except KometaAIError:
            raise
        except Exception as error:
            LOG.critical("a fault in Kometa-AI itself", exc_info=error)
            raise SkipError(
                FaultKind.PROGRAM,
                f"The message about run {delivery.run_id} could not be written"
                f" ({type(error).__name__}).",
                remedy="That is a bug: please report it with the traceback in the log.",
                where="Kometa-AI",
            ) from error


async def _send(channel: Channel, message: Message, patience: float) -> str:
    """Send a message; whatever goes wrong is an error that can be told."""
    try:
        async with asyncio.timeout(patience):
            return await channel.send(message)
    except TimeoutError as error:
        raise TryLaterError(
            FaultKind.MESSAGES,
            f"It did not take the message within {patience:g} seconds.",
            remedy="It may work another time.",
            where=channel.name,
        ) from error
    except KometaAIError:
        raise
    except Exception as error:  # a bug in one channel must hold up no other
        LOG.critical("a fault in Kometa-AI itself", exc_info=error)
        raise TryLaterError(
            FaultKind.PROGRAM,
            f"The program itself failed ({type(error).__name__}).",
            remedy="That is a bug: please report it with the traceback in the log.",
            where=channel.name,
        ) from error
