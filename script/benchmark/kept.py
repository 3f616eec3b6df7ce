"""The page as it was: what is not measured this time stays on it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

TARGETS: Final = "Targets"
COLUMNS: Final = 4


@dataclass(frozen=True, slots=True)
class Kept:
    """Sections by heading, as they stand, and the rows of the table of targets."""

    sections: dict[str, str] = field(default_factory=dict)
    targets: list[tuple[str, ...]] = field(default_factory=list)


def read_page(file: Path) -> Kept:
    """Return what a page holds; nothing, if there is none."""
    if not file.exists():
        return Kept()
    _, *parts = re.split(r"^## (.+)\n", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    sections = {
        heading: body.strip() for heading, body in zip(parts[::2], parts[1::2], strict=True)
    }
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in sections.pop(TARGETS, "").splitlines()
        if line.startswith("| ")
    ]
    return Kept(sections, [row for row in rows[1:] if len(row) == COLUMNS])
