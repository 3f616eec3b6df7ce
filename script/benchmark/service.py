"""What the always-on service costs: python -m script.benchmark.service FOLDER [SECONDS].

The outcome is printed as JSON: seconds to "online", memory, processor time and wake-ups while idle
(over SECONDS, 60 unless given), milliseconds from a command to its run_started, and how much longer
a run of 200 collections takes beside a broker.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import aiomqtt

from kometa_ai.demo.embedded_broker import HOST, EmbeddedBroker
from kometa_ai.demo.radarr import SimulatedRadarr
from script.benchmark.house import KEY, Home, UnexpectedError
from script.benchmark.judge import FastJudge
from script.benchmark.library import films, write_kometa_file

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Mapping

COLLECTIONS: Final = 200
FILMS: Final = 2_000
ROUNDS: Final = 5
SETTLED: Final = 8.0
"""Seconds after the start by which the first check of Radarr and Claude is over."""
IN_TURNS: Final = 9
"""Pairs of runs, with a broker and without: what else the machine does weighs on some of them."""
CPU_CLOCK: Final = 2
"""CPUCLOCK_SCHED of the kernel: a clock that counts the time a process has been computing."""
KIB: Final = 1024


@dataclass(slots=True)
class Ear:
    """A client of the broker that waits for what the service says."""

    client: aiomqtt.Client

    async def until(self, topic: str, words: bytes) -> dict[str, Any]:
        """Return the next message on a topic that holds these words."""
        async for message in self.client.messages:
            payload = bytes(message.payload)
            if str(message.topic) == topic and words in payload:
                return {} if payload == words else json.loads(payload)
        raise UnexpectedError(f"nothing came on {topic}")


@asynccontextmanager
async def broker(folder: Path) -> AsyncIterator[int]:
    """Start Mosquitto if it is there, else the demo's broker; its port."""
    found = shutil.which("mosquitto", path=f"{os.defpath}:/usr/sbin")
    embedded = EmbeddedBroker()
    if found is None:
        async with embedded:
            yield embedded.port
        return
    file = folder / "broker.conf"
    file.write_text(f"listener {embedded.port} {HOST}\nallow_anonymous true\n", encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        found, "-c", str(file), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield embedded.port
    finally:
        process.terminate()
        await process.wait()


async def start(environment: Mapping[str, str]) -> Process:
    """Start the service."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "kometa_ai",
        env={**os.environ, **environment},
        stderr=asyncio.subprocess.DEVNULL,
    )


async def stop(process: Process) -> None:
    """End it."""
    process.terminate()
    if await process.wait():
        raise UnexpectedError("the service did not end well")


async def to_online(ear: Ear, port: int, folder: Path) -> list[float]:
    """Return the seconds from the start of the process to "online", with nothing configured."""
    taken = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        process = await start(
            {"MQTT_HOST": HOST, "MQTT_PORT": str(port), "STATE_DIR": str(folder / "empty")}
        )
        await ear.until("kometa_ai/availability", b"online")
        taken.append(time.perf_counter() - begun)
        await stop(process)
        await ear.until("kometa_ai/availability", b"offline")
    return taken


async def before_the_first_run(ear: Ear, environment: Mapping[str, str], folder: Path) -> float:
    """Return the resident memory in MB of a service that has not run yet."""
    process = await start({**environment, "STATE_DIR": str(folder / "fresh")})
    await ear.until("kometa_ai/availability", b"online")
    await asyncio.sleep(SETTLED)
    used = memory(process.pid)
    await stop(process)
    await ear.until("kometa_ai/availability", b"offline")
    return used


async def to_begin(ear: Ear) -> list[float]:
    """Return the milliseconds from a command to the event that its run began."""
    taken = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        await ear.client.publish("kometa_ai/command", "run", qos=1)
        await ear.until("kometa_ai/event", b"run_started")
        taken.append(1000 * (time.perf_counter() - begun))
        await ear.until("kometa_ai/event", b"run_finished")
        await settle(ear)
    return taken


async def settle(ear: Ear) -> None:
    """Let the worker go."""
    while True:
        await ear.client.publish("kometa_ai/command", "estimate", qos=1)
        if (await ear.until("kometa_ai/response", b'"estimate"'))["accepted"]:
            return


async def durations(ear: Ear, home: Home) -> dict[str, float]:
    """Return the seconds of the same run beside the broker, and by the command line alone.

    One after the other, after a pair to warm up; ``ratio`` is the median of the pairs' own.
    """
    beside, alone = [], []
    for _ in range(1 + IN_TURNS):
        await ear.client.publish("kometa_ai/command", "run", qos=1)
        told = await ear.until("kometa_ai/event", b"run_finished")
        report = await _newest(home, told["run_id"])
        beside.append(report["duration_s"])
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "kometa_ai",
            "--run-now",
            "--json",
            env={**os.environ, **home.environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        out, _ = await process.communicate()
        alone.append(json.loads(out)["duration_s"])
        await ear.until("kometa_ai/event", b"run_finished")
    ratio = median(one / other for one, other in zip(beside[1:], alone[1:], strict=True))
    return {"beside": median(beside[1:]), "alone": median(alone[1:]), "ratio": ratio}


async def _newest(home: Home, run_id: str) -> dict[str, Any]:
    async with home.house() as house:
        report = await house.store.report(run_id)
    if report is None:
        raise UnexpectedError("the run has left no report")
    return {"duration_s": report.duration}


def memory(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / KIB for line in lines if line.startswith("VmRSS"))


def processor(pid: int) -> float:
    """Return the processor time of a process in seconds.

    By its own clock, as clock_getcpuclockid(3) makes it: /proc counts in hundredths of a second,
    and an idle minute takes two.
    """
    return time.clock_gettime(~pid << 3 | CPU_CLOCK)


def wakes(pid: int) -> int:
    """Return how often the threads of a process have gone to sleep by themselves."""
    count = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        lines = (task / "status").read_text(encoding="ascii").splitlines()
        count += next(int(one.split()[1]) for one in lines if one.startswith("voluntary"))
    return count


async def idle(pid: int, seconds: float) -> dict[str, float]:
    """Return what an idle service takes."""
    used, woken = processor(pid), wakes(pid)
    await asyncio.sleep(seconds)
    return {
        "processor_percent": 100 * (processor(pid) - used) / seconds,
        "wakes_per_second": (wakes(pid) - woken) / seconds,
    }


async def measure(folder: Path, seconds: float) -> dict[str, Any]:
    """Measure everything, one after the other."""
    folder.mkdir(parents=True)  # noqa: ASYNC240 - nothing is measured yet
    async with (
        broker(folder) as port,
        SimulatedRadarr(films(FILMS), api_key=KEY) as radarr,
    ):
        home = Home(folder, radarr.url)
        write_kometa_file(home.kometa, COLLECTIONS)
        await home.run(FastJudge(lambda number, _: number % 9 == 0), items_per_request=1_000)
        async with connected(port) as client:
            ear = Ear(client)
            await client.subscribe("kometa_ai/#", qos=1)
            online = await to_online(ear, port, folder)
            environment = {
                **home.environment,
                "MQTT_HOST": HOST,
                "MQTT_PORT": str(port),
            }
            fresh = await before_the_first_run(ear, environment, folder)
            process = await start(environment)
            await ear.until("kometa_ai/availability", b"online")
            await asyncio.sleep(SETTLED)
            rest = await idle(process.pid, seconds)
            begin = await to_begin(ear)
            taken = await durations(ear, home)
            await asyncio.sleep(SETTLED)
            after = memory(process.pid)
            await stop(process)
    return {
        "online_s": median(online),
        "idle_mb": fresh,
        "after_runs_mb": after,
        **rest,
        "command_ms": median(begin),
        **taken,
    }


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[aiomqtt.Client]:
    for _ in range(100):
        try:
            async with aiomqtt.Client(HOST, port) as client:
                yield client
                return
        except aiomqtt.MqttError:
            await asyncio.sleep(0.05)
    raise UnexpectedError("the broker did not start")


if __name__ == "__main__":
    waited = float(sys.argv[2]) if sys.argv[2:] else 60.0
    print(json.dumps(asyncio.run(measure(Path(sys.argv[1]), waited))))
