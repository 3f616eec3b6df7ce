"""The service's end of a worker: started, listened to, stopped."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from asyncio.subprocess import PIPE
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from addon.worker.order import CANCEL, LONGEST_LINE, decode_told, decode_words, encode_order

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator

    from addon.worker.order import Order, Told

LOG = logging.getLogger(__name__)
GRACE: Final = 1.5
"""Seconds that a worker has to end what it must not leave by halves; then it is killed."""


class Worker:
    """One worker at work."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.pid = process.pid

    async def told(self) -> AsyncIterator[Told]:
        """Return what it tells, until it ends."""
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        async for line in self._process.stdout:
            try:
                yield decode_told(line)
            except ValueError as error:
                LOG.warning("a worker said what nobody understands (%s): %.200r", error, line)

    async def ended(self) -> str:
        """Wait for its end; return how it ended if that was not in order, else nothing."""
        code = await self._process.wait()
        if code < 0:
            return f"its process was ended by {signal.Signals(-code).name}"
        return f"its process ended with exit code {code}" if code else ""

    def stop(self) -> None:
        """Ask it to stop; what it was doing is told as cancelled."""
        with suppress(ProcessLookupError):  # it was faster
            self._process.terminate()

    def cancel(self) -> None:
        """Ask it to stop because a person wants that: what is on its way is called off too."""
        with suppress(ProcessLookupError):
            self._process.send_signal(CANCEL)

    async def end(self) -> None:
        """End it: it has some time to do so itself."""
        if self._process.returncode is not None:
            return
        self.stop()
        try:
            await asyncio.wait_for(self._process.wait(), GRACE)
        except TimeoutError:
            LOG.warning("a worker did not stop in time and was killed; the next run mends the rest")
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def worker(order: Order, *, keep_open: tuple[int, ...] = ()) -> AsyncIterator[Worker]:
    """Start a worker on an order; however the block is left, it has ended then.

    ``keep_open`` are file descriptors, such as that of a lock, that it holds as long as it lives.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "addon.worker",
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        limit=LONGEST_LINE,
        pass_fds=keep_open,
    )
    at_work = Worker(process)
    listening = asyncio.create_task(_log_words(process), name="worker's words")
    try:
        assert process.stdin is not None  # noqa: S101 - it was asked for
        # stdin stays open: when it ends, the worker knows that nobody waits for it any more.
        process.stdin.write(encode_order(order))
        with suppress(ConnectionError):  # it ended at once; how, is told by its exit code
            await process.stdin.drain()
        yield at_work
    finally:
        try:
            await asyncio.shield(at_work.end())
        finally:
            await listening


async def _log_words(process: Process) -> None:
    """Take what it logs into our log; its secrets are masked already."""
    assert process.stderr is not None  # noqa: S101 - it was asked for
    async for line in process.stderr:
        _log(line)


def _log(line: bytes) -> None:
    """Log a record of the worker as it was meant; what is none (a crash's words) is a warning."""
    try:
        words = decode_words(line)
    except ValueError:
        LOG.warning("%s", line.decode(errors="replace").rstrip())
        return
    told = f"{words.message}\n{words.traceback}" if words.traceback else words.message
    logger, level = logging.getLogger(words.logger), logging.getLevelNamesMapping()[words.level]
    # Whether it is worth a line the worker has settled. By its name it may be no logger of ours: a
    # password may be a part of that, and is masked there too.
    logger.handle(logger.makeRecord(words.logger, level, "", 0, told, (), None))
