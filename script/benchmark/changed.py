"""A run after a day's change, beside the bare download; prints JSON.

python -m script.benchmark.changed URL FOLDER COLLECTIONS DAY
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from pathlib import Path

from kometa_ai.cli.memory import collect_rarely
from script.benchmark import download
from script.benchmark.fill import various_judge
from script.benchmark.house import Home


async def measure(home: Home, collections: int, day: int) -> None:
    """Download and run, each once."""
    url = home.radarr_url
    await download.body(url)  # what changed is written anew by the server, once
    gc.collect()
    begun = time.perf_counter()
    await download.bare(url)
    bare = time.perf_counter() - begun
    gc.collect()
    begun = time.perf_counter()
    report = await home.run(various_judge(collections, day))
    took = time.perf_counter() - begun
    counts = {"pairs": report.spending.pairs, "added": report.added, "removed": report.removed}
    print(json.dumps({"bare": bare, "run": took, **counts}))


if __name__ == "__main__":
    collect_rarely()
    _, address, folder, count, number = sys.argv
    asyncio.run(measure(Home(Path(folder), address), int(count), int(number)))
