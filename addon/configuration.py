"""The settings as they are now: read at the start, again when a file changes, set at run time."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from kometa_ai.adapters.store import read_marks
from kometa_ai.domain.fault import KometaAIError
from kometa_ai.settings import (
    BACK,
    MARK,
    OPTIONS_FILE,
    SETTINGS,
    SettingsError,
    StoredValue,
    add_on_settings_file,
    check,
    load,
    load_with_stored,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from addon.memory import Memory
    from kometa_ai.domain.fault import Fault
    from kometa_ai.settings import Loaded, Settings

LOG = logging.getLogger(__name__)


class Configuration:
    """The settings that the service works with, and what is wrong with newer ones.

    ``faults`` is empty while what is configured is what is in use. ``usable`` is false as long as
    no settings without a fault have been seen: then nothing may run.
    """

    def __init__(self, environ: Mapping[str, str], options_file: Path = OPTIONS_FILE) -> None:
        self._environ = environ
        self._options_file = options_file
        self._loaded: Loaded | None = None
        self.faults: tuple[Fault, ...] = ()
        self.usable = False

    @property
    def loaded(self) -> Loaded:
        """Return the settings in use; ``read`` comes first."""
        if self._loaded is None:
            raise RuntimeError("the settings have not been read")
        return self._loaded

    @property
    def settings(self) -> Settings:
        """Return the values in use."""
        return self.loaded.settings

    @property
    def inside_add_on(self) -> bool:
        """Return whether Home Assistant's Supervisor started us, with options of its own."""
        return self._options_file.exists()

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the files that settings come from: a change of one is worth a new reading."""
        found = [self._options_file]
        if self.inside_add_on:
            # Watched before it is there: it is picked up without being named.
            found.append(add_on_settings_file(self._options_file))
        named = self._loaded and self._loaded.settings.settings_file
        if named and named not in found:
            found.append(named)
        secrets = (self._environ.get(each.file_env, "").strip() for each in SETTINGS if each.secret)
        return (*found, *(type(self._options_file)(path) for path in secrets if path))

    def read(self) -> bool:
        """Read all sources; return whether anything is different from before.

        Faults leave the settings in use as they are; if there are none yet, what is sound of the
        new ones serves to tell of the faults.
        """
        before = (self._loaded and self._loaded.written, self.faults)
        try:
            self._loaded = load_with_stored(self._environ, _stored, options_file=self._options_file)
            self.faults, self.usable = (), True
        except SettingsError as error:
            self.faults = error.faults
            if not self.usable:
                self._loaded = error.sound or self._loaded
        return before != (self._loaded and self._loaded.written, self.faults)

    async def set(self, env: str, value: str, memory: Memory) -> None:
        """Set a value that holds from now on; ``BACK`` gives way to what is configured.

        Raises SkipError when the setting can't have this value.
        """
        if value == BACK:
            await memory.set_mark(f"{MARK}{env}", None)
            return
        check(env, value)
        configured = load(self._environ, options_file=self._options_file).written.get(env)
        await memory.set_mark(f"{MARK}{env}", StoredValue(value, configured).to_text())


def _stored(folder: Path) -> Mapping[str, str]:
    try:
        return read_marks(folder, MARK)
    except KometaAIError as error:
        LOG.warning("what was set at run time can't be read: %s", error)
        return {}
