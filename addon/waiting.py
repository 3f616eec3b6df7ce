"""Waiting that can be interrupted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kometa_ai.ports import Clock


async def set_within(event: asyncio.Event, clock: Clock, seconds: float | None) -> bool:
    """Wait for an event, so many seconds at most (``None``: for ever); return whether it came."""
    if seconds is None:
        await event.wait()
        return True
    if event.is_set():
        return True
    came = asyncio.create_task(event.wait(), name="event")
    slept = asyncio.create_task(clock.sleep(seconds), name="patience")
    try:
        await asyncio.wait({came, slept}, return_when=asyncio.FIRST_COMPLETED)
        return event.is_set()
    finally:
        came.cancel()
        slept.cancel()
