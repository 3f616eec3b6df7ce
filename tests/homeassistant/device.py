"""The service's device, as a user of Home Assistant meets it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.outside import PATIENCE
from tests.service import EVENT, Served, service, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.homeassistant.api import State
    from tests.homeassistant.core import Core
    from tests.mosquitto import Mosquitto
    from tests.world import World

STATUS, RESULT = "sensor.kometa_ai_status", "sensor.kometa_ai_last_result"
PROBLEM, ACTIVITY = "binary_sensor.kometa_ai_problem", "event.kometa_ai_activity"
COLLECTION, CRON = "select.kometa_ai_collection", "text.kometa_ai_cron"
SCHEDULE, DRY_RUN_MODE = "switch.kometa_ai_schedule", "switch.kometa_ai_dry_run_mode"
NEXT_RUN = "sensor.kometa_ai_next_run"
RUN_NOW = "button.kometa_ai_run_now"
AWAY = "unavailable"
ENDINGS = ("run_finished", "run_failed", "run_cancelled")
# Once a year: no run begins by itself while the tests look.
ONCE_A_YEAR = {"SCHEDULE_CRON": "0 4 1 1 *", "TZ": "Europe/Berlin"}


@dataclass(slots=True)
class Device:
    """The device of one service; ``served`` is its process."""

    core: Core
    served: Served

    async def press(self, button: str) -> None:
        """Press a button, by the end of its entity id."""
        await self.core.api.call("button.press", f"button.kometa_ai_{button}")

    async def select(self, option: str) -> None:
        """Choose a collection, and wait until that is what the select shows."""
        await self.core.api.call("select.select_option", COLLECTION, option=option)
        await self.core.api.state(COLLECTION, option)

    async def turn(self, switch: str, state: str) -> None:
        """Turn a switch, and wait until it is so."""
        await self.core.api.call(f"switch.turn_{state}", switch)
        await self.core.api.state(switch, state)

    async def set_cron(self, cron: str) -> None:
        """Write an expression into the text."""
        await self.core.api.call("text.set_value", CRON, value=cron)

    async def set_number(self, number: str, value: float) -> None:
        """Set a number, by the end of its entity id."""
        entity_id = f"number.kometa_ai_{number}"
        await self.core.api.call("number.set_value", entity_id, value=value)
        await self.core.api.state(entity_id, lambda state: float(state.value) == value)

    async def run(self, button: str = "run_now") -> State:
        """Press a button that begins a run; return the event of its end, with all figures shown."""
        before = len(self.told(*ENDINGS))
        await self.press(button)
        return await self.ended(before)

    async def ended(self, before: int = 0) -> State:
        """Wait for the end of one run more than ``before``, and until the service rests."""
        ends = await self.core.api.until(
            lambda: self.told(*ENDINGS)[before:], "the end of the run", PATIENCE
        )
        await self.core.api.state(STATUS, lambda state: state.value in {"idle", "paused"})
        await self.core.api.state(
            STATUS, lambda state: state.attributes["run_id"] == ends[0].attributes["run_id"]
        )
        return ends[0]

    async def shows(self, *names: str) -> None:
        """Wait until these collections, and no others, have their entities."""
        await self.core.api.state(COLLECTION, lambda _: self.collections() == set(names))

    def collections(self) -> set[str]:
        """Return the names of the collections that have a sensor with a value and a button."""
        states = self.core.api.states.values()
        here = [state for state in states if state.value != AWAY]
        sensors = {
            str(state.attributes["friendly_name"]).removeprefix("Kometa-AI ")
            for state in here
            if "threshold" in state.attributes and state.value != "unknown"
        }
        buttons = {
            str(state.attributes["friendly_name"]).removeprefix("Kometa-AI Run ")
            for state in here
            if state.entity_id.startswith("button.kometa_ai_run_") and state.entity_id != RUN_NOW
        }
        return sensors if sensors == buttons else set()

    def told(self, *kinds: str) -> list[State]:
        """Return the activities of these kinds, each once, however often it was shown."""
        seen = [state for state in self.core.api.changes[ACTIVITY] if state]
        fits = [state for state in seen if state.attributes.get("event_type") in kinds]
        return list({(state.value, str(state.attributes)): state for state in fits}.values())


@asynccontextmanager
async def device(
    core: Core, broker: Mosquitto, world: World, *names: str, **more: str
) -> AsyncIterator[Device]:
    """Start the service of a new world with these collections; at the end it is shown as away."""
    environment = settings(world, broker, **{**ONCE_A_YEAR, **more})
    async with service(world.folder, environment) as served:
        await core.api.state(RESULT, "never")
        await core.api.state(STATUS, "idle")
        await core.api.state(ACTIVITY, lambda state: state.value != AWAY)
        # Home Assistant listens for events half a second after it has found the entity.
        await broker.program.says(f" 0 {EVENT}")
        core.api.changes[ACTIVITY].clear()  # an earlier world's last one is shown again
        one = Device(core, served)
        await one.shows(*names)
        yield one
        await served.stop()
    await core.api.state(STATUS, AWAY)


async def until(condition: Callable[[], object]) -> None:
    """Wait for what only the simulators know; they live in real time."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - they set no event
            await asyncio.sleep(0.01)  # noqa: TID251 - the same
