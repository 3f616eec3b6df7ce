"""Downloads and whole runs measured in turns; prints JSON.

python -m script.benchmark.compare URL FOLDER ROUNDS
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kometa_ai.cli.memory import collect_rarely
from script.benchmark import download
from script.benchmark.house import Home

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def compare(home: Home, rounds: int) -> None:
    """Measure in turns, so that a busy machine disturbs all alike."""
    url = home.radarr_url
    deeds: dict[str, Callable[[], Awaitable[object]]] = {
        "bare": lambda: download.bare(url),
        "streamed": lambda: download.streamed(url),
        "items": lambda: download.items(url),
        "run": home.run_unchanged,
    }
    size = len(await download.body(url))
    wall, processor = await _in_turns(deeds, rounds)
    print(json.dumps({"list_mb": size / 1e6, "rounds": wall, "processor": processor}))


async def _in_turns(
    deeds: dict[str, Callable[[], Awaitable[object]]], rounds: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return seconds by the clock and seconds of this process's processor time."""
    wall: dict[str, list[float]] = {name: [] for name in deeds}
    processor: dict[str, list[float]] = {name: [] for name in deeds}
    for number in range(rounds + 1):
        for name, deed in deeds.items():
            gc.collect()
            started, used = time.perf_counter(), time.process_time()
            await deed()
            if number:  # the first round warms everything up
                wall[name].append(time.perf_counter() - started)
                processor[name].append(time.process_time() - used)
    return wall, processor


if __name__ == "__main__":
    collect_rarely()
    asyncio.run(compare(Home(Path(sys.argv[2]), sys.argv[1]), int(sys.argv[3])))
