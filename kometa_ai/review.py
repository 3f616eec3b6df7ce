"""What a person does about a run afterwards: approve, decline, undo, clean up. Each is a run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kometa_ai.chronicle import go, open_chronicle
from kometa_ai.domain.collection import TAG_PREFIX, is_collection_tag
from kometa_ai.domain.decision import Pin, PinOrigin, Stance
from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.report import RunReport, RunRequest, Trigger
from kometa_ai.editing import TagEdit
from kometa_ai.reading import read_files
from kometa_ai.retagging import Retagging

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from kometa_ai.house import House
    from kometa_ai.ports import HeldRemovals, JournalEntry


async def approve(house: House, run_id: str | None = None, *, dry_run: bool = False) -> RunReport:
    """Apply the removals that a run held (default: the newest), as they still apply."""
    return await _walk(house, Trigger.APPROVE, lambda run: _approve(run, run_id), dry_run=dry_run)


async def decline(house: House, run_id: str | None = None) -> RunReport:
    """Turn the removals that a run held into pins that keep them."""
    return await _walk(house, Trigger.DECLINE, lambda run: _decline(run, run_id))


async def undo(house: House, run_id: str | None = None, *, dry_run: bool = False) -> RunReport:
    """Play a run's journal backwards (default: the newest run that changed tags)."""
    return await _walk(house, Trigger.UNDO, lambda run: _undo(run, run_id), dry_run=dry_run)


async def cleanup(house: House, *, dry_run: bool) -> RunReport:
    """Take ``KAI-`` tags off that no collection of Kometa's files stands for, and delete them."""
    return await _walk(house, Trigger.CLEANUP, _cleanup, dry_run=dry_run)


async def _walk(
    house: House,
    trigger: Trigger,
    deed: Callable[[Retagging], Awaitable[None]],
    *,
    dry_run: bool = False,
) -> RunReport:
    chronicle = await open_chronicle(house, RunRequest(trigger, dry_run=dry_run))
    return await go(Retagging(house, chronicle, deed), chronicle)


async def _approve(run: Retagging, run_id: str | None) -> None:
    """Apply held removals, except of titles that were pinned since."""
    held = await _held(run, run_id)
    if not held:
        return
    await run.read_members()
    criteria = await run.read_criteria()
    held = _runnable(run, held, criteria)
    where = await run.read_items()
    pins = where.pins(await run.house.store.pins(run.house.library.name))
    for one in held:
        found = {where.find(change.id, change.tmdb_id): change for change in one.changes}
        titles = {i: replace(change, id=i) for i, change in found.items() if i is not None}
        kept = {
            pin.item_id
            for pin in pins.get(one.slug, {}).values()
            if pin.stance is Stance.KEEP and pin.holds(criteria[one.slug])
        }
        present = run.members.get(one.label, frozenset())
        remove = present & (titles.keys() - kept)
        run.plan(TagEdit(one.slug, one.label, present, remove=remove), titles)
    await run.apply()
    if not run.dry_run:
        await _release(run, held)


async def _decline(run: Retagging, run_id: str | None) -> None:
    """Pin what was to be removed."""
    held = await _held(run, run_id)
    if not held:
        return
    criteria = await run.read_criteria()
    held = _runnable(run, held, criteria)
    said = [
        pin
        for pin in await run.house.store.pins(run.house.library.name)
        if pin.holds(criteria.get(pin.slug, ""))
    ]
    keep, declined, now = Stance.KEEP, PinOrigin.DECLINED, run.chronicle.started
    pins = [
        Pin(one.slug, title.id, keep, declined, now, criteria[one.slug], title.tmdb_id)
        for one in held
        for title in one.changes
        if not any(pin.is_of(one.slug, title.id, title.tmdb_id) for pin in said)
    ]
    await run.house.store.pin(run.house.library.name, pins)
    await _release(run, held)
    if held:
        run.chronicle.notice(
            f"{len(pins)} titles stay; that holds until the collection's criteria change."
            " --pins lists them, --unpin takes one back."
        )


async def _undo(run: Retagging, run_id: str | None) -> None:
    """Turn every change of a run around that still stands, and pin the outcome."""
    store = run.house.store
    # First of all: it brings what a killed run has changed into its journal.
    await run.read_members()
    await run.read_criteria()
    if run_id and await store.report(run_id) is None and not await store.journal(run_id):
        run.chronicle.add_faults([_no_such(run_id)])
        return
    run_id = run_id or await store.newest_change()
    journal = await store.journal(run_id) if run_id else []
    if not journal:
        run.chronicle.notice(f"Run {run_id} changed no tags." if run_id else "No run changed tags.")
        return
    where = await run.read_items()
    for slug, entries in _by_slug(journal).items():
        label = entries[0].label
        # The last change of an item is the one that stands.
        found = {where.find(one.item_id, one.tmdb_id): one.added for one in entries}
        last = {i: added for i, added in found.items() if i is not None}
        present = run.members.get(label, frozenset())
        off = {i for i, added in last.items() if added and i in present}
        on = {i for i, added in last.items() if not added and i not in present}
        edit = TagEdit(slug, label, present, frozenset(on), frozenset(off))
        run.plan(edit, run.describe(last, f"undo of run {run_id}"))
    pins = _outcome(run)
    if not pins:
        run.chronicle.notice(f"Nothing that run {run_id} changed still stands.")
    if not run.dry_run:
        # Pinned first: if the edits are cut off, the next run finishes them.
        await store.pin(run.house.library.name, pins)
    await run.apply()


async def _cleanup(run: Retagging) -> None:
    """Take orphaned tags off all titles, then delete them."""
    files = await read_files(run.house)
    if files.faults:
        run.chronicle.add_faults(files.faults)
        run.chronicle.notice("Nothing was cleaned up: a file that can't be read may name the tag.")
        return
    await run.read_members()
    await run.read_items()
    for label, ids in sorted(run.members.items()):
        if is_collection_tag(label) and label not in files.claimed:
            edit = TagEdit(label.removeprefix(TAG_PREFIX), label, ids, remove=ids)
            run.plan(edit, run.describe(ids, "no collection has this tag"))
    await run.apply()
    await run.delete([edit.label for edit in run.edits])


async def _held(run: Retagging, run_id: str | None) -> list[HeldRemovals]:
    held = await run.house.store.held(run.house.library.name)
    wanted = run_id or (held[0].run_id if held else None)
    found = [one for one in held if one.run_id == wanted]
    if not found and run_id:
        run.chronicle.add_faults([_not_held(run_id, held)])
    elif not found:
        run.chronicle.notice("Nothing is held for approval.")
    return found


def _runnable(
    run: Retagging, held: Sequence[HeldRemovals], criteria: Mapping[str, str]
) -> list[HeldRemovals]:
    """Return what is held of collections that run: the others keep their tags as they are."""
    run.chronicle.add_faults([_not_runnable(one) for one in held if one.slug not in criteria])
    return [one for one in held if one.slug in criteria]


async def _release(run: Retagging, held: Sequence[HeldRemovals]) -> None:
    nothing = {one.slug: (one.label, ()) for one in held}
    await run.house.store.hold(run.chronicle.run_id, run.house.library.name, nothing)


def _outcome(run: Retagging) -> list[Pin]:
    """Return the pins that keep a later run from doing again what the edits undo."""
    undo, now = PinOrigin.UNDO, run.chronicle.started
    return [
        Pin(edit.slug, i, stance, undo, now, tmdb_id=run.items[i].tmdb_id)
        for edit in run.edits
        for stance, ids in ((Stance.NEVER, edit.remove), (Stance.KEEP, edit.add))
        for i in sorted(ids)
    ]


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
