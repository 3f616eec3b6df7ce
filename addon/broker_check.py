"""Asks the broker whether it lets us in, for --health-check: the engine itself knows no MQTT."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from addon.broker_search import SUPERVISOR, broker_of
from addon.mqtt.connection import BrokerError, Doubt, Version, connect
from addon.supervisor import Supervisor

if TYPE_CHECKING:
    from addon.broker import Broker
    from kometa_ai.settings import Settings


async def check_broker(settings: Settings) -> str:
    """Return in a sentence how the broker is; raises BrokerError if it does not let us in."""
    broker = broker_of(settings)
    token = os.environ.get("SUPERVISOR_TOKEN", "")
    if broker is None and token:
        broker = await Supervisor(os.environ.get("SUPERVISOR_URL", SUPERVISOR), token).broker()
    if broker is None:
        return "No broker is set, so nothing is published."
    version = await _connect(broker)
    return f"{broker} lets us in, and speaks MQTT {version}."


async def _connect(broker: Broker) -> Version:
    try:
        return await _try(broker, Version.V5)
    except BrokerError as error:
        if error.doubt is Doubt.NONE:
            raise
    return await _try(broker, Version.V311)


async def _try(broker: Broker, version: Version) -> Version:
    # A name of its own: the service beside us must not be pushed out.
    identifier = f"kometa_ai_check_{os.getpid()}"
    async with connect(broker, None, identifier=identifier, version=version):
        return version
