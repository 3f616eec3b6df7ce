"""Which broker is used: the one of the settings, else the Supervisor's, whenever it comes."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from addon.broker import Broker
from addon.broker_search import BrokerSearch
from tests.clock import HeldClock
from tests.outside import until
from tests.simulated_supervisor import SimulatedSupervisor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    import pytest

MINUTE = timedelta(seconds=60)
DATA = {"host": "core-mosquitto", "port": 1883, "username": "addons", "password": "a-canary"}
FOUND = Broker("core-mosquitto", 1883, "addons", "a-canary")


@dataclass(slots=True)
class _Searching:
    search: BrokerSearch = field(init=False)
    clock: HeldClock = field(default_factory=HeldClock)
    found: list[Broker] = field(default_factory=list)
    needed: bool = True

    async def asked(self) -> None:
        """Wait until it has asked and waits for the next time."""
        await until(lambda: self.clock.sleeping)

    async def minute(self) -> None:
        await self.asked()
        await self.clock.advance(MINUTE)
        await self.asked()


@asynccontextmanager
async def searching(environ: Mapping[str, str]) -> AsyncIterator[_Searching]:
    one = _Searching()
    one.search = BrokerSearch(environ, one.clock, needed=lambda: one.needed, found=one.found.append)
    task = asyncio.create_task(one.search.run())
    try:
        yield one
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_a_broker_that_comes_later_is_found_within_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with SimulatedSupervisor() as supervisor, searching(supervisor.environment()) as one:
        for _ in range(3):
            await one.minute()
        assert one.found == []
        assert supervisor.asked == 4
        supervisor.data = DATA
        await one.minute()
        assert one.found == [FOUND] == [one.search.last]
    assert caplog.text.count("no MQTT broker yet") == 1
    assert "canary" not in caplog.text


async def test_it_is_not_asked_while_nobody_needs_it(caplog: pytest.LogCaptureFixture) -> None:
    async with SimulatedSupervisor(DATA) as supervisor, searching(supervisor.environment()) as one:
        await one.asked()
        one.needed = False
        await one.minute()
        await one.minute()
        assert supervisor.asked == 1
        one.needed = True
        supervisor.data = {**DATA, "password": "new"}
        await one.minute()
        assert one.found[-1].password == "new"
    assert "canary" not in caplog.text


async def test_a_failing_supervisor_is_said_once_and_asked_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with SimulatedSupervisor(DATA) as supervisor, searching(supervisor.environment()) as one:
        supervisor.body = "rubbish"
        for _ in range(3):
            await one.minute()
        supervisor.body = None
        await one.minute()
        assert one.found[-1] == FOUND
    assert caplog.text.count("makes no sense") == 1


async def test_without_a_supervisor_nothing_is_asked() -> None:
    search = BrokerSearch({}, HeldClock(), needed=lambda: True, found=lambda _: None)
    await search.run()
    assert search.last is None


async def test_settings_that_came_meanwhile_win() -> None:
    async with SimulatedSupervisor(DATA) as supervisor:
        wanted = iter([True, False])
        found: list[Broker] = []
        clock = HeldClock()
        search = BrokerSearch(
            supervisor.environment(), clock, needed=lambda: next(wanted), found=found.append
        )
        task = asyncio.create_task(search.run())
        await until(lambda: clock.sleeping)
        task.cancel()
        assert found == []
        assert search.last == FOUND
