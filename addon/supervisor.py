"""Asks Home Assistant's Supervisor which MQTT broker there is, and for the login."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import aiohttp

from addon.broker import Broker
from kometa_ai.domain.fault import FaultKind, SkipError, TryLaterError

if TYPE_CHECKING:
    from typing import Any

ANSWER: Final = aiohttp.ClientTimeout(total=10)
WHERE: Final = "Supervisor"
PORTS: Final = range(1, 65_536)


class Supervisor:
    """The Supervisor's API at ``url``; ``token`` is the add-on's own."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._token = token.strip()

    async def broker(self) -> Broker | None:
        """Return the broker that an add-on provides, ``None`` while there is none.

        Raises TryLaterError when the Supervisor does not answer as it should, SkipError when we
        may not ask.
        """
        return broker_of(*await self._get("/services/mqtt"))

    async def _get(self, path: str) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=ANSWER, headers=headers) as session,
                session.get(f"{self._url}{path}") as response,
            ):
                return response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TryLaterError(
                FaultKind.SETTINGS,
                f"It can't be asked for the MQTT broker ({str(error) or 'no answer'}).",
                remedy="It is asked again in a minute.",
                where=WHERE,
            ) from error


def broker_of(status: int, body: bytes) -> Broker | None:
    """Return the broker that an answer names; raises what ``Supervisor.broker`` does."""
    if status == HTTPStatus.BAD_REQUEST:
        return None  # "Service not enabled": a broker may be installed after us
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise SkipError(
            FaultKind.SETTINGS,
            "It does not let this add-on ask for the MQTT broker.",
            remedy="Set mqtt_host, mqtt_username and mqtt_password yourself.",
            where=WHERE,
        )
    if status != HTTPStatus.OK:
        raise _strange(f"it answered {status}")
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _strange("what it answered is not JSON") from error
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        raise _strange("it tells nothing of a broker")
    return _broker(data)


def _broker(data: dict[str, Any]) -> Broker:
    try:
        port = int(data["port"])  # a number in its code, a text in its documentation
    except (KeyError, TypeError, ValueError, OverflowError):  # JSON's Infinity
        raise _strange("the broker's port is missing or no number") from None
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _strange("it holds half of a surrogate pair, which is no text") from None
    host = data.get("host")
    if not isinstance(host, str) or not host.strip() or port not in PORTS:
        raise _strange("host or port of the broker make no sense")
    return Broker(
        host.strip(),
        port,
        username=_text(data.get("username")),
        password=_text(data.get("password")),
        tls=data.get("ssl") is True,
    )


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def _strange(what: str) -> TryLaterError:
    return TryLaterError(
        FaultKind.SETTINGS,
        f"Its answer about the MQTT broker makes no sense: {what}.",
        remedy="It is asked again in a minute.",
        where=WHERE,
    )
