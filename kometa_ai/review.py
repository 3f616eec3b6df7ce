"""What a person does about a run afterwards: approve, decline, undo, clean up. Each is a run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kometa_ai.chronicle import go, open_chronicle
from kometa_ai.domain.collection import TAG_PREFIX, is_collection_tag
from kometa_ai.domain.decision import Pin, PinOrigin, Stance
from kometa_ai.domain.fault import Fault, FaultKind, SkipError
from kometa_ai.domain.report import (
    Change,
    CollectionReport,
    RunReport,
    RunRequest,
    Trigger,
)
from kometa_ai.domain.whereabouts import Whereabouts
from kometa_ai.editing import Editing, TagEdit, resolve_intents
from kometa_ai.reading import read_files, read_items
from kometa_ai.reporting import changes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence, Set as AbstractSet

    from kometa_ai.chronicle import Chronicle
    from kometa_ai.domain.media import MediaItem
    from kometa_ai.house import House
    from kometa_ai.ports import HeldRemovals, JournalEntry


async def approve(house: House, run_id: str | None = None) -> RunReport:
    """Apply the removals that a run held (default: the newest), as they still apply."""
    return await _walk(house, Trigger.APPROVE, lambda review: review.approve(run_id))


async def decline(house: House, run_id: str | None = None) -> RunReport:
    """Turn the removals that a run held into pins that keep them."""
    return await _walk(house, Trigger.DECLINE, lambda review: review.decline(run_id))


async def undo(house: House, run_id: str | None = None) -> RunReport:
    """Play a run's journal backwards (default: the newest run that changed tags)."""
    return await _walk(house, Trigger.UNDO, lambda review: review.undo(run_id))


async def cleanup(house: House, *, dry_run: bool) -> RunReport:
    """Take ``KAI-`` tags off that no collection of Kometa's files stands for, and delete them."""
    return await _walk(house, Trigger.CLEANUP, lambda review: review.cleanup(), dry_run=dry_run)


async def _walk(
    house: House,
    trigger: Trigger,
    deed: Callable[[_Review], Awaitable[None]],
    *,
    dry_run: bool = False,
) -> RunReport:
    chronicle = await open_chronicle(house, RunRequest(trigger, dry_run=dry_run))
    return await go(_Review(house, chronicle, deed), chronicle)


@dataclass(slots=True)
class _Review:
    """One such run: what it changed, tag by tag."""

    house: House
    chronicle: Chronicle
    deed: Callable[[_Review], Awaitable[None]]
    names: dict[str, str] = field(default_factory=dict)
    items: dict[int, MediaItem] = field(default_factory=dict)
    titles: dict[str, dict[int, Change]] = field(default_factory=dict)
    edits: list[TagEdit] = field(default_factory=list)
    members: dict[str, frozenset[int]] = field(default_factory=dict)
    added: dict[str, AbstractSet[int]] = field(default_factory=dict)
    removed: dict[str, AbstractSet[int]] = field(default_factory=dict)

    async def follow(self) -> None:
        """Do what the person wants done."""
        await self.deed(self)

    async def report(self, *, cancelled: bool) -> RunReport:
        """Say what was changed, tag by tag."""
        house = self.house
        return self.chronicle.report(
            tuple(self._collection(slug) for slug in self.titles),
            cancelled=cancelled,
            spent_this_month=await house.store.spent_between(
                *house.policy.month_of(self.chronicle.started)
            ),
        )

    async def approve(self, run_id: str | None) -> None:
        """Apply held removals, except of titles that were pinned since."""
        held = await self._held(run_id)
        if not held:
            return
        criteria = await self._read_members()
        held = self._runnable(held, criteria)
        where = await self._read_items()
        pins = where.pins(await self.house.store.pins(self.house.library.name))
        for one in held:
            found = {where.find(change.id, change.tmdb_id): change for change in one.changes}
            titles = {i: replace(change, id=i) for i, change in found.items() if i is not None}
            self.titles[one.slug] = titles
            kept = {
                pin.item_id
                for pin in pins.get(one.slug, {}).values()
                if pin.stance is Stance.KEEP and pin.holds(criteria[one.slug])
            }
            self._remove(one.slug, one.label, titles.keys() - kept)
        await self._apply()
        await self._release(held)

    async def decline(self, run_id: str | None) -> None:
        """Pin what was to be removed."""
        held = await self._held(run_id)
        if not held:
            return
        criteria = await self._criteria()
        held = self._runnable(held, criteria)
        said = [
            pin
            for pin in await self.house.store.pins(self.house.library.name)
            if pin.holds(criteria.get(pin.slug, ""))
        ]
        keep, declined, now = Stance.KEEP, PinOrigin.DECLINED, self.chronicle.started
        pins = [
            Pin(one.slug, title.id, keep, declined, now, criteria[one.slug], title.tmdb_id)
            for one in held
            for title in one.changes
            if not any(pin.is_of(one.slug, title.id, title.tmdb_id) for pin in said)
        ]
        await self.house.store.pin(self.house.library.name, pins)
        await self._release(held)
        if held:
            self.chronicle.notice(
                f"{len(pins)} titles stay; that holds until the collection's criteria change."
                " --pins lists them, --unpin takes one back."
            )

    async def undo(self, run_id: str | None) -> None:
        """Turn every change of a run around that still stands, and pin the outcome."""
        store = self.house.store
        # First of all: it brings what a killed run has changed into its journal.
        await self._read_members()
        if run_id and await store.report(run_id) is None and not await store.journal(run_id):
            self.chronicle.add_faults([_no_such(run_id)])
            return
        run_id = run_id or await store.newest_change()
        journal = await store.journal(run_id) if run_id else []
        if not journal:
            self.chronicle.notice(
                f"Run {run_id} changed no tags." if run_id else "No run changed tags."
            )
            return
        where = await self._read_items()
        reason = f"undo of run {run_id}"
        pins = []
        for slug, entries in _by_slug(journal).items():
            label = entries[0].label
            # The last change of an item is the one that stands.
            found = {where.find(one.item_id, one.tmdb_id): one.added for one in entries}
            last = {i: added for i, added in found.items() if i is not None}
            self.titles[slug] = self._changed(last, reason)
            present = self.members.get(label, frozenset())
            off = {i for i, added in last.items() if added and i in present}
            on = {i for i, added in last.items() if not added and i not in present}
            self.edits.append(TagEdit(slug, label, present, frozenset(on), frozenset(off)))
            pins += [self._pin(slug, i, Stance.NEVER) for i in sorted(off)]
            pins += [self._pin(slug, i, Stance.KEEP) for i in sorted(on)]
        if not pins:
            self.chronicle.notice(f"Nothing that run {run_id} changed still stands.")
        # Pinned first: if the edits are cut off, the next run finishes them.
        await store.pin(self.house.library.name, pins)
        await self._apply()

    async def cleanup(self) -> None:
        """Take orphaned tags off all titles, then delete them."""
        files = await read_files(self.house)
        if files.faults:
            self.chronicle.add_faults(files.faults)
            self.chronicle.notice(
                "Nothing was cleaned up: a file that can't be read may name the tag."
            )
            return
        await self._read_members()
        known = files.claimed
        await self._read_items()
        for label in sorted(self.members):
            if is_collection_tag(label) and label not in known:
                slug = label.removeprefix(TAG_PREFIX)
                ids = self.members[label]
                self.titles[slug] = self._changed(ids, "no collection has this tag")
                self.edits.append(TagEdit(slug, label, ids, remove=ids))
        await self._apply()
        await self._delete([edit.label for edit in self.edits])

    async def _held(self, run_id: str | None) -> list[HeldRemovals]:
        held = await self.house.store.held(self.house.library.name)
        wanted = run_id or (held[0].run_id if held else None)
        found = [one for one in held if one.run_id == wanted]
        if not found and run_id:
            self.chronicle.add_faults([_not_held(run_id, held)])
        elif not found:
            self.chronicle.notice("Nothing is held for approval.")
        return found

    def _runnable(
        self, held: Sequence[HeldRemovals], criteria: Mapping[str, str]
    ) -> list[HeldRemovals]:
        """Return what is held of collections that run: the others keep their tags as they are."""
        self.chronicle.add_faults([_not_runnable(one) for one in held if one.slug not in criteria])
        return [one for one in held if one.slug in criteria]

    async def _release(self, held: Sequence[HeldRemovals]) -> None:
        await self.house.store.hold(
            self.chronicle.run_id,
            self.house.library.name,
            {one.slug: (one.label, ()) for one in held},
        )

    async def _read_items(self) -> Whereabouts:
        """Read the library, to know which title has which number now."""
        items, notices = await read_items(self.house.library, self.house.store)
        self.chronicle.notice(*notices)
        self.items = {item.id: item for item in items}
        return Whereabouts(self.items)

    def _changed(self, ids: Iterable[int], reason: str) -> dict[int, Change]:
        items = (self.items[i] for i in ids if i in self.items)
        return {one.id: one for one in changes(items, lambda _: reason)}

    async def _criteria(self) -> dict[str, str]:
        """Read Kometa's files for the names and the criteria of the collections, by slug."""
        files = await read_files(self.house)
        self.names = {one.slug: one.name for one in files.collections}
        return {one.slug: one.criteria for one in files.collections}

    async def _read_members(self) -> dict[str, str]:
        """Read who carries which tag now, and the criteria of the collections."""
        house = self.house
        await resolve_intents(house.library, house.store, house.clock)
        self.members = await house.library.members()
        return await self._criteria()

    def _remove(self, slug: str, label: str, ids: AbstractSet[int]) -> None:
        present = self.members.get(label, frozenset())
        self.edits.append(TagEdit(slug, label, present, remove=present & ids))

    def _pin(self, slug: str, item_id: int, stance: Stance) -> Pin:
        tmdb_id = self.items[item_id].tmdb_id
        return Pin(slug, item_id, stance, PinOrigin.UNDO, self.chronicle.started, tmdb_id=tmdb_id)

    async def _apply(self) -> None:
        house = self.house
        if self.chronicle.request.dry_run:
            for edit in self.edits:
                self.added[edit.slug], self.removed[edit.slug] = edit.add, edit.remove
            return
        editing = Editing(
            house.library, house.store, house.clock, self.chronicle.run_id, self.items
        )
        try:
            await editing.apply(self.edits)
        finally:
            for slug, applied in editing.applied.items():
                self.added[slug], self.removed[slug] = applied.added, applied.removed
            self.chronicle.add_faults(editing.all_faults())

    async def _delete(self, labels: Sequence[str]) -> None:
        if self.chronicle.request.dry_run:
            return
        numbers = await self.house.library.tags()
        for label in labels:
            if label not in numbers:
                continue
            try:
                await self.house.library.delete_tag(numbers[label])
            except SkipError as error:
                self.chronicle.add_faults([error.fault])

    def _collection(self, slug: str) -> CollectionReport:
        label = f"{TAG_PREFIX}{slug}"
        added, removed = self.added.get(slug, frozenset()), self.removed.get(slug, frozenset())
        present = (self.members.get(label, frozenset()) | added) - removed
        return CollectionReport(
            name=self.names.get(slug, slug),
            slug=slug,
            tag=label,
            library=self.house.library.name,
            threshold=0.0,
            members=len(present),
            added=self._changes(slug, added),
            removed=self._changes(slug, removed),
        )

    def _changes(self, slug: str, ids: AbstractSet[int]) -> tuple[Change, ...]:
        titles = self.titles[slug]
        found = [titles.get(i, Change(i, f"title {i}", 0, "")) for i in ids]
        return tuple(sorted(found, key=lambda change: (change.title.lower(), change.id)))


def _by_slug(journal: Sequence[JournalEntry]) -> dict[str, list[JournalEntry]]:
    entries: dict[str, list[JournalEntry]] = {}
    for entry in journal:
        entries.setdefault(entry.slug, []).append(entry)
    return entries


def _no_such(run_id: str) -> Fault:
    return Fault(FaultKind.TAGGING, f"run {run_id}", "There is no such run.", "See --runs.")


def _not_held(run_id: str, held: Sequence[HeldRemovals]) -> Fault:
    runs = sorted({one.run_id for one in held})
    there = f"Run {', '.join(runs)} holds something." if runs else "Nothing is held at all."
    return Fault(FaultKind.TAGGING, f"run {run_id}", "This run holds no changes.", there)


def _not_runnable(held: HeldRemovals) -> Fault:
    return Fault(
        FaultKind.KOMETA,
        f"{TAG_PREFIX}{held.slug}",
        "Its collection is not among those that run now, so its tag is left alone and what it"
        " holds stays held.",
        "Enable it again or mend its file, then decide once more.",
    )
