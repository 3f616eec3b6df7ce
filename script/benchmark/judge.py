"""A judge without a Claude: it answers at once, and names what it is told to name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from kometa_ai.adapters.claude.prices import load_prices
from kometa_ai.domain.cost import Shape, Usage
from kometa_ai.ports import Answer, Ending

if TYPE_CHECKING:
    from collections.abc import Callable

    from kometa_ai.domain.requests import Request
    from kometa_ai.ports import Batches

MODEL = "claude-haiku-5-5"


class FastJudge:
    """Fulfils ``ports.Judge``; ``belongs`` says whether a film's id and a collection's slug fit."""

    def __init__(self, belongs: Callable[[int, str], bool]) -> None:
        self.model = load_prices().model(MODEL)
        self.setting = "CLAUDE_MODEL"
        self.notices = ()
        self.batches = cast("Batches", None)  # whatever asks in batches is measured otherwise
        self._belongs = belongs

    def shape(self, request: Request) -> Shape:
        """Return a size at which everything is worth caching and nothing is dear."""
        return Shape(4_000, 100 * len(request.questions), 1_000)

    async def ask(self, request: Request) -> Answer:
        """Name what belongs, and count every film as judged."""
        letters = {one.slug: chr(ord("A") + at) for at, one in enumerate(request.collections)}
        named = [
            {"id": question.item.id, "c": letters[slug], "p": 0.95, "why": "It is what was wished."}
            for question in request.questions
            for slug in question.slugs
            if self._belongs(question.item.id, slug)
        ]
        judged = [question.item.id for question in request.questions]
        text = json.dumps({"named": named, "judged": judged})
        return Answer(text, Ending.COMPLETE, Usage(1_000, 100), MODEL)
