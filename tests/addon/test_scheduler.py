"""The scheduler by a clock that the test moves: when it asks for a run, and when it does not."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from addon.scheduler import LONGEST_SLEEP, MARK, Plan, Scheduler
from kometa_ai.adapters.store import SqliteStore
from kometa_ai.domain.fault import FaultKind, TryLaterError
from kometa_ai.settings import load
from tests.clock import HeldClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from kometa_ai.domain.schedule import Due

SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def plan(*, enabled: bool = True, **environ: str) -> Plan:
    return Plan.of(load(environ, options_file=None).settings, enabled=enabled)


DAILY = plan(SCHEDULE_CRON="0 3 * * *")
PAUSED = replace(DAILY, enabled=False)


@dataclass
class Notebook:
    """What the state keeps, in a dictionary; ``broken`` is raised instead of keeping anything."""

    kept: dict[str, str] = field(default_factory=dict)
    broken: TryLaterError | None = None

    async def mark(self, name: str) -> str | None:
        return self.kept.get(name)

    async def set_mark(self, name: str, value: str | None) -> None:
        if self.broken:
            raise self.broken
        assert value is not None
        self.kept[name] = value


@dataclass
class House:
    """A scheduler at work, what it asked for, what it told, and the clock by which it works."""

    clock: HeldClock
    memory: Notebook
    asked: list[tuple[datetime, Due]] = field(default_factory=list)
    kept_when_asked: list[str] = field(default_factory=list)
    told: list[datetime | None] = field(default_factory=list)
    chances: list[float] = field(default_factory=lambda: [0.0])
    free: bool = True
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.scheduler = Scheduler(
            self.clock,
            self.memory,
            ask=self.ask,
            tell=self.told.append,
            free=lambda: self.free,
            complain=self.complaints.append,
            chance=self.chance,
        )

    async def ask(self, due: Due) -> None:
        self.asked.append((self.clock.now(), due))
        self.kept_when_asked.append(self.memory.kept[MARK])

    def chance(self) -> float:
        return self.chances.pop(0) if len(self.chances) > 1 else self.chances[0]

    async def use(self, plan: Plan) -> None:
        self.scheduler.use(plan)
        await self.clock.settle()

    @property
    def runs(self) -> list[str]:
        """Return when it asked for runs."""
        return [f"{at:%d %H:%M:%S}" for at, _ in self.asked]

    @asynccontextmanager
    async def at_work(self, plan: Plan | None = DAILY) -> AsyncIterator[House]:
        """Let it work; afterwards it has stopped, as when the process ends."""
        if plan:
            self.scheduler.use(plan)
        task = asyncio.create_task(self.scheduler.run())
        await self.clock.settle()
        try:
            yield self
        finally:
            assert not task.done()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            assert self.clock.sleeping == 0

    def restarted(self) -> House:
        """Return a new process on the same state."""
        return House(self.clock, self.memory)


@pytest.fixture
def house() -> House:
    return House(HeldClock(NOON), Notebook())


async def test_it_asks_at_the_due_times_and_tells_the_next(house: House) -> None:
    async with house.at_work():
        assert house.told == [NOON + 15 * HOUR]
        await house.clock.advance(15 * HOUR - SECOND)
        assert house.runs == []
        await house.clock.advance(2 * DAY)

    assert house.runs == ["06 03:00:00", "07 03:00:00"]
    assert house.told == [NOON + 15 * HOUR + number * DAY for number in range(3)]
    due = house.asked[0][1]
    assert (due.at, due.nominal, due.catch_up) == (NOON + 15 * HOUR, NOON + 15 * HOUR, False)


async def test_a_due_time_is_taken_before_the_run_is_asked_for(house: House) -> None:
    async with house.at_work():
        await house.clock.advance(DAY)

    assert '"last_due": "2026-01-06T03:00:00+00:00"' in house.kept_when_asked[0]


async def test_it_looks_at_the_clock_every_30_seconds_and_not_more_often(house: House) -> None:
    async with house.at_work():
        await house.clock.advance(HOUR)

    assert set(house.clock.sleeps) == {LONGEST_SLEEP}
    assert len(house.clock.sleeps) == 121


async def test_without_a_plan_it_waits_for_one(house: House) -> None:
    async with house.at_work(None):
        await house.clock.advance(DAY)
        assert house.told == []
        assert house.clock.sleeps == []
        await house.use(DAILY)
        assert house.told == [NOON + DAY + 15 * HOUR]


async def test_a_new_plan_takes_effect_at_once(house: House) -> None:
    async with house.at_work():
        await house.use(plan(SCHEDULE_CRON="30 12 * * *"))
        assert house.told[-1] == NOON + 30 * MINUTE
        assert house.clock.sleeping == 1
        await house.use(plan(SCHEDULE_CRON="30 11 * * *"))  # passed today before it was set
        await house.clock.advance(DAY)

    assert house.runs == ["06 11:30:00"]


async def test_the_same_plan_once_more_changes_nothing(house: House) -> None:
    async with house.at_work():
        before = dict(house.memory.kept)
        for _ in range(3):
            await house.clock.advance(HOUR)
            await house.use(plan(SCHEDULE_CRON="0 3 * * *"))
        assert house.memory.kept == before
        assert len(house.told) == 1
        await house.clock.advance(DAY)

    assert house.runs == ["06 03:00:00"]


async def test_what_was_missed_while_down_is_made_up_for_once(house: House) -> None:
    async with house.at_work():
        await house.clock.advance(DAY)
    await house.clock.advance(3 * DAY)

    house = house.restarted()
    async with house.at_work():
        await house.clock.advance(10 * SECOND)
        assert house.runs == ["09 12:00:00"]
        due = house.asked[0][1]
        assert due.catch_up
        assert f"{due.nominal:%d %H:%M}" == "07 03:00"
        await house.clock.advance(DAY)
    assert house.runs == ["09 12:00:00", "10 03:00:00"]

    house = house.restarted()
    async with house.at_work():
        await house.clock.advance(HOUR)
    assert house.runs == []


async def test_the_first_start_of_all_has_missed_nothing(house: House) -> None:
    async with house.at_work():
        await house.clock.advance(HOUR)
    assert house.runs == []

    # It is remembered that the schedule was there, even if nothing ran yet.
    await house.clock.advance(DAY)
    house = house.restarted()
    async with house.at_work():
        await house.clock.advance(SECOND)
    assert house.runs == ["06 13:00:00"]


async def test_nothing_is_made_up_for_where_that_is_not_wanted(house: House) -> None:
    careless = replace(DAILY, catch_up=False)
    async with house.at_work(careless):
        pass
    await house.clock.advance(3 * DAY)

    house = house.restarted()
    async with house.at_work(careless):
        await house.clock.advance(HOUR)
        assert house.runs == []
        assert house.told == [NOON + 3 * DAY + 15 * HOUR]
    # It stays dropped, also for a start that would make up for it.
    house = house.restarted()
    async with house.at_work():
        await house.clock.advance(HOUR)
    assert house.runs == []


async def test_a_schedule_that_changed_while_down_starts_anew(house: House) -> None:
    async with house.at_work():
        pass
    await house.clock.advance(3 * DAY)

    house = house.restarted()
    async with house.at_work(plan(SCHEDULE_CRON="0 4 * * *")):
        await house.clock.advance(HOUR)
        assert house.runs == []
        assert house.told == [NOON + 3 * DAY + 16 * HOUR]


async def test_a_catch_up_waits_for_the_end_of_a_blackout(house: House) -> None:
    async with house.at_work():
        pass
    await house.clock.advance(2 * DAY)

    house = house.restarted()
    async with house.at_work(plan(SCHEDULE_CRON="0 3 * * *", SCHEDULE_BLACKOUT="11:00-14:00")):
        await house.clock.advance(DAY)
    assert house.runs == ["07 14:00:00", "08 03:00:00"]
    assert [due.catch_up for _, due in house.asked] == [True, False]


async def test_what_passes_in_a_pause_is_gone(house: House) -> None:
    async with house.at_work():
        await house.use(PAUSED)
        assert house.told[-1] is None
        sleeps = len(house.clock.sleeps)
        await house.clock.advance(3 * DAY)
        assert len(house.clock.sleeps) == sleeps
        await house.use(DAILY)
        await house.clock.advance(HOUR)
        assert house.runs == []
        assert house.told[-1] == NOON + 3 * DAY + 15 * HOUR
        await house.clock.advance(DAY)
    assert house.runs == ["09 03:00:00"]


@pytest.mark.parametrize("resumed_while_down", [True, False])
async def test_a_pause_survives_a_restart(house: House, *, resumed_while_down: bool) -> None:
    async with house.at_work():
        await house.use(PAUSED)
    await house.clock.advance(2 * DAY)

    house = house.restarted()
    async with house.at_work(DAILY if resumed_while_down else PAUSED):
        await house.clock.advance(DAY)
        await house.use(DAILY)
        await house.clock.advance(HOUR)
    assert house.runs == (["08 03:00:00"] if resumed_while_down else [])


async def test_an_interval_goes_on_over_pause_and_restart(house: House) -> None:
    third = plan(SCHEDULE_INTERVAL="3d")  # the 6th, the 9th, the 12th, the 15th
    async with house.at_work(third):
        await house.clock.advance(DAY)
        await house.use(replace(third, enabled=False))
        await house.clock.advance(3 * DAY)
    house.clock.jump(HOUR)
    again = house.restarted()
    async with again.at_work(third):
        await again.clock.advance(7 * DAY)

    assert house.runs == ["06 03:00:00"]
    assert again.runs == ["12 03:00:00", "15 03:00:00"]


async def test_months_keep_their_day_over_restarts() -> None:
    house = House(HeldClock(datetime(2026, 1, 30, 12, tzinfo=UTC)), Notebook())
    monthly = plan(SCHEDULE_INTERVAL="1mo")
    found: list[str] = []
    for _ in range(3):
        house = house.restarted()
        async with house.at_work(monthly):
            at = house.told[0]
            assert at
            house.clock.jump(at - house.clock.now() - MINUTE)
            await house.clock.advance(MINUTE)
        found += [f"{at:%m-%d}" for at, _ in house.asked]

    assert found == ["01-31", "02-28", "03-31"]


async def test_a_clock_that_jumps_ahead_over_due_times_runs_once(house: House) -> None:
    async with house.at_work(replace(DAILY, catch_up=False)):  # it was there, it was not down
        house.clock.jump(3 * DAY)
        await house.clock.advance(MINUTE)
        assert house.runs == ["08 12:00:30"]
        assert house.asked[0][1].catch_up
        await house.clock.advance(DAY)
    assert house.runs == ["08 12:00:30", "09 03:00:00"]


async def test_a_clock_that_jumps_into_a_blackout_waits_for_its_end(house: House) -> None:
    async with house.at_work(plan(SCHEDULE_CRON="0 3 * * *", SCHEDULE_BLACKOUT="11:30-13:30")):
        house.clock.jump(DAY)
        await house.clock.advance(DAY)

    assert house.runs == ["06 13:30:00", "07 03:00:00"]


async def test_a_clock_that_goes_back_repeats_nothing(house: House) -> None:
    async with house.at_work():
        await house.clock.advance(15 * HOUR + MINUTE)
        assert house.runs == ["06 03:00:00"]
        house.clock.jump(-2 * HOUR)
        await house.clock.advance(5 * HOUR)
        assert house.runs == ["06 03:00:00"]
        assert house.told[-1] == NOON + DAY + 15 * HOUR
        await house.clock.advance(DAY)
    assert house.runs == ["06 03:00:00", "07 03:00:00"]


async def test_a_clock_that_goes_back_leaves_nothing_out(house: House) -> None:
    async with house.at_work():
        house.clock.jump(3 * DAY)
        await house.clock.advance(MINUTE)  # a run for the first that it seemed to have missed
        house.clock.jump(-3 * DAY)
        await house.clock.advance(2 * DAY)

    assert [f"{due.nominal:%d %H:%M}" for _, due in house.asked] == ["06 03:00", "07 03:00"]


async def test_jitter_is_drawn_for_each_run(house: House) -> None:
    house = House(house.clock, house.memory, chances=[0.5, 0.25, 0.0])
    async with house.at_work(replace(DAILY, jitter=60)):
        await house.clock.advance(14 * HOUR)
        await house.use(replace(DAILY, jitter=60))  # does not draw again
        await house.clock.advance(2 * DAY)

    assert house.runs == ["06 03:30:00", "07 03:15:00"]
    assert [f"{due.nominal:%H:%M}" for _, due in house.asked] == ["03:00", "03:00"]


async def test_a_blackout_that_covers_the_week_leaves_nothing_to_wait_for(house: House) -> None:
    async with house.at_work(plan(SCHEDULE_BLACKOUT="00:00-12:00; 12:00-00:00")):
        await house.clock.advance(DAY)

    assert house.told == [None]
    assert house.clock.sleeps == []


async def test_what_cannot_be_remembered_is_not_begun(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    async with house.at_work():
        house.memory.broken = TryLaterError(FaultKind.STATE, "The disk is full.")
        await house.clock.advance(16 * HOUR)
        assert house.runs == []
        house.memory.broken = None
        await house.clock.advance(MINUTE)
        await house.clock.advance(HOUR)

    assert house.runs == ["06 04:00:30"]
    assert [record.message for record in caplog.records] == [
        "the schedule waits: The disk is full."
    ]


@pytest.mark.parametrize("text", ["", "[]", "{", "{}", '{"rule": 1, "anchor": "2026-01-05"}'])
async def test_a_broken_memory_starts_anew_and_says_so(
    house: House, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    house.memory.kept[MARK] = text
    async with house.at_work():
        assert house.told == [NOON + 15 * HOUR]

    assert "it starts anew" in caplog.text


async def test_the_state_itself_remembers(tmp_path: Path) -> None:
    clock = HeldClock(NOON)
    asked: list[Due] = []
    told: list[datetime | None] = []

    async def ask(due: Due) -> None:
        asked.append(due)

    async with SqliteStore(tmp_path, clock) as store:
        scheduler = Scheduler(clock, store, ask=ask, tell=told.append)
        scheduler.use(DAILY)
        task = asyncio.create_task(scheduler.run())
        while not told:
            await clock.settle()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        clock.jump(DAY)
        scheduler = Scheduler(clock, store, ask=ask, tell=told.append)
        scheduler.use(DAILY)
        task = asyncio.create_task(scheduler.run())
        while not asked:
            await clock.settle()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    assert [due.catch_up for due in asked] == [True]


async def test_what_is_due_behind_another_run_waits_and_runs_once(house: House) -> None:
    async with house.at_work(plan(SCHEDULE_CRON="0 * * * *")):
        house.free = False
        await house.clock.advance(3 * HOUR + 30 * MINUTE)
        assert house.asked == []
        house.free = True
        await house.clock.advance(MINUTE)
        assert len(house.asked) == 1
        await house.clock.advance(HOUR)
        assert len(house.asked) == 2


async def test_what_waits_behind_another_run_heeds_a_pause(house: House) -> None:
    async with house.at_work(DAILY):
        house.free = False
        await house.clock.advance(15 * HOUR + 30 * MINUTE)
        await house.use(PAUSED)
        house.free = True
        await house.clock.advance(HOUR)
        assert house.asked == []


async def test_what_waits_behind_another_run_does_not_begin_in_a_blackout(house: House) -> None:
    async with house.at_work(plan(SCHEDULE_CRON="0 3 * * *", SCHEDULE_BLACKOUT="03:30-08:00")):
        house.free = False
        await house.clock.advance(16 * HOUR)
        house.free = True
        await house.clock.advance(3 * HOUR)
        assert house.asked == []
        await house.clock.advance(2 * HOUR)
        ((at, _),) = house.asked
        assert at.hour == 8
