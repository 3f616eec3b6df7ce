"""Judges and tags a whole library, and prints what that took as JSON.

python -m script.benchmark.fill URL FOLDER [COLLECTIONS]
"""

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

ITEMS_PER_REQUEST: Final = 1_000
THOUSAND: Final = 1_000
MEMBERS: Final = 20
"""Of a thousand films so many belong to a collection, if all collections have as many members."""
FEWEST, MOST = 10, 30
"""Otherwise it is between these, more from collection to collection."""
DOUBTED: Final = 20
"""Then, so many further ones are named too: Claude names whatever has a fair chance."""


async def fill(home: Home) -> None:
    """Judge every film for twenty collections, about 2 % with a yes, and tag them."""
    write_kometa_file(home.kometa)
    salts: dict[str, int] = {}
    judge = FastJudge(lambda number, slug: _draw(number, slug, salts) < MEMBERS)
    await _run(home, judge, ITEMS_PER_REQUEST)


async def fill_many(home: Home, collections: int) -> None:
    """Judge every film for so many collections, in requests of the usual size, and tag them."""
    write_kometa_file(home.kometa, collections)
    await _run(home, various_judge(collections), None)


def various_judge(collections: int, day: int = 0) -> FastJudge:
    """Return a judge that finds 1 to 3 % members, and names 2 % more as doubtful.

    It finds others every day, and is asked only of what changed.
    """
    salts: dict[str, int] = {}

    def belongs(number: int, slug: str) -> bool:
        return _draw(number + day, slug, salts) < share(slug)

    def doubted(number: int, slug: str) -> bool:
        return _draw(number + day, slug, salts) < share(slug) + DOUBTED

    def share(slug: str) -> int:
        return FEWEST + (MOST - FEWEST) * salts[slug] // max(collections - 1, 1)

    return FastJudge(belongs, doubted)


def _draw(number: int, slug: str, salts: dict[str, int]) -> int:
    """Return a number below a thousand for a film and a collection."""
    salt = salts.setdefault(slug, len(salts))
    return (number * 7_919 + salt * 104_729) % THOUSAND


async def _run(home: Home, judge: FastJudge, items_per_request: int | None) -> None:
    started = time.perf_counter()
    report = await home.run(judge, items_per_request=items_per_request)
    seconds = time.perf_counter() - started
    outcome = {"pairs": report.spending.pairs, "tags": report.added, "seconds": seconds}
    print(json.dumps(outcome))


if __name__ == "__main__":
    given = Home(Path(sys.argv[2]), sys.argv[1])
    asyncio.run(fill_many(given, int(sys.argv[3])) if sys.argv[3:] else fill(given))
