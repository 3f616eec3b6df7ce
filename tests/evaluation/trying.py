"""Evaluations in a small world: real engine, real adapters, a simulated Radarr and Claude."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from kometa_ai.adapters.claude import Claude
from kometa_ai.domain.evaluation.truth import read_truth
from kometa_ai.evaluating import Evaluating
from kometa_ai.examining import Wanted, prepare
from tests.world import KEY, Judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kometa_ai.domain.evaluation.result import Evaluation
    from tests.world import World

HAIKU, SONNET = "claude-haiku-5-5", "claude-sonnet-5-5"


def listed(ids: Iterable[int]) -> str:
    """Return a list of films of ``tests.world.movie``, by their TMDB ids."""
    return "tmdb\n" + "\n".join(str(1000 + number) for number in ids)


async def evaluate(
    world: World, truth: str, *, models: tuple[str, ...] = (HAIKU,), **wanted: Any
) -> Evaluation:
    """Evaluate the collection Noir, or another one."""
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(world.house())
        judges = [
            await stack.enter_async_context(
                Claude(KEY, name, clock=world.clock, base_url=world.claude.url)
            )
            for name in models
        ]
        told = Wanted(
            wanted.pop("collection", "Noir"), read_truth(truth.encode()), "truth.csv", **wanted
        )
        plan = await prepare(told, house, judges)
        assert not world.claude.requests or wanted.get("again"), "a plan costs nothing"
        return await Evaluating(plan, house).follow()


class Held:
    """Holds an answer back until it is opened, and tells when somebody waits for one."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def wait(self) -> None:
        self.reached.set()
        await self.opened.wait()


class Fickle:
    """A judge of one collection whose second word on some titles is another one."""

    def __init__(self, first: Mapping[int, float], second: Mapping[int, float]) -> None:
        self._chances = (dict(first), {**first, **second})
        self._asked: dict[int, int] = {}

    def __call__(self, system: str, message: str) -> object:
        named: list[object] = []
        judged: list[object] = []
        for line in message.splitlines():
            item_id = int(line[1:].split(" ", 1)[0])
            turn = self._asked.get(item_id, 0)
            self._asked[item_id] = turn + 1
            answer = Judge({"Noir": self._chances[min(turn, 1)]})(system, line)
            assert isinstance(answer, dict)
            named += answer["named"]
            judged += answer["judged"]
        return {"named": named, "judged": judged}
