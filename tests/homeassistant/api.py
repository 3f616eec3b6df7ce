"""Home Assistant as its web page sees it: states, registries, actions, automations."""

from __future__ import annotations

from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from tests.homeassistant.wire import Refused, Wire
from tests.outside import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from aiohttp import ClientResponse, ClientSession

T = TypeVar("T")
FINE = {200, 201}


@dataclass(frozen=True, slots=True)
class State:
    """An entity's state at one moment."""

    entity_id: str
    value: str
    attributes: Mapping[str, Any]


@dataclass(slots=True)
class Api:
    """A user who is logged in. An entity that goes leaves ``states``, and a None in ``changes``."""

    session: ClientSession
    wire: Wire
    states: dict[str, State] = field(default_factory=dict)
    changes: dict[str, list[State | None]] = field(default_factory=lambda: defaultdict(list))

    async def get(self, path: str) -> Any:
        async with self.session.get(f"/api/{path}") as response:
            return await body(response)

    async def post(self, path: str, data: object = None) -> Any:
        async with self.session.post(f"/api/{path}", json=data) as response:
            return await body(response)

    async def delete(self, path: str) -> Any:
        async with self.session.delete(f"/api/{path}") as response:
            return await body(response)

    async def ask(self, kind: str, **fields: Any) -> Any:
        """Send a WebSocket command and return its result."""
        return await self.wire.ask(kind, **fields)

    async def call(self, action: str, entity_id: str | None = None, **data: Any) -> None:
        """Call an action (``button.press``), on an entity if one is named."""
        domain, service = action.split(".")
        fields: dict[str, Any] = {"domain": domain, "service": service, "service_data": data}
        if entity_id is not None:
            fields["target"] = {"entity_id": entity_id}
        await self.ask("call_service", **fields)

    async def fire(self, event: str, **data: Any) -> None:
        """Fire an event, as a telephone does when a button on its notification is tapped."""
        await self.post(f"events/{event}", data)

    def events(self, kind: str) -> AbstractAsyncContextManager[list[Any]]:
        """Collect the events of a kind while the block lasts."""
        return self.wire.subscribed("subscribe_events", event_type=kind)

    def messages(self, topic: str) -> AbstractAsyncContextManager[list[Any]]:
        """Collect the MQTT messages that Home Assistant hears on a topic."""
        return self.wire.subscribed("mqtt/subscribe", topic=topic)

    async def render(self, template: str) -> str:
        """Return what a template comes to, now; a warning in it is a failure."""
        fields = {"template": template, "strict": True, "report_errors": True}
        async with self.wire.subscribed("render_template", **fields) as events:
            await self.until(lambda: events, "a template's result")
        assert "result" in events[0], events[0]
        return str(events[0]["result"])

    # --- what it holds

    async def entities(self) -> dict[str, dict[str, Any]]:
        """Return the entity registry, by entity id."""
        found = await self.ask("config/entity_registry/list")
        return {entry["entity_id"]: entry for entry in found}

    async def devices(self) -> dict[str, dict[str, Any]]:
        """Return the device registry, by name."""
        found = await self.ask("config/device_registry/list")
        return {entry["name"]: entry for entry in found}

    async def issues(self) -> list[dict[str, Any]]:
        """Return what the page of repairs shows."""
        return list((await self.ask("repairs/list_issues"))["issues"])

    @asynccontextmanager
    async def notifications(self) -> AsyncIterator[dict[str, dict[str, Any]]]:
        """Keep the persistent notifications, by id, current while the block lasts."""
        shown: dict[str, dict[str, Any]] = {}

        def take(event: Any) -> None:
            if event["type"] == "removed":
                for number in event["notifications"]:
                    shown.pop(number, None)
            else:
                shown.update(event["notifications"])

        number = await self.wire.subscribe(take, "persistent_notification/subscribe")
        yield shown
        await self.ask("unsubscribe_events", subscription=number)

    # --- automations

    async def add_automation(self, name: str, **content: Any) -> State:
        """Save an automation as the editor does, and wait until it is there."""
        await self.post(f"config/automation/config/{name}", {"alias": name, **content})

        def mine(state: State) -> bool:
            return state.attributes.get("id") == name

        return await self.until(
            lambda: next(filter(mine, self.states.values()), None), f"the automation {name}"
        )

    async def use_blueprint(self, name: str, path: str, **inputs: Any) -> State:
        """Make an automation of a blueprint, as the form of the blueprint does."""
        return await self.add_automation(name, use_blueprint={"path": path, "input": inputs})

    async def remove_automation(self, name: str) -> None:
        await self.delete(f"config/automation/config/{name}")

    # --- waiting

    async def until(
        self, condition: Callable[[], T | None], awaited: str, patience: float = PATIENCE
    ) -> T:
        """Wait until a condition holds; it is looked at again whenever anything happens."""
        return await self.wire.until(condition, awaited, patience)

    async def state(
        self,
        entity_id: str,
        wanted: str | Callable[[State], object] | None = None,
        patience: float = PATIENCE,
    ) -> State:
        """Wait until an entity is there, and is as wanted (by its value, or by a condition)."""

        def there() -> State | None:
            state = self.states.get(entity_id)
            if state is None or wanted is None:
                return state
            fits = state.value == wanted if isinstance(wanted, str) else wanted(state)
            return state if fits else None

        try:
            return await self.until(there, entity_id, patience)
        except AssertionError:
            state = self.states.get(entity_id)
            raise AssertionError(f"{entity_id} never was {wanted}: it is {state}") from None

    async def gone(self, *entity_ids: str) -> None:
        """Wait until entities are no more."""
        await self.until(
            lambda: not any(one in self.states for one in entity_ids), f"{entity_ids} to go"
        )

    async def follow(self) -> None:
        """Keep ``states`` and ``changes`` current from now on."""

        def take(event: Any) -> None:
            self._note(event["data"]["entity_id"], event["data"]["new_state"])

        await self.wire.subscribe(take, "subscribe_events", event_type="state_changed")
        for state in await self.ask("get_states"):
            self._note(state["entity_id"], state)

    def _note(self, entity_id: str, data: Mapping[str, Any] | None) -> None:
        if data is None:
            self.states.pop(entity_id, None)
            self.changes[entity_id].append(None)
        else:
            state = State(entity_id, data["state"], data["attributes"])
            self.states[entity_id] = state
            self.changes[entity_id].append(state)


async def body(response: ClientResponse) -> Any:
    """Return what an answer holds; a refusal is raised with its words."""
    if response.status not in FINE:
        asked = f"{response.method} {response.url.path}"
        raise Refused(asked, str(response.status), await response.text())
    return await response.json() if response.content_type == "application/json" else None
