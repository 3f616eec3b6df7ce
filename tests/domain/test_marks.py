"""Fingerprints that are those of a library but for a few: a dictionary to all who look at it."""

from __future__ import annotations

from hypothesis import given, strategies as st

from kometa_ai.domain.marks import Marks, sharing, suspects
from kometa_ai.domain.pending import outdated

IDS, STATES = st.integers(1, 9), st.integers(1, 3)
SOME = st.dictionaries(IDS, STATES)


def plain(base: dict[int, int], other: dict[int, int], absent: set[int]) -> dict[int, int]:
    return {**{i: mark for i, mark in base.items() if i not in absent}, **other}


@given(SOME, SOME, st.sets(IDS))
def test_they_are_a_dictionary(
    base: dict[int, int], other: dict[int, int], absent: set[int]
) -> None:
    marks, same = Marks(base, other, absent), plain(base, other, absent)
    assert marks == same
    assert dict(marks.items()) == {i: marks[i] for i in marks} == same
    assert len(marks) == len(same) == len(list(marks)) == len(marks.items())
    for number in range(11):
        assert (number in marks) is (number in same)
        assert (marks.get(number), marks.get(number, 7)) == (same.get(number), same.get(number, 7))


@given(SOME, SOME, SOME, st.sets(IDS), st.sets(IDS))
def test_what_is_outdated_is_the_same_whether_two_share_their_base_or_not(
    base: dict[int, int],
    one: dict[int, int],
    other: dict[int, int],
    absent: set[int],
    missing: set[int],
) -> None:
    candidates, judged = Marks(base, one, absent), Marks(base, other, missing)
    few = suspects(candidates, judged)
    assert few is not None
    assert all(candidates.get(i) == judged.get(i) for i in range(11) if i not in few)
    assert suspects(candidates, dict(judged)) is None
    expected = set(outdated(plain(base, one, absent), plain(base, other, missing)))
    assert set(outdated(candidates, judged)) == set(outdated(candidates, dict(judged))) == expected


@given(SOME, SOME)
def test_sharing_changes_nothing_of_what_is_in_the_library(
    base: dict[int, int], marks: dict[int, int]
) -> None:
    shared = sharing(base, marks)
    assert {i: shared.get(i) for i in base} == {i: marks.get(i) for i in base}
    if shared is not base:
        assert shared == marks


def test_only_what_differs_takes_room() -> None:
    base = {number: number for number in range(1_000)}
    assert sharing(base, {**base, 5_000: 1}) is base
    few = sharing(base, {**base, 7: 0} | {2_000: 1})
    assert isinstance(few, Marks)
    assert (few.base is base, set(few.apart)) == (True, {7, 2_000})
    many = dict.fromkeys(base, 0)
    assert sharing(base, many) is many
