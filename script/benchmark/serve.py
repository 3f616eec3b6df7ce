"""A simulated Radarr in a process of its own: python -m script.benchmark.serve COUNT.

It prints its address, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import sys

from kometa_ai.demo.radarr import SimulatedRadarr
from script.benchmark.house import KEY
from script.benchmark.library import films


async def serve(count: int) -> None:
    """Serve so many films."""
    async with SimulatedRadarr(films(count), api_key=KEY) as radarr:
        print(radarr.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
