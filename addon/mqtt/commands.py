"""What comes in on the command topics, read and checked; what is refused is told why."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Never

from addon.command import RUNS, SETTERS, Command, Response, Word
from addon.mqtt.command_schema import (
    SHOWN,
    NotUnderstoodError,
    read_keys,
    read_value,
    readable_id,
)
from addon.mqtt.texts import cut

if TYPE_CHECKING:
    from addon.mqtt.topics import Topics

MAX_SIZE: Final = 4096
"""Bytes of the longest payload that is read."""
WORDS: Final = ", ".join(Word)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A command that was not understood, with the answer that says why."""

    response: Response


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that is no command; ``reason`` is for the log."""

    reason: str


class _RefusedError(Exception):
    def __init__(self, error: str, *, command: str = "", request_id: str | None = None) -> None:
        super().__init__(error)
        self.response = Response(
            cut(command, SHOWN), accepted=False, request_id=request_id, error=error
        )


def read_command(
    topics: Topics, topic: str, payload: bytes, *, retain: bool
) -> Command | Refusal | Ignored:
    """Return the command of one message, or why it is none; never raises."""
    if topic != topics.command and not topic.startswith(f"{topics.command}/"):
        return Ignored(f"A message on {topic} is no command.")
    if retain:
        return Ignored(f"A retained message on {topic} is no command: it may be a year old.")
    if not payload.strip():
        return Ignored(f"An empty message on {topic} is no command.")
    named = topic.removeprefix(topics.command).removeprefix("/")
    try:
        text = _text(payload, named)
        if topic != topics.command:
            return _of_entity(_word(named), text)
        return _of_json(text) if text.startswith(("{", "[", '"')) else _of_word(_word(text))
    except _RefusedError as error:
        return Refusal(error.response)


def _text(payload: bytes, command: str) -> str:
    if len(payload) > MAX_SIZE:
        raise _RefusedError(
            f"The payload is {len(payload):,} bytes long; at most {MAX_SIZE:,} are read.",
            command=command,
        )
    try:
        return payload.decode().strip()
    except UnicodeDecodeError:
        raise _RefusedError("The payload is not UTF-8 text.", command=command) from None


def _of_entity(word: Word, text: str) -> Command:
    if word not in SETTERS:
        return Command(word, selected=word in RUNS)
    try:
        return Command(word, value=read_value(word, text))
    except NotUnderstoodError as error:
        raise _RefusedError(str(error), command=word) from None


def _of_word(word: Word) -> Command:
    if word in SETTERS:
        raise _RefusedError(
            f'The command "{word}" needs a value: publish that to the topic that ends in'
            f' /command/{word}, or send {{"command": "{word}", "value": "…"}}.',
            command=word,
        )
    return Command(word)


def _of_json(text: str) -> Command:
    told = _object(text)
    request_id = readable_id(told.get("request_id"))
    named = told.pop("command", None)
    if not isinstance(named, str):
        raise _RefusedError(f'The key "command" must hold one of: {WORDS}.', request_id=request_id)
    word = _word(named, request_id)
    try:
        keys = read_keys(word, told)
    except NotUnderstoodError as error:
        raise _RefusedError(str(error), command=word, request_id=request_id) from None
    return Command(word, **keys)  # type: ignore[arg-type] # the schema gives each key its type


def _word(named: str, request_id: str | None = None) -> Word:
    try:
        return Word(named)
    except ValueError:
        close = get_close_matches(named[:SHOWN].lower(), list(Word), n=1)
        hint = f'Did you mean "{close[0]}"?' if close else f"There are: {WORDS}."
        raise _RefusedError(
            f'There is no command "{cut(named, SHOWN)}". {hint}',
            command=named,
            request_id=request_id,
        ) from None


def _object(text: str) -> dict[str, object]:
    try:
        told = json.loads(
            text, object_pairs_hook=_once, parse_float=Decimal, parse_constant=_no_number
        )
        # Half a surrogate pair can be escaped in JSON, and then neither be stored nor answered.
        json.dumps(told, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise _RefusedError(
            "The payload holds half of a surrogate pair, which is no text."
        ) from None
    except json.JSONDecodeError as error:
        raise _RefusedError(
            f"The payload is not valid JSON: {error.msg} (character {error.pos + 1})."
        ) from None
    except RecursionError:
        raise _RefusedError("The payload is nested too deeply to be a command.") from None
    if not isinstance(told, dict):
        raise _RefusedError(
            'The payload must be a command word, or a JSON object such as {"command": "run"}.'
        )
    return told


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    told = dict(pairs)
    if len(told) < len(pairs):
        # Which of the two was meant nobody can say, and one of them may spend money.
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _RefusedError(f'The key "{cut(twice, SHOWN)}" is there twice.')
    return told


def _no_number(text: str) -> Never:
    raise _RefusedError(f"{text} is not a number that JSON knows.")
