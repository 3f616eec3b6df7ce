"""What is settled for free, who belongs, and why, in a line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from kometa_ai.domain.decision import UNNAMED, Decision, Ledger, Opinion, Pin, PinOrigin, Stance
from kometa_ai.domain.verdict import Titles, explain, judge_members, settle_for_free
from tests.questions import collection, item

if TYPE_CHECKING:
    from kometa_ai.domain.collection import Collection

CALM = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no fault of the rules."""

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FILMS = {number: item(number, f"Film {number}", f"Plot {number}.") for number in range(1, 10)}
TITLES = Titles(FILMS, {number: film.fingerprint for number, film in FILMS.items()})
HEISTS = collection("Heists")
RULED = replace(HEISTS, include_tags=frozenset({"in"}), exclude_tags=frozenset({"out"}))


def pin(number: int, stance: Stance, origin: PinOrigin = PinOrigin.USER, criteria: str = "") -> Pin:
    return Pin("heists", number, stance, origin, NOW, criteria)


def decision(number: int, said: Opinion) -> Decision:
    return Decision(said, "m", HEISTS.criteria, FILMS[number].fingerprint, NOW)


def yes(number: int, confidence: float = 0.9) -> Decision:
    return decision(number, Opinion(include=True, confidence=confidence, reason="A heist"))


def ledger(*named: Decision, plain: tuple[int, ...] = ()) -> Ledger:
    by_mark = {film.fingerprint: number for number, film in FILMS.items()}
    by_id = {by_mark[one.fingerprint]: one for one in named}
    marks = {number: FILMS[number].fingerprint for number in (*plain, *by_id)}
    return Ledger(marks, by_id)


def test_without_pins_rules_and_gates_every_title_is_a_candidate_at_no_cost() -> None:
    free = settle_for_free(HEISTS, TITLES, {}, {"in": {1}})
    assert free.candidates is TITLES.fingerprints
    assert (free.belong, free.foreign) == ({}, {})


def test_pins_win_over_exclusions_and_these_over_inclusions_and_these_over_gates() -> None:
    shut = replace(RULED, candidate_genres=frozenset({"horror"}))
    tagged = {"in": {1, 2, 3}, "out": {2, 3, 4, 5}, "other": {6}}
    pins = {3: pin(3, Stance.KEEP), 1: pin(1, Stance.NEVER), 4: pin(4, Stance.KEEP)}
    free = settle_for_free(shut, TITLES, pins, tagged)
    assert free.belong == {3: "pinned: keep (user)", 4: "pinned: keep (user)"}
    assert free.foreign == {
        1: "pinned: never (user)",
        2: 'it has the excluded tag "out"',
        5: 'it has the excluded tag "out"',
    }
    assert free.candidates == {}
    without = settle_for_free(shut, TITLES, {}, tagged)
    assert without.belong == {1: 'it has the tag "in"'}


def test_gates_turn_titles_away_without_a_word() -> None:
    gated = replace(RULED, candidate_year_min=2000)
    titles = Titles({**FILMS, 3: item(3, "New", "", year=2001)}, TITLES.fingerprints)
    free = settle_for_free(gated, titles, {}, {"in": {1}})
    assert free.candidates == {3: TITLES.fingerprints[3]}
    assert free.belong.keys() == {1}


def test_a_declined_removal_stays_only_while_the_criteria_do() -> None:
    held = {1: pin(1, Stance.KEEP, PinOrigin.DECLINED, HEISTS.criteria)}
    assert settle_for_free(HEISTS, TITLES, held, {}).belong.keys() == {1}
    reworded = replace(HEISTS, prompt="Something else.")
    assert settle_for_free(reworded, TITLES, held, {}).belong == {}


def test_who_was_judged_to_fit_belongs_and_who_was_not_is_foreign_if_present() -> None:
    free = settle_for_free(HEISTS, TITLES, {}, {})
    no = decision(3, Opinion(include=False, confidence=0.6))
    known = ledger(yes(1), yes(2, 0.5), no, plain=(4, 5))
    verdicts = judge_members(HEISTS, TITLES, free, known, {2, 3, 4, 6, 99})
    assert verdicts.belong == {1}
    # 5 is not present, 6 was never judged, 99 is not in the library.
    assert verdicts.foreign == {2, 3, 4}


def test_a_verdict_on_an_earlier_state_of_a_title_moves_nobody() -> None:
    free = settle_for_free(HEISTS, TITLES, {}, {})
    outdated = Ledger({1: 7, 2: 7}, {1: yes(1)._replace(fingerprint=7)})
    verdicts = judge_members(HEISTS, TITLES, free, outdated, {2})
    assert (verdicts.belong, verdicts.foreign) == (set(), set())


def test_who_was_judged_to_fit_and_may_no_longer_enter_is_foreign() -> None:
    gated = replace(HEISTS, candidate_year_min=2020)
    free = settle_for_free(gated, TITLES, {}, {})
    verdicts = judge_members(gated, TITLES, free, ledger(yes(1), yes(2)), {1})
    assert (verdicts.belong, verdicts.foreign) == (set(), {1})


def test_pins_of_titles_that_left_the_library_tag_nothing() -> None:
    pins = {99: pin(99, Stance.KEEP), 98: pin(98, Stance.NEVER)}
    free = settle_for_free(HEISTS, TITLES, pins, {})
    verdicts = judge_members(HEISTS, TITLES, free, ledger(), {98})
    assert (verdicts.belong, verdicts.foreign) == (set(), set())


IDS = st.sets(st.integers(1, 12))
STANCES = st.dictionaries(st.integers(1, 12), st.sampled_from(Stance))


@CALM
@given(IDS, IDS, STANCES, IDS, IDS, IDS, st.booleans())
def test_no_title_is_both_in_and_out_and_a_pin_always_holds(
    include: set[int],
    exclude: set[int],
    stances: dict[int, Stance],
    fits: set[int],
    plain: set[int],
    present: set[int],
    gated: bool,
) -> None:
    one = replace(RULED, candidate_year_min=2020 if gated else None)
    pins = {number: pin(number, stance) for number, stance in stances.items()}
    tagged = {"in": include & FILMS.keys(), "out": exclude & FILMS.keys()}
    free = settle_for_free(one, TITLES, pins, tagged)
    known = ledger(*(yes(i) for i in fits & FILMS.keys()), plain=tuple(plain & FILMS.keys() - fits))
    verdicts = judge_members(one, TITLES, free, known, present)
    assert not free.belong.keys() & free.foreign.keys()
    assert not free.candidates.keys() & (free.belong.keys() | free.foreign.keys())
    assert not verdicts.belong & verdicts.foreign
    assert verdicts.belong | verdicts.foreign <= FILMS.keys()
    assert verdicts.foreign <= present
    keep = {number for number, stance in stances.items() if stance is Stance.KEEP}
    assert keep & FILMS.keys() <= verdicts.belong
    assert not (stances.keys() - keep) & verdicts.belong
    assert (stances.keys() - keep) & present & FILMS.keys() <= verdicts.foreign
    unknown = free.candidates.keys() - known.judged.keys()
    assert not unknown & (verdicts.belong | verdicts.foreign)


@CALM
@given(
    st.dictionaries(st.sampled_from(sorted(FILMS)), st.floats(0, 1)),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_a_higher_threshold_never_lets_a_title_in(
    fits: dict[int, float], one: float, two: float
) -> None:
    free = settle_for_free(HEISTS, TITLES, {}, {})
    known = ledger(*(yes(number, sure) for number, sure in fits.items()))
    low, high = (
        judge_members(replace(HEISTS, threshold=at), TITLES, free, known, set(FILMS))
        for at in sorted((one, two))
    )
    assert high.belong <= low.belong
    assert low.foreign <= high.foreign


@pytest.mark.parametrize(
    ("ruled", "held", "words"),
    [
        (RULED, None, "Claude does not count it among the titles that fit"),
        (RULED, yes(1), "A heist"),
        (RULED, yes(1, 0.55), "A heist (scores 0.55, the threshold is 0.70)"),
        (RULED, decision(1, UNNAMED), "scores 0.05, the threshold is 0.70"),
        (
            RULED,
            decision(1, Opinion(include=True, confidence=0.8)),
            "judged to fit, confidence 0.80",
        ),
        (replace(RULED, candidate_year_min=2020), yes(1), "it is older than 2020"),
    ],
)
def test_the_reason_is_the_one_that_decided(
    ruled: Collection, held: Decision | None, words: str
) -> None:
    free = settle_for_free(ruled, TITLES, {}, {})
    assert explain(ruled, FILMS[1], free, held) == words


def test_a_pin_or_a_rule_explains_itself_whatever_claude_said() -> None:
    pins = {1: pin(1, Stance.NEVER, PinOrigin.HAND)}
    free = settle_for_free(RULED, TITLES, pins, {"in": {2}})
    assert explain(RULED, FILMS[1], free, yes(1)) == "pinned: never (hand)"
    assert explain(RULED, FILMS[2], free, yes(2, 0.1)) == 'it has the tag "in"'
