"""Radarr's list of films: read piece by piece it is what it is as a whole, however it is cut."""

from __future__ import annotations

import json
from itertools import islice

import msgspec
from hypothesis import strategies as st

from kometa_ai.adapters.arr.json_stream import ArrayReader, JsonStreamError, RecordError
from tests.fuzz.target import Target


class Film(msgspec.Struct, frozen=True):
    """A few fields, as the true records have many."""

    id: int
    title: str = ""
    tags: list[int] = []


def check(data: bytes) -> None:
    """Read a list; its first two bytes are the size of a piece, and of what comes at once."""
    piece, step = (1 + one for one in (*data[:2], 0, 0)[:2])
    body = data[2:]
    try:
        whole: list[Film] | str = msgspec.json.decode(body, type=list[Film])
    except msgspec.ValidationError as error:
        whole = str(error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        whole = "no JSON"
    reader = ArrayReader(Film, piece)
    films: list[Film] = []
    try:
        for at in range(0, len(body), step):
            films += reader.feed(body[at : at + step])
        films += reader.finish()
    except RecordError as error:
        # Found while it comes in, so what follows need not be sound.
        assert isinstance(whole, str)
        assert whole == str(error) or whole == "no JSON", (whole, str(error))
    except JsonStreamError:
        assert whole == "no JSON" or "$[" in str(whole), whole
        assert films == list(islice(films, len(films)))
    else:
        assert films == whole


FIELDS = st.sampled_from(
    [
        *('"title": "A"', '"title": "}, {"', '"title": "\\"},{\\\\"', '"title": "\\\\"', '"x": {}'),
        *('"x": [{}, {"id": 1}]', '"x": "\\n  },"', '"tags": [1, 2]', '"tags": []', '"title": 5'),
        *('"title": "\u2028é😀"', '"tags": [null]', '"x": null', '"id": 7', '"title": "\\ud83d"'),
        '"x": [[{}], {"y": {}}]',
    ]
)


@st.composite
def lists(draw: st.DrawFn) -> bytes:
    """Return a list of films in some layout, and how it is to be cut."""
    cut = bytes(draw(st.tuples(st.integers(0, 255), st.integers(0, 60))))
    films = []
    for number in range(draw(st.integers(0, 6))):
        fields = draw(st.lists(FIELDS, max_size=3))
        at = draw(st.integers(0, len(fields)))
        fields.insert(at, f'"id": {number}')
        films.append("{" + ", ".join(fields) + "}")
    comma, first, last = draw(
        st.sampled_from([(",", "[", "]"), (",\n  ", "[\n  ", "\n]"), ("\n  ,\n  ", " [ ", " ] ")])
    )
    text = first + comma.join(films) + last
    if draw(st.integers(0, 3)) == 0:
        text = text.replace("}", "\n  }")
    if draw(st.booleans()):
        try:
            text = json.dumps(json.loads(text), indent=draw(st.sampled_from([None, 2])))
        except ValueError:
            return cut + text.encode()
    return cut + text.encode()


PIECES = (
    *(mark.encode() for mark in '{}[]":,\\0-.e\n é'),
    b"\n  },",
    b'{"id": 1},',
    b'{"id": "x"},',
    b'"title": "\\"',
    b"\\\\",
    b"\xff",
    b"[" * 1500,
    b'{"x": ' * 1500,
)

TARGET = Target("json_stream", check, lists(), PIECES)
