"""Killed with SIGKILL at random moments: nothing that was paid is lost, and no tag is wrong."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kometa_ai.adapters import kometa_files
from tests.springboard import cli, start
from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 50
NAMES = ("Noir", "Cosy", "Heists", "Space")
NEW_FILMS = 12
CHANGED_FILMS = 2
FLAGS = ("--run-now", "--batch-size", "2")
LATENCY = 0.03


def chances(ids: range) -> dict[str, dict[int, float]]:
    """Let half of the films belong to each collection, without any doubt."""
    return {name: {i: 0.95 for i in ids if (i + place) % 2} for place, name in enumerate(NAMES)}


class Watched:
    """A world whose Claude notes each pair that it is asked about, and in which state of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.asked: list[tuple[str, int, str]] = []
        self.next_film = 1
        self.changes = 0
        judge = world.judge

        def judging(system: str, message: str) -> object:
            answer: Any = judge(system, message)
            for line in message.splitlines():
                number = int(line.removeprefix("#").split(" ", 1)[0])
                for name in NAMES:
                    if f". {name}\n" in system:
                        self.asked.append((name, number, self.overview(number)))
            return answer

        world.claude.judge = judging

    def overview(self, number: int) -> str:
        """Return what tells one state of a film from another."""
        return str(self.world.radarr.movies[number].fields["overview"])

    def give_work(self) -> None:
        """Add films, and make a few of the older ones lose their membership."""
        world = self.world
        for number in range(self.next_film, self.next_film + NEW_FILMS):
            world.radarr.add_movie(movie(number))
        for name, fits in chances(range(self.next_film, self.next_film + NEW_FILMS)).items():
            world.judge.chances.setdefault(name, {}).update(fits)
        for number in range(max(1, self.next_film - CHANGED_FILMS), self.next_film):
            world.radarr.change_movie(number, overview=f"Another film, {self.changes}.")
            self.changes += 1
            for fits in world.judge.chances.values():
                fits.pop(number, None)
        self.next_film += NEW_FILMS

    async def stored(self) -> set[tuple[str, int, str]]:
        """Return the pairs of which a decision about their present state is stored."""
        found = set()
        async with self.world.house() as house:
            items = {item.id: item for item in await house.library.items()}
            for one in kometa_files.read(self.world.kometa).collections:
                wanted = {one.slug: one.criteria}
                ledgers = await house.store.ledgers("radarr", wanted, {})
                for number, mark in ledgers[one.slug].judged.items():
                    if items[number].fingerprint == mark:
                        found.add((one.name, number, self.overview(number)))
        return found

    @property
    def requests(self) -> int:
        """Return how many requests Radarr and Claude have had: the clock of the kills."""
        return len(self.world.radarr.requests) + len(self.world.claude.requests)

    def check_tags(self) -> None:
        """Check that each tag is on the films that it belongs to, and on no other."""
        radarr = self.world.radarr
        for name in NAMES:
            wanted = {i for i, chance in self.world.judge.chances[name].items() if chance > 0.5}
            assert radarr.members(f"kai-{name.lower()}") == wanted
        assert {label.lower() for label in radarr.labels.values()} <= {
            f"kai-{name.lower()}" for name in NAMES
        }
        for number, one in radarr.movies.items():
            assert one.tags <= radarr.labels.keys(), f"film {number} has a tag that is not there"

    def books(self) -> tuple[int, Decimal, int]:
        """Return the purchases in the store, their cost, and how many are still reserved."""
        with closing(sqlite3.connect(self.world.state / "kometa_ai.db")) as db:
            costs = [Decimal(cost) for (cost,) in db.execute("SELECT cost FROM purchases")]
            (reserved,) = db.execute("SELECT count(*) FROM reservations").fetchone()
        return len(costs), sum(costs, Decimal(0)), reserved

    def pins(self) -> int:
        """Return how many pins there are."""
        with closing(sqlite3.connect(self.world.state / "kometa_ai.db")) as db:
            (count,) = db.execute("SELECT count(*) FROM pins").fetchone()
        return int(count)


@pytest.mark.timeout(600)
async def test_50_times_killed_nothing_paid_is_lost_and_no_tag_is_wrong(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it when the test fails
    chance = random.Random(seed)  # noqa: S311 - chooses moments, not keys
    reached = dict.fromkeys(("reading", "asking", "tagging", "done"), 0)
    async with World(tmp_path, []) as world:
        world.write(*(block(name, tag=f"KAI-{name}") for name in NAMES))
        world.claude.latency = LATENCY
        watched = Watched(world)
        watched.give_work()
        assert (await cli(world, *FLAGS)).code == 0
        whole = watched.requests
        for kill in range(KILLS):
            watched.give_work()
            asked, written = len(watched.asked), len(world.radarr.writes())
            moment = watched.requests + chance.randint(0, whole + 1)
            child = await start(world, *FLAGS)
            ending = asyncio.create_task(child.end())
            while watched.requests < moment and not ending.done():  # noqa: ASYNC110 - a process
                await asyncio.sleep(0.001)  # noqa: TID251 - of its own lives in real time
            await asyncio.sleep(chance.uniform(0, LATENCY))  # noqa: TID251 - the same
            child.kill()
            killed = await ending
            writes = len(world.radarr.writes()) > written
            phase = "tagging" if writes else "asking" if len(watched.asked) > asked else "reading"
            reached["done" if killed.code == 0 else phase] += 1
            while world.claude.at_once:  # noqa: ASYNC110 - the simulator notices the end
                await asyncio.sleep(0.002)  # noqa: TID251 - the same
            stored = await watched.stored()
            rows, _, reserved = watched.books()
            assert rows + reserved >= len(world.claude.meter.bills), (seed, kill)
            asked = len(watched.asked)
            ended = await cli(world, *FLAGS)
            assert ended.code == 0, (seed, kill, ended.out, ended.err)
            again = set(watched.asked[asked:]) & stored
            assert not again, (seed, kill, again)
            watched.check_tags()
            assert watched.pins() == 0, (seed, kill)
            rows, cost, reserved = watched.books()
            assert not reserved
            assert rows >= len(world.claude.meter.bills)
            assert cost >= world.claude.meter.usd * Decimal("0.98"), (seed, kill)
    print(reached)  # noqa: T201 - the same
    assert all(reached[phase] for phase in ("reading", "asking", "tagging")), (seed, reached)
