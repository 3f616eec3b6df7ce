"""Collections that are called as no collection should be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.guard import sure
from tests.homeassistant.device import COLLECTION, device
from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

    from tests.homeassistant.core import Core
    from tests.mosquitto import Mosquitto

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),  # the first one to come may have to install Home Assistant
]

LONG = "Long " * 60
SHOWN = f"{LONG[:99].rstrip()}…"
# By the slug of the tag: those whose names differ in case only stand in the worst order.
NAMES = {
    "quotes": """The "good", the 'bad' & the \\ugly\\""",
    "braces": "{{ states('sun.sun') }} {% raise %} {# gone #}",
    "emoji": "😀 Smiles #1 / + $",
    "chinese": "武侠电影",
    "long": LONG.strip(),
    "all": "All",
    "none": "None",
    "cosy-2": "COSY",
    "cosy": "Cosy",
    "cosy-3": "Cosy!",
    "sensor": "Status",
}
PRESSED = ("cosy", "cosy-2", "cosy-3", "quotes", "braces", "chinese", "long", "all", "none")
NUMBERS = {slug: number for number, slug in enumerate(NAMES, 1)}


async def test_they_work_and_home_assistant_takes_no_offence(
    core: Core, broker: Mosquitto, tmp_path: Path
) -> None:
    movies = [movie(number) for number in range(1, len(NAMES) + 1)]
    chances = {name: sure(NUMBERS[slug]) for slug, name in NAMES.items()}
    shown = {**NAMES, "long": SHOWN}
    async with World(tmp_path, movies, chances) as world:
        world.write(
            *(
                block(json.dumps(name, ensure_ascii=False), tag=f"KAI-{slug}", prompt=f"Of {slug}")
                for slug, name in NAMES.items()
            )
        )

        def tagged() -> dict[str, set[int]]:
            found = {slug: world.radarr.members(f"kai-{slug}") for slug in NAMES}
            return {slug: numbers for slug, numbers in found.items() if numbers}

        async with device(core, broker, world, *shown.values()) as one:
            wanted: dict[str, set[int]] = {}
            for slug in PRESSED:
                await core.api.call("button.press", await _button(core, slug))
                ending = await one.ended(len(wanted))
                assert ending.attributes["result"] == "success", slug
                wanted[slug] = {NUMBERS[slug]}
                assert tagged() == wanted, slug

            options = core.api.states[COLLECTION].attributes["options"]
            # Home Assistant could not tell the two called All and None from what it means by them.
            assert len(options) == len(set(options)) == 1 + len(NAMES) - 2
            assert options[0] == "All"
            await one.select(NAMES["emoji"])
            await one.run()
            assert tagged() == wanted | {"emoji": {NUMBERS["emoji"]}}
            await one.select("All")
            await one.run()
            assert tagged() == {slug: {number} for slug, number in NUMBERS.items()}

            sensors = {
                state.attributes["friendly_name"]: (state.value, state.attributes["name"])
                for state in core.api.states.values()
                if "threshold" in state.attributes
            }
            assert sensors == {
                f"Kometa-AI {shown[slug]}": ("1", _short(name)) for slug, name in NAMES.items()
            }
    assert await core.complaints() == []
    assert await core.api.issues() == []


def _short(name: str) -> str:
    return name if len(name) <= 255 else f"{name[:254].rstrip()}…"


async def _button(core: Core, slug: str) -> str:
    """Return the id of a collection's button."""
    return next(
        key
        for key, entry in (await core.api.entities()).items()
        if entry["unique_id"] == f"kometa_ai_run_collection_{slug}"
    )
