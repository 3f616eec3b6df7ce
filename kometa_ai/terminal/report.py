"""The report of one run, as a person reads it: a table, the titles, what was odd, the money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.table import Table

from kometa_ai.domain.report import Result
from kometa_ai.domain.wording import duration, line, many, usd
from kometa_ai.terminal.tables import (
    count,
    fault_text,
    plain,
    print_marked,
    print_notices,
    safe,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from kometa_ai.domain.report import Change, CollectionReport, RunReport

TITLES_SHOWN = 40
"""Titles listed per collection and direction; --json has them all."""
OUTCOME = {
    Result.SUCCESS: "[green]Done[/] in {}.",
    Result.PARTIAL: "[yellow]Done[/] in {}, with faults.",
    Result.FAILED: "[red]Failed[/] after {}.",
    Result.CANCELLED: "[yellow]Stopped[/] after {}.",
    Result.HELD: "[yellow]Done[/] in {}; removals wait for your approval.",
    Result.DRY_RUN: "[cyan]Dry run[/] of {}: no tag was changed.",
}


def print_report(out: Console, report: RunReport, *, faults_told: bool = False) -> None:
    """Print a run: a table of collections, the titles that changed, what was odd, the money.

    ``faults_told``: they stand above already, and are repeated only if something came between.
    """
    if report.collections:
        out.print(_collections(report))
    width = _title_width(report, out.width)
    for collection in report.collections:
        _print_changes(out, collection, width, dry_run=report.dry_run)
    if report.collections or not faults_told:
        print_marked(out, map(fault_text, report.faults))
    print_notices(out, report.notices)
    if report.held:
        out.print(_held(report))
    out.print(OUTCOME[report.result].format(duration(report.duration)))
    for told in _money(report):
        out.print(told)


def _held(report: RunReport) -> str:
    what = many(report.held, "removal")
    if report.dry_run:
        return f"[yellow]?[/] A run would hold {what} (marked ? above) until you approve."
    are = "is" if report.held == 1 else "are"
    return (
        f"[yellow]? {what} {are} held[/] (marked ? above): more than MAX_REMOVALS_PERCENT of a"
        " collection at once. Look at them, then write"
        f" [bold]--approve {report.run_id}[/] to take these tags off or"
        f" [bold]--decline {report.run_id}[/] to keep these titles."
    )


def _collections(report: RunReport) -> Table:
    listed = table("Collection")
    for heading in ("members", "+", "−", "held", "pending", "cost"):
        listed.add_column(heading, justify="right")
    for one in report.collections:
        listed.add_row(
            plain(one.name),
            f"{one.members:,}",
            count(len(one.added), "green"),
            count(len(one.removed), "red"),
            count(len(one.held), "yellow"),
            count(one.pending, "yellow"),
            usd(one.cost),
        )
    return listed


def _title_width(report: RunReport, width: int) -> int:
    """Return one width for the titles of all collections, so that the reasons stand in line."""
    shown = (
        change
        for one in report.collections
        for changes in (one.added, one.removed, one.held)
        for change in changes[:TITLES_SHOWN]
    )
    longest = max((cell_len(_label(change)) for change in shown), default=0)
    return min(longest, width * 2 // 5)


def _print_changes(out: Console, one: CollectionReport, width: int, *, dry_run: bool) -> None:
    groups = (("+", "green", one.added), ("−", "red", one.removed), ("?", "yellow", one.held))
    if not any(changes for _, _, changes in groups):
        return
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=3)
    grid.add_column(width=width, overflow="fold")
    grid.add_column(overflow="fold", style="dim")
    for sign, colour, changes in groups:
        for change in changes[:TITLES_SHOWN]:
            grid.add_row(f"  [{colour}]{sign}[/]", plain(_label(change)), plain(change.reason))
        if (more := len(changes) - TITLES_SHOWN) > 0:
            grid.add_row(f"  [{colour}]{sign}[/]", f"[dim]… and {more:,} more[/]")
    would = "[dim] would change:[/]" if dry_run else ""
    out.print(f"[bold]{safe(one.name)}[/]{would}")
    out.print(grid)
    out.print()


def _label(change: Change) -> str:
    return line(f"{change.title} ({change.year})" if change.year else change.title)


def _money(report: RunReport) -> Iterable[str]:
    spending = report.spending
    if spending.requests:
        usage = spending.usage
        yield (
            f"Claude: {many(spending.requests, 'request')}, {many(spending.pairs, 'verdict')},"
            f" {usage.prompt_tokens:,} tokens in ({usage.cache_read_tokens:,} cached),"
            f" {usage.output_tokens:,} out: [bold]{usd(spending.cost)}[/]."
        )
    elif spending.cost:
        yield f"Claude: {usd(spending.cost)}."
    else:
        yield "Nothing was paid to Claude: [bold]$0.00[/]."
    review = spending.review
    if review is not None and review.cost:
        yield (
            f"Of that, second opinions: {many(review.requests, 'request')} to {safe(review.model)},"
            f" {many(review.pairs, 'verdict')}: [bold]{usd(review.cost)}[/]."
        )
    if spending.unconfirmed:
        yield (
            f"Of that, {usd(spending.unconfirmed)} is assumed for answers that were lost on the"
            " way; Anthropic's console knows the exact sum."
        )
    month = f"This month: {usd(report.spent_this_month)}"
    if report.monthly_budget is not None:
        month += f" of {usd(report.monthly_budget)}"
    yield f"{month}."
