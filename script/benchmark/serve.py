"""A simulated Radarr in a process of its own: python -m script.benchmark.serve COUNT [FILE].

It prints its address, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from kometa_ai.demo.radarr import SimulatedRadarr
from script.benchmark.house import KEY
from script.benchmark.library import films


async def serve(count: int, real: Path | None) -> None:
    """Serve so many films, made of those of a file if it is given."""
    async with SimulatedRadarr(films(count, real), api_key=KEY) as radarr:
        print(radarr.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else None))
