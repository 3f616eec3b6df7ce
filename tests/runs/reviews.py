"""What tests of second opinions look at."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.world import Judge, World, movie

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kometa_ai.demo.claude import SimulatedClaude
    from kometa_ai.demo.refusals import Json
    from kometa_ai.domain.report import ReviewSpending, RunReport

FIRST = "claude-haiku-5-5"
REVIEWER = "claude-opus-5-5"
ROUNDING = Decimal("1e-20")
Chances = dict[str, dict[int, float]]


def reviewing(folder: Path, count: int, chances: Chances, opinions: Chances, **more: Any) -> World:
    """Return a world of so many films, and what both models think of them."""
    films = [movie(number) for number in range(1, count + 1)]
    more = {"review_model": REVIEWER, **more}
    return World(folder, films, chances, reviews=Judge(opinions), **more)


def of(model: str) -> Any:
    """Choose the requests to a model."""
    return lambda body: body.get("model") == model


def models(claude: SimulatedClaude) -> list[str]:
    """Return whom the live requests were for, in order."""
    return [str(body["model"]) for body in claude.requests]


def message(body: Mapping[str, Json]) -> str:
    """Return the titles of a request."""
    return str(body["messages"][0]["content"])  # type: ignore[index,call-overload] # as it is sent


def asked(claude: SimulatedClaude, model: str) -> list[tuple[str, int]]:
    """Return the pairs that a model was asked about, live and in batches: collection and id."""
    bodies = [*claude.requests]
    for batch in claude.desk.batches.values():
        bodies += [params for _, params in batch.requests]
    found = []
    for body in bodies:
        if body["model"] != model:
            continue
        system = str(body["system"][0]["text"])  # type: ignore[index,call-overload] # as it is sent
        letters = dict(
            re.findall(r"^([A-Z])\. (.+)$", system.partition("Collections:")[2], re.MULTILINE)
        )
        for line in message(body).splitlines():
            only = re.search(r" \| (?:judge only|again): ([^|]+)", line)
            chosen = re.findall(r"(?:^|[,;] )([A-Z])\b", only[1]) if only else list(letters)
            number = int(line.removeprefix("#").split(" ", 1)[0])
            found += [(letters[letter], number) for letter in chosen]
    return found


def part(report: RunReport) -> ReviewSpending:
    """Return what second opinions took."""
    assert report.spending.review is not None
    return report.spending.review


def check_money(world: World, *reports: RunReport) -> None:
    """Check what both models cost against the simulator's own meter, each by itself."""
    metered: dict[str, Decimal] = world.claude.meter.usd_by_model
    whole = sum(report.spending.cost for report in reports)
    second = sum(part(report).cost for report in reports)
    assert second == metered.get(REVIEWER, 0)
    assert whole - second == metered.get(FIRST, 0)
    for report in reports:
        shares = sum(one.cost for one in report.collections)
        assert abs(shares - report.spending.cost) < ROUNDING
        assert sum(one.judged for one in report.collections) == report.spending.pairs
