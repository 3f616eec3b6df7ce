"""What was measured of large libraries, as tables and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from script.benchmark.plot import Curve, Plot, covering, picture
from script.benchmark.targets import LARGE_PEAK_MB, LARGE_RATIO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from script.benchmark.large import Large, Largest
    from script.benchmark.pages import Table

LEAST_S, TIMES_S = 0.01, 10
LEAST_MB, TIMES_MB = 50, 2
"""Where the axes of the picture begin, and from mark to mark so many times more."""


def sizes_table(figures: Sequence[Large], *, real: bool) -> Table:
    """Return each size of library."""
    source = "real films" if real else "films made from the demo's"
    return [
        (f"50 collections, {source}", *(f"{one.films:,}" for one in figures)),
        ("The list of films, MB", *(f"{one.list_mb:.0f}" for one in figures)),
        ("Pairs decided before", *(f"{one.pairs:,}" for one in figures)),
        ("Members among them", *(f"{one.members:,}" for one in figures)),
        ("Bare download and decode, s", *(f"{one.bare:.3f}" for one in figures)),
        ("Whole no-change run, s", *(f"{one.run:.3f}" for one in figures)),
        ("Its processor time, s", *(f"{one.run_processor:.3f}" for one in figures)),
        ("Run / bare", *(f"{one.ratio:.2f}" for one in figures)),
        ("python -m kometa_ai --run-now, s", *(f"{one.process:.2f}" for one in figures)),
        ("Its peak memory, MB", *(f"{one.process_peak:.0f}" for one in figures)),
        ("The state's file, MB", *(f"{one.database / 1e6:.1f}" for one in figures)),
        ("Bytes of it per excluded pair", *(f"{one.per_excluded:.1f}" for one in figures)),
        ("First run with an instant judge, s", *(f"{one.fill:.1f}" for one in figures)),
        ("Its peak memory, MB", *(f"{one.fill_peak:.0f}" for one in figures)),
    ]


def deeds_table(one: Large, largest: Largest) -> Table:
    """Return all else that is done with the largest library."""
    day, service = largest.day, largest.service
    after = f"A day's change, in one process: run ({day.ratio:.1f} × the bare {day.bare:.2f} s)"
    return [
        (f"{one.films:,} films × 50 collections", "s", "Peak, MB"),
        *((deed.name, f"{deed.seconds:.1f}", f"{deed.peak:.0f}") for deed in largest.deeds),
        (after, f"{day.run:.1f}", ""),
        (
            "A run of the service, largest of its workers",
            f"{service.run:.1f}",
            f"{service.worker_peak:.0f}",
        ),
        ("The service itself, before that run", "", f"{service.before_mb:.0f}"),
        ("The service itself, after that run", "", f"{service.after_mb:.0f}"),
    ]


def curves(figures: Sequence[Large]) -> str:
    """Draw time and memory against the number of films."""
    sizes = [one.films for one in figures]
    limit = [(one.films, LARGE_RATIO * one.bare) for one in figures]
    seconds = [
        Curve("bare download", "a", [(one.films, one.bare) for one in figures]),
        Curve(f"limit: {LARGE_RATIO} × bare", "limit", limit),
        Curve("whole run", "b", [(one.films, one.run) for one in figures]),
        Curve("python -m kometa_ai", "c", [(one.films, one.process) for one in figures]),
    ]
    megabytes = [
        Curve("python -m kometa_ai", "c", [(one.films, one.process_peak) for one in figures]),
        Curve("its limit", "limit", [(size, LARGE_PEAK_MB) for size in (sizes[0], sizes[-1])]),
        Curve("the first run", "b", [(one.films, one.fill_peak) for one in figures]),
    ]
    time = Plot("Seconds, 50 collections", covering(seconds, LEAST_S, TIMES_S), seconds)
    name = "Peak memory in MB, 50 collections"
    memory = Plot(name, covering(megabytes, LEAST_MB, TIMES_MB), megabytes)
    return picture("Time and memory against the size of the library", sizes, [time, memory])
