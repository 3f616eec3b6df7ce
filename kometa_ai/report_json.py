"""The report as JSON for other programs; its shape has a version and is described in the README."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kometa_ai.domain.cost import Usage
from kometa_ai.domain.report import REPORT_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kometa_ai.domain.fault import Fault
    from kometa_ai.domain.report import Change, CollectionReport, ReviewSpending, RunReport
    from kometa_ai.estimating import Estimate
    from kometa_ai.second_opinions import ReviewEstimate

Json = dict[str, object]


def report_json(report: RunReport) -> Json:
    """Return a run's report, version 1. Money is in USD, times are ISO 8601 with their offset."""
    spending = report.spending
    return {
        "version": REPORT_VERSION,
        "run_id": report.run_id,
        "trigger": str(report.trigger),
        "result": str(report.result),
        "dry_run": report.dry_run,
        "started_at": report.started_at.isoformat(timespec="seconds"),
        "duration_s": round(report.duration, 3),
        "items": report.items,
        "model": report.model,
        "collections": [_collection(one) for one in report.collections],
        "usage": {
            "requests": spending.requests,
            "pairs": spending.pairs,
            **tokens_json(spending.usage),
            "cost_usd": float(spending.cost),
            "unconfirmed_usd": float(spending.unconfirmed),
            "review": None if spending.review is None else _review(spending.review),
        },
        "month": {
            "cost_usd": float(report.spent_this_month),
            "budget_usd": None if report.monthly_budget is None else float(report.monthly_budget),
        },
        "budget_reached": report.exhausted,
        "faults": faults_json(report.faults),
        "notices": list(report.notices),
    }


def _review(review: ReviewSpending) -> Json:
    """Return the part of the usage that second opinions took."""
    return {
        "model": review.model,
        "requests": review.requests,
        "pairs": review.pairs,
        **tokens_json(review.usage),
        "cost_usd": float(review.cost),
        "unconfirmed_usd": float(review.unconfirmed),
    }


def failure_json(faults: Sequence[Fault], result: str, *, dry_run: bool) -> Json:
    """Return what stands for the report of a command that came to none, in the same shape."""
    return {
        "version": REPORT_VERSION,
        "run_id": None,
        "result": result,
        "dry_run": dry_run,
        "started_at": None,
        "duration_s": 0.0,
        "collections": [],
        "usage": {"requests": 0, "pairs": 0, **tokens_json(Usage()), "cost_usd": 0.0},
        "budget_reached": "",
        "faults": faults_json(faults),
    }


def estimate_json(estimate: Estimate) -> Json:
    """Return an estimate, version 1."""
    return {
        "version": REPORT_VERSION,
        "model": estimate.model,
        "price_known": estimate.price_known,
        "collections": [
            {
                "name": one.name,
                "slug": one.slug,
                "requests": one.requests,
                "pairs": one.pairs,
                "deferred": one.deferred,
                **tokens_json(one.usage),
                "cost_usd": float(one.cost),
            }
            for one in estimate.collections
        ],
        "usage": {
            "requests": estimate.requests,
            "pairs": estimate.pairs,
            **tokens_json(estimate.usage),
            "cost_usd": float(estimate.cost),
            "review": None if estimate.review is None else _foreseen(estimate.review),
        },
        "budget_left_usd": None if estimate.limit is None else float(estimate.limit),
        "faults": faults_json(estimate.faults),
        "notices": list(estimate.notices),
    }


def _foreseen(review: ReviewEstimate) -> Json:
    """Return the part of an estimate that is for second opinions."""
    return {
        "model": review.model,
        "price_known": review.price_known,
        "requests": review.requests,
        "pairs": review.pairs,
        **tokens_json(review.usage),
        "cost_usd": float(review.cost),
    }


def faults_json(faults: Sequence[Fault]) -> list[Json]:
    """Return faults: kind, where, message, remedy."""
    return [
        {"kind": str(one.kind), "where": one.where, "message": one.message, "remedy": one.remedy}
        for one in faults
    ]


def _collection(one: CollectionReport) -> Json:
    return {
        "name": one.name,
        "slug": one.slug,
        "tag": one.tag,
        "library": one.library,
        "threshold": one.threshold,
        "members": one.members,
        "added": [_change(change) for change in one.added],
        "removed": [_change(change) for change in one.removed],
        "held": [_change(change) for change in one.held],
        "judged": one.judged,
        "pending": one.pending,
        "deferred": one.deferred,
        "cost_usd": float(one.cost),
    }


def _change(change: Change) -> Json:
    return {
        "id": change.id,
        "title": change.title,
        "year": change.year,
        "reason": change.reason,
    }


def tokens_json(usage: Usage) -> dict[str, int]:
    """Return the tokens that were used."""
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
    }
