"""How a question is put: the words, the shape of the answer, and no thinking before it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

from kometa_ai.domain.cost import SCHEMA_TOKENS, Shape, Thinking, Usage, max_tokens
from kometa_ai.domain.prompt import ANSWER_SCHEMA, instructions, titles, titles_length

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anthropic.types import OutputConfigParam, TextBlockParam, ThinkingConfigParam
    from anthropic.types.message_create_params import MessageCreateParamsBase

    from kometa_ai.domain.cost import Model
    from kometa_ai.domain.media import MediaItem
    from kometa_ai.domain.requests import Request

IN_WORDS: Final = (
    "Answer with nothing but one JSON object that fits this JSON schema, and no words around it:\n"
    + json.dumps(ANSWER_SCHEMA, separators=(",", ":"))
)

Effort: TypeAlias = Literal["low", "medium", "high", "xhigh", "max"]

DISPENSABLE: Final[Mapping[str, str]] = {
    "output_config": "cannot constrain its answers to a schema, so it is asked for JSON in words;"
    " more of its answers may be unusable.",
    "thinking": "cannot be kept from thinking before it answers, which is billed as output.",
}
"""What a request can do without when a server refuses it, and what is said about that."""


class Form:
    """The form of every question; ``refused`` is what the server can't take of it."""

    def __init__(self, model: Model, effort: str | None) -> None:
        self.model = model
        self.effort = effort
        self.refused: set[str] = set()
        self._lengths: dict[int, tuple[MediaItem, int]] = {}

    def shape(self, request: Request) -> Shape:
        """Return how large a request would be, without sending it."""
        system = sum(len(block["text"].encode()) for block in self._system(request))
        room = max_tokens(request, thinks=self._thinks())
        return Shape(system, titles_length(request, self._length), room)

    def _length(self, item: MediaItem) -> int:
        """Return the bytes of an item's line; it is measured for each group of collections."""
        measured, length = self._lengths.get(item.id, (None, 0))
        if measured is not item:
            length = len(_sound(item.line).encode())
            self._lengths[item.id] = item, length
        return length

    def most_used(self, request: Request, answer: str) -> Usage:
        """Return the most that an answer can have used, for a server that does not tell."""
        shape = self.shape(request)
        prompt = shape.instructions + shape.message + SCHEMA_TOKENS
        return Usage(prompt, len(answer.encode()))

    def filled(self, request: Request) -> MessageCreateParamsBase:
        """Return a request as it is sent."""
        body: MessageCreateParamsBase = {
            "model": self.model.name,
            "max_tokens": max_tokens(request, thinks=self._thinks()),
            "system": self._system(request),
            "messages": [{"role": "user", "content": _sound(titles(request))}],
        }
        if thinking := self._thinking():
            body["thinking"] = thinking
        if config := self._output_config():
            body["output_config"] = config
        return body

    def _system(self, request: Request) -> list[TextBlockParam]:
        criteria: TextBlockParam = {
            "type": "text",
            "text": _sound(instructions(request.collections)),
        }
        if request.cached:
            criteria["cache_control"] = {"type": "ephemeral"}
        if "output_config" in self.refused:
            return [{"type": "text", "text": IN_WORDS}, criteria]
        return [criteria]

    def _output_config(self) -> OutputConfigParam | None:
        if "output_config" in self.refused:
            return None
        config: OutputConfigParam = {
            "format": {"type": "json_schema", "schema": dict(ANSWER_SCHEMA)}
        }
        if self.effort is not None:
            config["effort"] = cast("Effort", self.effort)  # the API knows which model has which
        elif self.model.known and self._thinks():
            config["effort"] = "low"
        return config

    def _thinking(self) -> ThinkingConfigParam | None:
        """Keep the model from thinking where it can be, unless a person set an effort."""
        if self.effort is not None or not self.model.known or "thinking" in self.refused:
            return None
        match self.model.thinking:
            case Thinking.CAN_DISABLE:
                return {"type": "disabled"}
            case Thinking.BETWEEN_TOOLS:
                return {"type": "between_tools"}
            case Thinking.OFF | Thinking.ALWAYS:
                return None

    def _thinks(self) -> bool:
        return self.model.thinking is not Thinking.OFF and self._thinking() is None


def _sound(text: str) -> str:
    """Replace what cannot be sent: half a surrogate pair, as some databases have in titles."""
    return text.encode("utf-8", "replace").decode()
