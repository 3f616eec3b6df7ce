"""The report: docs/RELIABILITY.md."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from script.soaking.checker import Checker
    from script.soaking.findings import Logbook
    from script.soaking.place import Place
    from script.soaking.state import State

INTRODUCTION = """\
# Reliability

`script/soak MINUTES` lets the real service run beside a simulated Radarr, a simulated Claude and a
real Mosquitto, and troubles it by a plan that is drawn from a seed. Each minute the chaos pauses,
all is put in order and one clean run is made; then a checker that shares no code with the engine's
decisions reads the state's SQLite file and Radarr's records, and compares. This page is written by
the script from the last soak of ten minutes or more.

The service's clock jumps by libfaketime, which gives its processes another wall clock and leaves
the monotonic one alone, as when somebody sets the clock of a machine; where libfaketime is not
installed it does not jump, and the figures say so.
"""


def note(place: Place, checker: Checker, state: State) -> None:
    """Keep the figures of a quiet moment."""
    spent = sum((one.cost for one in state.paid), Decimal(0))
    unconfirmed = sum((one.cost for one in state.paid if one.unconfirmed), Decimal(0))
    results: dict[str, int] = {}
    for report in state.reports.values():
        results[report["result"]] = results.get(report["result"], 0) + 1
    place.log.figures |= {
        "Runs": ", ".join(f"{count} {name}" for name, count in sorted(results.items())),
        "Requests billed by Claude": f"{len(place.claude.meter.bills)}",
        "Billed": f"${place.claude.meter.usd:.4f}",
        "Booked": f"${spent:.4f}, of it ${unconfirmed:.4f} for answers that were lost",
        "Pairs asked about": f"{sum(len(one.pairs) for one in place.taste.asks):,}",
        "Messages to the webhook": f"{len(place.hook.got)}",
        "MQTT messages heard": f"{sum(place.ear.heard.values()):,}",
        "Most memory of the idle service": f"{checker.most.get('memory', 0):.0f} MB",
        "Most open files": f"{checker.most.get('handles', 0):.0f}",
        "Batches": f"{len(place.claude.desk.batches)}",
        "Most tasks of asyncio": f"{checker.most.get('tasks', 0):.0f}",
        "Most threads": f"{checker.most.get('threads', 0):.0f}",
        "Pins at the end": f"{len(state.pins)}",
    }


def page(log: Logbook, wanted: int, taken: float) -> str:
    """Return the report."""
    head = (
        f"Seed {log.seed}, {wanted} minutes ({taken:.0f} on the wall, quiet moments included):"
        f" **{len(log.findings) or 'no'} finding{'' if len(log.findings) == 1 else 's'}**."
        f" `script/soak {wanted} --seed {log.seed}` draws the same plan."
    )
    parts = [INTRODUCTION, head]
    if log.findings:
        parts.append("## Findings")
        for one in log.findings:
            before = "\n".join(f"  - {deed}" for deed in one.before)
            parts.append(f"- Minute {one.minute}, {one.check}: {one.what}\n{before}")
    parts += [
        "## What was done to it",
        _table(("Chaos", "Times"), sorted((kind, f"{n}") for kind, n in log.deeds.items())),
        "## What was checked",
        _table(("Check", "Times"), sorted((name, f"{n}") for name, n in log.checks.items())),
        "## Figures",
        _table(("Figure", "Value"), list(log.figures.items())),
    ]
    return "\n\n".join(one.rstrip("\n") for one in parts) + "\n"


def _table(heads: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    lines = [f"| {heads[0]} | {heads[1]} |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {value} |" for name, value in rows)])
