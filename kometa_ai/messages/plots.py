"""Two plots of an evaluation as SVG: nothing from outside, colours by class, fit for a phone."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from kometa_ai.domain.evaluation.scores import THRESHOLDS
from kometa_ai.domain.wording import line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kometa_ai.domain.evaluation.scores import Bin, Point

WIDTH, HEIGHT = 300, 230
LEFT, RIGHT, TOP, BOTTOM = 38, 14, 12, 46
"""Around the plot itself, for what is written at the axes."""
SMALLEST_DOT, LARGEST_DOT = 3.0, 8.0
PIECES: Final = 4
"""The axis of shares is divided into so many parts."""


def threshold_plot(points: Sequence[Point], threshold: float, title: str) -> Markup:
    """Draw precision and recall against the threshold, and where it is set."""
    low, high = THRESHOLDS[0], THRESHOLDS[-1]
    plot = _Plot(low, high)
    marks = [round(0.4 + 0.1 * number, 1) for number in range(7)]
    parts = [*plot.frame(marks, "threshold", "{:.1f}")]
    at = plot.x(min(max(threshold, low), high))
    label_left = at > WIDTH - RIGHT - 50
    parts += [
        Markup('<line class="set" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>').format(
            at, TOP, HEIGHT - BOTTOM
        ),
        Markup('<text class="set" x="{}" y="{}"{}>set: {:.2f}</text>').format(
            at + (-5 if label_left else 5),
            HEIGHT - BOTTOM - 7,
            Markup(' text-anchor="end"') if label_left else "",
            threshold,
        ),
    ]
    for kind in ("recall", "precision"):
        shares = [(one.threshold, getattr(one, kind)) for one in points]
        for piece in _unbroken(shares):
            drawn = " ".join(f"{plot.x(x)},{plot.y(y)}" for x, y in piece)
            parts.append(Markup('<polyline class="{}" points="{}"/>').format(kind, drawn))
    return _picture(parts, title)


def calibration_plot(bins: Sequence[Bin], title: str) -> Markup:
    """Draw how often titles of each chance belong; the larger a dot, the more titles."""
    plot = _Plot(0.0, 1.0)
    marks = [0.0, 0.25, 0.5, 0.75, 1.0]
    parts = [*plot.frame(marks, "Claude's chance", "{:.2f}")]
    parts.append(
        Markup('<line class="ideal" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
            plot.x(0.0), plot.y(0.0), plot.x(1.0), plot.y(1.0)
        )
    )
    most = max((one.titles for one in bins), default=1)
    path = " ".join(f"{plot.x(one.chance)},{plot.y(one.share)}" for one in bins)
    parts.append(Markup('<polyline class="links" points="{}"/>').format(path))
    for one in bins:
        radius = SMALLEST_DOT + (LARGEST_DOT - SMALLEST_DOT) * sqrt(one.titles / most)
        told = f"chance {one.chance:.2f}: {one.share:.0%} of {one.titles:,} belong"
        parts.append(
            Markup(
                '<circle class="dot" cx="{}" cy="{}" r="{:.1f}"><title>{}</title></circle>'
            ).format(plot.x(one.chance), plot.y(one.share), radius, told)
        )
    return _picture(parts, title)


class _Plot:
    """Where values lie on the picture; every share from 0 to 1 goes up."""

    def __init__(self, low: float, high: float) -> None:
        self._low, self._high = low, high

    def x(self, value: float) -> float:
        """Return how far to the right a value lies."""
        across = (value - self._low) / (self._high - self._low)
        return round(LEFT + across * (WIDTH - LEFT - RIGHT), 1)

    def y(self, share: float) -> float:
        """Return how far down a share lies."""
        return round(TOP + (1 - share) * (HEIGHT - TOP - BOTTOM), 1)

    def frame(self, marks: Sequence[float], name: str, form: str) -> Iterator[Markup]:
        """Yield the lines of the grid and what is written at the axes."""
        for number in range(PIECES + 1):
            share = number / PIECES
            yield Markup('<line class="grid" x1="{}" x2="{}" y1="{y}" y2="{y}"/>').format(
                LEFT, WIDTH - RIGHT, y=self.y(share)
            )
            yield Markup('<text x="{}" y="{}" text-anchor="end">{:.0%}</text>').format(
                LEFT - 6, self.y(share) + 4, share
            )
        for mark in marks:
            yield Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
                self.x(mark), HEIGHT - BOTTOM + 21, form.format(mark)
            )
        yield Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
            (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 5, name
        )


def _unbroken(shares: Sequence[tuple[float, float | None]]) -> Iterator[list[tuple[float, float]]]:
    """Yield the pieces of a line that is not defined everywhere."""
    piece: list[tuple[float, float]] = []
    for x, y in shares:
        if y is not None:
            piece.append((x, y))
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece


def _picture(parts: Sequence[Markup], title: str) -> Markup:
    return Markup('<svg viewBox="0 0 {} {}" role="img"><title>{}</title>{}</svg>').format(
        WIDTH, HEIGHT, line(title), Markup().join(parts)
    )
