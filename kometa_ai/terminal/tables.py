"""Estimates, runs, pins, checks and verdicts as tables, and what all tables are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from kometa_ai.domain.decision import Stance
from kometa_ai.domain.wording import line, many, sentence, usd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import tzinfo

    from rich.console import Console

    from kometa_ai.domain.decision import Decision, Pin
    from kometa_ai.domain.fault import Fault
    from kometa_ai.estimating import Estimate
    from kometa_ai.outline import RunOutline

NARROW = 76
"""On fewer columns a table leaves out what is least missed."""


def fault_text(fault: Fault) -> str:
    """Return a fault as marked-up text: the place, the sentence, the remedy."""
    place = f"[bold]{safe(fault.where)}:[/] " if fault.where else ""
    remedy = f" [green]{safe(fault.remedy)}[/]" if fault.remedy else ""
    return f"[red]![/] {place}{safe(fault.said)}{remedy}"


def table(*left: str) -> Table:
    """Return a table with these columns at its left, which wrap."""
    listed = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 0, 0, 1))
    for heading in left:
        listed.add_column(heading, overflow="fold")
    return listed


def count(number: int, colour: str) -> str:
    """Return a number in its colour; a zero is not worth one."""
    return f"[{colour}]{number:,}[/]" if number else "[dim]0[/]"


def print_marked(out: Console, texts: Iterable[str]) -> None:
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


def print_notices(out: Console, notices: Iterable[str]) -> None:
    """Print what a person should know."""
    print_marked(out, (f"[blue]i[/] {safe(one)}" for one in notices))


def print_estimate(out: Console, estimate: Estimate) -> None:
    """Print what a run would ask and cost."""
    listed = table("Collection")
    for heading in ("requests", "pairs", "deferred", "tokens in", "tokens out", "cost"):
        listed.add_column(heading, justify="right")
    for one in estimate.collections:
        listed.add_row(
            plain(one.name),
            f"{one.requests:,}",
            f"{one.pairs:,}",
            count(one.deferred, "yellow"),
            f"{one.usage.prompt_tokens:,}",
            f"{one.usage.output_tokens:,}",
            usd(one.cost),
        )
    if estimate.collections:
        out.print(listed)
    print_marked(out, map(fault_text, estimate.faults))
    print_notices(out, estimate.notices)
    known = "" if estimate.price_known else " (price unknown: a multiple of the dearest is assumed)"
    about = "$0.00"
    if estimate.requests:
        about = f"About {usd(estimate.cost)}".replace("About <", "Less than ")
    review = estimate.review
    also = "" if review is None or not review.requests else f" and {review.requests:,} to another"
    first = estimate.requests - (review.requests if review else 0)
    out.print(
        f"[bold]{about}[/] for {many(first, 'request')} to {safe(estimate.model)}{known}{also}."
        " Nothing was asked and nothing was spent."
    )
    if review is not None and review.requests:
        unknown = "" if review.price_known else " (price unknown: a multiple of the dearest)"
        out.print(
            f"Of that about [bold]{usd(review.cost)}[/] for about"
            f" {many(review.pairs, 'second opinion')} of {safe(review.model)}{unknown}: how many"
            " titles will be doubtful shows only in the run."
        )
    elif review is not None and estimate.requests:
        out.print(f"Second opinions of {safe(review.model)} come on top if any title is doubtful.")
    if estimate.limit is not None and estimate.cost > estimate.limit:
        out.print(
            f"[yellow]The budgets leave {usd(estimate.limit)}[/]: the run stops there and goes on"
            " another time."
        )


def print_runs(out: Console, reports: Sequence[RunOutline], zone: tzinfo) -> None:
    """Print the newest runs, one line each."""
    if not reports:
        out.print("No run has finished yet.")
        return
    wide = out.width >= NARROW
    listed = table()
    listed.add_column("Run", justify="right")
    listed.add_column("Began", no_wrap=True)
    if wide:
        listed.add_column("Started by", overflow="fold")
    listed.add_column("Result", no_wrap=True)
    for heading in ("+", "−", "held", "faults", "cost"):
        listed.add_column(heading, justify="right", no_wrap=True)
    for one in reports:
        listed.add_row(
            one.run_id,
            one.started_at.astimezone(zone).strftime("%Y-%m-%d %H:%M" if wide else "%m-%d %H:%M"),
            *([str(one.trigger)] if wide else []),
            str(one.result).replace("_", " "),
            count(one.added, "green"),
            count(one.removed, "red"),
            count(one.held, "yellow"),
            count(len(one.faults), "red"),
            usd(one.spending.cost),
        )
    out.print(listed)


def print_pins(
    out: Console, pins: Sequence[Pin], label: Callable[[Pin], str], zone: tzinfo
) -> None:
    """Print every pin; ``label`` names its title."""
    if not pins:
        out.print("Nothing is pinned.")
        return
    listed = table("Collection", "Title")
    for heading in ("Pin", "Set by", "Since"):
        listed.add_column(heading, no_wrap=True)
    for pin in pins:
        colour = "green" if pin.stance is Stance.KEEP else "red"
        listed.add_row(
            plain(pin.slug),
            plain(label(pin)),
            f"[{colour}]{pin.stance}[/]",
            str(pin.origin),
            f"{pin.pinned_at.astimezone(zone):%Y-%m-%d}",
        )
    out.print(listed)


def print_checks(out: Console, checks: Iterable[tuple[str, bool, str]]) -> None:
    """Print what was checked: its name, whether it is well, and a sentence."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, well, message in checks:
        word = "[green]ok[/]" if well else "[red]FAIL[/]"
        if out.is_terminal:
            grid.add_row(word, name, plain(message))
        else:
            out.print(f"{'ok  ' if well else 'FAIL'}  {name}: {safe(message)}", soft_wrap=True)
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
        said = f": {safe(sentence(opinion.reason))}" if opinion.reason else ""
        day = f"{one.decided_at.astimezone(zone):%Y-%m-%d}"
        out.print(
            f"  {day}  {verdict} {opinion.confidence:.2f} [dim]({safe(by)}{stale})[/]{said}",
            soft_wrap=not out.is_terminal,
        )


def plain(text: str) -> Text:
    """Return a text that stays as it is in a cell of a table."""
    return Text(line(text))


def safe(text: str) -> str:
    """Return a text that stays as it is among marked-up words."""
    return escape(line(text))
