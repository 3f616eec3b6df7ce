"""The no-change run, measured from outside: each part in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from script.benchmark.outside import Weighed, module, serving, weigh_program

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured with one size of library; times in seconds, memory in MB."""

    films: int
    list_mb: float
    pairs: int
    tags: int
    fill: float
    bare: float
    streamed: float
    items: float
    run: float
    run_processor: float
    ratio: float
    peak: float
    process: float
    process_peak: float


def measure(films: int, folder: Path, rounds: int) -> Figures:
    """Fill the state, then measure downloads and runs in turns, then the memory of one run."""
    with serving(films) as servers:
        url = servers.radarr
        filled = module("fill", url, str(folder))
        compared = module("compare", url, str(folder), str(rounds))
        alone = module("once", url, str(folder))
        whole = whole_process(url, folder)
    taken = compared["rounds"]
    return Figures(
        films=films,
        list_mb=compared["list_mb"],
        pairs=filled["pairs"],
        tags=filled["tags"],
        fill=filled["seconds"],
        run_processor=median(compared["processor"]["run"]),
        ratio=ratio(taken["run"], taken["bare"]),
        peak=alone["peak_mb"],
        process=whole.seconds,
        process_peak=whole.peak,
        **{name: median(times) for name, times in taken.items()},
    )


def ratio(runs: list[float], bare: list[float]) -> float:
    """Return how many times longer a run takes: the median of the rounds' own ratios."""
    return median(run / yardstick for run, yardstick in zip(runs, bare, strict=True))


def whole_process(url: str, folder: Path) -> Weighed:
    """Run the program as a user does; return the median of three."""
    given = module("house", url, str(folder))
    taken = [weigh_program(given, "--run-now") for _ in range(3)]
    return sorted(taken, key=lambda one: one.seconds)[1]
