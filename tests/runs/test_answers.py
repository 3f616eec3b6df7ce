"""Answers that can't be used, whole or in part: halved, asked once more, never taken for a no."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kometa_ai.demo.mishap import Mishap, refuses
from kometa_ai.domain.report import Result
from tests.world import World, block, movie

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

FILMS = range(1, 9)
CHANCES = {"Noir": {1: 0.9, 5: 0.92, 8: 0.9}, "Cosy": {2: 0.9}}
NOIR, COSY = {1, 5, 8}, {2}


def world_of(tmp_path: Path, concurrency: int = 4) -> World:
    movies = [movie(number) for number in FILMS]
    return World(tmp_path, movies, CHANCES, concurrency=concurrency)


def about(number: int) -> Callable[[Mapping[str, Any]], bool]:
    return lambda body: f"#{number} " in body["messages"][0]["content"]


def asked(world: World) -> list[list[int]]:
    """Return the ids of each request."""
    messages = [str(body["messages"][0]["content"]) for body in world.claude.requests]  # type: ignore[index,call-overload]
    return [[int(line[1:].split(" ")[0]) for line in text.splitlines()] for text in messages]


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize(
    ("mishap", "why"),
    [
        (Mishap(stop_reason="refusal"), "Claude refuses to judge it."),
        (Mishap(stop_reason="max_tokens"), "Claude's answer was cut off before its end."),
        (
            Mishap(text=lambda text: text[:-9]),
            "Claude's answer is not of the shape that was asked for.",
        ),
        (
            Mishap(text=lambda _: "I would rather not say."),
            "Claude's answer is not of the shape that was asked for.",
        ),
    ],
    ids=["refusal", "cut off", "malformed", "words alone"],
)
async def test_what_cannot_be_answered_is_halved_down_to_the_one_title(
    tmp_path: Path, mishap: Mishap, why: str, concurrency: int
) -> None:
    async with world_of(tmp_path, concurrency=concurrency) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [
            Mishap(when=about(5), times=None, stop_reason=mishap.stop_reason, text=mishap.text)
        ]
        report = await world.run()
        (fault,) = report.faults
        assert (fault.where, fault.message) == ("Film 5 (1995)", why)
        assert fault.remedy.startswith("It keeps the tags that it has")
        assert report.result is Result.PARTIAL
        (collection,) = report.collections
        assert (collection.judged, collection.pending, collection.deferred) == (7, 1, 0)
        assert world.radarr.members("kai-noir") == NOIR - {5}
        assert sorted(asked(world)) == [
            [1, 2, 3, 4],
            [1, 2, 3, 4, 5, 6, 7, 8],
            [5],
            [5, 6],
            [5, 6, 7, 8],
            [6],
            [7, 8],
        ]
        assert report.spending.cost == collection.cost == world.claude.meter.usd
        world.claude.requests.clear()
        world.claude.mishaps = []
        assert (await world.run()).result is Result.SUCCESS
        assert asked(world) == [[5]]
        assert world.radarr.members("kai-noir") == NOIR


async def test_a_title_that_cannot_be_judged_again_keeps_its_tag(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        world.write(block("Noir"))
        await world.run()
        world.radarr.change_movie(5, overview="Other words.")
        world.claude.mishaps = [Mishap(when=about(5), times=None, stop_reason="refusal")]
        assert (await world.run()).result is Result.PARTIAL
        assert world.radarr.members("kai-noir") == NOIR


async def test_a_server_of_which_nothing_can_be_used_is_not_paid_without_an_end(
    tmp_path: Path,
) -> None:
    movies = [movie(number) for number in range(1, 201)]
    async with World(tmp_path, movies, concurrency=1) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [Mishap(times=None, text=lambda _: "A fine film.")]
        report = await world.run()
        assert len(world.claude.requests) < 30
        assert report.faults[-1].message.startswith("10 times in a row nothing")
        (collection,) = report.collections
        assert (collection.judged, collection.pending, collection.deferred) == (0, 200, 190)
        assert report.spending.cost == world.claude.meter.usd


async def test_lists_that_are_always_empty_are_not_paid_without_an_end(tmp_path: Path) -> None:
    movies = [movie(number) for number in range(1, 61)]
    async with World(tmp_path, movies, concurrency=1) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [Mishap(times=None, answer=lambda _: {"named": [], "judged": []})]
        report = await world.run(items_per_request=2)
        assert len(world.claude.requests) == 20
        assert report.collections[0].pending == 60
        assert world.radarr.writes() == []


def prose(text: str) -> str:
    return f"Sure {{as you wish}}!\n```json\n{text}\n```\nAnything {{else}}?"


async def test_words_around_the_answer_are_overlooked(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        world.write(block("Noir"), block("Cosy"))
        world.claude.mishaps = [Mishap(times=None, text=prose)]
        assert (await world.run()).result is Result.SUCCESS
        assert world.radarr.members("kai-noir") == NOIR
        assert world.radarr.members("kai-cosy") == COSY
        assert len(world.claude.requests) == 1


async def test_an_answer_may_begin_with_a_thinking_block(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [Mishap(times=None, thinks_first=True)]
        assert (await world.run()).result is Result.SUCCESS
        assert world.radarr.members("kai-noir") == NOIR


async def test_a_server_that_cannot_constrain_its_answers_is_asked_in_words(
    tmp_path: Path,
) -> None:
    async with world_of(tmp_path) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [refuses("output_config")]
        report = await world.run(items_per_request=2)
        assert report.result is Result.SUCCESS
        assert world.radarr.members("kai-noir") == NOIR
        assert [one for one in report.notices if "cannot constrain its answers" in one]
        assert report.spending.cost == world.claude.meter.usd


def entry(item_id: object = 1, letter: object = "A", chance: object = 0.9) -> dict[str, object]:
    return {"id": item_id, "c": letter, "p": chance, "why": "said so"}


def with_(**lists: list[object]) -> Callable[[dict[str, Any]], object]:
    """Return a change of an answer: these entries instead of those of the same title."""
    gone = {one["id"] for one in lists.get("named", ()) if isinstance(one, dict)}

    def change(answer: dict[str, Any]) -> object:
        kept = [one for one in answer["named"] if one["id"] not in gone]
        judged = lists.get("judged", answer["judged"])
        return {"named": kept + lists.get("named", []), "judged": judged}

    return change


@pytest.mark.parametrize(
    ("change", "again"),
    [
        (with_(named=[entry(chance=1.7)]), [1]),
        (with_(named=[entry(chance=-0.1)]), [1]),
        (with_(named=[entry(chance="high")]), [1]),
        (with_(named=[entry(chance=float("nan"))]), [1]),
        (with_(named=[entry(chance=float("inf"))]), [1]),
        (with_(named=[entry(chance=True)]), [1]),
        (with_(named=[entry(chance=None)]), [1]),
        (with_(named=[entry(), entry(chance=0.4)]), [1]),
        (with_(named=[entry(), entry()]), [1]),
        (with_(judged=[2, 3, 4, 5, 6, 7, 8]), []),
        (with_(judged=[1, 2, 3, 4, 5, 6, 8]), [7]),
        (with_(judged=[1, 2, 3, 4, 4, 5, 6, 7, 8]), [4]),
        (with_(judged=[1, 2, 3, 4, 5, 6, 7, 8, 99, True, "2"]), []),
        (with_(named=[entry(99), entry("1"), entry(2, "Z"), entry(2, 1), "Film 3"]), []),
        (with_(named=[entry(1, "A"), entry(1, "B")]), []),
    ],
)
async def test_only_what_was_asked_for_counts_and_what_lacks_is_asked_once_more(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], again: list[int]
) -> None:
    async with world_of(tmp_path) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [Mishap(answer=change)]
        report = await world.run()
        assert report.result is Result.SUCCESS
        assert asked(world) == [[*FILMS], *([again] if again else [])]
        assert world.radarr.members("kai-noir") == NOIR
        assert report.spending.cost == world.claude.meter.usd


async def test_what_lacks_twice_keeps_its_tag_and_is_asked_about_in_the_next_run(
    tmp_path: Path,
) -> None:
    async with world_of(tmp_path) as world:
        world.write(block("Noir"))
        await world.run()
        for number in (5, 6):
            world.radarr.change_movie(number, overview="Other words.")
        world.claude.requests.clear()
        silent = json.dumps({"named": [], "judged": [6]})
        world.claude.mishaps = [Mishap(when=about(5), times=None, text=lambda _: silent)]
        report = await world.run()
        (fault,) = report.faults
        assert fault.where == "Film 5 (1995)"
        assert fault.message == "Claude gave no usable verdict, twice."
        assert asked(world) == [[5, 6], [5]]
        assert world.radarr.members("kai-noir") == NOIR
        assert report.collections[0].pending == 1
        world.claude.mishaps = []
        world.claude.requests.clear()
        assert (await world.run()).result is Result.SUCCESS
        assert asked(world) == [[5]]


async def test_dropped_verdicts_are_counted_in_a_notice(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        world.write(block("Noir"))
        world.claude.mishaps = [Mishap(answer=with_(named=[entry(99), entry(1, "A", 1.7)]))]
        report = await world.run()
        said = "1 verdicts that nobody asked for and 1 that can't be used"
        assert any(said in notice for notice in report.notices)
