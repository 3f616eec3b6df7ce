"""The figures, against sums that are made in another way."""

from __future__ import annotations

from math import isclose

import pytest
from hypothesis import given, strategies as st

from kometa_ai.domain.decision import UNNAMED, Opinion
from kometa_ai.domain.evaluation.scores import (
    THRESHOLDS,
    Judged,
    calibration,
    confusion,
    curve,
    flips,
    wilson,
)


def said(chance: float) -> Opinion:
    """Return an opinion as the reader makes it of a chance."""
    include = chance >= 0.35
    return Opinion(include, round(chance if include else 1 - chance, 4), "why")


FOUR = [
    Judged(1, belongs=True, opinion=said(0.9)),
    Judged(2, belongs=True, opinion=said(0.5)),
    Judged(3, belongs=False, opinion=said(0.8)),
    Judged(4, belongs=False, opinion=UNNAMED),
]


def test_the_figures_of_four_titles() -> None:
    counts = confusion(FOUR, 0.7)
    assert (counts.hits, counts.misses, counts.false_alarms, counts.rejections) == (1, 1, 1, 1)
    assert (counts.precision, counts.recall, counts.f1) == (0.5, 0.5, 0.5)
    low = confusion(FOUR, 0.4)
    assert (low.precision, low.recall) == (2 / 3, 1.0)
    assert low.f1 == pytest.approx(0.8)


def test_what_is_undefined_is_no_number() -> None:
    nothing = confusion([], 0.7)
    assert (nothing.precision, nothing.recall, nothing.f1) == (None, None, None)
    assert confusion(FOUR, 0.95).precision is None
    assert confusion(FOUR, 0.95).recall == 0.0
    assert confusion(FOUR[2:], 0.7).recall is None


def test_the_threshold_itself_is_in() -> None:
    assert confusion([Judged(1, belongs=True, opinion=said(0.7))], 0.7).hits == 1
    assert confusion([Judged(1, belongs=True, opinion=said(0.6999))], 0.7).hits == 0


def test_a_title_of_a_sample_stands_for_others() -> None:
    weighed = [one._replace(weight=1.0 if one.belongs else 10.0) for one in FOUR]
    assert confusion(weighed, 0.4).precision == pytest.approx(2 / 12)
    assert confusion(weighed, 0.4).recall == 1.0


chances = st.integers(0, 100).map(lambda number: number / 100)
judged = st.lists(
    st.builds(
        Judged,
        st.integers(1, 10**6),
        st.booleans(),
        chances.map(said),
        st.sampled_from([1.0, 2.5]),
    ),
    max_size=30,
)


@given(judged, st.sampled_from(THRESHOLDS))
def test_precision_and_recall_are_what_they_are_called(
    titles: list[Judged], threshold: float
) -> None:
    counts = confusion(titles, threshold)
    taken = [one for one in titles if one.opinion.score >= threshold - 1e-9]
    right = sum(one.weight for one in taken if one.belongs)
    if taken:
        assert counts.precision is not None
        assert isclose(counts.precision, right / sum(one.weight for one in taken))
    else:
        assert counts.precision is None
    belong = sum(one.weight for one in titles if one.belongs)
    assert counts.recall == (pytest.approx(right / belong) if belong else None)
    whole = counts.hits + counts.false_alarms + counts.misses + counts.rejections
    assert isclose(whole, sum(one.weight for one in titles))


@given(judged)
def test_the_curve_is_the_figures_at_each_threshold(titles: list[Judged]) -> None:
    points = curve(titles)
    assert [one.threshold for one in points] == list(THRESHOLDS)
    for one in points:
        counts = confusion(titles, one.threshold)
        assert one.precision == pytest.approx(counts.precision)
        assert one.recall == pytest.approx(counts.recall)
    recalls = [one.recall for one in points if one.recall is not None]
    assert recalls == sorted(recalls, reverse=True)


@given(judged)
def test_the_bins_hold_every_title_that_was_asked_about(titles: list[Judged]) -> None:
    settled = Judged(0, belongs=True, opinion=said(1.0), asked=False)
    bins = calibration([*titles, settled])
    assert sum(one.titles for one in bins) == len(titles)
    assert [one.chance for one in bins] == sorted(one.chance for one in bins)
    assert all(0 <= one.share <= 1 for one in bins)


def test_a_judge_that_is_right_lies_on_the_line() -> None:
    titles = [Judged(n, belongs=n < 8, opinion=said(0.8)) for n in range(10)]
    (only,) = calibration(titles)
    assert only.chance == pytest.approx(0.8)
    assert (only.share, only.titles) == (0.8, 10)


def test_flips_are_counted_where_both_passes_have_a_verdict() -> None:
    first = {1: said(0.9), 2: said(0.72), 3: said(0.5), 4: UNNAMED}
    second = {1: said(0.8), 2: said(0.68), 3: said(0.7), 5: said(0.9)}
    told = flips(first, second, dict.fromkeys(first, 1.0), 0.7)
    assert (told.titles, told.flipped) == (3, (2, 3))
    assert told.rate == pytest.approx(2 / 3)
    assert told.shift == pytest.approx((0.1 + 0.04 + 0.2) / 3)
    assert flips(first, first, dict.fromkeys(first, 1.0), 0.7).rate == 0
    assert flips(first, {}, {}, 0.7).rate is None


@given(st.integers(0, 400), st.integers(0, 400))
def test_the_range_holds_the_share(found: int, more: int) -> None:
    told = wilson(found, found + more)
    assert 0 <= told.low <= told.high <= 1
    if found + more:
        assert told.low - 1e-12 <= found / (found + more) <= told.high + 1e-12
    assert wilson(0, 0) == wilson(0, 0).__class__(0.0, 1.0)


def test_the_range_is_wilsons() -> None:
    # Wilson 1927; the figures of 8 in 10 in any textbook.
    told = wilson(8, 10)
    assert (round(told.low, 3), round(told.high, 3)) == (0.490, 0.943)
