"""Looks after what changes without telling us: files of settings, Kometa's files, other runs."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.fault import KometaAIError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from pathlib import Path

    from addon.configuration import Configuration
    from addon.neighbour import Neighbour
    from kometa_ai.ports import Clock

LOG = logging.getLogger(__name__)
TICK: Final = 2.0
"""Seconds between two looks at a handful of files."""
TICKS_FOR_KOMETA: Final = 15
"""Kometa's folder may hold thousands of posters: it is walked every half minute."""
KOMETA_FILES: Final = (".yml", ".yaml")
NOT_READ: Final = (".", "_")

Stamp = tuple[tuple[str, int, int], ...]


class Watching:
    """Watches for ever; ``reconfigure`` and ``read_files`` are called when there is a reason."""

    def __init__(
        self,
        configuration: Configuration,
        clock: Clock,
        neighbour: Neighbour,
        *,
        reconfigure: Callable[[], Awaitable[None]],
        read_files: Callable[[], Awaitable[None]],
    ) -> None:
        self._configuration = configuration
        self._clock = clock
        self._neighbour = neighbour
        self._reconfigure = reconfigure
        self._read_files = read_files
        self._asked = False
        self._settings: Stamp = ()
        self._kometa: Stamp = ()
        self._month = 0
        self._failed: set[Callable[[], Awaitable[None]]] = set()

    async def begin(self) -> None:
        """Note how the files are now: called before they are read, so that no change is missed."""
        self._settings = stamp(self._configuration.files)
        self._kometa = await self._kometa_stamp()
        self._month = self._month_now()

    def look_now(self) -> None:
        """Read the settings at the next tick, whether a file has changed or not."""
        self._asked = True

    async def run(self) -> None:
        """Look, wait, and look again."""
        ticks = 0
        while True:
            await self._clock.sleep(TICK)
            ticks += 1
            await self._try(self._neighbour.look)
            await self._try(self._look_at_settings)
            if ticks % TICKS_FOR_KOMETA == 0:
                await self._try(self._look_at_kometa)

    async def _look_at_settings(self) -> None:
        now = stamp(self._configuration.files)
        if self._asked or now != self._settings:
            LOG.info("the settings are read again")
            await self._reconfigure()
            # Only now: what could not be put into effect is tried again.
            self._asked, self._settings = False, now

    async def _look_at_kometa(self) -> None:
        # What a month has cost begins anew with the month, also when nothing runs.
        now, month = await self._kometa_stamp(), self._month_now()
        if (now, month) != (self._kometa, self._month):
            await self._read_files()
            self._kometa, self._month = now, month

    async def _try(self, look: Callable[[], Awaitable[None]]) -> None:
        """Look; what fails (the state may be locked or full) is said once, and tried again."""
        try:
            await look()
            self._failed.discard(look)
        except KometaAIError as error:
            if look not in self._failed:
                LOG.warning("%s", error)
            self._failed.add(look)

    def _month_now(self) -> int:
        return self._clock.now().astimezone(self._configuration.settings.tz).month

    async def _kometa_stamp(self) -> Stamp:
        folders = self._configuration.settings.kometa_config_dir
        return await asyncio.to_thread(folders_stamp, folders)


def stamp(files: Iterable[Path]) -> Stamp:
    """Return what changes whenever one of these files does; a missing one has a stamp too."""
    return tuple(_one(os.fspath(file)) for file in files)


def folders_stamp(folders: Iterable[Path]) -> Stamp:
    """Return what changes whenever a YAML file below one of the folders does."""
    found = []
    for folder in folders:
        for path, below, names in os.walk(folder):
            # What is not read is not walked either: .storage, .git and the like can be large.
            below[:] = [name for name in below if not name.startswith(NOT_READ)]
            found += [
                _one(os.path.join(path, name))  # noqa: PTH118 - thousands of Path objects take longer
                for name in names
                if name.lower().endswith(KOMETA_FILES)
            ]
    return tuple(sorted(found))


def _one(path: str) -> tuple[str, int, int]:
    try:
        found = os.stat(path)  # noqa: PTH116 - the same
    except OSError:
        return path, 0, 0
    return path, found.st_mtime_ns, found.st_size
