"""The command line as a process that can be watched, stopped and killed while it is at work."""

from __future__ import annotations

import asyncio
import signal as signals
import sys
import time
from asyncio.subprocess import PIPE
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.world import Ended

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Callable
    from signal import Signals

    from tests.world import World

PATIENCE = 40.0
STEP = 0.005


@dataclass(slots=True)
class Going:
    """A command that is at work."""

    process: Process

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds, as long as the process lives."""
        begun = time.monotonic()  # a process of its own lives in real time
        while not condition():
            assert self.process.returncode is None, "it ended too soon"
            assert time.monotonic() - begun < PATIENCE, "it never came to that"
            await asyncio.sleep(STEP)  # noqa: TID251 - the same

    async def stop(self, signal: Signals) -> tuple[Ended, float]:
        """Send a signal; return how it ended, and after how many seconds."""
        begun = time.monotonic()
        self.process.send_signal(signal)
        ended = await self.end()
        return ended, time.monotonic() - begun

    async def end(self) -> Ended:
        """Wait for its end."""
        out, err = await self.process.communicate()
        code = self.process.returncode
        assert code is not None
        return Ended(code, out.decode(), err.decode())


@asynccontextmanager
async def going(world: World, *flags: str, **more: str) -> AsyncIterator[Going]:
    """Start the command line; it is killed if the test leaves it behind."""
    if signals.getsignal(signals.SIGHUP) is signals.SIG_IGN:
        # Whoever runs the tests with nohup would have every child ignore what is tested here.
        signals.signal(signals.SIGHUP, signals.SIG_DFL)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "kometa_ai",
        *flags,
        env=world.environment(**more),
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield Going(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
