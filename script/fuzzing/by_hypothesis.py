"""Fuzzes one reader with hypothesis until its time is up: by_hypothesis NAME SECONDS WORK."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings

from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from types import FrameType

    from tests.fuzz.target import Target

AT_ONCE = 500
HANGS = 10
"""Seconds after which a reader is taken to hang."""


class HangsError(Exception):
    """An input takes a reader far too long."""


def fuzz(target: Target, seconds: float) -> bool:
    """Try the reader until the time is up or something is found; keep that, and return false."""
    failed: list[bytes] = []
    tried = 0

    @settings(
        deadline=None,
        max_examples=AT_ONCE,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=target.inputs())
    def hold(data: bytes) -> None:
        nonlocal tried
        tried += 1
        signal.alarm(HANGS)
        try:
            target.check(data)
        except HangsError:
            # To make it smaller would take as long again for each try.
            print(f"hangs, kept: {target.keep(data)}", flush=True)
            os._exit(1)
        except BaseException:
            failed.append(data)
            raise
        finally:
            signal.alarm(0)

    signal.signal(signal.SIGALRM, _hangs)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            hold()
        except Exception:  # whatever a reader raises is the find  # noqa: BLE001
            traceback.print_exc()
            print(f"kept: {target.keep(failed[-1])}", flush=True)  # the last is the smallest
            break
    print(f"{target.name}: {tried:,} inputs", flush=True)
    return not failed


def _hangs(_number: int, _frame: FrameType | None) -> None:
    raise HangsError


if __name__ == "__main__":
    sys.exit(0 if fuzz(TARGETS[sys.argv[1]], float(sys.argv[2])) else 1)
