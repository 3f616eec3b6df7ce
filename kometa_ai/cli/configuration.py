"""Reading the settings for a command, and showing them."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from kometa_ai import settings
from kometa_ai.cli.flags import Exit
from kometa_ai.cli.output import Output
from kometa_ai.domain.fault import KometaAIError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping
    from pathlib import Path

    from kometa_ai.settings import Loaded

LOG = logging.getLogger(__name__)


def configure(flags: Namespace) -> tuple[Loaded, Output]:
    """Return the settings and where to print; raises SettingsError, after it was said."""
    overrides = {} if flags.max_evals is None else {"MAX_EVALS_PER_RUN": flags.max_evals}
    try:
        loaded = settings.load_with_stored(os.environ, stored_settings, flags=overrides)
    except settings.SettingsError as error:
        Output(str, as_json=flags.json).fail(error, dry_run=flags.dry_run)
        raise
    return loaded, Output(settings.redactor(loaded.settings), as_json=flags.json)


def stored_settings(folder: Path) -> Mapping[str, str]:
    """Return what was set at run time, as a state keeps it; nothing if it can't be read now.

    A damaged state is healed, and told of, by the command that opens it.
    """
    if not folder.is_dir():
        return {}
    # Only here: what is asked for before there is a state is answered at once.
    from kometa_ai.adapters.store import read_marks  # noqa: PLC0415

    try:
        return read_marks(folder, settings.MARK)
    except KometaAIError as error:
        LOG.warning("what was set at run time can't be read: %s", error)
        return {}


def dump_config(flags: Namespace) -> int:
    """Show every setting."""
    try:
        loaded, out = configure(flags)
    except settings.SettingsError:
        return Exit.WRONG_SETTINGS
    if out.as_json:
        out.json(settings.dump_json(loaded))
    else:
        out.say(settings.dump_text(loaded))
    for notice in loaded.notices:
        out.complain(notice)
    return Exit.FINE
