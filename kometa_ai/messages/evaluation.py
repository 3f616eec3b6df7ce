"""The page about an evaluation: one file that needs no other, escaped throughout."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import jinja2

from kometa_ai.domain.wording import line, many, usd
from kometa_ai.messages.evaluation_phrases import asked, found, percent, remarks
from kometa_ai.messages.plots import calibration_plot, threshold_plot

if TYPE_CHECKING:
    from datetime import tzinfo

    from markupsafe import Markup

    from kometa_ai.domain.evaluation.result import Disputed, Evaluation, ModelScore

MARK: Final = '<meta name="generator" content="Kometa-AI evaluation">'
"""By which a report is known: an older one may be written over, any other file may not."""
LISTED: Final = 500
"""Titles of one list on the page; --json has them all."""
HUES: Final = 6


@dataclass(frozen=True, slots=True)
class _List:
    """Titles about which there is no agreement, and how they are headed."""

    name: str
    about: str
    titles: tuple[Disputed, ...]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One model's part of the page."""

    score: ModelScore
    hue: int
    thresholds: Markup
    calibration: Markup
    lists: tuple[_List, ...]


def as_page(evaluation: Evaluation, zone: tzinfo) -> str:
    """Return the page as HTML."""
    at = evaluation.at.astimezone(zone)
    return (
        _templates()
        .get_template("evaluation.html.j2")
        .render(
            e=evaluation,
            mark=MARK,
            when=f"{at.day} {at:%B %Y, %H:%M}",
            sheets=[
                _sheet(evaluation, one, number) for number, one in enumerate(evaluation.models)
            ],
            verdict=_verdict(evaluation),
            found=found(evaluation.listed, evaluation.library),
            asked=asked(evaluation.drawn, len(evaluation.models)),
            remarks=(*evaluation.notices, *remarks(evaluation)),
            most=LISTED,
        )
    )


def _sheet(evaluation: Evaluation, one: ModelScore, number: int) -> _Sheet:
    told = "not on the list"
    return _Sheet(
        one,
        number % HUES,
        threshold_plot(
            one.curve,
            evaluation.threshold,
            f"{one.model}: precision and recall against the threshold",
        ),
        calibration_plot(one.calibration, f"{one.model}: how often titles of a chance belong"),
        (
            _List("False positives", f"Taken in, {told}.", one.false_positives),
            _List("False negatives", "On the list, not taken in.", one.false_negatives),
            _List("Flipped", "In one pass and out in the other.", one.flipped),
        ),
    )


def _verdict(evaluation: Evaluation) -> str:
    """Say in a line which model does best, and what it costs."""
    scored = [one for one in evaluation.models if one.counts.f1 is not None]
    if not scored:
        return "No figure could be measured."
    best = max(scored, key=lambda one: (one.counts.f1 or 0.0, -(one.per_thousand or 0)))
    told = f"{best.model} reaches an F1 of {percent(best.counts.f1)}"
    if best.per_thousand is not None:
        told += f" at {usd(best.per_thousand)} per 1,000 titles"
    others = [
        f"{one.model} {percent(one.counts.f1)}"
        + (f" at {usd(one.per_thousand)}" if one.per_thousand is not None else "")
        for one in scored
        if one is not best
    ]
    return f"{told}{'; ' if others else ''}{', '.join(others)}."


def _shown(value: object) -> object:
    """Let no control character of a stranger's text reach the page."""
    return line(value) if type(value) is str else value


@cache
def _templates() -> jinja2.Environment:
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("kometa_ai.messages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters.update(percent=percent, usd=usd, many=many)
    return templates
