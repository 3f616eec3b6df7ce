"""A simulated Radarr and a simulated Claude in a process of their own.

python -m script.benchmark.serve COUNT [FILE]: it prints their addresses, takes the number of a day
on each line of its standard input, changes the library as a day does, tells what it did, and ends
when its standard input does.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from kometa_ai.demo.claude import SimulatedClaude
from kometa_ai.demo.radarr import SimulatedRadarr
from script.benchmark.day import pass_day
from script.benchmark.house import KEY
from script.benchmark.library import films


async def serve(count: int, real: Path | None) -> None:
    """Serve so many films, made of those of a file if it is given."""
    async with (
        SimulatedRadarr(films(count, real), api_key=KEY) as radarr,
        SimulatedClaude(api_key=KEY) as claude,
    ):
        print(radarr.url, claude.url, flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(pass_day(radarr, int(line))), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else None))
