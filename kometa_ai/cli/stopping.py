"""How a command is stopped: in order at the first signal, at once at the second."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING, Final, TypeVar

from kometa_ai.cli.flags import Exit
from kometa_ai.cli.threads import UnwaitedThreads

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from kometa_ai.cli.output import Output

T = TypeVar("T")

SHOW_CURSOR: Final = "\x1b[?25h"


async def until_stopped(command: Coroutine[None, None, T], out: Output) -> T:
    """Cancel the command at the first signal to stop, and end at once at the second."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(UnwaitedThreads())
    task = loop.create_task(command, name="command")
    signals: list[int] = []

    def stop(number: int) -> None:
        signals.append(number)
        if len(signals) > 1:
            if sys.stderr.isatty():
                sys.stderr.write(SHOW_CURSOR)
                sys.stderr.flush()
            os._exit(Exit.ERRORS)
        if sys.stderr.isatty():
            out.complain("Stopping. Once more ends it at once.")
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # Whoever starts a run with nohup wants it to outlive the terminal.
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop, number)
    return await task
