"""Which broker to use: the one of the settings, else the Supervisor's as soon as there is one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from addon.broker import Broker
from addon.supervisor import Supervisor
from kometa_ai.domain.fault import KometaAIError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kometa_ai.ports import Clock
    from kometa_ai.settings import Settings

LOG = logging.getLogger(__name__)
AGAIN: Final = 60.0
"""Seconds between two questions to the Supervisor: a broker may be installed after us."""
SUPERVISOR: Final = "http://supervisor"


def broker_of(settings: Settings) -> Broker | None:
    """Return the broker that the settings name."""
    if settings.mqtt_host is None:
        return None
    return Broker(
        host=settings.mqtt_host,
        port=settings.mqtt_port,
        username=settings.mqtt_username,
        password=settings.mqtt_password,
        tls=settings.mqtt_tls,
        ca_file=settings.mqtt_ca_file,
    )


class BrokerSearch:
    """Asks the Supervisor, where there is one, for as long as no broker is connected.

    ``needed`` says whether it is worth asking, ``found`` gets each broker that differs.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        clock: Clock,
        *,
        needed: Callable[[], bool],
        found: Callable[[Broker], None],
    ) -> None:
        token = environ.get("SUPERVISOR_TOKEN", "")
        url = environ.get("SUPERVISOR_URL", SUPERVISOR)
        self._supervisor = Supervisor(url, token) if token else None
        self._clock = clock
        self._needed = needed
        self._found = found
        self._said = ""
        self.last: Broker | None = None
        """The broker that the Supervisor named last."""

    async def run(self) -> None:
        """Search for ever: a broker's login changes when it is installed anew."""
        if self._supervisor is None:
            return
        while True:
            if self._needed():
                await self._ask(self._supervisor)
            await self._clock.sleep(AGAIN)

    async def _ask(self, supervisor: Supervisor) -> None:
        try:
            broker = await supervisor.broker()
        except KometaAIError as error:
            self._say(str(error))
            return
        if broker is None:
            self._say("Home Assistant has no MQTT broker yet; asked again every minute.")
            return
        self._say(f"Home Assistant's MQTT broker is at {broker}.")
        self.last = broker
        if self._needed():  # the settings may have named another one in the meantime
            self._found(broker)

    def _say(self, sentence: str) -> None:
        if sentence != self._said:
            LOG.info("%s", sentence)
            self._said = sentence
