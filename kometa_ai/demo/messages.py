"""A prompt as the Messages API takes it, and an answer as it gives it, piece by piece."""

from __future__ import annotations

import json
from bisect import bisect_right
from enum import Enum
from typing import TYPE_CHECKING, Final

from kometa_ai.demo.meter import count_tokens
from kometa_ai.demo.refusals import MODELS, Json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kometa_ai.demo.meter import Bill
    from kometa_ai.demo.mishap import Mishap

PIECE: Final = 48
SOON: Final = 1
"""The output tokens that a message reports when it begins."""
THOUGHTS: Final = {"low": 150, "medium": 600, "high": 1500, "xhigh": 3000, "max": 6000}
"""How many tokens a model thinks, by its effort."""


class Prompt:
    """The parts of a request that matter: what is read, what is cached, what is held to."""

    def __init__(self, body: Mapping[str, Json]) -> None:
        self.model = str(body["model"])
        self.room = int(str(body["max_tokens"]))
        self.streams = body.get("stream") is True
        config = body.get("output_config")
        self._config = config if isinstance(config, dict) else {}
        form = self._config.get("format")
        self.constrained = form is not None
        blocks = [*_blocks(body.get("system")), *_blocks(body.get("messages"))]
        marks = [at for at, block in enumerate(blocks, 1) if block.get("cache_control")]
        texts = [str(block.get("text", "")) for block in blocks]
        # The schema stands before all else, so that another one finds nothing in the cache.
        self.prefix = "\n".join([json.dumps(form), *texts[: marks[-1]]]) if marks else ""
        self.rest = (
            "\n".join(texts[marks[-1] :]) if marks else "\n".join([json.dumps(form), *texts])
        )
        self.system = "\n\n".join(str(one.get("text", "")) for one in _blocks(body.get("system")))
        self.message = "\n\n".join(str(one.get("text", "")) for one in _blocks(body["messages"]))
        self._thinking = body.get("thinking")

    @property
    def thoughts(self) -> int:
        """Return how many tokens the model thinks before it answers."""
        traits = MODELS[self.model]
        kind = self._thinking.get("type") if isinstance(self._thinking, dict) else None
        if kind in {"disabled", "between_tools"} or (kind is None and not traits.thinks):
            return 0
        return THOUGHTS[str(self._config.get("effort") or traits.effort)]


def _blocks(said: Json) -> list[dict[str, Json]]:
    """Return the text blocks of a system prompt or a conversation, however they are written."""
    if isinstance(said, str):
        return [{"type": "text", "text": said}]
    found: list[dict[str, Json]] = []
    for one in said if isinstance(said, list) else []:
        if isinstance(one, dict):
            found += _blocks(one["content"]) if "content" in one else [one]
    return found


class Traffic(Enum):
    """What the wire does with an event."""

    SEND = "send"
    HOLD = "hold"
    RESET = "reset"
    END = "end"


class Speech:
    """An answer on its way out; what of it was said is on the bill."""

    def __init__(self, prompt: Prompt, text: str, mishap: Mishap, bill: Bill) -> None:
        self._prompt = prompt
        self._mishap = mishap
        self._bill = bill
        self._thoughts = min(prompt.thoughts, prompt.room)
        room = prompt.room - self._thoughts
        self._stop_reason = mishap.stop_reason or "end_turn"
        if count_tokens(text) > room:
            text = text[: _fitting(text, room)]
            self._stop_reason = "max_tokens"
        self._text = text

    def whole(self) -> dict[str, object]:
        """Return the answer as one message."""
        self._charge(self._text)
        return {
            **self._message(),
            "content": [*self._thought(), {"type": "text", "text": self._text}],
            "stop_reason": self._stop_reason,
            "usage": self._bill.usage(),
        }

    def events(self) -> Iterator[tuple[Traffic, Mapping[str, object]]]:
        """Yield the answer event by event, and where a mishap strikes."""
        said = 0
        try:
            yield Traffic.SEND, {"type": "message_start", "message": self._message()}
            yield Traffic.HOLD, {"type": "ping"}
            yield from self._thinking()
            at = len(self._thought())
            block = {"type": "text", "text": ""}
            yield Traffic.SEND, {"type": "content_block_start", "index": at, "content_block": block}
            for number, start in enumerate(range(0, len(self._text), PIECE)):
                yield from self._mishaps(number)
                piece = self._text[start : start + PIECE]
                said += len(piece)
                delta = {"type": "text_delta", "text": piece}
                yield Traffic.SEND, {"type": "content_block_delta", "index": at, "delta": delta}
            yield Traffic.SEND, {"type": "content_block_stop", "index": at}
        finally:  # even when nobody listens any more
            self._charge(self._text[:said])
        end = {"stop_reason": self._stop_reason, "stop_sequence": None}
        usage = self._bill.usage()
        yield Traffic.SEND, {"type": "message_delta", "delta": end, "usage": usage}
        yield Traffic.SEND, {"type": "message_stop"}

    def _mishaps(self, number: int) -> Iterator[tuple[Traffic, Mapping[str, object]]]:
        if number == self._mishap.reset_after:
            yield Traffic.RESET, {}
        if number == self._mishap.end_after:
            yield Traffic.END, {}
        if number == self._mishap.error_after:
            kind, message = self._mishap.error
            yield Traffic.SEND, {"type": "error", "error": {"type": kind, "message": message}}
            yield Traffic.END, {}

    def _message(self) -> dict[str, object]:
        return {
            "id": "msg_simulated",
            "type": "message",
            "role": "assistant",
            "model": self._prompt.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": self._bill.usage(SOON),
        }

    def _thought(self) -> list[dict[str, object]]:
        """Return the block that a thinking model begins with; its text is left out."""
        if not self._thoughts and not self._mishap.thinks_first:
            return []
        return [{"type": "thinking", "thinking": "", "signature": "c2ltdWxhdGVk"}]

    def _thinking(self) -> Iterator[tuple[Traffic, Mapping[str, object]]]:
        for block in self._thought():
            yield Traffic.SEND, {"type": "content_block_start", "index": 0, "content_block": block}
            delta = {"type": "signature_delta", "signature": block["signature"]}
            yield Traffic.SEND, {"type": "content_block_delta", "index": 0, "delta": delta}
            yield Traffic.SEND, {"type": "content_block_stop", "index": 0}

    def _charge(self, said: str) -> None:
        self._bill.output = max(SOON, self._thoughts + count_tokens(said))


def _fitting(text: str, room: int) -> int:
    """Return how many characters of a text so many tokens hold."""
    lengths = range(len(text) + 1)
    return bisect_right(lengths, room, key=lambda length: count_tokens(text[:length])) - 1
