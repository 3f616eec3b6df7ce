"""Moving over from 0.5.x: what was decided there is neither paid again nor lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.guard import bring_back, take_away
from tests.springboard import cli
from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

MOVIES = [movie(number) for number in range(1, 11)]
GONE = 99
PROMPTS = {"Noir": "Films that suit Noir", "Cosy": "Films that suit Cosy"}
OLD_NOIR, OLD_COSY = {1, 2, 3}, {3, 4}


def record(tag: str, *, include: bool) -> dict[str, object]:
    """Return a verdict as 0.5.7 wrote it."""
    return {
        "include": include,
        "confidence": 0.9,
        "metadata_hash": "5d41402abc4b2a76b9719d911017c592",
        "tag": tag,
        "timestamp": "2025-06-01T12:00:00.123456+00:00",
        "reasoning": f"{'Fits' if include else 'Does not fit'} {tag}",
        "revisions": 1,
        "prompt_hash": "abc",
    }


def old_state(*ids: int) -> str:
    """Return a state file of 0.5.7 with these films in two collections."""
    decisions: dict[str, Any] = {
        f"movie:{number}": {
            "metadata_hash": "5d41402abc4b2a76b9719d911017c592",
            "collections": {
                "Noir": record("KAI-noir", include=number in OLD_NOIR),
                "Cosy": record("KAI-cosy", include=number in OLD_COSY),
            },
        }
        for number in ids
    }
    state = {"version": "0.5.7", "state_format_version": 1, "decisions": decisions}
    return json.dumps({**state, "changes": [], "errors": []})


def settle(world: World, *ids: int) -> None:
    """Leave the state of 0.5.7, and Kometa's file as it was used with it."""
    world.state.mkdir()
    (world.state / "kometa_state.json").write_text(old_state(*ids))
    world.write(block("Noir", tag="KAI-noir"), block("Cosy", tag="KAI-cosy"))


async def test_imported_verdicts_are_used_and_not_asked_again(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world:
        settle(world, *range(1, 11), GONE)
        before = (world.state / "kometa_state.json").read_bytes()
        estimate = await cli(world, "--estimate", "--json")
        assert estimate.json["usage"]["pairs"] == 0
        async with world.house() as house:
            assert await house.store.newest_criteria("radarr") == {}, "an estimate takes nothing"
        for _ in range(2):
            ended = await cli(world, "--run-now", "--json")
            assert ended.code == 0, ended.err
            assert world.claude.requests == []
            assert world.radarr.members("kai-noir") == OLD_NOIR
            assert world.radarr.members("kai-cosy") == OLD_COSY
        assert (world.state / "kometa_state.json").read_bytes() == before
        why = await cli(world, "--why", "Noir", "1")
        assert "Fits KAI-noir" in why.out
        assert "imported" in why.out


async def test_the_import_is_told_once(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world:
        settle(world, *range(1, 11), GONE)
        first, second = await cli(world, "--run-now"), await cli(world, "--run-now")
        assert "22 decisions of 0.5.x were imported from kometa_state.json" in first.out
        assert "0.5.x" not in second.out


async def test_only_what_0_5_did_not_judge_is_asked(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, {"Noir": {9: 0.95}}) as world:
        settle(world, *range(1, 9))
        ended = await cli(world, "--run-now", "--json")
        assert ended.code == 0, ended.err
        assert ended.json["usage"]["pairs"] == 4
        assert world.radarr.members("kai-noir") == OLD_NOIR | {9}


async def test_a_changed_prompt_or_film_is_asked_afterwards(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, {"Noir": {1: 0.95}, "Cosy": {5: 0.95}}) as world:
        settle(world, *range(1, 11))
        assert (await cli(world, "--run-now")).code == 0
        world.radarr.change_movie(1, overview="It was another film all along.")
        ended = await cli(world, "--run-now", "--json")
        assert ended.json["usage"]["pairs"] == 2
        world.write(
            block("Noir", tag="KAI-noir"),
            block("Cosy", tag="KAI-cosy", prompt="Something else"),
        )
        ended = await cli(world, "--run-now", "--json")
        assert ended.json["usage"]["pairs"] == 10
        assert world.radarr.members("kai-noir") == OLD_NOIR
        assert 5 in world.radarr.members("kai-cosy")


async def test_a_film_that_was_absent_at_the_import_is_not_asked_when_it_is_back(
    tmp_path: Path,
) -> None:
    async with World(tmp_path, MOVIES) as world:
        settle(world, *range(1, 11))
        away = take_away(world.radarr, [1, 2, 5])
        assert (await cli(world, "--run-now")).code == 0
        bring_back(world.radarr, {number: away.pop(number) for number in (1, 5)})
        ended = await cli(world, "--run-now", "--json")
        assert ended.json["usage"]["pairs"] == 0
        assert world.radarr.members("kai-noir") == OLD_NOIR - {2}
        world.write(block("Noir", tag="KAI-noir", prompt="Else"), block("Cosy", tag="KAI-cosy"))
        assert (await cli(world, "--run-now", "--json")).json["usage"]["pairs"] == 9
        bring_back(world.radarr, away)
        ended = await cli(world, "--run-now", "--json")
        assert ended.json["usage"]["pairs"] == 1, "what 0.5.x said was of other words"


async def test_a_number_that_was_given_to_another_film_inherits_nothing(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world:
        settle(world, *range(1, 11))
        take_away(world.radarr, [1])
        assert (await cli(world, "--run-now")).code == 0
        for number in sorted(take_away(world.radarr, list(world.radarr.movies))):
            world.radarr.add_movie(movie(number - 1, f"Film {number}", tmdbId=1000 + number))
        ended = await cli(world, "--run-now", "--json")
        assert ended.json["usage"]["pairs"] == 18
        assert world.radarr.members("kai-noir") == set()


async def test_a_damaged_file_is_replaced_by_its_good_backup_loudly(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world:
        settle(world, *range(1, 11))
        (world.state / "kometa_state.json").write_text(old_state(1, 2)[:-40])
        (world.state / "backups").mkdir()
        older, newer = "kometa_state_20250601_120000.json", "kometa_state_20250602_120000.json"
        (world.state / "backups" / older).write_text(old_state(*range(1, 11)))
        (world.state / "backups" / newer).write_text("{broken")
        ended = await cli(world, "--run-now", "--json")
        assert ended.code == 1, "somebody is to look at it"
        (fault,) = ended.json["faults"]
        assert fault["kind"] == "state"
        assert older in fault["message"]
        assert world.claude.requests == []
        assert world.radarr.members("kai-noir") == OLD_NOIR
        assert (await cli(world, "--run-now")).code == 0


async def test_a_damaged_file_without_a_backup_stops_before_anything_is_bought(
    tmp_path: Path,
) -> None:
    async with World(tmp_path, MOVIES) as world:
        settle(world, *range(1, 11))
        (world.state / "kometa_state.json").write_text(old_state(1, 2)[:-40])
        for flags in (("--run-now", "--json"), ("--estimate", "--json")):
            ended = await cli(world, *flags)
            assert ended.code == 1
            assert ended.json["result"] == "failed"
            assert "The state of 0.5.x is damaged" in ended.err
            assert "--reset-state" in ended.err
        assert world.claude.requests == []
        assert world.radarr.writes() == []
        (world.state / "kometa_state.json").write_text(old_state(*range(1, 11)))
        assert (await cli(world, "--run-now")).code == 0
        assert world.claude.requests == []
