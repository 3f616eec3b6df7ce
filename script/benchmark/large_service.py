"""The service beside a broker, with a large library; prints JSON.

python -m script.benchmark.large_service URL FOLDER
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from script.benchmark.house import Home
from script.benchmark.service import SETTLED, Ear, broker, connected, memory, start, stop

OFTEN: Final = 0.02
"""Seconds between two looks at the worker: its peak only grows, so that the last one counts."""
KIB: Final = 1024
HOST: Final = "127.0.0.1"


async def measure(home: Home) -> dict[str, float]:
    """Run once by a command."""
    async with broker(home.folder) as port, connected(port) as client:
        ear = Ear(client)
        await client.subscribe("kometa_ai/#", qos=1)
        process = await start(
            {**home.environment, "MQTT_HOST": HOST, "MQTT_PORT": str(port)},
        )
        await ear.until("kometa_ai/availability", b"online")
        await asyncio.sleep(SETTLED)
        before = memory(process.pid)
        loop = asyncio.get_running_loop()
        worker = Watch(process.pid)
        watching = asyncio.create_task(worker.keep_looking())
        begun = loop.time()
        await client.publish("kometa_ai/command", "run", qos=1)
        told = await ear.until("kometa_ai/event", b"run_finished")
        took = loop.time() - begun
        await asyncio.sleep(SETTLED)
        after = memory(process.pid)
        watching.cancel()
        await stop(process)
    if told["result"] != "success":
        raise SystemExit(f"The run of the service ended with {told['result']}.")
    return {"before_mb": before, "after_mb": after, "worker_peak": worker.peak, "run": took}


@dataclass(slots=True)
class Watch:
    """Looks at the children of a process; ``peak`` is the highest memory of any of them, in MB."""

    pid: int
    peak: float = 0.0

    async def keep_looking(self) -> None:
        """Look until it is cancelled."""
        while True:
            self.peak = max([self.peak, *map(_peak, _children(self.pid))])
            await asyncio.sleep(OFTEN)


def _children(pid: int) -> list[int]:
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for listed in lists for child in listed.read_text("ascii").split()]


def _peak(pid: int) -> float:
    """Return the peak memory of a process in MB; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / KIB for line in lines if line.startswith("VmHWM")), 0.0)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(Home(Path(sys.argv[2]), sys.argv[1])))))
