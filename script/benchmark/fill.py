"""Judges and tags a whole library: python -m script.benchmark.fill URL FOLDER; prints JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Final

from script.benchmark.house import Home
from script.benchmark.judge import FastJudge
from script.benchmark.library import write_kometa_file

NAMED_OF_1000: Final = 20
ITEMS_PER_REQUEST: Final = 1_000


async def fill(home: Home) -> None:
    """Judge every film for every collection, about 2 % with a yes, and tag them."""
    write_kometa_file(home.kometa)
    salts: dict[str, int] = {}

    def belongs(number: int, slug: str) -> bool:
        salt = salts.setdefault(slug, len(salts))
        return (number * 7_919 + salt * 104_729) % 1_000 < NAMED_OF_1000

    started = time.perf_counter()
    report = await home.run(FastJudge(belongs), items_per_request=ITEMS_PER_REQUEST)
    seconds = time.perf_counter() - started
    outcome = {"pairs": report.spending.pairs, "tags": report.added, "seconds": seconds}
    print(json.dumps(outcome))


if __name__ == "__main__":
    asyncio.run(fill(Home(Path(sys.argv[2]), sys.argv[1])))
