"""The no-change run, measured from outside: each part in a process of its own.

This module imports nothing heavy on purpose: a child's peak memory counts from that of its parent.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[2]
KIB: Final = 1024


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
    with serving(films) as url:
        filled = module("fill", url, str(folder))
        compared = module("compare", url, str(folder), str(rounds))
        alone = module("once", url, str(folder))
        seconds, peak = _whole_process(url, folder)
    taken = compared["rounds"]
    ratios = [run / bare for run, bare in zip(taken["run"], taken["bare"], strict=True)]
    return Figures(
        films=films,
        list_mb=compared["list_mb"],
        pairs=filled["pairs"],
        tags=filled["tags"],
        fill=filled["seconds"],
        run_processor=median(compared["processor"]["run"]),
        ratio=median(ratios),
        peak=alone["peak_mb"],
        process=seconds,
        process_peak=peak,
        **{name: median(times) for name, times in taken.items()},
    )


@contextmanager
def serving(films: int) -> Iterator[str]:
    """Run a simulated Radarr with so many films; its address."""
    command = [sys.executable, "-m", "script.benchmark.serve", str(films)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None  # noqa: S101 - asked for above
        try:
            yield server.stdout.readline().strip()
        finally:
            server.communicate()


def module(name: str, *args: str) -> Any:  # noqa: ANN401 - JSON
    """Run one of the modules and return what it prints."""
    command = [sys.executable, "-m", f"script.benchmark.{name}", *args]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def _whole_process(url: str, folder: Path) -> tuple[float, float]:
    """Run the program as a user does; return seconds and peak memory, the median of three."""
    given = module("house", url, str(folder))
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "kometa_ai", "--run-now"],
            cwd=ROOT,
            env={**_inherited(), **given},
            stdout=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, "python -m kometa_ai")
        taken.append((time.perf_counter() - started, usage.ru_maxrss / KIB))
    return sorted(taken)[1]


def _inherited() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
