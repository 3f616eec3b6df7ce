"""Keeping decisions: each pair on its page, and a row for those that carry more than a no."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kometa_ai.adapters.store.instants import to_number
from kometa_ai.adapters.store.ledgers import use
from kometa_ai.adapters.store.packing import Page, page_of
from kometa_ai.domain.decision import Origin

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from kometa_ai.adapters.store.ledgers import Judgement
    from kometa_ai.domain.decision import Decision


def store_decisions(
    db: sqlite3.Connection,
    run: int | None,
    library: str,
    decisions: Mapping[str, Mapping[int, Decision]],
) -> None:
    """Store decisions, by slug and item id, over what was decided before."""
    numbers = _judgement_numbers(
        db, run, (one for by_item in decisions.values() for one in by_item.values())
    )
    for slug, by_item in decisions.items():
        by_criteria: defaultdict[str, dict[int, Decision]] = defaultdict(dict)
        for item_id, decision in by_item.items():
            by_criteria[decision.criteria][item_id] = decision
        for criteria, group in by_criteria.items():
            number = use(db, library, slug, criteria)
            _store_pages(db, number, group, numbers)
            _store_named(db, number, group, numbers)


def _judgement_numbers(
    db: sqlite3.Connection, run: int | None, decisions: Iterable[Decision]
) -> dict[Judgement, int]:
    """Store what decisions share, once each; return the numbers."""
    shared = dict.fromkeys((one.model, one.decided_at, one.origin) for one in decisions)
    numbers = {}
    for model, at, origin in shared:
        cursor = db.execute(
            "INSERT INTO judgements (run, model, at, origin) VALUES (?, ?, ?, ?)",
            (run, model, to_number(at), origin),
        )
        numbers[model, at, origin] = int(cursor.lastrowid or 0)
    return numbers


def _store_pages(
    db: sqlite3.Connection,
    number: int,
    decisions: Mapping[int, Decision],
    numbers: Mapping[Judgement, int],
) -> None:
    by_page: defaultdict[int, list[int]] = defaultdict(list)
    for item_id in decisions:
        by_page[page_of(item_id)].append(item_id)
    for page_number, ids in by_page.items():
        row = db.execute(
            "SELECT ids, fingerprints, judgements FROM pages WHERE criteria = ? AND page = ?",
            (number, page_number),
        ).fetchone()
        page = Page.of(*row) if row else Page()
        for item_id in ids:
            one = decisions[item_id]
            page.put(item_id, one.fingerprint, numbers[one.model, one.decided_at, one.origin])
        db.execute(
            "INSERT INTO pages VALUES (?, ?, ?, ?, ?) ON CONFLICT (criteria, page) DO UPDATE"
            " SET ids = excluded.ids, fingerprints = excluded.fingerprints,"
            " judgements = excluded.judgements",
            (number, page_number, *page.blobs()),
        )


def _store_named(
    db: sqlite3.Connection,
    number: int,
    decisions: Mapping[int, Decision],
    numbers: Mapping[Judgement, int],
) -> None:
    """Replace the rows of these pairs; one that is a plain no now has none any more.

    ``looked`` is 1 when no second look is due, else what was tried in vain, below zero.
    """
    db.executemany(
        "DELETE FROM named WHERE criteria = ? AND asleep IN (0, 1) AND item = ?",
        [(number, item_id) for item_id in decisions],
    )
    db.executemany(
        "INSERT INTO named VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                number,
                _is_asleep(one),
                item_id,
                one.opinion.include,
                one.opinion.confidence,
                one.opinion.reason,
                1 if one.looked else -one.tries,
                numbers[one.model, one.decided_at, one.origin],
            )
            for item_id, one in decisions.items()
            if not one.plain
        ],
    )


def _is_asleep(decision: Decision) -> bool:
    """Return whether a run decides the same without reading this.

    An imported no is never near enough for a second look, so to a run it is a plain one; after a
    move from 0.5.x there may be 200,000 of them.
    """
    return decision.origin is Origin.IMPORTED and not decision.opinion.include
