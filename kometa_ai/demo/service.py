"""script/demo --serve: the service beside simulators that stay, until Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from kometa_ai.demo.claude import SimulatedClaude
from kometa_ai.demo.radarr import SimulatedRadarr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

FROM_OUTSIDE: Final = (
    "MQTT_HOST",
    "MQTT_PORT",
    "MQTT_USERNAME",
    "MQTT_PASSWORD",
    "MQTT_TLS",
    "MQTT_CA_FILE",
    "MQTT_TOPIC",
    "MQTT_DISCOVERY_PREFIX",
    "SCHEDULE_CRON",
    "TZ",
    "WEB_HOST",
    "WEB_PORT",
    "WEB_PASSWORD",
)
"""Settings of your own that the demo leaves as they are: to try it with a broker of your own."""
GUIDE: Final = """
Kometa-AI serves now, with Radarr and Claude SIMULATED on this machine: no account, no money.
{broker} Ctrl-C ends it all.

Its page: http://localhost:{page}/

See what it says:
  mosquitto_sub -i ear -h {host} -p {port} -t '{topic}/#' -v
Tell it what to do:
  mosquitto_pub -i mouth -q 1 -h {host} -p {port} -t {topic}/command -m run
  mosquitto_pub -i mouth -q 1 -h {host} -p {port} -t {topic}/command -m dry_run
  mosquitto_pub -i mouth -q 1 -h {host} -p {port} -t {topic}/command -m '{{"command": "run", "collection": "Film Noir"}}'
  mosquitto_pub -i mouth -q 1 -h {host} -p {port} -t {topic}/command -m '{{"command": "estimate", "request_id": "1"}}'
  mosquitto_pub -i mouth -q 1 -h {host} -p {port} -t {topic}/command/schedule -m OFF
Home Assistant with the same broker shows the device "Kometa-AI" by itself.
Kometa's files are in {kometa}: change one, and the collections follow.
"""  # noqa: E501 - commands to copy
OWN: Final = "The broker is inside this program (amqtt), for you alone."
YOURS: Final = "The broker is yours, {host}:{port}."


async def serve(films: Iterable[Mapping[str, Any]], settings: dict[str, str], key: str) -> int:
    """Run the service against the simulators until it ends; return its exit code."""
    async with AsyncExitStack() as stack:
        radarr = await stack.enter_async_context(SimulatedRadarr(films, api_key=key))
        claude = await stack.enter_async_context(SimulatedClaude(api_key=key))
        given = {name: os.environ[name] for name in FROM_OUTSIDE if os.environ.get(name)}
        broker = YOURS
        if "MQTT_HOST" not in given:
            # Only here: whoever brings a broker needs none of ours, nor its packages.
            from kometa_ai.demo.embedded_broker import HOST, EmbeddedBroker  # noqa: PLC0415

            embedded = EmbeddedBroker(int(given.get("MQTT_PORT", "0")))
            await stack.enter_async_context(embedded)
            given |= {"MQTT_HOST": HOST, "MQTT_PORT": str(embedded.port)}
            broker = OWN
        environment = {
            **settings,
            **given,
            "RADARR_URL": radarr.url,
            "CLAUDE_BASE_URL": claude.url,
        }
        print(_guide(environment, broker), flush=True)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "kometa_ai", env=environment
        )
        try:
            return await process.wait()
        except asyncio.CancelledError:
            # Ctrl-C reached it as well; it only needs a moment.
            await asyncio.shield(process.wait())
            raise


def _guide(environment: Mapping[str, str], broker: str) -> str:
    host, port = environment["MQTT_HOST"], environment.get("MQTT_PORT", "1883")
    text = GUIDE.format(
        broker=broker.format(host=host, port=port),
        host=host,
        port=port,
        topic=environment.get("MQTT_TOPIC", "kometa_ai"),
        page=environment.get("WEB_PORT", "8099"),
        kometa=environment["KOMETA_CONFIG_DIR"],
    )
    if shutil.which("mosquitto_sub") is None:
        text += "(mosquitto_sub and mosquitto_pub: Debian's package mosquitto-clients.)\n"
    return text
