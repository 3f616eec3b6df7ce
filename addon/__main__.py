"""python -m addon."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType


def main() -> None:
    """Serve until a signal comes, and end the process with its exit code."""
    # Before the imports, which take a moment: process 1 of a container ignores SIGTERM, and a
    # service that has not begun has nothing to end.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from addon.process import serve  # noqa: PLC0415 - see above

    serve()


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - declared so
    os._exit(0)


if __name__ == "__main__":
    main()
