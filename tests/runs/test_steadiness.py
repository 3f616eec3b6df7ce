"""Ten runs with an unsteady judge: tags stay, and second looks cost next to nothing.

The 500 films have overviews as long as real ones. 1 to 2 % of the pairs are near the threshold
after the first run: as many as when 5 % belong, with chances of 0.88 to 0.98, half a per cent is
doubtful, and the noise brings the rest. A wish of the nastier judge has 10 % doubtful ones.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from kometa_ai.domain.report import Result, Trigger
from kometa_ai.settings import ClaudeMode
from tests.unsteady import Unsteady
from tests.varied_library import films, wishes
from tests.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from kometa_ai.domain.report import RunReport

FILMS, COLLECTIONS, RUNS = 500, 5, 10
Pair = tuple[str, int]


@dataclass(slots=True)
class Diary:
    """What ten runs did: their members, pairs and dollars."""

    members: list[set[Pair]] = field(default_factory=list)
    pairs: list[int] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)

    def note(self, world: World, report: RunReport) -> None:
        assert report.result is Result.SUCCESS
        tags = [one.tag for one in report.collections]
        self.members.append({(tag, one) for tag in tags for one in world.radarr.members(tag)})
        self.pairs.append(report.spending.pairs)
        self.costs.append(float(report.spending.cost))
        world.claude.meter.cool()  # the next run is a day later

    @property
    def near(self) -> float:
        """The share of pairs that got a second look."""
        return self.pairs[1] / self.pairs[0]

    @property
    def later(self) -> float:
        """What all runs after the first cost, as a share of it."""
        return sum(self.costs[1:]) / self.costs[0]

    @property
    def turns(self) -> Counter[Pair]:
        """How often each pair changed after the first run."""
        steps = zip(self.members, self.members[1:], strict=False)
        return Counter(pair for before, after in steps for pair in before ^ after)


async def live(folder: Path, judge: Unsteady, *, count: int = FILMS, **wanted: Any) -> Diary:
    diary = Diary()
    async with World(folder, films(count)) as world:
        world.claude.judge = judge
        text = wishes(COLLECTIONS, thresholds=judge.thresholds)
        (world.kometa / "movies.yml").write_text(text, encoding="utf-8")
        world.mode = wanted.pop("mode", ClaudeMode.LIVE)
        for _ in range(RUNS):
            diary.note(world, await world.run(**wanted))
        assert sum(diary.costs) == pytest.approx(float(world.claude.meter.usd))
    assert len(diary.members[0]) > count / 8
    return diary


@pytest.mark.parametrize(
    ("judge", "least", "most"),
    [
        (Unsteady(noise=0.15, seed=1), 0.008, 0.014),
        (Unsteady(noise=0.15, doubtful=0.005, seed=2), 0.012, 0.018),
        (Unsteady(noise=0.15, doubtful=0.01, seed=3), 0.015, 0.022),
        (Unsteady(noise=0.15, doubtful=0.01, seed=4, thresholds=(0.6,)), 0.006, 0.014),
    ],
)
async def test_noise_changes_nothing_after_two_runs_and_costs_next_to_nothing(
    tmp_path: Path, judge: Unsteady, least: float, most: float
) -> None:
    diary = await live(tmp_path, judge)
    assert least < diary.near < most
    assert diary.members[2:] == [diary.members[1]] * (RUNS - 2)
    assert diary.pairs[2:] == [0] * (RUNS - 2)
    assert diary.later < 0.05


async def test_batches_are_as_steady_and_as_frugal(tmp_path: Path) -> None:
    judge = Unsteady(noise=0.15, doubtful=0.01)
    diary = await live(tmp_path, judge, mode=ClaudeMode.BATCH, trigger=Trigger.SCHEDULE)
    assert diary.members[2:] == [diary.members[1]] * (RUNS - 2)
    assert diary.later < 0.05


@pytest.mark.parametrize(
    ("thresholds", "limit"), [((0.7,), 0.15), ((0.5, 0.6, 0.7, 0.8, 0.9), 0.16)]
)
async def test_a_judge_in_doubt_of_a_tenth_changes_nothing_after_two_runs(
    tmp_path: Path, thresholds: tuple[float, ...], limit: float
) -> None:
    judge = Unsteady(noise=0.15, doubtful=0.1, thresholds=thresholds)
    diary = await live(tmp_path, judge)
    assert 0.08 < diary.near < 0.12
    assert diary.turns.total() > 0
    assert diary.members[2:] == [diary.members[1]] * (RUNS - 2)
    assert diary.later < limit, "ten times the second looks cost five times as much"


@pytest.mark.parametrize("deaf", [False, True])
@pytest.mark.parametrize("doubtful", [0.02, 0.1])
async def test_a_judge_that_flips_turns_no_pair_twice(
    tmp_path: Path, *, doubtful: float, deaf: bool
) -> None:
    judge = Unsteady(flips=0.1, doubtful=doubtful, deaf=deaf, seed=5)
    diary = await live(tmp_path, judge)
    assert max(diary.turns.values(), default=0) <= 1
    if not deaf:  # that one does not name what it turned into a plain no, so nothing turns
        assert diary.turns


async def test_noise_of_forced_runs_moves_only_what_is_in_doubt(tmp_path: Path) -> None:
    judge = Unsteady(noise=0.15, doubtful=0.02, members=0.1, thresholds=(0.6,))
    async with World(tmp_path, films(200), removals_percent=100) as world:
        world.claude.judge = judge
        text = wishes(COLLECTIONS, thresholds=judge.thresholds)
        (world.kometa / "movies.yml").write_text(text, encoding="utf-8")
        diary = Diary()
        for _ in range(6):
            diary.note(world, await world.run(force_refresh=True))
    sure = {pair: abs(truth(judge, pair) - 0.6) > 0.25 for pair in diary.turns}
    assert diary.turns
    assert not any(sure.values())


async def test_a_new_description_turns_only_what_is_clear(tmp_path: Path) -> None:
    judge = Unsteady(noise=0.15, doubtful=0.05, thresholds=(0.6,))
    async with World(tmp_path, films(200), removals_percent=100) as world:
        world.claude.judge = judge
        text = wishes(COLLECTIONS, thresholds=judge.thresholds)
        (world.kometa / "movies.yml").write_text(text, encoding="utf-8")
        diary = Diary()
        for number in range(6):
            if number == 2:
                for one in list(world.radarr.movies):
                    world.radarr.change_movie(one, overview=f"It is another film now, {one}.")
            diary.note(world, await world.run())
    assert diary.pairs[2] == diary.pairs[0]
    assert diary.pairs[3] > 0, "what was judged anew and is near gets its second look"
    assert diary.pairs[4:] == [0, 0]
    changed = diary.members[1] ^ diary.members[3]
    assert changed
    assert all(abs(truth(judge, pair) - 0.6) <= 0.15 for pair in changed)


def truth(judge: Unsteady, pair: Pair) -> float:
    return judge.truth(pair[1], f"Wish {pair[0].rpartition('-')[2]}")
