"""A run in numbers: what changed, what was asked, what it cost, when it goes on."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.report import ReviewSpending
from kometa_ai.domain.wording import duration, many, usd
from kometa_ai.messages.phrases import moment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, tzinfo

    from kometa_ai.domain.report import RunReport

COUNTS: Final = frozenset(
    {
        *("Added", "Removed", "Held back", "Pending"),
        *("Would add", "Would remove", "Would hold"),
    }
)
"""Labels of figures that are counts of titles: a mail shows them large."""

Figure = tuple[str, str]


def figures(report: RunReport, next_run: datetime | None, zone: tzinfo) -> tuple[Figure, ...]:
    """Return labels with values."""
    return (*_counts(report), *_claude(report), *_money(report), *_times(report, next_run, zone))


def next_run_in(next_run: datetime | None, zone: tzinfo) -> Iterator[Figure]:
    """Yield when the next run is due, if that is known, with the zone's own name."""
    if next_run is not None:
        yield "Next run", f"{moment(next_run, zone)} {next_run.astimezone(zone):%Z}".rstrip()


def _counts(report: RunReport) -> Iterator[Figure]:
    pending = sum(one.pending for one in report.collections)
    would = report.dry_run
    if report.collections:
        yield "Would add" if would else "Added", f"{report.added:,}"
        yield "Would remove" if would else "Removed", f"{report.removed:,}"
    if report.held:
        yield "Would hold" if would else "Held back", f"{report.held:,}"
    if pending:
        yield "Pending", f"{pending:,}"


def _claude(report: RunReport) -> Iterator[Figure]:
    spending, usage = report.spending, report.spending.usage
    if not spending.requests:
        yield "Claude", "not asked"
        return
    review = spending.review or ReviewSpending("")
    model = f" to {report.model}" if report.model else ""
    requests, pairs = spending.requests - review.requests, spending.pairs - review.pairs
    if requests or pairs:
        yield "Claude", f"{many(requests, 'request')}{model}, {many(pairs, 'verdict')}"
    if review.requests:
        asked = f"{many(review.requests, 'request')} to {review.model}"
        yield "Second opinions", f"{asked}, {many(review.pairs, 'verdict')}"
    cached = f" ({usage.cache_read_tokens:,} cached)" if usage.cache_read_tokens else ""
    yield "Tokens", f"{usage.prompt_tokens:,} in{cached}, {usage.output_tokens:,} out"


def _money(report: RunReport) -> Iterator[Figure]:
    spending = report.spending
    lost = f", {usd(spending.unconfirmed)} of it assumed" if spending.unconfirmed else ""
    yield "Cost of this run", f"{usd(spending.cost)}{lost}"
    if spending.review is not None and spending.review.cost:
        yield "Of it second opinions", usd(spending.review.cost)
    month, budget = report.spent_this_month, report.monthly_budget
    if budget is None:
        yield "This month", usd(month)
        return
    yield "This month", f"{usd(month)} of {usd(budget)}"
    yield "Budget left", usd(max(budget - month, Decimal(0)))


def _times(report: RunReport, next_run: datetime | None, zone: tzinfo) -> Iterator[Figure]:
    if report.items:
        yield "Library", many(report.items, "title")
    yield "Duration", duration(report.duration)
    yield from next_run_in(next_run, zone)
