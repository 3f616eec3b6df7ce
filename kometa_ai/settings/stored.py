"""What was set at run time: it wins over what is configured, until that itself changes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.fault import FaultKind, SkipError
from kometa_ai.settings.declared import BY_ENV
from kometa_ai.settings.kinds import Refused
from kometa_ai.settings.reading import OPTIONS_FILE, Loaded, SettingsError, load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from kometa_ai.settings.kinds import Raw

MARK: Final = "setting "
"""What the names begin with under which the state keeps such values."""
SETTABLE: Final = ("SCHEDULE_CRON", "MONTHLY_BUDGET", "MAX_EVALS_PER_RUN")
BACK: Final = "default"
"""The value that takes back what was set at run time."""


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A value as it was set, and what was configured at that moment (``None``: nothing was)."""

    value: str
    over: Raw | None

    def to_text(self) -> str:
        """Return it as the state keeps it."""
        return json.dumps({"value": self.value, "over": self.over})

    @classmethod
    def from_text(cls, text: str) -> StoredValue:
        """Return what ``to_text`` wrote."""
        kept = json.loads(text)
        over = kept["over"]
        return cls(str(kept["value"]), tuple(over) if isinstance(over, list) else over)


def check(env: str, value: str) -> None:
    """Raise SkipError, which says what was expected, if a setting can't have this value."""
    setting = BY_ENV[env]
    try:
        setting.kind.read(value)
    except Refused as refused:
        raise SkipError(
            FaultKind.SETTINGS,
            f"{setting.shown_raw(value)} {refused}.",
            remedy=f"Expected {setting.kind.expected}.",
            where=env,
        ) from refused


def load_with_stored(
    environ: Mapping[str, str],
    read_marks: Callable[[Path], Mapping[str, str]],
    *,
    flags: Mapping[str, Raw] | None = None,
    options_file: Path | None = OPTIONS_FILE,
) -> Loaded:
    """Read all settings, those included that were set at run time and still hold.

    ``read_marks`` returns what the state in a folder keeps under names that begin with ``MARK``.

    Raises:
        SettingsError: as ``load`` does.

    """
    flags = flags or {}
    configured = load(environ, flags=flags, options_file=options_file)
    marks = read_marks(configured.settings.state_dir)
    stored = {name.removeprefix(MARK): _read(marks[name]) for name in marks}
    holding = {
        env: one.value
        for env, one in stored.items()
        if one and env in SETTABLE and one.over == configured.written.get(env)
    }
    if not holding:
        return configured
    try:
        return load(environ, flags=flags, stored=holding, options_file=options_file)
    except SettingsError as error:
        # What another version has stored can't be mended by hand: it is told, and passed over.
        told = tuple(f"Set at run time and not used: {fault}" for fault in error.faults)
        return Loaded(
            configured.settings,
            configured.origins,
            (*configured.notices, *told),
            configured.written,
        )


def _read(text: str) -> StoredValue | None:
    """Return a stored value, ``None`` for what only another version understands."""
    try:
        return StoredValue.from_text(text)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
