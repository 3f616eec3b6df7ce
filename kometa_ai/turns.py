"""The requests of one asking as they go out: cut to the cheap tier, marked for the cache, in turn.

An estimate prepares them in the same way, so that it prices what a run then sends.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Final

from kometa_ai.domain import cost

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kometa_ai.domain.requests import Request
    from kometa_ai.ports import Judge


SAFE: Final = 0.95
"""Tokens are only estimated, and one too many makes every one of them dearer."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One request in the queue: it sets ``warms`` when done, and waits for ``needs`` before."""

    request: Request
    warms: asyncio.Event | None = None
    needs: asyncio.Event | None = None


def prepare(groups: Sequence[Sequence[Request]], judge: Judge) -> list[tuple[Request, ...]]:
    """Bring the requests of each group, which share their beginning, into the form to be sent."""
    return [
        mark([part for request in requests for part in _in_cheap_tier(request, judge)], judge)
        for requests in groups
    ]


def mark(requests: Sequence[Request], judge: Judge) -> tuple[Request, ...]:
    """Mark the beginning that these requests share for the prompt cache, if that pays.

    To write it costs more than to send it, so the beginning of a single request is not marked.
    """
    if len(requests) == 1 or _too_short(requests[0], judge):
        return tuple(requests)
    return tuple(replace(request, cached=True) for request in requests)


def in_order(groups: Sequence[Sequence[Request]]) -> deque[Turn]:
    """Put the first request of every group before the rest: it writes the group's cache.

    The others follow from each group by turns, so that no cache grows cold meanwhile, and that
    the urgent ones of every group come before the rest of any.
    """
    firsts: list[Turn] = []
    others: list[list[Turn]] = []
    for requests in groups:
        warm = asyncio.Event() if requests[0].cached else None
        firsts.append(Turn(requests[0], warms=warm))
        others.append([Turn(request, needs=warm) for request in requests[1:]])
    rounds = chain.from_iterable(zip_longest(*others))
    return deque([*firsts, *(turn for turn in rounds if turn is not None)])


def _too_short(request: Request, judge: Judge) -> bool:
    """Return whether the beginning is known to be shorter than what the model caches."""
    # Of a model without a price the minimum is a guess, and a mark in vain costs nothing.
    return judge.model.known and cost.beginning(judge.shape(request)) < judge.model.cache_minimum


def _in_cheap_tier(request: Request, judge: Judge) -> Iterator[Request]:
    """Halve a prompt that is so long that every token of it would cost more.

    Where the criteria alone are too long, halves would only be more requests with them.
    """
    shape, limit = judge.shape(request), SAFE * (judge.model.above_tokens or math.inf)
    if (
        cost.beginning(shape) > limit
        or cost.prompt_tokens(shape) <= limit
        or len(request.questions) == 1
    ):
        yield request
        return
    for half in request.halves():
        yield from _in_cheap_tier(half, judge)
