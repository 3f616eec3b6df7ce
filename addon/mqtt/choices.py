"""What a collection is called where Home Assistant chooses one by its text."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from addon.command import ALL
from addon.texts import STATE_LENGTH, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from addon.status import CollectionStatus, Status

NOT_SET: Final = "none"
"""Home Assistant takes this word, in any case, for no choice at all."""


def handles(collections: Mapping[str, CollectionStatus]) -> Mapping[str, str]:
    """Return by slug what a command may call each collection: its name, or else its slug.

    The name serves if it stands on one line and no other collection answers to it as well.
    """
    answers: Counter[str] = Counter()
    for one in collections.values():
        answers.update({one.name.strip().lower(), one.slug})
    return {
        slug: one.name if _serves(one.name, answers) else slug for slug, one in collections.items()
    }


def choices(status: Status) -> Mapping[str, str]:
    """Return by slug what the select offers beside ``All``.

    A collection that it could not tell from ``All``, from nothing, or whose name and slug are
    longer than a state is left out; it has its own button all the same.
    """
    return {
        slug: handle
        for slug, told in handles(status.collections).items()
        for handle in (told if len(told) <= STATE_LENGTH else slug,)
        if len(handle) <= STATE_LENGTH and handle.lower() not in {ALL.lower(), NOT_SET}
    }


def selected(status: Status) -> str:
    """Return the choice that is selected now, ``All`` where the select has no word for it."""
    offered = choices(status)
    return next(
        (
            offered[slug]
            for slug, one in status.collections.items()
            if one.name == status.selected and slug in offered
        ),
        ALL,
    )


def _serves(name: str, answers: Counter[str]) -> bool:
    return bool(name) and name == plain(name) and answers[name.lower()] == 1
