"""What programs get: a run's report as JSON, with why it is sent (see docs/WEBHOOK.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kometa_ai.domain.message import BODY_VERSION, Occasion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from kometa_ai.domain.message import Notification, Trouble

Json = dict[str, object]


def body(
    notification: Notification, report: Mapping[str, object] | None, *, sent_at: datetime
) -> Json:
    """Return the body about a run; ``report`` is its report's JSON, ``None`` if there was no run.

    The report's own keys follow and are never changed.
    """
    return {
        "body_version": BODY_VERSION,
        "event": str(notification.occasion),
        "test": notification.occasion is Occasion.TEST,
        "sent_at": sent_at.isoformat(timespec="seconds"),
        "troubles": _troubles(notification.troubles),
        "ended": _troubles(notification.ended),
        **({"run_id": None} if report is None else report),
    }


def _troubles(troubles: Sequence[Trouble]) -> list[Json]:
    return [
        {
            "kind": str(one.kind),
            "where": one.where,
            "message": one.message,
            "remedy": one.remedy,
            "since": one.since.isoformat(timespec="seconds"),
            "runs": one.runs,
        }
        for one in troubles
    ]
