"""Second opinions: only what is doubtful, from a stronger model, in the same run, and apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kometa_ai.demo.judgement import Judgement
from kometa_ai.domain.report import Phase, PhaseBegan, Progress, Result
from tests.demo_library import library, wishes
from tests.runs.reviews import (
    FIRST,
    REVIEWER,
    asked,
    check_money,
    message,
    models,
    part,
    reviewing,
)
from tests.springboard import cli
from tests.world import World, block

if TYPE_CHECKING:
    from pathlib import Path

    from kometa_ai.domain.decision import Decision

CHANCES = {"Noir": {1: 0.6, 2: 0.8, 3: 0.95, 4: 0.4, 5: 0.55, 6: 0.85}}
OPINIONS = {"Noir": {1: 0.9, 2: 0.5, 5: 0.58, 6: 0.9}}
DOUBTFUL = [("Noir", 1), ("Noir", 2), ("Noir", 5), ("Noir", 6)]


async def decided(world: World, *numbers: int) -> list[Decision]:
    async with world.house() as house:
        return [(await house.store.decisions("radarr", "noir", one))[0] for one in numbers]


async def test_doubtful_titles_are_asked_of_the_stronger_model_in_the_same_run(
    tmp_path: Path,
) -> None:
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS) as world:
        world.write(block("Noir"))
        report = await world.run()
        assert report.result is Result.SUCCESS
        assert models(world.claude) == [FIRST, REVIEWER]
        assert asked(world.claude, REVIEWER) == DOUBTFUL, "and nothing else"
        lines = [
            one.partition(" | standing: ") for one in message(world.claude.requests[1]).split("\n")
        ]
        assert [chance for _, _, chance in lines] == ["A 0.60", "A 0.80", "A 0.55", "A 0.85"]
        assert all("What happens in film" in line for line, _, _ in lines), "all that is known"
        assert world.claude.meter.requests_by_model == {FIRST: 1, REVIEWER: 1}
        assert world.radarr.members("kai-noir") == {1, 3, 6}
        (noir,) = report.collections
        assert (noir.judged, noir.pending, noir.deferred) == (12, 0, 0)
        assert (report.model, part(report).model) == (FIRST, REVIEWER)
        assert (part(report).requests, part(report).pairs) == (1, 4)
        assert (report.spending.requests, report.spending.pairs) == (2, 12)
        assert part(report).usage.output_tokens < report.spending.usage.output_tokens
        assert part(report).cost > 0
        check_money(world, report)
        assert report.spent_this_month == report.spending.cost
        assert [one.model for one in await decided(world, 1, 2, 3)] == [REVIEWER, REVIEWER, FIRST]
        world.claude.requests.clear()
        for _ in range(2):
            again = await world.run()
            assert again.spending.cost == 0
            assert (part(again).requests, again.added, again.removed) == (0, 0, 0)
        assert world.claude.requests == []


async def test_it_is_told_while_it_goes_on(tmp_path: Path) -> None:
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS) as world:
        world.write(block("Noir"))
        report = await world.run()
        phases = [one.phase for one in world.events if isinstance(one, PhaseBegan)]
        assert phases[-3:] == [Phase.ASKING, Phase.REVIEWING, Phase.TAGGING]
        told = [one for one in world.events if isinstance(one, Progress)]
        assert [(one.done, one.total) for one in told] == [(8, 8), (4, 4)]
        assert told[-1].spent == report.spending.cost


async def test_without_one_a_second_look_is_the_same_models_in_the_next_run(
    tmp_path: Path,
) -> None:
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS, review_model="") as world:
        world.write(block("Noir"))
        first = await world.run()
        assert models(world.claude) == [FIRST]
        assert first.spending.review is None
        assert world.radarr.members("kai-noir") == {2, 3, 6}
        second = await world.run()
        assert models(world.claude) == [FIRST, FIRST]
        assert (second.spending.pairs, second.spending.review) == (4, None)


async def test_what_was_left_over_goes_to_it_and_not_to_the_first_again(tmp_path: Path) -> None:
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS, review_model="") as world:
        world.write(block("Noir"))
        await world.run()
        world.claude.requests.clear()
        world.review_model = REVIEWER
        report = await world.run()
        assert asked(world.claude, REVIEWER) == DOUBTFUL
        assert asked(world.claude, FIRST) == []
        assert world.radarr.members("kai-noir") == {1, 3, 6}
        assert (report.collections[0].pending, report.spending.pairs) == (0, 4)


async def test_few_are_asked_at_a_time(tmp_path: Path) -> None:
    names = ("Cosy", "Dark", "Heists", "Noir", "Space")
    doubts = {name: dict.fromkeys(range(1, 36), 0.65) for name in names}
    async with reviewing(tmp_path, 60, doubts, doubts) as world:
        world.write(*(block(name) for name in names))
        report = await world.run()
        second = [body for body in world.claude.requests if body["model"] == REVIEWER]
        assert len(second) == part(report).requests == 8  # four times ten at most, for 3 and for 2
        assert max(len(message(body).splitlines()) for body in second) == 10
        assert sorted(asked(world.claude, REVIEWER)) == [
            (name, number) for name in names for number in range(1, 36)
        ]
        assert max(str(body["system"]).count("Films that suit") for body in second) == 3
        check_money(world, report)
        world.claude.requests.clear()
        await world.run(force_refresh=True, items_per_request=4)
        sizes = {len(message(body).splitlines()) for body in world.claude.requests}
        assert max(sizes) == 4, "unless a person wants even less"


async def test_it_turns_a_verdict_only_when_it_is_clear(tmp_path: Path) -> None:
    chances = {"Noir": {1: 0.75, 2: 0.75, 3: 0.65, 4: 0.65}}
    opinions = {"Noir": {1: 0.65, 2: 0.55, 3: 0.75, 4: 0.85}}
    async with reviewing(tmp_path, 4, chances, opinions) as world:
        world.write(block("Noir"))
        await world.run()
        assert world.radarr.members("kai-noir") == {1, 4}
        kept, turned = await decided(world, 1, 2)
        assert (kept.opinion.score, kept.model, kept.looked) == (0.75, FIRST, True)
        assert (turned.opinion.score, turned.model) == (0.55, REVIEWER)


async def test_a_collection_whose_rules_name_another_follows_the_second_opinion(
    tmp_path: Path,
) -> None:
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS) as world:
        world.write(
            block("Noir", tag="KAI-Noir"), block("Dark", tag="KAI-Dark", include_tags=["KAI-Noir"])
        )
        await world.run()
        assert world.radarr.members("kai-dark") == world.radarr.members("kai-noir") == {1, 3, 6}


async def test_a_forced_run_asks_it_again_and_the_first_has_not_the_last_word(
    tmp_path: Path,
) -> None:
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS) as world:
        world.write(block("Noir"))
        await world.run()
        world.claude.requests.clear()
        world.judge.chances["Noir"] |= {1: 0.58, 2: 0.83}
        report = await world.run(force_refresh=True)
        assert asked(world.claude, REVIEWER) == DOUBTFUL
        assert world.radarr.members("kai-noir") == {1, 3, 6}
        assert report.result is Result.SUCCESS


async def test_a_title_that_changed_is_judged_by_both(tmp_path: Path) -> None:
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS) as world:
        world.write(block("Noir"))
        await world.run()
        world.claude.requests.clear()
        world.radarr.change_movie(1, overview="A better cut of the film.")
        await world.run()
        assert asked(world.claude, FIRST) == asked(world.claude, REVIEWER) == [("Noir", 1)]
        assert world.radarr.members("kai-noir") == {1, 3, 6}


async def test_a_dry_run_buys_it_and_changes_no_tag(tmp_path: Path) -> None:
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS) as world:
        world.write(block("Noir"))
        report = await world.run(dry_run=True)
        assert [one.id for one in report.collections[0].added] == [1, 3, 6]
        assert world.radarr.writes() == []
        check_money(world, report)
        assert (await world.run()).spending.cost == 0
        assert world.radarr.members("kai-noir") == {1, 3, 6}


async def test_only_the_chosen_collections_are_asked_about(tmp_path: Path) -> None:
    chances = {"Noir": {1: 0.6}, "Cosy": {2: 0.6}}
    async with reviewing(tmp_path, 4, chances, chances) as world:
        world.write(block("Noir"), block("Cosy"))
        world.max_pairs = 8
        await world.run()
        world.claude.requests.clear()
        world.max_pairs = None
        await world.run(collections=("Cosy",))
        assert asked(world.claude, REVIEWER) == [("Cosy", 2)]
        await world.run()
        assert asked(world.claude, REVIEWER) == [("Cosy", 2), ("Noir", 1)]


async def test_a_model_without_a_price_is_counted_as_dear_and_said(tmp_path: Path) -> None:
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS, review_model="claude-next") as world:
        world.claude.aliases["claude-next"] = REVIEWER
        world.write(block("Noir"))
        report = await world.run()
        assert any("claude-next is not in the table" in one for one in report.notices)
        assert part(report).cost > 3 * world.claude.meter.usd_by_model[REVIEWER]


async def test_noise_of_both_changes_nothing_after_the_first_run(tmp_path: Path) -> None:
    async with World(tmp_path, library(300), review_model=REVIEWER) as world:
        (world.kometa / "movies.yml").write_text(wishes(5, threshold=0.7), encoding="utf-8")
        members, reports = [], []
        for number in range(6):
            world.claude.judge = Judgement(noise=0.15, seed=number)
            world.claude.judges[REVIEWER] = Judgement(noise=0.1, seed=100 + number)
            reports.append(await world.run())
            members.append(
                {one.tag: world.radarr.members(one.tag) for one in reports[0].collections}
            )
        assert all(members[0].values())
        assert members[1:] == [members[0]] * 5
        assert part(reports[0]).pairs > 5
        assert [one.spending.cost for one in reports[1:]] == [0] * 5
        check_money(world, reports[0])


async def test_the_command_line_knows_it(tmp_path: Path) -> None:
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS) as world:
        world.write(block("Noir", tag="KAI-Noir"))
        ended = await cli(world, "--run-now", "--json", CLAUDE_REVIEW_MODEL=REVIEWER)
        assert ended.code == 0
        assert "asking for second opinions" in ended.err
        assert "4 of 4 verdicts" in ended.err
        usage = ended.json["usage"]
        assert {name: usage["review"][name] for name in ("model", "requests", "pairs")} == {
            "model": REVIEWER,
            "requests": 1,
            "pairs": 4,
        }
        metered = world.claude.meter.usd_by_model
        assert usage["review"]["cost_usd"] == pytest.approx(float(metered[REVIEWER]))
        assert usage["cost_usd"] == pytest.approx(float(world.claude.meter.usd))
        shown = await cli(world, "--why", "Noir", "Film 2 (1992)", CLAUDE_REVIEW_MODEL=REVIEWER)
        assert f"0.50 ({REVIEWER})" in shown.out + shown.err
        (run,) = (await cli(world, "--runs", "--json")).json["runs"]
        assert run["usage"]["review"]["pairs"] == 4
        checks = await cli(world, "--health-check", CLAUDE_REVIEW_MODEL="claude-none")
        assert checks.code == 1
        assert 'knows no model "claude-none"' in checks.out + checks.err
        assert "Set CLAUDE_REVIEW_MODEL to" in checks.out + checks.err


async def test_the_same_model_twice_is_none_and_said(tmp_path: Path) -> None:
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS) as world:
        world.write(block("Noir", tag="KAI-Noir"))
        ended = await cli(world, "--run-now", "--json", CLAUDE_REVIEW_MODEL=FIRST)
        assert ended.json["usage"]["review"] is None
        assert "CLAUDE_REVIEW_MODEL is the same as CLAUDE_MODEL" in ended.err
        assert models(world.claude) == [FIRST]


async def test_an_evaluation_asks_none(tmp_path: Path) -> None:
    async with reviewing(tmp_path, 8, CHANCES, OPINIONS) as world:
        world.write(block("Noir", tag="KAI-Noir"))
        truth = tmp_path / "truth.csv"
        truth.write_text("tmdb_id\n1001\n1003\n", encoding="utf-8")
        ended = await cli(
            world,
            *("--evaluate", str(truth), "--collection", "Noir"),
            *("--report", str(tmp_path / "report.html"), "--json"),
            CLAUDE_REVIEW_MODEL=REVIEWER,
        )
        assert ended.code == 0, ended.err
        assert set(models(world.claude)) == {FIRST}
