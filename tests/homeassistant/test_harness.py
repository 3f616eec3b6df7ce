"""The harness itself: what it sees of Home Assistant, and that it notices what is wrong."""

from __future__ import annotations

from signal import SIGKILL
from typing import TYPE_CHECKING, Any

import pytest

from tests.homeassistant.complaints import BROKER_GONE
from tests.homeassistant.core import home_assistant
from tests.homeassistant.wire import Refused
from tests.listener import listening
from tests.mosquitto import Login, mosquitto

if TYPE_CHECKING:
    from pathlib import Path

    from tests.homeassistant.core import Core
    from tests.mosquitto import Mosquitto

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),  # the first one to come may have to install Home Assistant
]


def lamp(name: str, **more: Any) -> dict[str, Any]:
    """Return the discovery of a device with a sensor, a button and an event."""
    return {
        "dev": {"ids": [name], "name": name.capitalize()},
        "o": {"name": "harness"},
        "cmps": {
            "level": {
                "p": "sensor",
                "name": "Level",
                "uniq_id": f"{name}_level",
                "stat_t": f"{name}/level",
                "unit_of_meas": "films",
                "stat_cla": "measurement",
            },
            "go": {
                "p": "button",
                "name": "Go",
                "uniq_id": f"{name}_go",
                "cmd_t": f"{name}/go",
            },
            "told": {
                "p": "event",
                "name": "Told",
                "uniq_id": f"{name}_told",
                "stat_t": f"{name}/told",
                "evt_typ": ["bell"],
            },
        },
        **more,
    }


async def test_a_device_is_seen_follows_and_answers(core: Core, broker: Mosquitto) -> None:
    since = core.now()
    async with listening(broker, "lamp/#") as listener:
        await listener.say("lamp/level", "3", retain=True)
        await listener.say("homeassistant/device/lamp/config", lamp("lamp"), retain=True)
        level = await core.api.state("sensor.lamp_level", "3")
        assert level.attributes["unit_of_measurement"] == "films"
        assert (await core.api.entities())["sensor.lamp_level"]["platform"] == "mqtt"
        assert (await core.api.devices())["Lamp"]["identifiers"] == [["mqtt", "lamp"]]

        await listener.say("lamp/level", "4", retain=True)
        await core.api.state("sensor.lamp_level", "4")
        assert [state and state.value for state in core.api.changes["sensor.lamp_level"]][-2:] == [
            "3",
            "4",
        ]

        await core.api.call("button.press", "button.lamp_go")
        assert (await listener.next_on("lamp/go")).text() == "PRESS"

        await listener.say("lamp/told", {"event_type": "bell", "summary": "Ding"})
        told = await core.api.state("event.lamp_told", lambda state: state.value != "unknown")
        assert told.attributes["summary"] == "Ding"
        assert await core.api.render("{{ states('sensor.lamp_level') | int + 1 }}") == "5"

        await listener.say("homeassistant/device/lamp/config", retain=True)
        await core.api.gone("sensor.lamp_level", "button.lamp_go", "event.lamp_told")
    assert core.api.changes["sensor.lamp_level"][-1] is None
    assert await core.complaints(since=since) == []
    assert await core.api.issues() == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        pytest.param({"colour": "red"}, "extra keys not allowed", id="a key that is unknown"),
        pytest.param({"o": {}}, "required key not provided", id="an origin without a name"),
    ],
)
async def test_a_wrong_discovery_is_a_complaint(
    core: Core, broker: Mosquitto, wrong: dict[str, Any], words: str
) -> None:
    since = core.now()
    async with listening(broker) as listener:
        await listener.say("homeassistant/device/bad/config", lamp("bad", **wrong))
        await core.program.says(words, since=since)
    complaints = await core.complaints(since=since)
    assert [(record.level, record.logger) for record in complaints] == [
        ("WARNING", "homeassistant.components.mqtt.discovery")
    ]
    assert "sensor.bad_level" not in core.api.states


async def test_a_wrong_state_is_a_complaint(core: Core, broker: Mosquitto) -> None:
    since = core.now()
    async with listening(broker) as listener:
        await listener.say("homeassistant/device/torch/config", lamp("torch"))
        await core.api.state("sensor.torch_level")
        await listener.say("torch/level", "bright", retain=True)
        await core.hears(broker)
        await listener.say("torch/level", retain=True)
        await listener.say("homeassistant/device/torch/config")
        await core.api.gone("sensor.torch_level")
    (record,) = await core.complaints(since=since)
    assert "non-numeric value: 'bright'" in record.text
    assert record.level == "ERROR"
    assert await core.complaints(r".*non-numeric value", since=since) == []


async def test_automations_and_templates_answer_for_their_faults(core: Core) -> None:
    with pytest.raises(Refused, match="400"):
        await core.api.add_automation("broken", triggers=[], actions=[{"action": "no_domain"}])
    with pytest.raises(AssertionError, match="not_there"):
        await core.api.render("{{ not_there + 1 }}")
    async with core.api.notifications() as shown:
        await core.api.add_automation(
            "bell",
            triggers=[{"trigger": "event", "event_type": "rung"}],
            actions=[{"action": "persistent_notification.create", "data": {"message": "Ding"}}],
        )
        await core.api.fire("rung")
        await core.api.until(lambda: shown, "a notification")
        assert [one["message"] for one in shown.values()] == ["Ding"]
    await core.api.remove_automation("bell")
    await core.api.gone("automation.bell")


async def test_both_come_back(tmp_path: Path) -> None:
    login = Login("ada", "pass")
    async with (
        mosquitto(tmp_path / "broker", login=login) as broker,
        home_assistant(tmp_path / "core") as core,
    ):
        await core.add_broker(broker)
        async with listening(broker) as listener:
            await listener.say("homeassistant/device/lamp/config", lamp("lamp"), retain=True)
            await listener.say("lamp/level", "3", retain=True)
            await core.api.state("sensor.lamp_level", "3")

        await core.restart()
        await core.api.state("sensor.lamp_level", "3")

        since = core.now()
        await broker.stop(SIGKILL, forget=True)
        await core.api.state("sensor.lamp_level", "unavailable")
        await broker.start()
        await core.api.state("sensor.lamp_level", "3")
        await core.hears(broker)
        async with listening(broker) as listener:
            await listener.say("mark")
            await listener.next_on("mark")
            assert [one for one in listener.heard if one.retained] == []
        assert await core.complaints(since=since) != []
        assert await core.complaints(*BROKER_GONE, since=since) == []
