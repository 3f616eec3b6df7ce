"""The measured side, in processes of its own: python -m script.benchmark.client DEED URL FOLDER.

Deeds: ``fill`` judges and tags the whole library, ``compare`` measures downloads and runs in
turns, ``once`` does a single run and nothing else, for its memory. The outcome is printed as JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from script.benchmark.house import KEY, Home

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LIST: Final = "/api/v3/movie?excludeLocalCovers=true"
NAMED_OF_1000: Final = 20
ITEMS_PER_REQUEST: Final = 1_000


async def fill(home: Home) -> dict[str, Any]:
    """Judge every film for every collection, about 2 % with a yes, and tag them."""
    from script.benchmark.judge import FastJudge

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
    import aiohttp
    import msgspec

    from kometa_ai.adapters.arr.door import Door, Timeouts
    from kometa_ai.adapters.clock import SystemClock
    from kometa_ai.adapters.radarr import Radarr

    class Name(msgspec.Struct, gc=False):
        name: str | None = None

    class Title(msgspec.Struct, gc=False):
        title: str | None = None

    class Film(msgspec.Struct, rename="camel", gc=False):
        """The fields of a film that matter to a verdict."""

        id: int
        title: str
        year: int | None = 0
        tmdb_id: int | None = 0
        imdb_id: str | None = ""
        genres: tuple[str, ...] | None = ()
        tags: tuple[int, ...] | None = ()
        keywords: tuple[str, ...] | None = ()
        overview: str | None = ""
        certification: str | None = ""
        studio: str | None = ""
        original_language: Name | None = None
        collection: Title | None = None

    async def body() -> bytes:
        headers = {"X-Api-Key": KEY, "Accept-Encoding": "identity"}
        async with (
            aiohttp.ClientSession(headers=headers, read_bufsize=2**18) as session,
            session.get(home.radarr_url + LIST) as response,
        ):
            return await response.read()

    async def bare() -> int:
        return len(msgspec.json.decode(await body(), type=list[Film]))

    async def streamed() -> int:
        door = Door(
            "Radarr", home.radarr_url, KEY, SystemClock(), verify_tls=True, timeouts=Timeouts()
        )
        async with door:
            return len(await door.stream("GET", LIST, Film, lambda film: film))

    async def items() -> int:
        async with Radarr(home.radarr_url, KEY, clock=SystemClock()) as radarr:
            return len(await radarr.items())

    async def whole_run() -> int:
        return (await home.run_unchanged()).items

    size = len(await body())
    deeds = {"bare": bare, "streamed": streamed, "items": items, "run": whole_run}
    taken = await _in_turns(deeds, rounds)
    return {"list_mb": size / 1e6, **{name: statistics.median(taken[name]) for name in deeds}, "rounds": taken}


async def _in_turns(
    deeds: dict[str, Callable[[], Awaitable[int]]], rounds: int
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
