"""Asking in batches: at half price, handed in once, never bought twice."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, replace
from decimal import Decimal
from secrets import token_hex
from typing import TYPE_CHECKING, Final

from kometa_ai.asking import NEXT_RUN
from kometa_ai.booking import REFUSED
from kometa_ai.domain import cost
from kometa_ai.domain.fault import Fault, FaultKind, KometaAIError, SkipError, StopError
from kometa_ai.domain.inquiry import remember
from kometa_ai.ports import (
    Failed,
    Failure,
    NewBatch,
    NoBatchesError,
    UnansweredError,
)
from kometa_ai.purchasing import TooDearError
from kometa_ai.vigil import FIRST_PAUSE, LOOKS, OUT_OF_REACH, Vigil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kometa_ai.booking import Booking, Taken
    from kometa_ai.domain.cost import Budget
    from kometa_ai.domain.decision import Decision
    from kometa_ai.domain.inquiry import RememberedInquiry
    from kometa_ai.domain.requests import Request
    from kometa_ai.house import House
    from kometa_ai.ports import OpenBatch
    from kometa_ai.seat import Seat

MOST_REQUESTS: Final = 1_000
MOST_BYTES: Final = 24_000_000
"""A batch may hold 100,000 requests and 256 MB, but it has to be in memory to be sent."""
ROUNDS: Final = 3
"""What a budget leaves after a batch buys a smaller one, this often in all."""
MOST_LIVE: Final = 25
"""So many requests that failed, or were not answered whole, are asked again live, at the full
price; the rest waits."""
STILL: Final = "It is paid for once: the next run takes it up where this one left it."

NOT_CREATED: Final = Fault(
    FaultKind.CLAUDE, "Claude", "The batch was not created; nothing was paid for it.", NEXT_RUN
)


@dataclass(frozen=True, slots=True)
class _Chosen:
    request: Request
    most: Decimal


class Batching:
    """Hands requests in as batches, one after the other, and waits for each."""

    def __init__(self, house: House, run_id: str, seat: Seat) -> None:
        self._house = house
        self._judge = seat.judge
        self._batches = seat.judge.batches
        self._run_id = run_id
        self._purchasing = seat.purchasing
        self._tally = seat.tally
        self._vigil = Vigil(house, seat)
        self._lacking: Budget | None = None
        self._ended = False

    async def ask(
        self,
        requests: Iterable[Request],
        booking: Booking,
        earlier: Callable[[str, int], Decision | None],
    ) -> list[tuple[Request, Taken | None]]:
        """Ask in batches; return what is to be asked one by one, with what came of it, if anything.

        Raises what the store raises, and NoBatchesError before anything is asked.
        """
        lacking: list[tuple[Request, Taken | None]] = []
        queue, rounds = deque(requests), 0
        while queue and rounds < ROUNDS and not (self._tally.stopped or self._ended):
            # In a thread: to measure a thousand requests takes a second, and a stop must not wait.
            chosen = await asyncio.to_thread(self._choose, queue)
            if not chosen:
                break
            rounds += self._lacking is not None
            lacking += await self._ask_one(chosen, booking, earlier)
        return lacking

    def end(self) -> None:
        """Say what kept the rest from being asked, when all that can be asked was."""
        if self._lacking is not None:
            self._tally.exhausted = self._tally.exhausted or self._lacking.name
        if self._lacking is not None or self._ended:
            self._tally.stopped = True

    def _choose(self, queue: deque[Request]) -> list[_Chosen]:
        """Take requests for one batch, as far as the budgets cover them; set their cost aside."""
        chosen: list[_Chosen] = []
        size, self._lacking = 0, None
        while queue and len(chosen) < MOST_REQUESTS and size < MOST_BYTES:
            request = queue.popleft()
            shape = self._judge.shape(request)
            most = cost.at_most(shape, self._judge.model, batch=True)
            try:
                self._purchasing.set_aside(most)
            except TooDearError as error:
                if len(request.questions) == 1:
                    queue.appendleft(request)
                    self._lacking = error.budget
                    break
                queue.extendleft(reversed(request.halves()))
            else:
                chosen.append(_Chosen(request, most))
                size += shape.instructions + shape.message
        return chosen

    async def _ask_one(
        self,
        chosen: Sequence[_Chosen],
        booking: Booking,
        earlier: Callable[[str, int], Decision | None],
    ) -> list[tuple[Request, Taken | None]]:
        requests = {number: one.request for number, one in enumerate(chosen)}
        most = {number: one.most for number, one in enumerate(chosen)}
        try:
            newest = await self._batches.newest()
        except NoBatchesError:
            self._purchasing.free(sum(most.values(), Decimal(0)))
            raise
        except KometaAIError as error:
            self._purchasing.free(sum(most.values(), Decimal(0)))
            self._tally.stop(_with(error.fault, NEXT_RUN))
            return []
        library, now = self._house.library.name, self._house.clock.now()
        name = self._judge.model.name

        def inquiry(number: int) -> RememberedInquiry:
            return remember(requests[number], earlier)

        new = NewBatch(f"kai-{token_hex(6)}", library, name, now, newest, most, inquiry)
        # Kept before it is handed in: a batch that nobody knows of would be paid for in vain.
        batch = await self._house.store.open_batch(self._run_id, new)
        handed_in = await self._hand_in(batch, requests)
        if handed_in is None:
            return []
        try:
            came = await self._vigil.finish(handed_in, requests, booking)
        except (UnansweredError, SkipError, StopError) as error:
            if error.fault.kind is FaultKind.STATE:
                raise
            self._tally.stop(still_waiting(handed_in, error.fault))
            return []
        if came is None:
            self._tally.stop(NOT_CREATED)
            return []
        return self._lacks(requests, came, handed_in)

    async def _hand_in(self, batch: OpenBatch, requests: dict[int, Request]) -> OpenBatch | None:
        """Have a batch created; ``None``: it was not, or nobody knows, and it has been told."""
        named = {batch.name_of(number): request for number, request in requests.items()}
        last = KometaAIError(FaultKind.CLAUDE, "It was not asked.")
        for number in range(LOOKS):
            try:
                name = await self._batches.create(named)
            except UnansweredError as error:
                wait, last = error.retry_after or 0.0, error
                if wait > OUT_OF_REACH:  # so long is not waited, and it was told that it is not
                    break
                await self._house.clock.sleep(max(FIRST_PAUSE * 2**number, wait))
            except (SkipError, StopError) as error:
                last = error
                break
            else:
                await self._house.store.name_batch(batch.number, name, sure=True)
                return replace(batch, id=name, sure=True)
            try:
                found = await self._vigil.find(batch)
            except (UnansweredError, SkipError, StopError) as error:
                if error.fault.kind is FaultKind.STATE:
                    raise
                # It may have been created, so it must not be created again: the next run looks.
                self._tally.stop(_with(error.fault, STILL))
                return None
            if found is not None:
                return found
        await self._vigil.drop(batch)
        self._tally.stop(_with(last.fault, NEXT_RUN))
        return None

    def _lacks(
        self, requests: dict[int, Request], came: dict[int, Taken | Failed], batch: OpenBatch
    ) -> list[tuple[Request, Taken | None]]:
        """Return what is to be asked one by one; tell of what is left to the next run."""
        counted = Counter(one.failure for one in came.values() if isinstance(one, Failed))
        invalid = [
            one.said
            for one in came.values()
            if isinstance(one, Failed) and one.failure is Failure.INVALID
        ]
        for failure in (Failure.CANCELED, Failure.EXPIRED):
            if counted[failure]:
                self._ended = True
                self._tally.blame(_unanswered(batch, failure, counted[failure]))
        if counted[Failure.CANCELED]:  # somebody wants this to end
            self._tally.stopped = True
        if len(invalid) > 1 and len(invalid) == len(requests):
            # What is wrong with all of them is no title: each of them would be paid in full.
            self._tally.stop(_all_refused(invalid[0], self._judge.setting))
        lacking: list[tuple[Request, Taken | None]] = []
        refused: list[tuple[Request, Taken | None]] = []  # to be told, and not asked again
        for number, one in came.items():
            if not isinstance(one, Failed):
                if one.lacks:
                    alone = one.why == REFUSED and len(requests[number].questions) == 1
                    (refused if alone else lacking).append((requests[number], one))
            elif one.failure in {Failure.INVALID, Failure.BROKEN}:
                lacking.append((requests[number], None))
        if len(lacking) > MOST_LIVE:
            self._ended = True
            self._tally.blame(_too_many(batch, len(lacking) - MOST_LIVE))
        return [*lacking[:MOST_LIVE], *refused]


def still_waiting(batch: OpenBatch, fault: Fault) -> Fault:
    """Return that a run ends before its batch does."""
    name = batch.id or "of which the name is not known"
    return Fault(
        FaultKind.CLAUDE,
        "Claude",
        f"Still waiting for batch {name} ({batch.total:,} requests): {fault.message}",
        f"{fault.remedy} {STILL}".strip(),
    )


def _with(fault: Fault, remedy: str) -> Fault:
    return replace(fault, remedy=f"{fault.remedy} {remedy}".strip())


def _unanswered(batch: OpenBatch, failure: Failure, count: int) -> Fault:
    why = "were canceled" if failure is Failure.CANCELED else "did not get their turn within a day"
    return Fault(
        FaultKind.CLAUDE,
        "Claude",
        f"{count:,} of the {batch.total:,} requests of batch {batch.id} {why}; they cost nothing.",
        NEXT_RUN,
    )


def _too_many(batch: OpenBatch, count: int) -> Fault:
    return Fault(
        FaultKind.CLAUDE,
        "Claude",
        f"{count:,} of the {batch.total:,} requests of batch {batch.id} failed, or lack a part of"
        " their answer, and are too many to be asked again live.",
        NEXT_RUN,
    )


def _all_refused(said: str, setting: str) -> Fault:
    return Fault(
        FaultKind.CLAUDE,
        "Claude",
        f"Claude refused every request of a batch as it is: {said}",
        f"See whether {setting} and CLAUDE_EFFORT go together, or set CLAUDE_MODE to live.",
    )
