"""An evaluation as a person reads it on a terminal: first the price, then the figures."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.table import Table

from kometa_ai.domain.wording import line, many, usd
from kometa_ai.messages.evaluation_phrases import (
    asked,
    assumed,
    budgets,
    found,
    percent,
    price,
    remarks,
)
from kometa_ai.terminal.tables import (
    fault_text,
    plain,
    print_marked,
    print_notices,
    safe,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from kometa_ai.domain.evaluation.result import Disputed, Evaluation
    from kometa_ai.examining import Plan

SHOWN: Final = 30
"""Titles listed per model and kind; --json and the report have them all."""
NARROW: Final = 76


def print_plan(out: Console, plan: Plan) -> None:
    """Print what is going to be asked, and what that costs, before anything is spent."""
    name = plan.collection.name
    out.print(
        f"[bold]{safe(name)}[/][dim], measured at its threshold of"
        f" {plan.collection.threshold:.2f}[/]"
    )
    out.print(safe(found(plan.listed, len(plan.exam.items))))
    out.print(safe(asked(plan.drawn, len(plan.tried))))
    offer = plan.offer
    colour = "bold" if offer.affordable else "yellow"
    out.print(f"[bold]{safe(price(offer))}[/] [{colour}]{safe(budgets(offer))}[/]")
    models = [one.judge.model for one in plan.tried]
    if unknown := assumed([one.name for one in models if not one.known]):
        out.print(f"[yellow]{safe(unknown)}[/]")


def print_evaluation(out: Console, evaluation: Evaluation, page: str) -> None:
    """Print the figures, the disagreements with their reasons, what was odd, and the money."""
    out.print(_figures(out, evaluation))
    width = _title_width(evaluation, out.width)
    if width:
        out.print("[dim]Beside each title: its chance, and that of the second pass.[/]\n")
    for one in evaluation.models:
        head = f"{safe(one.model)}. " if len(evaluation.models) > 1 else ""
        for kind, sign, titles in (
            ("False positives: {}, taken in but not on the list", "[red]+[/]", one.false_positives),
            ("False negatives: {}, on the list but not taken in", "[red]−[/]", one.false_negatives),
            ("Flipped in the second pass: {}", "[yellow]~[/]", one.flipped),
        ):
            _print_titles(out, f"{head}{kind.format(f'{len(titles):,}')}", sign, titles, width)
    _print_unfound(out, evaluation)
    print_marked(out, map(fault_text, evaluation.faults))
    print_notices(out, [*evaluation.notices, *remarks(evaluation)])
    out.print(_money(evaluation), soft_wrap=not out.is_terminal)
    if page:
        out.print(f"Report: [bold]{safe(page)}[/]", soft_wrap=True)


def _figures(out: Console, evaluation: Evaluation) -> Table:
    listed = table("Model")
    wide = out.width >= NARROW
    headings = ["precision", "recall", "F1", "flips"]
    headings += ["titles", "cost"] if wide else []
    for heading in (*headings, "per 1,000"):
        listed.add_column(heading, justify="right")
    for one in evaluation.models:
        more = [f"{one.passes[0].judged:,}", usd(one.bought.cost)] if wide else []
        listed.add_row(
            plain(one.model),
            percent(one.counts.precision),
            percent(one.counts.recall),
            percent(one.counts.f1),
            percent(one.flips.rate),
            *more,
            "–" if one.per_thousand is None else usd(one.per_thousand),
        )
        if one.precision_range is not None:
            ranges = (one.precision_range, one.recall_range)
            shown = ["" if one is None else f"{one.low:.0%}–{one.high:.0%}" for one in ranges]
            listed.add_row("[dim]  95% range[/]", *(f"[dim]{text}[/]" for text in shown))
    return listed


def _title_width(evaluation: Evaluation, width: int) -> int:
    longest = max(
        (
            cell_len(_label(title))
            for one in evaluation.models
            for titles in (one.false_positives, one.false_negatives, one.flipped)
            for title in titles[:SHOWN]
        ),
        default=0,
    )
    return min(longest, width * 2 // 5)


def _print_titles(
    out: Console, heading: str, sign: str, titles: Sequence[Disputed], width: int
) -> None:
    if not titles:
        return
    out.print(f"[bold]{heading}[/]")
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=3)
    grid.add_column(width=width, overflow="fold")
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold", style="dim")
    for one in titles[:SHOWN]:
        grid.add_row(f"  {sign}", plain(_label(one)), _chances(one), plain(_why(one)))
    if (more := len(titles) - SHOWN) > 0:
        grid.add_row(f"  {sign}", f"[dim]… and {more:,} more[/]")
    out.print(grid)
    out.print()


def _label(one: Disputed) -> str:
    return line(f"{one.title} ({one.year})" if one.year else one.title)


def _chances(one: Disputed) -> str:
    if not one.asked:
        return "[dim]–[/]"
    again = "–" if one.again is None else f"{one.again:.2f}"
    return f"{one.chance:.2f} [dim]{again}[/]"


def _why(one: Disputed) -> str:
    return one.reason or "not named"


def _print_unfound(out: Console, evaluation: Evaluation) -> None:
    listed = evaluation.listed
    absent = [f"line {one.line}: {one.label}" for one in listed.absent]
    several = [
        f"line {one.row.line}: {one.row.label}: {', '.join(one.labels)}" for one in listed.ambiguous
    ]
    for heading, lines in (
        ("On the list, not in the library: {}", absent),
        ("On the list, in doubt which title is meant: {}", several),
    ):
        if lines:
            out.print(f"[bold]{heading.format(f'{len(lines):,}')}[/]")
            _print_lines(out, lines)
            out.print()


def _print_lines(out: Console, lines: Sequence[str]) -> None:
    more = len(lines) - SHOWN
    for told in (*lines[:SHOWN], *((f"… and {more:,} more",) if more > 0 else ())):
        out.print(f"  [dim]{safe(told)}[/]", soft_wrap=not out.is_terminal)


def _money(evaluation: Evaluation) -> str:
    requests = sum(one.bought.requests for one in evaluation.models)
    lost = sum((one.bought.unconfirmed for one in evaluation.models), Decimal(0))
    assumed = f" ({usd(lost)} of it assumed for answers that were lost)" if lost else ""
    return (
        f"Claude: {many(requests, 'request')}, [bold]{usd(evaluation.cost)}[/]{assumed};"
        f" at most {usd(evaluation.offer.at_most)} was announced. No tag was touched, no verdict"
        " kept."
    )
