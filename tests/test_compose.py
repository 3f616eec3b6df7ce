"""The compose file: the specification's volumes and environment, and nothing that is no setting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kometa_ai.settings import BY_ENV, RUN_NEEDS, load, missing

FILE = Path(__file__).parents[1] / "compose.yaml"
OF_THE_CONTAINER = {"PUID", "PGID"}
SPECIFIED = [
    "RADARR_URL",
    "RADARR_API_KEY",
    "CLAUDE_API_KEY",
    "SCHEDULE_INTERVAL",
    "SCHEDULE_START_TIME",
    "TZ",
    "SMTP_SERVER",
    "SMTP_PORT",
    "SMTP_USERNAME",
    "SMTP_PASSWORD",
    "SMTP_USE_TLS",
    "SMTP_USE_SSL",
    "NOTIFICATION_RECIPIENTS",
    "NOTIFICATION_FROM",
    "NOTIFY_ON_NO_CHANGES",
    "NOTIFY_ON_ERRORS_ONLY",
    "DEBUG_LOGGING",
]


@pytest.fixture
def service() -> dict[str, Any]:
    services: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text("utf-8"))["services"]
    return services["kometa-ai"]


def test_the_volumes_are_those_of_the_specification(service: dict[str, Any]) -> None:
    assert service["volumes"] == [
        "./kometa-config:/app/kometa-config",
        "./state:/app/state",
        "./logs:/app/logs",
    ]
    assert service["container_name"] == "kometa-ai"
    assert service["init"] is True


def test_every_variable_is_known(service: dict[str, Any]) -> None:
    names = set(service["environment"])
    assert names - OF_THE_CONTAINER <= set(BY_ENV)
    assert set(SPECIFIED) <= names
    assert all(isinstance(value, str) for value in service["environment"].values())


def test_as_it_is_only_what_must_be_filled_in_is_missing(service: dict[str, Any]) -> None:
    loaded = load(service["environment"], options_file=None)
    assert {fault.where for fault in missing(loaded.settings, RUN_NEEDS)} == {
        "RADARR_API_KEY",
        "CLAUDE_API_KEY",
    }


def test_what_stands_there_is_what_holds_without_it(service: dict[str, Any]) -> None:
    """Deleting a line changes nothing, but for Radarr's address."""
    with_all = load(service["environment"], options_file=None).settings
    with_one = load({"RADARR_URL": "http://radarr:7878"}, options_file=None).settings
    assert with_all == with_one


def test_older_engines_take_it(service: dict[str, Any]) -> None:
    """`start_interval` is no hint: before Docker 25 (on many a NAS) Compose starts nothing then."""
    assert "start_interval" not in service.get("healthcheck", {})
