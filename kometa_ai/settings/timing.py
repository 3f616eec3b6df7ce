"""When runs are due, as the user writes it: cron, intervals, blackout windows; read and checked.

Only the grammar lives here; which instant is due next is the schedule's business.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kometa_ai.domain.schedule import DAY_NAMES, EVERY_DAY, Interval, Unit, Window
from kometa_ai.settings import crontab
from kometa_ai.settings.kinds import TIME_OF_DAY, Refused, many, one

if TYPE_CHECKING:
    from datetime import time

_DAY_NUMBERS = {name.lower(): number for number, name in enumerate(DAY_NAMES)}


def _interval(text: str) -> Interval:
    parts = re.fullmatch(r"([0-9]{1,3})(h|d|w|mo|m)", text.lower())
    if not parts:
        raise Refused("is not an interval", _end_of_interval(text.lower()))
    if parts[2] == "m":
        raise Refused(
            "has the unit m, which could mean minutes; months are written mo", len(text) - 1
        )
    if int(parts[1]) == 0:
        raise Refused("is an interval of zero", 0)
    return Interval(int(parts[1]), Unit(parts[2]))


def _end_of_interval(text: str) -> int:
    """Return how far the text is one."""
    digits = re.match(r"[0-9]{0,3}", text)
    number = digits.end() if digits else 0
    unit = re.compile(r"mo|[hdw]").match(text, number) if number else None
    return unit.end() if unit else number


def _window(text: str) -> Window:
    times = re.search(r"(?<![0-9:])([0-9:]+)\s*-\s*([0-9:]+)\Z", text)
    named = text[: times.start()] if times else ""
    if not times or (named and not named[-1].isspace()):
        raise Refused("is not a window of time", _end_of_window(text))
    days = _days(named.rstrip()) if named else EVERY_DAY
    start, end = (_time(times[group], times.start(group)) for group in (1, 2))
    if start == end:
        raise Refused("ends at the minute in which it begins", times.start(2))
    return Window(days, start, end)


def _end_of_window(text: str) -> int:
    """Return how far the text is one."""
    so_far = re.match(r"(?:[A-Za-z][^0-9]*\s)?(?:[0-9:]+\s*(?:-\s*(?:[0-9:]+\s*)?)?)?", text)
    return so_far.end() if so_far else 0


def _time(text: str, before: int) -> time:
    try:
        return TIME_OF_DAY.read(text)
    except Refused as refused:
        raise Refused(f"has {text!r}, which {refused.reason}", before) from None


def _days(text: str) -> frozenset[int]:
    days: set[int] = set()
    before = 0
    for piece in text.lower().split(","):
        first, dash, last = piece.partition("-")
        start = _day(first, before)
        length = (_day(last, before + len(first) + 1) - start) % 7 if dash else 0
        days.update((start + step) % 7 for step in range(length + 1))
        before += len(piece) + 1
    return frozenset(days)


def _day(word: str, before: int) -> int:
    if word.strip() not in _DAY_NUMBERS:
        at = before + len(word) - len(word.lstrip())
        raise Refused("has a day that is not Mon, Tue, Wed, Thu, Fri, Sat or Sun", at)
    return _DAY_NUMBERS[word.strip()]


INTERVAL = one("an interval: a number with h, d, w or mo, such as 6h, 1d, 2w, 1mo", _interval)
CRON = many(
    "a cron expression of 5 fields such as 0 3 * * *, or @daily; several are separated by ;",
    crontab.read,
    separator=";",
)
BLACKOUT = many("windows such as 22:00-06:00; Sat,Sun 10:00-12:00", _window, separator=";")
