"""What past runs say of each collection, so that a restart shows what was known before."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

from addon.status import LAST_ADDED, CollectionStatus
from kometa_ai.domain.report import JUDGING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kometa_ai.domain.collection import Collection
    from kometa_ai.outline import RunOutline


def collection_figures(
    collections: Iterable[Collection],
    runs: Sequence[RunOutline],
    *,
    members: Mapping[str, int],
    held: Mapping[str, int],
    costs: Mapping[str, Decimal],
) -> Mapping[str, CollectionStatus]:
    """Return how each collection stands, by slug, from the newest runs (newest first).

    ``members`` are those last seen, ``held`` what waits now, ``costs`` USD of this month; all by
    slug. Of a dry run only what it says of judging counts: it changed no tag.
    """
    return MappingProxyType(
        {
            one.slug: _figures(one, runs, members=members, held=held, costs=costs)
            for one in collections
        }
    )


def _figures(
    collection: Collection,
    runs: Sequence[RunOutline],
    *,
    members: Mapping[str, int],
    held: Mapping[str, int],
    costs: Mapping[str, Decimal],
) -> CollectionStatus:
    slug = collection.slug
    told = [(run, run.collections[slug]) for run in runs if slug in run.collections]
    real = [(run, one) for run, one in told if not run.dry_run]
    newest, last = real[0] if real else (None, None)
    judging = next((one for run, one in told if run.trigger in JUDGING), None)
    added = next((one.newest for _, one in real if one.newest), ())
    return CollectionStatus(
        name=collection.name,
        slug=slug,
        tag=collection.tag,
        threshold=collection.threshold,
        members=last.members if last else members.get(slug, 0),
        pending=judging.pending if judging else 0,
        added=last.added if last else 0,
        removed=last.removed if last else 0,
        held=held.get(slug, 0),
        last_added=tuple(title.label for title in added[:LAST_ADDED]),
        last_run=newest.started_at if newest else None,
        cost_month=costs.get(slug, Decimal(0)),
    )
