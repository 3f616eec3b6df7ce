"""What the Supervisor says of the broker, and what is made of it when it says something else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from addon.broker import Broker
from addon.supervisor import Supervisor
from kometa_ai.domain.fault import SkipError, TryLaterError
from tests.outside import LOOPBACK, reserved_port
from tests.simulated_supervisor import TOKEN, SimulatedSupervisor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DATA: dict[str, Any] = {
    "addon": "core_mosquitto",
    "host": "core-mosquitto",
    "port": "1883",
    "ssl": False,
    "protocol": "3.1.1",
    "username": "addons",
    "password": "a-canary",
}


@pytest.fixture
async def supervisor() -> AsyncIterator[SimulatedSupervisor]:
    async with SimulatedSupervisor(DATA) as supervisor:
        yield supervisor


@pytest.mark.parametrize("port", ["1883", 1883])
@pytest.mark.parametrize("token", [TOKEN, f"{TOKEN}\n"])
async def test_it_names_the_broker(
    supervisor: SimulatedSupervisor, port: object, token: str
) -> None:
    supervisor.data = {**DATA, "port": port}
    found = await Supervisor(f"{supervisor.url}/", token).broker()
    assert found == Broker("core-mosquitto", 1883, "addons", "a-canary", tls=False)
    assert "canary" not in repr(found)


async def test_a_broker_without_login_or_with_tls(supervisor: SimulatedSupervisor) -> None:
    supervisor.data = {**DATA, "username": "", "password": None, "ssl": True}
    found = await Supervisor(supervisor.url, TOKEN).broker()
    assert found == Broker("core-mosquitto", 1883, tls=True)


async def test_no_broker_yet(supervisor: SimulatedSupervisor) -> None:
    supervisor.data = None
    assert await Supervisor(supervisor.url, TOKEN).broker() is None


async def test_a_wrong_token_may_not_ask(supervisor: SimulatedSupervisor) -> None:
    with pytest.raises(SkipError, match="mqtt_host"):
        await Supervisor(supervisor.url, "wrong").broker()


async def test_an_add_on_without_the_right_to_ask(supervisor: SimulatedSupervisor) -> None:
    supervisor.status, supervisor.body = 403, "{}"
    with pytest.raises(SkipError, match="does not let this add-on ask"):
        await Supervisor(supervisor.url, TOKEN).broker()


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (502, "bad gateway", "text/plain"),
        (500, "{}", "application/json"),
        (200, "{", "application/json"),
        (200, "[]", "application/json"),
        (200, "null", "application/json"),
        (200, '{"data": []}', "application/json"),
        (200, "<html>", "text/html"),
        (200, '{"data": {"port": 1883}}', "application/json"),
        (200, '{"data": {"host": null, "port": 1883}}', "application/json"),
        (200, '{"data": {"host": " ", "port": 1883}}', "application/json"),
        (200, '{"data": {"host": "h"}}', "application/json"),
        (200, '{"data": {"host": "h", "port": "many"}}', "application/json"),
        (200, '{"data": {"host": "h", "port": 0}}', "application/json"),
        (200, '{"data": {"host": "h", "port": 65536}}', "application/json"),
    ],
)
async def test_rubbish_is_asked_about_again(
    supervisor: SimulatedSupervisor, status: int, body: str, content_type: str
) -> None:
    supervisor.status, supervisor.body, supervisor.content_type = status, body, content_type
    with pytest.raises(TryLaterError, match="makes no sense"):
        await Supervisor(supervisor.url, TOKEN).broker()


async def test_a_login_that_is_no_text_becomes_one(supervisor: SimulatedSupervisor) -> None:
    supervisor.body = json.dumps({"data": {**DATA, "username": 5, "password": 1234}})
    found = await Supervisor(supervisor.url, TOKEN).broker()
    assert found is not None
    assert (found.username, found.password) == ("5", "1234")


async def test_nobody_there() -> None:
    with (
        reserved_port() as nobody,
        pytest.raises(TryLaterError, match="can't be asked for the MQTT broker"),
    ):
        await Supervisor(f"http://{LOOPBACK}:{nobody}", TOKEN).broker()
