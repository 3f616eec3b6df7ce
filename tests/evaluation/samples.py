"""Evaluations to be shown: an everyday one, a sample that fell short, and a hostile one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from kometa_ai.domain.cost import Usage
from kometa_ai.domain.decision import UNNAMED, Opinion
from kometa_ai.domain.evaluation.matching import Ambiguous
from kometa_ai.domain.evaluation.result import (
    Answers,
    Bought,
    Drawn,
    Evaluation,
    Exam,
    Listed,
    Offer,
    score,
)
from kometa_ai.domain.evaluation.sampling import draw
from kometa_ai.domain.evaluation.truth import TruthRow
from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.media import Kind, MediaItem

HOSTILE = "<script>alert(1)</script> \"'& \u202egnp.exe\x00\x1b[2J {{ 7 * 7 }} \ud800"
WHEN = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
MEMBERS = frozenset(range(1, 9))


def exam(size: int | None = None, title: str = "Film") -> Exam:
    items = {
        number: MediaItem("radarr", Kind.MOVIE, number, f"{title} {number}", 1990 + number)
        for number in range(1, 41)
    }
    members = [one for one in items.values() if one.id in MEMBERS]
    others = [one for one in items.values() if one.id not in MEMBERS]
    return Exam(0.7, items, MEMBERS, draw(members, others, size, 1))


def answers(asked: Exam, drift: float, *, reason: str = "One last job goes wrong.") -> Answers:
    """Return what a judge says that is sure of most titles, and of some the other way."""
    opinions: dict[int, Opinion] = {}
    for place, item in enumerate(asked.sample.items):
        chance = (0.97 if item.id in MEMBERS else 0.3) - 0.011 * (item.id % 9) * (2 + drift)
        if item.id % 11 == 0:
            chance = 0.74 - drift / 10
        chance = round(chance, 2)
        if place == 3:
            continue
        opinions[item.id] = Opinion(True, chance, reason) if chance >= 0.35 else UNNAMED  # noqa: FBT003 - a named tuple
    return Answers(opinions, no_verdict=1)


def _evaluation(
    asked: Exam, models: tuple[str, ...], *, reason: str = "One last job goes wrong."
) -> Evaluation:
    sample = asked.sample
    scores = tuple(
        score(
            asked,
            name,
            [answers(asked, number, reason=reason), answers(asked, number + 0.6, reason=reason)],
            Bought(4, Usage(4000, 900), Decimal("0.0021") * (1 + 19 * number)),
        )
        for number, name in enumerate(models)
    )
    return Evaluation(
        "Film Noir",
        "film-noir",
        asked.threshold,
        WHEN,
        Listed("noir.csv", 8, 8),
        len(asked.items),
        Drawn(sample.members, sample.others, sample.all_members, sample.all_others, sample.seed),
        0,
        0,
        Offer(Decimal("0.0433"), Decimal("0.2911"), Decimal("4.2")),
        scores,
    )


TWO = _evaluation(exam(), ("claude-haiku-5-5", "claude-sonnet-5-5"))
_SHORT = _evaluation(exam(12), ("claude-haiku-5-5",))
SHORT = replace(
    _SHORT,
    listed=Listed(
        "noir.csv",
        12,
        8,
        series=2,
        by_name=3,
        repeated=1,
        absent=(TruthRow(4, title="Key Largo", year=1948), TruthRow(9, imdb_id="tt0037008")),
        ambiguous=(Ambiguous(TruthRow(11, title="Twins", year=1988), ("Twins (1988)",) * 2),),
    ),
    settled_in=2,
    settled_out=13,
    offer=replace(_SHORT.offer, left=Decimal("0.01")),
    models=(
        replace(
            _SHORT.models[0],
            price_known=False,
            passes=(
                replace(_SHORT.models[0].passes[0], left_out=4),
                replace(_SHORT.models[0].passes[1], left_out=6),
            ),
            bought=replace(_SHORT.models[0].bought, unconfirmed=Decimal("0.0004")),
        ),
    ),
    exhausted="MAX_COST_PER_RUN",
    faults=(Fault(FaultKind.CLAUDE, "Film 3 (1993)", "Claude gave no usable verdict, twice."),),
    notices=("The price of claude-haiku-5-5 is not in the table.",),
)
_WILD = _evaluation(exam(title=HOSTILE), (HOSTILE,), reason=HOSTILE)
WILD = replace(
    _WILD,
    collection=HOSTILE,
    listed=replace(
        _WILD.listed,
        file=HOSTILE,
        rows=10,
        absent=(TruthRow(3, title=HOSTILE),),
        ambiguous=(Ambiguous(TruthRow(4, title=HOSTILE), (HOSTILE, HOSTILE)),),
    ),
    faults=(Fault(FaultKind.CLAUDE, HOSTILE, HOSTILE, HOSTILE),),
    notices=(HOSTILE,),
)
NOTHING = replace(
    TWO,
    models=(score(exam(), "claude-haiku-5-5", [Answers({})] * 2, Bought(0, Usage(), Decimal(0))),),
    exhausted="MONTHLY_BUDGET",
)
EVERY = {"two models": TWO, "a short sample": SHORT, "nothing": NOTHING}
