"""The service as people run it: a process, beside a real broker and a world of simulators."""

from __future__ import annotations

import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from typing import TYPE_CHECKING, Any

from tests.outside import LOOPBACK, reserved_port
from tests.programs import Program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from tests.listener import Heard, Listener
    from tests.mosquitto import Mosquitto
    from tests.world import World

ROOT = Path(__file__).parent.parent
BASE = "kometa_ai"
STATE, EVENT, RESPONSE = f"{BASE}/state", f"{BASE}/event", f"{BASE}/response"
AVAILABILITY, COMMAND = f"{BASE}/availability", f"{BASE}/command"


@dataclass(slots=True)
class Served:
    """A service that is up; ``program.lines`` is its log, ``port`` where its page is."""

    program: Program
    port: int

    async def stop(self, signal: Signals = SIGTERM) -> tuple[int, float]:
        """Send a signal; return its exit code, and after how many seconds it had ended."""
        begun = time.monotonic()
        code = await self.program.stop(signal)
        return code, time.monotonic() - begun


def settings(world: World, broker: Mosquitto | None = None, **more: str) -> dict[str, str]:
    """Return the environment of a service."""
    mqtt = {"MQTT_HOST": LOOPBACK, "MQTT_PORT": str(broker.port)} if broker else {}
    return world.environment(**mqtt, **more)


@asynccontextmanager
async def service(
    folder: Path, environment: Mapping[str, str], module: str = "kometa_ai"
) -> AsyncIterator[Served]:
    """Start the service; it is killed if the test leaves it behind."""
    command = [sys.executable, "-m", module]
    with reserved_port() as port:  # the page of each has a port of its own
        own = {"PYTHONPATH": str(ROOT), "WEB_PORT": str(port), **environment}
        program = Program(command, folder, environment=own)
        await program.start()
        try:
            yield Served(program, port)
        finally:
            await program.stop(SIGKILL)
            print(*program.lines, sep="\n")  # noqa: T201 - pytest shows it if the test failed


def newest(listener: Listener, topic: str = STATE) -> Any:
    """Return the JSON that was heard last on a topic."""
    return listener.on(topic)[-1].json()


def events(listener: Listener, kind: str = "") -> list[dict[str, Any]]:
    """Return the events that were heard, or those of one type."""
    told = [one.json() for one in listener.on(EVENT)]
    return [one for one in told if kind in {"", one["event_type"]}]


def is_online(heard: list[Heard]) -> bool:
    """Return whether the service has said that it is there, and nothing else since."""
    said = [one for one in heard if one.topic == AVAILABILITY]
    return bool(said) and said[-1].payload == b"online"


async def online(listener: Listener) -> None:
    """Wait until the service is there, with a state."""
    await listener.until(is_online)
    await listener.next_on(STATE)


async def ended(listener: Listener, runs: int = 1) -> dict[str, Any]:
    """Wait for the end of so many runs; return how the last of them ended."""
    endings = {"run_finished", "run_failed", "run_cancelled"}

    def enough(_: object) -> bool:
        return sum(one["event_type"] in endings for one in events(listener)) >= runs

    await listener.until(enough)
    return [one for one in events(listener) if one["event_type"] in endings][runs - 1]


async def answered(listener: Listener, payload: object, word: str = "") -> dict[str, Any]:
    """Send a command and return its answer."""
    before = len(listener.on(RESPONSE))
    await listener.say(f"{COMMAND}/{word}" if word else COMMAND, payload)
    answer: dict[str, Any] = (await listener.next_on(RESPONSE, before)).json()
    return answer
