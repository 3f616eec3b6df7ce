"""What is published and when, and what comes in: a real Mosquitto, and a clock held still."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import timedelta
from signal import SIGCONT, SIGSTOP
from typing import TYPE_CHECKING

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from addon.mqtt.collection_entities import components_of
from addon.mqtt.session import AT_ONCE, WAITING_EVENTS
from tests.bridging import TOPICS, Bridged, address, bridged, finished, live, status
from tests.clock import FakeClock
from tests.listener import Listener, listening
from tests.mosquitto import Mosquitto, mosquitto

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

STATE, EVENT, COMMAND, RESPONSE = TOPICS.state, TOPICS.event, TOPICS.command, TOPICS.response
BIRTH = "homeassistant/status"
FAR = timedelta(seconds=60)


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


async def settled(ear: Listener) -> None:
    """Wait until everything that was published by now is heard."""
    before = len(ear.on("mark"))
    await ear.say("mark")
    await ear.next_on("mark", before)


async def begun(one: Bridged, ear: Listener, *slugs: str) -> None:
    """Show a first picture and wait until it is out."""
    one.bridge.show(status(*slugs))
    await ear.next_on(STATE)
    await one.connected()


def numbers(ear: Listener) -> list[int]:
    return [int(heard.json()["run_id"]) for heard in ear.on(EVENT)]


async def test_a_state_is_retained_and_only_sent_when_it_changed(broker: Mosquitto) -> None:
    async with listening(broker) as ear, bridged(address(broker)) as one:
        await begun(one, ear, "noir")
        one.bridge.show(status("noir"))
        one.bridge.show(status("noir", movies=5))
        await ear.next_on(STATE, 1)
        one.bridge.show(status("noir", movies=5))
        one.bridge.show(status("noir", "cosy", movies=6))
        await ear.next_on(STATE, 2)
        await ear.next_on(TOPICS.collection("cosy"))
        await settled(ear)
        assert len(ear.on(STATE)) == 3
        assert len(ear.on(TOPICS.collection("noir"))) == 1
        assert len(ear.on(TOPICS.discovery)) == 2
    async with listening(broker) as late:
        assert (await late.next_on(STATE)).retained
        assert (await late.next_on(TOPICS.collection("noir"))).retained
        assert (await late.next_on(TOPICS.discovery)).retained


async def test_a_run_sends_one_state_a_second_but_its_ends_at_once(broker: Mosquitto) -> None:
    async with listening(broker) as ear, bridged(address(broker)) as one:
        await begun(one, ear)
        one.bridge.show(status(live=live(0)))
        await ear.next_on(STATE, 1)  # the start: at once
        for progress in range(1, 50):
            one.bridge.show(status(live=live(progress)))
            await one.clock.settle()
        await one.until(lambda: one.clock.sleeping)
        await settled(ear)
        assert len(ear.on(STATE)) == 2
        await one.clock.advance(timedelta(seconds=0.9))
        await settled(ear)
        assert len(ear.on(STATE)) == 2
        await one.clock.advance(timedelta(seconds=0.2))
        assert (await ear.next_on(STATE, 2)).json()["progress"] == 49
        one.bridge.show(status(live=live(60, cancelling=True)))
        assert (await ear.next_on(STATE, 3)).json()["status"] == "cancelling"
        one.bridge.show(status())  # the end: at once
        assert (await ear.next_on(STATE, 4)).json()["status"] == "idle"


async def test_events_come_after_the_state_and_are_not_retained(broker: Mosquitto) -> None:
    async with listening(broker) as ear, bridged(address(broker)) as one:
        await begun(one, ear)
        await one.clock.advance(FAR)
        one.bridge.show(status(movies=5))
        one.bridge.tell(finished(1))
        event = await ear.next_on(EVENT)
        assert not event.retained
        assert ear.heard.index(event) > ear.heard.index(await ear.next_on(STATE, 1))
    assert any(
        "PUBLISH" in line and "q1, r0" in line and EVENT in line for line in broker.program.lines
    )
    async with listening(broker) as late:
        await settled(late)
        assert late.on(EVENT) == []


async def test_a_state_comes_before_the_event_that_tells_of_it(broker: Mosquitto) -> None:
    async with listening(broker) as ear, bridged(address(broker)) as one:
        await begun(one, ear)
        await one.clock.advance(FAR)
        broker.program.send(SIGSTOP)
        try:
            one.bridge.tell(finished(1))
            await one.clock.settle()  # it is being published, and not acknowledged yet
            one.bridge.show(status(movies=5))
            one.bridge.tell(finished(2))
        finally:
            broker.program.send(SIGCONT)
        event = await ear.next_on(EVENT, 1)
        assert ear.heard.index(event) > ear.heard.index(await ear.next_on(STATE, 1))


async def test_who_meets_us_first_has_a_second_to_subscribe(broker: Mosquitto) -> None:
    async with listening(broker) as ear, bridged(address(broker)) as one:
        await begun(one, ear)
        one.bridge.tell(finished(1))
        await one.until(lambda: one.clock.sleeping)
        await settled(ear)
        assert ear.on(EVENT) == []
        await one.clock.advance(timedelta(seconds=1.1))
        await ear.next_on(EVENT)
    async with listening(broker) as ear, bridged(address(broker)) as one:
        await begun(one, ear)
        one.bridge.tell(finished(2))  # known from before: at once
        await ear.next_on(EVENT)


async def test_events_wait_for_the_broker_and_then_for_home_assistant(broker: Mosquitto) -> None:
    await broker.stop()
    async with bridged(address(broker)) as one:
        one.bridge.show(status())
        await one.until(lambda: one.clock.sleeping)
        for number in range(WAITING_EVENTS + 7):
            one.bridge.tell(finished(number))
        await broker.start()
        async with listening(broker) as ear:
            await one.clock.advance(timedelta(seconds=1))
            await ear.next_on(STATE)
            await one.until(lambda: one.clock.sleeping)
            await one.clock.advance(timedelta(seconds=14))
            await settled(ear)
            assert ear.on(EVENT) == []
            await ear.say(BIRTH, "online")
            await one.until(lambda: 3.0 in one.clock.sleeps)
            await one.clock.advance(timedelta(seconds=2.9))
            await settled(ear)
            assert len(ear.on(STATE)) == 1
            await one.clock.advance(timedelta(seconds=0.2))
            await ear.next_on(STATE, 1)
            assert ear.on(EVENT) == []
            await one.until(lambda: one.clock.sleeping)
            await one.clock.advance(timedelta(seconds=1))
            await ear.until(lambda _: len(ear.on(EVENT)) == WAITING_EVENTS)
            assert numbers(ear) == list(range(7, WAITING_EVENTS + 7))


async def test_without_a_birth_events_go_out_after_twenty_seconds(broker: Mosquitto) -> None:
    async with bridged(address(broker)) as one:
        one.bridge.show(status())
        await one.connected()
        await broker.restart()
        await one.until(lambda: one.clock.sleeping)
        await one.clock.advance(timedelta(seconds=1))
        await one.connected()
        async with listening(broker) as ear:
            # Told after the return, when Home Assistant has not found back yet.
            one.bridge.tell(finished(1))
            await one.until(lambda: one.clock.sleeping)
            await one.clock.advance(timedelta(seconds=19))
            await settled(ear)
            assert ear.on(EVENT) == []
            await one.clock.advance(timedelta(seconds=1))
            await ear.next_on(EVENT)


async def test_a_birth_brings_everything_again(broker: Mosquitto) -> None:
    async with listening(broker) as ear, bridged(address(broker)) as one:
        await begun(one, ear, "noir")
        await settled(ear)
        before = len(ear.on(TOPICS.discovery))
        await ear.say(BIRTH, "offline")
        await ear.say(BIRTH, "online", retain=True)  # live, though the broker keeps it
        await one.until(lambda: 3.0 in one.clock.sleeps)
        await one.clock.advance(timedelta(seconds=3))
        await ear.next_on(TOPICS.discovery, before)
        await ear.next_on(STATE, 1)
        await ear.next_on(TOPICS.collection("noir"), 1)
        assert one.commands == []


def _last_steps(ear: Listener) -> list[str]:
    """Return what was said of Cosy, as words, in order."""
    steps = []
    for heard in ear.heard:
        if heard.topic == TOPICS.discovery and heard.payload:
            found = heard.json()["components"].get("collection_cosy")
            steps.append("gone" if found is None else "reduced" if set(found) == {"p"} else "there")
        elif heard.topic == TOPICS.collection("cosy"):
            steps.append("state" if heard.payload else "emptied")
    return steps


async def test_a_collection_that_goes_goes_in_order(broker: Mosquitto) -> None:
    async with listening(broker) as ear, bridged(address(broker)) as one:
        await begun(one, ear, "noir", "cosy")
        await ear.next_on(TOPICS.collection("cosy"))
        one.bridge.show(status("noir"))
        await ear.next_on(TOPICS.collection("cosy"), 1)
        assert _last_steps(ear) == ["there", "state", "reduced", "gone", "emptied"]
        assert "collection_noir" in components_of(ear.on(TOPICS.discovery)[-1].json())
        one.bridge.show(status("noir", "cosy"))
        await ear.next_on(TOPICS.collection("cosy"), 2)


async def test_a_collection_of_an_earlier_life_goes_when_the_files_are_read(
    broker: Mosquitto,
) -> None:
    async with listening(broker) as ear, bridged(address(broker)) as one:
        await begun(one, ear, "noir", "cosy")
        await ear.next_on(TOPICS.collection("cosy"))
    async with listening(broker) as ear, bridged(address(broker)) as one:
        one.bridge.show(status(known=False))
        await ear.until(lambda _: len(ear.on(TOPICS.discovery)) > 1)
        one.bridge.show(status("noir", known=False))
        await ear.until(lambda _: len(ear.on(TOPICS.discovery)) > 2)
        await settled(ear)
        assert set(_last_steps(ear)) == {"state", "there"}
        one.bridge.show(status("noir"))
        await ear.until(lambda _: _last_steps(ear)[-1] == "emptied")
        assert _last_steps(ear)[-3:] == ["reduced", "gone", "emptied"]
    async with listening(broker) as late:
        await settled(late)
        assert late.on(TOPICS.collection("cosy")) == []


@pytest.mark.parametrize("kept", [b"\xff\xfe", b"[]", b'{"components": [1]}', b"{", b"[" * 100_000])
async def test_rubbish_in_our_place_is_overwritten(broker: Mosquitto, kept: bytes) -> None:
    async with listening(broker) as ear:
        await ear.say(TOPICS.discovery, kept, retain=True)
        await ear.say(TOPICS.collection("old"), kept, retain=True)
        async with bridged(address(broker)) as one:
            one.bridge.show(status("noir"))
            await ear.until(
                lambda heard: heard[-1].topic == TOPICS.collection("old") and not heard[-1].payload
            )
            assert "collection_noir" in components_of(ear.on(TOPICS.discovery)[-1].json())


async def test_rubbish_is_not_handed_on_while_the_files_are_unread(broker: Mosquitto) -> None:
    kept = {"old": {"p": "sensor", "name": "Old"}, "bad": 1, "worse": {"p": None}}
    async with listening(broker) as ear:
        await ear.say(TOPICS.discovery, {"components": kept}, retain=True)
        async with bridged(address(broker)) as one:
            one.bridge.show(status(known=False))
            await ear.until(lambda _: len(ear.on(TOPICS.discovery)) > 1)
            components = ear.on(TOPICS.discovery)[-1].json()["components"]
    assert components["old"] == kept["old"]
    assert not components.keys() & {"bad", "worse"}


async def answers(ear: Listener, count: int) -> list[dict[str, object]]:
    await ear.until(lambda _: len(ear.on(RESPONSE)) >= count)
    await settled(ear)
    return [heard.json() for heard in ear.on(RESPONSE)]


async def test_commands_are_heard_in_all_their_forms(broker: Mosquitto) -> None:
    async with listening(broker) as ear, bridged(address(broker)) as one:
        await begun(one, ear)
        await ear.say(COMMAND, "run")
        await ear.say(COMMAND, {"command": "run", "collection": "Noir", "request_id": "x"})
        await ear.say(TOPICS.command_of("cancel"), "PRESS")
        await ear.say(TOPICS.command_of("max_evals"), "7")
        told = await answers(ear, 4)
        assert [command.word for command in one.commands] == ["run", "run", "cancel", "max_evals"]
        assert all(answer["accepted"] for answer in told)
        assert [answer["request_id"] for answer in told].count("x") == 1


@pytest.mark.parametrize(
    "payload",
    [
        b"x" * 4097,
        b"run\xff",
        b"fly",
        b'{"command": "run", "max_evals": "many"}',
        b'{"command": "run", "colection": "Noir"}',
        b'{"command": 5}',
        b"[1, 2]",
        b"[" * 4000,
        b'{"command": "run", "request_id": "\\ud800"}',
    ],
)
async def test_what_is_no_command_is_answered_and_changes_nothing(
    broker: Mosquitto, payload: bytes
) -> None:
    async with listening(broker) as ear, bridged(address(broker)) as one:
        await begun(one, ear)
        await ear.say(COMMAND, payload)
        told = await answers(ear, 1)
        assert len(told) == 1
        assert not told[0]["accepted"]
        assert told[0]["error"]
        await ear.say(COMMAND, "cancel")  # and it listens on
        await answers(ear, 2)
        assert [command.word for command in one.commands] == ["cancel"]


async def test_retained_and_empty_messages_are_only_logged(
    broker: Mosquitto, log: pytest.LogCaptureFixture
) -> None:
    async with listening(broker) as ear:
        await ear.say(COMMAND, "run", retain=True)
        await ear.say(TOPICS.command_of("force_refresh"), "PRESS", retain=True)
        async with bridged(address(broker)) as one:
            await begun(one, ear)
            await ear.say(COMMAND, "")
            await ear.say(COMMAND, "cancel")
            assert [answer["command"] for answer in await answers(ear, 1)] == ["cancel"]
            assert [command.word for command in one.commands] == ["cancel"]
    assert log.text.count("A retained message") == 2
    assert "An empty message" in log.text


async def test_more_at_once_than_can_be_answered_are_refused(broker: Mosquitto) -> None:
    hold = asyncio.Event()
    async with listening(broker) as ear, bridged(address(broker), hold=hold) as one:
        await begun(one, ear)
        for number in range(AT_ONCE + 5):
            await ear.say(COMMAND, {"command": "estimate", "request_id": str(number)})
        told = await answers(ear, 5)
        assert not any(answer["accepted"] for answer in told)
        assert {answer["request_id"] for answer in told} == {str(AT_ONCE + n) for n in range(5)}
        hold.set()
        told = await answers(ear, AT_ONCE + 5)
        assert sum(bool(answer["accepted"]) for answer in told) == AT_ONCE
        await ear.say(COMMAND, "estimate")
        assert (await answers(ear, AT_ONCE + 6))[-1]["accepted"]


async def test_a_command_that_is_answered_when_the_broker_is_gone_harms_nothing(
    broker: Mosquitto,
) -> None:
    hold = asyncio.Event()
    async with bridged(address(broker), hold=hold, clock=FakeClock()) as one:
        async with listening(broker) as ear:
            await begun(one, ear)
            await ear.say(COMMAND, "run")
            await one.until(lambda: one.commands)
        await broker.stop()
        hold.set()
        await broker.start()
        await one.connected()
        async with listening(broker) as ear:
            await ear.say(COMMAND, "cancel")
            assert [answer["command"] for answer in await answers(ear, 1)] == ["cancel"]


async def test_an_answer_goes_where_mqtt_5_wants_it(
    broker: Mosquitto, log: pytest.LogCaptureFixture
) -> None:
    def wanted(topic: str, correlation: bytes | None = None) -> Properties:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho's
        properties.ResponseTopic = topic
        if correlation is not None:
            properties.CorrelationData = correlation
        return properties

    async with listening(broker) as ear, bridged(address(broker)) as one, broker.client() as other:
        await begun(one, ear)
        await other.subscribe("mine/answer")
        await other.publish(COMMAND, "cancel", properties=wanted("mine/answer", b"\x00\xff7"))
        async with asyncio.timeout(10):
            answer = await anext(aiter(other.messages))
        assert json.loads(bytes(answer.payload))["accepted"]
        assert getattr(answer.properties, "CorrelationData", None) == b"\x00\xff7"
        # An answer there would start a run, or be taken for our state.
        for topic in (TOPICS.command_of("run"), STATE, COMMAND):
            await other.publish(COMMAND, "cancel", properties=wanted(topic))
        await other.publish(COMMAND, "cancel", properties=wanted(RESPONSE, b"1"))
        await answers(ear, 6)
        await settled(ear)
        assert {command.word for command in one.commands} == {"cancel"}
        assert len(ear.on(STATE)) == 1
        assert one.bridge.connected
    assert log.text.count("it is one of ours") == 3
