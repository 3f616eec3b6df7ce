"""Which keys each command understands, and what each key may hold."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Never

import voluptuous as vol

from addon.command import SETTERS, Word
from addon.texts import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_ID: Final = 128
"""Characters of the longest request or run id."""
MOST_EVALUATIONS: Final = 1_000_000_000
MOST_DOLLARS: Final = 1_000_000
"""The settings take no more than this."""
SHOWN: Final = 60
"""Characters of something wrong that are told back."""
ON_OFF: Final = {"on": "ON", "true": "ON", "off": "OFF", "false": "OFF"}
MILLIONTH: Final = Decimal("0.000001")


class NotUnderstoodError(Exception):
    """What a command's keys or its value hold is wrong; the text is a sentence for the sender."""


def read_keys(word: Word, told: Mapping[str, object]) -> dict[str, object]:
    """Return the checked keys of a JSON command, without ``command``, as ``Command`` has them.

    Raises NotUnderstoodError with a sentence for each fault.
    """
    try:
        checked: dict[str, object] = SCHEMAS[word](dict(told))
    except vol.MultipleInvalid as invalid:
        raise NotUnderstoodError(" ".join(_sentence(word, one) for one in invalid.errors)) from None
    if "collection" in checked:
        checked["collections"] = checked.pop("collection")
    return checked


def read_value(word: Word, value: object) -> str:
    """Return what a setter is to set, as text; raises NotUnderstoodError."""
    try:
        return VALUES[word](value)
    except vol.Invalid as invalid:
        raise NotUnderstoodError(f'The value of "{word}" {invalid.error_message}.') from None


def readable_id(value: object) -> str | None:
    """Return a request id, if it is one."""
    return value if isinstance(value, str) and 0 < len(value) <= MAX_ID else None


def _sentence(word: Word, invalid: vol.Invalid) -> str:
    key = cut(str(invalid.path[0]), SHOWN) if invalid.path else ""
    if isinstance(invalid, vol.RequiredFieldInvalid):
        return f'The command "{word}" needs the key "{key}".'
    if isinstance(invalid, _UnknownKeyInvalid):
        known = ", ".join(["command", *(str(one) for one in KEYS[word])])
        return f'The command "{word}" does not understand the key "{key}"; it takes {known}.'
    return f'The key "{key}" {invalid.error_message}.'


class _UnknownKeyInvalid(vol.Invalid):
    pass


def _unknown(_value: object) -> Never:
    raise _UnknownKeyInvalid("is not known")


def _names(value: object) -> tuple[str, ...]:
    told: list[object] = value if isinstance(value, list) else [value]
    names = tuple(one.strip() for one in told if isinstance(one, str) and one.strip())
    if not names or len(names) < len(told):
        # An empty list must not come to mean every collection.
        raise vol.Invalid("must be a collection's name in quotes, or a list of such names")
    return names


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise vol.Invalid("must be true or false, without quotes")
    return value


def _id(value: object) -> str:
    if (told := readable_id(value)) is None:
        raise vol.Invalid(f"must be text in quotes, of 1 to {MAX_ID} characters")
    return told


def _amount(value: object) -> Decimal | None:
    """Return a number that is not negative; ``None`` where it is none or far too big."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    text = str(value).strip()
    # Decimal itself also reads underscores, other scripts' digits, and ten million digits.
    if not re.fullmatch(
        r"\+?([0-9]{1,20}\.?[0-9]{0,30}|\.[0-9]{1,30})([eE][+-]?[0-9]{1,2})?", text
    ):
        return None
    amount = Decimal(text)
    return amount if amount <= MOST_EVALUATIONS else None


def _evaluations(value: object) -> int:
    amount = _amount(value)
    if amount is None or amount != int(amount):
        raise vol.Invalid(f"must be a whole number from 0 (no cap) to {MOST_EVALUATIONS:,}")
    return int(amount)


def _evaluations_text(value: object) -> str:
    return str(_evaluations(value))


def _dollars(value: object) -> str:
    amount = _amount(value)
    if amount is None or amount > MOST_DOLLARS:
        told = f"must be an amount in US dollars such as 5 or 0.50, at most {MOST_DOLLARS:,}"
        raise vol.Invalid(told)
    # A slider's 0.30000000000000004 is 0.3.
    rounded = amount.quantize(MILLIONTH)
    return f"{amount if rounded == amount else rounded.normalize():f}"


def _switch(value: object) -> str:
    told = str(value).strip().lower() if isinstance(value, str | bool) else ""
    if told not in ON_OFF:
        raise vol.Invalid("must be ON or OFF")
    return ON_OFF[told]


def _cron(value: object) -> str:
    if not isinstance(value, str):
        raise vol.Invalid("must be a cron expression in quotes, such as 0 3 * * *")
    return value.strip()


def _collection(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise vol.Invalid("must be a collection's name, or All")
    return value.strip()


VALUES: Final[Mapping[Word, Callable[[object], str]]] = {
    Word.COLLECTION: _collection,
    Word.SCHEDULE: _switch,
    Word.DRY_RUN_MODE: _switch,
    Word.CRON: _cron,
    Word.MONTHLY_BUDGET: _dollars,
    Word.MAX_EVALS: _evaluations_text,
}
WHICH: Final[Mapping[str, Callable[[object], object]]] = {
    "collection": _names,
    "max_evals": _evaluations,
}
REVIEW: Final[Mapping[str, Callable[[object], object]]] = {"run_id": _id}


def _keys(word: Word) -> dict[vol.Marker, Callable[[object], object]]:
    own: dict[vol.Marker, Callable[[object], object]] = {}
    if word in SETTERS:
        own[vol.Required("value")] = VALUES[word]
    if word in {Word.RUN, Word.DRY_RUN, Word.FORCE_REFRESH, Word.ESTIMATE}:
        own |= {vol.Optional(key): valid for key, valid in WHICH.items()}
    if word in {Word.RUN, Word.FORCE_REFRESH}:
        own[vol.Optional("dry_run")] = _boolean
    if word in {Word.RUN, Word.DRY_RUN, Word.ESTIMATE}:
        own[vol.Optional("force_refresh")] = _boolean
    if word in {Word.APPROVE, Word.DECLINE, Word.UNDO}:
        own |= {vol.Optional(key): valid for key, valid in REVIEW.items()}
    return own | {vol.Optional("request_id"): _id}


KEYS: Final = {word: _keys(word) for word in Word}
SCHEMAS: Final = {word: vol.Schema(keys | {vol.Extra: _unknown}) for word, keys in KEYS.items()}
