"""From opinions to decisions: thresholds, hysteresis, second looks, pins."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from kometa_ai.domain.decision import (
    HYSTERESIS,
    SURE,
    UNNAMED,
    Decision,
    Ledger,
    Opinion,
    Origin,
    Pin,
    PinOrigin,
    Stance,
    clears,
    settle,
)

CALM = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no fault of the rules."""

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CHANCES = st.integers(0, 100).map(lambda percent: percent / 100)


def opinion(chance: float) -> Opinion:
    """Return the opinion that the reading makes of a chance."""
    include = chance >= 0.35
    return Opinion(include, round(chance if include else 1 - chance, 4), "why")


def decision(
    chance: float,
    *,
    criteria: str = "wish",
    state: int = 1,
    origin: Origin = Origin.CLAUDE,
    looked: bool = False,
) -> Decision:
    return Decision(opinion(chance), "m", criteria, state, NOW, origin, looked)


PLAIN = decision(0.05)._replace(opinion=UNNAMED)


@pytest.mark.parametrize(
    ("said", "threshold", "member"),
    [
        (Opinion(include=True, confidence=0.7), 0.7, True),
        (Opinion(include=True, confidence=0.69), 0.7, False),
        (Opinion(include=True, confidence=0.3), 0.1 + 0.2, True),  # 0.30000000000000004
        (Opinion(include=False, confidence=1.0), 0.0, False),
        (Opinion(include=True, confidence=0.0), 0.0, True),
        (Opinion(include=True, confidence=1.0), 1.0, True),
    ],
)
def test_a_member_is_a_yes_that_reaches_the_threshold(
    said: Opinion, threshold: float, member: bool
) -> None:
    assert PLAIN._replace(opinion=said).member(threshold) is member


@CALM
@given(CHANCES, CHANCES, CHANCES)
def test_a_higher_threshold_never_lets_anybody_in(chance: float, one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert decision(chance).member(low) >= decision(chance).member(high)


@pytest.mark.parametrize(
    ("chance", "near"), [(0.55, True), (0.54, False), (0.85, True), (0.86, False), (0.7, True)]
)
def test_near_is_measured_on_the_score_and_includes_its_border(chance: float, near: bool) -> None:
    assert decision(chance).near(0.7) is near


def test_a_sure_no_is_far_from_a_high_threshold() -> None:
    # Measured on its confidence of 0.72 it would be near 0.7; its score is 0.28.
    assert not decision(0.28).near(0.7)


@pytest.mark.parametrize("origin", [one for one in Origin if one is not Origin.CLAUDE])
def test_only_what_claude_said_here_gets_a_second_look(origin: Origin) -> None:
    assert decision(0.7).wants_second_look(0.7)
    assert not decision(0.7, origin=origin).wants_second_look(0.7)
    assert not decision(0.7, looked=True).wants_second_look(0.7)


@CALM
@given(CHANCES, CHANCES, CHANCES)
def test_moving_the_threshold_never_asks_for_a_look_that_was_not_due(
    chance: float, threshold: float, moved: float
) -> None:
    for earlier in (None, decision(chance, state=2)):
        kept = settle(decision(chance), earlier, threshold)
        assert kept.wants_second_look(threshold) is kept.near(threshold)
        if kept.wants_second_look(moved):
            assert kept.wants_second_look(threshold)


@CALM
@given(CHANCES, CHANCES, CHANCES)
def test_after_a_second_look_there_is_no_third(first: float, second: float, at: float) -> None:
    once = settle(decision(first), None, at)
    twice = settle(decision(second), once, at)
    assert not twice.wants_second_look(at)


@CALM
@given(CHANCES, CHANCES, CHANCES)
def test_membership_flips_only_across_the_band(first: float, second: float, at: float) -> None:
    earlier, fresh = decision(first), decision(second)
    kept = settle(fresh, earlier, at)
    if earlier.member(at) == fresh.member(at) or clears(fresh.opinion, at):
        assert kept.opinion == fresh.opinion
    else:
        assert kept.opinion == earlier.opinion
        assert kept.member(at) is earlier.member(at)
        assert abs(fresh.opinion.score - at) < HYSTERESIS + 1e-6 or not 0.35 <= at <= SURE - 0.1
    assert (kept.criteria, kept.fingerprint) == (fresh.criteria, fresh.fingerprint)


@CALM
@given(st.lists(st.integers(-9, 9), max_size=30), st.sampled_from([0.5, 0.6, 0.7, 0.8]))
def test_noise_around_the_threshold_never_flips_anybody(noise: list[int], at: float) -> None:
    for start in (at + 0.05, at - 0.05):
        kept = settle(decision(start), None, at)
        for step in noise:
            kept = settle(decision(at + step / 100), kept, at)
        assert kept.member(at) is (start > at)


@pytest.mark.parametrize(
    ("earlier", "fresh", "member"),
    [
        (0.75, 0.61, True),
        (0.75, 0.60, False),  # 0.7 - 0.1 is a hair under 0.6 in binary
        (0.65, 0.79, False),
        (0.65, 0.80, True),
        (0.65, 0.69, False),
        (0.90, 0.70, True),
    ],
)
def test_a_verdict_is_turned_by_one_that_clears_the_threshold(
    earlier: float, fresh: float, member: bool
) -> None:
    assert settle(decision(fresh), decision(earlier), 0.7).member(0.7) is member


def test_changed_criteria_owe_nothing_to_what_was_said_before() -> None:
    kept = settle(decision(0.69, criteria="new"), decision(0.95), 0.7)
    assert not kept.member(0.7)
    assert kept.wants_second_look(0.7)


def test_an_imported_decision_is_bound_by_hysteresis_like_any_other() -> None:
    imported = decision(0.75, origin=Origin.IMPORTED)
    assert settle(decision(0.65, state=2), imported, 0.7).member(0.7)


def test_a_changed_item_gets_a_look_of_its_own() -> None:
    first = settle(decision(0.75), None, 0.7)
    looked = settle(decision(0.76), first, 0.7)
    changed = settle(decision(0.77, state=2), looked, 0.7)
    assert not looked.wants_second_look(0.7)
    assert changed.wants_second_look(0.7)


@CALM
@given(st.none() | CHANCES, CHANCES, CHANCES, st.integers(1, 2))
def test_with_a_reviewer_whatever_stands_near_the_threshold_goes_to_it(
    earlier: float | None, fresh: float, threshold: float, state: int
) -> None:
    before = None if earlier is None else decision(earlier, looked=True)
    kept = settle(decision(fresh, state=state), before, threshold, reviewed=True)
    assert kept.wants_second_look(threshold) is kept.near(threshold)
    said = settle(decision(fresh, state=state), kept, threshold)
    assert not said.wants_second_look(threshold), "it has the last word"


def test_a_verdict_that_stands_keeps_the_name_of_who_said_it() -> None:
    first = decision(0.75)._replace(model="haiku")
    second = decision(0.65)._replace(model="opus")
    kept = settle(second, first, 0.7)
    assert (kept.opinion, kept.model, kept.looked) == (first.opinion, "haiku", True)
    assert settle(second, first._replace(model=""), 0.7).model == "opus"
    turned = settle(decision(0.6)._replace(model="opus"), first, 0.7)
    assert turned.model == "opus"


@pytest.mark.parametrize("threshold", [0.0, 0.05, 0.1, 0.5, 0.9, 0.95, 1.0])
def test_the_surest_verdicts_clear_every_threshold(threshold: float) -> None:
    assert clears(UNNAMED, threshold)
    assert clears(Opinion(include=True, confidence=1.0), threshold)
    assert clears(Opinion(include=True, confidence=max(SURE, threshold)), threshold)


@pytest.mark.parametrize("earlier", [None, PLAIN, decision(0.6), decision(0.95)])
def test_a_plain_no_stays_plain_so_that_it_costs_no_row(earlier: Decision | None) -> None:
    assert settle(PLAIN, earlier, 0.7).plain


def test_a_weak_yes_does_not_make_a_plain_no_into_more() -> None:
    kept = settle(decision(0.75, state=2), PLAIN, 0.7)
    assert (kept.opinion, kept.fingerprint) == (UNNAMED, 2)


def test_a_ledger_takes_over_what_was_decided_since() -> None:
    old, new = decision(0.8), decision(0.9, state=5)
    ledger = Ledger({1: 1, 2: 1, 3: 1}, {1: old, 2: old})
    joined = ledger.joined({1: 4}, {3: new})
    assert joined.judged == {1: 4, 2: 1, 3: 5}
    assert joined.named == {2: old, 3: new}
    assert ledger.named == {1: old, 2: old}
    assert ledger.joined({}, {}) is ledger


@pytest.mark.parametrize("origin", PinOrigin)
def test_only_a_declined_pin_ends_when_the_criteria_change(origin: PinOrigin) -> None:
    pin = Pin("heists", 1, Stance.KEEP, origin, NOW, "wish")
    assert pin.holds("wish")
    assert pin.holds("another") is (origin is not PinOrigin.DECLINED)
