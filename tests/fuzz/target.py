"""One reader under fire: what it may be given, and what must hold whatever it is given."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

CORPUS = Path(__file__).with_name("corpus")
BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What may stand in no sentence: it ends a line, moves a cursor, or is half a character."""


@dataclass(frozen=True, slots=True)
class Target:
    """``check`` raises whatever is wrong; ``pieces`` are what a mutation puts in.

    ``written`` makes inputs that have the right form; half of all are these, the others are what
    the corpus holds, spoilt.
    """

    name: str
    check: Callable[[bytes], None]
    written: st.SearchStrategy[bytes]
    pieces: Sequence[bytes]

    @property
    def folder(self) -> Path:
        """Return where the corpus of this reader is kept."""
        return CORPUS / self.name

    def corpus(self) -> dict[str, bytes]:
        """Return the contents of the corpus by their names."""
        return {path.name: path.read_bytes() for path in sorted(self.folder.glob("*"))}

    def inputs(self) -> st.SearchStrategy[bytes]:
        """Return what the reader is tried with."""
        kept = list(self.corpus().values())
        return st.one_of(self.written, spoilt(kept, self.pieces)) if kept else self.written

    def keep(self, data: bytes) -> Path:
        """Write an input into the corpus, under a name that follows from it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"found-{sha256(data).hexdigest()[:12]}"
        path.write_bytes(data)
        return path


def is_one_line(text: str) -> bool:
    """Return whether a text can be shown anywhere, on one line."""
    return not BREAKS.search(text)


def mostly(usual: st.SearchStrategy[T], odd: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    """Return what is usual, and now and then what is odd: in a file of oddities none is reached."""
    return st.sampled_from([usual, usual, usual, usual, odd]).flatmap(lambda chosen: chosen)


@st.composite
def spoilt(draw: st.DrawFn, kept: Sequence[bytes], pieces: Sequence[bytes]) -> bytes:
    """Return one of the kept inputs with a few places overwritten."""
    data = draw(st.sampled_from(kept))
    put = st.one_of(st.sampled_from([b"", *pieces]), st.binary(max_size=3))
    for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2, 4]))):
        at = draw(st.integers(0, len(data)))
        gone = draw(st.sampled_from([0, 0, 1, 2, 8, 40]))
        data = data[:at] + draw(put) + data[at + gone :]
    return data
