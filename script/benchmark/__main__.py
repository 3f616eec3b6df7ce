"""script/bench: measure, print, write docs/PERFORMANCE.md; exit code 1 if a target is missed."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from script.benchmark import pages
from script.benchmark.kept import TARGETS, read_page
from script.benchmark.notes import NOTES
from script.benchmark.outside import ROOT
from script.benchmark.parts import PARTS, Outcome, Setup

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCS: Final = ROOT / "docs"
REAL_FILMS: Final = ROOT.parent / "shared" / "data" / "movies.jsonl.gz"
HEADINGS: Final[tuple[str, ...]] = (
    "The no-change run",
    "Large libraries",
    "A large library, one thing at a time",
    "Changing tags",
    "The service",
    "Tokens",
    "Dollars",
)
"""In the order of the page."""


def main() -> int:
    """Measure what is wanted and return the exit code."""
    flags = _flags()
    real: Path | None = flags.films or (REAL_FILMS if REAL_FILMS.exists() else None)
    with tempfile.TemporaryDirectory(prefix="kometa-ai-bench-") as name:
        setup = Setup(Path(name), flags.quick, real)
        outcomes = {part: PARTS[part](setup) for part in flags.only or PARTS}
    _print(outcomes)
    if flags.json:
        figures = {part: outcome.figures for part, outcome in outcomes.items()}
        flags.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    if not flags.quick:
        _write(outcomes)
    missed = [one.name for it in outcomes.values() for one in it.targets if not one.met]
    for what in missed:
        print(f"MISSED: {what}", file=sys.stderr)
    return 1 if missed else 0


def _print(outcomes: Mapping[str, Outcome]) -> None:
    targets = [one for outcome in outcomes.values() for one in outcome.targets]
    tables = {TARGETS: pages.targets_table(targets)}
    for outcome in outcomes.values():
        tables.update(outcome.tables)
    for heading, table in tables.items():
        print(f"\n{heading}\n\n{pages.plain(table)}")


def _write(outcomes: Mapping[str, Outcome]) -> None:
    """Write the page and its pictures; what was not measured stays as it was."""
    page = DOCS / "PERFORMANCE.md"
    today = datetime.now(UTC).date()
    kept = read_page(page)
    sections = kept.sections if len(outcomes) < len(PARTS) else {}
    head, *rows = pages.targets_table(
        [one for outcome in outcomes.values() for one in outcome.targets]
    )
    again = {row[0] for row in rows}
    others = [row for row in kept.targets if row[0] not in again] if sections else []
    for outcome in outcomes.values():
        for heading, table in outcome.tables.items():
            sections[heading] = pages.section(table, NOTES.get(heading, ""), today)
        for name, picture in outcome.pictures.items():
            (DOCS / name).write_text(picture, encoding="utf-8")
    ordered = {heading: sections[heading] for heading in HEADINGS if heading in sections}
    targets = pages.markdown([head, *others, *rows])
    page.write_text(pages.page({TARGETS: targets, **ordered}), encoding="utf-8")


def _flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser("script/bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="leave the largest out, and the page as it is"
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=PARTS,
        metavar="PART",
        help=f"measure this part alone ({', '.join(PARTS)}; repeatable), keep the rest of the page",
    )
    parser.add_argument(
        "--films",
        type=Path,
        metavar="FILE",
        help="real films for the large libraries, JSON lines in gzip"
        " (../shared/data/movies.jsonl.gz if it is there; else they are made from the demo's)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
