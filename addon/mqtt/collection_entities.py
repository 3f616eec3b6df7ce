"""What each collection adds to the device, and how what is gone is taken off it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from addon.command import Word
from addon.mqtt.choices import handles
from addon.mqtt.components import ALL_ATTRIBUTES, MOVIES, Component, value_of
from addon.texts import cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from addon.mqtt.topics import Topics
    from addon.status import CollectionStatus

SENSOR: Final = "collection_"
BUTTON: Final = "run_collection_"
NAME_LENGTH: Final = 100
"""Characters of an entity's name; Home Assistant makes the entity's id of it as well."""
HANDLE_SIZE: Final = 1024
"""Bytes of a name that a command may carry; a longer one goes by its slug."""


def collection_components(
    collections: Mapping[str, CollectionStatus], topics: Topics
) -> Iterator[tuple[str, Component]]:
    """Return the components of every collection, by their stable keys."""
    called = handles(collections)
    for slug, one in collections.items():
        name = cut(one.name, NAME_LENGTH) or slug
        topic = topics.collection(slug)
        handle = called[slug] if len(called[slug].encode()) <= HANDLE_SIZE else slug
        yield (
            f"{SENSOR}{slug}",
            {
                "p": "sensor",
                "name": name,
                "icon": "mdi:filmstrip-box-multiple",
                "unit_of_measurement": MOVIES,
                "state_class": "measurement",
                "state_topic": topic,
                "value_template": value_of("members"),
                "json_attributes_topic": topic,
                "json_attributes_template": ALL_ATTRIBUTES,
            },
        )
        yield (
            f"{BUTTON}{slug}",
            {
                "p": "button",
                "name": f"Run {name}",
                "icon": "mdi:play-circle-outline",
                "command_topic": topics.command,
                # Home Assistant sends this as it stands; only a command_template is a template.
                "payload_press": json.dumps(
                    {"command": Word.RUN, "collection": handle}, ensure_ascii=False
                ),
            },
        )


def components_of(payload: Mapping[str, object]) -> dict[str, str]:
    """Return the platform of every component of a device payload, by its key.

    The payload may be one that the broker kept from an older version, so nothing of it is taken
    for granted.
    """
    components = payload.get("components")
    if not isinstance(components, dict):
        return {}
    return {
        str(key): component["p"]
        for key, component in components.items()
        if isinstance(component, dict) and isinstance(component.get("p"), str)
    }


def slugs_of(payload: Mapping[str, object]) -> frozenset[str]:
    """Return the slugs of the collections that a device payload announces."""
    return frozenset(
        key.removeprefix(SENSOR)
        for key, platform in components_of(payload).items()
        if key.startswith(SENSOR) and platform == "sensor"
    )


def removal(old_components: Mapping[str, str], payload: Mapping[str, object]) -> dict[str, object]:
    """Return the payload that also takes off what it no longer holds.

    ``old_components`` is what ``components_of`` said of the payload before. A component that is
    merely left out would stay in Home Assistant; one that is reduced to its platform goes.
    """
    components = payload.get("components")
    kept = components if isinstance(components, dict) else {}
    gone = {key: {"p": platform} for key, platform in old_components.items() if key not in kept}
    return {**payload, "components": {**kept, **gone}}
