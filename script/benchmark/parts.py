"""The parts of the measurement: each can be done alone, and fills its own sections of the page."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from script.benchmark import large_pages, no_change, pages, targets
from script.benchmark.large import Large, measure, measure_largest
from script.benchmark.outside import module

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from script.benchmark.pages import Table
    from script.benchmark.targets import Target

SIZES: Final = (1_000, 10_000, 100_000)
LARGE_SIZES: Final = (1_000, 3_000, 10_000, 30_000, 100_000)
ROUNDS: Final = {1_000: 9, 3_000: 9, 10_000: 9, 30_000: 5, 100_000: 3}
MODEL: Final = "claude-haiku-5-5"


@dataclass(frozen=True, slots=True)
class Setup:
    """Where and how to measure; ``real`` is the file of real films, if there is one."""

    folder: Path
    quick: bool
    real: Path | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a part brought: tables by heading, targets, a picture by name, and all its figures."""

    tables: Mapping[str, Table]
    targets: list[Target]
    figures: Any
    pictures: Mapping[str, str] = field(default_factory=dict)


def tagging(setup: Setup) -> Outcome:
    """Count the requests of tag changes."""
    _say("5,000 tag changes …")
    spreads = module("tagging", str(setup.folder / "tagging"))
    table = pages.requests_table(spreads)
    return Outcome({"Changing tags": table}, targets.check_tagging(spreads), spreads)


def tokens(setup: Setup) -> Outcome:
    """Count the tokens and the dollars of a first judgement."""
    _say("First judgement of 1,000 films × 10 collections …")
    bill = {"model": MODEL, **module("tokens", str(setup.folder / "tokens"))}
    tables = {"Tokens": pages.tokens_table(bill), "Dollars": pages.dollars_table(bill)}
    return Outcome(tables, targets.check_bill(bill), bill)


def service(setup: Setup) -> Outcome:
    """Watch the service, idle and at work."""
    _say("The service, idle for a minute and at work …")
    told = module("service", str(setup.folder / "service"), "10" if setup.quick else "60")
    table = pages.service_table(told)
    return Outcome({"The service": table}, targets.check_service(told), told)


def unchanged(setup: Setup) -> Outcome:
    """Measure the no-change run of twenty collections."""
    figures = []
    for films in SIZES[:-1] if setup.quick else SIZES:
        _say(f"No-change run, {films:,} films × 20 collections …")
        figures.append(no_change.measure(films, setup.folder / str(films), ROUNDS[films]))
    table = pages.no_change_table(figures)
    told = [asdict(one) for one in figures]
    return Outcome({"The no-change run": table}, targets.check_no_change(figures), told)


def large(setup: Setup) -> Outcome:
    """Measure large libraries with fifty collections, the largest one in every way."""
    sizes = LARGE_SIZES[:-2] if setup.quick else LARGE_SIZES
    figures: list[Large] = []
    for films in sizes[:-1]:
        _say(f"{films:,} films × 50 collections …")
        folder = setup.folder / f"large-{films}"
        figures.append(measure(films, folder, ROUNDS[films], setup.real))
    films = sizes[-1]
    _say(f"{films:,} films × 50 collections, in every way …")
    folder = setup.folder / f"large-{films}"
    one, largest = measure_largest(films, folder, ROUNDS[films], setup.real)
    figures.append(one)
    tables = {
        "Large libraries": large_pages.sizes_table(figures, real=setup.real is not None),
        "A large library, one thing at a time": large_pages.deeds_table(one, largest),
    }
    told = {"sizes": [asdict(one) for one in figures], "largest": asdict(largest)}
    drawing = {"performance.svg": large_pages.curves(figures)}
    return Outcome(tables, targets.check_large(one, largest), told, drawing)


PARTS: Final[Mapping[str, Callable[[Setup], Outcome]]] = {
    "tagging": tagging,
    "tokens": tokens,
    "service": service,
    "no-change": unchanged,
    "large": large,
}


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
