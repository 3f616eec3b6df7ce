"""The folder of Kometa's files: which files count, and their text."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from kometa_ai.domain.fault import Fault, FaultKind, SkipError

BOM = "\ufeff"
_ENDINGS = (".yml", ".yaml")
_SET_FOLDER = "Set KOMETA_CONFIG_DIR to the folder that holds the collection files of Kometa."


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file; ``name`` is its path below the folder, as it is told to people."""

    path: Path
    name: str


def list_files(folder: Path) -> tuple[tuple[SourceFile, ...], tuple[Fault, ...]]:
    """Find every ``.yml`` and ``.yaml`` at any depth, sorted by name, each real file once.

    What begins with ``_`` or ``.`` is left out, and so is what a link leads to a second time.
    """
    files, faults = walk(folder)
    if not files and not faults:
        message = "The folder of Kometa's files holds no .yml or .yaml file."
        faults = (Fault(FaultKind.KOMETA, shown(folder), message, _SET_FOLDER),)
    return files, faults


def walk(folder: Path) -> tuple[tuple[SourceFile, ...], tuple[Fault, ...]]:
    """Do the same, and have no fault to find with a folder that holds none."""
    faults: list[Fault] = []

    def unreadable(error: OSError) -> None:
        place = Path(error.filename or folder)
        message = f"The folder of Kometa's files can't be read: {error.strerror or error}."
        remedy = "Allow this program to read it."
        if place == folder:
            gone = isinstance(error, FileNotFoundError)
            wrong = "does not exist" if gone else f"can't be read ({error.strerror or error})"
            message, remedy = f"The folder of Kometa's files {wrong}.", _SET_FOLDER
        faults.append(Fault(FaultKind.KOMETA, shown(place), message, remedy))

    files: list[SourceFile] = []
    seen: set[tuple[int, int]] = set()
    for root, folders, names in os.walk(folder, onerror=unreadable, followlinks=True):
        folders[:] = [name for name in sorted(folders) if not name.startswith(("_", "."))]
        folders[:] = [name for name in folders if _first_time(Path(root, name), seen)]
        for name in names:
            path = Path(root, name)
            wanted = name.lower().endswith(_ENDINGS) and not name.startswith(("_", "."))
            if wanted and _first_time(path, seen):
                files.append(SourceFile(path, shown(path.relative_to(folder))))
    return tuple(sorted(files, key=lambda file: file.name)), tuple(faults)


def read_bytes(file: SourceFile) -> bytes:
    """Return a file's content; raise ``SkipError`` if it can't be read."""
    try:
        return file.path.read_bytes()
    except OSError as error:
        raise SkipError(
            FaultKind.KOMETA,
            f"The file can't be read: {error.strerror or error}.",
            remedy="Allow this program to read it, or move it away.",
            where=file.name,
        ) from error


def decode(file: SourceFile, content: bytes) -> str:
    """Return the content as text, a byte order mark included; raise ``SkipError`` if not UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SkipError(
            FaultKind.KOMETA,
            "The file isn't UTF-8 text.",
            remedy="Save it as UTF-8.",
            where=f"{file.name}:{line}",
        ) from error


def _first_time(path: Path, seen: set[tuple[int, int]]) -> bool:
    try:
        found = path.stat()
    except OSError:
        return True  # a dangling link: reading it tells why
    if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
        return False  # opening a pipe would wait for ever
    identity = (found.st_dev, found.st_ino)
    if identity in seen:
        return False
    seen.add(identity)
    return True


def shown(path: Path) -> str:
    """Return a path as text that can be printed; a name on disk may be any bytes."""
    return os.fsencode(path.as_posix()).decode(errors="replace")
