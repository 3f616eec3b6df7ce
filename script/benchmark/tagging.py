"""How many requests 5,000 tag changes take: python -m script.benchmark.tagging FOLDER.

The outcome is printed as JSON: requests of the whole run by what they were.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Final

from kometa_ai.demo.radarr import SimulatedRadarr
from script.benchmark.house import KEY, Home, UnexpectedError
from script.benchmark.judge import FastJudge
from script.benchmark.library import films, index_of, write_kometa_file

CHANGES: Final = 5_000
SPREADS: Final = (1, 10, 20)
"""Over how many collections the changes are spread."""


async def tag(folder: Path, collections: int) -> dict[str, Any]:
    """Tag 5,000 films, each for one of the collections, and count what Radarr was asked."""
    write_kometa_file(folder / "kometa", collections)
    async with SimulatedRadarr(films(CHANGES), api_key=KEY) as radarr:
        slugs: dict[str, int] = {}

        def belongs(number: int, slug: str) -> bool:
            return index_of(number) % collections == slugs.setdefault(slug, len(slugs))

        report = await Home(folder, radarr.url).run(FastJudge(belongs), items_per_request=1_000)
        if report.added != CHANGES:
            raise UnexpectedError(f"{report.added} tags instead of {CHANGES}")
        kinds = Counter(f"{seen.method} {seen.path}" for seen in radarr.requests)
    return {"collections": collections, "requests": kinds.total(), "kinds": dict(kinds)}


async def main(folder: str) -> None:
    """Count for each spread."""
    spread = [await tag(Path(folder) / str(count), count) for count in SPREADS]
    print(json.dumps(spread))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
