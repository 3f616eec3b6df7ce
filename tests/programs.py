"""A program beside the tests: what it prints is kept, and it is ended by its own id."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE, STDOUT
from dataclasses import dataclass, field
from signal import SIGTERM, Signals
from typing import TYPE_CHECKING

from tests.outside import PATIENCE

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Mapping, Sequence
    from pathlib import Path


LONGEST_LINE = 2**20


@dataclass(slots=True)
class Program:
    """A command to be started, stopped and started again; ``lines`` is all that it printed."""

    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str] | None = None
    lines: list[str] = field(default_factory=list)
    _process: Process | None = None
    _reading: asyncio.Task[None] | None = None
    _ended: bool = False
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def start(self) -> None:
        assert self._process is None, "it is running"
        self._ended = False
        self._process = await asyncio.create_subprocess_exec(
            *self.command,
            cwd=self.folder,
            env=self.environment,
            stdout=PIPE,
            stderr=STDOUT,
            limit=LONGEST_LINE,
        )
        self._reading = asyncio.create_task(self._read(self._process), name="what it prints")

    @property
    def pid(self) -> int:
        """The id of the process that runs."""
        assert self._process is not None, "it does not run"
        return self._process.pid

    def send(self, signal: Signals) -> None:
        """Send a signal, and do not wait."""
        assert self._process is not None, "it does not run"
        self._process.send_signal(signal)

    async def stop(self, signal: Signals = SIGTERM) -> int:
        """Send a signal, wait for its end and return its exit code; 0 if it does not run."""
        if self._process is None or self._reading is None:
            return 0
        if self._process.returncode is None:
            self._process.send_signal(signal)
        return await self.wait()

    async def wait(self) -> int:
        """Wait for its end and return its exit code."""
        assert self._process is not None, "it does not run"
        assert self._reading is not None, "the same"
        async with asyncio.timeout(PATIENCE):
            code = await self._process.wait()
            await self._reading
        self._process = self._reading = None
        return code

    async def says(self, words: str, *, since: int = 0, patience: float = PATIENCE) -> None:
        """Wait until it prints certain words, after the lines that were there before."""

        def said() -> bool:
            return any(words in line for line in self.lines[since:])

        try:
            async with asyncio.timeout(patience), self._news:
                await self._news.wait_for(lambda: said() or self._ended)
        except TimeoutError:
            pass  # what it said instead is told below, as when it ended
        if not said():
            last = "\n".join(self.lines[-30:])
            raise AssertionError(f"It never said {words!r}. Its last lines:\n{last}")

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            self.lines.append(line.decode(errors="replace").rstrip())
            async with self._news:
                self._news.notify_all()
        self._ended = True
        async with self._news:
            self._news.notify_all()
