"""Fuzzes one reader after the other, each in a process of its own: ``script/fuzz [MINUTES]``."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzz.target import CORPUS
from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Sequence

NOISE = re.compile(
    r"INFO: (Instrumenting|Using|Running)|WARNING: Failed to find function"
    r"|stat::(?!number_of_exec)|[#\"]|$"
)
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
"""Thousands of small files a minute, each synced, are no work for a disk."""
FOUND = "*/found-*"
GRACE = 120.0
"""Seconds beyond its time that an engine may take to make what it found smaller."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Share the time out among the readers; return 1 if anything was found or failed."""
    parser = argparse.ArgumentParser("script/fuzz", description=__doc__)
    parser.add_argument("minutes", type=float, nargs="?", default=10.0, help="in all (10)")
    parser.add_argument("--target", choices=sorted(TARGETS), help="this reader alone")
    parser.add_argument("--engine", choices=("atheris", "hypothesis"), help="not the usual one")
    told = parser.parse_args(arguments)
    engine = told.engine or ("atheris" if find_spec("atheris") else "hypothesis")
    names = [told.target] if told.target else list(TARGETS)
    seconds = max(1, int(told.minutes * 60 / len(names)))
    before = set(CORPUS.glob(FOUND))
    wrong = []
    for name in names:
        print(f"{name}: {seconds} s with {engine}", flush=True)
        wrong += [] if fuzz(engine, name, seconds) else [name]
    found = sorted(set(CORPUS.glob(FOUND)) - before)
    for path in found:
        print(f"found: {path.relative_to(Path.cwd())}")
    print(f"{len(found)} found; script/test tests/fuzz/test_corpus.py shows what is wrong.")
    if wrong:
        print(f"not in order: {', '.join(wrong)}")
    return 1 if found or wrong else 0


def fuzz(engine: str, name: str, seconds: int) -> bool:
    """Let an engine try a reader; return whether it did so to the end and found nothing.

    What was found may be in the corpus already, and an engine that can't start finds nothing.
    """
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as work:
        command = [sys.executable, "-m", f"script.fuzzing.by_{engine}", name, str(seconds), work]
        try:
            environ = {**os.environ, "TMPDIR": work}
            process = subprocess.run(
                command, check=False, timeout=seconds + GRACE, env=environ, stderr=subprocess.PIPE
            )
        except subprocess.TimeoutExpired:
            print(f"{name}: it did not end in time", flush=True)
            sound = False
        else:
            told = process.stderr.decode(errors="replace").splitlines()
            print("\n".join(line for line in told if not NOISE.match(line)), flush=True)
            sound = process.returncode == 0
        # An input that hangs or takes all memory leaves no time to keep it: libFuzzer does that.
        for kind in ("timeout-*", "oom-*"):
            for input_ in Path(work).glob(kind):
                TARGETS[name].keep(input_.read_bytes())
    return sound


if __name__ == "__main__":
    sys.exit(main())
