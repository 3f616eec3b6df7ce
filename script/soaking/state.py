"""The state as it stands in SQLite, read here without a line of the engine's code."""

from __future__ import annotations

import json
import sqlite3
from array import array
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is kept of a pair: ``include`` and ``confidence`` are None for a plain no."""

    fingerprint: int
    include: bool | None = None
    confidence: float | None = None
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Pin:
    """A person's word."""

    slug: str
    item: int
    tmdb: int
    stance: str
    origin: str
    criteria: str


@dataclass(frozen=True, slots=True)
class Paid:
    """One row of what was paid."""

    number: int
    run: int
    at: int
    tokens: tuple[int, int, int, int]
    cost: Decimal
    pairs: int
    unconfirmed: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A tag that was put on a film or taken off, as the journal has it."""

    slug: str
    label: str
    item: int
    on: bool


@dataclass(frozen=True, slots=True)
class State:
    """Everything that the checker needs, of one moment."""

    verdicts: Mapping[tuple[str, str], Mapping[int, Verdict]]
    pins: tuple[Pin, ...]
    held: Mapping[str, frozenset[int]]
    paid: tuple[Paid, ...]
    reports: Mapping[int, Mapping[str, Any]]
    unfinished: frozenset[int]
    untold: frozenset[int]
    waiting: frozenset[int]
    open_edits: int
    reserved: Decimal
    journal: Mapping[int, tuple[Entry, ...]]
    """What each run changed, in order."""

    def newest(self) -> int:
        """Return the number of the newest run."""
        return max([0, *self.reports, *self.unfinished])


def read(file: Path) -> State:
    """Read all of it within one transaction."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=20.0)) as db:
        db.execute("BEGIN")
        return _state(db)


def _state(db: sqlite3.Connection) -> State:
    held = db.execute("SELECT slug, changes FROM held WHERE library = 'radarr'")
    runs = db.execute("SELECT number, report, told FROM runs").fetchall()
    paid = db.execute(
        "SELECT number, run, at, input_tokens, output_tokens, cache_read_tokens,"
        " cache_write_tokens, cost, pairs, unconfirmed FROM purchases ORDER BY number"
    )
    pins = db.execute(
        "SELECT slug, item, tmdb, stance, origin, criteria FROM pins WHERE library = 'radarr'"
    )
    (edits,) = db.execute("SELECT count(*) FROM intents").fetchone()
    return State(
        verdicts=_verdicts(db),
        pins=tuple(Pin(*row) for row in pins),
        held={slug: frozenset(one["id"] for one in json.loads(text)) for slug, text in held},
        paid=tuple(
            Paid(number, run, at, tuple(tokens), Decimal(cost), pairs, bool(unconfirmed))
            for number, run, at, *tokens, cost, pairs, unconfirmed in paid
        ),
        reports={number: json.loads(text) for number, text, _ in runs if text},
        unfinished=frozenset(number for number, text, _ in runs if not text),
        untold=frozenset(number for number, text, told in runs if text and not told),
        waiting=frozenset(
            run
            for (run,) in db.execute(
                "SELECT run FROM messages JOIN deliveries ON deliveries.message = number"
            )
        ),
        open_edits=edits,
        reserved=sum(
            (Decimal(one) for (one,) in db.execute("SELECT cost FROM reservations")), Decimal(0)
        ),
        journal=_journal(db),
    )


def _journal(db: sqlite3.Connection) -> dict[int, tuple[Entry, ...]]:
    found: dict[int, tuple[Entry, ...]] = {}
    rows = db.execute("SELECT run, slug, label, added, ids FROM journal ORDER BY number")
    for run, slug, label, added, ids in rows:
        entries = (Entry(slug, label.lower(), one, bool(added)) for one in _numbers("i", ids))
        found[run] = (*found.get(run, ()), *entries)
    return found


def _verdicts(db: sqlite3.Connection) -> dict[tuple[str, str], dict[int, Verdict]]:
    found: dict[tuple[str, str], dict[int, Verdict]] = {}
    criteria = db.execute(
        "SELECT number, slug, criteria FROM criteria WHERE library = 'radarr'"
    ).fetchall()
    origins = dict(db.execute("SELECT number, origin FROM judgements").fetchall())
    for number, slug, text in criteria:
        by_item: dict[int, Verdict] = {}
        pages = db.execute("SELECT ids, fingerprints FROM pages WHERE criteria = ?", (number,))
        for ids, marks in pages:
            for item, mark in zip(_numbers("i", ids), _numbers("q", marks), strict=True):
                by_item[item] = Verdict(mark)
        named = db.execute(
            "SELECT item, include, confidence, judgement FROM named WHERE criteria = ?", (number,)
        )
        for item, include, confidence, judgement in named:
            if item in by_item:
                mark = by_item[item].fingerprint
                origin = origins.get(judgement, "?")
                by_item[item] = Verdict(mark, bool(include), confidence, origin)
        found[slug, text] = by_item
    return found


def _numbers(kind: str, blob: bytes) -> array[int]:
    numbers: array[int] = array(kind)
    numbers.frombytes(blob)
    return numbers
