"""How a cron expression is written: from text to what it names, or the place of the fault."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final

from croniter import CroniterError, croniter

from kometa_ai.domain.schedule import LAST, Cron
from kometa_ai.settings.kinds import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS: Final = {
    "@annually": "0 0 1 1 *",
    "@daily": "0 0 * * *",
    "@hourly": "0 * * * *",
    "@midnight": "0 0 * * *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@yearly": "0 0 1 1 *",
}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
# Any day will do: whether an expression ever comes is asked for 50 years.
_ANY_DAY = date(2026, 1, 1)


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    takes: str
    low: int
    high: int
    most: int
    """The highest step that makes sense."""
    names: Mapping[str, int] = field(default_factory=dict)

    def refused(self, element: str, at: int, why: str = "") -> Refused:
        reason = why or f"where {self.takes} belongs"
        return Refused(f"has {element!r} as {self.name}, {reason}", at)


_MINUTE = _Field("minute", "0-59", 0, 59, 59)
_HOUR = _Field("hour", "0-23", 0, 23, 23)
_MONTH_DAY = _Field("day of the month", "1-31", 1, 31, 31)
_MONTH = _Field(
    "month", "1-12 or JAN-DEC", 1, 12, 12, {name: n for n, name in enumerate(_MONTHS, start=1)}
)
_WEEKDAY = _Field(
    "day of the week", "0-7 or SUN-SAT", 0, 7, 7, {name: n for n, name in enumerate(_WEEKDAYS)}
)
_WEEKDAY_WORDS = {**_WEEKDAY.names, **{str(number): number % 7 for number in range(8)}}
_FIELDS: Final = (_MINUTE, _HOUR, _MONTH_DAY, _MONTH, _WEEKDAY)


def read(text: str) -> Cron:
    """Return what the expression names.

    Raises:
        Refused: with the place of the first character that does not belong.

    """
    if text.startswith("@"):
        if text.lower() not in _WORDS:
            raise Refused(f"is not one of {', '.join(_WORDS)}", 0)
        return _cron(text.lower(), _WORDS[text.lower()])
    return _cron(" ".join(text.split()), text)


def _cron(name: str, text: str) -> Cron:
    fields = list(re.finditer(r"\S+", text))
    if len(fields) != len(_FIELDS):
        more = len(fields) > len(_FIELDS)
        at = fields[len(_FIELDS)].start() if more else len(text)
        raise Refused(f"has {len(fields)} fields where cron has 5", at)
    minutes, hours, month_days, months, weekdays = (
        _numbers(kind, found) for kind, found in zip(_FIELDS, fields, strict=True)
    )
    hour, month_day, weekday = fields[1][0], fields[2][0], fields[4][0]
    cron = Cron(
        text=name,
        minutes=frozenset(minutes),
        hours=frozenset(hours),
        month_days=frozenset(month_days),
        months=frozenset(months),
        weekdays=frozenset(weekday % 7 for weekday in weekdays),
        nth_weekdays=frozenset(_nth_weekdays(fields[4])),
        month_days_open=month_day[0] in "*?",
        weekdays_open=weekday[0] in "*?",
        elapsed="*" in hour or "/" in hour,
    )
    if next(cron.days(_ANY_DAY), None) is None:
        raise Refused("never comes: no month has that day", fields[2].start())
    return cron


def _elements(found: re.Match[str]) -> list[tuple[str, int]]:
    """Return what stands between the commas, and where."""
    starts = [found.start()]
    starts.extend(found.start() + comma.end() for comma in re.finditer(",", found[0]))
    return list(zip(found[0].split(","), starts, strict=True))


def _numbers(kind: _Field, found: re.Match[str]) -> set[int]:
    numbers: set[int] = set()
    for element, at in _elements(found):
        if kind is _WEEKDAY and _nth_weekday(element):
            continue
        if kind is _MONTH_DAY and element.lower() == "l":
            numbers.add(LAST)
        else:
            numbers.update(_range(kind, element, at))
    return numbers


def _range(kind: _Field, element: str, at: int) -> list[int]:
    body, slash, step = element.partition("/")
    if body == "?" and not slash and kind in (_MONTH_DAY, _WEEKDAY):
        return _expanded(kind, "*", at)
    if slash and not re.fullmatch(r"[0-9]{1,9}", step):
        raise kind.refused(element, at)
    if slash and not 1 <= int(step) <= kind.most:
        why = f"a step beyond {kind.most}" if int(step) else "a step of zero"
        raise kind.refused(element, at, why)
    if body != "*":
        # Checked here: to croniter R is a number by chance, and 15W a plain 15.
        first, dash, last = body.lower().partition("-")
        low = _number(kind, first, element, at)
        if dash and _number(kind, last, element, at) == low:
            element = first  # and 5-5 is every minute
    return _expanded(kind, element, at)


def _number(kind: _Field, word: str, element: str, at: int) -> int:
    if word in kind.names:
        return kind.names[word]
    if not re.fullmatch(r"[0-9]{1,9}", word):
        raise kind.refused(element, at)
    return int(word)


def _expanded(kind: _Field, element: str, at: int) -> list[int]:
    """Return the numbers that croniter finds in one element of a field."""
    alone = ["*"] * len(_FIELDS)
    alone[_FIELDS.index(kind)] = element
    try:
        found = croniter.expand(" ".join(alone))[0][_FIELDS.index(kind)]
    except CroniterError:
        raise kind.refused(element, at) from None
    if found == ["*"]:
        return list(range(kind.low, kind.high + 1))
    if not all(isinstance(number, int) for number in found):
        raise kind.refused(element, at)
    return [int(number) for number in found]


def _nth_weekdays(found: re.Match[str]) -> set[tuple[int, int]]:
    each = (_nth_weekday(element) for element, _ in _elements(found))
    return {nth for nth in each if nth is not None}


def _nth_weekday(element: str) -> tuple[int, int] | None:
    """Return weekday and place of ``FRI#2`` and ``L5``, the last Friday."""
    word, hash_sign, place = element.lower().partition("#")
    if hash_sign and word in _WEEKDAY_WORDS and place in {"1", "2", "3", "4", "5"}:
        return _WEEKDAY_WORDS[word], int(place)
    last = re.fullmatch(r"l([0-7])|([0-7])l", element.lower())
    return (int(last[1] or last[2]) % 7, LAST) if last else None
