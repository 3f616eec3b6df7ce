"""Pending pairs become few requests: a block of items times a group of collections."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kometa_ai.domain.collection import Collection
    from kometa_ai.domain.decision import Decision
    from kometa_ai.domain.media import MediaItem
    from kometa_ai.domain.pending import Selection

ITEMS_PER_REQUEST = 40
"""Larger blocks save little once the criteria are cached, and dilute attention."""
ITEMS_PER_REVIEW = 10
COLLECTIONS_PER_REVIEW = 3
"""A second opinion is bought for attention: each of its requests asks few doubtful pairs."""
SECOND_LOOKS_FOR_ONE = 2
"""So many second looks count as one item, with their short lines and one or two verdicts each."""


NOTHING_STANDS: Final[Mapping[str, Decision]] = MappingProxyType({})
"""Shared by all questions of a first run: it has as many as the library has titles, and more."""


@dataclass(frozen=True, slots=True)
class Question:
    """One item of a request and the collections that it is judged for.

    ``slugs`` keeps the order of the request's collections; ``standing`` holds earlier decisions
    that Claude is shown, and that stand where it names no other chance. ``in_full``: another model
    is asked, which shall see what the first one saw, and not why that one thought so.
    """

    item: MediaItem
    slugs: tuple[str, ...]
    standing: Mapping[str, Decision] = field(default_factory=dict)
    in_full: bool = False

    def is_second_look(self, thresholds: Mapping[str, float]) -> bool:
        """Return whether nothing but doubtful verdicts on the title as it is are asked again."""
        if self.in_full or set(self.slugs) != self.standing.keys():
            return False
        return all(
            one.wants_second_look(thresholds[slug]) and one.fingerprint == self.item.fingerprint
            for slug, one in self.standing.items()
        )

    def only(self, slugs: Sequence[str]) -> Question:
        """Return the question for some of its collections."""
        return Question(
            self.item,
            tuple(slug for slug in self.slugs if slug in slugs),
            {slug: decision for slug, decision in self.standing.items() if slug in slugs},
            self.in_full,
        )


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent to Claude at once.

    ``cached`` marks its beginning for the prompt cache: others with the same one come with it.
    """

    collections: tuple[Collection, ...]
    questions: tuple[Question, ...]
    cached: bool = False

    @property
    def pairs(self) -> int:
        """Return how many verdicts are asked for."""
        return sum(len(question.slugs) for question in self.questions)

    def asked(self) -> Counter[str]:
        """Return how many verdicts are asked for of each collection, by slug."""
        counts: Counter[str] = Counter()
        for slugs, questions in Counter(one.slugs for one in self.questions).items():
            counts.update(dict.fromkeys(slugs, questions))
        return counts

    def halves(self) -> tuple[Request, Request]:
        """Split the request into two of half the items."""
        middle = len(self.questions) // 2
        return (
            replace(self, questions=self.questions[:middle]),
            replace(self, questions=self.questions[middle:]),
        )

    def only(self, missing: Mapping[int, Sequence[str]]) -> Request:
        """Return a request for some pairs of this one, by item id; its criteria stay cached."""
        return replace(
            self,
            questions=tuple(
                question.only(missing[question.item.id])
                for question in self.questions
                if missing.get(question.item.id)
            ),
        )


def group(
    selection: Selection,
    items: Mapping[int, MediaItem],
    standing: Mapping[str, Mapping[int, Decision]],
    *,
    collections_per_request: int,
    items_per_request: int | None = None,
    in_full: bool = False,
) -> tuple[tuple[Request, ...], ...]:
    """Group the selected pairs into requests, those with the same criteria together.

    ``standing`` maps slug and item id to the earlier decisions to show. Requests of one group
    share their cached beginning, so the first one should be answered before the others go out.
    A collection of which nothing is asked in this run is left out: its words would be paid for.
    ``items_per_request`` is a limit that a person has set.
    """
    used = reduce(or_, selection.asked.values(), 0)
    bits = [bit for bit in range(len(selection.collections)) if used >> bit & 1]
    groups: list[tuple[Request, ...]] = []
    for start in range(0, len(bits), collections_per_request):
        chosen = {
            bit: selection.collections[bit] for bit in bits[start : start + collections_per_request]
        }
        members = tuple(chosen.values())
        questions = list(_questions(selection, chosen, items, standing))
        if in_full:
            questions = [replace(one, in_full=True) for one in questions]
        groups.append(
            tuple(
                Request(members, block) for block in _blocks(questions, members, items_per_request)
            )
        )
    return tuple(groups)


def _blocks(
    questions: Sequence[Question], members: Sequence[Collection], limit: int | None
) -> Iterator[tuple[Question, ...]]:
    """Yield blocks of at most ``limit`` questions, or of as many as are well judged at once."""
    thresholds = {one.slug: one.threshold for one in members}
    most = limit or ITEMS_PER_REQUEST * SECOND_LOOKS_FOR_ONE
    block: list[Question] = []
    size = 0
    for question in questions:
        light = limit is not None or question.is_second_look(thresholds)
        weight = 1 if light else SECOND_LOOKS_FOR_ONE
        if block and size + weight > most:
            yield tuple(block)
            block, size = [], 0
        block.append(question)
        size += weight
    if block:
        yield tuple(block)


def _questions(
    selection: Selection,
    chosen: Mapping[int, Collection],
    items: Mapping[int, MediaItem],
    standing: Mapping[str, Mapping[int, Decision]],
) -> Iterator[Question]:
    slugs = {bit: collection.slug for bit, collection in chosen.items()}
    known = {slug: standing[slug] for slug in slugs.values() if standing.get(slug)}
    part = reduce(or_, (1 << bit for bit in chosen), 0)
    wanted_by: dict[int, tuple[str, ...]] = {}  # shared: most items are pending for all or for one
    for item_id, mask in selection.asked.items():
        asked = mask & part
        if not asked:
            continue
        if asked not in wanted_by:
            wanted_by[asked] = tuple(slug for bit, slug in slugs.items() if asked >> bit & 1)
        wanted = wanted_by[asked]
        earlier = {
            slug: decisions[item_id]
            for slug, decisions in known.items()
            if item_id in decisions and slug in wanted
        }
        yield Question(items[item_id], wanted, earlier or NOTHING_STANDS)
