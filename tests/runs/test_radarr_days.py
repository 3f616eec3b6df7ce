"""Radarr's bad days: each ends with a report that says so, and with no tag that nobody wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kometa_ai.demo.radarr import Mishap
from kometa_ai.domain.report import Result, Trigger
from tests.guard import EDITOR, bring_back, edits, guarded, ids, of, pins, sure, take_away, wish
from tests.world import movie

if TYPE_CHECKING:
    from pathlib import Path

    from tests.world import World

LIST = "/api/v3/movie"
PAGE = "<!doctype html><title>Radarr</title>"


@pytest.mark.parametrize(
    ("mishap", "message", "remedy"),
    [
        (
            Mishap("*", "*", times=99, status=401),
            "Radarr refused the API key.",
            "Copy it from Radarr, Settings → General → API Key, into RADARR_API_KEY.",
        ),
        (
            Mishap("*", "*", times=99, status=404, body="{}"),
            "The API of Radarr is not at this address: it answers 404, not found.",
            "Set RADARR_URL to the address",
        ),
        (
            Mishap("*", "*", times=99, status=200, body=PAGE, content_type="text/html"),
            "The API of Radarr is not at this address: a web page answers.",
            "Set RADARR_URL to the address",
        ),
        (
            Mishap("GET", LIST, times=99, cut_after=400),
            "The answer of Radarr cannot be read: the connection broke off.",
            "If this happens again, look into the logs of Radarr",
        ),
        (
            Mishap("GET", LIST, times=99, status=200, body='[{"id": 1, "title": "Fil'),
            "The answer of Radarr cannot be read: it is cut off or not JSON.",
            "If this happens again, look into the logs of Radarr",
        ),
        (
            Mishap("*", "*", times=99, reset=True),
            "Radarr closed the connection without an answer.",
            "Check in RADARR_URL whether it is http:// or https://",
        ),
        (
            Mishap("*", "*", times=99, status=503, body='{"errorMessage": "Starting up"}'),
            "Radarr is not available now (HTTP 503: Starting up).",
            "The next run tries again.",
        ),
    ],
    ids=["401", "404", "web page", "cut off", "half a JSON", "reset", "starting up"],
)
async def test_a_radarr_that_gives_no_list_fails_the_run_and_changes_nothing(
    tmp_path: Path, mishap: Mishap, message: str, remedy: str
) -> None:
    async with guarded(tmp_path, 4, {"Noir": sure(1, 2)}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.radarr.add_movie(movie(5, tags=[world.radarr.tag_number("mine")]))
        written, asked = len(world.radarr.writes()), len(world.claude.requests)
        world.radarr.mishaps.append(mishap)
        report = await world.run()
        assert report.result is Result.FAILED
        (fault,) = report.faults
        assert fault.where == f"Radarr at {world.radarr.url}"
        assert fault.message == message
        assert fault.remedy.startswith(remedy)
        assert len(world.radarr.writes()) == written
        assert len(world.claude.requests) == asked
        assert world.radarr.members("kai-noir") == {1, 2}
        world.radarr.mishaps.clear()
        assert (await world.run()).result is Result.SUCCESS


async def test_a_radarr_that_is_down_is_named_with_its_address(tmp_path: Path) -> None:
    async with guarded(tmp_path, 2, {"Noir": sure(1)}) as world:
        world.write(wish("Noir"))
        port, world.radarr.port = world.radarr.port, 1
        report = await world.run()
        assert report.result is Result.FAILED
        assert report.faults[0].message == "Radarr cannot be reached: Connection refused."
        assert report.faults[0].remedy == (
            "Check that Radarr runs and that RADARR_URL is its address."
        )
        assert world.claude.requests == []
        world.radarr.port = port
        assert (await world.run()).added == 1


async def test_an_empty_library_after_a_full_one_is_an_error_and_the_next_run_is_normal(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 3, {"Noir": sure(1, 2)}) as world:
        world.write(wish("Noir"))
        await world.run()
        written, asked = len(world.radarr.writes()), len(world.claude.requests)
        films = take_away(world.radarr, [1, 2, 3])
        for _ in range(2):
            report = await world.run()
            assert report.result is Result.FAILED
            assert report.faults[0].message == (
                "It reports an empty library, and had 3 titles before; nothing was changed."
            )
            assert "--reset-state" in report.faults[0].remedy
            undone = await world.undo()
            assert undone.result is Result.FAILED
            assert undone.faults[0].message == report.faults[0].message
        bring_back(world.radarr, films)
        report = await world.run()
        assert report.result is Result.SUCCESS
        assert report.notices == ()
        assert len(world.radarr.writes()) == written
        assert len(world.claude.requests) == asked
        assert world.radarr.members("kai-noir") == {1, 2}


async def test_an_empty_library_can_not_tell_what_a_killed_run_did(tmp_path: Path) -> None:
    async with guarded(tmp_path, 6, {"Noir": sure(1, 2)}) as world:
        world.write(wish("Noir"))
        await world.run()
        async with world.house() as house:
            killed = await house.store.begin_run(Trigger.COMMAND_LINE, world.clock.now())
            args = (killed, "radarr", "noir", "kai-noir")
            await house.store.intend(*args, {4: 1004, 5: 1005}, add=True)
            await house.store.intend(*args, {2: 1002}, add=False)
        world.radarr.hand_tag(4, "kai-noir")
        films = take_away(world.radarr, range(1, 7))
        assert (await world.run()).result is Result.FAILED
        assert (await world.undo()).result is Result.FAILED
        bring_back(world.radarr, films)
        report = await world.run()
        assert (report.result, report.notices) == (Result.SUCCESS, ())
        assert await pins(world) == []
        assert world.radarr.members("kai-noir") == {1, 2}


async def test_half_a_library_costs_nobody_a_tag_and_what_comes_back_is_not_bought_again(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 12, {"Noir": sure(1, 2, 11, 12)}) as world:
        world.write(wish("Noir"))
        await world.run()
        written, asked = len(world.radarr.writes()), len(world.claude.requests)
        away = take_away(world.radarr, range(7, 13))
        report = await world.run()
        assert report.result is Result.SUCCESS
        assert report.notices == (
            (
                "The library has 6 titles, and had 12 before. Decisions about the missing ones are"
                " kept, in case they come back."
            ),
        )
        assert (report.removed, of(report, "noir").members) == (0, 2)
        assert (await world.run()).notices == ()
        bring_back(world.radarr, away)
        report = await world.run()
        assert report.notices == (), "films that come back with their tags are no hand edits"
        assert await pins(world) == []
        assert len(world.radarr.writes()) == written
        assert len(world.claude.requests) == asked
        assert world.radarr.members("kai-noir") == {1, 2, 11, 12}


async def test_a_film_deleted_between_read_and_edit_is_named_and_the_others_go_through(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 6, {"Noir": sure(1, 2, 3, 4)}) as world:
        world.write(wish("Noir"))
        world.radarr.mishaps.append(
            Mishap("PUT", EDITOR, before=lambda radarr: radarr.remove_movie(2))
        )
        report = await world.run()
        assert report.result is Result.PARTIAL
        assert [fault.message for fault in report.faults] == [
            "Radarr no longer has it, so its tag was not changed."
        ]
        assert "2" in report.faults[0].where
        assert ids(of(report, "noir").added) == [1, 3, 4]
        assert world.radarr.members("kai-noir") == {1, 3, 4}
        report = await world.run()
        assert (report.result, report.notices) == (Result.SUCCESS, ())


@pytest.mark.parametrize("request_number", [1, 2, 3])
async def test_a_tag_deleted_during_the_edits_is_made_again_with_all_its_members(
    tmp_path: Path, request_number: int
) -> None:
    async with guarded(tmp_path, 9, {"Noir": sure(1, 2, 3, 4), "Cosy": sure(5)}) as world:
        world.write(wish("Noir"), wish("Cosy"))
        await world.run()
        world.judge.chances = {"Noir": sure(1, 2, 3, 6, 7), "Cosy": sure(8, 5)}
        for number in (4, 6, 7, 8):
            world.radarr.change_movie(number, overview=f"Cut anew: film {number}.")
        good = Mishap("PUT", EDITOR, times=request_number - 1)
        bad = Mishap("PUT", EDITOR, before=lambda radarr: radarr.delete_tag("kai-noir"))
        world.radarr.mishaps += [good, bad]
        report = await world.run()
        assert bad.times == 0
        assert world.radarr.members("kai-noir") == {1, 2, 3, 6, 7}
        assert world.radarr.members("kai-cosy") == {5, 8}
        assert report.result is Result.PARTIAL
        assert [(fault.where, fault.message) for fault in report.faults] == [
            ("kai-noir", "The tag was deleted while it was being written; it was made again.")
        ]
        assert await _quiet_and_without_pins(world)


async def test_a_tag_deleted_between_read_and_edit_is_put_back_as_it_was(tmp_path: Path) -> None:
    async with guarded(tmp_path, 6, {"Noir": sure(1, 2, 3)}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.judge.chances = {"Noir": sure(1, 2, 3, 5)}
        world.radarr.change_movie(5, overview="Now it is dark.")
        gone = Mishap(
            "GET", "/api/v3/tag/detail", before=lambda radarr: radarr.delete_tag("kai-noir")
        )
        world.radarr.mishaps.append(gone)
        report = await world.run()
        assert gone.times == 0
        assert report.result is Result.SUCCESS
        assert "too much to be meant, so it is put back" in report.notices[0]
        assert world.radarr.members("kai-noir") == {1, 2, 3, 5}
        assert await _quiet_and_without_pins(world)


async def test_a_slow_radarr_is_waited_for(tmp_path: Path) -> None:
    async with guarded(tmp_path, 3, {"Noir": sure(1)}) as world:
        world.write(wish("Noir"))
        world.radarr.mishaps.append(Mishap("*", "*", times=99, delay=0.1))
        report = await world.run()
        assert (report.result, report.added) == (Result.SUCCESS, 1)


async def test_an_auto_tagging_rule_that_takes_our_tag_off_is_named_once_a_run_and_is_no_vote(
    tmp_path: Path,
) -> None:
    """One try a run: the rule is named until somebody mends it, then the tag comes by itself."""
    async with guarded(tmp_path, 3, {"Noir": sure(1, 2)}) as world:
        world.write(wish("Noir"))
        world.radarr.always_off.add("kai-noir")
        for _ in range(3):
            before = edits(world)
            report = await world.run()
            assert report.result is Result.PARTIAL
            (fault,) = report.faults
            assert fault.where == "Film 1 (1991), Film 2 (1992)"
            assert "took the tag off again in the same request" in fault.message
            assert "Auto Tagging" in fault.remedy
            assert (report.added, report.notices) == (0, ())
            assert edits(world) == before + 1
        world.radarr.always_off.clear()
        report = await world.run()
        assert (report.result, report.added) == (Result.SUCCESS, 2)
        assert await _quiet_and_without_pins(world)


async def test_an_auto_tagging_rule_that_puts_our_tag_back_is_named_and_is_no_vote(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 3, {"Noir": sure(1, 2)}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.radarr.always_on.add("kai-noir")
        world.write(wish("Noir", prompt="Only the first one"))
        world.judge.chances = {"Noir": sure(1)}
        for _ in range(2):
            report = await world.run()
            assert report.faults[0].message == (
                "Radarr put the tag back on in the same request: an auto-tagging rule does this."
            )
            assert (report.removed, report.notices) == (0, ())
            assert await pins(world) == []


async def test_a_radarr_that_goes_away_during_the_edits_leaves_a_true_report(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 4, {"Noir": sure(1, 2), "Cosy": sure(3)}) as world:
        world.write(wish("Noir"), wish("Cosy"))
        down = Mishap("*", "*", times=99, status=503)
        world.radarr.mishaps.append(
            Mishap("PUT", EDITOR, after=lambda radarr: radarr.mishaps.append(down))
        )
        report = await world.run()
        assert report.result is Result.FAILED
        assert "not available" in report.faults[0].message
        assert report.added == len(world.radarr.members("kai-noir")) == 2
        world.radarr.mishaps.clear()
        report = await world.run()
        assert (report.result, report.added, report.notices) == (Result.SUCCESS, 1, ())
        assert world.radarr.members("kai-cosy") == {3}


async def _quiet_and_without_pins(world: World) -> bool:
    """Return whether another run finds all as it should be."""
    written = len(world.radarr.writes())
    report = await world.run()
    quiet = (report.result, report.notices) == (Result.SUCCESS, ())
    return quiet and len(world.radarr.writes()) == written and not await pins(world)
