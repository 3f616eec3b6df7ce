"""What an evaluation found out, and how two passes of a model become figures."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.evaluation.scores import (
    Bin,
    Confusion,
    Flips,
    Judged,
    Point,
    Range,
    calibration,
    confusion,
    curve,
    flips,
    wilson,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from kometa_ai.domain.cost import Usage
    from kometa_ai.domain.decision import Opinion
    from kometa_ai.domain.evaluation.matching import Ambiguous
    from kometa_ai.domain.evaluation.sampling import Sample
    from kometa_ai.domain.evaluation.truth import TruthRow
    from kometa_ai.domain.fault import Fault
    from kometa_ai.domain.media import MediaItem

PASSES: Final = 2
THOUSAND: Final = 1000


@dataclass(frozen=True, slots=True)
class Exam:
    """What is asked, and what is right; ``settled`` holds what gates and tag rules decide."""

    threshold: float
    items: Mapping[int, MediaItem]
    members: frozenset[int]
    sample: Sample
    settled: tuple[Judged, ...] = ()

    def judged(self, opinions: Mapping[int, Opinion]) -> list[Judged]:
        """Join opinions to their truth, each with the number of titles that it stands for."""
        weights = self.weights(opinions)
        asked = [
            Judged(one, one in self.members, opinion, weights[one in self.members])
            for one, opinion in opinions.items()
        ]
        return [*asked, *self.settled]

    def weights(self, ids: Iterable[int]) -> dict[bool, float]:
        """Return how many titles each that was judged stands for, by whether it belongs."""
        if self.sample.whole:
            return {True: 1.0, False: 1.0}
        judged = list(ids)
        belong = sum(one in self.members for one in judged)
        return {
            True: self.sample.all_members / max(belong, 1),
            False: self.sample.all_others / max(len(judged) - belong, 1),
        }


@dataclass(frozen=True, slots=True)
class Answers:
    """What one pass brought: opinions, how many got no usable verdict, how many no answer."""

    opinions: Mapping[int, Opinion]
    no_verdict: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Bought:
    """What a model's two passes cost."""

    requests: int
    usage: Usage
    cost: Decimal
    unconfirmed: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Pass:
    """The figures of one pass; ``left_out`` was never answered, which says nothing of the model."""

    judged: int
    no_verdict: int
    left_out: int
    counts: Confusion


@dataclass(frozen=True, slots=True)
class Disputed:
    """A title about which list and model, or two passes, disagree.

    ``again`` is the chance of the second pass, ``None`` if it gave none; ``asked`` is false where
    a gate or a tag rule decided.
    """

    id: int
    title: str
    year: int
    chance: float
    again: float | None
    reason: str
    asked: bool = True


@dataclass(frozen=True, slots=True)
class ModelScore:
    """One model's figures; ``precision`` and the others are those of the first pass."""

    model: str
    price_known: bool
    passes: tuple[Pass, ...]
    flips: Flips
    false_positives: tuple[Disputed, ...]
    false_negatives: tuple[Disputed, ...]
    flipped: tuple[Disputed, ...]
    curve: tuple[Point, ...]
    calibration: tuple[Bin, ...]
    precision_range: Range | None
    recall_range: Range | None
    bought: Bought
    per_thousand: Decimal | None
    """USD for 1,000 titles that are judged once, for this one collection."""

    @property
    def counts(self) -> Confusion:
        """Return the counts of the first pass, which is what a run would have done."""
        return self.passes[0].counts


@dataclass(frozen=True, slots=True)
class Offer:
    """What an evaluation may cost, said before anything is spent; ``left`` is of the budgets."""

    expected: Decimal
    at_most: Decimal
    left: Decimal | None

    @property
    def affordable(self) -> bool:
        """Return whether the budgets cover it in any case."""
        return self.left is None or self.at_most <= self.left


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list was good for: rows, the titles found, and the rows without one."""

    file: str
    rows: int
    found: int
    series: int = 0
    by_name: int = 0
    repeated: int = 0
    absent: tuple[TruthRow, ...] = ()
    ambiguous: tuple[Ambiguous, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawn:
    """How many titles were to be asked about, of how many."""

    members: int
    others: int
    all_members: int
    all_others: int
    seed: int

    @property
    def titles(self) -> int:
        """Return how many were to be asked about."""
        return self.members + self.others

    @property
    def whole(self) -> bool:
        """Return whether nothing was left out."""
        return self.titles == self.all_members + self.all_others


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that is told of it."""

    collection: str
    slug: str
    threshold: float
    at: datetime
    listed: Listed
    library: int
    drawn: Drawn
    settled_in: int
    settled_out: int
    offer: Offer
    models: tuple[ModelScore, ...]
    exhausted: str = ""
    faults: tuple[Fault, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def cost(self) -> Decimal:
        """Return what all models cost together."""
        return sum((one.bought.cost for one in self.models), Decimal(0))


def score(
    exam: Exam, model: str, passes: Sequence[Answers], bought: Bought, *, price_known: bool = True
) -> ModelScore:
    """Turn two passes of one model into its figures."""
    first, second = passes[0].opinions, passes[1].opinions
    titles = exam.judged(first)
    weights = exam.weights(first)
    turned = flips(first, second, {i: weights[i in exam.members] for i in first}, exam.threshold)
    said = [one for one in titles if one.belongs is not one.opinion.belongs(exam.threshold)]
    by_id = {one.item_id: one for one in titles}
    verdicts = sum(len(one.opinions) for one in passes)
    ranges = (None, None) if exam.sample.whole else _ranges(exam, titles)
    return ModelScore(
        model,
        price_known,
        tuple(
            Pass(
                len(one.opinions),
                one.no_verdict,
                one.left_out,
                confusion(exam.judged(one.opinions), exam.threshold),
            )
            for one in passes
        ),
        turned,
        _disputed(exam, [one for one in said if not one.belongs], second, surest_first=True),
        _disputed(exam, [one for one in said if one.belongs], second, surest_first=False),
        _disputed(exam, [by_id[i] for i in turned.flipped], second, surest_first=True),
        curve(titles),
        calibration(titles),
        *ranges,
        bought,
        bought.cost * THOUSAND / verdicts if verdicts else None,
    )


def _ranges(exam: Exam, titles: Sequence[Judged]) -> tuple[Range | None, Range | None]:
    """Return where precision and recall lie, as far as the sample tells."""
    counts = confusion(titles, exam.threshold)
    settled = confusion(exam.settled, exam.threshold)
    asked = [one for one in titles if one.asked]
    raw = confusion([one._replace(weight=1.0) for one in asked], exam.threshold)
    wrong = wilson(round(raw.false_alarms), round(raw.false_alarms + raw.rejections))
    few, many = (
        share * exam.sample.all_others + settled.false_alarms for share in (wrong.low, wrong.high)
    )
    precision = None
    if counts.hits:
        precision = Range(counts.hits / (counts.hits + many), counts.hits / (counts.hits + few))
    if exam.sample.members == exam.sample.all_members:
        return precision, None
    right = wilson(round(raw.hits), round(raw.hits + raw.misses))
    all_members = exam.sample.all_members
    belong = all_members + settled.hits + settled.misses
    low, high = ((share * all_members + settled.hits) / belong for share in (right.low, right.high))
    return precision, Range(low, high)


def _disputed(
    exam: Exam,
    titles: Iterable[Judged],
    second: Mapping[int, Opinion],
    *,
    surest_first: bool,
) -> tuple[Disputed, ...]:
    made = []
    for one in titles:
        item = exam.items[one.item_id]
        again = second.get(one.item_id)
        made.append(
            Disputed(
                item.id,
                item.title,
                item.year,
                one.opinion.score,
                again.score if again else None,
                one.opinion.reason or (again.reason if again else ""),
                one.asked,
            )
        )
    sign = -1 if surest_first else 1
    return tuple(sorted(made, key=lambda one: (sign * one.chance, one.title, one.year, one.id)))
