"""Time, the library and Kometa's files, as a run sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from kometa_ai.domain.collection import Collection
    from kometa_ai.domain.fault import Fault
    from kometa_ai.domain.media import MediaItem

LONGEST_WAIT: Final = 60.0
"""A server that asks for more seconds of patience is not waited for within a run."""
CHUNK: Final = 500
"""Items in one bulk edit: Radarr works on them one by one and answers only at the end."""


class Clock(Protocol):
    """Time as a thing that is handed in."""

    def now(self) -> datetime:
        """Return the present instant, with its zone."""

    def monotonic(self) -> float:
        """Return seconds on a clock that never jumps."""

    async def sleep(self, seconds: float) -> None:
        """Wait; a cancellation ends the wait at once."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What became of one bulk edit: the ids that carry the change now, and what was refused."""

    done: frozenset[int]
    faults: tuple[Fault, ...] = ()


class Library(Protocol):
    """A Radarr or Sonarr: titles and the tags on them."""

    name: str

    async def items(self) -> list[MediaItem]:
        """Read every title once, as it is streamed."""

    async def ids(self) -> frozenset[int]:
        """Return the id of every title that is there now."""

    async def tags(self) -> dict[str, int]:
        """Return every tag's number by its lower-case label."""

    async def members(self) -> dict[str, frozenset[int]]:
        """Return the item ids that carry each tag now, by lower-case label; unused tags too."""

    async def create_tag(self, label: str) -> int:
        """Create the tag, or find it if it exists, and return its number."""

    async def add_tag(self, tag: int, ids: Sequence[int]) -> Edit:
        """Put one tag on many items; what is refused is halved down to the one bad item."""

    async def remove_tag(self, tag: int, ids: Sequence[int]) -> Edit:
        """Take one tag off many items; what is refused is halved down to the one bad item."""

    async def delete_tag(self, tag: int) -> None:
        """Delete a tag that nothing uses any more."""


class CollectionFiles(Protocol):
    """What Kometa's files hold: collections that run, and what is wrong with others."""

    @property
    def collections(self) -> Sequence[Collection]:
        """Return the enabled collections without a fault."""

    @property
    def disabled(self) -> Sequence[str]:
        """Return the collections whose block does not enable them: name, and place in brackets."""

    @property
    def claimed(self) -> frozenset[str]:
        """Return every tag that any file names or any block stands for, in lower case."""

    @property
    def faults(self) -> Sequence[Fault]:
        """Return what keeps other collections from running."""

    @property
    def notices(self) -> Sequence[str]:
        """Return what a person should know, and that keeps nothing from running."""
