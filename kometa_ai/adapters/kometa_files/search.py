"""Which of several folders is Kometa's: the first one with an AI block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kometa_ai.adapters.kometa_files.blocks import EXAMPLE, may_hold_block, scan_markers
from kometa_ai.adapters.kometa_files.folder import BOM, decode, read_bytes, shown, walk
from kometa_ai.domain.fault import FaultKind, SkipError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kometa_ai.adapters.kometa_files.folder import SourceFile


def choose(folders: Sequence[Path]) -> Path:
    """Return the folder to be read; raise SkipError, which says where was looked, if there is none.

    One that was named alone is not looked for: what is wrong with it, reading it tells. Neither is
    a folder passed over that can't be read: the block may be there, and another folder's
    collections are not the ones that were meant.
    """
    if len(folders) == 1:
        return folders[0]
    looked: list[str] = []
    for folder in folders:
        if _is_missing(folder):
            looked.append(f"{shown(folder)} (does not exist)")
            continue
        files, faults = walk(folder)
        if faults or _has_block(files):
            return folder
        count = f"{len(files)} file{'' if len(files) == 1 else 's'}"
        what = f"no AI block in {count}" if files else "no .yml or .yaml file"
        looked.append(f"{shown(folder)} ({what})")
    raise SkipError(
        FaultKind.KOMETA,
        f"No AI block was found. Looked for one in {', '.join(looked)}.",
        remedy=f"{EXAMPLE} If your Kometa files are somewhere else, set KOMETA_CONFIG_DIR.",
    )


def _is_missing(folder: Path) -> bool:
    try:
        folder.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False  # something is there; reading it tells what is wrong
    return False


def _has_block(files: Sequence[SourceFile]) -> bool:
    """Return whether one of the files has a block, or may have one and can't be read."""
    for file in files:
        try:
            content = read_bytes(file)
            if may_hold_block(content) and scan_markers(decode(file, content).removeprefix(BOM))[0]:
                return True
        except SkipError:
            return True
    return False
