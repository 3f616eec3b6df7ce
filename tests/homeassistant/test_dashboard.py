"""The dashboard in a real Home Assistant: it loads, knows its entities, and its texts are true."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from addon.status import Problem, Source
from tests.homeassistant.stand_in import BASE, HEIST, IDLE, TOPICS, announce, leave, show, tell
from tests.listener import listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.homeassistant.core import Core
    from tests.listener import Listener
    from tests.mosquitto import Mosquitto

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

# What Home Assistant brings along; everything else a user would have to install.
CARDS = {"entities", "heading", "history-graph", "markdown", "tile"}


@pytest_asyncio.fixture(loop_scope="module")
async def kometa(core: Core, broker: Mosquitto) -> AsyncIterator[Listener]:
    """Give a test the device, idle; Home Assistant must not have complained when it is over."""
    since = core.now()
    async with listening(broker, f"{BASE}/#") as listener:
        await announce(listener)
        await core.hears(broker)
        await core.api.state("sensor.kometa_ai_status", "idle")
        await core.api.state("sensor.kometa_ai_heist_plans", "12")
        yield listener
    assert await core.complaints(since=since) == []


@pytest_asyncio.fixture(loop_scope="module")
async def cards(core: Core) -> list[dict[str, Any]]:
    """Give a test every card of the dashboard, as the page reads it."""
    dashboard = await core.api.ask("lovelace/config", url_path="kometa-ai")
    sections = [section for view in dashboard["views"] for section in view["sections"]]
    return [card for section in sections for card in section["cards"]]


async def test_it_is_of_core_cards_and_of_entities_that_are_there(
    core: Core, kometa: Listener, cards: list[dict[str, Any]]
) -> None:
    assert {card["type"] for card in cards} == CARDS
    named = set(_entities(cards))
    assert "sensor.kometa_ai_status" in named
    assert {one for one in named if one not in core.api.states} == set()


async def test_a_user_may_paste_it(core: Core, kometa: Listener) -> None:
    content = await core.api.ask("lovelace/config", url_path="kometa-ai")
    mine = {"title": "Mine", "url_path": "my-films", "require_admin": False}
    await core.api.ask("lovelace/dashboards/create", mode="storage", **mine)
    await core.api.ask("lovelace/config/save", url_path="my-films", config=content)
    assert await core.api.ask("lovelace/config", url_path="my-films") == content


async def test_its_texts_are_true_at_all_times(
    core: Core, broker: Mosquitto, kometa: Listener, cards: list[dict[str, Any]]
) -> None:
    problem, _, collections, activity = [c["content"] for c in cards if c["type"] == "markdown"]
    assert "There is a problem" in await core.api.render(problem)
    assert await core.api.render(activity) == "Nothing yet."
    rows = (await core.api.render(collections)).splitlines()
    assert rows[2:] == [r"| Heist \| plans | 12 | Heat, Rififi, 11:14 \| Five |"]

    await tell(kometa, "items_added", summary="Heist: 2 added.")
    await core.api.state("event.kometa_ai_activity", lambda state: state.value != "unknown")
    assert await core.api.render(activity) == "Heist: 2 added."
    await show(kometa, IDLE.with_problem(Source.SETTINGS, Problem("No key.", "Set one.")))
    await core.api.state("binary_sensor.kometa_ai_problem", "on")
    assert 'title="No key."' in await core.api.render(problem)
    assert "Set one." in await core.api.render(problem)

    await show(kometa, replace(IDLE, collections={"heist": replace(HEIST, last_added=())}))
    await core.api.state(
        "sensor.kometa_ai_heist_plans", lambda state: not state.attributes["last_added"]
    )
    assert r"| Heist \| plans | 12 |  |" in await core.api.render(collections)

    await leave(kometa)
    await core.api.state("sensor.kometa_ai_heist_plans", "unavailable")
    for content in (problem, collections, activity):
        await core.api.render(content)
    await kometa.say(TOPICS.discovery, retain=True)
    await core.api.gone("sensor.kometa_ai_status", "sensor.kometa_ai_heist_plans")
    assert await core.api.render(collections) == "No collection has run yet."
    for content in (problem, activity):
        await core.api.render(content)


def _entities(node: Any) -> Iterator[str]:
    """Return every entity that is named anywhere in a card."""
    if isinstance(node, dict):
        for key in ("entity", "entity_id"):
            if isinstance(node.get(key), str):
                yield node[key]
        for value in node.values():
            yield from _entities(value)
    elif isinstance(node, list):
        for value in node:
            yield from _entities(value)
