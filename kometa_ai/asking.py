"""Asking Claude: several requests at once, each answer read strictly and stored before the next."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.fault import Fault, FaultKind, SkipError, StopError, first_of
from kometa_ai.ports import UnansweredError
from kometa_ai.purchasing import TooDearError
from kometa_ai.turns import mark

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from kometa_ai.booking import Booking, Taken
    from kometa_ai.domain.prompt import Reading
    from kometa_ai.domain.requests import Request
    from kometa_ai.ports import Judge
    from kometa_ai.purchasing import Purchasing
    from kometa_ai.tally import Tally
    from kometa_ai.turns import Turn

GIVE_UPS: Final = 2
"""So many requests in a row that nobody answered end the asking."""
IN_VAIN: Final = 10
"""So many answers in a row of which nothing could be used end it too: each of them is paid for."""
TRIES: Final = 3
"""So many answers that can't be used keep a large batch from being handed in."""
THOUGHT_TOO_LONG: Final = Fault(
    FaultKind.CLAUDE,
    "Claude",
    "It thought until its answer was cut off, before the first word of it; asking for less would"
    " not help.",
    "Lower CLAUDE_EFFORT, or unset it.",
)
TRIED_IN_VAIN: Final = Fault(
    FaultKind.CLAUDE,
    "Claude",
    f"{TRIES} questions were tried out, and no answer could be used as it came, so the rest is not"
    " handed in as a batch: each answer of it would be paid for.",
    "Try another CLAUDE_MODEL, or CLAUDE_MODE live.",
)
LATER: Final = "What is not judged yet keeps the tags that it has; the next run asks about it."
KEPT: Final = "It keeps the tags that it has; pin it by hand if that is wrong (--pin)."
UNUSABLE: Final = "Claude gave no usable verdict, twice."
KEPT_FOR_NOW: Final = "They keep the tags that they have and are asked about again in the next run."
NEXT_RUN: Final = "What it was about keeps the tags that it has; the next run asks about it."
ADVICE_OF_A_RUN: Final = (LATER, KEPT, KEPT_FOR_NOW, NEXT_RUN)
"""What is said of tags: an evaluation, which has none to write, leaves it out."""


class Asking:
    """Turns requests into stored decisions."""

    def __init__(
        self,
        purchasing: Purchasing,
        judge: Judge,
        booking: Booking,
        *,
        concurrency: int,
        tally: Tally,
    ) -> None:
        self._purchasing = purchasing
        self._judge = judge
        self._booking = booking
        self._concurrency = concurrency
        self._unanswered_in_a_row = 0
        self._in_vain = 0
        self.tally = tally

    async def ask(self, queue: deque[Turn]) -> None:
        """Ask all requests, or as many as budgets and Claude allow.

        Raises what the store raises: answers that can't be kept must not be bought.
        """
        await self._at_once(lambda: self._work(queue), len(queue))

    async def try_out(self, queue: deque[Turn]) -> None:
        """Ask one of very many that are to be handed in together, or a few if that brings nothing.

        Asked one by one, what brings nothing ends soon; of a batch each answer is paid for.
        """
        for _ in range(TRIES):
            taken = await self._settle(queue.popleft().request)
            if taken is None or not taken.why or self.tally.stopped:
                return
        self.tally.stop(TRIED_IN_VAIN)

    async def mend(self, lacking: Iterable[tuple[Request, Taken | None]]) -> None:
        """Ask for what the answers of a batch lack; with ``None`` there was no answer."""
        queue = deque(lacking)
        await self._at_once(lambda: self._repair(queue), len(queue))

    async def _at_once(self, work: Callable[[], Coroutine[None, None, None]], parts: int) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                for number in range(min(self._concurrency, parts)):
                    tasks.create_task(work(), name=f"ask-{number}")
        except BaseExceptionGroup as errors:
            raise first_of(errors) from errors

    async def _repair(self, queue: deque[tuple[Request, Taken | None]]) -> None:
        while queue and not self.tally.stopped:
            request, taken = queue.popleft()
            if taken is None:
                await self._settle(request)
            else:
                await self._mend(request, taken, again=False)

    async def _work(self, queue: deque[Turn]) -> None:
        while queue and not self.tally.stopped:
            turn = queue.popleft()
            if turn.needs is not None:
                await turn.needs.wait()
            try:
                await self._settle(turn.request)
            finally:
                if turn.warms is not None:
                    turn.warms.set()

    async def _settle(self, request: Request, *, again: bool = False) -> Taken | None:
        """Bring a request to decisions, in halves where it can't be answered whole.

        Return what its own answer brought.
        """
        if self.tally.stopped or not request.questions:
            return None
        try:
            paid = await self._purchasing.buy(request)
        except TooDearError as error:
            await self._ask_less(request, error, again=again)
            return None
        except SkipError as error:
            self._unanswered_in_a_row = 0
            await self._halve(request, error.fault.message, error.fault.remedy, again=again)
            return None
        except UnansweredError as error:
            self._give_up(error)
            return None
        except StopError as error:
            if error.fault.kind is FaultKind.STATE:
                raise
            self.tally.stop(error.fault)
            return None
        self._unanswered_in_a_row = 0
        taken = await self._booking.take(paid)
        await self._mend(request, taken, again=again)
        return taken

    async def _ask_less(self, request: Request, error: TooDearError, *, again: bool) -> None:
        """Try the halves of what the budget does not cover; a single title ends the asking."""
        if len(request.questions) == 1:
            self.tally.stopped = True
            self.tally.exhausted = self.tally.exhausted or error.budget.name
            return
        for half in request.halves():
            await self._settle(half, again=again)

    def _give_up(self, error: UnansweredError) -> None:
        self._unanswered_in_a_row += 1
        remedy = error.fault.remedy or LATER
        if error.retry_after is not None and error.ends_asking:
            remedy = f"It asks to wait for {error.retry_after / 60:.0f} minutes. {remedy}"
        self.tally.blame(replace(error.fault, remedy=remedy))
        if self._unanswered_in_a_row >= GIVE_UPS or error.ends_asking:
            self.tally.stopped = True

    def _ask_in_vain(self) -> None:
        """Count what was asked, in the end, for nothing; never pay for that without an end."""
        self._in_vain += 1
        if self._in_vain == IN_VAIN:
            self.tally.stop(
                Fault(
                    FaultKind.CLAUDE,
                    "Claude",
                    f"{IN_VAIN} times in a row nothing of an answer could be used, so nothing more"
                    " is asked in this run.",
                    "See what the titles above have in common, or try another"
                    f" {self._judge.setting}.",
                )
            )

    async def _mend(self, request: Request, taken: Taken, *, again: bool) -> None:
        """Ask for what an answer lacks: in halves, or once more for those that it left out."""
        if taken.thought_too_long:
            self.tally.failed.update(slug for one in request.questions for slug in one.slugs)
            self.tally.stop(THOUGHT_TOO_LONG)
            return
        if taken.why:
            await self._halve(request, taken.why, again=again)
            return
        reading = taken.reading
        if taken.useful:
            self._in_vain = 0
        if not reading.missing:
            return
        if again:
            self._miss(request, reading)
        else:
            await self._settle(request.only(reading.missing), again=True)

    async def _halve(self, request: Request, why: str, remedy: str = "", *, again: bool) -> None:
        if len(request.questions) > 1:
            for half in mark(request.halves(), self._judge):
                await self._settle(half, again=again)
            return
        question = request.questions[0]
        self.tally.failed.update(question.slugs)
        self.tally.faults.append(
            Fault(
                FaultKind.CLAUDE,
                question.item.label,
                why,
                remedy or KEPT,
            )
        )
        self._ask_in_vain()

    def _miss(self, request: Request, reading: Reading) -> None:
        """Tell of pairs without a usable verdict, also when asked once more."""
        self.tally.failed.update(slug for slugs in reading.missing.values() for slug in slugs)
        titles = [q.item.label for q in request.questions if q.item.id in reading.missing]
        shown = ", ".join(titles[:3]) + (f" and {len(titles) - 3} more" if titles[3:] else "")
        self.tally.faults.append(
            Fault(
                FaultKind.CLAUDE,
                shown,
                UNUSABLE,
                KEPT_FOR_NOW,
            )
        )
        if not any(reading.opinions.values()):
            self._ask_in_vain()
