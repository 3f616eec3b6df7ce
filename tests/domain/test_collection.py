"""A collection: its tag, its fingerprint, its gates, and which one must be settled first."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from kometa_ai.domain.collection import (
    Collection,
    gate,
    is_collection_tag,
    settle_in_order,
    slugify,
)
from tests.questions import collection, item

CALM = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no fault of the rules."""

NAMES = st.text(max_size=40)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Film Noir", "film-noir"),
        ("80's Action", "80s-action"),
        ("Amélie", "amlie"),
        ("  Cosy \t winter\u00a0evenings ", "cosy-winter-evenings"),
        ("Sci-Fi -- & -- more", "sci-fi-more"),
        ("Under_score", "underscore"),
        ("-edges-", "edges"),
        ("İstanbul", "istanbul"),
        ("黒澤明", ""),
        ("!?", ""),
        ("", ""),
    ],
)
def test_a_slug_is_made_as_0_5_x_made_it(name: str, slug: str) -> None:
    assert slugify(name) == slug


@CALM
@given(NAMES)
def test_a_slug_is_empty_or_makes_a_tag_that_may_be_written(name: str) -> None:
    slug = slugify(name)
    assert slug == "" or is_collection_tag(f"KAI-{slug}")
    assert "--" not in slug
    assert slugify(slug) == slug


@pytest.mark.parametrize("tag", ["KAI-film-noir", "kai-80s", "Kai-A", "KAI--a"])
def test_a_tag_with_our_prefix_and_a_slug_may_be_written(tag: str) -> None:
    assert is_collection_tag(tag)


@pytest.mark.parametrize(
    "tag",
    ["", "KAI-", "KAI--", "KAI", "kaiju", "x-KAI-a", "KAI-a b", "KAI-a\n", "KAI-é", " KAI-a", "4k"],
)
def test_no_other_tag_may_be_written(tag: str) -> None:
    assert not is_collection_tag(tag)


def test_a_label_is_the_tag_in_lower_case_and_the_slug_what_follows_the_prefix() -> None:
    one = Collection("Film Noir", "KAI-Film-Noir", "Dark streets")
    assert (one.label, one.slug) == ("kai-film-noir", "film-noir")


def test_only_what_a_person_wants_changes_the_fingerprint() -> None:
    one = collection("Heists")
    free = replace(
        one,
        name="Robberies",
        threshold=0.1,
        priority=9,
        source="other.yml:3",
        tag="KAI-other",
        include_tags=frozenset({"a"}),
        exclude_tags=frozenset({"b"}),
        candidate_genres=frozenset({"drama"}),
        candidate_year_min=1990,
    )
    assert free.criteria == one.criteria
    assert replace(one, prompt=f" {one.prompt.replace(' ', chr(10), 1)}\n").criteria == one.criteria
    assert replace(one, prompt=f"{one.prompt} More.").criteria != one.criteria


@CALM
@given(NAMES, NAMES)
def test_any_text_has_a_fingerprint(name: str, prompt: str) -> None:
    assert re.fullmatch("[0-9a-f]{16}", Collection(f"{name}\ud800", "KAI-a", prompt).criteria)


@pytest.mark.parametrize(
    ("gates", "year", "why"),
    [
        ({}, 1999, ""),
        ({"candidate_genres": frozenset({"drama", "crime"})}, 1999, ""),
        (
            {"candidate_genres": frozenset({"horror", "crime"})},
            1999,
            "none of its genres is crime or horror",
        ),
        ({"candidate_exclude_genres": frozenset({"drama"})}, 1999, "its genre drama is excluded"),
        ({"candidate_exclude_genres": frozenset({"horror"})}, 1999, ""),
        ({"candidate_year_min": 1999, "candidate_year_max": 1999}, 1999, ""),
        ({"candidate_year_min": 2000}, 1999, "it is older than 2000"),
        ({"candidate_year_max": 1998}, 1999, "it is newer than 1998"),
        ({"candidate_year_min": 2000}, 0, "its year is not known"),
        ({"candidate_year_max": 2000}, 0, "its year is not known"),
        ({}, 0, ""),
    ],
)
def test_a_gate_says_in_words_why_it_is_shut(gates: dict[str, object], year: int, why: str) -> None:
    # The library writes genres in capitals, the collection keeps them in lower case.
    drama = item(1, "Heat", "Robbers.", year=year)
    one = collection("Heists", "Robberies.", **gates)
    assert gate(one, drama) == why
    assert one.gated or not gates


def _naming(name: str, *, include: str = "", exclude: str = "") -> Collection:
    return collection(
        name,
        include_tags=frozenset(include.split()),
        exclude_tags=frozenset(exclude.split()),
        source=f"movies.yml:{ord(name)}",
    )


def test_what_rules_name_is_settled_first() -> None:
    a, b = _naming("a", include="kai-b", exclude="kai-c mine"), _naming("b", exclude="kai-c")
    c, d = _naming("c"), _naming("d", include="kai-gone")
    groups, faults = settle_in_order([a, b, c, d])
    assert groups == ((c, d), (b,), (a,))
    assert faults == ()


def test_a_circle_is_a_fault_of_each_in_it_and_of_each_that_waits_for_it() -> None:
    a, b = _naming("a", include="kai-b"), _naming("b", exclude="kai-a")
    waits, free = _naming("c", include="kai-a"), _naming("d")
    groups, faults = settle_in_order([a, b, waits, free])
    assert groups == ((free,),)
    assert [fault.where for fault in faults] == [one.source for one in (a, b, waits)]
    assert "kai-b" in faults[0].message
    assert "tag rules" in faults[0].message


def test_a_collection_that_names_itself_is_a_circle() -> None:
    groups, faults = settle_in_order([_naming("a", include="kai-a")])
    assert (groups, len(faults)) == ((), 1)


@CALM
@given(st.dictionaries(st.sampled_from("abcdefgh"), st.sets(st.sampled_from("abcdefghxy"))))
def test_any_rules_are_settled_in_order_or_told(named: dict[str, set[str]]) -> None:
    collections = [
        _naming(name, include=" ".join(f"kai-{tag}" for tag in tags))
        for name, tags in named.items()
    ]
    groups, faults = settle_in_order(collections)
    settled = [one.slug for group in groups for one in group]
    at = {one.slug: number for number, group in enumerate(groups) for one in group}
    assert len(settled) == len(set(settled)) == len(named) - len(faults)
    for slug in settled:
        for tag in named[slug] & named.keys():
            assert at[tag] < at[slug]
    stuck = named.keys() - settled
    assert all(named[slug] & stuck for slug in stuck)
    assert all(groups)
