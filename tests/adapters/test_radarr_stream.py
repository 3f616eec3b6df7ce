"""The movie list is decoded while it arrives, whatever its layout and wherever it is cut."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from kometa_ai.adapters.arr.json_stream import ArrayReader, JsonStreamError, RecordError, last_comma


class Film(msgspec.Struct):
    id: int
    title: str
    tags: list[int] | None = None


TEXTS = st.one_of(
    st.text(alphabet='{}[]",:\\ \n\u0007é🎬a', max_size=12),
    st.sampled_from(["{Proof}", "}, {", '"},{"', "\n  },\n  {", "\\", '\\"', "{", "}}", "[]"]),
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
FILMS = st.lists(
    st.fixed_dictionaries(
        {"id": st.integers(0, 2**31 - 1), "title": TEXTS, "images": JUNK},
        optional={"tags": st.none() | st.lists(st.integers(0, 99), max_size=3), "overview": TEXTS},
    ),
    max_size=12,
)
LAYOUTS = st.sampled_from(
    [
        {"indent": 2},
        {"indent": 1},
        {"indent": "\t"},
        {"separators": (",", ":")},
        {"separators": (" , ", " : ")},
        {"indent": 2, "ensure_ascii": False},
    ]
)


def read_in_parts(body: bytes, cuts: list[int], piece: int) -> list[Film]:
    reader = ArrayReader(Film, piece)
    films: list[Film] = []
    places = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    for start, end in pairwise(places):
        films += reader.feed(body[start:end])
    return films + reader.finish()


def wanted(films: list[dict[str, Any]]) -> list[Film]:
    return [Film(film["id"], film["title"], film.get("tags")) for film in films]


@settings(deadline=None)
@given(FILMS, LAYOUTS, st.lists(st.integers(0, 10_000), max_size=30), st.integers(1, 400))
def test_any_layout_and_any_cut_gives_what_json_gives(
    films: list[dict[str, Any]], layout: dict[str, Any], cuts: list[int], piece: int
) -> None:
    text = json.dumps(films, **layout)
    for body in (text, text.replace("\n", "\r\n")):
        parts = read_in_parts(body.encode("utf-8", "replace"), cuts, piece)
        assert parts == wanted(json.loads(body))


@settings(deadline=None)
@given(FILMS, LAYOUTS, st.data())
def test_what_is_cut_off_is_never_taken_for_the_whole(
    films: list[dict[str, Any]], layout: dict[str, Any], data: st.DataObject
) -> None:
    body = json.dumps(films, **layout).encode()
    end = data.draw(st.integers(0, len(body) - 1))
    with pytest.raises(JsonStreamError):
        read_in_parts(body[:end], list(range(0, end, 7)), 20)


def test_records_come_out_long_before_the_end() -> None:
    body = json.dumps([{"id": i, "title": f"}} {i}"} for i in range(1000)], indent=2).encode()
    reader = ArrayReader(Film, piece=1000)
    early = [len(reader.feed(body[at : at + 500])) for at in range(0, len(body), 500)]
    assert sum(early) > 950
    assert sum(early) + len(reader.finish()) == 1000


def test_a_wrong_type_is_told_with_its_place_in_the_whole_list() -> None:
    films: list[dict[str, object]] = [{"id": i, "title": "x"} for i in range(500)]
    films[433]["id"] = "four"
    with pytest.raises(RecordError, match=r"Expected `int`, got `str` - at `\$\[433\].id`"):
        read_in_parts(json.dumps(films, indent=2).encode(), list(range(0, 20_000, 100)), 1000)


@pytest.mark.parametrize("body", [b"", b"  ", b"{}", b"null", b"[{]", b'[{"id":1,"title":"x"},]'])
def test_what_is_no_array_is_refused(body: bytes) -> None:
    with pytest.raises((JsonStreamError, RecordError)):
        read_in_parts(body, [], 1)


@pytest.mark.parametrize(
    ("text", "comma"),
    [
        (b'[{"a":1},{"b":2', 8),
        (b'[{"a":1} , {"b":[{},{}', 9),
        (b'[{"a":"},{"},{"b":"},{', 12),
        (b'[{"a":"\\"},{"},{', 14),
        (b'[{"a":"\\\\"},{"b', 11),
        (b'[{"a":1}', -1),
        (b'[{"a":[{},{}],"b', -1),
        (b"", -1),
    ],
)
def test_the_comma_between_records_is_found_by_counting_outside_of_strings(
    text: bytes, comma: int
) -> None:
    assert last_comma(text) == comma
