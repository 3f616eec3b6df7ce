"""script/bench: measure, print, write docs/PERFORMANCE.md; exit code 1 if a target is missed."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from script.benchmark import pages
from script.benchmark.no_change import ROOT, measure, module
from script.benchmark.notes import NOTES
from script.benchmark.targets import check, check_service

SIZES: Final = (1_000, 10_000, 100_000)
ROUNDS: Final = {1_000: 9, 10_000: 9, 100_000: 3}
MODEL: Final = "claude-haiku-5-5"


def main() -> int:
    """Measure everything and return the exit code."""
    flags = _flags()
    sizes = SIZES[:2] if flags.quick else SIZES
    with tempfile.TemporaryDirectory(prefix="kometa-ai-bench-") as name:
        folder = Path(name)
        _say("5,000 tag changes …")
        spreads = module("tagging", str(folder / "tagging"))
        _say("First judgement of 1,000 films × 10 collections …")
        bill = {"model": MODEL, **module("tokens", str(folder / "tokens"))}
        _say("The service, idle for a minute and at work …")
        service = module("service", str(folder / "service"), "10" if flags.quick else "60")
        figures = []
        for films in sizes:
            _say(f"No-change run, {films:,} films × 20 collections …")
            figures.append(measure(films, folder / str(films), ROUNDS[films]))
    targets = [*check(figures, spreads, bill), *check_service(service)]
    tables = {
        "Targets": pages.targets_table(targets),
        "The no-change run": pages.no_change_table(figures),
        "Changing tags": pages.requests_table(spreads),
        "The service": pages.service_table(service),
        "Tokens": pages.tokens_table(bill),
        "Dollars": pages.dollars_table(bill),
    }
    for heading, table in tables.items():
        print(f"\n{heading}\n\n{pages.plain(table)}")
    if flags.json:
        outcome = {"no_change": [asdict(one) for one in figures], "tagging": spreads, "bill": bill}
        outcome["service"] = service
        flags.json.write_text(json.dumps(outcome, indent=2) + "\n", encoding="utf-8")
    if not flags.quick:
        page = pages.page(datetime.now(UTC).date(), tables, NOTES)
        (ROOT / "docs").mkdir(exist_ok=True)
        (ROOT / "docs/PERFORMANCE.md").write_text(page, encoding="utf-8")
    missed = [one.name for one in targets if not one.met]
    for what in missed:
        print(f"MISSED: {what}", file=sys.stderr)
    return 1 if missed else 0


def _flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser("script/bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="leave 100,000 films out, and the page as it is"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    return parser.parse_args()


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
