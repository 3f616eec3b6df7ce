"""Pending pairs become requests: each pair once, each item once for a group of collections."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from kometa_ai.domain.decision import Decision, Opinion
from kometa_ai.domain.pending import Selection
from kometa_ai.domain.requests import Question, Request, group
from tests.questions import collection, item, questions

CALM = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no fault of the rules."""

ITEMS = {number: item(number, f"Film {number}", "It happens.") for number in range(1, 41)}
EARLIER = Decision(
    Opinion(include=True, confidence=0.6), "m", "wish", 1, datetime(2026, 11, 22, tzinfo=UTC)
)


def selection(asked: dict[int, int], count: int) -> Selection:
    return Selection(tuple(collection(f"c{number}") for number in range(count)), asked, {})


def test_an_item_is_sent_once_with_all_collections_that_wait_for_it() -> None:
    chosen = selection({2: 0b11, 1: 0b10}, 2)
    ((request,),) = group(
        chosen, ITEMS, {"c1": {2: EARLIER, 9: EARLIER}}, collections_per_request=10
    )
    assert request.collections == chosen.collections
    assert request.questions == (
        Question(ITEMS[2], ("c0", "c1"), {"c1": EARLIER}),
        Question(ITEMS[1], ("c1",), {}),
    )
    assert request.pairs == 3


def test_the_words_of_a_collection_that_nothing_is_asked_of_are_not_paid_for() -> None:
    groups = group(selection({1: 0b1000001, 2: 0b0000100}, 8), ITEMS, {}, collections_per_request=2)
    assert [[one.slug for one in requests[0].collections] for requests in groups] == [
        ["c0", "c2"],
        ["c6"],
    ]


def test_no_selected_pair_is_no_request() -> None:
    assert group(selection({}, 3), ITEMS, {}, collections_per_request=10) == ()


@CALM
@given(
    st.dictionaries(st.sampled_from(sorted(ITEMS)), st.integers(1, 2**14 - 1), max_size=40),
    st.integers(1, 26),
    st.integers(1, 50),
)
def test_every_selected_pair_is_in_exactly_one_request(
    asked: dict[int, int], wide: int, deep: int
) -> None:
    chosen = selection(asked, 14)
    standing = {one.slug: dict.fromkeys(ITEMS, EARLIER) for one in chosen.collections}
    groups = group(chosen, ITEMS, standing, collections_per_request=wide, items_per_request=deep)
    pairs = []
    for requests in groups:
        assert {request.collections for request in requests} == {requests[0].collections}
        ids = [question.item.id for request in requests for question in request.questions]
        assert len(ids) == len(set(ids))
        assert ids == [item_id for item_id in asked if item_id in set(ids)]
        for request in requests:
            assert len(request.collections) <= wide
            assert 1 <= len(request.questions) <= deep
            slugs = [one.slug for one in request.collections]
            for question in request.questions:
                assert question.slugs
                assert list(question.slugs) == [one for one in slugs if one in question.slugs]
                assert question.standing.keys() == set(question.slugs)
                pairs += [(question.item.id, slug) for slug in question.slugs]
    wanted = {
        (item_id, one.slug)
        for item_id, mask in asked.items()
        for bit, one in enumerate(chosen.collections)
        if mask >> bit & 1
    }
    assert len(pairs) == len(wanted)
    assert set(pairs) == wanted


@pytest.mark.parametrize(
    ("limit", "sizes"), [(None, [40, 20 + 40, 5]), (50, [50, 50, 5]), (3, [3] * 35)]
)
def test_two_second_looks_count_as_one_title_unless_a_person_counts(
    limit: int | None, sizes: list[int]
) -> None:
    films = {number: item(number, f"Film {number}", "It happens.") for number in range(1, 106)}
    doubt = Opinion(include=True, confidence=0.65, reason="So")
    earlier = {
        number: EARLIER._replace(opinion=doubt, fingerprint=film.fingerprint)
        for number, film in films.items()
        if number > 60
    }
    chosen = selection(dict.fromkeys(films, 1), 1)
    (requests,) = group(
        chosen, films, {"c0": earlier}, collections_per_request=10, items_per_request=limit
    )
    assert [len(one.questions) for one in requests] == sizes


@pytest.mark.parametrize("films", [2, 3, 7])
def test_halves_share_the_criteria_and_split_the_items(films: int) -> None:
    request = questions(films=films)
    one, two = request.halves()
    assert one.questions + two.questions == request.questions
    assert one.questions
    assert abs(len(one.questions) - len(two.questions)) <= 1
    assert one.collections == two.collections == request.collections


def test_what_is_missing_is_asked_for_alone_and_so_is_what_stands() -> None:
    request = questions(films=3)
    first, second, third = request.questions
    standing = dict.fromkeys(first.slugs, EARLIER)
    request = Request(
        request.collections, (Question(first.item, first.slugs, standing), second, third)
    )
    kept, other = first.slugs
    rest = request.only({first.item.id: (other,), third.item.id: third.slugs, second.item.id: ()})
    assert rest.collections == request.collections
    assert rest.questions == (Question(first.item, (other,), {other: EARLIER}), third)
    assert kept not in rest.questions[0].standing
