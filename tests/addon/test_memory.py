"""What the service knows again after a restart: switches, and requests that were done already."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from addon.memory import MOST_REQUESTS, Requests, Switches, keep_switches, read_switches

NOW = datetime(2026, 1, 5, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Notes:
    """A memory that is a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def mark(self, name: str) -> str | None:
        return self.kept.get(name)

    async def set_mark(self, name: str, value: str | None) -> None:
        if value is None:
            self.kept.pop(name, None)
        else:
            self.kept[name] = value


async def test_switches_are_as_they_were_left() -> None:
    notes = Notes()
    assert await read_switches(notes) == Switches(schedule_enabled=True, dry_run_mode=False)
    left = Switches(schedule_enabled=False, dry_run_mode=True)
    await keep_switches(notes, left)
    assert await read_switches(notes) == left


async def test_switches_of_another_version_keep_what_both_know() -> None:
    notes = Notes()
    notes.kept["switches"] = '{"dry_run_mode": true, "turbo": true}'
    assert await read_switches(notes) == Switches(schedule_enabled=True, dry_run_mode=True)


@pytest.mark.parametrize("run_id", ["7", None])
async def test_a_request_is_known_for_a_day(run_id: str | None) -> None:
    notes = Notes()
    assert await Requests(notes).take("x", NOW) == (False, None)
    if run_id:
        await Requests(notes).keep("x", run_id, NOW)
    assert await Requests(notes).take("x", NOW + 24 * HOUR) == (True, run_id)
    assert await Requests(notes).take("y", NOW) == (False, None)
    assert await Requests(notes).take("x", NOW + 25 * HOUR) == (False, None)


async def test_two_at_once_are_both_remembered() -> None:
    requests = Requests(Notes())
    await asyncio.gather(requests.take("a", NOW), requests.take("b", NOW))
    assert await requests.take("a", NOW) == (True, None)
    assert await requests.take("b", NOW) == (True, None)


async def test_of_two_with_one_id_one_is_first() -> None:
    requests = Requests(Notes())
    answers = await asyncio.gather(requests.take("a", NOW), requests.take("a", NOW))
    assert sorted(known for known, _ in answers) == [False, True]


async def test_a_clock_that_was_ahead_does_not_block_an_id_for_long() -> None:
    notes = Notes()
    await Requests(notes).keep("x", "7", NOW + 1000 * HOUR)
    assert await Requests(notes).take("x", NOW) == (False, None)


async def test_only_the_newest_are_kept() -> None:
    notes = Notes()
    for number in range(MOST_REQUESTS + 5):
        await Requests(notes).take(str(number), NOW + timedelta(seconds=number))
    later = NOW + HOUR
    assert await Requests(notes).take("5", later) == (True, None)
    assert await Requests(notes).take("4", later) == (False, None)
