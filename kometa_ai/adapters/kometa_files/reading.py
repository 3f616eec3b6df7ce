"""Kometa's files, read into collections."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kometa_ai.adapters.kometa_files.blocks import (
    EXAMPLE,
    Block,
    find_blocks,
    may_hold_block,
    scan_markers,
)
from kometa_ai.adapters.kometa_files.folder import (
    BOM,
    SourceFile,
    decode,
    list_files,
    read_bytes,
    shown,
)
from kometa_ai.adapters.kometa_files.found import Found, clashes, join, untagged
from kometa_ai.adapters.kometa_files.keys import read_keys
from kometa_ai.adapters.kometa_files.places import MisplacedError, find_homes, find_place
from kometa_ai.adapters.kometa_files.tags import SONARR, find_tags
from kometa_ai.adapters.kometa_files.tree import NotYamlError, Tree, grow
from kometa_ai.adapters.kometa_files.values import Switch, make_wish
from kometa_ai.domain.fault import Fault, FaultKind, SkipError

if TYPE_CHECKING:
    from pathlib import Path

    from kometa_ai.domain.collection import Collection

_TAG = re.compile(rb"kai-[a-z0-9-]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class KometaFiles:
    """What Kometa's files say: collections that run, those that don't, and what is wrong.

    ``disabled`` names each collection that is switched off, with its place. ``claimed`` holds every
    ``KAI-`` tag, in lower case, that any file mentions or any block stands for. ``notices`` are
    worth reading and keep nothing from running. ``folder`` is where it was read, if anywhere.
    """

    collections: tuple[Collection, ...] = ()
    disabled: tuple[str, ...] = ()
    claimed: frozenset[str] = frozenset()
    faults: tuple[Fault, ...] = ()
    notices: tuple[str, ...] = ()
    folder: Path | None = None


@dataclass(slots=True)
class Reading:
    """What has been read so far."""

    found: list[Found] = field(default_factory=list)
    disabled: list[str] = field(default_factory=list)
    claimed: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    blocks: int = 0


def read(folder: Path) -> KometaFiles:
    """Read every collection with an AI block below a folder; never raises.

    An explicitly disabled block keeps nothing from running, so what is wrong with it is told as a
    notice. Of two collections with one name or one tag neither runs, unless one is disabled.
    """
    reading = read_folder(folder)
    return KometaFiles(
        tuple(one.collection for one in runnable(reading)),
        tuple(reading.disabled),
        frozenset(reading.claimed),
        tuple(reading.faults) + clashes(reading.found),
        (*reading.notices, *untagged(runnable(reading))),
        folder,
    )


def runnable(reading: Reading) -> tuple[Found, ...]:
    """Return the collections that nothing keeps from running."""
    clashing = {fault.where for fault in clashes(reading.found)}
    return tuple(
        one for one in reading.found if one.sound and one.collection.source not in clashing
    )


def read_folder(folder: Path) -> Reading:
    """Read all files below a folder."""
    reading = Reading()
    files, faults = list_files(folder)
    reading.faults += faults
    for file in files:
        try:
            content = read_bytes(file)
            reading.claimed.update(tag.decode().lower() for tag in _TAG.findall(content))
            if may_hold_block(content):
                read_text(reading, file, decode(file, content))
        except SkipError as error:
            reading.faults.append(error.fault)
    if files and not reading.blocks and not reading.faults:
        message = "No file below this folder has an AI block, so there is nothing to do."
        reading.faults.append(Fault(FaultKind.KOMETA, shown(folder), message, EXAMPLE))
    return reading


def read_text(reading: Reading, file: SourceFile, text: str) -> None:
    """Read one file; one without blocks isn't parsed, its YAML is not our business."""
    text = text.removeprefix(BOM)
    has_marker, almost = scan_markers(text)
    reading.notices += [
        f"{file.name}:{line}: This comment is almost the marker of a block, but not quite, so it"
        " is taken for a plain comment. Blocks begin with # === KOMETA-AI ==="
        for line in almost
    ]
    if not has_marker:
        return
    try:
        tree = grow(text)
    except NotYamlError as error:
        reading.blocks += 1
        message = f"The file isn't valid YAML: {error.problem}."
        remedy = "Mend this line or the one above it; none of the file's collections run."
        where = f"{file.name}:{error.line + 1}"
        reading.faults.append(Fault(FaultKind.KOMETA, where, message, remedy))
        return
    blocks, faults = find_blocks(file.name, tree)
    reading.blocks += len(blocks) + len(faults)
    reading.faults += faults
    parsed = _Parsed(file, tree, find_homes(tree))
    for block in blocks:
        _read_block(reading, parsed, block)


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A file with its tree; ``placed`` are its blocks so far, by the key that they belong to.

    ``listed`` says where in the list of all that was found those are that count.
    """

    file: SourceFile
    tree: Tree
    homes: frozenset[int]
    placed: dict[int, Block] = field(default_factory=dict)
    listed: dict[int, int] = field(default_factory=dict)


def _read_block(reading: Reading, parsed: _Parsed, block: Block) -> None:
    file, tree = parsed.file, parsed.tree
    entries, faults = read_keys(file.name, block.lines)
    wish, more, notices = make_wish(file.name, block.begin.number, entries)
    found: Found | None = None
    problems = [*faults, *more]
    try:
        place = find_place(tree, parsed.homes, block)
    except MisplacedError as error:
        problems.append(_fault(file, block.begin.number, error.message, error.remedy))
    else:
        found, wrong, told = join(file, tree, place, wish)
        reading.claimed.add(found.collection.label)
        problems += wrong
        notices += told
        first = parsed.placed.setdefault(id(place.key), block)
        if first is not block:
            reading.faults.append(_second_block(file, block, first, found.collection.name))
            _spoil(reading, parsed, found)
            return
    problems.sort(key=lambda fault: int(fault.where.rpartition(":")[2]))
    if wish.enabled is Switch.OFF:
        reading.notices += [f"{fault} (The block is disabled.)" for fault in problems]
    else:
        reading.faults += problems
    if found and wish.enabled is Switch.ON:
        reading.notices += notices
        _enlist(reading, parsed, replace(found, sound=not problems))
    elif found:
        _set_aside(reading, found, wish.enabled, f"{file.name}:{block.begin.number}")


def _set_aside(reading: Reading, found: Found, enabled: Switch, where: str) -> None:
    name = found.collection.name
    if enabled in {Switch.OFF, Switch.MISSING}:
        reading.disabled.append(f"{name} ({found.collection.source})")
    if enabled is Switch.MISSING:
        reading.notices.append(
            f'{where}: Collection "{name}" has a block without enabled: true; it does not run.'
        )


def _enlist(reading: Reading, parsed: _Parsed, found: Found) -> None:
    if found.taglist is None and find_tags(found.place.body, SONARR):
        reading.notices.append(
            f'{found.collection.source}: "{found.collection.name}" is a collection of series;'
            " these come with a later version, and it is skipped."
        )
        return
    parsed.listed[id(found.place.key)] = len(reading.found)
    reading.found.append(found)


def _second_block(file: SourceFile, block: Block, first: Block, name: str) -> Fault:
    message = f'"{name}" has a second block here; its first is in line {first.begin.number}.'
    remedy = "Keep one of them, or put the other above its own collection."
    return _fault(file, block.begin.number, message, remedy)


def _spoil(reading: Reading, parsed: _Parsed, twin: Found) -> None:
    at = parsed.listed.get(id(twin.place.key))
    if at is not None:
        reading.found[at] = replace(reading.found[at], sound=False)


def _fault(file: SourceFile, line: int, message: str, remedy: str) -> Fault:
    return Fault(FaultKind.KOMETA, f"{file.name}:{line}", message, remedy)
