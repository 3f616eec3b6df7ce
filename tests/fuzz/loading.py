"""What must hold of settings, wherever they were read."""

from __future__ import annotations

import json
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from kometa_ai.settings import (
    SETTINGS,
    Loaded,
    Settings,
    SettingsError,
    dump_json,
    dump_text,
    load,
    redactor,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kometa_ai.domain.fault import Fault

CANARY = "CANARY77"
"""Stands in secrets only, and so may stand in no text."""
HINTS = get_type_hints(Settings)


def loaded(
    environ: Mapping[str, str], options_file: Path | None = None
) -> tuple[Loaded, tuple[Fault, ...]]:
    """Read settings, and check what came of them whether they are right or not."""
    faults: tuple[Fault, ...] = ()
    try:
        read = load(environ, options_file=options_file)
    except SettingsError as error:
        assert error.sound is not None
        assert error.faults
        read, faults = error.sound, error.faults
    is_typed(read.settings)
    for fault in faults:
        assert fault.where
        assert fault.message
        str(fault).encode("utf-8", "surrogateescape")
    for notice in read.notices:
        assert notice
    redactor(read.settings)("a text")
    return read, faults


def is_typed(settings: Settings) -> None:
    """Each value has the type that is declared, and a number is within what makes sense."""
    for setting in SETTINGS:
        assert _is_a(getattr(settings, setting.name), HINTS[setting.name]), setting.name
    for port in (settings.smtp_port, settings.mqtt_port, settings.web_port):
        assert 1 <= port <= 65_535
    assert 0 <= settings.max_removals_percent <= 100
    assert 1 <= settings.claude_collections_per_request <= 26
    assert 1 <= settings.claude_concurrency <= 64
    assert 0 <= settings.max_evals_per_run <= 10**9
    assert 0 <= settings.schedule_jitter <= 24 * 60
    for amount in (settings.monthly_budget, settings.max_cost_per_run):
        assert amount is None or (amount.is_finite() and 0 <= amount <= 10**6)


def shown(read: Loaded, faults: tuple[Fault, ...]) -> str:
    """Return all that anybody is ever told of settings."""
    return "\n".join(
        (
            *map(str, faults),
            str(SettingsError(faults)),
            *read.notices,
            repr(read),
            repr(read.settings),
            dump_text(read),
            json.dumps(dump_json(read)),
        )
    )


def no_silent_default(
    written: Mapping[str, str | tuple[str, ...]], read: Loaded, faults: tuple[Fault, ...]
) -> None:
    """Each value that was written, by its env name, is in use or is complained of by name."""
    blamed = {fault.where for fault in faults}
    for setting in SETTINGS:
        raw = written.get(setting.env)
        if raw and not blamed & {setting.env, setting.file_env}:
            assert getattr(read.settings, setting.name) == setting.kind.read(raw), setting.env


def _is_a(value: object, hint: Any) -> bool:
    if get_origin(hint) is UnionType or hint is NoneType:
        return any(_is_a(value, each) for each in get_args(hint)) or value is None
    if get_origin(hint) is tuple:
        item = get_args(hint)[0]
        return isinstance(value, tuple) and all(_is_a(each, item) for each in value)
    if hint is int:
        return type(value) is int
    return isinstance(value, hint)
