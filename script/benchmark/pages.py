"""The figures as tables: on the terminal, and as docs/PERFORMANCE.md."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from script.benchmark.no_change import Figures
    from script.benchmark.targets import Target

Table = list[tuple[str, ...]]
ABOUT: Final = """\
Written by `script/bench`, against the project's own simulators of Radarr and Claude in processes of
their own, with films made from the demo's where nothing else is said. Seconds depend on the machine
and on what else it does; the ratios do not, much. Do it again with `script/bench`, with
`script/bench --quick` without the largest libraries, or with `script/bench --only PART` for a part:
the rest of the page then stays as it is, and each section says when it was measured. It ends with
exit code 1 if a target is missed."""
CPU_INFO: Final = Path("/proc/cpuinfo")


def targets_table(targets: Sequence[Target]) -> Table:
    """Return each target with its limit and what was reached."""
    rows: Table = [("Target", "Limit", "Reached", "")]
    for one in targets:
        limit = f"{'≥' if one.at_least else '≤'} {one.limit:g}"
        rows.append((one.name, limit, _short(one.reached), "met" if one.met else "MISSED"))
    return rows


def no_change_table(figures: Sequence[Figures]) -> Table:
    """Return the no-change run for each size of library."""
    return [
        ("20 collections", *(f"{one.films:,} films" for one in figures)),
        ("The list of films, MB", *(f"{one.list_mb:.0f}" for one in figures)),
        ("Pairs decided before", *(f"{one.pairs:,}" for one in figures)),
        ("Tags on films", *(f"{one.tags:,}" for one in figures)),
        ("Bare download and decode, s", *(f"{one.bare:.3f}" for one in figures)),
        ("The same, streamed, s", *(f"{one.streamed:.3f}" for one in figures)),
        ("Library read as a run does, s", *(f"{one.items:.3f}" for one in figures)),
        ("Whole no-change run, s", *(f"{one.run:.3f}" for one in figures)),
        ("Its processor time, s", *(f"{one.run_processor:.3f}" for one in figures)),
        ("Run / bare", *(f"{one.ratio:.2f}" for one in figures)),
        ("Peak memory of the run, MB", *(f"{one.peak:.0f}" for one in figures)),
        ("python -m kometa_ai --run-now, s", *(f"{one.process:.2f}" for one in figures)),
        ("Its peak memory, MB", *(f"{one.process_peak:.0f}" for one in figures)),
        ("First run with an instant judge, s", *(f"{one.fill:.1f}" for one in figures)),
    ]


def requests_table(spreads: Sequence[Mapping[str, Any]]) -> Table:
    """Return the requests for 5,000 tag changes."""
    kinds = {kind: kind.replace("/api/v3/", "") for one in spreads for kind in one["kinds"]}
    rows = [("5,000 changes in", *kinds.values(), "All requests")]
    for one in spreads:
        name = f"{one['collections']} new collection{'s' if one['collections'] > 1 else ''}"
        counts = (str(one["kinds"].get(kind, 0)) for kind in kinds)
        rows.append((name, *counts, str(one["requests"])))
    return rows


def service_table(service: Mapping[str, float]) -> Table:
    """Return what the always-on service costs."""
    return [
        ("The service, 200 collections, 2,000 films", ""),
        ("From the start of its process to online, s", f"{service['online_s']:.2f}"),
        ("Resident memory when idle, before the first run, MB", f"{service['idle_mb']:.0f}"),
        ("The same after runs, the first of 44,000 changes, MB", f"{service['after_runs_mb']:.0f}"),
        ("Processor when idle, %", f"{service['processor_percent']:.2f}"),
        ("Wake-ups of all its threads when idle, a second", f"{service['wakes_per_second']:.1f}"),
        ("From a command to run_started, ms", f"{service['command_ms']:.0f}"),
        ("A no-change run beside the broker, s", f"{service['beside']:.2f}"),
        ("The same by the command line alone, s", f"{service['alone']:.2f}"),
    ]


def tokens_table(bill: Mapping[str, Any]) -> Table:
    """Return tokens for each judged pair."""
    rows: Table = [("Tokens per judged pair", "Kometa-AI", "As 0.5.x")]
    sides = (bill["ours"], bill["baseline"])
    for name, kinds in (
        ("Input, all", ("fresh", "written", "read")),
        ("  of it at full price", ("fresh",)),
        ("  of it written to the cache", ("written",)),
        ("  of it read from the cache", ("read",)),
        ("Output", ("output",)),
    ):
        per_pair = (sum(side[kind] for kind in kinds) / bill["pairs"] for side in sides)
        rows.append((name, *(f"{tokens:.2f}" for tokens in per_pair)))
    rows.append(("Pairs named, of 10,000", f"{bill['named']:,}", "all"))
    rows.append(("Requests in all", *(f"{side['requests']:,}" for side in sides)))
    return rows


def dollars_table(bill: Mapping[str, Any]) -> Table:
    """Return dollars by model."""
    rows: Table = [("USD for 1,000 films × 10 collections", "Kometa-AI", "As 0.5.x", "Times")]
    for model, ours in bill["ours"]["usd"].items():
        theirs = bill["baseline"]["usd"][model]
        rows.append((model, f"{ours:.3f}", f"{theirs:.2f}", f"{theirs / ours:.1f}"))
    return rows


def _short(value: float) -> str:
    return f"{value:g}" if value == int(value) else f"{value:.2f}"


def plain(table: Table) -> str:
    """Return a table for a terminal."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def markdown(table: Table) -> str:
    """Return a table in Markdown."""
    head, *rows = ("| " + " | ".join(cell.strip() for cell in row) + " |" for row in table)
    rule = "|---" + "|--:" * (len(table[0]) - 1) + "|"
    return "\n".join([head, rule, *rows])


def machine() -> str:
    """Return what the figures were measured on."""
    model = platform.machine()
    if CPU_INFO.exists():
        names = (line for line in CPU_INFO.read_text().splitlines() if "model name" in line)
        model = next((line.partition(":")[2].strip() for line in names), model)
    cores = os.cpu_count()
    return f"{cores} cores ({model}), {platform.system()}, Python {platform.python_version()}"


def section(table: Table, note: str, day: date) -> str:
    """Return what stands below a heading."""
    told = f"Measured on {day.isoformat()}; {machine()}."
    return "\n\n".join(filter(None, (markdown(table), told, note)))


def page(sections: Mapping[str, str]) -> str:
    """Return docs/PERFORMANCE.md, with these headings and what stands below them."""
    parts = (f"## {heading}\n\n{body}" for heading, body in sections.items())
    return "\n\n".join(["# Speed, memory, requests and money", ABOUT, *parts]) + "\n"
