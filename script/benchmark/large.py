"""Large libraries with fifty collections, measured from outside."""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from script.benchmark.no_change import ratio, whole_process
from script.benchmark.outside import (
    Servers,
    Weighed,
    module,
    serving,
    weigh_module,
    weigh_program,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLLECTIONS: Final = 50
DAYS: Final = 3
MILLION: Final = 1e6


@dataclass(frozen=True, slots=True)
class Large:
    """What was measured with one size of library; times in seconds, memory in MB.

    ``fill`` is the first run, with a judge that answers at once; it has ``named`` of its pairs
    carry words, the members among them.
    """

    films: int
    list_mb: float
    pairs: int
    members: int
    fill: float
    fill_peak: float
    bare: float
    run: float
    run_processor: float
    ratio: float
    process: float
    process_peak: float
    database: int

    @property
    def per_excluded(self) -> float:
        """Return the bytes of the whole state for each pair that is no member."""
        return self.database / (self.pairs - self.members)


@dataclass(frozen=True, slots=True)
class Day:
    """A run after a day's change; ``ratio`` is to the bare download."""

    changed: int
    new: int
    gone: int
    edits: int
    pairs: int
    added: int
    removed: int
    bare: float
    run: float
    ratio: float


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that a person does with the largest library."""

    name: str
    seconds: float
    peak: float


@dataclass(frozen=True, slots=True)
class Service:
    """The service with the largest library: its own memory, and its worker's at its peak."""

    before_mb: float
    after_mb: float
    worker_peak: float
    run: float


@dataclass(frozen=True, slots=True)
class Largest:
    """What only the largest library is asked."""

    day: Day
    deeds: tuple[Deed, ...]
    service: Service


def measure(films: int, folder: Path, rounds: int, real: Path | None) -> Large:
    """Fill the state, then measure downloads and runs in turns, then whole processes."""
    with serving(films, real) as servers:
        return _measure(films, servers, folder, rounds)


def measure_largest(
    films: int, folder: Path, rounds: int, real: Path | None
) -> tuple[Large, Largest]:
    """Measure as above, and then all else that is done with a library."""
    with serving(films, real) as servers:
        figures = _measure(films, servers, folder, rounds)
        deeds = list(_look(servers, folder))
        service = Service(**module("large_service", servers.radarr, str(folder)))
        day = _days(servers, folder)
        deeds += _spend(servers, folder)
    return figures, Largest(day, tuple(deeds), service)


def _measure(films: int, servers: Servers, folder: Path, rounds: int) -> Large:
    url = servers.radarr
    fill = weigh_module("fill", url, str(folder), str(COLLECTIONS))
    filled = json.loads(fill.out)
    compared = module("compare", url, str(folder), str(rounds))
    whole = whole_process(url, folder)
    taken = compared["rounds"]
    return Large(
        films=films,
        list_mb=compared["list_mb"],
        pairs=filled["pairs"],
        members=filled["tags"],
        fill=filled["seconds"],
        fill_peak=fill.peak,
        bare=median(taken["bare"]),
        run=median(taken["run"]),
        run_processor=median(compared["processor"]["run"]),
        ratio=ratio(taken["run"], taken["bare"]),
        process=whole.seconds,
        process_peak=whole.peak,
        database=sum(file.stat().st_size for file in (folder / "state").glob("kometa_ai.db*")),
    )


def _look(servers: Servers, folder: Path) -> Iterator[Deed]:
    """Do what costs nothing and changes nothing."""
    settings = module("house", servers.radarr, str(folder))
    for flags in (
        "--run-now --json",
        "--run-now --dry-run",
        "--estimate",
        "--dump-state",
        "--runs",
    ):
        yield _deed(flags, weigh_program(settings, *flags.split()))
    # Nothing is decided in a state that is new.
    for name, flags in (
        ("nothing decided: --estimate", "--estimate"),
        ("nothing decided, MONTHLY_BUDGET=0: --run-now", "--run-now"),
    ):
        fresh = folder / flags.strip("-")
        anew = {**settings, "STATE_DIR": str(fresh), "MONTHLY_BUDGET": "0"}
        yield _deed(name, weigh_program(anew, *flags.split()))


def _days(servers: Servers, folder: Path) -> Day:
    """Let some days pass, and run after each."""
    passed, runs = [], []
    for day in range(1, DAYS + 1):
        passed.append(servers.change(day))
        runs.append(module("changed", servers.radarr, str(folder), str(COLLECTIONS), str(day)))
    return Day(
        **passed[-1],
        **{kind: runs[-1][kind] for kind in ("pairs", "added", "removed")},
        bare=median(one["bare"] for one in runs),
        run=median(one["run"] for one in runs),
        ratio=ratio([one["run"] for one in runs], [one["bare"] for one in runs]),
    )


def _spend(servers: Servers, folder: Path) -> Iterator[Deed]:
    """Run once more after a day, with the true adapter and the simulated Claude."""
    settings = module("house", servers.radarr, str(folder), servers.claude)
    servers.change(DAYS + 1)
    yield _deed("a day's change: --estimate", weigh_program(settings, "--estimate"))
    yield _deed("a day's change, simulated Claude: --run-now", weigh_program(settings, "--run-now"))


def _deed(name: str, weighed: Weighed) -> Deed:
    return Deed(name, weighed.seconds, weighed.peak)
