"""Kometa-AI without a service behind it: its own payloads, published as a test commands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from addon.mqtt.entities import discovery
from addon.mqtt.payloads import collection_payload, state_payload
from addon.mqtt.topics import Topics
from addon.status import CollectionStatus, LastRun, Status
from kometa_ai.domain.report import Result

if TYPE_CHECKING:
    from tests.listener import Listener

BASE = "kometa_ai"
TOPICS = Topics(BASE, "homeassistant")
LONG_AGO = datetime(2025, 1, 1, 3, tzinfo=UTC)
LAST = LastRun("20250101-030000", LONG_AGO, Result.SUCCESS, 12.0, added=3, removed=1)
HEIST = CollectionStatus(
    name="Heist | plans",
    slug="heist",
    tag="KAI-heist",
    threshold=0.7,
    members=12,
    pending=1,
    last_added=("Heat", "Rififi", "11:14 | Five"),
)
IDLE = Status(
    last=LAST,
    collections={"heist": HEIST},
    collections_known=True,
    movies=120,
    next_run=LONG_AGO,
    cost_month=Decimal("0.4"),
    budget_month=Decimal(5),
    radarr=True,
    claude=True,
    cron="0 3 * * *",
)


async def announce(listener: Listener) -> None:
    """Publish the device, online and idle."""
    await listener.say(TOPICS.availability, "online", retain=True)
    await show(listener, IDLE)
    await listener.say(TOPICS.discovery, discovery(IDLE, TOPICS), retain=True)


async def show(listener: Listener, status: Status) -> None:
    """Publish a status."""
    await listener.say(TOPICS.state, state_payload(status), retain=True)
    for one in status.collections.values():
        await listener.say(TOPICS.collection(one.slug), collection_payload(one), retain=True)


async def leave(listener: Listener) -> None:
    """Say what the broker says when the service is gone."""
    await listener.say(TOPICS.availability, "offline", retain=True)


async def tell(listener: Listener, event_type: str, **more: Any) -> None:
    """Publish an event."""
    event = {"event_type": event_type, "run_id": "20250406-030000", "dry_run": False, **more}
    await listener.say(TOPICS.event, event)


def last_ran(at: datetime) -> Status:
    """Return an idle status whose last run was at a time."""
    return replace(IDLE, last=replace(LAST, at=at))
