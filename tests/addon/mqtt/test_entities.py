"""The device that Home Assistant discovers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

from addon.command import ALL, Command, Word
from addon.mqtt.activities import Activity
from addon.mqtt.collection_entities import components_of, removal, slugs_of
from addon.mqtt.commands import read_command
from addon.mqtt.entities import discovery
from addon.mqtt.payloads import collection_payload, state_payload
from addon.mqtt.topics import Topics
from addon.status import CollectionStatus, Doing, Status
from kometa_ai.domain.report import Phase, Result

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

TOPICS = Topics("home/kometa_ai", "homeassistant")
NAMES = (
    "Film Noir",
    "\"Quoted\" and 'quoted'",
    "{{ 1 / 0 }} {% raw %}",
    "黑色电影",
    "🎬🎬",
    "x" * 300,
    "",
    ALL,
    "None",
    "two\nlines \ud800",
)


def status_of(*names: str) -> Status:
    found = [
        CollectionStatus(name=name, slug=f"slug-{at}", tag=f"KAI-slug-{at}", threshold=0.7)
        for at, name in enumerate(names)
    ]
    return Status(collections={one.slug: one for one in found}, version="1.2.3")


def payload_of(*names: str) -> dict[str, Any]:
    return discovery(status_of(*names), TOPICS)


def components(*names: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = payload_of(*names)["components"]
    return found


def templates(*names: str) -> set[str]:
    return {
        value
        for component in components(*names).values()
        for key, value in component.items()
        if key.endswith("template")
    }


def test_the_device(snapshot: SnapshotAssertion) -> None:
    assert payload_of("Film Noir") == snapshot


def test_every_component_has_a_platform_and_an_id_of_its_own() -> None:
    found = components(*NAMES)
    assert {key: one["unique_id"] for key, one in found.items()} == {
        key: f"home_kometa_ai_{key}" for key in found
    }
    assert all(one["p"] for one in found.values())
    assert not any("object_id" in one for one in found.values())


def test_the_entities_are_those_of_the_contract() -> None:
    names: dict[str, set[str]] = {}
    for one in components().values():
        names.setdefault(one["p"], set()).add(one["name"] if "name" in one else one["type"])
    assert names == {
        "sensor": {
            *("Status", "Phase", "Progress", "Last run", "Next run", "Last result"),
            *("Last duration", "Added", "Removed", "Held", "Errors", "Movies", "Pending"),
            *("Cost of last run", "Cost this month", "Input tokens", "Output tokens"),
        },
        "binary_sensor": {"Running", "Problem", "Radarr", "Claude"},
        "button": {
            *("Run now", "Dry run", "Force refresh", "Cancel"),
            *("Approve held changes", "Decline held changes", "Undo last run", "Test notification"),
        },
        "select": {"Collection"},
        "switch": {"Schedule", "Dry-run mode"},
        "text": {"Cron"},
        "number": {"Monthly budget", "Maximum evaluations"},
        "event": {"Activity"},
        "device_automation": {one.value for one in Activity},
    }


def test_every_value_that_is_shown_is_in_the_state() -> None:
    known = state_payload(Status()).keys()
    for key, one in components().items():
        if one["p"] in {"sensor", "binary_sensor"}:
            assert key in known
    assert "members" in collection_payload(status_of("A").collections["slug-0"])


def test_an_enum_lists_every_word_that_can_come() -> None:
    found = components()
    assert set(found["status"]["options"]) == set(Doing)
    assert set(found["phase"]["options"]) == set(Phase)
    assert set(found["last_result"]["options"]) == {"never", *Result}


def test_every_button_and_setter_is_understood() -> None:
    values = {"select": "All", "switch": "ON", "text": "@daily", "number": "5.0"}
    seen = set()
    for one in components().values():
        if "command_topic" in one:
            sent = values.get(one["p"], "PRESS").encode()
            command = read_command(TOPICS, one["command_topic"], sent, retain=False)
            assert isinstance(command, Command)
            seen.add(command.word)
    assert seen == set(Word) - {Word.ESTIMATE, Word.PAUSE, Word.RESUME}


def test_the_button_of_a_collection_runs_that_one() -> None:
    run = components(*NAMES, "x" * 2000)
    sent = [
        read_command(TOPICS, one["command_topic"], one["payload_press"].encode(), retain=False)
        for key, one in run.items()
        if key.startswith("run_collection_")
    ]
    # What can't be said on one line, or would be too long to say, goes by its slug.
    called = [*NAMES[:6], "slug-6", *NAMES[7:9], "slug-9", "slug-10"]
    assert sent == [Command(Word.RUN, collections=(name,)) for name in called]


def test_what_the_select_offers_is_told_apart() -> None:
    offered = components(*NAMES)["collection"]["options"]
    assert offered == [ALL, *NAMES[:5], "slug-5", "slug-6", "slug-9"]


def test_a_name_shapes_no_key() -> None:
    before, after = components("Film Noir"), components("Film noir, renamed")
    assert before.keys() == after.keys()
    ids = [one["unique_id"] for one in before.values()]
    assert ids == [one["unique_id"] for one in after.values()]


def test_a_collection_can_be_called_like_anything_of_the_device() -> None:
    status = status_of("Status", "Run now")
    shadows = {
        slug: replace(one, slug=slug)
        for slug, one in zip(("now", "status"), status.collections.values(), strict=True)
    }
    found = discovery(replace(status, collections=shadows), TOPICS)
    assert len(components_of(found)) == len(components("A", "B"))


@given(names=st.lists(st.text(st.characters())))
def test_no_name_gets_into_a_template_nor_breaks_the_payload(names: list[str]) -> None:
    assert templates(*names) <= templates("A")
    payload = payload_of(*names)
    assert json.loads(json.dumps(payload, ensure_ascii=False).encode()) == payload
    for one in payload["components"].values():
        assert 0 < len(one.get("name", "-")) <= 104
    options = payload["components"]["collection"]["options"]
    assert len(set(options)) == len(options)
    assert all(0 < len(option) <= 255 for option in options)


def test_what_is_gone_is_reduced_to_its_platform_first() -> None:
    before, after = payload_of("Film Noir", "Heist"), payload_of("Film Noir")
    passing = removal(components_of(before), after)
    gone = {"collection_slug-1": {"p": "sensor"}, "run_collection_slug-1": {"p": "button"}}
    assert passing == {**after, "components": {**after["components"], **gone}}
    assert slugs_of(before) - slugs_of(after) == {"slug-1"}


def test_where_nothing_is_gone_nothing_is_taken_off() -> None:
    payload = payload_of("Film Noir")
    assert removal(components_of(payload), payload) == payload
    assert removal({}, payload) == payload


@pytest.mark.parametrize(
    "payload",
    [{}, {"components": None}, {"components": []}, {"components": {"a": 1, "b": {"p": 2}}}],
)
def test_a_payload_of_another_age_is_no_obstacle(payload: dict[str, object]) -> None:
    assert components_of(payload) == {}
    assert slugs_of(payload) == frozenset()
