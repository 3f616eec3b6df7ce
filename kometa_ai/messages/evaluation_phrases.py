"""The sentences of an evaluation: the same on a terminal, on its page and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kometa_ai.domain.wording import many, usd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from kometa_ai.domain.evaluation.result import (
        Drawn,
        Evaluation,
        Listed,
        ModelScore,
        Offer,
    )

ORDINALS: Final = ("first", "second")


def found(listed: Listed, library: int) -> str:
    """Say how much of the list the library has."""
    size = many(library, "title")
    if listed.found == listed.rows:
        what = f"All {listed.rows:,} titles" if listed.rows > 1 else "The one title"
        return f"{what} of {listed.file} {_are(listed.rows)} in the library ({size})."
    which = f"{listed.found:,} of the {many(listed.rows, 'title')} of {listed.file}"
    told = [f"{which} {_are(listed.found)} in the library ({size})"]
    if absent := len(listed.absent):
        told.append(f"{absent:,} {_are(absent)} not, and left out")
    if unclear := len(listed.ambiguous):
        leave = "leaves" if unclear == 1 else "leave"
        told.append(f"{unclear:,} {leave} doubt which is meant, and {_are(unclear)} left out")
    if listed.repeated:
        told.append(f"{listed.repeated:,} repeat{_s(listed.repeated)} an earlier one")
    return "; ".join(told) + "."


def asked(drawn: Drawn, models: int) -> str:
    """Say what is asked."""
    times = "twice" if models == 1 else f"twice by each of {models} models"
    if drawn.whole:
        return (
            f"{many(drawn.titles, 'title')} to judge, {times}: {drawn.members:,} on the list,"
            f" {drawn.others:,} not."
        )
    return (
        f"{drawn.titles:,} of {drawn.all_members + drawn.all_others:,} titles to judge, {times}:"
        f" {drawn.members:,} of {drawn.all_members:,} on the list, {drawn.others:,} of"
        f" {drawn.all_others:,} others, drawn by seed {drawn.seed}."
    )


def price(offer: Offer) -> str:
    """Say what it will cost."""
    about = f"about {usd(offer.expected)}".replace("about <", "less than ")
    return f"That costs {about}, and at most {usd(offer.at_most)}."


def assumed(models: Sequence[str]) -> str:
    """Say of which models no price is known: a misspelt name must not look like a dear model."""
    if not models:
        return ""
    return f"The price of {' and '.join(models)} is not known, so twice the dearest is assumed."


def cost_until_now(spent: Decimal, lost: Decimal) -> str:
    """Say what an evaluation cost that was stopped."""
    part = f", {usd(lost)} of it assumed for answers that were under way" if lost else ""
    return f"It has cost {usd(spent)}{part}."


def budgets(offer: Offer) -> str:
    """Say what the budgets allow."""
    if offer.left is None:
        return ""
    if offer.affordable:
        return f"The budgets leave {usd(offer.left)}."
    return (
        f"The budgets leave {usd(offer.left)}: the asking stops there if need be, and the figures"
        " say over how many titles they are."
    )


def remarks(evaluation: Evaluation) -> tuple[str, ...]:
    """Return what must be known to read the figures right."""
    return tuple(_remarks(evaluation))


def _remarks(evaluation: Evaluation) -> Iterator[str]:
    listed, drawn = evaluation.listed, evaluation.drawn
    if evaluation.exhausted:
        yield _ended(evaluation)
    for one in evaluation.models:
        yield from _shortfalls(one, drawn)
    if not drawn.whole:
        yield from _of_a_sample(drawn)
    settled = evaluation.settled_in + evaluation.settled_out
    if settled:
        yield (
            f"Gates and tag rules settle {many(settled, 'title')} without asking"
            f" ({evaluation.settled_in:,} in, {evaluation.settled_out:,} out), as in a run: they"
            " are part of the figures, the same for every model. Pins are left out of it."
        )
    if listed.by_name:
        yield (
            f"{many(listed.by_name, 'title')} of the list {_were(listed.by_name)} found by name"
            " and year, without an id."
        )
    if listed.series:
        yield f"{many(listed.series, 'row')} of the list {_are(listed.series)} no film."


def _ended(evaluation: Evaluation) -> str:
    if evaluation.exhausted == "announced":
        return (
            "Lost and repeated answers used up what was announced as the most, so the asking ended"
            " there."
        )
    return f"{evaluation.exhausted} left no room for a further request, so the asking ended there."


def _shortfalls(one: ModelScore, drawn: Drawn) -> Iterator[str]:
    silent = [each.no_verdict for each in one.passes]
    if any(silent):
        yield (
            f"{one.model} gave no usable verdict on {_each(silent)}: neither a yes nor a no, and"
            " not part of the figures."
        )
    judged = [each.judged for each in one.passes]
    if not any(judged):
        yield f"{one.model} has no verdict on any title, and so no figures."
    elif any(each.left_out for each in one.passes):
        yield (
            f"{one.model} has a verdict on {_each(judged)}, of {many(drawn.titles, 'title')}: its"
            " figures are over these."
        )


def _each(counts: Sequence[int]) -> str:
    first, second = counts
    return f"{first:,} in the first pass and {second:,} in the second"


def _of_a_sample(drawn: Drawn) -> Iterator[str]:
    if drawn.others:
        stands = drawn.all_others / drawn.others
        yield (
            f"Only {drawn.others:,} of {drawn.all_others:,} other titles were asked about, so each"
            f" stands for {stands:,.1f} in the precision, which is corrected for that: a single"
            " false positive moves it far. The range says where it lies with 95% certainty."
        )
    yield (
        "A sample holds a larger share that belongs than the library does, which may sway a judge:"
        " the whole library is the better measure."
    )


def percent(value: float | None) -> str:
    """Return a share as people read it."""
    return "–" if value is None else f"{value:.1%}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _s(number: int) -> str:
    return "s" if number == 1 else ""


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
