"""Measuring from outside: each part in a process of its own, against servers in another.

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
from typing import IO, TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT: Final = Path(__file__).resolve().parents[2]
KIB: Final = 1024


@dataclass(slots=True)
class Servers:
    """A simulated Radarr and a simulated Claude in a process of their own."""

    radarr: str
    claude: str
    _orders: IO[str]
    _answers: IO[str]

    def change(self, day: int) -> dict[str, int]:
        """Let a day pass in the library; return what happened in it."""
        self._orders.write(f"{day}\n")
        self._orders.flush()
        told: dict[str, int] = json.loads(self._answers.readline())
        return told


@contextmanager
def serving(films: int, real: Path | None = None) -> Iterator[Servers]:
    """Run the simulated servers with so many films, made of those of a file if it is given."""
    command = [sys.executable, "-m", "script.benchmark.serve", str(films)]
    if real is not None:
        command.append(str(real))
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None  # noqa: S101 - asked for above
        assert server.stdout is not None  # noqa: S101 - the same
        try:
            radarr, claude = server.stdout.readline().split()
            yield Servers(radarr, claude, server.stdin, server.stdout)
        finally:
            server.communicate()


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a process took, and what it wrote; its peak memory is in MB."""

    seconds: float
    peak: float
    out: str


def module(name: str, *args: str) -> Any:  # noqa: ANN401 - JSON
    """Run one of the modules and return what it prints."""
    return json.loads(weigh_module(name, *args).out)


def weigh_module(name: str, *args: str) -> Weighed:
    """Run one of the modules and weigh its process."""
    return weigh(["-m", f"script.benchmark.{name}", *args], os.environ)


def weigh_program(settings: Mapping[str, str], *flags: str) -> Weighed:
    """Run the program as a user does, with these settings alone."""
    known = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return weigh(["-m", "kometa_ai", *flags], {**known, **settings})


def weigh(arguments: Sequence[str], environment: Mapping[str, str]) -> Weighed:
    """Run Python with these arguments to its good end."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None  # noqa: S101 - asked for above
    with process.stdout as written:
        out = written.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, " ".join(arguments))
    return Weighed(time.perf_counter() - started, usage.ru_maxrss / KIB, out)
