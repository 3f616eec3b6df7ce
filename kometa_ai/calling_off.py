"""Calling off what is on its way to Claude."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.fault import KometaAIError

if TYPE_CHECKING:
    from kometa_ai.house import House

CALLING_OFF: Final = 3.0
"""Seconds that Anthropic has to hear that batches are called off; the next run repeats it."""


async def call_off(house: House) -> None:
    """Have Anthropic end what is on its way: a person does not want it any more.

    What is answered by then is paid for, and taken by the next run.
    """
    batches = await house.store.open_batches()
    for batch in batches:
        await house.store.note_called_off(batch.number)
    ids = [one.id for one in batches if one.id and one.sure]
    with suppress(TimeoutError):
        async with asyncio.timeout(CALLING_OFF), asyncio.TaskGroup() as tasks:
            for name in ids:
                tasks.create_task(_call_off(house, name), name=f"call off {name}")


async def _call_off(house: House, batch: str) -> None:
    with suppress(KometaAIError):
        await house.judge.batches.call_off(batch)
