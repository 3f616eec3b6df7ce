"""What Claude is asked in a run, in which way, and what of an earlier run is still on its way.

Where there is a reviewer, what the first judge leaves near the threshold is asked of that one.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from kometa_ai import deciding
from kometa_ai.asking import Asking
from kometa_ai.batching import Batching, still_waiting
from kometa_ai.booking import Booking
from kometa_ai.domain.fault import FaultKind, KometaAIError, SkipError, StopError
from kometa_ai.domain.report import Phase, Progress
from kometa_ai.ports import BatchGoneError, Failed, NoBatchesError, UnansweredError
from kometa_ai.settings import ClaudeMode
from kometa_ai.tally import Tally
from kometa_ai.turns import in_order, prepare
from kometa_ai.vigil import Vigil

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Mapping, Sequence

    from kometa_ai.chronicle import Chronicle
    from kometa_ai.deciding import Case
    from kometa_ai.domain.decision import Decision
    from kometa_ai.domain.inquiry import RememberedInquiry
    from kometa_ai.domain.pending import Pending
    from kometa_ai.domain.verdict import Titles
    from kometa_ai.house import House
    from kometa_ai.ports import OpenBatch
    from kometa_ai.seat import Seat
    from kometa_ai.turns import Turn

CALLING_OFF: Final = 3.0
"""Seconds that Anthropic has to hear that a batch is called off; the next run repeats it."""


@dataclass(slots=True)
class Judging:
    """Asks for one run. ``under_way`` are pairs that a batch asks, by slug and criteria."""

    house: House
    chronicle: Chronicle
    first: Seat
    reviewer: Seat | None = None
    under_way: dict[tuple[str, str], dict[int, int]] = field(default_factory=dict)
    capped: bool = False
    """Whether a cap on pairs left anything for another run."""

    async def take_up(self) -> None:
        """Take what an earlier run asked in a batch, before anything is asked again.

        A run that nobody waits for waits for the batch. Any other looks once, and leaves to the
        batch what it asks.
        """
        batches = await self.house.store.open_batches()
        if not batches:
            return
        self.chronicle.phase(Phase.WAITING)
        for batch in batches:
            seat = self._seat_of(batch)
            try:
                await self._take_up(batch, seat)
            except (UnansweredError, StopError, SkipError) as error:
                if error.fault.kind is FaultKind.STATE:
                    raise
                seat.tally.stop(still_waiting(batch, error.fault))
        for seat in self.seats:
            self.chronicle.add_faults(seat.faults(0))

    @property
    def seats(self) -> tuple[Seat, ...]:
        """Return all that are asked."""
        return (self.first,) if self.reviewer is None else (self.first, self.reviewer)

    async def ask(
        self, cases: Sequence[Case], titles: Titles, left: int | None
    ) -> tuple[list[Case], int]:
        """Ask about what is not decided, up to ``left`` pairs; return how many were chosen.

        The reviewer comes last, so that no budget is spent on second opinions before first ones.
        """
        if self.reviewer is None:
            return await self._ask(self.first, cases, titles, left)
        judged, chosen = await self._ask(self.first, [one.fresh for one in cases], titles, left)
        doubtful, reviewed = [one.doubtful for one in judged], 0
        if not self.first.tally.stopped:
            left = None if left is None else left - chosen
            doubtful, reviewed = await self._ask(self.reviewer, doubtful, titles, left)
        both = zip(judged, doubtful, strict=True)
        return [case.joined(other) for case, other in both], chosen + reviewed

    async def _ask(
        self, seat: Seat, cases: Sequence[Case], titles: Titles, left: int | None
    ) -> tuple[list[Case], int]:
        """Ask one model about what is pending."""
        house, request = self.house, self.chronicle.request
        selection, groups = deciding.plan(
            [replace(one, pending=self._open(one.pending, titles)) for one in cases],
            titles,
            house.policy,
            max_pairs=left,
            items_per_request=request.items_per_request,
            few=seat.reviews,
        )
        self.capped = self.capped or bool(selection.deferred)
        if not groups:
            return list(cases), 0
        by_slug = {case.collection.slug: case for case in cases}

        def earlier(slug: str, item_id: int) -> Decision | None:
            return by_slug[slug].earlier(item_id, self.chronicle.started)

        done = sum(one.tally.done for one in self.seats)
        booking = self._booking(seat, house.library.name, earlier, (done, done + selection.count))
        asking = Asking(
            seat.purchasing,
            seat.judge,
            booking,
            concurrency=house.policy.concurrency,
            tally=seat.tally,
        )
        told = len(seat.tally.faults)
        queue = in_order(prepare(groups, seat.judge))
        if house.policy.in_batch(request.trigger, len(queue)):
            await self._ask_in_batches(seat, queue, asking, booking, earlier)
        else:
            self.chronicle.phase(seat.phase)
            await asking.ask(queue)
        self.chronicle.add_faults(seat.faults(told))
        return [case.learned(seat.tally) for case in cases], selection.count

    async def _ask_in_batches(
        self,
        seat: Seat,
        queue: deque[Turn],
        asking: Asking,
        booking: Booking,
        earlier: Callable[[str, int], Decision | None],
    ) -> None:
        batching = Batching(self.house, self.chronicle.run_id, seat)
        if not seat.tally.stopped:
            self.chronicle.phase(Phase.WAITING)
        try:
            lacking = await batching.ask([turn.request for turn in queue], booking, earlier)
        except NoBatchesError as error:
            if self.house.policy.mode is ClaudeMode.BATCH:
                seat.tally.stop(error.fault)
                return
            self.chronicle.notice(f"{error.fault.message} So it is asked live.")
            self.chronicle.phase(seat.phase)
            await asking.ask(queue)
            return
        self.chronicle.phase(seat.phase)
        await asking.mend(lacking)
        batching.end()

    async def _take_up(self, batch: OpenBatch, seat: Seat) -> None:
        """Take one batch, if it is done; its pairs are judged then when the run looks at them."""
        house, tally = self.house, seat.tally
        inquiries = await house.store.inquiries(batch.number)
        seat = replace(seat, tally=Tally())
        apart, total = seat.tally, sum(one.pairs for one in inquiries.values())
        booking = self._booking(seat, batch.library, _earlier(inquiries), (0, total))
        vigil = Vigil(house, seat)
        try:
            if house.policy.patient(self.chronicle.request.trigger):
                came = await vigil.finish(batch, inquiries, booking)
            else:
                known = batch if batch.id else await vigil.found_again(batch)
                if known is not None and not await _has_ended(vigil, known):
                    self._leave(batch, inquiries)
                    return
                came = await vigil.finish(known, inquiries, booking) if known else None
                if known is None:
                    await vigil.drop(batch)
        finally:
            tally.pay(apart.costs)
            tally.done += apart.done
            tally.foreign += apart.foreign
            tally.unusable += apart.unusable
            for fault in apart.faults:
                tally.blame(fault)
        self._tell(came)

    def _leave(self, batch: OpenBatch, inquiries: Mapping[int, RememberedInquiry]) -> None:
        for inquiry in inquiries.values():
            criteria = {one.slug: one.criteria for one in inquiry.collections}
            for question in inquiry.questions:
                for slug in question.slugs:
                    pairs = self.under_way.setdefault((slug, criteria[slug]), {})
                    pairs[question.item.id] = question.item.fingerprint
        self.chronicle.notice(
            f"A batch of {batch.total:,} requests is on its way, from an earlier run; what it asks"
            " is left to it, and taken by the first run after its end."
        )

    def _open(self, pending: Pending, titles: Titles) -> Pending:
        """Return what is pending without what a batch asks in just the same way."""
        asked = self.under_way.get((pending.collection.slug, pending.collection.criteria))
        if not asked:
            return pending
        marks = titles.fingerprints
        by_why = {
            why: tuple(one for one in ids if one not in asked or asked[one] != marks[one])
            for why, ids in pending.by_why.items()
        }
        return replace(pending, by_why=by_why)

    def _tell(self, came: Mapping[int, object] | None) -> None:
        if came is None:
            self.chronicle.notice(
                "An earlier run was ended before its batch was handed in; nothing was paid for it."
            )
            return
        counts = Counter(isinstance(one, Failed) for one in came.values())
        told = f"{counts[False]:,} answers of a batch of an earlier run are taken"
        if counts[True]:
            told += f"; {counts[True]:,} of its requests were not answered, which costs nothing"
        self.chronicle.notice(f"{told}.")

    def _seat_of(self, batch: OpenBatch) -> Seat:
        """Return whose a batch is: both models' are priced by their names, but told apart."""
        if self.reviewer is not None and batch.model == self.reviewer.judge.model.name:
            return self.reviewer
        return self.first

    def _booking(
        self,
        seat: Seat,
        library: str,
        earlier: Callable[[str, int], Decision | None],
        counted: tuple[int, int],
    ) -> Booking:
        """``counted`` is how many pairs were judged before this asking, and will be after it."""
        begun, (before, total) = seat.tally.done, counted

        def tell(names: str) -> None:
            spent = sum((one.purchasing.receipts.cost for one in self.seats), Decimal(0))
            done = before + seat.tally.done - begun
            self.house.tell(Progress(names, done, total, spent))

        return Booking(
            seat.purchasing,
            self.house.clock,
            library=library,
            earlier=earlier,
            tell=tell,
            tally=seat.tally,
            reviewed=self.reviewer is not None and not seat.reviews,
        )


async def call_off(house: House) -> None:
    """Have Anthropic end what is on its way: a person does not want it any more.

    What is answered by then is paid for, and taken by the next run.
    """
    for batch in await house.store.open_batches():
        await house.store.note_called_off(batch.number)
        if not (batch.id and batch.sure):
            continue
        try:
            async with asyncio.timeout(CALLING_OFF):
                await house.judge.batches.call_off(batch.id)
        except (KometaAIError, TimeoutError):
            continue


async def _has_ended(vigil: Vigil, batch: OpenBatch) -> bool:
    try:
        return (await vigil.look(batch)).ended
    except BatchGoneError:
        return True


def _earlier(
    inquiries: Mapping[int, RememberedInquiry],
) -> Callable[[str, int], Decision | None]:
    known = {
        (slug, question.item.id): decision
        for inquiry in inquiries.values()
        for question in inquiry.questions
        for slug, decision in question.earlier.items()
    }
    return lambda slug, item_id: known.get((slug, item_id))
