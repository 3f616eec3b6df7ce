"""Tells a watchman outside of each run: he notices silence, which nobody here could report."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from kometa_ai.cli.beat import send_beat
from kometa_ai.domain.fault import KometaAIError

if TYPE_CHECKING:
    from addon.configuration import Configuration
    from kometa_ai.domain.heartbeat import Beat
    from kometa_ai.ports import Clock

LOG = logging.getLogger(__name__)


class Pulse:
    """Sends beats one after the other, beside the runs: none of them waits for it."""

    def __init__(self, configuration: Configuration, clock: Clock) -> None:
        self._configuration = configuration
        self._clock = clock
        self._beats: asyncio.Queue[Beat] = asyncio.Queue()

    def beat(self, beat: Beat | None) -> None:
        """Have a beat sent; ``None`` is none."""
        if beat is not None and self._configuration.settings.heartbeat_url:
            self._beats.put_nowait(beat)

    async def run(self) -> None:
        """Send for ever."""
        while True:
            beat = await self._beats.get()
            try:
                await send_beat(self._configuration.settings, self._clock, beat)
            except KometaAIError as error:
                LOG.warning("%s", error)
