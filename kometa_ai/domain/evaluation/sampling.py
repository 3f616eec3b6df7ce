"""Which titles an evaluation asks about, and in which order: by a seed, so it can be repeated.

No dice are thrown: each title has its place by a hash of the seed and its id, which stays when
other titles come to the library or leave it.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kometa_ai.domain.media import MediaItem


@dataclass(frozen=True, slots=True)
class Sample:
    """What is asked about, in order: every stretch from the beginning holds its part of each kind.

    ``members`` and ``others`` count what was drawn, of ``all_members`` and ``all_others``.
    """

    items: tuple[MediaItem, ...]
    members: int
    others: int
    all_members: int
    all_others: int
    seed: int

    @property
    def whole(self) -> bool:
        """Return whether nothing was left out."""
        return len(self.items) == self.all_members + self.all_others


def draw(
    members: Sequence[MediaItem], others: Sequence[MediaItem], size: int | None, seed: int
) -> Sample:
    """Draw ``size`` titles (``None``: all): members of the list up to half, other titles the rest.

    Where one kind has too few, the other one fills up.
    """
    total = len(members) + len(others)
    size = total if size is None else min(size, total)
    first = min(len(members), max(size // 2, size - len(others)))
    chosen = _ordered(members, seed)[:first]
    rest = _ordered(others, seed)[: size - first]
    return Sample(
        tuple(_interleaved(chosen, rest)), first, len(rest), len(members), len(others), seed
    )


def second_order(items: Sequence[MediaItem], seed: int, *, within: int) -> tuple[MediaItem, ...]:
    """Return titles in another order, each within its own stretch of ``within`` titles.

    The second pass shows each title to Claude among other neighbours: what flips for that reason
    would flip in a run as well. A pass that is cut off has judged about the same titles anyhow.
    """
    return tuple(
        item
        for start in range(0, len(items), within)
        for item in _ordered(items[start : start + within], seed + 1)
    )


def _ordered(items: Iterable[MediaItem], seed: int) -> list[MediaItem]:
    return sorted(items, key=lambda item: (_place(item, seed), item.id))


def _place(item: MediaItem, seed: int) -> bytes:
    return blake2b(f"{seed}:{item.tmdb_id or -item.id}".encode(), digest_size=8).digest()


def _interleaved(first: Sequence[MediaItem], second: Sequence[MediaItem]) -> list[MediaItem]:
    """Mix two kinds evenly."""
    places = [
        ((at + 0.5) / len(kind), number, item)
        for number, kind in enumerate((first, second))
        for at, item in enumerate(kind)
    ]
    return [item for _, _, item in sorted(places, key=lambda one: one[:2])]
