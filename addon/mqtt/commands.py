"""What comes in on the command topics, read and checked; what is refused is told why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from addon.command import RUNS, SETTERS, Command
from addon.command_schema import NotUnderstoodError, read_value
from addon.command_text import RefusedError, command_of, text_of, word_of

if TYPE_CHECKING:
    from addon.command import Response, Word
    from addon.mqtt.topics import Topics


@dataclass(frozen=True, slots=True)
class Refusal:
    """A command that was not understood, with the answer that says why."""

    response: Response


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that is no command; ``reason`` is for the log."""

    reason: str


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
        text = text_of(payload, named)
        if topic != topics.command:
            return _of_entity(word_of(named), text)
        return command_of(text) if text.startswith(("{", "[", '"')) else _of_word(word_of(text))
    except RefusedError as error:
        return Refusal(error.response)


def _of_entity(word: Word, text: str) -> Command:
    if word not in SETTERS:
        return Command(word, selected=word in RUNS)
    try:
        return Command(word, value=read_value(word, text))
    except NotUnderstoodError as error:
        raise RefusedError(str(error), command=word) from None


def _of_word(word: Word) -> Command:
    if word in SETTERS:
        raise RefusedError(
            f'The command "{word}" needs a value: publish that to the topic that ends in'
            f' /command/{word}, or send {{"command": "{word}", "value": "…"}}.',
            command=word,
        )
    return Command(word)
