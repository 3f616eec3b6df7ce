"""Temporary."""

from __future__ import annotations

from typing import Any


def body(notification: Any, report: Any, *, sent_at: Any) -> dict[str, object]:
    return {"event": str(notification.occasion), **(report or {})}
