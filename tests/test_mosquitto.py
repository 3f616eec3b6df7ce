"""The broker of the tests: who is let in, what is kept, and that its port stays its own."""

from __future__ import annotations

import socket
from signal import SIGKILL
from typing import TYPE_CHECKING

import aiomqtt
import pytest

from tests.listener import listening
from tests.mosquitto import Login, Mosquitto, mosquitto
from tests.outside import LOOPBACK

if TYPE_CHECKING:
    from pathlib import Path


async def exchange(broker: Mosquitto) -> bool:
    """Say a word, and tell whether it is heard."""
    async with listening(broker, "word") as listener:
        await listener.say("word", {"said": True})
        return bool((await listener.next_on("word")).json()["said"])


async def test_anyone_is_let_in(tmp_path: Path) -> None:
    async with mosquitto(tmp_path / "broker") as broker:
        assert await exchange(broker)


@pytest.mark.parametrize("tls", [False, True])
async def test_only_who_knows_the_password_is_let_in(tmp_path: Path, tls: bool) -> None:
    async with mosquitto(tmp_path / "broker", login=Login("ada", "pass"), tls=tls) as broker:
        assert await exchange(broker)
        broker.login = Login("ada", "wrong")
        with pytest.raises(aiomqtt.MqttError, match="Not authorized"):
            await exchange(broker)


async def test_it_comes_back_with_what_it_stored_or_without(tmp_path: Path) -> None:
    async with mosquitto(tmp_path / "broker") as broker:
        async with broker.client() as client:
            await client.publish("kept", "1", qos=1, retain=True)
        await broker.restart()
        async with listening(broker, "kept") as listener:
            assert (await listener.next_on("kept")).retained
        await broker.restart(SIGKILL, forget=True)
        async with listening(broker, "kept", "mark") as listener:
            await listener.say("mark")
            await listener.next_on("mark")
            assert listener.on("kept") == []


async def test_its_port_is_refused_and_given_to_nobody_while_it_is_down(tmp_path: Path) -> None:
    async with mosquitto(tmp_path / "broker") as broker:
        await broker.stop()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((LOOPBACK, broker.port))
        with socket.socket() as other, pytest.raises(OSError, match="already in use"):
            other.bind((LOOPBACK, broker.port))
        await broker.start()
        assert await exchange(broker)
