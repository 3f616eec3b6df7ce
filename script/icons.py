"""Draws icon.png and logo.png: a comet whose tail is a strip of film. Needs Chromium.

.venv/bin/python script/icons.py
"""

from __future__ import annotations

import asyncio
import math
import sys
import tempfile
from base64 import b64encode
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from script.chromium import chromium  # noqa: E402 - the path comes first

Point = tuple[float, float]

TAIL: tuple[Point, Point, Point] = ((14, 112), (40, 104), (86, 46))
"""The middle of the strip, as a quadratic curve: from its end to the comet."""
NARROW, WIDE = 7.0, 40.0
FRAMES = 5
HEAD: Point = (88, 42)
NIGHT, DEEP, FILM, GOLD, LIGHT = "#223a6b", "#0d1730", "#f3ead7", "#ffb72b", "#fff6dd"


def on_curve(at: float) -> tuple[Point, Point]:
    """Return a point of the tail, and the direction across it."""
    (ax, ay), (bx, by), (cx, cy) = TAIL
    rest = 1 - at
    x = rest * rest * ax + 2 * rest * at * bx + at * at * cx
    y = rest * rest * ay + 2 * rest * at * by + at * at * cy
    along_x = 2 * rest * (bx - ax) + 2 * at * (cx - bx)
    along_y = 2 * rest * (by - ay) + 2 * at * (cy - by)
    length = math.hypot(along_x, along_y)
    return (x, y), (-along_y / length, along_x / length)


def beside(at: float, share: float) -> Point:
    """Return the point at a place of the tail, a share of its half width to the side."""
    (x, y), (across_x, across_y) = on_curve(at)
    half = (NARROW + (WIDE - NARROW) * at) / 2
    return x + across_x * half * share, y + across_y * half * share


def patch(begin: float, end: float, low: float, high: float, style: str) -> str:
    """Return a piece of the tail between two places and two shares of its half width."""
    steps = [begin + (end - begin) * step / 12 for step in range(13)]
    outline = [beside(at, low) for at in steps] + [beside(at, high) for at in reversed(steps)]
    points = " ".join(f"{x:.2f},{y:.2f}" for x, y in outline)
    return f'<polygon points="{points}" {style}/>'


def tail() -> str:
    """Return the strip of film: its body, its pictures, its holes."""
    parts = [patch(0, 1, -1, 1, 'fill="url(#film)"')]
    edges = [(number / FRAMES) ** 0.8 for number in range(FRAMES + 1)]
    for begin, end in pairwise(edges):
        gap = (end - begin) * 0.1
        parts.append(patch(begin + gap, end - gap, -0.5, 0.5, 'fill="url(#picture)"'))
        third = (end - begin) / 3
        for hole in range(3):
            first = begin + third * (hole + 0.25)
            parts += [
                patch(first, first + third / 2, low, low + 0.22, f'fill="{DEEP}"')
                for low in (-0.88, 0.66)
            ]
    return "".join(parts)


def star(middle: Point, far: float, near: float) -> str:
    """Return a star of four points."""
    x, y = middle
    points = []
    for number in range(8):
        reach = near if number % 2 else far
        angle = math.pi / 4 * number - math.pi / 2
        points.append(f"{x + reach * math.cos(angle):.2f},{y + reach * math.sin(angle):.2f}")
    return f'<polygon points="{" ".join(points)}" fill="{LIGHT}"/>'


def comet() -> str:
    """Return the drawing, on a square of 128."""
    x, y = HEAD
    dots = (
        (26, 26, 1.6),
        (52, 16, 1.1),
        (20, 64, 1.2),
        (112, 92, 1.5),
        (96, 112, 1.1),
        (60, 44, 1),
    )
    stars = "".join(f'<circle cx="{a}" cy="{b}" r="{r}" fill="{FILM}"/>' for a, b, r in dots)
    return f"""
      <defs>
        <linearGradient id="night" x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" stop-color="{NIGHT}"/><stop offset="1" stop-color="{DEEP}"/>
        </linearGradient>
        <linearGradient id="film" gradientUnits="userSpaceOnUse" x1="14" y1="112" x2="86" y2="46">
          <stop offset="0" stop-color="{FILM}" stop-opacity=".25"/>
          <stop offset=".5" stop-color="{FILM}"/><stop offset="1" stop-color="{FILM}"/>
        </linearGradient>
        <linearGradient id="picture" gradientUnits="userSpaceOnUse"
          x1="14" y1="112" x2="86" y2="46">
          <stop offset="0" stop-color="#3f6fb5"/><stop offset=".6" stop-color="#5b62c4"/>
          <stop offset="1" stop-color="{GOLD}"/>
        </linearGradient>
        <radialGradient id="glow">
          <stop offset="0" stop-color="{GOLD}"/>
          <stop offset=".55" stop-color="{GOLD}" stop-opacity=".55"/>
          <stop offset="1" stop-color="{GOLD}" stop-opacity="0"/>
        </radialGradient>
      </defs>
      <rect width="128" height="128" rx="28" fill="url(#night)"/>
      {stars}{tail()}
      <circle cx="{x}" cy="{y}" r="38" fill="url(#glow)"/>
      <circle cx="{x}" cy="{y}" r="22" fill="{GOLD}"/>
      {star(HEAD, 19, 6)}
    """


def icon() -> str:
    """Return the add-on's icon."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="128" height="128">{comet()}</svg>'


def logo() -> str:
    """Return the icon with the name, for light and dark pages alike."""
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="250" height="100">
      <rect width="250" height="100" rx="22" fill="{DEEP}"/>
      <g transform="scale(.78125)">{comet()}</g>
      <g font-family="DejaVu Sans, sans-serif" font-weight="700" fill="{FILM}">
        <text x="108" y="49" font-size="28">Kometa</text>
        <text x="108" y="80" font-size="28" fill="{GOLD}">AI</text>
      </g>
    </svg>"""


async def draw(name: str, svg: str, width: int, height: int) -> None:
    """Write a drawing as a PNG with a transparent ground."""
    page_text = f"<!doctype html><title>ready</title><body style='margin:0'>{svg}<i>&#8203;</i>"
    url = f"data:text/html;base64,{b64encode(page_text.encode()).decode()}"
    with tempfile.TemporaryDirectory() as folder:
        async with chromium(Path(folder)) as page:
            await page.size(width, height)
            clear = {"r": 0, "g": 0, "b": 0, "a": 0}
            await page.ask("Emulation.setDefaultBackgroundColorOverride", color=clear)
            await page.open(url)
            (ROOT / name).write_bytes(await page.picture())


async def main() -> None:
    """Draw both."""
    await draw("icon.png", icon(), 128, 128)
    await draw("logo.png", logo(), 250, 100)


if __name__ == "__main__":
    asyncio.run(main())
