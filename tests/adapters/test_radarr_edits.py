"""Bulk edits: few requests, the one bad movie named, and never more than the tag changed."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from kometa_ai.adapters.arr import Timeouts
from kometa_ai.adapters.radarr import Radarr
from kometa_ai.demo.radarr import Mishap, SimulatedRadarr
from kometa_ai.demo.radarr_movie import resource
from kometa_ai.domain.fault import FaultKind, StopError, TryLaterError
from kometa_ai.ports import Edit
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = "0123456789abcdef"
EDITOR = "/api/v3/movie/editor"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@asynccontextmanager
async def simulated(
    clock: FakeClock,
    movies: int,
    *mishaps: Mishap,
    silence: float = 20,
    **options: Any,
) -> AsyncIterator[tuple[SimulatedRadarr, Radarr]]:
    films = [{"id": number, "title": f"Film {number}"} for number in range(1, movies + 1)]
    options = {"tags": {"kai-x": [], "users": [1, 2, 3]}} | options
    async with SimulatedRadarr(films, api_key=KEY, **options) as radarr:
        radarr.mishaps.extend(mishaps)
        timeouts = Timeouts(connect=20, answer=20, edit=silence)
        async with Radarr(radarr.url, KEY, clock=clock, timeouts=timeouts) as library:
            yield radarr, library
        assert {seen.path for seen in radarr.writes()} <= {EDITOR}
        for seen in radarr.writes():
            assert seen.body.keys() == {"movieIds", "tags", "applyTags"}
            assert seen.body["applyTags"] in {"add", "remove"}
            assert len(seen.body["movieIds"]) <= 500


def edits(radarr: SimulatedRadarr) -> int:
    return len(radarr.writes())


async def test_only_the_tag_changes(clock: FakeClock) -> None:
    async with simulated(clock, 5) as (radarr, library):
        before = [resource(movie.fields, movie.tags - {1}) for movie in radarr.movies.values()]
        assert await library.add_tag(1, [5, 3, 3, 1]) == Edit(frozenset({1, 3, 5}))
        assert radarr.members("kai-x") == {1, 3, 5}
        assert await library.remove_tag(1, [3, 4]) == Edit(frozenset({3, 4}))
        assert radarr.members("kai-x") == {1, 5}
        assert radarr.members("users") == {1, 2, 3}
        after = [resource(movie.fields, movie.tags - {1}) for movie in radarr.movies.values()]
        assert after == before
        assert [seen.body["movieIds"] for seen in radarr.writes()] == [[1, 3, 5], [3, 4]]


async def test_nothing_to_do_asks_nothing(clock: FakeClock) -> None:
    async with simulated(clock, 5) as (radarr, library):
        assert await library.add_tag(1, []) == Edit(frozenset())
        assert radarr.requests == []


async def test_5000_additions_take_10_requests(clock: FakeClock) -> None:
    async with simulated(clock, 5000) as (radarr, library):
        edit = await library.add_tag(1, range(1, 5001))
        assert len(edit.done) == len(radarr.members("kai-x")) == 5000
        assert len(radarr.requests) == 10


@pytest.mark.parametrize("bad", [1, 250, 251, 500, 777, 1000])
async def test_one_refused_movie_is_named_and_all_others_go_through(
    clock: FakeClock, bad: int
) -> None:
    async with simulated(clock, 1000) as (radarr, library):
        radarr.refused[bad] = "Object reference not set to an instance of an object."
        edit = await library.add_tag(1, range(1, 1001))
        assert edit.done == set(range(1, 1001)) - {bad} == radarr.members("kai-x")
        (fault,) = edit.faults
        assert (fault.kind, fault.where) == (FaultKind.TAGGING, f"movie {bad}")
        assert "Object reference not set" in fault.message
        assert edits(radarr) <= 20


async def test_movies_that_are_gone_are_named(clock: FakeClock) -> None:
    gone = Mishap("PUT", EDITOR, before=lambda radarr: radarr.remove_movie(123))
    async with simulated(clock, 500, gone) as (radarr, library):
        edit = await library.remove_tag(1, range(1, 501))
        assert edit.done == set(range(1, 501)) - {123}
        assert [fault.where for fault in edit.faults] == ["movie 123"]
        assert "no longer has it" in edit.faults[0].message
        assert edits(radarr) <= 19


async def test_a_movie_deleted_after_the_list_was_read_harms_no_other(clock: FakeClock) -> None:
    gone = Mishap("GET", "/api/v3/movie", after=lambda radarr: radarr.remove_movie(3))
    async with simulated(clock, 5, gone) as (radarr, library):
        ids = [item.id for item in await library.items()]
        assert ids == [1, 2, 3, 4, 5]
        assert (await library.add_tag(1, ids)).done == {1, 2, 4, 5} == radarr.members("kai-x")


async def test_half_a_library_that_is_gone_takes_few_requests(clock: FakeClock) -> None:
    async with simulated(clock, 400) as (radarr, library):
        edit = await library.add_tag(1, range(1, 1001))
        assert edit.done == set(range(1, 401))
        assert [fault.where for fault in edit.faults] == [f"movie {n}" for n in range(401, 1001)]
        assert edits(radarr) <= 20


@pytest.mark.parametrize("status", [400, 404, 409, 413])
async def test_a_chunk_that_is_refused_once_is_sent_in_halves(
    clock: FakeClock, status: int
) -> None:
    async with simulated(clock, 500, Mishap("PUT", EDITOR, status=status)) as (radarr, library):
        assert await library.add_tag(1, range(1, 501)) == Edit(frozenset(range(1, 501)))
        assert [len(seen.body["movieIds"]) for seen in radarr.writes()] == [500, 250, 250]


async def test_an_editor_that_refuses_everything_is_left_alone_soon(clock: FakeClock) -> None:
    broken = Mishap("PUT", EDITOR, status=500, body='{"message": "disk full"}', times=9999)
    async with simulated(clock, 3000, broken) as (radarr, library):
        edit = await library.add_tag(1, range(1, 3001))
        assert edit.done == frozenset()
        assert "HTTP 500: disk full" in edit.faults[-1].message
        assert edits(radarr) <= 60


@pytest.mark.parametrize(
    "mishap",
    [
        Mishap("PUT", EDITOR, status=500, body='{"message": "database is locked"}', times=2),
        Mishap("PUT", EDITOR, status=429, headers={"Retry-After": "2"}, times=2),
        Mishap("PUT", EDITOR, status=502, times=3),
    ],
)
async def test_an_edit_is_repeated_because_that_is_safe(clock: FakeClock, mishap: Mishap) -> None:
    times = mishap.times
    async with simulated(clock, 20, mishap) as (radarr, library):
        assert await library.add_tag(1, range(1, 21)) == Edit(frozenset(range(1, 21)))
        assert edits(radarr) == times + 1
        assert len(clock.sleeps) == times


@pytest.mark.parametrize(
    "lost", [Mishap("PUT", EDITOR, reset=True), Mishap("PUT", EDITOR, cut_after=9_000)]
)
async def test_an_edit_whose_connection_is_lost_is_looked_up_and_not_repeated(
    clock: FakeClock, lost: Mishap
) -> None:
    async with simulated(clock, 20, lost) as (radarr, library):
        assert await library.add_tag(1, range(1, 21)) == Edit(frozenset(range(1, 21)))
        assert [seen.path for seen in radarr.requests] == [EDITOR, "/api/v3/tag/detail"]


async def test_what_a_lost_connection_left_undone_is_sent_again(clock: FakeClock) -> None:
    def undone(radarr: SimulatedRadarr) -> None:
        for number in range(8, 21):
            radarr.hand_untag(number, "kai-x")

    lost = Mishap("PUT", EDITOR, reset=True, after=undone)
    async with simulated(clock, 20, lost) as (radarr, library):
        assert await library.add_tag(1, range(1, 21)) == Edit(frozenset(range(1, 21)))
        assert radarr.members("kai-x") == set(range(1, 21))
        assert [seen.body["movieIds"] for seen in radarr.writes()] == [
            list(range(1, 21)),
            list(range(8, 21)),
        ]


async def test_an_editor_that_breaks_off_for_ever_is_given_up(clock: FakeClock) -> None:
    lost = Mishap("PUT", EDITOR, reset=True, times=99)
    tags = {"kai-x": range(1, 21)}
    async with simulated(clock, 20, lost, tags=tags) as (radarr, library):
        radarr.always_on.add("kai-x")
        with pytest.raises(TryLaterError, match="closed the connection"):
            await library.remove_tag(1, range(1, 21))
        assert edits(radarr) == 3


async def test_an_edit_whose_answer_is_late_is_looked_up_and_not_repeated(
    clock: FakeClock,
) -> None:
    late = Mishap("PUT", EDITOR, delay=30)
    async with simulated(clock, 20, late, silence=0.2) as (radarr, library):
        assert await library.add_tag(1, range(1, 21)) == Edit(frozenset(range(1, 21)))
        assert [seen.path for seen in radarr.requests] == [EDITOR, "/api/v3/tag/detail"]


async def test_only_what_an_unanswered_edit_left_undone_is_sent_again(clock: FakeClock) -> None:
    def half(radarr: SimulatedRadarr) -> None:
        for number in range(1, 11):
            radarr.hand_untag(number, "kai-x")

    lost = Mishap("PUT", EDITOR, status=504, before=half)
    tags = {"kai-x": range(1, 21)}
    async with simulated(clock, 20, lost, tags=tags) as (radarr, library):
        assert await library.remove_tag(1, range(1, 21)) == Edit(frozenset(range(1, 21)))
        assert [seen.body["movieIds"] for seen in radarr.writes()] == [
            list(range(1, 21)),
            list(range(11, 21)),
        ]


async def test_an_editor_that_never_answers_is_given_up(clock: FakeClock) -> None:
    async with simulated(clock, 20, Mishap("PUT", EDITOR, status=504, times=99)) as (
        radarr,
        library,
    ):
        with pytest.raises(TryLaterError, match="did not answer in time"):
            await library.add_tag(1, range(1, 21))
        assert edits(radarr) == 3


async def test_a_rule_that_takes_the_tag_off_again_is_told_and_not_fought(
    clock: FakeClock,
) -> None:
    async with simulated(clock, 3) as (radarr, library):
        radarr.always_off.add("kai-x")
        edit = await library.add_tag(1, [1, 2])
        assert edit.done == frozenset()
        assert [fault.where for fault in edit.faults] == ["movie 1", "movie 2"]
        assert "took the tag off again" in edit.faults[0].message
        assert "Auto Tagging" in edit.faults[0].remedy
        assert edits(radarr) == 1


async def test_a_rule_that_puts_the_tag_back_is_told(clock: FakeClock) -> None:
    async with simulated(clock, 3, tags={"kai-x": [1, 2, 3]}) as (radarr, library):
        radarr.always_on.add("kai-x")
        edit = await library.remove_tag(1, [2])
        assert edit.done == frozenset()
        assert "put the tag back on" in edit.faults[0].message


async def test_a_movie_that_the_answer_leaves_out_is_not_taken_as_done(clock: FakeClock) -> None:
    partial = Mishap("PUT", EDITOR, status=202, body='[{"tags": [1], "id": 1}]')
    async with simulated(clock, 3, partial) as (_, library):
        edit = await library.add_tag(1, [1, 2])
        assert edit.done == {1}
        assert [fault.where for fault in edit.faults] == ["movie 2"]


async def test_a_tag_number_that_is_gone_is_stored_as_radarr_does(clock: FakeClock) -> None:
    gone = Mishap("PUT", EDITOR, before=lambda radarr: radarr.delete_tag("kai-x"))
    async with simulated(clock, 3, gone) as (_, library):
        assert (await library.add_tag(1, [1])).done == {1}
        assert "kai-x" not in await library.members()


@pytest.mark.parametrize("status", [401, 502])
async def test_what_was_done_before_radarr_went_away_is_kept(clock: FakeClock, status: int) -> None:
    async with simulated(clock, 1500) as (radarr, library):
        radarr.mishaps += [
            Mishap("PUT", EDITOR, delay=0),
            Mishap("PUT", EDITOR, status=status, times=99),
        ]
        edit = await library.add_tag(1, range(1, 1501))
        assert edit.done == set(range(1, 501)) == radarr.members("kai-x")
        (fault,) = edit.faults
        assert fault.kind is FaultKind.LIBRARY
        assert fault.message.endswith("1000 movie edits were given up.")


async def test_a_radarr_that_went_away_at_once_is_raised(clock: FakeClock) -> None:
    async with simulated(clock, 5, Mishap("PUT", EDITOR, status=401)) as (_, library):
        with pytest.raises(StopError, match="refused the API key"):
            await library.add_tag(1, [1, 2])
