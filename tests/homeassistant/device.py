"""Kometa-AI as Home Assistant sees it, published by hand: the names and topics of the design."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.listener import Listener

BASE = "kometa_ai"
DISCOVERY = "homeassistant/device/kometa_ai/config"
EVENTS = (
    *("run_started", "run_finished", "run_failed", "run_cancelled"),
    *("items_added", "items_removed", "changes_held", "budget_reached"),
)
STATE: dict[str, Any] = {
    "status": "idle",
    "running": False,
    "phase": "idle",
    "progress": 0,
    "last_run": "2025-04-06T03:00:00+02:00",
    "next_run": "2025-04-07T03:00:00+02:00",
    "last_result": "success",
    "last_duration": 12,
    "added": 3,
    "removed": 1,
    "held": 0,
    "errors": 0,
    "movies": 120,
    "pending": 4,
    "cost_last_run": 0.02,
    "cost_month": 0.4,
    "budget_month": 5,
    "input_tokens": 1000,
    "output_tokens": 100,
    "problem": False,
    "problem_reason": None,
    "problem_remedy": None,
    "radarr": True,
    "claude": True,
    "schedule_enabled": True,
    "dry_run_mode": False,
    "cron": "0 3 * * *",
    "max_evals": 0,
    "selected_collection": "All",
}
COLLECTION: dict[str, Any] = {
    "name": "Heist | plans",
    "members": 12,
    "pending": 1,
    "added": 2,
    "removed": 0,
    "held": 0,
    "last_added": ["Heat", "Rififi", "11:14 | Five"],
    "last_run": "2025-04-06T03:00:00+02:00",
    "threshold": 0.7,
    "cost_month": 0.1,
}
TIME = {"dev_cla": "timestamp"}
MONEY = {"dev_cla": "monetary", "unit_of_meas": "USD"}
COUNT = {"stat_cla": "measurement"}
# (platform, name, key in the state, what else discovery says)
SHOWN: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("sensor", "Status", "status", {"dev_cla": "enum", "ops": ["idle", "running", "paused"]}),
    ("sensor", "Phase", "phase", {}),
    ("sensor", "Progress", "progress", {"unit_of_meas": "%"}),
    ("sensor", "Last run", "last_run", TIME),
    ("sensor", "Next run", "next_run", TIME),
    ("sensor", "Last result", "last_result", {}),
    ("sensor", "Added", "added", COUNT),
    ("sensor", "Removed", "removed", COUNT),
    ("sensor", "Held", "held", COUNT),
    ("sensor", "Pending", "pending", COUNT),
    ("sensor", "Cost of last run", "cost_last_run", MONEY),
    ("sensor", "Cost this month", "cost_month", {**MONEY, "stat_cla": "total"}),
    ("binary_sensor", "Running", "running", {"dev_cla": "running"}),
    ("binary_sensor", "Problem", "problem", {"dev_cla": "problem"}),
    ("binary_sensor", "Radarr", "radarr", {"dev_cla": "connectivity"}),
    ("binary_sensor", "Claude", "claude", {"dev_cla": "connectivity"}),
)
SET: tuple[tuple[str, str, str, str, dict[str, Any]], ...] = (
    ("select", "Collection", "collection", "selected_collection", {"ops": ["All", "Heist"]}),
    ("switch", "Schedule", "schedule", "schedule_enabled", {}),
    ("switch", "Dry-run mode", "dry_run_mode", "dry_run_mode", {}),
    ("text", "Cron", "cron", "cron", {}),
    ("number", "Monthly budget", "monthly_budget", "budget_month", {"min": 0, "max": 1000}),
    ("number", "Maximum evaluations", "max_evals", "max_evals", {"min": 0, "max": 100000}),
)
PRESSED = (
    ("Run now", "run"),
    ("Dry run", "dry_run"),
    ("Force refresh", "force_refresh"),
    ("Cancel", "cancel"),
    ("Approve held changes", "approve"),
    ("Decline held changes", "decline"),
    ("Undo last run", "undo"),
)


def discovery() -> dict[str, Any]:
    """Return the device as it announces itself, with one collection."""
    parts: dict[str, dict[str, Any]] = {}
    for platform, name, key, more in SHOWN:
        parts[key] = {"p": platform, "name": name, "val_tpl": _value(platform, key), **more}
    parts["problem"] |= {
        "json_attr_t": f"{BASE}/state",
        "json_attr_tpl": "{{ {'reason': value_json.problem_reason,"
        " 'remedy': value_json.problem_remedy} | to_json }}",
    }
    for platform, name, word, key, more in SET:
        topic = f"{BASE}/command/{word}"
        parts[f"set_{word}"] = {
            "p": platform,
            "name": name,
            "cmd_t": topic,
            "val_tpl": _value(platform, key),
            **more,
        }
    for name, word in PRESSED:
        parts[f"press_{word}"] = {"p": "button", "name": name, "cmd_t": f"{BASE}/command/{word}"}
    parts["activity"] = {
        "p": "event",
        "name": "Activity",
        "stat_t": f"{BASE}/event",
        "evt_typ": list(EVENTS),
    }
    parts["collection_heist"] = {
        "p": "sensor",
        "name": "Heist",
        "stat_t": f"{BASE}/collections/heist",
        "val_tpl": "{{ value_json.members }}",
        "json_attr_t": f"{BASE}/collections/heist",
    }
    return {
        "dev": {"ids": [BASE], "name": "Kometa-AI"},
        "o": {"name": "Kometa-AI"},
        "avty_t": f"{BASE}/availability",
        "stat_t": f"{BASE}/state",
        "cmps": {key: {"uniq_id": f"{BASE}_{key}", **part} for key, part in parts.items()},
    }


def _value(platform: str, key: str) -> str:
    if platform in {"binary_sensor", "switch"}:
        return f"{{{{ 'ON' if value_json.{key} else 'OFF' }}}}"
    return f"{{{{ value_json.{key} }}}}"


async def announce(listener: Listener, **state: Any) -> None:
    """Publish the device, online and in a state."""
    await listener.say(DISCOVERY, discovery(), retain=True)
    await listener.say(f"{BASE}/availability", "online", retain=True)
    await listener.say(f"{BASE}/collections/heist", COLLECTION, retain=True)
    await show(listener, **state)


async def show(listener: Listener, **state: Any) -> None:
    """Publish the state, in part different from an idle one."""
    await listener.say(f"{BASE}/state", {**STATE, **state}, retain=True)


async def tell(listener: Listener, event_type: str, **more: Any) -> None:
    """Publish an event."""
    event = {"event_type": event_type, "run_id": "20250406-030000", "dry_run": False, **more}
    await listener.say(f"{BASE}/event", event)
