"""Asks after a start, and as long as something is wrong, whether Radarr and Claude answer."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from addon.status import Problem, Source, every
from addon.waiting import set_within
from addon.worker.order import Checked, Deed
from kometa_ai.domain.fault import KometaAIError
from kometa_ai.settings import RUN_NEEDS, missing

if TYPE_CHECKING:
    from addon.configuration import Configuration
    from addon.picture import Picture
    from addon.runs import Runs
    from kometa_ai.ports import Clock

LOG = logging.getLogger(__name__)
FIRST_WAIT: Final = 60.0
LONGEST_WAIT: Final = 900.0
"""Seconds between two tries: soon after a start, when Radarr starts too, and then more seldom."""
SEEN_ELSEWHERE: Final = frozenset({"Settings", "Kometa's files"})
"""Parts of the health check that the service watches all the time."""


class Checkup:
    """Checks once, again when the settings change, and with patience while it fails."""

    def __init__(
        self, configuration: Configuration, clock: Clock, picture: Picture, runs: Runs
    ) -> None:
        self._configuration = configuration
        self._clock = clock
        self._picture = picture
        self._runs = runs
        self._wanted = asyncio.Event()

    def again(self) -> None:
        """Check anew: something has changed."""
        self._wanted.set()

    async def run(self) -> None:
        """Check for ever, when there is a reason."""
        wait = FIRST_WAIT
        while True:
            self._wanted.clear()
            if await self._check():
                wait = FIRST_WAIT
                await self._wanted.wait()
            else:
                if await set_within(self._wanted, self._clock, wait):
                    wait = FIRST_WAIT / 2
                wait = min(wait * 2, LONGEST_WAIT)

    async def _check(self) -> bool:
        """Show what is wrong now; return whether nothing is worth asking again about."""
        if not self._configuration.usable:
            return True  # that is shown already, and nothing can be asked with wrong settings
        faults = missing(self._configuration.settings, RUN_NEEDS)
        if faults:
            self._picture.blame(Source.CHECK, every(faults))
            return True
        await self._runs.idle.wait()
        try:
            found = await self._runs.ask(Deed.CHECK)
        except (KometaAIError, OSError) as error:
            LOG.warning("the check itself failed: %s", error)
            return False
        if not isinstance(found, Checked):
            return False
        well = {name: fine for name, fine, _ in found.parts}
        wrong = [
            f"{name}: {told}"
            for name, fine, told in found.parts
            if not fine and name not in SEEN_ELSEWHERE
        ]
        self._picture.change(radarr=well.get("Radarr"), claude=well.get("Claude"))
        self._picture.blame(Source.CHECK, Problem(" ".join(wrong)) if wrong else None)
        return not wrong
