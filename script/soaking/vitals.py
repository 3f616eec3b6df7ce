"""What the service takes from the machine: memory, handles, threads, children."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

KIB: Final = 1024
MOST_MEMORY: Final = 120.0
"""MB. An idle service takes 60 at most (DESIGN, 12); a busy one reads reports."""
GROWTH: Final = 30.0
MORE_HANDLES: Final = 10
MOST_HANDLES: Final = 40
"""A quiet service has 15. Most lives end in a minute or two, too soon for a growth to show."""
MORE_THREADS: Final = 6
MORE_TASKS: Final = 6
TASKS: Final = re.compile(r"after run \S+: (\d+) tasks")


@dataclass(frozen=True, slots=True)
class Vitals:
    """One measurement of one life of the service."""

    pid: int
    memory: float
    handles: int
    threads: int
    children: int
    tasks: int
    """Of asyncio, after the newest run: the service writes it into its log."""

    def wrong(self, first: Vitals) -> list[str]:
        """Compare with the first measurement of the same life."""
        found = []
        if self.memory > MOST_MEMORY:
            found.append(f"the service takes {self.memory:.0f} MB")
        if self.memory > first.memory + GROWTH:
            found.append(f"its memory grew from {first.memory:.0f} to {self.memory:.0f} MB")
        if self.handles > first.handles + MORE_HANDLES:
            found.append(f"its open files grew from {first.handles} to {self.handles}")
        if self.handles > MOST_HANDLES:
            found.append(f"the service has {self.handles} open files")
        if self.threads > first.threads + MORE_THREADS:
            found.append(f"its threads grew from {first.threads} to {self.threads}")
        if not self.tasks:
            found.append("its log does not say how many tasks it has")
        elif self.tasks > first.tasks + MORE_TASKS:
            found.append(f"its tasks grew from {first.tasks} to {self.tasks}")
        if self.children:
            found.append(f"{self.children} child processes are left although nothing runs")
        return found


def take(pid: int, lines: Iterable[str]) -> Vitals:
    """Measure a process; ``lines`` are what it wrote last."""
    rows = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    status = dict(row.split(":", 1) for row in rows if ":" in row)
    return Vitals(
        pid,
        int(status["VmRSS"].split()[0]) / KIB,
        len(os.listdir(f"/proc/{pid}/fd")),  # noqa: PTH208 - only how many
        int(status["Threads"]),
        len(children(pid)),
        ([0] + [int(told[1]) for line in lines if (told := TASKS.search(line))])[-1],
    )


def children(pid: int) -> list[int]:
    """Return the child processes of a process, those included that nobody waited for."""
    found = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                text = (task / "children").read_text(encoding="ascii")
                found += [int(one) for one in text.split()]
    return found
