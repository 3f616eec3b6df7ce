"""A run that a person orders: the tags that it is to change, how that went, and its report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kometa_ai.domain.collection import TAG_PREFIX
from kometa_ai.domain.fault import SkipError
from kometa_ai.domain.report import Change, CollectionReport, RunReport
from kometa_ai.domain.whereabouts import Whereabouts
from kometa_ai.editing import Editing, TagEdit, resolve_intents
from kometa_ai.reading import read_files, read_items
from kometa_ai.reporting import changes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence, Set as AbstractSet

    from kometa_ai.chronicle import Chronicle
    from kometa_ai.domain.media import MediaItem
    from kometa_ai.house import House


@dataclass(slots=True)
class Retagging:
    """One such run. ``deed`` says what is to be done; all else is by slug, ``members`` by label."""

    house: House
    chronicle: Chronicle
    deed: Callable[[Retagging], Awaitable[None]]
    names: dict[str, str] = field(default_factory=dict)
    items: dict[int, MediaItem] = field(default_factory=dict)
    titles: dict[str, dict[int, Change]] = field(default_factory=dict)
    edits: list[TagEdit] = field(default_factory=list)
    members: dict[str, frozenset[int]] = field(default_factory=dict)
    added: dict[str, AbstractSet[int]] = field(default_factory=dict)
    removed: dict[str, AbstractSet[int]] = field(default_factory=dict)

    @property
    def dry_run(self) -> bool:
        """Return whether it is only to be told what would be done."""
        return self.chronicle.request.dry_run

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

    async def read_criteria(self) -> dict[str, str]:
        """Read Kometa's files for the names and the criteria of the collections, by slug."""
        files = await read_files(self.house)
        self.names = {one.slug: one.name for one in files.collections}
        return {one.slug: one.criteria for one in files.collections}

    async def read_members(self) -> None:
        """Read who carries which tag now; what a killed run has changed is noted first."""
        house = self.house
        await resolve_intents(house.library, house.store, house.clock)
        self.members = await house.library.members()

    async def read_items(self) -> Whereabouts:
        """Read the library, to know which title has which number now."""
        items, notices = await read_items(self.house.library, self.house.store)
        self.chronicle.notice(*notices)
        self.items = {item.id: item for item in items}
        return Whereabouts(self.items)

    def plan(self, edit: TagEdit, titles: dict[int, Change]) -> None:
        """Take up an edit; ``titles`` describe what it may change."""
        self.titles[edit.slug] = titles
        self.edits.append(edit)

    def describe(self, ids: Iterable[int], reason: str) -> dict[int, Change]:
        """Describe titles that are in the library, by id."""
        items = (self.items[i] for i in ids if i in self.items)
        return {one.id: one for one in changes(items, lambda _: reason)}

    async def apply(self) -> None:
        """Make the edits; a dry run only takes them for made."""
        if self.dry_run:
            for edit in self.edits:
                self.added[edit.slug], self.removed[edit.slug] = edit.add, edit.remove
            return
        house, run_id = self.house, self.chronicle.run_id
        editing = Editing(house.library, house.store, house.clock, run_id, self.items)
        try:
            await editing.apply(self.edits)
        finally:
            for slug, applied in editing.applied.items():
                self.added[slug], self.removed[slug] = applied.added, applied.removed
            self.chronicle.add_faults(editing.all_faults())

    async def delete(self, labels: Sequence[str]) -> None:
        """Delete tags that nothing carries any more."""
        if self.dry_run:
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
