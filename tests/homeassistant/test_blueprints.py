"""The blueprints in a real Home Assistant: what they say, and what they ask of Kometa-AI."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import pytest
import pytest_asyncio

from addon.status import Problem, Source
from tests.homeassistant.phone import phone
from tests.homeassistant.stand_in import BASE, IDLE, announce, last_ran, leave, show, tell
from tests.listener import listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.homeassistant.api import State
    from tests.homeassistant.core import Core
    from tests.homeassistant.phone import Phone
    from tests.listener import Listener
    from tests.mosquitto import Mosquitto

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

CHANGED = "kometa_ai/tell_what_changed.yaml"
WRONG = "kometa_ai/tell_what_is_wrong.yaml"
APPROVE = "kometa_ai/ask_to_approve.yaml"
RUN = "kometa_ai/run_when.yaml"
RUNG = [{"trigger": "event", "event_type": "rung"}]
ANOTHERS = {"request_id": "another's", "accepted": False, "error": "Said to somebody else."}
HEIST = {"collection": "Heist", "slug": "heist", "tag": "KAI-heist"}


@pytest_asyncio.fixture(loop_scope="module")
async def kometa(core: Core, broker: Mosquitto) -> AsyncIterator[Listener]:
    """Give a test the device, idle; Home Assistant must not have complained when it is over."""
    since = core.now()
    async with listening(broker, f"{BASE}/#") as listener:
        await announce(listener)
        await core.hears(broker)
        await core.api.state("sensor.kometa_ai_status", "idle")
        await core.api.state("event.kometa_ai_activity")
        yield listener
    assert await core.complaints(since=since) == []


class Use(Protocol):
    """Makes an automation of a blueprint for one test."""

    async def __call__(self, name: str, path: str, **inputs: Any) -> State: ...


@pytest_asyncio.fixture(loop_scope="module")
async def use(core: Core, broker: Mosquitto) -> AsyncIterator[Use]:
    """Give a test automations, which are gone after it."""
    names: list[str] = []

    async def make(name: str, path: str, **inputs: Any) -> State:
        names.append(name)
        state = await core.api.use_blueprint(name, path, **inputs)
        await core.hears(broker)  # or it would miss what is said at once
        return state

    yield make
    for name in names:
        await core.api.remove_automation(name)
    await core.api.call("persistent_notification.dismiss_all")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mobile(core: Core) -> AsyncIterator[Phone]:
    """Give the module a telephone."""
    async with phone(core.api, "Ada's Phone 7") as mobile:
        yield mobile
        mobile.received.clear()


async def test_they_load_and_need_no_answer_but_what_happens(core: Core) -> None:
    found = await core.api.ask("blueprint/list", domain="automation")
    ours = {path: one for path, one in found.items() if path.startswith("kometa_ai/")}
    assert set(ours) == {CHANGED, WRONG, APPROVE, RUN}
    for path, one in ours.items():
        assert "error" not in one, one
        needed = [key for key, field in _inputs(one["metadata"]) if "default" not in field]
        assert needed == (["happens"] if path == RUN else [])
        assert all("selector" in field for _, field in _inputs(one["metadata"]))


async def test_what_changed_reaches_the_phone_and_the_page(
    core: Core, kometa: Listener, use: Use, mobile: Phone
) -> None:
    before = len(mobile.received)
    await use("told", CHANGED, phones=[mobile.device_id], most=2)
    async with core.api.notifications() as shown:
        await tell(kometa, "run_started", summary="A run began.")
        await tell(kometa, "items_added", **HEIST, count=9, titles=["Heat"], dry_run=True)
        titles = ["1917", "M*A*S*H", '"Up" & {{ down }}']
        await tell(kometa, "items_added", **HEIST, count=3, titles=titles, summary="3 added.")
        sent = await mobile.next(before)
        assert sent["title"] == "Heist: 3 added"
        assert sent["message"] == "• 1917  \n• M*A*S*H  \n… and 1 more"
        assert sent["data"]["url"] == sent["data"]["clickAction"] == "/kometa-ai"
        (note,) = [await _shown(core, shown, "kometa_ai_items_added_heist")]
        assert (note["title"], note["message"]) == (sent["title"], sent["message"])

        await tell(kometa, "items_removed", **HEIST, count=1, titles=["-1"], summary="1 removed.")
        sent = await mobile.next(before + 1)
        assert (sent["title"], sent["message"]) == ("Heist: 1 removed", "• -1")


async def test_events_that_come_at_once_are_all_told(
    core: Core, kometa: Listener, use: Use, mobile: Phone
) -> None:
    before = len(mobile.received)
    slow = [{"delay": {"milliseconds": 20}}]
    await use("told", CHANGED, phones=[mobile.device_id], actions=slow)
    async with asyncio.TaskGroup() as saying:
        for number in range(20):
            name = {"collection": f"C{number}", "slug": f"c{number}", "tag": f"KAI-c{number}"}
            words = {"count": 1, "titles": ["Heat"], "summary": "1 added."}
            saying.create_task(tell(kometa, "items_added", **name, **words))
    await core.api.until(lambda: len(mobile.received) == before + 20, "twenty notifications")
    assert [one["title"] for one in mobile.received[before:]] == [
        f"C{number}: 1 added" for number in range(20)
    ]


async def test_dry_runs_and_totals_are_told_where_that_is_wanted(
    core: Core, kometa: Listener, use: Use
) -> None:
    await use("told", CHANGED, kinds=["run_finished"])
    await use("rehearsed", CHANGED, rehearsals=True, actions=_note("rehearsed"))
    async with core.api.notifications() as shown:
        nothing = {"added": 0, "removed": 0, "summary": "Nothing to do."}
        await tell(kometa, "run_finished", result="success", **nothing)
        some = {"added": 2, "removed": 1, "summary": "The run finished: 2 added, 1 removed."}
        await tell(kometa, "run_finished", result="success", **some)
        words = "The dry run finished: 4 would be added."
        await tell(kometa, "run_finished", result="dry_run", dry_run=True, summary=words)
        note = await _shown(core, shown, "kometa_ai_run_finished_")
        assert note["title"] == "Kometa-AI: 2 added, 1 removed"
        assert note["message"] == some["summary"]
        note = await _shown(core, shown, "rehearsed")
        assert (note["title"], note["message"]) == ("Kometa-AI: a dry run is over", words)


@pytest.mark.parametrize("path", [CHANGED, WRONG, APPROVE])
async def test_the_menus_run_sends_a_test(
    core: Core, kometa: Listener, use: Use, mobile: Phone, path: str
) -> None:
    before = len(mobile.received)
    made = await use("tried", path, phones=[mobile.device_id])
    await core.api.call("automation.trigger", made.entity_id)
    sent = await mobile.next(before)
    assert sent["title"] == "Kometa-AI: a test"
    assert sent["message"].startswith("This is what a ")


async def test_nonsense_on_the_topic_says_nothing(core: Core, kometa: Listener, use: Use) -> None:
    for number, path in enumerate((CHANGED, WRONG, APPROVE)):
        await use(f"told{number}", path)
    async with core.api.notifications() as shown, core.api.events("automation_triggered") as runs:
        for payload in ("3", "[]", "null", '"x"'):
            await kometa.say(f"{BASE}/response", payload)
        await kometa.say(f"{BASE}/response", {"request_id": None, "accepted": False})
        await tell(kometa, "run_failed", summary="Radarr cannot be reached.")
        await _shown(core, shown, "kometa_ai_wrong")
        assert [run["data"]["name"] for run in runs] == ["told1"]


async def test_failures_and_problems_are_told(
    core: Core, kometa: Listener, use: Use, mobile: Phone
) -> None:
    before = len(mobile.received)
    await use("wrong", WRONG, phones=[mobile.device_id])
    async with core.api.notifications() as shown:
        await tell(kometa, "run_failed", summary="Radarr cannot be reached.")
        sent = await mobile.next(before)
        assert sent["title"] == "Kometa-AI: a run failed"
        assert sent["message"] == "Radarr cannot be reached."
        problem = Problem("Radarr refuses the key.", "Correct RADARR_API_KEY.")
        await show(kometa, IDLE.with_problem(Source.RUN, problem))
        sent = await mobile.next(before + 1)
        assert sent["title"] == "Kometa-AI: there is a problem"
        assert sent["message"] == "Radarr refuses the key. Correct RADARR_API_KEY."
        await tell(kometa, "budget_reached", summary="The month's $5 are used up.")
        note = await _shown(core, shown, "kometa_ai_budget")
        assert note["message"] == "The month's $5 are used up."
        # What was known before an absence is not told again.
        await leave(kometa)
        await core.api.state("binary_sensor.kometa_ai_problem", "unavailable")
        await kometa.say(f"{BASE}/availability", "online", retain=True)
        await core.api.state("binary_sensor.kometa_ai_problem", "on")
        await show(kometa, IDLE)
        await core.api.state("binary_sensor.kometa_ai_problem", "off")
        await tell(kometa, "run_failed", summary="Again.")
        assert (await mobile.next(before + 3))["message"] == "Again."


async def test_a_run_that_is_overdue_is_told(core: Core, kometa: Listener, use: Use) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)  # noqa: TID251 - Home Assistant's clock is real
    await show(kometa, replace(IDLE, next_run=yesterday))
    await core.api.state("sensor.kometa_ai_next_run", lambda state: "2025" not in state.value)
    # Far enough away for three automations to be made before, on a crowded machine too.
    soon = await core.api.render("{{ (now() + timedelta(seconds=12)).strftime('%H:%M:%S') }}")
    await use("long ago", WRONG, days=8, at=soon, actions=_note("long ago"))
    for name, entity in (("yesterday", "next_run"), ("nowhere", "nowhere")):
        inputs = {"last_run": f"sensor.kometa_ai_{entity}", "actions": _note(name)}
        await use(name, WRONG, days=8, at=soon, **inputs)
    async with core.api.notifications() as shown:
        note = await _shown(core, shown, "long ago")
        assert note["title"].startswith("Kometa-AI: no run for ")
        assert "schedule" in note["message"]
        note = await _shown(core, shown, "nowhere")
        assert note["title"] == "Kometa-AI: not running"
        assert set(shown) == {"long ago", "nowhere"}


@pytest.mark.parametrize("word", ["approve", "decline"])
async def test_an_answer_on_the_phone_reaches_kometa_ai(
    core: Core, kometa: Listener, use: Use, mobile: Phone, word: str
) -> None:
    before = len(mobile.received)
    asked = await use("held", APPROVE, phones=[mobile.device_id], most=1)
    await tell(kometa, "changes_held", **HEIST, count=40, titles=["Heat", "Rififi"], summary="40.")
    sent = await mobile.next(before)
    assert sent["title"] == "Heist: take 40 out?"
    assert sent["message"].startswith("• Heat  \n… and 39 more")
    assert [one["title"] for one in sent["data"]["actions"]] == ["Approve", "Decline"]

    await mobile.tap("something else")
    await mobile.tap(sent["data"]["actions"][word == "decline"]["action"])
    command = (await kometa.next_on(f"{BASE}/command")).json()
    assert (command["command"], command["run_id"]) == (word, "20250406-030000")
    assert command["request_id"].startswith(f"blueprint:{asked.entity_id}:")

    answer = {"request_id": command["request_id"], "command": word, "run_id": None}
    await kometa.say(f"{BASE}/response", {**answer, "accepted": True, "error": None})
    refusal = {"accepted": False, "error": "Nothing is held."}
    await kometa.say(f"{BASE}/response", {**answer, **ANOTHERS})
    await kometa.say(f"{BASE}/response", {**answer, **refusal})
    told = await mobile.next(before + 1)
    assert told["title"] == "Kometa-AI: your answer was not carried out"
    assert told["message"] == "Nothing is held."
    assert len(kometa.on(f"{BASE}/command")) == 1


async def test_an_answer_that_nobody_hears_is_told(
    core: Core, kometa: Listener, use: Use, mobile: Phone
) -> None:
    before = len(mobile.received)
    await use("held", APPROVE, phones=[mobile.device_id])
    await leave(kometa)
    await core.api.state("sensor.kometa_ai_status", "unavailable")
    await mobile.tap(f"{BASE}/approve/20250406-030000")
    assert "not running" in (await mobile.next(before))["message"]
    assert kometa.on(f"{BASE}/command") == []


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, {}),
        (
            {"collection": "Film Noir", "rehearse": True, "most": 50},
            {"collection": "Film Noir", "dry_run": True, "max_evals": 50},
        ),
        ({"collection": "1917"}, {"collection": "1917"}),
    ],
)
async def test_what_happens_starts_a_run(
    core: Core, kometa: Listener, use: Use, inputs: dict[str, Any], expected: dict[str, Any]
) -> None:
    run = await use("run", RUN, happens=RUNG, **inputs)
    await core.api.fire("rung")
    command = (await kometa.next_on(f"{BASE}/command")).json()
    number = command.pop("request_id")
    assert command == {"command": "run", **expected}
    assert number.startswith(f"blueprint:{run.entity_id}:")
    async with core.api.notifications() as shown:
        await kometa.say(f"{BASE}/response", {"command": "run", **ANOTHERS})
        answer = {"request_id": number, "command": "run", "accepted": False}
        await kometa.say(f"{BASE}/response", {**answer, "error": "A run is active."})
        note = await _shown(core, shown, "kometa_ai_refused")
        assert note["message"] == "A run is active."
        await core.api.call("persistent_notification.dismiss_all")


async def test_what_happens_too_soon_or_for_nobody_starts_nothing(
    core: Core, kometa: Listener, use: Use
) -> None:
    await show(kometa, last_ran(datetime.now(UTC)))  # noqa: TID251 - Home Assistant's clock is real
    await core.api.state("sensor.kometa_ai_last_run", lambda state: "2025" not in state.value)
    never = [{"condition": "template", "value_template": "{{ false }}"}]
    await use("soon", RUN, happens=RUNG, collection="Soon")
    await use("never", RUN, happens=RUNG, collection="Never", only_if=never, pause=0)
    await use("now", RUN, happens=RUNG, collection="Now", pause=0)
    await core.api.fire("rung")
    command = (await kometa.next_on(f"{BASE}/command")).json()
    assert command["collection"] == "Now"

    await leave(kometa)
    await core.api.state("sensor.kometa_ai_status", "unavailable")
    async with core.api.notifications() as shown:
        await core.api.fire("rung")
        assert "not running" in (await _shown(core, shown, "kometa_ai_refused"))["message"]
        await core.api.call("persistent_notification.dismiss_all")
    assert len(kometa.on(f"{BASE}/command")) == 1


def _inputs(metadata: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the inputs of a blueprint, those of its sections included."""
    found: list[tuple[str, dict[str, Any]]] = []
    for key, field in metadata["input"].items():
        found += field["input"].items() if "input" in field else [(key, field)]
    return found


async def _shown(core: Core, shown: dict[str, dict[str, Any]], number: str) -> dict[str, Any]:
    return await core.api.until(lambda: shown.get(number), f"the notification {number}")


def _note(number: str) -> list[dict[str, Any]]:
    """Return the action that shows a message under a name of its own."""
    words = {"title": "{{ title }}", "message": "{{ message }}", "notification_id": number}
    return [{"action": "persistent_notification.create", "data": words}]
