"""Reports, estimates, runs, pins and checks as tables and sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from kometa_ai.domain.decision import Stance
from kometa_ai.domain.report import Result
from kometa_ai.terminal.text import duration, line, many, sentence, usd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import tzinfo

    from rich.console import Console

    from kometa_ai.domain.decision import Decision, Pin
    from kometa_ai.domain.fault import Fault
    from kometa_ai.domain.report import Change, CollectionReport, RunReport
    from kometa_ai.estimating import Estimate

TITLES_SHOWN = 40
"""Titles listed per collection and direction; --json has them all."""
NARROW = 76
"""On fewer columns a table leaves out what is least missed."""
OUTCOME = {
    Result.SUCCESS: "[green]Done[/] in {}.",
    Result.PARTIAL: "[yellow]Done[/] in {}, with faults.",
    Result.FAILED: "[red]Failed[/] after {}.",
    Result.CANCELLED: "[yellow]Stopped[/] after {}.",
    Result.HELD: "[yellow]Done[/] in {}; removals wait for your approval.",
    Result.DRY_RUN: "[cyan]Dry run[/] of {}: no tag was changed.",
}


def fault_text(fault: Fault) -> str:
    """Return a fault as marked-up text: the place, the sentence, the remedy."""
    place = f"[bold]{_safe(fault.where)}:[/] " if fault.where else ""
    remedy = f" [green]{_safe(fault.remedy)}[/]" if fault.remedy else ""
    return f"[red]![/] {place}{_safe(fault.message)}{remedy}"


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
        _print_marked(out, map(fault_text, report.faults))
    _print_notices(out, report.notices)
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
    table = _table("Collection")
    for heading in ("members", "+", "−", "held", "pending", "cost"):
        table.add_column(heading, justify="right")
    for one in report.collections:
        table.add_row(
            _plain(one.name),
            f"{one.members:,}",
            _count(len(one.added), "green"),
            _count(len(one.removed), "red"),
            _count(len(one.held), "yellow"),
            _count(one.pending, "yellow"),
            usd(one.cost),
        )
    return table


def _table(*left: str) -> Table:
    """Return a table with these columns at its left, which wrap."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 0, 0, 1))
    for heading in left:
        table.add_column(heading, overflow="fold")
    return table


def _count(number: int, colour: str) -> str:
    return f"[{colour}]{number:,}[/]" if number else "[dim]0[/]"


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
            grid.add_row(f"  [{colour}]{sign}[/]", _plain(_label(change)), _plain(change.reason))
        if (more := len(changes) - TITLES_SHOWN) > 0:
            grid.add_row(f"  [{colour}]{sign}[/]", f"[dim]… and {more:,} more[/]")
    would = "[dim] would change:[/]" if dry_run else ""
    out.print(f"[bold]{_safe(one.name)}[/]{would}")
    out.print(grid)
    out.print()


def _label(change: Change) -> str:
    return line(f"{change.title} ({change.year})" if change.year else change.title)


def _print_marked(out: Console, texts: Iterable[str]) -> None:
    """Print lines that begin with a mark; on a terminal they wrap beside it."""
    for text in texts:
        mark, _, rest = text.partition(" ")
        if not out.is_terminal:
            out.print(text, soft_wrap=True)
            continue
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(width=1)
        grid.add_column(overflow="fold")
        grid.add_row(mark, rest)
        out.print(grid)


def _print_notices(out: Console, notices: Iterable[str]) -> None:
    _print_marked(out, (f"[blue]i[/] {_safe(one)}" for one in notices))


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
        yield "Claude was not asked: [bold]$0.00[/]."
    if spending.unconfirmed:
        yield (
            f"Of that, {usd(spending.unconfirmed)} is assumed for answers that were lost on the"
            " way; Anthropic's console knows the exact sum."
        )
    month = f"This month: {usd(report.spent_this_month)}"
    if report.monthly_budget is not None:
        month += f" of {usd(report.monthly_budget)}"
    yield f"{month}."


def print_estimate(out: Console, estimate: Estimate) -> None:
    """Print what a run would ask and cost."""
    table = _table("Collection")
    for heading in ("requests", "pairs", "deferred", "tokens in", "tokens out", "cost"):
        table.add_column(heading, justify="right")
    for one in estimate.collections:
        table.add_row(
            _plain(one.name),
            f"{one.requests:,}",
            f"{one.pairs:,}",
            _count(one.deferred, "yellow"),
            f"{one.usage.prompt_tokens:,}",
            f"{one.usage.output_tokens:,}",
            usd(one.cost),
        )
    if estimate.collections:
        out.print(table)
    _print_marked(out, map(fault_text, estimate.faults))
    _print_notices(out, estimate.notices)
    known = "" if estimate.price_known else " (price unknown: a multiple of the dearest is assumed)"
    about = "$0.00"
    if estimate.requests:
        about = f"About {usd(estimate.cost)}".replace("About <", "Less than ")
    out.print(
        f"[bold]{about}[/] for {many(estimate.requests, 'request')} to"
        f" {_safe(estimate.model)}{known}. Nothing was asked and nothing was spent."
    )
    if estimate.limit is not None and estimate.cost > estimate.limit:
        out.print(
            f"[yellow]The budgets leave {usd(estimate.limit)}[/]: the run stops there and goes on"
            " another time."
        )


def print_runs(out: Console, reports: Sequence[RunReport], zone: tzinfo) -> None:
    """Print the newest runs, one line each."""
    if not reports:
        out.print("No run has finished yet.")
        return
    wide = out.width >= NARROW
    table = _table()
    table.add_column("Run", justify="right")
    table.add_column("Began", no_wrap=True)
    if wide:
        table.add_column("Started by", overflow="fold")
    table.add_column("Result", no_wrap=True)
    for heading in ("+", "−", "held", "faults", "cost"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in reports:
        table.add_row(
            one.run_id,
            one.started_at.astimezone(zone).strftime("%Y-%m-%d %H:%M" if wide else "%m-%d %H:%M"),
            *([str(one.trigger)] if wide else []),
            str(one.result).replace("_", " "),
            _count(one.added, "green"),
            _count(one.removed, "red"),
            _count(one.held, "yellow"),
            _count(len(one.faults), "red"),
            usd(one.spending.cost),
        )
    out.print(table)


def print_pins(
    out: Console, pins: Sequence[Pin], label: Callable[[Pin], str], zone: tzinfo
) -> None:
    """Print every pin; ``label`` names its title."""
    if not pins:
        out.print("Nothing is pinned.")
        return
    table = _table("Collection", "Title")
    for heading in ("Pin", "Set by", "Since"):
        table.add_column(heading, no_wrap=True)
    for pin in pins:
        colour = "green" if pin.stance is Stance.KEEP else "red"
        table.add_row(
            _plain(pin.slug),
            _plain(label(pin)),
            f"[{colour}]{pin.stance}[/]",
            str(pin.origin),
            f"{pin.pinned_at.astimezone(zone):%Y-%m-%d}",
        )
    out.print(table)


def print_checks(out: Console, checks: Iterable[tuple[str, bool, str]]) -> None:
    """Print what was checked: its name, whether it is well, and a sentence."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, well, message in checks:
        word = "[green]ok[/]" if well else "[red]FAIL[/]"
        if out.is_terminal:
            grid.add_row(word, name, _plain(message))
        else:
            out.print(f"{'ok  ' if well else 'FAIL'}  {name}: {_safe(message)}", soft_wrap=True)
    if out.is_terminal:
        out.print(grid)


def print_history(
    out: Console, history: Sequence[tuple[Decision, bool]], threshold: float, zone: tzinfo
) -> None:
    """Print the verdicts on a pair, each with whether it still counts."""
    if not history:
        return
    out.print()
    out.print(f"[bold]Verdicts[/] [dim](the threshold is {threshold:.2f})[/]")
    for one, valid in history:
        opinion = one.opinion
        verdict = (
            f"[{'green' if opinion.include else 'red'}]{'yes' if opinion.include else 'no'}[/]"
        )
        by = one.model or str(one.origin)
        stale = "" if valid else ", of other criteria or another state of the title"
        said = f": {_safe(sentence(opinion.reason))}" if opinion.reason else ""
        day = f"{one.decided_at.astimezone(zone):%Y-%m-%d}"
        out.print(
            f"  {day}  {verdict} {opinion.confidence:.2f} [dim]({_safe(by)}{stale})[/]{said}",
            soft_wrap=not out.is_terminal,
        )


def _plain(text: str) -> Text:
    return Text(line(text))


def _safe(text: str) -> str:
    return escape(line(text))
