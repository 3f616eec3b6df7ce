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
    from kometa_ai.domain.report import CollectionReport, RunReport


def collection_figures(
    collections: Iterable[Collection],
    reports: Sequence[RunReport],
    *,
    members: Mapping[str, int],
    held: Mapping[str, int],
    costs: Mapping[str, Decimal],
) -> Mapping[str, CollectionStatus]:
    """Return how each collection stands, by slug, from the newest reports (newest first).

    ``members`` are those last seen, ``held`` what waits now, ``costs`` USD of this month; all by
    slug. Of a dry run only what it says of judging counts: it changed no tag.
    """
    return MappingProxyType(
        {
            one.slug: _figures(one, reports, members=members, held=held, costs=costs)
            for one in collections
        }
    )


def _figures(
    collection: Collection,
    reports: Sequence[RunReport],
    *,
    members: Mapping[str, int],
    held: Mapping[str, int],
    costs: Mapping[str, Decimal],
) -> CollectionStatus:
    slug = collection.slug
    told = [(run, one) for run in reports for one in run.collections if one.slug == slug]
    real = next(((run, one) for run, one in told if not run.dry_run), None)
    judging = next((one for run, one in told if run.trigger in JUDGING), None)
    return CollectionStatus(
        name=collection.name,
        slug=slug,
        tag=collection.tag,
        threshold=collection.threshold,
        members=real[1].members if real else members.get(slug, 0),
        pending=judging.pending if judging else 0,
        added=len(real[1].added) if real else 0,
        removed=len(real[1].removed) if real else 0,
        held=held.get(slug, 0),
        last_added=_last_added([one for run, one in told if not run.dry_run]),
        last_run=real[0].started_at if real else None,
        cost_month=costs.get(slug, Decimal(0)),
    )


def _last_added(told: Iterable[CollectionReport]) -> tuple[str, ...]:
    """Return the titles that came in by the newest run that added any."""
    newest = next((one.added for one in told if one.added), ())
    return tuple(
        f"{change.title} ({change.year})" if change.year else change.title
        for change in newest[:LAST_ADDED]
    )
