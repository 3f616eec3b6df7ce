"""What the service says to a worker, and a worker to the service: JSON, line by line."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

import msgspec

from kometa_ai.domain.fault import Fault
from kometa_ai.domain.report import Event, RunRequest
from kometa_ai.notify import Delivered, Sent
from kometa_ai.recorded import decode_event, encode_event

CANCEL: Final = signal.SIGUSR1
"""Says that a person cancels; SIGTERM only stops, and what is on its way is taken up later."""


class Deed(StrEnum):
    """What a worker can do."""

    RUN = "run"
    APPROVE = "approve"
    DECLINE = "decline"
    UNDO = "undo"
    ESTIMATE = "estimate"
    CHECK = "check"
    DELIVER = "deliver"
    TEST = "test"


class Order(msgspec.Struct, frozen=True):
    """One piece of work.

    ``run_id`` is the number under which the run was announced; ``about`` the run to approve,
    decline or undo (``None``: the newest). ``settings`` are as they were written, by env name.
    ``next_run`` is what a message says about when the next scheduled one is due.
    """

    deed: Deed
    settings: dict[str, str | tuple[str, ...]]
    request: RunRequest = msgspec.field(default_factory=RunRequest)
    run_id: str | None = None
    about: str | None = None
    next_run: datetime | None = None


@dataclass(frozen=True, slots=True)
class Estimated:
    """What a run would cost, in the shape of ``--estimate --json``."""

    estimate: dict[str, object]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of each part: its name, whether all is well, and a sentence."""

    parts: tuple[tuple[str, bool, str], ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """Why nothing came of the work at all."""

    faults: tuple[Fault, ...]


class Words(msgspec.Struct, frozen=True):
    """One record of a worker's log, as LOG_FORMAT=json writes it."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
    logger: str
    message: str
    traceback: str = ""


Told = Event | Estimated | Checked | Delivered | Failed


class _Estimated(msgspec.Struct, tag="estimate"):
    estimate: dict[str, object]


class _Checked(msgspec.Struct, tag="checked"):
    parts: tuple[tuple[str, bool, str], ...]


class _Delivered(msgspec.Struct, tag="delivered"):
    sent: tuple[Sent, ...]
    next_due: datetime | None


class _Failed(msgspec.Struct, tag="failed"):
    faults: tuple[Fault, ...]


class _Kind(msgspec.Struct):
    type: str


LONGEST_LINE: Final = 256 * 1024 * 1024
"""Bytes of one line: the report of a first run over a very large library names every change."""

_orders = msgspec.json.Decoder(Order)
_answers = msgspec.json.Decoder(_Estimated | _Checked | _Delivered | _Failed)
_words = msgspec.json.Decoder(Words)
_kinds = msgspec.json.Decoder(_Kind)
_ANSWERS: Final = frozenset({"estimate", "checked", "delivered", "failed"})


def encode_order(order: Order) -> bytes:
    """Return an order as a line."""
    return msgspec.json.encode(order) + b"\n"


def decode_order(line: bytes) -> Order:
    """Return the order of a line; ValueError if it is none."""
    return _orders.decode(line)


def decode_words(line: bytes) -> Words:
    """Return the record of a line; ValueError if it is none."""
    return _words.decode(line)


def encode_told(told: Told) -> bytes:
    """Return what a worker tells as a line."""
    match told:
        case Estimated(estimate=estimate):
            return msgspec.json.encode(_Estimated(estimate)) + b"\n"
        case Checked(parts=parts):
            return msgspec.json.encode(_Checked(parts)) + b"\n"
        case Delivered(sent=sent, next_due=due):
            return msgspec.json.encode(_Delivered(sent, due)) + b"\n"
        case Failed(faults=faults):
            return msgspec.json.encode(_Failed(faults)) + b"\n"
        case _:
            return encode_event(told)


def decode_told(line: bytes) -> Told:
    """Return what a line tells; ValueError if it is nothing of ours."""
    if _kinds.decode(line).type not in _ANSWERS:
        return decode_event(line)
    answer: _Estimated | _Checked | _Delivered | _Failed = _answers.decode(line)
    match answer:
        case _Estimated(estimate=estimate):
            return Estimated(estimate)
        case _Checked(parts=parts):
            return Checked(parts)
        case _Delivered(sent=sent, next_due=due):
            return Delivered(sent, due)
        case _Failed(faults=faults):
            return Failed(faults)
