"""python -m kometa_ai."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace


def main() -> None:
    """Run the command line and end the process with its exit code."""
    # Until the command minds the signals itself: process 1 of a container ignores SIGTERM. And
    # before anything is imported, which takes a moment, on a small machine a long one.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        from kometa_ai.cli.flags import SERVE, parse

        flags = parse(sys.argv[1:])
        if flags.command == SERVE:
            from addon.__main__ import main as serve

            serve()
        code = _execute(flags)
    except KeyboardInterrupt:
        if not sys.argv[1:]:
            os._exit(0)  # the service: it is told to stop, and that is no error
        sys.stderr.write("Stopped before anything had begun.\n")
        sys.stderr.flush()
        code = 1
    # Everything is closed and written. To take the client's thousands of classes apart would cost
    # more than a second, and a thread that reads from a disk that hangs would hold us up for ever.
    os._exit(code)


def _execute(flags: Namespace) -> int:
    """Import what a command needs, and do it."""
    if flags.command == "dump_config":
        from kometa_ai.cli.configuration import dump_config

        return dump_config(flags)
    from kometa_ai.cli.commands import execute
    from kometa_ai.cli.memory import collect_rarely

    collect_rarely()
    if flags.command == "health_check":
        from addon.broker_check import check_broker

        return execute(flags, {"MQTT broker": check_broker})
    return execute(flags)


if __name__ == "__main__":
    main()
