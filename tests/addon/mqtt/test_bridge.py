"""The bridge against a real Mosquitto: getting in, being thrown out, coming back."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from signal import SIGCONT, SIGKILL, SIGSTOP
from typing import TYPE_CHECKING

import aiomqtt
import pytest
import trustme

from addon.broker import Broker
from addon.mqtt.connection import BrokerError, Connection, LastWill, Received, Version, connect
from addon.mqtt.line import RestfulClient
from addon.mqtt.topics import Topics
from kometa_ai.demo.embedded_broker import EmbeddedBroker
from tests.bridging import TOPICS, address, bridged, finished, live, status
from tests.clock import FakeClock
from tests.listener import Heard, listening
from tests.mosquitto import Login, Mosquitto, change_login, mosquitto
from tests.outside import LOOPBACK, reserved_port
from tests.service import is_online

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PASSWORD = "a-canary-of-a-password"
STATE, AVAILABILITY = TOPICS.state, TOPICS.availability
LIVES = 20


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


@dataclass(frozen=True)
class _OldBroker:
    """A broker that a listener can be let in by, which speaks MQTT 3.1.1."""

    port: int

    def client(self) -> aiomqtt.Client:
        return aiomqtt.Client(LOOPBACK, self.port, protocol=aiomqtt.ProtocolVersion.V311)


@asynccontextmanager
async def _odd_broker(
    reply: bytes | None, next_reply: bytes = b""
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Accept connections; answer the first words with ``reply``, ``None``: hang up at once."""
    heard: list[bytes] = []

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1000))
        if reply:
            writer.write(reply)
        while reply is not None and await reader.read(1000):
            writer.write(next_reply)
        writer.close()

    server = await asyncio.start_server(met, LOOPBACK, 0)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()


async def test_a_refused_login_is_said_once_and_tried_until_it_is_right(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    async with mosquitto(tmp_path / "broker", login=Login("ada", "other")) as broker:
        told = address(broker, password=PASSWORD)
        async with bridged(told, clock=FakeClock()) as one:
            await one.until(lambda: len(one.clock.sleeps) > 5)
            assert not one.bridge.connected
            await change_login(broker, Login("ada", PASSWORD))
            await one.connected()
    said = [record.getMessage() for record in log.records if record.name.startswith("addon")]
    refusals = [line for line in said if "refuses the login" in line]
    assert len(refusals) == 1
    assert "Check MQTT_USERNAME and MQTT_PASSWORD" in refusals[0]
    assert PASSWORD not in log.text


async def test_waits_grow_to_a_minute_and_never_end() -> None:
    with reserved_port() as nobody:
        async with bridged(Broker(LOOPBACK, nobody), clock=FakeClock()) as one:
            await one.until(lambda: len(one.clock.sleeps) > 1100)  # most of a day
    assert one.clock.sleeps[:8] == [0.75, 1.5, 3, 6, 12, 24, 45, 45]
    assert one.clock.sleeps[-1] == 45


async def test_tls_with_an_authority_of_ones_own(tmp_path: Path) -> None:
    login = Login("ada", PASSWORD)
    async with (
        mosquitto(tmp_path / "broker", login=login, tls=True) as broker,
        listening(broker) as ear,
        bridged(address(broker)) as one,
    ):
        one.bridge.show(status())
        await ear.next_on(STATE)


# paho leaves a connection whose handshake failed to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning")
@pytest.mark.parametrize("wrong", ["another authority", "no authority", "no file", "no TLS"])
async def test_no_connection_that_is_not_safe(
    tmp_path: Path, wrong: str, log: pytest.LogCaptureFixture
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    async with mosquitto(tmp_path / "broker", tls=True) as broker:
        told = {
            "another authority": address(broker, ca_file=other),
            "no authority": address(broker, ca_file=None),
            "no file": address(broker, ca_file=tmp_path / "none.pem"),
            "no TLS": address(broker, tls=False),
        }[wrong]
        async with bridged(told, clock=FakeClock()) as one:
            await one.until(lambda: len(one.clock.sleeps) > 1)
            assert not one.bridge.connected
    expected = {"no file": "MQTT_CA_FILE", "no TLS": "hangs up"}
    assert expected.get(wrong, "No safe connection comes about") in log.text


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 300, "two words"])
async def test_a_host_that_is_nowhere(host: str, log: pytest.LogCaptureFixture) -> None:
    async with bridged(Broker(host), clock=FakeClock()) as one:
        await one.until(lambda: len(one.clock.sleeps) > 2)
    assert log.text.count("can't be reached") == 1
    assert "Check MQTT_HOST" in log.text


@pytest.mark.parametrize(("reply", "told"), [(b"", "It does not answer."), (None, "It hangs up.")])
async def test_a_broker_that_is_silent_or_hangs_up_is_asked_in_both_versions(
    reply: bytes | None, told: str, log: pytest.LogCaptureFixture
) -> None:
    async with (
        _odd_broker(reply) as (port, heard),
        bridged(Broker(LOOPBACK, port), clock=FakeClock()) as one,
    ):
        await one.until(lambda: len(heard) >= (7 if reply is None else 3))
        # One that is about to start or to stop does so as well: it is asked twice.
        silent, leaving = [5, 4, 5], [5, 5, 4, 4, 5, 5, 4]
        expected = leaving if reply is None else silent
        assert [words[8] for words in heard[: len(expected)]] == expected
        assert log.text.count(told) == 1


async def test_a_broker_that_refuses_version_5_is_spoken_to_in_3_1_1() -> None:
    refusal = bytes([0x20, 2, 0, 1])
    async with (
        _odd_broker(refusal) as (port, heard),
        bridged(Broker(LOOPBACK, port), clock=FakeClock()) as one,
    ):
        await one.until(lambda: len(heard) > 3)
        assert [words[8] for words in heard[:2]] == [5, 4]
        assert 5 in [words[8] for words in heard[2:]]


async def test_a_broker_of_version_3_1_1_serves(log: pytest.LogCaptureFixture) -> None:
    async with EmbeddedBroker() as old:
        ear_of = _OldBroker(old.port)
        async with (
            listening(ear_of) as ear,  # type: ignore[arg-type] # it lets a client in, as Mosquitto does
            bridged(Broker(LOOPBACK, old.port), clock=FakeClock()) as one,
        ):
            one.bridge.show(status("noir"))
            await one.connected()
            await ear.next_on(TOPICS.collection("noir"))
            await ear.say(TOPICS.command, "cancel")
            assert (await ear.next_on(TOPICS.response)).json()["accepted"]
            await one.stop()
            await ear.until(lambda heard: heard[-1].payload == b"offline")
    assert "does not pass on" not in log.text


async def test_online_offline_at_a_clean_stop_and_the_will_otherwise(broker: Mosquitto) -> None:
    async with listening(broker, AVAILABILITY) as ear, bridged(address(broker)) as one:
        await ear.until(is_online)
        await one.stop()
        await ear.until(lambda heard: heard[-1].payload == b"offline")
    assert "Sending" in "".join(broker.program.lines)
    async with listening(broker, AVAILABILITY) as late:
        assert (await late.next_on(AVAILABILITY)).retained


async def test_nothing_waits_for_a_broker_that_hangs(broker: Mosquitto) -> None:
    async with listening(broker) as ear, bridged(address(broker)) as one:
        one.bridge.show(status())
        await ear.next_on(STATE)
        broker.program.send(SIGSTOP)
        try:
            one.bridge.show(status("noir"))
            one.bridge.tell(finished(1))
            async with asyncio.timeout(1.5):
                await one.stop()
        finally:
            broker.program.send(SIGCONT)
        await ear.until(lambda heard: heard[-1].payload == b"offline")


async def test_a_broker_that_hung_and_was_given_up_says_that_we_are_gone(
    broker: Mosquitto, log: pytest.LogCaptureFixture
) -> None:
    async with listening(broker, AVAILABILITY) as ear, bridged(address(broker)) as one:
        await ear.until(is_online)
        broker.program.send(SIGSTOP)
        try:
            one.bridge.show(status())
            await one.until(lambda: one.clock.sleeping)
            await one.stop()
        finally:
            broker.program.send(SIGCONT)
        await ear.until(lambda heard: heard[-1].payload == b"offline")
    assert "It does not answer any more." in log.text


async def test_a_broker_that_is_killed_and_has_forgotten_gets_everything_again(
    broker: Mosquitto,
) -> None:
    async with bridged(address(broker), clock=FakeClock()) as one:
        one.bridge.show(status("noir"))
        await one.connected()
        for _ in range(3):
            await broker.restart(SIGKILL, forget=True)
            async with listening(broker) as ear:
                await ear.next_on(TOPICS.collection("noir"))
                await ear.next_on(TOPICS.discovery)
                await ear.until(is_online)


async def test_a_broker_that_dies_twenty_times_during_a_run_loses_no_event(
    broker: Mosquitto,
) -> None:
    async with bridged(address(broker)) as one:
        one.bridge.show(status("noir", live=live()))
        await one.connected()
        for number in range(1, LIVES + 1):
            await broker.stop(SIGKILL)
            await one.until(lambda: not one.bridge.connected and one.clock.sleeping)
            one.bridge.show(status("noir", live=live(number)))
            one.bridge.tell(finished(number))
            await broker.start()
            await one.clock.advance(timedelta(seconds=one.clock.sleeps[-1]))
            await one.connected()
        one.bridge.show(status("noir"))
        async with listening(broker) as ear:
            await one.until(lambda: one.clock.sleeping)
            assert ear.on(TOPICS.event) == []
            await one.clock.advance(timedelta(seconds=20))
            await ear.next_on(TOPICS.event, LIVES - 1)
            told = [int(heard.json()["run_id"]) for heard in ear.on(TOPICS.event)]
            assert told == list(range(1, LIVES + 1))
            assert ear.on(TOPICS.state)[-1].json()["status"] == "idle"


async def test_another_client_of_our_name_is_named() -> None:
    # Mosquitto 2.0.11 hangs up without a word; newer ones and others say why.
    welcome, taken_over = bytes([0x20, 3, 0, 0, 0]), bytes([0xE0, 1, 0x8E])
    will = LastWill(AVAILABILITY, "offline")

    async def listen(connection: Connection) -> None:
        async for _ in connection.messages():
            pass

    async with (
        _odd_broker(welcome, taken_over) as (port, _),
        connect(Broker(LOOPBACK, port), will, identifier="ai", version=Version.V5) as connection,
    ):
        with pytest.raises(BrokerError) as raised:
            await asyncio.gather(listen(connection), connection.subscribe(["topic"]))
    assert "Another client took our place." in str(raised.value)
    assert "an MQTT_TOPIC of its own" in str(raised.value)


@pytest.mark.parametrize("topic", ["a/#", "+", ""])
async def test_an_answer_to_an_impossible_topic_costs_no_connection(
    broker: Mosquitto, topic: str
) -> None:
    will = LastWill(AVAILABILITY, "offline")
    async with (
        listening(broker) as ear,
        connect(address(broker), will, identifier="ai", version=Version.V5) as connection,
    ):
        await connection.answer(
            Received(TOPICS.command, b"", retain=False, response_topic=topic), "x"
        )
        await connection.publish("after", "y")
        await ear.next_on("after")
        assert len(ear.heard) == 1


@pytest.mark.parametrize(
    "to",
    [
        Topics("elsewhere/ai", "homeassistant"),
        Topics("kometa_ai", "other"),
        Topics("kometa-ai", "homeassistant"),
    ],
)
async def test_other_topics_leave_nothing_behind(broker: Mosquitto, to: Topics) -> None:
    expected = {
        to.discovery,
        to.state,
        to.availability,
        to.collection("noir"),
        to.collection("cosy"),
    }

    def all_is_there(heard: list[Heard]) -> bool:
        newest = {said.topic: said.payload for said in heard}
        return {topic for topic, payload in newest.items() if payload} == expected

    async with bridged(address(broker), clock=FakeClock()) as one:
        async with listening(broker) as ear:
            one.bridge.show(status("noir", "cosy"))
            await ear.next_on(TOPICS.collection("cosy"))
            first = len(ear.heard)
            one.bridge.use(address(broker), to)
            await ear.until(lambda heard: len(heard) > first + 2 and all_is_there(heard))
        async with listening(broker) as late:
            await late.say("mark")
            await late.next_on("mark")
            assert {said.topic for said in late.heard if said.retained} == expected


async def test_a_broker_that_is_taken_from_the_settings_is_left(broker: Mosquitto) -> None:
    async with listening(broker, AVAILABILITY) as ear, bridged(address(broker)) as one:
        await ear.until(is_online)
        one.bridge.use(None, TOPICS)
        await ear.until(lambda heard: heard[-1].payload == b"offline")
        one.bridge.use(address(broker), TOPICS)
        await ear.until(is_online)


async def test_events_without_any_broker_are_dropped_without_a_word(
    log: pytest.LogCaptureFixture,
) -> None:
    async with bridged(None) as one:
        for number in range(500):
            one.bridge.tell(finished(number))
    assert "no broker" not in log.text


def test_the_library_s_loop_that_wakes_each_second_is_the_one_that_ours_replaces() -> None:
    assert "_misc_loop" in vars(aiomqtt.Client)
    assert "_misc_loop" in vars(RestfulClient)
