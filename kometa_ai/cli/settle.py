"""python -m kometa_ai.cli.settle: what the add-on's backup runs before it copies the state.

It always ends well: a backup that lacks nothing but the last steps is better than none, and the
journal is copied too.
"""

from __future__ import annotations

import os
import sys

from kometa_ai.adapters.store import settle
from kometa_ai.domain.fault import KometaAIError
from kometa_ai.settings import Loaded, SettingsError, load


def main() -> None:
    """Make the state ready to be copied."""
    try:
        loaded: Loaded | None = load(os.environ)
    except SettingsError as error:
        loaded = error.sound
    told = "there is no state"
    if loaded is not None:
        folder = loaded.settings.state_dir
        try:
            done = settle(folder)
            told = f"the state in {folder} is {'whole' if done else 'in use and copied as it is'}"
        except KometaAIError as error:
            told = str(error)
    sys.stderr.write(f"Before a backup: {told}\n")


if __name__ == "__main__":
    main()
