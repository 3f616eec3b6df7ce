"""What Claude is asked in a run, in which way, and what of an earlier run is still on its way.

Where there is a reviewer, what the first judge leaves near the threshold is asked of that one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from kometa_ai import deciding
from kometa_ai.asking import Asking
from kometa_ai.batching import Batching, still_waiting
from kometa_ai.domain.fault import FaultKind, SkipError, StopError
from kometa_ai.domain.report import Phase
from kometa_ai.domain.wording import many
from kometa_ai.ports import BatchGoneError, Failed, NoBatchesError, UnansweredError
from kometa_ai.settings import ClaudeMode
from kometa_ai.tally import Tally
from kometa_ai.turns import in_order, prepare
from kometa_ai.vigil import Vigil

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Mapping, Sequence

    from kometa_ai.booking import Booking, Taken
    from kometa_ai.chronicle import Chronicle
    from kometa_ai.deciding import Case
    from kometa_ai.domain.decision import Decision
    from kometa_ai.domain.fault import Fault
    from kometa_ai.domain.inquiry import RememberedInquiry
    from kometa_ai.domain.pending import Pending
    from kometa_ai.domain.verdict import Titles
    from kometa_ai.house import House
    from kometa_ai.ports import OpenBatch
    from kometa_ai.seat import Bench, Seat
    from kometa_ai.turns import Turn

TRIED_OUT_FROM: Final = 50
"""Before so many requests are handed in, one is tried out, at the full price."""
RESULTS_KEPT: Final = timedelta(days=30)
"""After this nobody has the results of a batch any more."""


@dataclass(slots=True)
class Judging:
    """Asks for one run.

    ``left`` are batches that it does not wait for, ``under_way`` their pairs by slug and criteria.
    """

    house: House
    chronicle: Chronicle
    bench: Bench
    left: list[OpenBatch] = field(default_factory=list)
    under_way: dict[tuple[str, str], dict[int, int]] = field(default_factory=dict)
    capped: bool = False
    """Whether a cap on pairs left anything for another run."""
    waited: bool = False
    """Whether a batch was waited for since Kometa's files were read."""

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
            seat = self.bench.seat_of(batch)
            try:
                await self._take_up(batch, seat)
            except NoBatchesError as error:
                await self._keep_for_another_server(batch, seat, error.fault)
            except (UnansweredError, StopError, SkipError) as error:
                if error.fault.kind is FaultKind.STATE:
                    raise
                seat.tally.stop(still_waiting(batch, error.fault))
        for seat in self.bench.seats:
            self.chronicle.add_faults(seat.faults(0))

    async def ask(
        self, cases: Sequence[Case], titles: Titles, left: int | None
    ) -> tuple[list[Case], int]:
        """Ask about what is not decided, up to ``left`` pairs; return how many were chosen.

        The reviewer comes last, so that no budget is spent on second opinions before first ones.
        """
        first, reviewer = self.bench.first, self.bench.reviewer
        if reviewer is None:
            return await self._ask(first, cases, titles, left)
        judged, chosen = await self._ask(first, [one.fresh for one in cases], titles, left)
        named = first.tally.named
        doubtful = [one.doubtful(named.get(one.collection.slug, {})) for one in judged]
        reviewed = 0
        if not first.tally.stopped:
            left = None if left is None else left - chosen
            doubtful, reviewed = await self._ask(reviewer, doubtful, titles, left)
        both = zip(judged, doubtful, strict=True)
        return [case.joined(other) for case, other in both], chosen + reviewed

    async def _ask(
        self, seat: Seat, cases: Sequence[Case], titles: Titles, left: int | None
    ) -> tuple[list[Case], int]:
        """Ask one model about what is pending."""
        house, request = self.house, self.chronicle.request
        await self._learn_what_is_under_way()
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

        booking = self.bench.booking(house, seat, house.library.name, earlier, selection.count)
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
        tried = len(queue) >= TRIED_OUT_FROM
        if (tried or seat.reviews) and not seat.tally.stopped:
            self.chronicle.phase(seat.phase)
        if tried and not seat.tally.stopped:
            await asking.try_out(queue)
        if not seat.tally.stopped:
            self.chronicle.phase(Phase.WAITING)
            self.waited = True
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
        if lacking:
            self.chronicle.phase(seat.phase)
            await asking.mend(lacking)
        batching.end()

    async def _take_up(self, batch: OpenBatch, seat: Seat, *, gone: bool = False) -> None:
        """Take one batch, if it is done; its pairs are judged then when the run looks at them."""
        house, tally = self.house, seat.tally
        inquiries = await house.store.inquiries(batch.number)
        seat = replace(seat, tally=Tally())
        apart, total = seat.tally, sum(one.pairs for one in inquiries.values())
        booking = self.bench.booking(house, seat, batch.library, _earlier(inquiries), total)
        vigil = Vigil(house, seat)
        came: Mapping[int, Taken | Failed] | None
        try:
            if gone:
                came = await vigil.take(batch, None, inquiries, booking)
            elif house.policy.patient(self.chronicle.request.trigger):
                came = await vigil.finish(batch, inquiries, booking)
            else:
                known = batch if batch.id else await vigil.found_again(batch)
                if known is not None and not await _has_ended(vigil, known):
                    self._leave(known)
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

    async def _keep_for_another_server(self, batch: OpenBatch, seat: Seat, fault: Fault) -> None:
        """Leave a batch that was handed in elsewhere alone, as long as it can be had there."""
        if self.house.clock.now() - batch.at > RESULTS_KEPT:
            await self._take_up(batch, seat, gone=True)
            return
        self._set_apart(batch)
        seat.tally.blame(
            replace(
                fault,
                message=f"{fault.message} A batch of {many(batch.total, 'request')} was handed in"
                " elsewhere; what it asks is left to it.",
                remedy="Set CLAUDE_BASE_URL back for one run, to take what it is paid for.",
            )
        )

    def _leave(self, batch: OpenBatch) -> None:
        self._set_apart(batch)
        self.chronicle.notice(
            f"A batch of {many(batch.total, 'request')} is on its way, from an earlier run; what it"
            " asks is left to it, and taken by the first run after its end."
        )

    def _set_apart(self, batch: OpenBatch) -> None:
        self.left.append(batch)
        self.bench.first.purchasing.leave_to_another_run(batch.cost)

    async def _learn_what_is_under_way(self) -> None:
        """Look up what is left to batches; by now it goes by the names of today."""
        while self.left:
            batch = self.left.pop()
            for inquiry in (await self.house.store.inquiries(batch.number)).values():
                criteria = {one.slug: one.criteria for one in inquiry.collections}
                for question in inquiry.questions:
                    for slug in question.slugs:
                        pairs = self.under_way.setdefault((slug, criteria[slug]), {})
                        pairs[question.item.id] = question.item.fingerprint

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
        taken = f"{many(counts[False], 'answer')} of a batch of an earlier run"
        told = f"{taken} {'is' if counts[False] == 1 else 'are'} taken"
        if counts[True]:
            missed = "was" if counts[True] == 1 else "were"
            told += f"; {counts[True]:,} of its requests {missed} not answered, which costs nothing"
        self.chronicle.notice(f"{told}.")


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
