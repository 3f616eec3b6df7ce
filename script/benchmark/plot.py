"""Curves against the size of a library as SVG: both axes in powers of ten, for light and dark."""

from __future__ import annotations

from dataclasses import dataclass
from math import log10
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH, HEIGHT = 420, 330
LEFT, RIGHT, TOP, BOTTOM = 52, 30, 62, 50
"""Around a plot itself: what is written at its axes, and its curves' names above it."""
KEY_WIDTH: Final = 176
# No class for text of a colour that only one of the two backgrounds can bear.
STYLE: Final = """
svg { color-scheme: light dark; font: 12px system-ui, sans-serif }
.back { fill: #ffffff } text { fill: #24292f } .grid { stroke: #d8dee4 }
.name { font-weight: 600; font-size: 14px }
polyline { fill: none; stroke-width: 2.5; stroke-linejoin: round }
.a { stroke: #0969da; fill: #0969da } .b { stroke: #bc4c00; fill: #bc4c00 }
.c { stroke: #1a7f37; fill: #1a7f37 } .limit { stroke: #cf222e; stroke-dasharray: 6 4 }
polyline.a, polyline.b, polyline.c, polyline.limit { fill: none }
@media (prefers-color-scheme: dark) {
.back { fill: #0d1117 } text { fill: #e6edf3 } .grid { stroke: #30363d }
.a { stroke: #58a6ff; fill: #58a6ff } .b { stroke: #f0883e; fill: #f0883e }
.c { stroke: #3fb950; fill: #3fb950 } .limit { stroke: #ff7b72 }
}
"""


@dataclass(frozen=True, slots=True)
class Curve:
    """Values by size; ``kind`` is its class: a, b, c, or limit, which is dashed."""

    name: str
    kind: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot; ``marks`` are the values written at its axis upwards, the ends among them."""

    name: str
    marks: Sequence[float]
    curves: Sequence[Curve]


def covering(curves: Sequence[Curve], least: float, times: float) -> list[float]:
    """Return marks from the least upwards, each so many times the last, that cover all values."""
    most = max(value for curve in curves for _, value in curve.points)
    marks = [least, least * times]
    while marks[-1] < most:
        marks.append(marks[-1] * times)
    return marks


def picture(title: str, sizes: Sequence[int], plots: Sequence[Plot]) -> str:
    """Return plots side by side; ``sizes`` are written at the axis to the right."""
    drawn = "\n".join(
        f'<g transform="translate({number * WIDTH} 0)">\n{_plot(one, sizes)}\n</g>'
        for number, one in enumerate(plots)
    )
    width = WIDTH * len(plots)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}"'
        f' height="{HEIGHT}" role="img">\n<title>{title}</title>\n<style>{STYLE}</style>\n'
        f'<rect class="back" width="{width}" height="{HEIGHT}" rx="8"/>\n{drawn}\n</svg>\n'
    )


def _plot(plot: Plot, sizes: Sequence[int]) -> str:
    return "\n".join([*_frame(plot, sizes), *_key(plot), *_curves(plot, sizes)])


def _frame(plot: Plot, sizes: Sequence[int]) -> Iterator[str]:
    yield f'<text class="name" x="{LEFT}" y="20">{plot.name}</text>'
    for mark in plot.marks:
        y = _y(mark, plot.marks)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
        yield f'<text x="{LEFT - 7}" y="{y + 4}" text-anchor="end">{mark:g}</text>'
    for size in sizes:
        x = _x(size, sizes)
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        yield f'<text x="{x}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{size:,}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle">films</text>'


def _key(plot: Plot) -> Iterator[str]:
    for number, curve in enumerate(plot.curves):
        row, column = divmod(number, 2)
        x, y = LEFT + column * KEY_WIDTH, 37 + 16 * row
        yield f'<polyline class="{curve.kind}" points="{x},{y - 4} {x + 22},{y - 4}"/>'
        yield f'<text x="{x + 28}" y="{y}">{curve.name}</text>'


def _curves(plot: Plot, sizes: Sequence[int]) -> Iterator[str]:
    for curve in plot.curves:
        places = [(_x(size, sizes), _y(value, plot.marks)) for size, value in curve.points]
        yield f'<polyline class="{curve.kind}" points="{" ".join(f"{x},{y}" for x, y in places)}"/>'
        if curve.kind == "limit":
            continue
        for (x, y), (size, value) in zip(places, curve.points, strict=True):
            told = f"{curve.name}, {size:,} films: {value:.3g}"
            place = f'class="{curve.kind}" cx="{x}" cy="{y}" r="3"'
            yield f"<circle {place}><title>{told}</title></circle>"


def _x(size: float, sizes: Sequence[int]) -> float:
    share = log10(size / sizes[0]) / log10(sizes[-1] / sizes[0])
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _y(value: float, marks: Sequence[float]) -> float:
    share = log10(value / marks[0]) / log10(marks[-1] / marks[0])
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)
