"""The decisions of 0.5.x: read from its ``kometa_state.json``, which is never changed.

Strict about each record, tolerant about the file: what can't be read is counted and told.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final, Protocol

import msgspec

from kometa_ai.domain.decision import Decision, Opinion, Origin
from kometa_ai.domain.fault import Fault, FaultKind, StopError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FILE_NAME: Final = "kometa_state.json"
BACKUPS: Final = "kometa_state_*.json"
"""In ``backups/``; the stamp in the name sorts them by age."""
FORMAT: Final = 1
LARGEST_ID: Final = 2**31 - 1

Decisions = dict[tuple[str, str], dict[int, Decision]]
"""By a collection's name and its tag in lower case, then by Radarr's id."""


class Importer(Protocol):
    """The part of a store that takes what 0.5.x decided."""

    async def import_done(self) -> bool:
        """Return whether there is nothing to import any more."""

    async def import_legacy(
        self, decisions: Mapping[tuple[str, str], Mapping[int, Decision]], source: str
    ) -> bool:
        """Keep the decisions until their collections turn up."""


class Record(msgspec.Struct):
    """One verdict of 0.5.x; what it says of hashes and revisions means nothing to us."""

    include: bool
    confidence: Annotated[float, msgspec.Meta(ge=0, le=1)]
    timestamp: str
    tag: str = ""
    reasoning: str | None = None


@dataclass(frozen=True, slots=True)
class LegacyState:
    """What a file held; ``unreadable`` counts bad records, ``foreign`` what is not of a film."""

    decisions: Decisions
    unreadable: int = 0
    foreign: int = 0

    @property
    def count(self) -> int:
        """Return the number of decisions."""
        return sum(map(len, self.decisions.values()))


class DamagedError(StopError):
    """A file of 0.5.x that can't be read as a whole."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(
            FaultKind.STATE,
            f"The state of 0.5.x is damaged ({why}).",
            remedy="Put a good copy in its place.",
            where=str(file),
        )


async def adopt_legacy_file(store: Importer, folder: Path) -> tuple[Fault | str, ...]:
    """Import a state of 0.5.x once, if there is one in the folder; return what to tell of it.

    Raises StopError if it is damaged and has no good backup: without it every title would be
    bought again, and nobody asked for that.
    """
    file = folder / FILE_NAME
    if await store.import_done() or not file.exists():
        return ()
    told: list[Fault | str] = []
    try:
        source, state = file, await asyncio.to_thread(read, file)
    except DamagedError as damaged:
        source, state = await asyncio.to_thread(_newest_good, file, damaged)
        told.append(
            Fault(
                FaultKind.STATE,
                str(file),
                f"{damaged.fault.message} Its backup {source.name} was imported instead.",
                "What 0.5.x decided after that backup is judged, and paid for, again.",
            )
        )
    if not await store.import_legacy(state.decisions, source.name):
        return ()
    return (*told, *_summary(source, state))


def read(file: Path) -> LegacyState:
    """Read one file of 0.5.x; raises DamagedError if it is not one."""
    counts: Counter[str] = Counter()
    decisions: defaultdict[tuple[str, str], dict[int, Decision]] = defaultdict(dict)
    for key, film in _films(file).items():
        item_id = _radarr_id(key)
        if item_id is None:
            counts["foreign"] += 1
            continue
        for name, label, decision in _decisions(film, counts):
            decisions[name, label][item_id] = decision
    return LegacyState(dict(decisions), counts["unreadable"], counts["foreign"])


def _films(file: Path) -> dict[str, object]:
    """Return the films of a file, each still to be checked."""
    try:
        # Not msgspec: 0.5.x wrote what json of the standard library writes, NaN and halves of
        # surrogate pairs in its error list included, and these must not cost the decisions.
        state = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DamagedError(file, str(error)) from error
    except OSError as error:
        raise DamagedError(file, error.strerror or str(error)) from error
    if not isinstance(state, dict) or not isinstance(state.get("decisions"), dict):
        raise DamagedError(file, "it holds no decisions")
    if (version := state.get("state_format_version", FORMAT)) != FORMAT:
        raise DamagedError(file, f"its format {version!r} is not known")
    films: dict[str, object] = state["decisions"]
    return films


def _radarr_id(key: str) -> int | None:
    kind, _, number = key.partition(":")
    if kind != "movie" or not (number.isascii() and number.isdecimal()):
        return None
    return (
        int(number)
        if len(number) <= len(str(LARGEST_ID)) and 0 < int(number) <= LARGEST_ID
        else None
    )


def _decisions(film: object, counts: Counter[str]) -> Iterator[tuple[str, str, Decision]]:
    """Yield name, tag in lower case and decision of each collection; count what is no record."""
    collections = film.get("collections") if isinstance(film, dict) else None
    if not isinstance(collections, dict):
        counts["unreadable"] += 1
        return
    for name, data in collections.items():
        try:
            record = msgspec.convert(data, Record)
            yield _clean(name), _clean(record.tag).lower(), _decision(record)
        except (msgspec.ValidationError, ValueError, OverflowError):
            counts["unreadable"] += 1


def _decision(record: Record) -> Decision:
    opinion = Opinion(record.include, record.confidence, _clean(record.reasoning or ""))
    return Decision(opinion, "", "", 0, _instant(record.timestamp), Origin.IMPORTED)


def _instant(text: str) -> datetime:
    """Read a time of 0.5.x, which means UTC where it names no zone.

    To the second: it stamped each record of one answer some microseconds after the other.
    """
    instant = datetime.fromisoformat(text)
    known = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    return known.replace(microsecond=0)  # last: an offset may have fractions of a second too


def _clean(text: str) -> str:
    """Replace halves of surrogate pairs, which no database can store."""
    return text.encode("utf-8", "replace").decode()


def _newest_good(file: Path, damaged: DamagedError) -> tuple[Path, LegacyState]:
    for backup in sorted((file.parent / "backups").glob(BACKUPS), reverse=True):
        try:
            return backup, read(backup)
        except DamagedError:
            continue
    raise StopError(
        FaultKind.STATE,
        f"{damaged.fault.message} It has no good backup either.",
        remedy="Put a good copy in its place; or start afresh, by moving the file away or with"
        " --reset-state: every title is then judged, and paid for, again.",
        where=str(file),
    ) from damaged


def _summary(source: Path, state: LegacyState) -> Iterator[str]:
    yield (
        f"{state.count} decisions of 0.5.x were imported from {source.name};"
        " they are used as soon as their collections turn up."
    )
    if state.unreadable:
        yield f"{state.unreadable} records in {source.name} could not be read and were left out."
    if state.foreign:
        yield f"{state.foreign} entries in {source.name} are not of films and were left out."
