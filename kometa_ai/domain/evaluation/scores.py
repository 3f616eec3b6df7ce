"""Precision, recall, F1, flips and calibration: pure sums over judged titles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kometa_ai.domain.decision import Opinion

THRESHOLDS: Final = tuple(round(number / 100, 2) for number in range(35, 101))
"""From the chance at which Claude names a title at all, to certainty."""
BINS: Final = 10
SURENESS: Final = 1.96
"""Standard deviations within which 95 % of all samples lie."""


class Judged(NamedTuple):
    """One title with its truth, what was said of it, and how many titles it stands for.

    ``asked`` is false where a gate or a tag rule settles it: then nobody is asked, as in a run.
    """

    item_id: int
    belongs: bool
    opinion: Opinion
    weight: float = 1.0
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Confusion:
    """Titles by what they are and what was said; in a sample, those that they stand for."""

    hits: float = 0.0
    false_alarms: float = 0.0
    misses: float = 0.0
    rejections: float = 0.0

    @property
    def precision(self) -> float | None:
        """Return the share of what was taken in that belongs; ``None`` if nothing was."""
        return _share(self.hits, self.hits + self.false_alarms)

    @property
    def recall(self) -> float | None:
        """Return the share of what belongs that was taken in; ``None`` if nothing does."""
        return _share(self.hits, self.hits + self.misses)

    @property
    def f1(self) -> float | None:
        """Return the harmonic mean of precision and recall."""
        return _share(2 * self.hits, 2 * self.hits + self.false_alarms + self.misses)


@dataclass(frozen=True, slots=True)
class Point:
    """Precision and recall, if a collection had this threshold."""

    threshold: float
    precision: float | None
    recall: float | None


@dataclass(frozen=True, slots=True)
class Bin:
    """Titles of about the same chance: the chance on average, and the share that belongs."""

    chance: float
    share: float
    titles: int


@dataclass(frozen=True, slots=True)
class Flips:
    """What two passes agreed on: titles judged in both, and those whose membership turned."""

    titles: int
    flipped: tuple[int, ...]
    rate: float | None
    shift: float | None
    """How far a chance moved on average, of titles that were named in either pass."""


@dataclass(frozen=True, slots=True)
class Range:
    """Where a figure lies that only a sample was asked for, with 95 % certainty."""

    low: float
    high: float


def confusion(titles: Iterable[Judged], threshold: float) -> Confusion:
    """Count titles at a threshold; membership is that of a decision."""
    sums = {(True, True): 0.0, (True, False): 0.0, (False, True): 0.0, (False, False): 0.0}
    for one in titles:
        sums[one.belongs, one.opinion.belongs(threshold)] += one.weight
    return Confusion(sums[True, True], sums[False, True], sums[True, False], sums[False, False])


def curve(titles: Sequence[Judged]) -> tuple[Point, ...]:
    """Return precision and recall against the threshold."""
    named = [one for one in titles if one.opinion.include]
    belong = sum(one.weight for one in titles if one.belongs)
    points = []
    for threshold in THRESHOLDS:
        counts = confusion(named, threshold)
        whole = replace(counts, misses=belong - counts.hits)
        points.append(Point(threshold, counts.precision, whole.recall if belong else None))
    return tuple(points)


def calibration(titles: Iterable[Judged]) -> tuple[Bin, ...]:
    """Return how often titles of each chance belong; only of those that Claude was asked of."""
    bins: dict[int, list[Judged]] = {}
    for one in titles:
        if one.asked:
            bins.setdefault(min(int(one.opinion.score * BINS + 1e-9), BINS - 1), []).append(one)
    made = []
    for _, held in sorted(bins.items()):
        weight = sum(one.weight for one in held)
        chance = sum(one.weight * one.opinion.score for one in held) / weight
        share = sum(one.weight for one in held if one.belongs) / weight
        made.append(Bin(chance, share, len(held)))
    return tuple(made)


def flips(
    first: Mapping[int, Opinion],
    second: Mapping[int, Opinion],
    weights: Mapping[int, float],
    threshold: float,
) -> Flips:
    """Compare two passes, over the titles that have a verdict in both."""
    both = [item_id for item_id in first if item_id in second]
    flipped = tuple(
        one for one in both if first[one].belongs(threshold) != second[one].belongs(threshold)
    )
    turned = sum(weights[one] for one in flipped)
    named = [one for one in both if first[one].include or second[one].include]
    moved = sum(weights[one] * abs(first[one].score - second[one].score) for one in named)
    return Flips(
        len(both),
        flipped,
        _share(turned, sum(weights[one] for one in both)),
        _share(moved, sum(weights[one] for one in named)),
    )


def wilson(found: int, asked: int) -> Range:
    """Return between which shares the true one lies; of nobody asked, between none and all."""
    if not asked:
        return Range(0.0, 1.0)
    share, spread = found / asked, SURENESS**2 / asked
    middle = (share + spread / 2) / (1 + spread)
    half = SURENESS * sqrt(share * (1 - share) / asked + spread / (4 * asked)) / (1 + spread)
    return Range(max(0.0, middle - half), min(1.0, middle + half))


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
