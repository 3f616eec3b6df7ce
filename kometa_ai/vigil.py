"""Waiting for a batch: found again if need be, looked at politely, its results taken one by one."""

from __future__ import annotations

from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from kometa_ai.domain import cost
from kometa_ai.domain.cost import Usage
from kometa_ai.domain.fault import Fault, FaultKind, SkipError
from kometa_ai.domain.report import Waiting
from kometa_ai.ports import Answer, BatchGoneError, Ending, Failed, Place, UnansweredError
from kometa_ai.purchasing import Paid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kometa_ai.booking import Booking, Taken
    from kometa_ai.domain.inquiry import Inquiry
    from kometa_ai.house import House
    from kometa_ai.ports import BatchState, OpenBatch
    from kometa_ai.seat import Seat

FIRST_PAUSE: Final = 30.0
LONGEST_PAUSE: Final = 300.0
GROWTH: Final = 1.5
OUT_OF_REACH: Final = 3600.0
"""Seconds for which a run goes on asking about a batch when nobody answers, or asks to wait."""
A_DAY: Final = 25 * 3600.0
"""A batch ends within 24 hours; no run waits longer for one."""
LOOKS: Final = 3
"""So often it is looked whether a batch was created, before it counts as one that was not."""
SETTLED: Final = 600.0
"""Seconds after which the account's list has every batch that was created."""
READINGS: Final = 3
"""So often results are read from their beginning until the answers of all requests are there."""


class _ForeignError(Exception):
    """A batch that looked like ours is somebody else's."""


@dataclass(slots=True)
class _Reading:
    """What is to be taken of a batch, and what has come of it so far."""

    batch: OpenBatch
    inquiries: Mapping[int, Inquiry]
    booking: Booking
    left: set[int]
    came: dict[int, Taken | Failed] = field(default_factory=dict)


class Vigil:
    """Waits for one batch at a time, of the model that it is for."""

    def __init__(self, house: House, seat: Seat) -> None:
        self._house = house
        self._batches = seat.judge.batches
        self._purchasing = seat.purchasing
        self._tally = seat.tally

    async def finish(
        self, batch: OpenBatch, inquiries: Mapping[int, Inquiry], booking: Booking
    ) -> dict[int, Taken | Failed] | None:
        """Wait for the end of a batch and take what it brought; ``None``: it never began.

        Raises UnansweredError when patience is at its end, StopError when nobody can be asked: the
        batch is kept then.
        """
        while True:
            known = batch if batch.id else await self.found_again(batch)
            if known is None:
                await self.drop(batch)
                return None
            try:
                await self._call_off_again(known)
                state = await self._until_ended(known)
                return await self.take(known, state, inquiries, booking)
            except _ForeignError:
                batch = replace(known, id="")
                await self._house.store.name_batch(batch.number, "", sure=False)
            except BatchGoneError:
                return await self.take(known, None, inquiries, booking)

    async def drop(self, batch: OpenBatch) -> None:
        """Forget a batch that was never created."""
        await self._house.store.close_batch(batch.number)
        self._purchasing.free(batch.cost)

    async def find(self, batch: OpenBatch) -> OpenBatch | None:
        """Look for a batch among the account's: the API tells its requests only at its end."""
        for state in await self._batches.since(batch.newest):
            if state.total != batch.total:
                continue
            if not state.ended or await self._is_ours(batch, state.id):
                await self._house.store.name_batch(batch.number, state.id, sure=False)
                return replace(batch, id=state.id)
        return None

    async def take(
        self,
        batch: OpenBatch,
        state: BatchState | None,
        inquiries: Mapping[int, Inquiry],
        booking: Booking,
    ) -> dict[int, Taken | Failed]:
        """Take all that a batch brought, and close it; without a state it is gone."""
        reading = _Reading(batch, inquiries, booking, set(batch.most))
        answered = len(reading.left)
        if state is not None:
            answered = state.answered - (batch.total - len(batch.most))
            with suppress(BatchGoneError):
                await self._read_all(reading, state)
        await self._lose(reading, answered - self._taken(reading))
        await self._house.store.close_batch(batch.number)
        for number, came in reading.came.items():
            if isinstance(came, Failed):
                self._purchasing.free(batch.most[number])
        return reading.came

    async def found_again(self, batch: OpenBatch) -> OpenBatch | None:
        """Look whether a batch was created whose creation nobody confirmed."""
        clock = self._house.clock
        young = abs((clock.now() - batch.at).total_seconds()) < SETTLED
        for look in range(LOOKS if young else 1):
            if look:
                await clock.sleep(FIRST_PAUSE * 2**look)
            if found := await self.find(batch):
                return found
        return None

    async def _is_ours(self, batch: OpenBatch, name: str) -> bool:
        with suppress(BatchGoneError):
            async with aclosing(self._batches.results(name)) as results:
                async for request, _ in results:
                    return batch.number_of(request) is not None
        return False

    async def _call_off_again(self, batch: OpenBatch) -> None:
        """A person did not want it, and it may be that Anthropic did not hear that."""
        if batch.called_off and batch.sure:
            with suppress(SkipError, UnansweredError):  # it has ended, or it will
                await self._batches.call_off(batch.id)

    async def _until_ended(self, batch: OpenBatch) -> BatchState:
        clock, pause = self._house.clock, FIRST_PAUSE
        begun = answered = clock.monotonic()
        while True:
            told = 0.0
            try:
                state = await self.look(batch)
            except UnansweredError as error:
                told = error.retry_after or 0.0
                if clock.monotonic() - answered + told > OUT_OF_REACH:
                    raise
            else:
                answered = clock.monotonic()
                if state.ended:
                    return state
                if answered - begun > A_DAY:
                    raise UnansweredError("The batch does not end.")
            await clock.sleep(max(pause, told))
            pause = min(pause * GROWTH, LONGEST_PAUSE)

    async def look(self, batch: OpenBatch) -> BatchState:
        """Return how far a batch is, and tell it."""
        state = await self._batches.look(batch.id)
        self._house.tell(Waiting(state.id, state.done, state.total))
        return state

    async def _read_all(self, reading: _Reading, state: BatchState) -> None:
        """Read the results until each request has one; a stream may end early, well or not."""
        if not state.readable:
            return
        for number in range(READINGS):
            wait = FIRST_PAUSE
            try:
                await self._read(reading)
            except UnansweredError as error:
                wait = max(wait, error.retry_after or 0.0)
                if number == READINGS - 1 or wait > OUT_OF_REACH:
                    raise
            if not reading.left:
                return
            await self._house.clock.sleep(wait)

    async def _read(self, reading: _Reading) -> None:
        batch = reading.batch
        async with aclosing(self._batches.results(batch.id)) as results:
            async for name, outcome in results:
                number = batch.number_of(name)
                if number is None and not batch.sure:
                    raise _ForeignError
                if number is None or number not in reading.left:
                    continue  # taken in an earlier reading, maybe by an earlier run
                if isinstance(outcome, Answer):
                    await self._keep(reading, number, outcome)
                else:
                    reading.came[number] = outcome
                reading.left.discard(number)

    async def _keep(self, reading: _Reading, number: int, answer: Answer) -> None:
        batch, most = reading.batch, reading.batch.most[number]
        metered = answer.usage != Usage()
        spent = cost.price(answer.usage, self._batches.model(batch.model), batch=True)
        paid = Paid(
            reading.inquiries[number],
            answer,
            spent if metered else most,
            place=Place(batch.number, number),
            unconfirmed=not metered,
        )
        # Counted first: whoever is told of the answer is told what it cost too.
        self._purchasing.settle(most, paid)
        reading.came[number] = await reading.booking.take(paid)

    def _taken(self, reading: _Reading) -> int:
        return sum(not isinstance(came, Failed) for came in reading.came.values())

    async def _lose(self, reading: _Reading, answered: int) -> None:
        """Book what can't be had any more: of so many answers that were given, the dearest."""
        batch = reading.batch
        lost = sorted(reading.left, key=lambda number: -batch.most[number])
        booked, dollars = lost[: max(answered, 0)], cost.NOTHING
        for number in booked:
            answer = Answer("", Ending.CUT_OFF, Usage(), batch.model)
            place, most = Place(batch.number, number), batch.most[number]
            paid = Paid(reading.inquiries[number], answer, most, place=place, unconfirmed=True)
            self._purchasing.settle(most, paid)
            self._tally.pay(await self._purchasing.store(paid, batch.library))
            dollars += most
        for number in lost[len(booked) :]:
            self._purchasing.free(batch.most[number])
        if booked:
            self._tally.blame(_lost(batch, len(booked), f"{dollars:.4f}"))


def _lost(batch: OpenBatch, count: int, dollars: str) -> Fault:
    return Fault(
        FaultKind.CLAUDE,
        "Claude",
        f"{count:,} answers of batch {batch.id or '(unnamed)'} can't be had any more; ${dollars} is"
        " booked for them, the most that they can have cost.",
        "Anthropic keeps results for 29 days, and shows them to keys of the same workspace only."
        " What they were about is asked again.",
    )
