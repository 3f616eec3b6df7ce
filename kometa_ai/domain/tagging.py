"""Wanted against present: what to change, what to hold, what was changed by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

REMOVALS_NEVER_HELD: Final = 5
"""Removals of this many items or fewer go ahead, however small the collection."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The item ids that belong and those that do not; of all others nothing is known.

    What is not known keeps the tag that it has: an error is never a no.
    """

    belong: AbstractSet[int]
    foreign: AbstractSet[int]


@dataclass(frozen=True, slots=True)
class TagChange:
    """What to do to one tag: ``held`` are removals that wait for a person's approval."""

    add: frozenset[int]
    remove: frozenset[int]
    held: frozenset[int]

    def after(self, present: frozenset[int]) -> frozenset[int]:
        """Return the members that the tag then has."""
        return (present - self.remove) | self.add


def compare(verdicts: Verdicts, present: AbstractSet[int], *, percent: int) -> TagChange:
    """Return the change that brings the present members to the wanted ones.

    Too many removals at once are held; additions always go ahead.
    """
    add = frozenset(verdicts.belong - present)
    remove = frozenset(verdicts.foreign & present)
    if too_many(len(remove), len(present), percent):
        return TagChange(add, frozenset(), remove)
    return TagChange(add, remove, frozenset())


def too_many(changed: int, members: int, percent: int) -> bool:
    """Return whether a change is larger than the brake lets pass."""
    return changed > REMOVALS_NEVER_HELD and changed * 100 > members * percent


@dataclass(frozen=True, slots=True)
class Votes:
    """The titles that lost or gained a tag by hand since we last applied or saw it.

    ``accident`` is true when it is too much to be meant: then there are no votes.
    """

    lost: frozenset[int]
    gained: frozenset[int]
    accident: bool

    @property
    def keep(self) -> frozenset[int]:
        """Return the titles that people want in."""
        return frozenset() if self.accident else self.gained

    @property
    def never(self) -> frozenset[int]:
        """Return the titles that people want out."""
        return frozenset() if self.accident else self.lost


def count_votes(
    seen: AbstractSet[int],
    present: AbstractSet[int],
    known: AbstractSet[int],
    *,
    exists: bool,
    percent: int,
) -> Votes:
    """Compare a tag with what we last applied or saw of it.

    ``known`` holds the ids that are in the library now; a title that left took its tags with it,
    and that is no vote. ``exists`` is false when the whole tag is gone from the library.
    """
    # No `seen & known`: with a view of a dictionary that walks the whole library.
    before = frozenset(one for one in seen if one in known)
    lost, gained = before - present, frozenset(one for one in present if one in known) - before
    gone = bool(before) and not exists
    accident = gone or too_many(len(lost) + len(gained), len(before), percent)
    return Votes(lost, gained, accident)
