"""The figures to reach, and whether they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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


def check(
    figures: Sequence[Figures], spreads: Sequence[Mapping[str, Any]], bill: Mapping[str, Any]
) -> list[Target]:
    """Hold the figures against their limits."""
    targets = []
    for one in figures:
        if one.films == GATED_FILMS:
            what = f"No-change run, {one.films:,} films × 20 collections"
            targets += [
                Target(f"{what}: times the bare download and decode", one.ratio, RATIO),
                Target(f"{what}: peak memory, MB", max(one.peak, one.process_peak), PEAK_MB),
            ]
    targets += _growth(figures)
    targets += [
        Target(
            f"5,000 tag changes in {one['collections']} collections: requests",
            one["requests"],
            REQUESTS,
        )
        for one in spreads
        if one["collections"] <= GATED_SPREAD
    ]
    times = bill["baseline"]["usd"][bill["model"]] / bill["ours"]["usd"][bill["model"]]
    targets.append(
        Target("First judgement: times fewer dollars than 0.5.x", times, CHEAPER, at_least=True)
    )
    return targets


def check_service(service: Mapping[str, float]) -> list[Target]:
    """Hold what the service costs against its limits."""
    return [
        Target("Service: seconds from its start to online", service["online_s"], ONLINE_S),
        Target("Service: resident memory before the first run, MB", service["idle_mb"], IDLE_MB),
        Target("Service: processor when idle, %", service["processor_percent"], IDLE_PERCENT),
        Target("Service: ms from a command to run_started", service["command_ms"], COMMAND_MS),
        Target(
            "Service: a run of 200 collections beside a broker, times that without",
            service["beside"] / service["alone"],
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
