"""The entities that the device always has, as data."""

from __future__ import annotations

from typing import Final

from addon.command import Word
from addon.command_schema import MOST_DOLLARS, MOST_EVALUATIONS
from addon.mqtt.components import (
    CONFIG,
    DIAGNOSTIC,
    MOVIES,
    USD,
    Component,
    Entity,
    attributes_of,
    value_of,
)
from addon.mqtt.payloads import NEVER
from addon.status import Doing
from addon.texts import STATE_LENGTH
from kometa_ai.domain.report import Phase, Result

MEASURED: Final = {"state_class": "measurement"}
TIME: Final = {"device_class": "timestamp"}
MONEY: Final = {"device_class": "monetary", "unit_of_measurement": USD}
TOKENS: Final = {"unit_of_measurement": "tokens", **DIAGNOSTIC}
# The month begins anew when its cost does. The last run says which month a cost belongs to: a state
# that is read again after a month's turn must not count a second time.
MONTH: Final = (
    "{% set told = value_json | default({}) %}"
    "{% if told.cost_month | default(0, true) and told.last_run | default('', true) %}"
    "{{ told.last_run[:7] }}{% else %}{{ now().strftime('%Y-%m') }}{% endif %}"
    "-01T00:00:00+00:00"
)


def _enum(*options: str) -> Component:
    return {"device_class": "enum", "options": [str(one) for one in options]}


SENSORS: Final = (
    Entity("sensor", "status", "Status", "mdi:robot", _enum(*Doing)),
    Entity("sensor", "phase", "Phase", "mdi:progress-wrench", _enum(*Phase)),
    Entity(
        "sensor",
        "progress",
        "Progress",
        "mdi:progress-clock",
        {"unit_of_measurement": "%", **MEASURED},
    ),
    Entity("sensor", "last_run", "Last run", "mdi:calendar-check", TIME),
    Entity("sensor", "next_run", "Next run", "mdi:calendar-clock", TIME),
    Entity(
        "sensor", "last_result", "Last result", "mdi:clipboard-check-outline", _enum(NEVER, *Result)
    ),
    Entity(
        "sensor",
        "last_duration",
        "Last duration",
        "mdi:timer-outline",
        {"device_class": "duration", "unit_of_measurement": "s"},
    ),
    Entity("sensor", "added", "Added", "mdi:movie-plus", {"unit_of_measurement": MOVIES}),
    Entity("sensor", "removed", "Removed", "mdi:movie-minus", {"unit_of_measurement": MOVIES}),
    Entity(
        "sensor", "held", "Held", "mdi:movie-check", {"unit_of_measurement": MOVIES, **MEASURED}
    ),
    Entity(
        "sensor",
        "errors",
        "Errors",
        "mdi:alert-circle-outline",
        {"unit_of_measurement": "errors", **DIAGNOSTIC},
    ),
    Entity("sensor", "movies", "Movies", "mdi:movie", {"unit_of_measurement": MOVIES, **MEASURED}),
    Entity(
        "sensor",
        "pending",
        "Pending",
        "mdi:tray-full",
        {"unit_of_measurement": "evaluations", **MEASURED},
    ),
    Entity(
        "sensor",
        "cost_last_run",
        "Cost of last run",
        "mdi:cash",
        {**MONEY, "suggested_display_precision": 4},
    ),
    Entity(
        "sensor",
        "cost_month",
        "Cost this month",
        "mdi:cash-multiple",
        {
            **MONEY,
            "state_class": "total",
            "last_reset_value_template": MONTH,
            "suggested_display_precision": 2,
        },
    ),
    Entity("sensor", "input_tokens", "Input tokens", "mdi:text-box-outline", TOKENS),
    Entity("sensor", "output_tokens", "Output tokens", "mdi:text-box-check-outline", TOKENS),
)
BINARY_SENSORS: Final = (  # without icons of their own: theirs follow the state
    Entity("binary_sensor", "running", "Running", "", {"device_class": "running"}),
    Entity(
        "binary_sensor",
        "problem",
        "Problem",
        "",
        {"device_class": "problem", **DIAGNOSTIC},
    ),
    Entity(
        "binary_sensor",
        "radarr",
        "Radarr",
        "",
        {"device_class": "connectivity", **DIAGNOSTIC},
    ),
    Entity(
        "binary_sensor",
        "claude",
        "Claude",
        "",
        {"device_class": "connectivity", **DIAGNOSTIC},
    ),
)
ATTRIBUTES: Final = {
    "status": attributes_of(
        run_id="run_id",
        would_add="would_add",
        would_remove="would_remove",
        last_error="last_error",
        version="version",
    ),
    "phase": attributes_of(detail="phase_detail"),
    "problem": attributes_of(reason="problem_reason", remedy="problem_remedy"),
    "cost_last_run": attributes_of(second_opinions="cost_last_run_review"),
}
BUTTONS: Final = (
    Entity("button", Word.RUN.value, "Run now", "mdi:play-circle", {}),
    Entity("button", Word.DRY_RUN.value, "Dry run", "mdi:test-tube", {}),
    Entity("button", Word.FORCE_REFRESH.value, "Force refresh", "mdi:refresh", {}),
    Entity("button", Word.CANCEL.value, "Cancel", "mdi:cancel", CONFIG),
    Entity("button", Word.APPROVE.value, "Approve held changes", "mdi:check", {}),
    Entity("button", Word.DECLINE.value, "Decline held changes", "mdi:close", {}),
    Entity("button", Word.UNDO.value, "Undo last run", "mdi:undo", CONFIG),
    Entity(
        "button", Word.TEST_NOTIFICATION.value, "Test notification", "mdi:bell-ring", DIAGNOSTIC
    ),
)
BOX: Final = {"mode": "box", "min": 0, **CONFIG}
SETTERS: Final = (
    Entity(
        "select",
        Word.COLLECTION.value,
        "Collection",
        "mdi:filmstrip-box-multiple",
        {"value_template": value_of("selected_collection")},
    ),
    Entity(
        "switch",
        Word.SCHEDULE.value,
        "Schedule",
        "mdi:calendar-clock",
        {"value_template": value_of("schedule_enabled"), **CONFIG},
    ),
    Entity(
        "switch",
        Word.DRY_RUN_MODE.value,
        "Dry-run mode",
        "mdi:test-tube",
        {"value_template": value_of("dry_run_mode"), **CONFIG},
    ),
    Entity(
        "text",
        Word.CRON.value,
        "Cron",
        "mdi:calendar-edit",
        {
            # A text entity would show the word None.
            "value_template": "{{ (value_json | default({})).cron | default('', true) }}",
            "max": STATE_LENGTH,
            **CONFIG,
        },
    ),
    Entity(
        "number",
        Word.MONTHLY_BUDGET.value,
        "Monthly budget",
        "mdi:cash-lock",
        {
            "value_template": value_of("budget_month"),
            "step": 0.01,
            "max": MOST_DOLLARS,
            **MONEY,
            **BOX,
        },
    ),
    Entity(
        "number",
        Word.MAX_EVALS.value,
        "Maximum evaluations",
        "mdi:counter",
        {
            "value_template": value_of("max_evals"),
            "step": 1,
            "unit_of_measurement": "evaluations",
            "max": MOST_EVALUATIONS,
            **BOX,
        },
    ),
)
# How Home Assistant prints JSON's true and false; the switches still send ON and OFF.
PRINTED: Final = {
    "binary_sensor": {"payload_on": "True", "payload_off": "False"},
    "switch": {"state_on": "True", "state_off": "False"},
}
