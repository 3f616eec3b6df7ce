"""script/soak MINUTES [--seed N]: chaos and quiet by turns; exit code 1 if anything was found."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Final

from script.soaking import chaos, machine, page, quiet, state as states
from script.soaking.checker import Checker
from script.soaking.findings import Logbook
from script.soaking.place import BUDGET, ROOT, opened

if TYPE_CHECKING:
    from script.soaking.place import Place

CHAOS: Final = 40.0
"""Seconds of chaos in each minute; the rest is for the quiet moment, which may take longer."""
KEPT_FROM: Final = 10
"""A soak of so many minutes is worth a report in docs."""


def main() -> int:
    """Soak, print what was found, and write the report."""
    flags = _flags()
    if shutil.which("mosquitto", path="/usr/bin:/usr/sbin:/usr/local/sbin") is None:
        print("Mosquitto is not installed (Debian, Ubuntu: apt install mosquitto).")
        return 1
    log = Logbook(flags.seed)
    log.say(f"a soak of {flags.minutes} minutes, seed {flags.seed}")
    folder = Path(tempfile.mkdtemp(prefix="kometa-ai-soak-"))
    begun = time.monotonic()
    try:
        asyncio.run(_soak(folder, flags.minutes, log))
    finally:
        minutes = (time.monotonic() - begun) / 60
        text = page.page(log, flags.minutes, minutes)
        print(f"\n{text}")
        report = flags.report or (
            ROOT / "docs/RELIABILITY.md" if flags.minutes >= KEPT_FROM else None
        )
        if report:
            report.write_text(text, encoding="utf-8")
        if log.findings:
            print(f"What the service said is kept in {folder / 'service.log'}.", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if log.findings else 0


async def _soak(folder: Path, minutes: int, log: Logbook) -> None:
    async with opened(folder, log) as place:
        checker = Checker()
        log.figures["clock"] = "libfaketime" if place.clock.library else "not moved"
        await _quiet(place, checker)
        for minute in range(1, minutes + 1):
            log.minute = minute
            place.chance = Random(f"{log.seed}/{minute}")  # noqa: S311 - to be repeated
            if minute % 3 == 0:
                await machine.budget_is_cut(place)
            try:
                async with asyncio.timeout(CHAOS * 3):
                    await chaos.reign(place, CHAOS)
            except TimeoutError:
                log.did("a minute is cut off", f"its deeds took more than {CHAOS * 3:.0f} s")
                log.say("the chaos is cut off: its deeds take too long")
            await _quiet(place, checker)


async def _quiet(place: Place, checker: Checker) -> None:
    """Come to rest, make a clean run, check."""
    begun = time.monotonic()
    try:
        if place.log.minute:
            now = states.read(place.state / "kometa_ai.db")
            checker.check_budget(place, now, place.budget)
        place.budget = Decimal(BUDGET)
        await quiet.calm(place)
        await quiet.rest(place)
        checker.before(place)
        await quiet.clean_run(place)
    except quiet.NotQuietError as error:
        place.log.checked("quiet", [str(error)])
        place.keep_log()  # while the soak goes on, somebody may want to look
        return
    place.log.checked("quiet", [])
    state = checker.check(place, await place.ear.retained())
    page.note(place, checker, state)
    place.log.say(f"quiet and checked in {time.monotonic() - begun:.0f} s")


def _flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser("script/soak", description=__doc__)
    parser.add_argument("minutes", type=int, metavar="MINUTES")
    parser.add_argument(
        "--seed",
        type=int,
        default=SystemRandom().randrange(1, 1_000_000),
        help="the plan's seed; a chosen one repeats the plan",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help=f"where the report goes (docs/RELIABILITY.md from {KEPT_FROM} minutes on)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
