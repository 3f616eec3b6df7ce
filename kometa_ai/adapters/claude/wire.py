"""What the Messages API says, as far as it matters here, and what has arrived of an answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from kometa_ai.domain.cost import Usage
from kometa_ai.ports import Answer, Ending, Failed, Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ENDINGS: Final[Mapping[str, Ending]] = {
    "max_tokens": Ending.CUT_OFF,
    "model_context_window_exceeded": Ending.CUT_OFF,
    "refusal": Ending.REFUSED,
}
"""What else a server may say ends a complete answer; the strict reading of its text decides."""

EVENTS: Final = frozenset(
    ("message_start", "content_block_start", "content_block_delta", "message_delta", "error")
)
"""The events that carry something for us."""

MOST_TOKENS: Final = 10**9
"""No answer takes more; a count beyond it could not even be stored."""

ERRORED: Final = "errored"
FAILURES: Final = {"canceled": Failure.CANCELED, "expired": Failure.EXPIRED}


class _Tokens(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


class _Block(msgspec.Struct):
    """A content block, or a piece of one."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    stop_reason: str | None = None


class Complaint(msgspec.Struct):
    type: str = ""
    message: str = ""


class Message(msgspec.Struct):
    """A whole message, or the beginning of one, or an error in its place."""

    type: str = ""
    model: str = ""
    content: list[_Block] = []
    stop_reason: str | None = None
    usage: _Tokens | None = None
    error: Complaint | None = None


class _Event(msgspec.Struct):
    type: str
    message: Message | None = None
    content_block: _Block | None = None
    delta: _Block | None = None
    usage: _Tokens | None = None
    error: Complaint | None = None


class _Kind(msgspec.Struct):
    type: str = ""


class Card(msgspec.Struct):
    """What the API tells of a model."""

    id: str
    display_name: str = ""
    lifecycle: str = "active"
    retires_at: str | None = None


class _Counts(msgspec.Struct):
    processing: int = 0
    succeeded: int = 0
    errored: int = 0
    canceled: int = 0
    expired: int = 0


class BatchCard(msgspec.Struct):
    """What the API tells of a batch."""

    id: str
    processing_status: str
    request_counts: _Counts
    results_url: str | None = None


class BatchPage(msgspec.Struct):
    """Some of an account's batches, the newest first."""

    data: list[BatchCard]
    has_more: bool = False


class _Errored(msgspec.Struct):
    error: Complaint | None = None


class _Result(msgspec.Struct):
    type: str
    message: Message | None = None
    error: _Errored | None = None


class BatchLine(msgspec.Struct):
    """One result of a batch."""

    custom_id: str
    result: _Result


Wire = TypeVar("Wire", Message, Card, BatchCard, BatchPage, BatchLine, _Kind, _Event)


class ComplainedError(Exception):
    """A server said 200 and then that something is wrong."""

    def __init__(self, complaint: Complaint) -> None:
        super().__init__(complaint.message)
        self.complaint = complaint


class NotClaudeError(Exception):
    """What came back with a 200 is not of the Claude API."""


class EndedError(Exception):
    """The stream ended like a good one, but before the answer did."""


def decoded(body: bytes, kind: type[Wire]) -> Wire:
    """Decode a whole body."""
    try:
        return _read(body, kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotClaudeError from error


def _read(data: bytes | str, kind: type[Wire]) -> Wire:
    try:
        return msgspec.json.decode(data, type=kind)
    except RecursionError as error:
        raise msgspec.DecodeError("it is nested too deeply") from error


def result_of(line: bytes, model: str, quoted: Callable[[str], str]) -> tuple[str, Answer | Failed]:
    """Decode one result of a batch; ``quoted`` makes what was said fit to be told."""
    read = _read(line, BatchLine)
    result = read.result
    if result.type == "succeeded" and result.message is not None:
        received = Received(model)
        received.take_message(result.message)
        return read.custom_id, received.answer
    if result.type in FAILURES:
        return read.custom_id, Failed(FAILURES[result.type])
    complaint = result.error.error if result.error else None
    if complaint is None:
        if result.type != ERRORED:
            raise NotClaudeError
        # It does not say why. It is not billed either way, and must not keep the others waiting.
        return read.custom_id, Failed(Failure.BROKEN)
    refused = complaint.type in {"invalid_request_error", "request_too_large"}
    failure = Failure.INVALID if refused else Failure.BROKEN
    return read.custom_id, Failed(failure, quoted(complaint.message))


@dataclass(slots=True)
class Received:
    """What has arrived of an answer so far."""

    model: str
    began: bool = False
    text: list[str] = field(default_factory=list)
    thought: int = 0
    stop_reason: str | None = None
    tokens: Usage = field(default_factory=Usage)

    def take(self, data: str) -> None:
        """Take one event of the stream; those that carry nothing for us may look as they like."""
        if _read(data, _Kind).type not in EVENTS:
            return
        event = _read(data, _Event)
        if event.error is not None:
            raise ComplainedError(event.error)
        if event.message is not None:
            self.take_message(event.message)
        for block in filter(None, (event.content_block, event.delta)):
            self._take_block(block)
        self._count(event.usage)

    def take_message(self, message: Message) -> None:
        """Take a message: the empty one that a stream begins with, or a whole one."""
        if message.error is not None:
            raise ComplainedError(message.error)
        if message.type != "message":
            raise NotClaudeError
        self.began = True
        self.model = message.model or self.model
        self.stop_reason = message.stop_reason
        self._count(message.usage)
        for block in message.content:
            self._take_block(block)

    def _take_block(self, block: _Block) -> None:
        self.stop_reason = block.stop_reason or self.stop_reason
        self.thought += len((block.thinking or "").encode())
        # By type: an answer may begin with a thinking block whose text is empty.
        if block.text and block.type in {"text", "text_delta"}:
            self.text.append(block.text)

    def _count(self, tokens: _Tokens | None) -> None:
        """Take what is reported: the counts are cumulative, and no event has to report them all."""
        if tokens is not None:
            self.tokens = Usage(
                _more(self.tokens.input_tokens, tokens.input_tokens),
                _more(self.tokens.output_tokens, tokens.output_tokens),
                _more(self.tokens.cache_read_tokens, tokens.cache_read_input_tokens),
                _more(self.tokens.cache_write_tokens, tokens.cache_creation_input_tokens),
            )

    @property
    def answer(self) -> Answer:
        """Return what has arrived, as an answer."""
        ending = ENDINGS.get(self.stop_reason or "", Ending.COMPLETE)
        return Answer("".join(self.text), ending, self.tokens, self.model)

    @property
    def lost(self) -> Usage | None:
        """Return the most that was used, were this all.

        The true count of output tokens comes with the last event but one. Until then every byte
        that arrived counts as a token: ids and brackets hold fewer than two bytes each, and a
        budget that counts too little is one that can be exceeded.
        """
        size = sum(len(piece.encode()) for piece in self.text) + self.thought
        output = max(self.tokens.output_tokens, size)
        return replace(self.tokens, output_tokens=output) if self.began else None


def _more(known: int, told: int | None) -> int:
    return max(known, min(told or 0, MOST_TOKENS))
