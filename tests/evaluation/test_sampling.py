"""Which titles are asked about: repeatable, members first as far as half, evenly mixed."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from kometa_ai.domain.evaluation.sampling import draw, second_order
from kometa_ai.domain.media import Kind, MediaItem


def films(start: int, count: int) -> list[MediaItem]:
    return [
        MediaItem("radarr", Kind.MOVIE, n, f"Film {n}", 2000, tmdb_id=n)
        for n in range(start, start + count)
    ]


@pytest.mark.parametrize(
    ("members", "others", "size", "drawn"),
    [
        (10, 90, 50, (10, 40)),  # all members, for they are less than half
        (40, 60, 50, (25, 25)),
        (10, 90, None, (10, 90)),
        (10, 90, 1000, (10, 90)),
        (95, 5, 50, (45, 5)),  # too few others: members fill up
        (10, 0, 4, (4, 0)),
        (0, 10, 4, (0, 4)),
        (10, 90, 3, (1, 2)),
    ],
)
def test_members_come_first_as_far_as_half(
    members: int, others: int, size: int | None, drawn: tuple[int, int]
) -> None:
    sample = draw(films(1, members), films(1000, others), size, seed=1)
    assert (sample.members, sample.others) == drawn
    assert len(sample.items) == sum(drawn)
    assert sum(item.id < 1000 for item in sample.items) == drawn[0]
    assert sample.whole is (sum(drawn) == members + others)


def test_a_seed_repeats_and_another_one_draws_anew() -> None:
    members, others = films(1, 30), films(1000, 300)
    assert draw(members, others, 40, 7) == draw(members[::-1], others[::-1], 40, 7)
    assert set(draw(members, others, 40, 7).items) != set(draw(members, others, 40, 8).items)


def test_a_title_more_moves_hardly_anything() -> None:
    before = set(draw(films(1, 30), films(1000, 300), 40, 7).items)
    after = set(draw(films(1, 30), films(1000, 301), 40, 7).items)
    assert len(before & after) >= 39


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 120), st.integers(0, 9))
def test_every_beginning_holds_its_part_of_each_kind(
    members: int, others: int, size: int, seed: int
) -> None:
    sample = draw(films(1, members), films(1000, others), size, seed)
    assert len(set(sample.items)) == len(sample.items) == min(size, members + others)
    for end in range(1, len(sample.items) + 1):
        seen = sum(item.id < 1000 for item in sample.items[:end])
        assert abs(seen - sample.members * end / len(sample.items)) <= 1


@given(st.integers(0, 100), st.integers(1, 40))
def test_the_second_order_is_another_one_of_the_same_titles(count: int, within: int) -> None:
    items = draw([], films(1, count), None, 3).items
    again = second_order(items, 3, within=within)
    for start in range(0, count, within):
        assert set(again[start : start + within]) == set(items[start : start + within])
    if within > 10 and count > 2 * within:
        assert again != items
