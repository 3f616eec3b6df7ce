"""A telephone with the Home Assistant app: it gets notifications, and their buttons are tapped."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.homeassistant.api import Api


@dataclass(slots=True)
class Phone:
    """A telephone; ``received`` is what came, newest last."""

    api: Api
    device_id: str
    webhook: str
    received: list[dict[str, Any]] = field(default_factory=list)

    async def next(self, after: int = 0) -> dict[str, Any]:
        """Return the notification that comes after ``after`` others, now or later."""
        await self.api.until(lambda: len(self.received) > after, "a notification")
        return self.received[after]

    async def tap(self, button: str) -> None:
        """Tap a button of a notification."""
        event = {
            "event_type": "mobile_app_notification_action",
            "event_data": {"action": button},
        }
        await self.api.post(f"webhook/{self.webhook}", {"type": "fire_event", "data": event})


@asynccontextmanager
async def phone(api: Api, name: str) -> AsyncIterator[Phone]:
    """Register a telephone, and hold its line open."""
    registered = await api.post(
        "mobile_app/registrations",
        {
            "device_id": name,
            "app_id": "app",
            "app_name": "App",
            "app_version": "1",
            "device_name": name,
            "manufacturer": "Maker",
            "model": "Model",
            "os_name": "OS",
            "os_version": "1",
            "supports_encryption": False,
            "app_data": {"push_websocket_channel": True},
        },
    )
    webhook = registered["webhook_id"]
    # Home Assistant answers before the device is there; its place on the map comes after it.
    await api.until(
        lambda: any(state.attributes.get("friendly_name") == name for state in api.states.values()),
        "the telephone's device",
    )
    device = (await api.devices())[name]
    mine = Phone(api, device["id"], webhook)
    number = await api.wire.subscribe(
        mine.received.append, "mobile_app/push_notification_channel", webhook_id=webhook
    )
    yield mine
    await api.ask("unsubscribe_events", subscription=number)
