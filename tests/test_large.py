"""What must stay cheap for a large library, in bytes and objects; script/bench measures time."""

from __future__ import annotations

import tracemalloc
from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING

from kometa_ai.adapters.store import SqliteStore
from kometa_ai.deciding import Case, plan
from kometa_ai.domain.decision import Ledger
from kometa_ai.domain.pending import Why, find
from kometa_ai.domain.prompt import Reading
from kometa_ai.domain.report import Trigger
from kometa_ai.domain.verdict import Free, Titles
from kometa_ai.house import Policy
from kometa_ai.tally import Tally
from tests.adapters.store_samples import NOW, ledger_of, no, purchase, yes
from tests.clock import FakeClock
from tests.questions import collection, item

if TYPE_CHECKING:
    from pathlib import Path

    from kometa_ai.domain.decision import Decision

FILMS, COLLECTIONS = 2_000, 20
PAIRS = FILMS * COLLECTIONS
MEMBER_OF = 50
"""Every fiftieth film is a member, others of each collection."""
PER_REQUEST = 40


def mark(number: int) -> int:
    """Return a fingerprint that does not compress, as true ones do not."""
    return (number * 0x9E3779B97F4A7C15 + 1) % 2**63


def answer(first: int, slugs: list[str]) -> dict[str, dict[int, Decision]]:
    return {
        slug: {
            number: yes(mark(number), reason="A crew of five is betrayed by one of its own.")
            if (number + place) % MEMBER_OF == 0
            else no(mark(number))
            for number in range(first, first + PER_REQUEST)
        }
        for place, slug in enumerate(slugs)
    }


async def test_the_state_takes_few_bytes_for_each_pair_that_is_no_member(tmp_path: Path) -> None:
    slugs = [f"collection-{number}" for number in range(COLLECTIONS)]
    async with SqliteStore(tmp_path, FakeClock()) as store:
        run = await store.begin_run(Trigger.COMMAND_LINE, NOW)
        for first in range(1, FILMS, PER_REQUEST):
            for at in (0, COLLECTIONS // 2):
                part = slugs[at : at + COLLECTIONS // 2]
                await store.record(run, purchase(answer(first, part), cost=Decimal("0.0123456789")))
        ledger = await ledger_of(store, slugs[-1], "a")
        assert (len(ledger.judged), len(ledger.named)) == (FILMS, FILMS // MEMBER_OF)
    assert written(tmp_path) / (PAIRS - PAIRS // MEMBER_OF) <= 40, "60 are promised"


def written(folder: Path) -> int:
    """Return the bytes of a state that is closed, and of what lies beside it."""
    return sum(file.stat().st_size for file in folder.glob("kometa_ai.db*"))


def undecided() -> tuple[list[Case], Titles]:
    items = {number: item(number, f"Film {number}", "It happens.") for number in range(1, FILMS)}
    titles = Titles(items, {number: mark(number) for number in items})
    cases = []
    for number in range(COLLECTIONS):
        one = collection(f"Collection {number}")
        nothing = Ledger({}, {})
        pending = find(one, titles.fingerprints, nothing, present=set(), judged_before=set())
        free = Free({}, {}, titles.fingerprints)
        cases.append(Case(one, frozenset(), free, nothing, pending))
    return cases, titles


def test_what_nobody_judged_is_planned_without_an_object_for_each_pair() -> None:
    cases, titles = undecided()
    policy = Policy(30, 10, 4, None, None, None, UTC)
    assert all(case.pending.by_why[Why.NEW] is titles.fingerprints for case in cases)
    tracemalloc.start()
    try:
        selection, groups = plan(cases, titles, policy, max_pairs=None, items_per_request=None)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    questions = [one for group in groups for request in group for one in request.questions]
    assert selection.count == sum(len(one.slugs) for one in questions) == PAIRS - COLLECTIONS
    assert len(questions) == len(groups) * len(titles.items)
    assert len({id(one.slugs) for one in questions}) == len(groups)
    assert len({id(one.standing) for one in questions}) == 1
    assert most / PAIRS < 20, "a small object has 28 bytes, a tuple of ten 120"


def test_what_a_first_run_learns_is_kept_once_for_all_collections() -> None:
    cases, titles = undecided()
    tally = Tally()
    nothing = Reading({}, {}, 0, 0)
    tracemalloc.start()
    try:
        for case in cases:
            for number, fingerprint in titles.fingerprints.items():
                said = no(fingerprint, criteria=case.collection.criteria)
                tally.take({case.collection.slug: {number: said}}, nothing)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most / PAIRS < 20, "in a dictionary it would be a hundred"
    learned = [case.learned(tally) for case in cases]
    assert all(case.ledger.judged is titles.fingerprints for case in learned)
    assert tally.judged(cases[0].collection.slug) == len(titles.items)


def test_what_a_day_brings_is_laid_over_what_was_judged_and_copies_nothing_of_it() -> None:
    judged = {number: mark(number) for number in range(1, FILMS)}
    named = {7: yes(mark(7)), 8: yes(mark(8))}
    tracemalloc.start()
    try:
        ledgers = [Ledger(judged, named).joined({7: 1, FILMS: 2}, {}) for _ in range(COLLECTIONS)]
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept / PAIRS < 20
    for one in ledgers:
        assert {**one.judged} == {**judged, 7: 1, FILMS: 2}
        assert one.named == {8: named[8]}
