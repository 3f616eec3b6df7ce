"""Remembered titles are found again by what does not change, and none is taken for another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kometa_ai.domain.decision import Pin, PinOrigin, Stance
from kometa_ai.domain.whereabouts import Whereabouts
from tests.questions import item

NOW = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
HERE = Whereabouts(
    {
        1: item(1, "Heat", "Robbers.")._replace(tmdb_id=949),
        2: item(2, "Laura", "A painting.")._replace(tmdb_id=1939),
        3: item(3, "Home video", "A cat.")._replace(tmdb_id=0),
    }
)


@pytest.mark.parametrize(
    ("item_id", "tmdb_id", "now"),
    [
        (1, 949, 1),
        (2, 949, 1),  # its number was given to another
        (9, 949, 1),  # it was deleted and added anew
        (1, 603, None),  # it is absent, and its number was given to another
        (9, 603, None),
        (1, 0, 1),  # there is only the number to go by
        (9, 0, None),
        (3, 603, 3),  # the library does not know better
    ],
)
def test_a_title_is_found_by_its_tmdb_id_where_that_is_known(
    item_id: int, tmdb_id: int, now: int | None
) -> None:
    assert HERE.find(item_id, tmdb_id) == now
    assert HERE.unmoved(item_id, tmdb_id) is (now == item_id)


def test_only_titles_of_the_library_are_remembered() -> None:
    assert HERE.tmdb_ids([3, 1, 9]) == {3: 0, 1: 949}


def test_the_newest_of_two_pins_that_turn_out_to_be_of_one_title_holds() -> None:
    old = Pin("noir", 1, Stance.KEEP, PinOrigin.USER, NOW)
    new = Pin("noir", 2, Stance.NEVER, PinOrigin.HAND, NOW + timedelta(1), tmdb_id=949)
    gone = Pin("noir", 2, Stance.NEVER, PinOrigin.HAND, NOW, tmdb_id=603)
    for pins in ([old, new, gone], [gone, new, old]):
        found = HERE.pins(pins)
        assert [(p.item_id, p.tmdb_id, p.stance) for p in found["noir"].values()] == [
            (1, 949, Stance.NEVER)
        ]
