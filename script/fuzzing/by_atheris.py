"""Fuzzes one reader with atheris until its time is up: by_atheris NAME SECONDS WORK."""

from __future__ import annotations

import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

atheris = import_module("atheris")  # installed by hand, so no tool need know it
with atheris.instrument_imports(include=["addon", "kometa_ai", "json"]):
    from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from tests.fuzz.target import Target

HANGS = 10
"""Seconds after which a reader is taken to hang."""
LONGEST = 16_384


def fuzz(target: Target, seconds: int, work: Path) -> None:
    """Try the reader until the time is up or something is found, and keep that; never returns."""
    corpus, words = work / "corpus", work / "words"
    corpus.mkdir()
    for name, data in target.corpus().items():
        (corpus / name).write_bytes(data)
    words.write_text("".join(f'"{_quoted(piece)}"\n' for piece in target.pieces[:200]))

    def one(data: bytes) -> None:
        try:
            target.check(data)
        except Exception as error:
            traceback.print_exc()
            print(f"kept: {target.keep(_smaller(target, data, type(error)))}", flush=True)
            raise

    flags = [
        f"-max_total_time={seconds}",
        f"-timeout={HANGS}",
        f"-max_len={LONGEST}",
        f"-dict={words}",
        f"-artifact_prefix={work}/",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *flags, str(corpus)], one)
    atheris.Fuzz()


def _smaller(target: Target, data: bytes, kind: type[Exception]) -> bytes:
    """Take out of an input what its failure does not need: halves first, then less."""
    size = max(1, len(data) // 2)
    while size:
        at = 0
        while at < len(data):
            less = data[:at] + data[at + size :]
            try:
                target.check(less)
            except kind:
                data = less
            except Exception:  # another failure is not this one  # noqa: BLE001
                at += size
            else:
                at += size
        size //= 2
    return data


def _quoted(piece: bytes) -> str:
    return "".join(f"\\x{byte:02X}" for byte in piece[:60])


if __name__ == "__main__":
    fuzz(TARGETS[sys.argv[1]], int(sys.argv[2]), Path(sys.argv[3]))
