"""Reports, estimates, runs and pins as tables and sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from kometa_ai.domain.decision import Stance
from kometa_ai.domain.report import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import tzinfo
    from decimal import Decimal

    from rich.console import Console

    from kometa_ai.domain.decision import Pin
    from kometa_ai.domain.fault import Fault
    from kometa_ai.domain.report import Change, CollectionReport, RunReport
    from kometa_ai.estimating import Estimate

TITLES_SHOWN = 40
"""Titles listed per collection and direction; --json has them all."""
OUTCOME = {
    Result.SUCCESS: "[green]Done[/]",
    Result.PARTIAL: "[yellow]Done, with faults[/]",
    Result.FAILED: "[red]Failed[/]",
    Result.CANCELLED: "[yellow]Cancelled[/]",
    Result.HELD: "[yellow]Done; removals wait for your approval[/]",
    Result.DRY_RUN: "[cyan]Dry run: no tag was changed[/]",
}


def usd(amount: Decimal) -> str:
    """Return money as people read it: cents, or four digits where it is less than a dollar."""
    return f"${amount:,.2f}" if amount >= 1 or not amount else f"${amount:.4f}"


def fault_text(fault: Fault) -> str:
    """Return a fault as marked-up text: the place, the sentence, the remedy."""
    place = f"[bold]{escape(fault.where)}[/]: " if fault.where else ""
    remedy = f" [green]{escape(fault.remedy)}[/]" if fault.remedy else ""
    return f"[red]![/] {place}{escape(fault.message)}{remedy}"


def print_faults(out: Console, faults: Iterable[Fault]) -> None:
    """Print each fault on lines of its own."""
    for fault in faults:
        out.print(fault_text(fault))


def print_report(out: Console, report: RunReport, *, faults_told: bool = False) -> None:
    """Print a run: a table of collections, the titles that changed, what was odd, the money."""
    if report.collections:
        out.print(_collections(report))
    for collection in report.collections:
        _print_changes(out, collection, dry_run=report.dry_run)
    if not faults_told:
        print_faults(out, report.faults)
    for notice in report.notices:
        out.print(f"[blue]i[/] {escape(notice)}")
    if report.held:
        out.print(
            f"[yellow]{report.held} removals are held.[/] Look at them above, then:"
            f" --approve {report.run_id} or --decline {report.run_id}."
        )
    out.print(f"{OUTCOME[report.result]} in {report.duration:.1f} s. {_money(report)}")


def _collections(report: RunReport) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Collection", overflow="fold")
    for heading in ("members", "+", "−", "held", "pending", "cost"):
        table.add_column(heading, justify="right")
    for one in report.collections:
        table.add_row(
            escape(one.name),
            str(one.members),
            _count(len(one.added), "green"),
            _count(len(one.removed), "red"),
            _count(len(one.held), "yellow"),
            _count(one.pending, "yellow"),
            usd(one.cost),
        )
    return table


def _count(number: int, colour: str) -> str:
    return f"[{colour}]{number}[/]" if number else "[dim]0[/]"


def _print_changes(out: Console, one: CollectionReport, *, dry_run: bool) -> None:
    groups = (("+", "green", one.added), ("−", "red", one.removed), ("?", "yellow", one.held))
    if not any(changes for _, _, changes in groups):
        return
    out.print(f"[bold]{escape(one.name)}[/]{' (would change)' if dry_run else ''}")
    for sign, colour, changes in groups:
        for change in changes[:TITLES_SHOWN]:
            out.print(_change(sign, colour, change), soft_wrap=False)
        if (more := len(changes) - TITLES_SHOWN) > 0:
            out.print(f"  [dim]… and {more} more[/]")


def _change(sign: str, colour: str, change: Change) -> str:
    year = f" ({change.year})" if change.year else ""
    reason = f" [dim]{escape(change.reason)}[/]" if change.reason else ""
    return f"  [{colour}]{sign}[/] {escape(change.title)}{year}{reason}"


def _money(report: RunReport) -> str:
    spending = report.spending
    month = f"This month: {usd(report.spent_this_month)}"
    if report.monthly_budget is not None:
        month += f" of {usd(report.monthly_budget)}"
    if not spending.requests:
        return f"Claude was not asked: $0.00. {month}."
    usage = spending.usage
    return (
        f"{_many(spending.requests, 'request')}, {_many(spending.pairs, 'verdict')},"
        f" {usage.prompt_tokens:,} tokens in ({usage.cache_read_tokens:,} cached),"
        f" {usage.output_tokens:,} out: {usd(spending.cost)}. {month}."
    )


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def print_estimate(out: Console, estimate: Estimate) -> None:
    """Print what a run would ask and cost."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Collection", overflow="fold")
    for heading in ("pairs", "deferred", "tokens in", "tokens out", "cost"):
        table.add_column(heading, justify="right")
    for one in estimate.collections:
        table.add_row(
            escape(one.name),
            f"{one.pairs:,}",
            _count(one.deferred, "yellow"),
            f"{one.usage.prompt_tokens:,}",
            f"{one.usage.output_tokens:,}",
            usd(one.cost),
        )
    out.print(table)
    print_faults(out, estimate.faults)
    for notice in estimate.notices:
        out.print(f"[blue]i[/] {escape(notice)}")
    known = "" if estimate.price_known else " (price unknown: the dearest known one is assumed)"
    out.print(
        f"About {usd(estimate.cost)} for {_many(estimate.requests, 'request')} to"
        f" {escape(estimate.model)}{known}. Nothing was asked and nothing was spent."
    )
    if estimate.limit is not None and estimate.cost > estimate.limit:
        out.print(
            f"[yellow]The budgets leave {usd(estimate.limit)}[/]: the run stops there and goes on"
            " another time."
        )


def print_runs(out: Console, reports: Sequence[RunReport], zone: tzinfo) -> None:
    """Print the newest runs, one line each."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Run", justify="right")
    table.add_column("Began")
    table.add_column("Started by")
    table.add_column("Result")
    for heading in ("+", "−", "held", "faults", "cost"):
        table.add_column(heading, justify="right")
    for one in reports:
        table.add_row(
            one.run_id,
            f"{one.started_at.astimezone(zone):%Y-%m-%d %H:%M}",
            str(one.trigger),
            str(one.result).replace("_", " "),
            _count(one.added, "green"),
            _count(one.removed, "red"),
            _count(one.held, "yellow"),
            _count(len(one.faults), "red"),
            usd(one.spending.cost),
        )
    out.print(table if reports else "No run has finished yet.")


def print_pins(out: Console, pins: Sequence[Pin], label: Callable[[Pin], str]) -> None:
    """Print every pin; ``label`` names its title."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("Collection", "Title", "Pin", "Set by", "Since"):
        table.add_column(heading, overflow="fold")
    for pin in pins:
        colour = "green" if pin.stance is Stance.KEEP else "red"
        table.add_row(
            pin.slug,
            escape(label(pin)),
            f"[{colour}]{pin.stance}[/]",
            str(pin.origin),
            f"{pin.pinned_at:%Y-%m-%d}",
        )
    out.print(table if pins else "Nothing is pinned.")
