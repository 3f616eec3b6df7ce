"""What a request asked as a few bytes a pair: it is kept for an hour or a day, then it goes."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import msgspec

from kometa_ai.domain.decision import UNNAMED, Decision, Opinion
from kometa_ai.domain.inquiry import (
    RememberedInquiry,
    RememberedQuestion,
    RememberedTitle,
    RememberedWish,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime


class _Wish(msgspec.Struct, array_like=True):
    name: str
    slug: str
    criteria: str
    threshold: float


class _Known(msgspec.Struct, array_like=True):
    """An earlier decision that says more than a plain no; ``wish`` is its collection's place."""

    wish: int
    include: bool
    confidence: float
    reason: str
    model: str = ""
    """Whose word it is, which stays with it; batches of earlier versions do not tell."""


class _Question(msgspec.Struct, array_like=True):
    """A title: the collections it is asked for, and those of earlier decisions, as bit masks."""

    item: int
    fingerprint: int
    asked: int
    plain: int = 0
    same: int = 0
    """Where the earlier decision was made for the title as it is now."""
    known: list[_Known] = []


class _Inquiry(msgspec.Struct, array_like=True):
    wishes: list[_Wish]
    questions: list[_Question]


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(_Inquiry)


def pack_inquiry(inquiry: RememberedInquiry) -> bytes:
    """Return an inquiry as bytes."""
    places = {wish.slug: place for place, wish in enumerate(inquiry.collections)}
    wishes = [_Wish(one.name, one.slug, one.criteria, one.threshold) for one in inquiry.collections]
    questions = [_question(one, places) for one in inquiry.questions]
    return zlib.compress(_encode(_Inquiry(wishes, questions)))


def _question(question: RememberedQuestion, places: Mapping[str, int]) -> _Question:
    mark, earlier = question.item.fingerprint, question.earlier
    return _Question(
        question.item.id,
        mark,
        _mask(places[slug] for slug in question.slugs),
        _mask(places[slug] for slug, one in earlier.items() if slug not in question.standing),
        _mask(places[slug] for slug, one in earlier.items() if one.fingerprint == mark),
        [_Known(places[slug], *one.opinion, one.model) for slug, one in question.standing.items()],
    )


def unpack_inquiry(packed: bytes, at: datetime) -> RememberedInquiry:
    """Return the inquiry that ``pack_inquiry`` packed; ``at`` is when it was asked."""
    inquiry = _decoder.decode(zlib.decompress(packed))
    wishes = tuple(
        RememberedWish(one.name, one.slug, one.criteria, one.threshold) for one in inquiry.wishes
    )
    return RememberedInquiry(
        wishes, tuple(_remembered(one, wishes, at) for one in inquiry.questions)
    )


def _remembered(
    question: _Question, wishes: Sequence[RememberedWish], at: datetime
) -> RememberedQuestion:
    opinions = dict.fromkeys(_places(question.plain), UNNAMED)
    models: dict[int, str] = {}
    for known in question.known:
        opinions[known.wish] = Opinion(known.include, known.confidence, known.reason)
        models[known.wish] = known.model
    earlier = {}
    for place, opinion in opinions.items():
        # Of another state of the title it matters only that it is another.
        mark = question.fingerprint if question.same >> place & 1 else ~question.fingerprint
        model, criteria = models.get(place, ""), wishes[place].criteria
        earlier[wishes[place].slug] = Decision(opinion, model, criteria, mark, at)
    shown = {wishes[one.wish].slug for one in question.known}
    return RememberedQuestion(
        RememberedTitle(question.item, question.fingerprint),
        tuple(wishes[place].slug for place in _places(question.asked)),
        {slug: one for slug, one in earlier.items() if slug in shown},
        earlier,
    )


def _mask(places: Iterator[int]) -> int:
    return sum(1 << place for place in places)


def _places(mask: int) -> Iterator[int]:
    return (place for place in range(mask.bit_length()) if mask >> place & 1)
