"""The device as Home Assistant discovers it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from addon.command import ALL
from addon.mqtt.activities import Activity
from addon.mqtt.choices import choices
from addon.mqtt.collection_entities import collection_components
from addon.mqtt.components import Component, Entity, value_of
from addon.mqtt.own_entities import ATTRIBUTES, BINARY_SENSORS, BUTTONS, PRINTED, SENSORS, SETTERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from addon.mqtt.topics import Topics
    from addon.status import Status

NAME: Final = "Kometa-AI"


def discovery(status: Status, topics: Topics) -> dict[str, object]:
    """Return the payload that announces the device with every entity it has now."""
    named = topics.device_id
    components = dict(_components(status, topics))
    return {
        "device": {
            "identifiers": [named],
            "name": NAME,
            "manufacturer": NAME,
            "model": "Collections from wishes in plain words",
            "sw_version": status.version,
        },
        "origin": {"name": NAME, "sw_version": status.version},
        "availability_topic": topics.availability,
        "components": {
            key: {**component, "unique_id": f"{named}_{key}"}
            for key, component in components.items()
        },
    }


def _components(status: Status, topics: Topics) -> Iterator[tuple[str, Component]]:
    state = {"state_topic": topics.state}
    for one in (*SENSORS, *BINARY_SENSORS):
        component = _named(one) | {"value_template": value_of(one.key)} | state
        if one.key in ATTRIBUTES:
            component["json_attributes_topic"] = topics.state
            component["json_attributes_template"] = ATTRIBUTES[one.key]
        yield one.key, component
    for one in BUTTONS:
        yield one.key, _named(one) | {"command_topic": topics.command_of(one.key)}
    for one in SETTERS:
        component = _named(one) | {"command_topic": topics.command_of(one.key)} | state
        if one.platform == "select":
            component["options"] = [ALL, *choices(status).values()]
        yield one.key, component
    yield from _activities(topics)
    yield from collection_components(status.collections, topics)


def _named(one: Entity) -> Component:
    return {
        "p": one.platform,
        "name": one.name,
        **({"icon": one.icon} if one.icon else {}),
        **PRINTED.get(one.platform, {}),
        **one.more,
    }


def _activities(topics: Topics) -> Iterator[tuple[str, Component]]:
    """Announce the activities twice: as an entity, and as triggers that need no template."""
    yield (
        "activity",
        {
            "p": "event",
            "name": "Activity",
            "icon": "mdi:history",
            "event_types": [one.value for one in Activity],
            "state_topic": topics.event,
        },
    )
    for activity in Activity:
        yield (
            f"trigger_{activity.value}",
            {
                "p": "device_automation",
                "automation_type": "trigger",
                "type": activity.value,
                "subtype": "activity",
                "topic": topics.event,
                "payload": activity.value,
                "value_template": value_of("event_type"),
            },
        )
