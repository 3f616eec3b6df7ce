"""The very end of a worker."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE

# The loop lets its threads go when it is half taken apart: just then the signal comes.
LATE_SIGNAL = """
import asyncio, os, signal
from addon.worker.__main__ import _until_stopped
from kometa_ai.cli.threads import UnwaitedThreads

class Threads(UnwaitedThreads):
    def shutdown(self, wait=True, **more):
        if not wait:
            os.kill(os.getpid(), signal.SIGTERM)
        super().shutdown(wait=wait, **more)

class Work:
    async def do(self):
        asyncio.get_running_loop().set_default_executor(Threads())

signal.signal(signal.SIGTERM, signal.default_int_handler)
asyncio.run(_until_stopped(Work()))
print("ended")
"""


async def test_a_signal_at_the_very_end_leaves_no_traceback_in_the_log() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LATE_SIGNAL, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    assert (process.returncode, out, err) == (0, b"ended\n", b"")
