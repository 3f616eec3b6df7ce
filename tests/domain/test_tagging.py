"""The brake on removals, and what counts as a vote by hand."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from kometa_ai.domain.tagging import TagChange, Verdicts, Votes, compare, count_votes, too_many

CALM = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no fault of the rules."""

IDS = st.sets(st.integers(1, 40))


@pytest.mark.parametrize(
    ("changed", "members", "percent", "held"),
    [
        (5, 5, 30, False),
        (6, 20, 30, False),  # exactly 30 per cent
        (6, 19, 30, True),
        (7, 20, 30, True),
        (6, 1000, 0, True),
        (5, 1000, 0, False),
        (1000, 1000, 100, False),
        (0, 0, 0, False),
        (6, 0, 30, True),
    ],
)
def test_the_brake_holds_more_than_five_that_are_more_than_the_share(
    changed: int, members: int, percent: int, held: bool
) -> None:
    assert too_many(changed, members, percent) is held


def test_additions_go_ahead_while_removals_are_held() -> None:
    present = set(range(1, 11))
    change = compare(Verdicts({1, 2, 20}, set(range(3, 11))), present, percent=30)
    assert change == TagChange(frozenset({20}), frozenset(), frozenset(range(3, 11)))
    assert change.after(frozenset(present)) == present | {20}


@CALM
@given(IDS, IDS, IDS, st.integers(0, 100))
def test_a_change_touches_only_what_the_verdicts_speak_of(
    belong: set[int], foreign: set[int], present: set[int], percent: int
) -> None:
    foreign -= belong
    change = compare(Verdicts(belong, foreign), present, percent=percent)
    assert change.add == belong - present
    assert change.remove | change.held == foreign & present
    assert not (change.remove and change.held)
    assert len(change.remove) <= max(5, len(present) * percent / 100)
    unknown = present - belong - foreign
    after = change.after(frozenset(present))
    assert unknown <= after
    assert after <= present | belong
    if not change.held:
        assert compare(Verdicts(belong, foreign), after, percent=percent).add == set()
        assert after & foreign == set()


def test_few_edits_by_hand_are_votes() -> None:
    votes = count_votes({1, 2, 3}, {2, 3, 9}, set(range(20)), exists=True, percent=30)
    assert not votes.accident
    assert votes.keep == {9}
    assert votes.never == {1}


def test_a_title_that_left_the_library_or_is_new_to_it_is_no_vote() -> None:
    votes = count_votes({1, 2}, {2, 99}, {2, 3}, exists=True, percent=30)
    assert votes == Votes(frozenset(), frozenset(), accident=False)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_whole_tag_that_is_gone_is_an_accident_however_small(size: int) -> None:
    seen = set(range(size))
    votes = count_votes(seen, set(), seen, exists=False, percent=100)
    assert votes.accident
    assert votes.lost == seen
    assert not votes.never


def test_a_tag_that_never_had_a_member_may_be_missing() -> None:
    votes = count_votes(set(), set(), {1, 2}, exists=False, percent=30)
    assert not votes.accident


def test_a_tag_whose_members_all_left_the_library_may_be_missing() -> None:
    assert not count_votes({1, 2}, set(), {3}, exists=False, percent=30).accident


def test_losses_and_gains_count_together_against_the_brake() -> None:
    seen, known = set(range(10)), set(range(30))
    few = (seen - {0, 1}) | {20}
    many = (seen - {0, 1, 2}) | {20, 21, 22}
    assert not count_votes(seen, few, known, exists=True, percent=30).accident
    assert count_votes(seen, many, known, exists=True, percent=30).accident


@CALM
@given(IDS, IDS, IDS, st.integers(0, 100), st.booleans())
def test_votes_speak_only_of_known_titles_that_changed(
    seen: set[int], present: set[int], known: set[int], percent: int, exists: bool
) -> None:
    votes = count_votes(seen, present, known, exists=exists, percent=percent)
    assert votes.lost == (seen - present) & known
    assert votes.gained == (present - seen) & known
    assert votes.keep | votes.never <= known
    if votes.accident:
        assert not votes.keep
        assert not votes.never
    else:
        assert (votes.keep, votes.never) == (votes.gained, votes.lost)
        changed = len(votes.keep | votes.never)
        assert changed <= 5 or changed * 100 <= len(seen & known) * percent
