"""KOMETA_FIX_TAGS: write a collection's tag into its file, and not one byte beside it."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from kometa_ai.adapters.kometa_files.edits import Edit, UnsafeError, make_edit
from kometa_ai.adapters.kometa_files.folder import BOM, SourceFile, decode, read_bytes
from kometa_ai.adapters.kometa_files.reading import (
    Reading,
    read_folder,
    read_text,
    runnable,
)
from kometa_ai.adapters.kometa_files.tags import RADARR
from kometa_ai.adapters.kometa_files.tree import NotYamlError, Signature, grow
from kometa_ai.domain.fault import Fault, FaultKind, SkipError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kometa_ai.adapters.kometa_files.found import Found

_WRITABLE = 0o222


def fix_tags(folder: Path, *, dry_run: bool = False) -> tuple[tuple[str, ...], tuple[Fault, ...]]:
    """Write the computed tag of every collection that runs and names no valid ``KAI-`` tag.

    Returns what was written (with ``dry_run``: what would be), and a fault for each tag that
    could not be. A file is replaced at once or not at all, and only after the new text has been
    read and found to differ in nothing but these tags.
    """
    fixes: list[str] = []
    faults: list[Fault] = []
    untagged = [found for found in runnable(read_folder(folder)) if not found.is_tagged]
    for file, group in groupby(untagged, key=lambda found: found.file):
        try:
            fixed, refused = _fix_file(file, list(group), dry_run=dry_run)
        except SkipError as error:
            faults.append(error.fault)
        else:
            fixes += fixed
            faults += refused
    return tuple(fixes), tuple(faults)


def _fix_file(
    file: SourceFile, untagged: Sequence[Found], *, dry_run: bool
) -> tuple[list[str], list[Fault]]:
    content = read_bytes(file)
    text = decode(file, content)
    mark = BOM if text.startswith(BOM) else ""
    tree = untagged[0].tree
    if text.removeprefix(BOM) != tree.text:
        raise _unwritable(file, "it changed while it was read")
    fixes: list[str] = []
    faults: list[Fault] = []
    edits: list[tuple[Found, Edit]] = []
    for found in untagged:
        try:
            edits.append((found, make_edit(found)))
        except UnsafeError as error:
            faults.append(_unsafe(found, str(error)))
    draft = _Draft(file, tree.text, tree.signatures)
    refused = draft.take(edits)
    faults += [_unsafe(found, why) for found, why in refused]
    kept_out = {fault.where for fault in faults}
    for one in (found.collection for found in untagged):
        if one.source not in kept_out:
            verb = "would become" if dry_run else "is now"
            fixes.append(f'{one.source}: the {RADARR} of "{one.name}" {verb} {one.tag}.')
    if fixes and not dry_run:
        _replace(file, content, (mark + draft.text).encode())
    faults.sort(key=lambda fault: int(fault.where.rpartition(":")[2]))
    return fixes, faults


@dataclass(slots=True)
class _Draft:
    """A file's text with the edits that were found safe so far, and what it says."""

    file: SourceFile
    text: str
    signatures: tuple[Signature, ...]

    def take(self, edits: Sequence[tuple[Found, Edit]]) -> list[tuple[Found, str]]:
        """Make all edits that are safe, and return those that are not, with the reason.

        They are tried together: to read a long file anew for each of them takes minutes. Only
        where that fails each half is tried by itself, the later one first: so the places of the
        earlier one stay right.
        """
        if not edits:
            return []
        text, signatures = self._with([edit for _, edit in edits])
        try:
            sources = {found.collection.source for found, _ in edits}
            _check(self.file, self.text, text, signatures, sources)
        except UnsafeError as error:
            if len(edits) == 1:
                return [(edits[0][0], str(error))]
            middle = len(edits) // 2
            later = self.take(edits[middle:])
            return [*self.take(edits[:middle]), *later]
        self.text, self.signatures = text, signatures
        return []

    def _with(self, edits: Sequence[Edit]) -> tuple[str, tuple[Signature, ...]]:
        texts: list[str] = []
        events: list[Signature] = []
        at = number = 0
        for edit in edits:
            texts += (self.text[at : edit.start], edit.text)
            events += (*self.signatures[number : edit.first], *edit.events)
            at, number = edit.end, edit.last
        return "".join((*texts, self.text[at:])), (*events, *self.signatures[number:])


def _check(
    file: SourceFile, old: str, new: str, meant: tuple[Signature, ...], sources: Collection[str]
) -> None:
    """Raise ``UnsafeError`` unless the new text says what the old one said, and the tag."""
    try:
        tree = grow(new)
    except NotYamlError as error:
        raise UnsafeError(f"the file would not be valid YAML any more ({error.problem})") from error
    expected = [
        (replace(found.collection, source=""), found.sound, found.is_tagged or at in sources)
        for at, found in _enabled(file, old)
    ]
    now = [
        (replace(found.collection, source=""), found.sound, found.is_tagged)
        for _, found in _enabled(file, new)
    ]
    if tree.signatures != meant or now != expected:
        raise UnsafeError("the file would say something else afterwards")


def _enabled(file: SourceFile, text: str) -> list[tuple[str, Found]]:
    reading = Reading()
    read_text(reading, file, text)
    return [(found.collection.source, found) for found in reading.found]


def _replace(file: SourceFile, old: bytes, new: bytes) -> None:
    """Replace a file at once; a link stays a link, and what it leads to is replaced."""
    path = Path(os.path.realpath(file.path))
    temporary = ""
    try:
        before = path.stat()
        if not (before.st_mode & _WRITABLE and os.access(path, os.W_OK)):
            raise _unwritable(file, "it is read-only")
        handle, temporary = tempfile.mkstemp(prefix=".kometa-ai-", suffix=".tmp", dir=path.parent)
        with os.fdopen(handle, "wb") as copy:
            copy.write(new)
            _adopt(copy.fileno(), before)
            copy.flush()
            os.fsync(copy.fileno())
        if path.read_bytes() != old:
            raise _unwritable(file, "it changed while it was read")
        Path(temporary).replace(path)
        temporary = ""
    except OSError as error:
        raise _unwritable(file, error.strerror or str(error)) from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
    # The new text is there already; not every file system can be asked to keep a folder safe.
    with contextlib.suppress(OSError):
        _sync_folder(path.parent)


def _adopt(handle: int, before: os.stat_result) -> None:
    # Only root may give a file away; elsewhere the new one belongs to whoever runs this program.
    with contextlib.suppress(PermissionError):
        os.fchown(handle, before.st_uid, before.st_gid)
    os.fchmod(handle, stat.S_IMODE(before.st_mode))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(file: SourceFile, why: str) -> SkipError:
    return SkipError(
        FaultKind.KOMETA,
        f"KOMETA_FIX_TAGS could not write this file: {why}. It is as it was.",
        remedy=f"Allow this program to write it, or write the {RADARR} by hand.",
        where=file.name,
    )


def _unsafe(found: Found, why: str) -> Fault:
    one = found.collection
    message = f'KOMETA_FIX_TAGS left the {RADARR} of "{one.name}" as it is: {why}.'
    return Fault(FaultKind.KOMETA, one.source, message, f"Write {one.tag} there by hand.")
