"""The retained JSON objects: the service's state, and each collection's figures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from addon.mqtt.choices import selected
from addon.status import LAST_ADDED
from addon.texts import TITLE_SIZE, cut

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from addon.command import Response
    from addon.status import CollectionStatus, LastRun, Live, Status

REASON: Final = 4_000
"""Characters of a reason: an attribute, which must name every wrong setting at once."""
NEVER: Final = "never"
"""The last result before the first run."""


def state_payload(status: Status) -> dict[str, object]:
    """Return the state: every key always, null where nothing is known."""
    live, last, problem = status.live, status.last, status.problem
    return {
        "status": status.doing.value,
        "running": live is not None,
        "phase": live.phase.value if live and live.phase else None,
        "phase_detail": _detail(live) if live else None,
        "progress": live.progress if live else 0,
        "run_id": live.run_id if live else last.run_id if last else None,
        **_last(last),
        "next_run": moment(status.next_run),
        "held": status.held,
        "movies": status.movies,
        "series": status.series,
        "collections": len(status.collections),
        "pending": status.pending,
        "cost_month": dollars(status.cost_month),
        "budget_month": dollars(status.budget_month),
        "problem": problem is not None,
        "problem_reason": cut(problem.reason, REASON) if problem else None,
        "problem_remedy": cut(problem.remedy) if problem and problem.remedy else None,
        "radarr": status.radarr,
        "claude": status.claude,
        "schedule_enabled": status.schedule_enabled,
        "dry_run_mode": status.dry_run_mode,
        "cron": cut(status.cron),
        "max_evals": status.max_evals,
        "selected_collection": selected(status),
        "version": status.version,
    }


def _detail(live: Live) -> str | None:
    """Return what a run does in words: ``waiting for a batch, 312 of 840``."""
    if live.phase is None:
        return None
    return ", ".join(one for one in (live.phase.value, live.counted) if one)


def _last(last: LastRun | None) -> dict[str, object]:
    return {
        "last_run": moment(last.at) if last else None,
        "last_result": last.result.value if last else NEVER,
        "last_duration": round(last.duration, 1) if last else None,
        "added": last.added if last else None,
        "removed": last.removed if last else None,
        "would_add": last.would_add if last else None,
        "would_remove": last.would_remove if last else None,
        "errors": last.errors if last else None,
        "last_error": cut(last.last_error) if last and last.last_error else None,
        "cost_last_run": dollars(last.cost) if last else None,
        "cost_last_run_review": dollars(last.review_cost) if last else None,
        "input_tokens": last.input_tokens if last else None,
        "output_tokens": last.output_tokens if last else None,
    }


def collection_payload(one: CollectionStatus) -> dict[str, object]:
    """Return one collection's figures."""
    return {
        "name": cut(one.name),
        "members": one.members,
        "pending": one.pending,
        "added": one.added,
        "removed": one.removed,
        "held": one.held,
        "last_added": [cut(title, size=TITLE_SIZE) for title in one.last_added[:LAST_ADDED]],
        "last_run": moment(one.last_run),
        "threshold": one.threshold,
        "cost_month": dollars(one.cost_month),
    }


def moment(at: datetime | None) -> str | None:
    """Return a time with its offset, to the second."""
    return None if at is None else at.isoformat(timespec="seconds")


def dollars(amount: Decimal | None) -> float | None:
    """Return USD as a JSON number, to the millionth."""
    return None if amount is None else round(float(amount), 6)


def response_payload(response: Response) -> dict[str, object]:
    """Return the answer to a command; ``estimate`` only where there is one."""
    estimate = {} if response.estimate is None else {"estimate": dict(response.estimate)}
    return {
        "request_id": response.request_id,
        "command": str(response.command),
        "accepted": response.accepted,
        "run_id": response.run_id,
        "error": response.error,
        **estimate,
    }


def as_json(payload: Mapping[str, object]) -> str:
    """Return an object as JSON that can be sent, whatever the names in it are."""
    told = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return told.encode("utf-8", "replace").decode()  # half a surrogate pair is no UTF-8
