"""One run, from a request to its report."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from kometa_ai import deciding, hand_edits, renaming
from kometa_ai.chronicle import go, open_chronicle
from kometa_ai.domain.collection import settle_in_order
from kometa_ai.domain.cost import Budget
from kometa_ai.domain.report import Phase
from kometa_ai.domain.tagging import Verdicts
from kometa_ai.domain.whereabouts import Whereabouts
from kometa_ai.editing import Editing, TagEdit, resolve_intents
from kometa_ai.judging import Judging
from kometa_ai.purchasing import OF_A_RUN
from kometa_ai.reading import (
    choose,
    read_files,
    read_members,
    read_pins,
    read_shelf,
    unmatched_rules,
)
from kometa_ai.reporting import Outcome, shortfalls, spending
from kometa_ai.seat import take_seats

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kometa_ai.chronicle import Chronicle
    from kometa_ai.domain.collection import Collection
    from kometa_ai.domain.report import RunReport, RunRequest
    from kometa_ai.house import House
    from kometa_ai.reading import Shelf


ON_ITS_WAY: Final = (
    "A batch is still on its way; what it brings is paid for once, and taken by the next run."
)


async def run(request: RunRequest, house: House) -> RunReport:
    """Do what is asked for, and report it; whatever goes wrong is in the report.

    Raises what leaves no report behind: a store that can't be used. A cancellation is passed on
    after the report of what was done until then is stored and told.
    """
    chronicle = await open_chronicle(house, request)
    return await go(await _begin(chronicle), chronicle)


async def _begin(chronicle: Chronicle) -> Course:
    """Count what may still be spent."""
    house = chronicle.house
    # A run that was killed may have paid for answers that nobody stored.
    lost = sum((await house.store.book_reservations()).values(), Decimal(0))
    if lost:
        chronicle.notice(
            f"The run before this one was killed while Claude was answering; ${lost:.4f} is booked"
            " for the answers that were lost, the most that they can have cost."
        )
    spent = await house.store.spent_between(*house.policy.month_of(chronicle.started))
    budgets = (
        Budget(OF_A_RUN, house.policy.max_cost),
        Budget("MONTHLY_BUDGET", house.policy.monthly_budget, spent),
    )
    bench = take_seats(house, budgets, chronicle.run_id)
    for batch in await house.store.open_batches():
        bench.first.purchasing.keep_aside(batch.cost)
    return Course(house, chronicle.request, chronicle, Judging(house, chronicle, bench))


@dataclass(slots=True)
class Course:
    """What one run knows and has done so far. ``outcomes`` are by slug."""

    house: House
    request: RunRequest
    chronicle: Chronicle
    judging: Judging
    collections: Sequence[Collection] = ()
    runnable: Sequence[Collection] = ()
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    lost: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """Which titles an accident took a tag off, by label."""
    items: int = 0

    async def follow(self) -> None:
        """Walk from Kometa's files to the library's tags."""
        await self.judging.take_up()
        self.collections = collections = await self._read_files()
        if not collections:
            return
        shelf = await self._read_library(collections)
        await self._heed_hand_edits(collections, shelf)
        await self._decide(collections, shelf)
        if self.judging.waited:
            await self._leave_what_was_edited()
        edits = await self._compare(shelf)
        if self.request.dry_run:
            for edit in edits:
                self.outcomes[edit.slug].done(edit.add, edit.remove)
        else:
            await self._apply(edits, shelf)

    async def report(self, *, cancelled: bool) -> RunReport:
        """Say what came of the run, collection by collection, in the order of the files."""
        house, bench = self.house, self.judging.bench
        if cancelled:
            await self._book_the_lost()
            if await house.store.open_batches():
                self.chronicle.notice(ON_ITS_WAY)
        tallies = [seat.tally for seat in bench.seats]
        done = [self.outcomes.get(one.slug) for one in self.collections]
        reports = tuple(one.report(tallies) for one in done if one is not None)
        deferred = sum(one.deferred for one in reports)
        exhausted = next((one.exhausted for one in tallies if one.exhausted), "")
        if self.judging.capped and not any(one.stopped for one in tallies):
            exhausted = "MAX_EVALS_PER_RUN"
        self.chronicle.notice(*shortfalls(tallies, exhausted, house.policy, deferred))
        notices = dict.fromkeys(said for seat in bench.seats for said in seat.judge.notices)
        self.chronicle.notice(*notices)
        return self.chronicle.report(
            reports,
            cancelled=cancelled,
            # By now it may be another month than when the run began.
            spent_this_month=await house.store.spent_between(
                *house.policy.month_of(house.clock.now())
            ),
            spending=spending(bench),
            items=self.items,
            exhausted=exhausted,
        )

    async def _book_the_lost(self) -> None:
        """Book what was asked and never answered, because the run was cancelled meanwhile."""
        bench, booked = self.judging.bench, dict(await self.house.store.book_reservations())
        if (reviewer := bench.reviewer) is not None:
            reviewer.purchasing.count_lost(booked.pop(reviewer.judge.model.name, Decimal(0)))
        bench.first.purchasing.count_lost(sum(booked.values(), Decimal(0)))

    async def _read_files(self) -> list[Collection]:
        self.chronicle.phase(Phase.FILES)
        files = await read_files(self.house)
        self.chronicle.add_faults(files.faults)
        self.chronicle.notice(*files.notices)
        self.runnable = files.collections
        name = self.house.library.name
        collections, unknown = choose(files, self.request.collections, name)
        self.chronicle.add_faults(unknown)
        self.chronicle.notice(*await renaming.follow(collections, files, self.house.store))
        return collections

    async def _read_library(self, collections: Sequence[Collection]) -> Shelf:
        self.chronicle.phase(Phase.LIBRARY)
        house = self.house
        await resolve_intents(house.library, house.store, house.clock)
        shelf, notices = await read_shelf(house.library, house.store, collections)
        self.items = len(shelf.titles.items)
        self.chronicle.notice(*notices, *unmatched_rules(collections, shelf, self.runnable))
        return shelf

    async def _heed_hand_edits(self, collections: Sequence[Collection], shelf: Shelf) -> None:
        """Make pins of hand edits, and note what an accident took off."""
        heeded = await hand_edits.heed(
            collections,
            shelf.tagged,
            shelf.titles.items,
            store=self.house.store,
            now=self.chronicle.started,
            percent=self.house.policy.max_removals_percent,
        )
        self.chronicle.notice(*heeded.notices)
        self.lost = heeded.lost

    async def _decide(self, collections: Sequence[Collection], shelf: Shelf) -> None:
        """Settle the collections, those first whose tags the rules of others name."""
        self.chronicle.phase(Phase.DECIDING)
        pins = await read_pins(self.house, shelf)
        groups, circles = settle_in_order(collections)
        self.chronicle.add_faults(circles)
        tagged = shelf.tagged | {
            label: shelf.tagged.get(label, frozenset()) | ids for label, ids in self.lost.items()
        }
        left = self.house.policy.max_pairs
        if self.request.max_pairs is not None:
            left = self.request.max_pairs
        asked = 0
        for group in groups:
            if asked:
                self.chronicle.phase(Phase.DECIDING)  # what is asked next is counted anew
            opened = await deciding.open_cases(
                group,
                shelf.titles,
                pins,
                tagged,
                self.house.store,
                forced=self.request.force_refresh,
            )
            self.chronicle.notice(*deciding.strangers(opened))
            cases, asked = await self.judging.ask(opened, shelf.titles, left)
            left = None if left is None else left - asked
            for case in cases:
                collection = case.collection
                present = shelf.tagged.get(collection.label, frozenset())
                one = Outcome(case, shelf.titles, case.verdicts(shelf.titles), present)
                self.outcomes[collection.slug] = one
                tagged[collection.label] = one.change(self.house.policy).after(present)

    async def _leave_what_was_edited(self) -> None:
        """Touch no tag of a collection that is not what it was: the batch may have taken a day."""
        files = await read_files(self.house)
        self.chronicle.add_faults(one for one in files.faults if one not in self.chronicle.faults)
        now = {replace(one, source="") for one in files.collections}
        for outcome in self.outcomes.values():
            collection = outcome.case.collection
            if replace(collection, source="") not in now:
                outcome.verdicts = Verdicts(frozenset(), frozenset())
                self.chronicle.notice(
                    f"{collection.name} was edited while Claude was answering; its tag is left to"
                    " the next run."
                )

    async def _compare(self, shelf: Shelf) -> list[TagEdit]:
        """Read the members of the tags once more if anything is to change, and compare."""
        outcomes = [one for one in self.outcomes.values() if one.differs]
        if outcomes:
            self.chronicle.phase(Phase.TAGGING)
            await self._read_members(outcomes, shelf)
        edits = []
        for one in outcomes:
            change = one.change(self.house.policy)
            one.held = change.held
            slug, label = one.case.collection.slug, one.case.collection.label
            edits.append(TagEdit(slug, label, one.present, change.add, change.remove))
        return edits

    async def _read_members(self, outcomes: Sequence[Outcome], shelf: Shelf) -> None:
        """Take the present members afresh; the asking may have taken hours."""
        before = {one.case.collection.label: one.present for one in outcomes}
        members, items = await read_members(self.house.library, shelf, before)
        where, since = Whereabouts(items), {}
        for one in outcomes:
            slug, label = one.case.collection.slug, one.case.collection.label
            # Of what an accident took off, nothing is a vote: neither what is back nor what is not.
            back = self.lost.get(label, frozenset()) & members.get(label, frozenset())
            since[slug] = where.tmdb_ids(one.present | back)
        heeded = await hand_edits.heed(
            [one.case.collection for one in outcomes],
            members,
            items,
            store=self.house.store,
            now=self.house.clock.now(),
            percent=self.house.policy.max_removals_percent,
            since=since,
        )
        self.chronicle.notice(*heeded.notices)
        pins = await read_pins(self.house, shelf)
        for one in outcomes:
            collection = one.case.collection
            one.present = members.get(collection.label, frozenset())
            one.obey(pins.get(collection.slug, {}))
            one.keep_to(items)

    async def _apply(self, edits: Sequence[TagEdit], shelf: Shelf) -> None:
        house = self.house
        await self._hold()
        # From here on an accident counts as seen: an edit that is cut off must not leave it to
        # the next run to take what is still missing for a few hand edits.
        await hand_edits.note_seen(
            house.store,
            house.library.name,
            {slug: one.present for slug, one in self.outcomes.items()},
            shelf.titles.items,
        )
        editing = Editing(
            house.library,
            house.store,
            house.clock,
            self.chronicle.run_id,
            shelf.titles.items,
        )
        try:
            await editing.apply(edits)
        finally:
            for slug, applied in editing.applied.items():
                self.outcomes[slug].done(applied.added, applied.removed)
            self.chronicle.add_faults(editing.all_faults())

    async def _hold(self) -> None:
        """Let what is held now replace what an older run held for the same collections."""
        held = {
            slug: (one.case.collection.label, one.changes(one.held))
            for slug, one in self.outcomes.items()
        }
        await self.house.store.hold(self.chronicle.run_id, self.house.library.name, held)
