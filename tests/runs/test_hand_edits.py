"""Hand edits of our tags in Radarr: votes that count, or accidents that are mended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kometa_ai.demo.radarr import Mishap
from kometa_ai.domain.report import Result
from tests.guard import bring_back, edits, guarded, ids, of, pins, sure, take_away, wish

if TYPE_CHECKING:
    from pathlib import Path

TAGS = "/api/v3/tag"
DETAIL = "/api/v3/tag/detail"


async def test_a_tag_put_on_by_hand_stays_and_one_taken_off_stays_off(tmp_path: Path) -> None:
    async with guarded(tmp_path, 5, {"Noir": sure(1, 2)}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.radarr.hand_untag(1, "kai-noir")
        world.radarr.hand_tag(5, "kai-noir")
        before = edits(world)
        report = await world.run()
        assert report.result is Result.SUCCESS
        assert report.notices == (
            (
                "KAI-noir was changed by hand (1 added, 1 taken off): that holds now. --pins lists"
                " it, --unpin takes it back."
            ),
        )
        assert await pins(world) == [("noir", 1, "never", "hand"), ("noir", 5, "keep", "hand")]
        assert world.radarr.members("kai-noir") == {2, 5}
        assert edits(world) == before
        assert (await world.run()).notices == (), "a vote is told once"


@pytest.mark.parametrize("path", ["forced", "criteria", "film", "threshold"])
async def test_a_vote_holds_whatever_claude_says_later(tmp_path: Path, path: str) -> None:
    async with guarded(tmp_path, 4, {"Noir": sure(1, 2)}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.radarr.hand_untag(1, "kai-noir")
        world.radarr.hand_tag(4, "kai-noir")
        keys: dict[str, object] = {}
        if path == "criteria":
            keys = {"prompt": "Another wish"}
        if path == "threshold":
            keys = {"confidence_threshold": 0.1}
        world.write(wish("Noir", **keys))
        if path == "film":
            for number in (1, 4):
                world.radarr.change_movie(number, overview="Another cut.")
        for _ in range(2):
            report = await world.run(force_refresh=path == "forced")
            assert report.result is Result.SUCCESS
            assert world.radarr.members("kai-noir") == {2, 4}


async def test_a_vote_that_is_taken_back_lets_claude_decide_again(tmp_path: Path) -> None:
    async with guarded(tmp_path, 5, {"Noir": sure(1, 2)}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.radarr.hand_untag(1, "kai-noir")
        world.radarr.hand_tag(5, "kai-noir")
        await world.run()
        async with world.house() as house:
            assert await house.store.unpin("radarr", "noir", 1)
            assert await house.store.unpin("radarr", "noir", 5)
        report = await world.run()
        assert (ids(of(report, "noir").added), ids(of(report, "noir").removed)) == ([1], [5])
        assert report.spending.pairs == 0, "both were judged before the vote"
        assert await pins(world) == []


async def test_a_second_vote_turns_the_first_around(tmp_path: Path) -> None:
    async with guarded(tmp_path, 3, {"Noir": sure(1, 2)}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.radarr.hand_untag(1, "kai-noir")
        await world.run()
        world.radarr.hand_tag(1, "kai-noir")
        await world.run()
        assert await pins(world) == [("noir", 1, "keep", "hand")]


@pytest.mark.parametrize(
    ("members", "off", "on", "accident"),
    [
        (10, 5, 0, False),  # five are never too many
        (10, 6, 0, True),
        (20, 6, 0, False),  # 30 % of 20 is allowed
        (20, 7, 0, True),
        (20, 3, 3, False),
        (20, 4, 3, True),
        (2, 0, 5, False),
        (2, 0, 6, True),
    ],
)
async def test_more_hand_edits_than_the_brake_allows_are_an_accident(
    tmp_path: Path, members: int, off: int, on: int, accident: bool
) -> None:
    async with guarded(tmp_path, members + 6, {"Noir": sure(*range(1, members + 1))}) as world:
        world.write(wish("Noir"))
        await world.run()
        for number in range(1, off + 1):
            world.radarr.hand_untag(number, "kai-noir")
        for number in range(members + 1, members + on + 1):
            world.radarr.hand_tag(number, "kai-noir")
        report = await world.run()
        assert ("so it is put back" in report.notices[0]) is accident
        kept = set(range(1 if accident else off + 1, members + 1))
        brought = set(range(members + 1, members + on + 1))
        if accident and on > 5:
            # Putting these back removes more than the brake allows: that waits for approval.
            assert report.result is Result.HELD
            assert ids(of(report, "noir").held) == sorted(brought)
            await world.approve()
            brought = set()
        elif accident:
            brought = set()
        assert world.radarr.members("kai-noir") == kept | brought
        assert len(await pins(world)) == (0 if accident else off + on)
        assert (await world.run()).notices == (), "an accident is told once"


async def test_a_whole_tag_deleted_by_hand_is_put_back_however_small_it_was(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 3, {"Noir": sure(1), "Cosy": sure(2, 3)}) as world:
        world.write(wish("Noir"), wish("Cosy"))
        await world.run()
        world.radarr.delete_tag("kai-noir")
        report = await world.run()
        assert report.result is Result.SUCCESS
        assert report.notices[0].startswith(
            "KAI-noir was changed by hand (0 added, 1 taken off): too much to be meant, so it is"
            " put back."
        )
        assert ids(of(report, "noir").added) == [1]
        assert world.radarr.members("kai-noir") == {1}
        assert world.radarr.members("kai-cosy") == {2, 3}
        assert await pins(world) == []
        assert (await world.run()).notices == ()


async def test_members_that_nobody_has_judged_come_back_too_when_their_tag_was_deleted(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 4, {"Noir": sure(1, 2)}) as world:
        world.radarr.hand_tag(4, "kai-noir")
        world.write(wish("Noir"))
        await world.run(max_pairs=3)
        assert world.radarr.members("kai-noir") == {1, 2, 4}
        world.radarr.delete_tag("kai-noir")
        world.write(wish("Noir", prompt="Another wish"))
        world.claude.api_key = "another"
        report = await world.run()
        assert report.result is Result.PARTIAL
        assert world.radarr.members("kai-noir") == {1, 2, 4}


async def test_a_dry_run_tells_of_an_accident_and_leaves_it_to_the_next_run(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 3, {"Noir": sure(1, 2)}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.radarr.delete_tag("kai-noir")
        for dry_run in (True, False):
            report = await world.run(dry_run=dry_run)
            assert "so it is put back" in report.notices[0]
            assert ids(of(report, "noir").added) == [1, 2]
        assert world.radarr.members("kai-noir") == {1, 2}


async def test_an_accident_that_can_not_be_put_back_at_once_makes_no_votes_later(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 3, {"Noir": sure(1, 2)}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.radarr.delete_tag("kai-noir")
        # The tag is made again, and then Radarr can't put it on anything.
        world.radarr.refused = {1: "disk I/O error", 2: "disk I/O error"}
        report = await world.run()
        assert report.result is Result.PARTIAL
        assert world.radarr.members("kai-noir") == set()
        world.radarr.refused = {}
        await world.run()
        assert await pins(world) == []
        assert world.radarr.members("kai-noir") == {1, 2}


async def test_a_hand_edit_during_the_run_counts_as_well(tmp_path: Path) -> None:
    async with guarded(tmp_path, 6, {"Noir": sure(1, 2)}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.judge.chances = {"Noir": sure(3)}
        world.write(wish("Noir", prompt="Only the third"))

        def by_hand(radarr: object) -> None:
            world.radarr.hand_untag(1, "kai-noir")
            world.radarr.hand_tag(5, "kai-noir")

        world.radarr.mishaps.append(Mishap("GET", DETAIL, before=by_hand))
        report = await world.run()
        assert "(1 added, 1 taken off)" in report.notices[0]
        assert (ids(of(report, "noir").added), ids(of(report, "noir").removed)) == ([3], [2])
        assert world.radarr.members("kai-noir") == {3, 5}
        assert await pins(world) == [("noir", 1, "never", "hand"), ("noir", 5, "keep", "hand")]
        assert (await world.run()).notices == ()


async def test_a_film_that_is_deleted_during_the_run_has_no_vote_against_it(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 20, {"Noir": sure(*range(1, 11))}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.judge.chances = {"Noir": sure(*range(1, 10), 11)}
        world.write(wish("Noir", prompt="Another wish"))

        def by_hand(radarr: object) -> None:
            # More than the brake lets pass, so that they would make an accident, too.
            for number in range(1, 8):
                world.radarr.remove_movie(number)
            world.radarr.hand_untag(8, "kai-noir")

        world.radarr.mishaps.append(Mishap("GET", DETAIL, before=by_hand))
        report = await world.run()
        assert report.result is Result.SUCCESS
        assert "(0 added, 1 taken off): that holds now" in report.notices[0]
        assert await pins(world) == [("noir", 8, "never", "hand")]
        assert world.radarr.members("kai-noir") == {9, 11}
        assert len(world.radarr.requests) < 20
        assert (await world.run()).notices == ()


async def test_a_hand_edit_after_the_members_were_read_counts_in_the_next_run(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 6, {"Noir": sure(1, 2)}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.judge.chances = {"Noir": sure(1, 2, 3)}
        world.radarr.change_movie(3, overview="Now it is dark.")
        world.radarr.mishaps.append(
            Mishap("GET", DETAIL, after=lambda radarr: radarr.hand_untag(1, "kai-noir"))
        )
        assert (await world.run()).notices == ()
        assert world.radarr.members("kai-noir") == {2, 3}
        await world.run()
        assert await pins(world) == [("noir", 1, "never", "hand")]
        assert world.radarr.members("kai-noir") == {2, 3}


async def test_at_the_first_run_present_members_are_no_votes_and_are_judged_like_all_others(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 10, {"Noir": sure(1, 2)}) as world:
        for number in (2, 3, 4):
            world.radarr.hand_tag(number, "KAI-Noir")
        world.write(wish("Noir"))
        report = await world.run()
        assert (report.result, report.notices) == (Result.SUCCESS, ())
        assert (ids(of(report, "noir").added), ids(of(report, "noir").removed)) == ([1], [3, 4])
        assert await pins(world) == []


async def test_at_the_first_run_many_removals_wait_too(tmp_path: Path) -> None:
    async with guarded(tmp_path, 10, {"Noir": sure(1, 2)}) as world:
        for number in range(2, 9):
            world.radarr.hand_tag(number, "KAI-Noir")
        world.write(wish("Noir"))
        report = await world.run()
        assert report.result is Result.HELD
        assert ids(of(report, "noir").held) == [3, 4, 5, 6, 7, 8]
        assert world.radarr.members("kai-noir") == set(range(1, 9))
        assert await pins(world) == []


async def test_a_vote_outlives_the_absence_of_the_film(tmp_path: Path) -> None:
    async with guarded(tmp_path, 8, {"Noir": sure(1, 2, 3)}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.radarr.hand_untag(3, "kai-noir")
        await world.run()
        away = take_away(world.radarr, [2, 3])
        await world.run()
        bring_back(world.radarr, away)
        report = await world.run()
        assert report.notices == ()
        assert world.radarr.members("kai-noir") == {1, 2}
        assert await pins(world) == [("noir", 3, "never", "hand")]


@pytest.mark.parametrize("file", ["# nothing\ncollections: {}\n", None])
async def test_a_collection_that_is_disabled_or_gone_keeps_its_tags(
    tmp_path: Path, file: str | None
) -> None:
    async with guarded(tmp_path, 3, {"Noir": sure(1, 2), "Cosy": sure(3)}) as world:
        world.write(wish("Noir"))
        world.write(wish("Cosy"), file="other.yml")
        await world.run()
        written = len(world.radarr.writes())
        if file is None:
            world.write(wish("Noir", enabled=False))
        else:
            (world.kometa / "movies.yml").write_text(file, encoding="utf-8")
        await world.run()
        assert len(world.radarr.writes()) == written
        assert world.radarr.members("kai-noir") == {1, 2}
        world.radarr.hand_untag(1, "kai-noir")
        world.write(wish("Noir"))
        report = await world.run()
        assert await pins(world) == [("noir", 1, "never", "hand")]
        assert report.spending.pairs == 0


async def test_a_list_without_tags_that_films_carry_is_an_error_and_no_accident(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 9, {"Noir": sure(1, 2), "Cosy": sure(*range(1, 9))}) as world:
        world.write(wish("Noir"), wish("Cosy"))
        await world.run()
        world.radarr.mishaps.append(Mishap("GET", TAGS, status=200, body="[]"))
        report = await world.run()
        assert report.result is Result.FAILED
        (fault,) = report.faults
        assert "lists no tag at all" in fault.message
        assert "9 titles" in fault.message
        assert report.notices == ()
        assert await pins(world) == []
        assert (await world.run()).notices == ()
        assert world.radarr.members("kai-noir") == {1, 2}
        assert world.radarr.members("kai-cosy") == set(range(1, 9))


async def test_a_list_that_has_lost_all_tags_meanwhile_is_an_error_too(tmp_path: Path) -> None:
    async with guarded(tmp_path, 9, {"Noir": sure(1, 2)}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.judge.chances = {"Noir": sure(1, 2, 3)}
        world.write(wish("Noir", prompt="Another wish"))
        world.radarr.mishaps.append(Mishap("GET", DETAIL, status=200, body="[]"))
        report = await world.run()
        assert report.result is Result.FAILED
        assert "lists no tag at all" in report.faults[0].message
        assert "2 titles carried some" in report.faults[0].message
        assert await pins(world) == []
        assert ids(of(await world.run(), "noir").added) == [3]


async def test_a_tag_that_is_back_at_the_second_look_was_put_on_by_nobody(tmp_path: Path) -> None:
    """A list that lacks the tag may be a bad one, or a person has put all of it back meanwhile."""
    async with guarded(tmp_path, 9, {"Noir": sure(1, 2), "Cosy": sure(*range(1, 9))}) as world:
        world.radarr.hand_tag(9, "mine")
        world.write(wish("Noir"), wish("Cosy"))
        await world.run()
        number = world.radarr.tag_number("mine")
        body = json.dumps([{"id": number, "label": "mine"}])
        world.radarr.mishaps.append(Mishap("GET", TAGS, status=200, body=body))
        report = await world.run()
        assert [one.split(" (")[1][:20] for one in report.notices] == [
            "0 added, 2 taken off",
            "0 added, 8 taken off",
        ]
        assert await pins(world) == []
        assert (await world.run()).notices == ()
        assert world.radarr.members("kai-noir") == {1, 2}
        assert world.radarr.members("kai-cosy") == set(range(1, 9))


async def test_what_is_put_back_of_an_accident_meanwhile_is_no_vote_and_new_ones_are(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 5, {"Noir": sure(1, 2, 3)}) as world:
        world.write(wish("Noir"))
        await world.run()
        world.radarr.delete_tag("kai-noir")

        def by_hand(radarr: object) -> None:
            world.radarr.hand_tag(1, "kai-noir")
            world.radarr.hand_tag(5, "kai-noir")

        world.radarr.mishaps.append(Mishap("GET", DETAIL, before=by_hand))
        await world.run()
        assert await pins(world) == [("noir", 5, "keep", "hand")]
        assert world.radarr.members("kai-noir") == {1, 2, 3, 5}
