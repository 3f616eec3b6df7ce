"""The measured side, in processes of its own: python -m script.benchmark.client DEED URL FOLDER.

Deeds: ``fill`` judges and tags the whole library, ``compare`` measures downloads and runs in
turns, ``once`` does a single run and nothing else, for its memory. The outcome is printed as JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from script.benchmark.house import Home

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

NAMED_OF_1000: Final = 20
ITEMS_PER_REQUEST: Final = 1_000


async def fill(home: Home) -> dict[str, Any]:
    """Judge every film for every collection, about 2 % with a yes, and tag them."""
    from script.benchmark.judge import FastJudge
    from script.benchmark.library import write_kometa_file

    write_kometa_file(home.kometa)

    salts: dict[str, int] = {}

    def belongs(number: int, slug: str) -> bool:
        salt = salts.setdefault(slug, len(salts))
        return (number * 7_919 + salt * 104_729) % 1_000 < NAMED_OF_1000

    started = time.perf_counter()
    report = await home.run(FastJudge(belongs), items_per_request=ITEMS_PER_REQUEST)
    return {
        "pairs": report.spending.pairs,
        "tags": report.added,
        "seconds": time.perf_counter() - started,
    }


async def once(home: Home) -> dict[str, Any]:
    """Run when nothing changed."""
    report = await home.run_unchanged()
    return {"items": report.items, "peak_mb": _peak_mb()}


async def compare(home: Home, rounds: int) -> dict[str, Any]:
    """Measure downloads and whole runs in turns, so that a busy machine disturbs all alike."""
    from script.benchmark import download

    url = home.radarr_url
    deeds: dict[str, Callable[[], Awaitable[object]]] = {
        "bare": lambda: download.bare(url),
        "streamed": lambda: download.streamed(url),
        "items": lambda: download.items(url),
        "run": home.run_unchanged,
    }
    size = len(await download.body(url))
    taken = await _in_turns(deeds, rounds)
    return {"list_mb": size / 1e6, "rounds": taken}


async def _in_turns(
    deeds: dict[str, Callable[[], Awaitable[object]]], rounds: int
) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in deeds}
    for number in range(rounds + 1):
        for name, deed in deeds.items():
            gc.collect()
            started = time.perf_counter()
            await deed()
            if number:  # the first round warms everything up
                taken[name].append(time.perf_counter() - started)
    return taken


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def main(deed: str, url: str, folder: str, rounds: str = "7") -> None:
    """Do what was asked for, and print what came of it."""
    home = Home(Path(folder), url)
    match deed:
        case "fill":
            outcome = await fill(home)
        case "once":
            outcome = await once(home)
        case _:
            outcome = await compare(home, int(rounds))
    print(json.dumps(outcome))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
