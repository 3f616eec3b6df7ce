"""Instants as whole microseconds since 1970 in UTC: exact, ordered, eight bytes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


def to_number(instant: datetime) -> int:
    """Return an instant as the number that is stored."""
    return (instant - EPOCH) // MICROSECOND


def to_instant(number: int) -> datetime:
    """Return the instant of a stored number, in UTC."""
    return EPOCH + number * MICROSECOND


def to_stamp(instant: datetime) -> str:
    """Return an instant as it stands in file names, which then sort by age."""
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
