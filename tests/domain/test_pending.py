"""What needs judging, why, in which order, and what a cap leaves for later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from kometa_ai.domain.decision import Decision, Ledger, Opinion, Origin, settle
from kometa_ai.domain.pending import Pending, Why, find, outdated, select
from tests.questions import collection

CALM = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no fault of the rules."""

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HEISTS = collection("Heists")


def decision(confidence: float, *, state: int = 10, looked: bool = False) -> Decision:
    yes = Opinion(include=True, confidence=confidence)
    return Decision(yes, "m", HEISTS.criteria, state, NOW, looked=looked)


def ledger(named: dict[int, Decision], plain: dict[int, int] | None = None) -> Ledger:
    marks = {item_id: one.fingerprint for item_id, one in named.items()}
    return Ledger({**(plain or {}), **marks}, named)


@pytest.mark.parametrize(
    ("judged", "present", "before", "why"),
    [
        (False, False, False, Why.NEW),
        (False, True, False, Why.NEW),
        (False, False, True, Why.CRITERIA_CHANGED),
        (False, True, True, Why.MEMBER_OUTDATED),
        (True, False, False, Why.ITEM_CHANGED),
        (True, False, True, Why.ITEM_CHANGED),
        (True, True, False, Why.MEMBER_OUTDATED),
    ],
)
def test_each_pair_is_pending_for_the_reason_that_fits(
    judged: bool, present: bool, before: bool, why: Why
) -> None:
    found = find(
        HEISTS,
        {1: 11},
        ledger({}, {1: 10} if judged else {}),
        present={1} if present else set(),
        judged_before={1} if before else set(),
    )
    assert {one: tuple(ids) for one, ids in found.by_why.items()} == {why: (1,)}


def test_what_was_judged_as_it_is_now_is_not_asked_again() -> None:
    found = find(
        HEISTS,
        {1: 10, 2: 10, 3: 10},
        ledger({1: decision(0.95), 2: decision(0.7, looked=True)}, {3: 10}),
        present={1},
        judged_before={1, 2, 3},
    )
    assert (found.count, found.ids, found.by_why) == (0, set(), {})


@pytest.mark.parametrize(
    ("candidates", "stale"),
    [
        ({1: 10, 2: 20}, set()),
        ({2: 20, 1: 10}, set()),
        ({1: 10, 2: 21}, {2}),
        ({1: 10}, set()),
        ({1: 10, 2: 20, 3: 30}, {3}),
        ({1: 10, 3: 20}, {3}),
    ],
    ids=["same", "reordered", "changed", "removed", "added", "exchanged"],
)
def test_only_what_is_not_judged_as_it_is_now_is_asked(
    candidates: dict[int, int], stale: set[int]
) -> None:
    judged = ledger({}, {1: 10, 2: 20})
    assert set(outdated(candidates, judged.judged)) == stale
    found = find(HEISTS, candidates, judged, present=set(), judged_before=set())
    assert found.ids == stale


def test_a_ledger_that_is_the_librarys_own_mapping_asks_nothing() -> None:
    candidates = {1: 10, 2: 20}
    found = find(HEISTS, candidates, Ledger(candidates, {}), present={1}, judged_before=set())
    assert found.count == 0


def test_a_verdict_near_the_threshold_is_looked_at_once_more_unless_it_is_outdated() -> None:
    named = {1: decision(0.72), 2: decision(0.72), 3: decision(0.72, looked=True)}
    found = find(HEISTS, {1: 10, 2: 11, 3: 10}, ledger(named), present=set(), judged_before=set())
    assert found.by_why == {Why.NEAR_THRESHOLD: (1,), Why.ITEM_CHANGED: (2,)}


def test_what_no_longer_can_enter_is_not_asked_about() -> None:
    near = ledger({1: decision(0.72)})
    found = find(HEISTS, {}, near, present={1}, judged_before={1})
    assert found.count == 0


def test_an_imported_verdict_near_the_threshold_is_not_looked_at_again() -> None:
    imported = ledger({1: decision(0.72)._replace(origin=Origin.IMPORTED)})
    assert find(HEISTS, {1: 10}, imported, present=set(), judged_before=set()).count == 0


@CALM
@given(
    st.dictionaries(st.integers(1, 30), st.integers(35, 100), max_size=30),
    st.integers(0, 100),
    st.integers(0, 100),
)
def test_a_moved_threshold_asks_nothing(
    percent: dict[int, int], threshold: int, moved: int
) -> None:
    at, later = threshold / 100, moved / 100
    judged = {i: settle(decision(p / 100), None, at) for i, p in percent.items()}
    # The second looks that were due have been bought.
    named = {i: settle(one, one, at) if one.near(at) else one for i, one in judged.items()}
    candidates = dict.fromkeys(percent, 10)
    one = replace(HEISTS, threshold=later)
    found = find(one, candidates, ledger(named), present=set(percent), judged_before=set())
    assert found.count == 0


def test_a_forced_run_asks_every_candidate_once_and_the_outdated_ones_first() -> None:
    named = {1: decision(0.95), 2: decision(0.72), 3: decision(0.9, state=9)}
    found = find(
        HEISTS,
        {1: 10, 2: 10, 3: 10, 4: 10},
        ledger(named),
        present={3},
        judged_before=set(),
        forced=True,
    )
    assert found.by_why == {Why.MEMBER_OUTDATED: (3,), Why.NEW: (4,), Why.FORCED: (1, 2)}
    assert list(select([found]).asked) == [3, 4, 1, 2]


def test_reasons_are_told_in_words() -> None:
    assert [why.words for why in Why] == [
        "member outdated",
        "criteria changed",
        "item changed",
        "new",
        "forced",
        "near threshold",
    ]


def pending(name: str, priority: int = 0, **by_why: tuple[int, ...]) -> Pending:
    return Pending(
        collection(name, priority=priority),
        {Why[why.upper()]: ids for why, ids in by_why.items()},
    )


def test_urgent_reasons_come_first_then_collections_of_higher_priority() -> None:
    low = pending("low", 1, new=(1, 2), member_outdated=(3,))
    high = pending("high", 5, new=(2, 4), near_threshold=(5,))
    chosen = select([low, high])
    assert [one.slug for one in chosen.collections] == ["high", "low"]
    assert chosen.asked == {3: 0b10, 2: 0b11, 4: 0b01, 1: 0b10, 5: 0b01}
    assert list(chosen.asked) == [3, 2, 4, 1, 5]
    assert chosen.deferred == {}


def test_a_cap_may_cut_through_the_collections_of_one_item() -> None:
    chosen = select([pending("a", new=(1, 2)), pending("b", new=(1, 2))], 3)
    assert chosen.asked == {1: 0b11, 2: 0b01}
    assert chosen.deferred == {"b": 1}


def test_what_has_nothing_pending_is_in_no_selection() -> None:
    chosen = select([pending("a"), pending("b", new=(1,))])
    assert [one.slug for one in chosen.collections] == ["b"]
    assert select([]).count == 0


@pytest.mark.parametrize("limit", [0, -3])
def test_a_cap_that_is_used_up_defers_everything(limit: int) -> None:
    chosen = select([pending("a", new=(1, 2), forced=(3,))], limit)
    assert (chosen.asked, chosen.deferred) == ({}, {"a": 3})


WHYS = st.dictionaries(st.integers(1, 25), st.sampled_from(Why), max_size=25)
MANY = st.lists(st.tuples(WHYS, st.integers(-1, 1)), max_size=12)


@CALM
@given(MANY, st.one_of(st.none(), st.integers(0, 120)))
def test_any_cut_keeps_the_most_urgent_and_accounts_for_every_pair(
    many: list[tuple[dict[int, Why], int]], limit: int | None
) -> None:
    everything = []
    rank: dict[tuple[int, str], tuple[int, int]] = {}
    for number, (whys, priority) in enumerate(many):
        one = pending(f"c{number}", priority)
        by_why = {why: tuple(i for i in whys if whys[i] is why) for why in set(whys.values())}
        everything.append(Pending(one.collection, by_why))
        rank |= {(i, f"c{number}"): (why, -priority) for i, why in whys.items()}
    chosen = select(everything, limit)
    asked = {
        (item_id, one.slug)
        for item_id, mask in chosen.asked.items()
        for bit, one in enumerate(chosen.collections)
        if mask >> bit & 1
    }
    assert asked <= rank.keys()
    assert len(asked) == chosen.count
    assert chosen.count == (len(rank) if limit is None else min(limit, len(rank)))
    waiting = rank.keys() - asked
    for one in everything:
        left = sum(slug == one.collection.slug for _, slug in waiting)
        assert chosen.deferred.get(one.collection.slug, 0) == left
    if asked and waiting:
        assert max(rank[pair] for pair in asked) <= min(rank[pair] for pair in waiting)
    first = [min(rank[pair] for pair in asked if pair[0] == item_id) for item_id in chosen.asked]
    assert first == sorted(first)
