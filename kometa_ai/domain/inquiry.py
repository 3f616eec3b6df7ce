"""What an answer is measured by, whether its request is at hand or only remembered.

A batch may be answered days after it was asked: by then its titles may have changed or gone, and
the words of its collections too. So of each request is kept what its answer has to be read with.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kometa_ai.domain.decision import Decision
    from kometa_ai.domain.requests import Question, Request


class Wish(Protocol):
    """A collection, as far as an answer about it matters."""

    @property
    def name(self) -> str:
        """Return what people call it."""

    @property
    def slug(self) -> str:
        """Return its key."""

    @property
    def criteria(self) -> str:
        """Return the fingerprint of its words when they were sent."""

    @property
    def threshold(self) -> float:
        """Return the threshold when it was asked about."""


class Title(Protocol):
    """An item, as far as an answer about it matters."""

    @property
    def id(self) -> int:
        """Return the library's number."""

    @property
    def fingerprint(self) -> int:
        """Return the hash of what was sent of it."""


class Asked(Protocol):
    """One item and the collections that it is judged for."""

    @property
    def item(self) -> Title:
        """Return the item."""

    @property
    def slugs(self) -> tuple[str, ...]:
        """Return the collections, in the order of the inquiry's."""

    @property
    def standing(self) -> Mapping[str, Decision]:
        """Return the earlier decisions that Claude was shown."""


class Inquiry(Protocol):
    """Titles that are judged for collections, in one request; letters follow these' order."""

    @property
    def collections(self) -> Sequence[Wish]:
        """Return the collections."""

    @property
    def questions(self) -> Sequence[Asked]:
        """Return the questions."""


@dataclass(frozen=True, slots=True)
class RememberedWish:
    """What is kept of a collection."""

    name: str
    slug: str
    criteria: str
    threshold: float


@dataclass(frozen=True, slots=True)
class RememberedTitle:
    """What is kept of an item."""

    id: int
    fingerprint: int


@dataclass(frozen=True, slots=True)
class RememberedQuestion:
    """What is kept of a question; ``earlier`` holds what was decided before, shown or not."""

    item: RememberedTitle
    slugs: tuple[str, ...]
    standing: Mapping[str, Decision] = field(default_factory=dict)
    earlier: Mapping[str, Decision] = field(default_factory=dict)

    def renamed(self, old: str, new: str) -> RememberedQuestion:
        """Return the same with another slug for a collection."""

        def moved(decisions: Mapping[str, Decision]) -> dict[str, Decision]:
            return {new if slug == old else slug: one for slug, one in decisions.items()}

        slugs = tuple(new if slug == old else slug for slug in self.slugs)
        return replace(
            self, slugs=slugs, standing=moved(self.standing), earlier=moved(self.earlier)
        )


@dataclass(frozen=True, slots=True)
class RememberedInquiry:
    """What is kept of a request."""

    collections: tuple[RememberedWish, ...]
    questions: tuple[RememberedQuestion, ...]

    @property
    def pairs(self) -> int:
        """Return how many verdicts were asked for."""
        return sum(len(question.slugs) for question in self.questions)

    def renamed(self, old: str, new: str) -> RememberedInquiry:
        """Return the same with another slug for a collection."""
        return RememberedInquiry(
            tuple(replace(one, slug=new) if one.slug == old else one for one in self.collections),
            tuple(one.renamed(old, new) for one in self.questions),
        )


def remember(request: Request, earlier: Callable[[str, int], Decision | None]) -> RememberedInquiry:
    """Return what is to be kept of a request; ``earlier`` gives what is decided of a pair."""
    wishes = tuple(
        RememberedWish(one.name, one.slug, one.criteria, one.threshold)
        for one in request.collections
    )
    return RememberedInquiry(
        wishes, tuple(_remembered(question, earlier) for question in request.questions)
    )


def _remembered(
    question: Question, earlier: Callable[[str, int], Decision | None]
) -> RememberedQuestion:
    item = question.item
    known = {slug: earlier(slug, item.id) for slug in question.slugs}
    return RememberedQuestion(
        RememberedTitle(item.id, item.fingerprint),
        question.slugs,
        question.standing,
        {slug: one for slug, one in known.items() if one is not None},
    )
