"""Where everything is published and heard."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies as st

from addon.mqtt.topics import Topics

TOPICS = Topics("home/kometa_ai", "homeassistant")


def test_the_topics_are_those_of_the_contract() -> None:
    assert TOPICS.availability == "home/kometa_ai/availability"
    assert TOPICS.state == "home/kometa_ai/state"
    assert TOPICS.event == "home/kometa_ai/event"
    assert TOPICS.command == "home/kometa_ai/command"
    assert TOPICS.command_of("run") == "home/kometa_ai/command/run"
    assert TOPICS.response == "home/kometa_ai/response"
    assert TOPICS.collection("film-noir") == "home/kometa_ai/collections/film-noir"
    assert TOPICS.discovery == "homeassistant/device/home_kometa_ai/config"


@pytest.mark.parametrize(
    ("base", "device_id"),
    [
        ("kometa_ai", "kometa_ai"),
        ("Kometa-AI", "_ometa___"),
        ("home/films 2", "home_films_2"),
        ("küche", "k_che"),
    ],
)
def test_a_device_id_is_the_base_topic_made_harmless(base: str, device_id: str) -> None:
    assert Topics(base, "homeassistant").device_id == device_id


@given(base=st.text(min_size=1))
def test_home_assistant_takes_every_device_id(base: str) -> None:
    assert re.fullmatch("[a-z0-9_]+", Topics(base, "homeassistant").device_id)


def test_a_birth_is_heard_once_on_each_topic() -> None:
    assert TOPICS.births == ("homeassistant/status",)
    assert Topics("kometa_ai", "ha").births == ("ha/status", "homeassistant/status")
