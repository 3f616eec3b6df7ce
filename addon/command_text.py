"""A command as others write it: one JSON object, read strictly; what is refused is told why."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Final, Never

from addon.command import Command, Response, Word
from addon.command_schema import SHOWN, NotUnderstoodError, read_keys, readable_id
from addon.texts import cut

MAX_SIZE: Final = 4096
"""Bytes of the longest payload that is read."""
WORDS: Final = ", ".join(Word)


class RefusedError(Exception):
    """A command that is none; ``response`` is the answer that says why."""

    def __init__(self, error: str, *, command: str = "", request_id: str | None = None) -> None:
        super().__init__(error)
        self.response = Response(
            cut(command, SHOWN), accepted=False, request_id=request_id, error=error
        )


def text_of(payload: bytes, command: str = "") -> str:
    """Return a payload as text; raises RefusedError."""
    if len(payload) > MAX_SIZE:
        raise RefusedError(
            f"The payload is {len(payload):,} bytes long; at most {MAX_SIZE:,} are read.",
            command=command,
        )
    try:
        return payload.decode().strip()
    except UnicodeDecodeError:
        raise RefusedError("The payload is not UTF-8 text.", command=command) from None


def command_of(text: str) -> Command:
    """Return the command that a JSON object stands for; raises RefusedError."""
    told = _object(text)
    request_id = readable_id(told.get("request_id"))
    named = told.pop("command", None)
    if not isinstance(named, str):
        raise RefusedError(f'The key "command" must hold one of: {WORDS}.', request_id=request_id)
    word = word_of(named, request_id)
    try:
        keys = read_keys(word, told)
    except NotUnderstoodError as error:
        raise RefusedError(str(error), command=word, request_id=request_id) from None
    return Command(word, **keys)  # type: ignore[arg-type] # the schema gives each key its type


def word_of(named: str, request_id: str | None = None) -> Word:
    """Return the command's word; raises RefusedError."""
    try:
        return Word(named)
    except ValueError:
        close = get_close_matches(named[:SHOWN].lower(), list(Word), n=1)
        hint = f'Did you mean "{close[0]}"?' if close else f"There are: {WORDS}."
        raise RefusedError(
            f'There is no command "{cut(named, SHOWN)}". {hint}',
            command=named,
            request_id=request_id,
        ) from None


def _object(text: str) -> dict[str, object]:
    try:
        told = json.loads(
            text, object_pairs_hook=_once, parse_float=_decimal, parse_constant=_no_number
        )
        # Half a surrogate pair can be escaped in JSON, and then neither be stored nor answered.
        json.dumps(told, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise RefusedError(
            "The payload holds half of a surrogate pair, which is no text."
        ) from None
    except json.JSONDecodeError as error:
        raise RefusedError(
            f"The payload is not valid JSON: {error.msg} (character {error.pos + 1})."
        ) from None
    except RecursionError:
        raise RefusedError("The payload is nested too deeply to be a command.") from None
    if not isinstance(told, dict):
        raise RefusedError(
            'The payload must be a command word, or a JSON object such as {"command": "run"}.'
        )
    return told


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    told = dict(pairs)
    if len(told) < len(pairs):
        # Which of the two was meant nobody can say, and one of them may spend money.
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise RefusedError(f'The key "{cut(twice, SHOWN)}" is there twice.')
    return told


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent of twenty digits
        _no_number(cut(text, SHOWN))


def _no_number(text: str) -> Never:
    raise RefusedError(f"{text} is not a number that can be read.")
