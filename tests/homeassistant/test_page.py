"""docs/HOME_ASSISTANT.md is true: what it names is there, and what is to be copied works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from addon.command import Command, Word
from addon.mqtt.activities import Activity
from addon.mqtt.commands import read_command
from addon.mqtt.own_entities import BINARY_SENSORS, BUTTONS, SENSORS, SETTERS
from tests.homeassistant.stand_in import BASE, TOPICS, announce, tell
from tests.listener import listening

if TYPE_CHECKING:
    from tests.homeassistant.core import Core
    from tests.mosquitto import Mosquitto

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "HOME_ASSISTANT.md").read_text(encoding="utf-8")
TOLD = re.findall(r"^mosquitto_pub .*$", PAGE, re.MULTILINE)
AUTOMATIONS = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


def test_it_names_every_entity_and_no_other() -> None:
    fixed = {
        f"{one.platform}.kometa_ai_{re.sub(r'[^a-z0-9]+', '_', one.name.lower())}"
        for one in (*SENSORS, *BINARY_SENSORS, *BUTTONS, *SETTERS)
    }
    table = PAGE.partition("## What is on it")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z_]+\.kometa_ai_[a-z_]+)`", table))
    examples = {"sensor.kometa_ai_film_noir", "button.kometa_ai_run_film_noir"}
    assert named == fixed | examples | {"event.kometa_ai_activity"}


def test_it_names_every_command_and_every_event() -> None:
    topics = PAGE.partition("## Topics and commands")[2]
    assert [word for word in (*Word, *Activity) if not re.search(rf"\b{word}\b", topics)] == []


@pytest.mark.parametrize("line", TOLD)
def test_what_it_publishes_is_a_command(line: str) -> None:
    words = shlex.split(line)
    topic, payload = words[words.index("-t") + 1], words[words.index("-m") + 1]
    read = read_command(TOPICS, topic, payload.encode(), retain=False)
    assert isinstance(read, Command), read


def test_its_links_and_pictures_lead_somewhere_and_no_picture_is_left_out() -> None:
    found = re.findall(r"\]\(([^)]+)\)", PAGE) + re.findall(r'src="([^"]+)"', PAGE)
    assert [one for one in found if not (DOCS / one.partition("#")[0]).exists()] == []
    pages = "".join(
        one.read_text("utf-8") for one in (DOCS.parent / "README.md", *DOCS.glob("*.md"))
    )
    assert [one.name for one in (DOCS / "pictures").iterdir() if one.name not in pages] == []
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-").rstrip("?") for heading in headings}
    assert {one[1:] for one in found if one.startswith("#")} <= anchors


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.timeout(300)
async def test_its_automations_do_what_they_say(core: Core, broker: Mosquitto) -> None:
    since = core.now()
    async with listening(broker, f"{BASE}/#") as kometa, core.api.notifications() as shown:
        await announce(kometa)
        made = [await _copied(core, number, one) for number, one in enumerate(AUTOMATIONS)]
        await core.hears(broker)
        heist = {"collection": "Heist", "slug": "heist", "count": 1, "titles": ["Heat"]}
        await tell(kometa, "items_added", **heist)
        noir = {"collection": "Film Noir", "slug": "film-noir", "count": 2}
        await tell(kometa, "run_started", summary="A run began.")
        await tell(kometa, "items_added", **noir, titles=["Laura", "Rififi"])
        await core.api.until(lambda: shown, "the message")
        (note,) = shown.values()
        assert (note["title"], note["message"]) == ("New in Film Noir", "Laura, Rififi")

        await core.api.call("automation.trigger", made[1])
        command = await kometa.next_on(f"{BASE}/command")
        assert command.json() == {"command": "run", "max_evals": 2000}
    assert await core.complaints(since=since) == []


async def _copied(core: Core, number: int, automation: dict[str, Any]) -> str:
    state = await core.api.add_automation(f"page-{number}", **automation)
    return state.entity_id
