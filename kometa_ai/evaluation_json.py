"""An evaluation as JSON for other programs, version 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kometa_ai.domain.report import REPORT_VERSION
from kometa_ai.messages.evaluation_phrases import remarks
from kometa_ai.report_json import faults_json, tokens_json

if TYPE_CHECKING:
    from decimal import Decimal

    from kometa_ai.domain.evaluation.result import (
        Disputed,
        Evaluation,
        ModelScore,
        Pass,
    )
    from kometa_ai.domain.evaluation.scores import Confusion, Range
    from kometa_ai.report_json import Json


def evaluation_json(evaluation: Evaluation, page: str) -> Json:
    """Return all figures; shares are from 0 to 1, money is in USD, ``None`` is undefined."""
    offer, drawn = evaluation.offer, evaluation.drawn
    return {
        "version": REPORT_VERSION,
        "collection": evaluation.collection,
        "slug": evaluation.slug,
        "threshold": evaluation.threshold,
        "evaluated_at": evaluation.at.isoformat(timespec="seconds"),
        "library": evaluation.library,
        "truth": _truth(evaluation),
        "asked": {
            "titles": drawn.titles,
            "sampled": not drawn.whole,
            "seed": drawn.seed,
            "members": drawn.members,
            "others": drawn.others,
            "all_members": drawn.all_members,
            "all_others": drawn.all_others,
            "settled_in": evaluation.settled_in,
            "settled_out": evaluation.settled_out,
        },
        "announced": {
            "expected_usd": float(offer.expected),
            "at_most_usd": float(offer.at_most),
            "budget_left_usd": _money(offer.left),
        },
        "models": [_model(one) for one in evaluation.models],
        "cost_usd": float(evaluation.cost),
        "budget_reached": evaluation.exhausted,
        "report": page or None,
        "faults": faults_json(evaluation.faults),
        "notices": [*evaluation.notices, *remarks(evaluation)],
    }


def stopped_json(spent: Decimal, lost: Decimal) -> Json:
    """Return what is left of an evaluation that was stopped: what it has cost."""
    return {
        "version": REPORT_VERSION,
        "result": "cancelled",
        "cost_usd": float(spent),
        "unconfirmed_usd": float(lost),
        "faults": [],
    }


def _truth(evaluation: Evaluation) -> Json:
    listed = evaluation.listed
    return {
        "file": listed.file,
        "rows": listed.rows,
        "found": listed.found,
        "found_by_name": listed.by_name,
        "repeated": listed.repeated,
        "series": listed.series,
        "absent": [{"line": row.line, "title": row.label} for row in listed.absent],
        "ambiguous": [
            {"line": one.row.line, "title": one.row.label, "titles": list(one.labels)}
            for one in listed.ambiguous
        ],
    }


def _model(one: ModelScore) -> Json:
    bought = one.bought
    return {
        "model": one.model,
        "price_known": one.price_known,
        **_figures(one.counts),
        "precision_range": _range(one.precision_range),
        "recall_range": _range(one.recall_range),
        "passes": [_pass(each) for each in one.passes],
        "flips": {
            "titles": one.flips.titles,
            "flipped": len(one.flips.flipped),
            "rate": _share(one.flips.rate),
            "mean_shift": _share(one.flips.shift),
        },
        "false_positives": [_disputed(each) for each in one.false_positives],
        "false_negatives": [_disputed(each) for each in one.false_negatives],
        "flipped": [_disputed(each) for each in one.flipped],
        "curve": [
            {
                "threshold": point.threshold,
                "precision": _share(point.precision),
                "recall": _share(point.recall),
            }
            for point in one.curve
        ],
        "calibration": [
            {"chance": _share(bin_.chance), "share": _share(bin_.share), "titles": bin_.titles}
            for bin_ in one.calibration
        ],
        "usage": {"requests": bought.requests, **tokens_json(bought.usage)},
        "cost_usd": float(bought.cost),
        "unconfirmed_usd": float(bought.unconfirmed),
        "per_1000_titles_usd": _money(one.per_thousand),
    }


def _pass(one: Pass) -> Json:
    return {
        "judged": one.judged,
        "no_verdict": one.no_verdict,
        "left_out": one.left_out,
        **_figures(one.counts),
    }


def _figures(counts: Confusion) -> Json:
    return {
        "precision": _share(counts.precision),
        "recall": _share(counts.recall),
        "f1": _share(counts.f1),
        "true_positives": round(counts.hits, 2),
        "false_positive_count": round(counts.false_alarms, 2),
        "false_negative_count": round(counts.misses, 2),
        "true_negatives": round(counts.rejections, 2),
    }


def _disputed(one: Disputed) -> Json:
    return {
        "id": one.id,
        "title": one.title,
        "year": one.year,
        "chance": _share(one.chance),
        "second_chance": _share(one.again),
        "reason": one.reason,
        "asked": one.asked,
    }


def _range(one: Range | None) -> list[float] | None:
    return None if one is None else [round(one.low, 4), round(one.high, 4)]


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _money(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
