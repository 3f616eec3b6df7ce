"""Every entity of the device, as Home Assistant holds it after a real run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from kometa_ai import __version__
from kometa_ai.demo.radarr import Mishap
from tests.guard import wish
from tests.homeassistant.device import ACTIVITY, PROBLEM, RESULT, STATUS, device
from tests.world import World, movie

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from tests.homeassistant.api import State
    from tests.homeassistant.core import Core
    from tests.homeassistant.device import Device
    from tests.mosquitto import Mosquitto

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),  # the first one to come may have to install Home Assistant
]

MOVIES = [movie(number) for number in range(1, 21)]
CHANCES = {"Noir": {1: 0.95, 2: 0.95}, "Cosy": {3: 0.95}}
ACTIVITIES = [
    "run_started",
    "run_finished",
    "run_failed",
    "run_cancelled",
    "items_added",
    "items_removed",
    "changes_held",
    "budget_reached",
]
FIGURES = ("members", "pending", "added", "removed", "held", "threshold", "last_added")
DIAGNOSTIC, CONFIG = "diagnostic", "config"
TOTAL, MEASUREMENT = "total", "measurement"
ANY = object()

# Entity id: its state, device class, unit, state class, category.
SENSORS: dict[str, tuple[object, ...]] = {
    "status": ("idle", "enum", None, None, None),
    "phase": ("unknown", "enum", None, None, None),
    "progress": ("0", None, "%", MEASUREMENT, None),
    "last_run": (ANY, "timestamp", None, None, None),
    "next_run": (ANY, "timestamp", None, None, None),
    "last_result": ("success", "enum", None, None, None),
    "last_duration": (ANY, "duration", "s", None, None),
    "added": ("3", None, "movies", None, None),
    "removed": ("0", None, "movies", None, None),
    "held": ("0", None, "movies", MEASUREMENT, None),
    "errors": ("0", None, "errors", None, DIAGNOSTIC),
    "movies": ("20", None, "movies", MEASUREMENT, None),
    "pending": ("0", None, "evaluations", MEASUREMENT, None),
    "cost_of_last_run": (ANY, "monetary", "USD", None, None),
    "cost_this_month": (ANY, "monetary", "USD", TOTAL, None),
    "input_tokens": (ANY, None, "tokens", None, DIAGNOSTIC),
    "output_tokens": (ANY, None, "tokens", None, DIAGNOSTIC),
    "noir": ("2", None, "movies", MEASUREMENT, None),
    "cosy": ("1", None, "movies", MEASUREMENT, None),
}
OTHERS: dict[str, tuple[object, ...]] = {
    "binary_sensor.kometa_ai_running": ("off", "running", None, None, None),
    "binary_sensor.kometa_ai_problem": ("off", "problem", None, None, DIAGNOSTIC),
    "binary_sensor.kometa_ai_radarr": ("on", "connectivity", None, None, DIAGNOSTIC),
    "binary_sensor.kometa_ai_claude": ("on", "connectivity", None, None, DIAGNOSTIC),
    "button.kometa_ai_run_now": (ANY, None, None, None, None),
    "button.kometa_ai_dry_run": (ANY, None, None, None, None),
    "button.kometa_ai_force_refresh": (ANY, None, None, None, None),
    "button.kometa_ai_cancel": (ANY, None, None, None, CONFIG),
    "button.kometa_ai_approve_held_changes": (ANY, None, None, None, None),
    "button.kometa_ai_decline_held_changes": (ANY, None, None, None, None),
    "button.kometa_ai_undo_last_run": (ANY, None, None, None, CONFIG),
    "button.kometa_ai_test_notification": (ANY, None, None, None, DIAGNOSTIC),
    "button.kometa_ai_run_noir": (ANY, None, None, None, None),
    "button.kometa_ai_run_cosy": (ANY, None, None, None, None),
    "select.kometa_ai_collection": ("All", None, None, None, None),
    "switch.kometa_ai_schedule": ("on", None, None, None, CONFIG),
    "switch.kometa_ai_dry_run_mode": ("off", None, None, None, CONFIG),
    "text.kometa_ai_cron": ("0 4 1 1 *", None, None, None, CONFIG),
    "number.kometa_ai_monthly_budget": ("7.5", "monetary", "USD", None, CONFIG),
    "number.kometa_ai_maximum_evaluations": ("0", None, "evaluations", None, CONFIG),
    "event.kometa_ai_activity": (ANY, None, None, None, None),
}
ENTITIES = {f"sensor.kometa_ai_{key}": row for key, row in SENSORS.items()} | OTHERS


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with World(tmp_path_factory.mktemp("world"), MOVIES, CHANCES) as world:
        world.write(wish("Noir"), wish("Cosy"))
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one(core: Core, broker: Mosquitto, world: World) -> AsyncIterator[Device]:
    """Give the module its device; at the end Home Assistant must have nothing to say about it."""
    async with device(core, broker, world, "Noir", "Cosy", MONTHLY_BUDGET="7.50") as one:
        yield one
    assert await core.complaints() == []
    assert await core.api.issues() == []


@dataclass(frozen=True, slots=True)
class Seen:
    """What Home Assistant showed after the first run, whatever happened since."""

    states: Mapping[str, State]
    activities: Sequence[State]
    report: Any


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seen(one: Device, world: World) -> Seen:
    await one.run()
    report = (await world.cli("--runs", "--json")).json["runs"][0]
    return Seen(dict(one.core.api.states), one.told(*ACTIVITIES), report)


async def test_every_entity_is_as_it_was_designed(one: Device, seen: Seen, world: World) -> None:
    api = one.core.api
    known = (await api.devices())["Kometa-AI"]
    assert (known["manufacturer"], known["sw_version"]) == ("Kometa-AI", __version__)
    entries = {
        key: entry
        for key, entry in (await api.entities()).items()
        if entry["device_id"] == known["id"]
    }
    assert entries.keys() == ENTITIES.keys()
    shown = {}
    for key, entry in entries.items():
        state, told = seen.states[key], seen.states[key].attributes
        classes = (told.get("device_class"), told.get("unit_of_measurement"))
        category = entry["entity_category"]
        shown[key] = (state.value, *classes, told.get("state_class"), category)
    wanted = {
        key: (shown[key][0] if row[0] is ANY else row[0], *row[1:]) for key, row in ENTITIES.items()
    }
    assert shown == wanted
    assert {key for key, state in seen.states.items() if state.value == "unavailable"} == set()
    assert world.radarr.members("kai-noir") == {1, 2}
    assert world.radarr.members("kai-cosy") == {3}


async def test_figures_are_those_of_the_report(seen: Seen) -> None:
    report, states = seen.report, seen.states

    def value(key: str) -> str:
        return states[f"sensor.kometa_ai_{key}"].value

    usage = report["usage"]
    assert usage["cost_usd"] > 0
    assert float(value("cost_of_last_run")) == pytest.approx(usage["cost_usd"], abs=1e-6)
    assert float(value("cost_this_month")) == pytest.approx(usage["cost_usd"], abs=1e-6)
    assert int(value("input_tokens")) == usage["input_tokens"] > 0
    assert int(value("output_tokens")) == usage["output_tokens"] > 0
    assert float(value("last_duration")) == pytest.approx(report["duration_s"], abs=0.1)
    begun = datetime.fromisoformat(report["started_at"])
    assert datetime.fromisoformat(value("last_run")) == begun
    year = datetime.now(UTC).year + 1  # noqa: TID251 - the service lives in real time
    assert value("next_run") == f"{year}-01-01T03:00:00+00:00", "4 in the morning in Berlin"
    month = states["sensor.kometa_ai_cost_this_month"].attributes["last_reset"]
    assert month == f"{begun:%Y-%m}-01T00:00:00+00:00"
    status = states[STATUS].attributes
    assert (status["run_id"], status["last_error"]) == (report["run_id"], None)
    assert (status["would_add"], status["would_remove"]) == (0, 0)


async def test_a_collection_tells_its_figures(seen: Seen) -> None:
    told = seen.states["sensor.kometa_ai_noir"].attributes
    films = ["Film 1 (1991)", "Film 2 (1992)"]
    assert told["friendly_name"] == "Kometa-AI Noir"
    assert [told[key] for key in FIGURES] == [2, 0, 2, 0, 0, 0.7, films]
    assert datetime.fromisoformat(told["last_run"]).tzinfo is not None
    assert told["cost_month"] > 0


async def test_controls_offer_what_can_be_chosen(seen: Seen) -> None:
    states = seen.states
    assert states["select.kometa_ai_collection"].attributes["options"] == ["All", "Noir", "Cosy"]
    assert states[ACTIVITY].attributes["event_types"] == ACTIVITIES
    assert states[STATUS].attributes["options"] == ["idle", "running", "cancelling", "paused"]
    budget = states["number.kometa_ai_monthly_budget"].attributes
    assert (budget["min"], budget["step"], budget["mode"]) == (0, 0.01, "box")
    evaluations = states["number.kometa_ai_maximum_evaluations"].attributes
    assert (evaluations["min"], evaluations["step"], evaluations["mode"]) == (0, 1, "box")
    assert states["text.kometa_ai_cron"].attributes["max"] == 255


async def test_the_activity_told_the_run(seen: Seen) -> None:
    started, *changes, finished = seen.activities
    assert started.attributes["event_type"] == "run_started"
    assert started.attributes["summary"] == "The run has started."
    assert [(at.attributes["collection"], at.attributes["titles"]) for at in changes] == [
        ("Noir", ["Film 1 (1991)", "Film 2 (1992)"]),
        ("Cosy", ["Film 3 (1993)"]),
    ]
    assert {at.attributes["event_type"] for at in changes} == {"items_added"}
    assert finished.attributes["result"] == "success"
    assert (finished.attributes["added"], finished.attributes["removed"]) == (3, 0)
    assert finished.attributes["cost_usd"] > 0


async def test_automations_are_triggered_by_the_device(one: Device) -> None:
    api = one.core.api
    known = (await api.devices())["Kometa-AI"]["id"]
    offered = await api.ask("device_automation/trigger/list", device_id=known)
    ours = [trigger for trigger in offered if trigger["domain"] == "mqtt"]
    assert [(trigger["type"], trigger["subtype"]) for trigger in ours] == [
        (kind, "activity") for kind in ACTIVITIES
    ]
    finished = next(trigger for trigger in ours if trigger["type"] == "run_finished")
    said = "{{ trigger.payload_json.event_type }} {{ trigger.payload_json.result }}"
    async with api.notifications() as shown:
        await api.add_automation(
            "run ended",
            triggers=[{"trigger": "device", **_plain(finished)}],
            actions=[{"action": "persistent_notification.create", "data": {"message": said}}],
        )
        await one.run("dry_run")
        await api.until(lambda: shown, "a notification")
        assert [note["message"] for note in shown.values()] == ["run_finished dry_run"]
    await api.remove_automation("run ended")


async def test_a_problem_says_why_and_what_to_do(one: Device, world: World) -> None:
    api = one.core.api
    world.radarr.mishaps = [Mishap("*", "*", times=100, status=401)]
    ending = await one.run()
    assert ending.attributes["event_type"] == "run_failed"
    assert ending.attributes["result"] == "failed"
    problem = await api.state(PROBLEM, "on")
    assert "key" in problem.attributes["reason"]
    assert "RADARR_API_KEY" in problem.attributes["remedy"]
    await api.state("binary_sensor.kometa_ai_radarr", "off")
    await api.state("sensor.kometa_ai_errors", "1")
    await api.state(RESULT, "failed")
    assert "key" in api.states[STATUS].attributes["last_error"]

    world.radarr.mishaps = []
    await one.run()
    problem = await api.state(PROBLEM, "off")
    assert (problem.attributes["reason"], problem.attributes["remedy"]) == (None, None)
    await api.state("binary_sensor.kometa_ai_radarr", "on")
    await api.state("sensor.kometa_ai_errors", "0")
    await api.state(RESULT, "success")


def _plain(trigger: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in trigger.items() if key not in {"metadata", "platform"}}
