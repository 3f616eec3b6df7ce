"""What the first judgement of 1,000 films for 10 collections costs, here and as 0.5.x does it.

python -m script.benchmark.tokens FOLDER prints the outcome as JSON. Our side is the true adapter
against the simulated Claude with its own judge; both sides are billed by its meter.
"""

from __future__ import annotations

import asyncio
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kometa_ai.adapters.claude.prices import load_prices
from kometa_ai.demo.claude import SimulatedClaude
from kometa_ai.demo.radarr import SimulatedRadarr
from kometa_ai.domain.cost import Usage, price
from script.benchmark import baseline
from script.benchmark.house import KEY, Home, UnexpectedError
from script.benchmark.library import films, wishes, write_kometa_file

if TYPE_CHECKING:
    from kometa_ai.demo.meter import Meter

FILMS: Final = 1_000
COLLECTIONS: Final = 10
PAIRS: Final = FILMS * COLLECTIONS


async def judge(folder: Path) -> tuple[Meter, int]:
    """Judge them all with the real run; return the bill and how many pairs were named."""
    write_kometa_file(folder / "kometa", COLLECTIONS)
    named = 0
    async with (
        SimulatedRadarr(films(FILMS), api_key=KEY) as radarr,
        SimulatedClaude(api_key=KEY) as claude,
    ):
        own = claude.judge

        def judging(system: str, message: str) -> object:
            nonlocal named
            answer = own(system, message)
            named += len(answer["named"]) if isinstance(answer, dict) else 0
            return answer

        claude.judge = judging
        report = await Home(folder, radarr.url, claude.url).run()
        if report.spending.pairs < PAIRS or report.spending.cost != claude.meter.usd:
            raise UnexpectedError(f"{report.spending} instead of {PAIRS} pairs, {claude.meter.usd}")
        return claude.meter, named


def _summary(meter: Meter) -> dict[str, Any]:
    usages = [Usage(bill.fresh, bill.output, bill.read, bill.written) for bill in meter.bills]
    prices = load_prices()
    return {
        "requests": len(usages),
        "fresh": sum(one.input_tokens for one in usages),
        "written": sum(one.cache_write_tokens for one in usages),
        "read": sum(one.cache_read_tokens for one in usages),
        "output": sum(one.output_tokens for one in usages),
        "usd": {
            name: float(sum((price(one, model) for one in usages), Decimal(0)))
            for name, model in prices.models.items()
        },
    }


async def main(folder: str) -> None:
    """Bill both sides."""
    ours, named = await judge(Path(folder))
    theirs = baseline.bill(list(films(FILMS)), wishes(COLLECTIONS))
    outcome = {
        "films": FILMS,
        "collections": COLLECTIONS,
        "pairs": PAIRS,
        "named": named,
        "ours": _summary(ours),
        "baseline": _summary(theirs),
        "prices": load_prices().date,
    }
    print(json.dumps(outcome))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
