"""Starts the command line in real processes, and fast: forked from one that has all imported.

To import the program and Anthropic's client takes seconds; a test that starts it dozens of times
would take minutes. What is forked is a process of its own: it can be killed, and it ends itself.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from tests.world import Ended

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.world import World

ZYGOTE = """
import json, os, sys
import anthropic, httpx2
import kometa_ai.cli.commands
from kometa_ai.__main__ import main
for line in sys.stdin:
    order = json.loads(line)
    child = os.fork()
    if not child:
        for number, name in ((1, order["out"]), (2, order["err"])):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        os.environ.clear()
        os.environ.update(order["env"])
        sys.argv[1:] = order["flags"]
        main()
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Springboard:
    """One process that has everything imported, and forks whatever is to be run."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [sys.executable, "-c", ZYGOTE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
        )
        self._lock = Lock()
        atexit.register(self.close)

    def close(self) -> None:
        """End it."""
        self._process.communicate()
        self._folder.cleanup()

    def start(self, flags: tuple[str, ...], env: Mapping[str, str]) -> Child:
        """Start the command line; only one at a time."""
        self._lock.acquire()
        folder = Path(self._folder.name)
        out, err = folder / "out", folder / "err"
        order = {"flags": flags, "env": dict(env), "out": str(out), "err": str(err)}
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Child(self, int(self._line()), out, err)

    def ended(self) -> int:
        """Wait for the end of what was started; return its exit code."""
        try:
            return int(self._line())
        finally:
            self._lock.release()

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()


@dataclass(frozen=True, slots=True)
class Child:
    """A command that is at work."""

    springboard: Springboard
    pid: int
    out: Path
    err: Path

    def kill(self) -> None:
        """Kill it, as the kernel does when memory runs out."""
        with suppress(ProcessLookupError):  # it was faster
            os.kill(self.pid, signal.SIGKILL)

    async def end(self) -> Ended:
        """Wait for its end."""
        code = await asyncio.to_thread(self.springboard.ended)
        return Ended(code, self.out.read_text(), self.err.read_text())


@cache
def springboard() -> Springboard:
    """Return the springboard of this test process."""
    return Springboard()


async def start(world: World, *flags: str, **more: str) -> Child:
    """Start the command line on a world."""
    board = await asyncio.to_thread(springboard)
    return await asyncio.to_thread(board.start, flags, world.environment(**more))


async def cli(world: World, *flags: str, **more: str) -> Ended:
    """Run the command line on a world."""
    return await (await start(world, *flags, **more)).end()
