"""When runs are due, as the user writes it: cron, intervals, blackout windows; read and checked.

Only the grammar lives here; which instant is due next is the schedule's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from croniter import CroniterError, croniter

from kometa_ai.settings.kinds import TIME_OF_DAY, Refused, many, one

if TYPE_CHECKING:
    from datetime import time

DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
EVERY_DAY = frozenset(range(7))
ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)

_CRON_WORDS = frozenset(
    ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually")
)
# name, what it takes, highest step that makes sense
_CRON_FIELDS = (
    ("minute", "0-59", 59),
    ("hour", "0-23", 23),
    ("day of the month", "1-31", 31),
    ("month", "1-12 or JAN-DEC", 12),
    ("day of the week", "0-7 or SUN-SAT", 7),
)


class Unit(StrEnum):
    """The unit of an interval."""

    HOURS = "h"
    DAYS = "d"
    WEEKS = "w"
    MONTHS = "mo"


@dataclass(frozen=True, slots=True)
class Interval:
    """A distance between runs, such as ``6h`` or ``1mo``; ``count`` is 1 to 999."""

    count: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which no scheduled run begins.

    ``days`` are those on which it begins (0 = Monday). Where ``end`` is not after ``start``, it
    ends on the following day.
    """

    days: frozenset[int]
    start: time
    end: time

    def __str__(self) -> str:
        days = ",".join(DAY_NAMES[day] for day in sorted(self.days))
        when = "" if self.days == EVERY_DAY else f"{days} "
        return f"{when}{self.start:%H:%M}-{self.end:%H:%M}"


def _interval(text: str) -> Interval:
    parts = re.fullmatch(r"([0-9]{1,3})(h|d|w|mo|m)", text.lower())
    if not parts:
        raise Refused("is not an interval")
    if parts[2] == "m":
        raise Refused("has the unit m, which could mean minutes; months are written mo")
    if int(parts[1]) == 0:
        raise Refused("is an interval of zero")
    return Interval(int(parts[1]), Unit(parts[2]))


def _window(text: str) -> Window:
    parts = re.fullmatch(r"(?:(\S.*?)\s+)?([0-9:]+)\s*-\s*([0-9:]+)", text)
    if not parts:
        raise Refused("is not a window of time")
    days = _days(parts[1]) if parts[1] else EVERY_DAY
    start, end = TIME_OF_DAY.read(parts[2]), TIME_OF_DAY.read(parts[3])
    if start == end:
        raise Refused("ends at the minute in which it begins")
    return Window(days, start, end)


def _days(text: str) -> frozenset[int]:
    numbers = {name.lower(): number for number, name in enumerate(DAY_NAMES)}
    days: set[int] = set()
    for piece in text.lower().split(","):
        first, dash, last = (word.strip() for word in piece.partition("-"))
        if first not in numbers or (dash and last not in numbers):
            raise Refused("has a day that is not Mon, Tue, Wed, Thu, Fri, Sat or Sun")
        length = (numbers[last] - numbers[first]) % 7 if dash else 0
        days.update((numbers[first] + step) % 7 for step in range(length + 1))
    return frozenset(days)


def _cron(text: str) -> str:
    if text.startswith("@"):
        if text.lower() not in _CRON_WORDS:
            raise Refused(f"is not one of {', '.join(sorted(_CRON_WORDS))}")
        return text.lower()
    fields = list(re.finditer(r"\S+", text))
    if len(fields) != len(_CRON_FIELDS):
        raise Refused(f"has {len(fields)} fields where cron has 5")
    for position, field in enumerate(fields):
        _check_cron_field(position, field)
    expression = " ".join(field[0] for field in fields)
    _check_that_it_comes(expression)
    return expression


def _check_cron_field(position: int, field: re.Match[str]) -> None:
    name, takes, most = _CRON_FIELDS[position]
    text = field[0]
    place = f"has {text!r} as {name} (character {field.start() + 1})"
    # R and H would be a random number, another one at every look.
    if not re.fullmatch(r"[0-9A-Za-z*/,#?-]+", text) or re.search(r"(?i)(^|,)[rh](/|,|$)", text):
        raise Refused(f"{place}, where {takes} belongs")
    if any(int(step) > most for step in re.findall(r"/([0-9]{1,9})", text)):
        raise Refused(f"{place}, a step beyond {most}")
    alone = ["*"] * len(_CRON_FIELDS)
    alone[position] = text
    try:
        croniter.expand(" ".join(alone))
    except CroniterError:
        raise Refused(f"{place}, where {takes} belongs") from None


def _check_that_it_comes(expression: str) -> None:
    # Any start will do: the search goes on for 50 years, past every leap day.
    try:
        croniter(expression, ANY_DAY).get_next()
    except CroniterError:
        raise Refused("never comes: no month has that day") from None


INTERVAL = one("an interval: a number with h, d, w or mo, such as 6h, 1d, 2w, 1mo", _interval)
CRON = many(
    "a cron expression of 5 fields such as 0 3 * * *, or @daily; several are separated by ;",
    _cron,
    separator=";",
)
BLACKOUT = many("windows such as 22:00-06:00; Sat,Sun 10:00-12:00", _window, separator=";")
