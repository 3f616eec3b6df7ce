"""From the keys of a block to typed values, with a fault for each that has the wrong type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from kometa_ai.adapters.kometa_files.keys import WITHOUT_EFFECT, Entry, Value
from kometa_ai.domain.collection import DEFAULT_THRESHOLD
from kometa_ai.domain.fault import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

_YES = {"true", "yes", "on", "1"}
_NO = {"false", "no", "off", "0"}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*(%?)", re.ASCII)
_COMMA = re.compile(r"(\d*),(\d+)", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_FIRST_FILM, _FAR_FUTURE = 1870, 2200
_PLAINLY, _ALL = 10, 100  # a threshold from 10 to 100 can only be meant as per cent


class Switch(Enum):
    """What a block says of ``enabled``; only ``ON`` lets it run."""

    ON = "on"
    OFF = "off"
    MISSING = "missing"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a block says."""

    enabled: Switch
    prompt: str
    threshold: float
    priority: int
    include_tags: frozenset[str]
    exclude_tags: frozenset[str]
    candidate_genres: frozenset[str]
    candidate_exclude_genres: frozenset[str]
    candidate_year_min: int | None
    candidate_year_max: int | None


def make_wish(
    name: str, line: int, entries: Sequence[Entry]
) -> tuple[Wish, tuple[Fault, ...], tuple[str, ...]]:
    """Check the values of the block at ``name:line``; return also its faults and notices."""
    keys = _Keys(name, entries)
    unsaid = Switch.UNCLEAR if "enabled" in keys.entries else Switch.MISSING
    wish = Wish(
        enabled=keys.take("enabled", _flag, default=unsaid),
        prompt=keys.take("prompt", _prompt, default=""),
        threshold=keys.take("confidence_threshold", _fraction, default=DEFAULT_THRESHOLD),
        priority=keys.take("priority", _whole, default=0),
        include_tags=keys.take("include_tags", _words, default=frozenset()),
        exclude_tags=keys.take("exclude_tags", _words, default=frozenset()),
        candidate_genres=keys.take("candidate_genres", _words, default=frozenset()),
        candidate_exclude_genres=keys.take("candidate_exclude_genres", _words, default=frozenset()),
        candidate_year_min=keys.take("candidate_year_min", _year, default=None),
        candidate_year_max=keys.take("candidate_year_max", _year, default=None),
    )
    if "prompt" not in keys.entries:
        keys.fault(line, "The block has no prompt.", _WRITE_PROMPT)
    low, high = wish.candidate_year_min, wish.candidate_year_max
    if low is not None and high is not None and low > high:
        message = f"candidate_year_min ({low}) is later than candidate_year_max ({high})."
        keys.fault(keys.entries["candidate_year_min"].line, message, "Swap the two.")
    notices = tuple(
        f"{name}:{entry.line}: {entry.key} has no effect any more; the line can go."
        for entry in entries
        if entry.key in WITHOUT_EFFECT
    )
    return wish, tuple(keys.faults), notices


_WRITE_PROMPT = "Say after prompt: in plain words which films belong."


class _WrongError(Exception):
    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class _Keys:
    def __init__(self, name: str, entries: Sequence[Entry]) -> None:
        self.entries = {entry.key: entry for entry in entries}
        self.faults: list[Fault] = []
        self._name = name

    def take(self, key: str, convert: Callable[[Value], T], *, default: T) -> T:
        entry = self.entries.get(key)
        if entry is None:
            return default
        try:
            return convert(entry.value)
        except _WrongError as error:
            self.fault(entry.line, f"{key} {error.message}.", error.remedy)
            return default

    def fault(self, line: int, message: str, remedy: str) -> None:
        self.faults.append(Fault(FaultKind.KOMETA, f"{self._name}:{line}", message, remedy))


def _flag(value: Value) -> Switch:
    word = value.strip().lower() if isinstance(value, str) else ""
    if word in _YES:
        return Switch.ON
    if word in _NO:
        return Switch.OFF
    raise _WrongError(f"should be true or false, not {_shown(value)}", "Write true or false.")


def _prompt(value: Value) -> str:
    if not isinstance(value, str):
        remedy = "Write prompt: | and the text below it, indented by two spaces."
        raise _WrongError(f"should be text, not {_shown(value)}", remedy)
    if not value.strip():
        raise _WrongError("is empty", _WRITE_PROMPT)
    return value.strip()


def _fraction(value: Value) -> float:
    text = value.strip() if isinstance(value, str) else ""
    if _NUMBER.fullmatch(text) and 0 <= float(text) <= 1:
        return float(text)
    remedy = "Write a number such as 0.7."
    if comma := _COMMA.fullmatch(text):
        remedy = f"Write {comma[1] or 0}.{comma[2]}."
    percent = _PERCENT.fullmatch(text)
    if percent and float(percent[1]) <= _ALL and (percent[2] or float(percent[1]) >= _PLAINLY):
        remedy = f"Write {float(percent[1]) / _ALL:.4g}."
    raise _WrongError(f"should be a number from 0 to 1, not {_shown(value)}", remedy)


def _whole(value: Value) -> int:
    text = value.strip() if isinstance(value, str) else ""
    if _WHOLE.fullmatch(text):
        return int(text)
    remedy = "Write a number such as 10; higher ones come first."
    raise _WrongError(f"should be a whole number, not {_shown(value)}", remedy)


def _year(value: Value) -> int | None:
    text = value.strip() if isinstance(value, str) else ""
    if _WHOLE.fullmatch(text) and _FIRST_FILM <= int(text) <= _FAR_FUTURE:
        return int(text)
    expected = f"a year from {_FIRST_FILM} to {_FAR_FUTURE}"
    raise _WrongError(f"should be {expected}, not {_shown(value)}", "Write a year such as 1975.")


def _words(value: Value) -> frozenset[str]:
    if value is None:
        remedy = "Write a list such as [drama, crime], or the words with commas between them."
        raise _WrongError(f"should be a list of words, not {_shown(value)}", remedy)
    texts = (value,) if isinstance(value, str) else value
    words = {word.strip().lower() for text in texts for word in text.split(",")}
    return frozenset(words - {""})


def _shown(value: Value) -> str:
    if value is None:
        return "keys or lists inside one another"
    if isinstance(value, tuple):
        return "a list"
    return f'"{value.strip()}"' if value.strip() else "empty"
