"""A judge without a Claude: it answers at once, and names what it is told to name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, cast

from kometa_ai.adapters.claude.prices import load_prices
from kometa_ai.domain.cost import Shape, Usage
from kometa_ai.ports import Answer, Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kometa_ai.domain.media import MediaItem
    from kometa_ai.domain.requests import Request
    from kometa_ai.ports import Batches

MODEL = "claude-haiku-5-5"
SURE: Final = 0.95
DOUBTFUL: Final = 0.4
"""Worth naming, below every threshold, and too far from it for a second look."""
NOT_ANY_MORE: Final = 0.05
"""A chance that stands is kept unless another is named."""
REASON_WORDS: Final = 11


class FastJudge:
    """Fulfils ``ports.Judge``; ``belongs`` says whether a film's id and a collection's slug fit.

    Of what does not, ``doubted`` says whether it has a chance still, so that it is named too.
    """

    def __init__(
        self,
        belongs: Callable[[int, str], bool],
        doubted: Callable[[int, str], bool] = lambda _number, _slug: False,
    ) -> None:
        self.model = load_prices().model(MODEL)
        self.setting = "CLAUDE_MODEL"
        self.notices = ()
        self.batches = cast("Batches", None)  # whatever asks in batches is measured otherwise
        self._belongs = belongs
        self._doubted = doubted

    def shape(self, request: Request) -> Shape:
        """Return a size at which everything is worth caching and nothing is dear."""
        return Shape(4_000, 100 * len(request.questions), 1_000)

    async def ask(self, request: Request) -> Answer:
        """Name what belongs, and count every film as judged."""
        letters = {one.slug: chr(ord("A") + at) for at, one in enumerate(request.collections)}
        named = [
            {"id": item.id, "c": letters[slug], "p": chance, "why": _words(item.overview)}
            for item, slug, chance in self._chances(request)
        ]
        judged = [question.item.id for question in request.questions]
        text = json.dumps({"named": named, "judged": judged})
        return Answer(text, Ending.COMPLETE, Usage(1_000, 100), MODEL)

    def _chances(self, request: Request) -> Iterator[tuple[MediaItem, str, float]]:
        for question in request.questions:
            item = question.item
            for slug in question.slugs:
                if self._belongs(item.id, slug):
                    yield item, slug, SURE
                elif self._doubted(item.id, slug):
                    yield item, slug, DOUBTFUL
                elif slug in question.standing:
                    yield item, slug, NOT_ANY_MORE


def _words(overview: str) -> str:
    return " ".join(overview.split(" ", REASON_WORDS)[:REASON_WORDS])
