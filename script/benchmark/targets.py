"""The figures to reach, and whether they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from script.benchmark.large import Large, Largest
    from script.benchmark.no_change import Figures

GATED_FILMS: Final = 10_000
RATIO: Final = 1.5
PEAK_MB: Final = 150
REQUESTS: Final = 40
GATED_SPREAD: Final = 10
CHEAPER: Final = 25
ONLINE_S: Final = 2
IDLE_MB: Final = 60
IDLE_PERCENT: Final = 0.05
COMMAND_MS: Final = 100
BESIDE: Final = 1.05
LARGE_RATIO: Final = 3
LARGE_PEAK_MB: Final = 400
PER_EXCLUDED: Final = 60
ANY_PEAK_MB: Final = 1_000
ANY_S: Final = 60
SLACK: Final = 1.1
"""Two measurements of the same thing differ by as much on a busy machine."""


@dataclass(frozen=True, slots=True)
class Target:
    """A figure, its limit, and whether it keeps to it."""

    name: str
    reached: float
    limit: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Return whether the target is reached."""
        return self.reached >= self.limit if self.at_least else self.reached <= self.limit


def check_no_change(figures: Sequence[Figures]) -> list[Target]:
    """Hold the no-change run against its limits."""
    targets = []
    for one in figures:
        if one.films == GATED_FILMS:
            what = f"No-change run, {one.films:,} films × 20 collections"
            targets += [
                Target(f"{what}: times the bare download and decode", one.ratio, RATIO),
                Target(f"{what}: peak memory, MB", max(one.peak, one.process_peak), PEAK_MB),
            ]
    return [*targets, *_growth(figures)]


def check_tagging(spreads: Sequence[Mapping[str, Any]]) -> list[Target]:
    """Hold the requests for tag changes against their limit."""
    return [
        Target(
            f"5,000 tag changes in {one['collections']} collections: requests",
            one["requests"],
            REQUESTS,
        )
        for one in spreads
        if one["collections"] <= GATED_SPREAD
    ]


def check_bill(bill: Mapping[str, Any]) -> list[Target]:
    """Hold the price of a first judgement against that of 0.5.x."""
    times = bill["baseline"]["usd"][bill["model"]] / bill["ours"]["usd"][bill["model"]]
    name = "First judgement: times fewer dollars than 0.5.x"
    return [Target(name, times, CHEAPER, at_least=True)]


def check_large(one: Large, largest: Largest) -> list[Target]:
    """Hold the largest library against its limits."""
    what = f"No-change run, {one.films:,} films × 50 collections"
    anything = f"Anything done with {one.films:,} films × 50 collections"
    largest_peak = max([one.fill_peak, *(deed.peak for deed in largest.deeds)])
    return [
        Target(f"{what}: times the bare download and decode", one.ratio, LARGE_RATIO),
        Target(f"{what}: peak memory, MB", one.process_peak, LARGE_PEAK_MB),
        Target(
            f"{what}, by the service: peak memory of a worker, MB",
            largest.service.worker_peak,
            LARGE_PEAK_MB,
        ),
        Target(f"{what}: bytes of state per excluded pair", one.per_excluded, PER_EXCLUDED),
        Target(f"{anything}: peak memory, MB", largest_peak, ANY_PEAK_MB),
        Target(f"{anything}: seconds", max(deed.seconds for deed in largest.deeds), ANY_S),
    ]


def check_service(service: Mapping[str, float]) -> list[Target]:
    """Hold what the service costs against its limits."""
    return [
        Target("Service: seconds from its start to online", service["online_s"], ONLINE_S),
        Target("Service: resident memory before the first run, MB", service["idle_mb"], IDLE_MB),
        Target("Service: processor when idle, %", service["processor_percent"], IDLE_PERCENT),
        Target("Service: ms from a command to run_started", service["command_ms"], COMMAND_MS),
        Target(
            "Service: a run of 200 collections beside a broker, times that without",
            service["ratio"],
            BESIDE,
        ),
    ]


def _growth(figures: Sequence[Figures]) -> Iterator[Target]:
    small = next((one for one in figures if one.films == GATED_FILMS), None)
    large = figures[-1]
    if small is None or large is small:
        return
    factor = large.films / small.films
    what = f"From {small.films:,} to {large.films:,} films"
    # By processor time: what else the machine does meanwhile is no growth of ours.
    grows = large.run_processor / small.run_processor
    yield Target(f"{what}: processor time grows by", grows, factor * SLACK)
    yield Target(f"{what}: memory grows by", large.peak / small.peak, factor * SLACK)
