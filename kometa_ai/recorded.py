"""What this program writes as JSON and reads back: from its state, or from another process."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.message import Notification, Occasion, Trouble
from kometa_ai.domain.notifying import Told
from kometa_ai.domain.report import (
    CollectionReport,
    Event,
    FaultFound,
    Phase,
    PhaseBegan,
    Progress,
    Result,
    RunFinished,
    RunReport,
    RunRequest,
    RunStarted,
    Spending,
    Trigger,
    Waiting,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class RecordedReport(msgspec.Struct):
    """A report as it is kept; only what every report has had from the first version is required.

    Spelled out because the domain imports some of its types only for the type checker, and
    because this shape must stay readable: a new field gets a default, none is renamed.
    """

    run_id: str
    trigger: Trigger
    result: Result
    dry_run: bool
    started_at: datetime
    duration: float
    collections: tuple[CollectionReport, ...] = ()
    spending: Spending = msgspec.field(default_factory=Spending)
    spent_this_month: Decimal = Decimal(0)
    monthly_budget: Decimal | None = None
    items: int = 0
    model: str = ""
    faults: tuple[Fault, ...] = ()
    notices: tuple[str, ...] = ()
    exhausted: str = ""
    selection: tuple[str, ...] = ()

    def report(self) -> RunReport:
        """Return the report as the rest of the program knows it."""
        return RunReport(**{name: getattr(self, name) for name in self.__struct_fields__})


class _Started(msgspec.Struct, tag="run_started"):
    run_id: str
    request: RunRequest
    at: datetime

    def event(self) -> Event:
        return RunStarted(self.run_id, self.request, self.at)


class _Phase(msgspec.Struct, tag="phase"):
    phase: Phase

    def event(self) -> Event:
        return PhaseBegan(self.phase)


class _Progress(msgspec.Struct, tag="progress"):
    collection: str
    done: int
    total: int
    spent: Decimal

    def event(self) -> Event:
        return Progress(self.collection, self.done, self.total, self.spent)


class _Waiting(msgspec.Struct, tag="waiting"):
    batch: str
    done: int
    total: int

    def event(self) -> Event:
        return Waiting(self.batch, self.done, self.total)


class _Fault(msgspec.Struct, tag="fault"):
    fault: Fault

    def event(self) -> Event:
        return FaultFound(self.fault)


class _Finished(msgspec.Struct, tag="run_finished"):
    report: RecordedReport

    def event(self) -> Event:
        return RunFinished(self.report.report())


class _Trouble(msgspec.Struct):
    """A trouble as it is kept; spelled out for the same reasons as a report."""

    key: str
    kind: FaultKind
    where: str
    message: str
    remedy: str
    since: datetime
    told: datetime
    runs: int = 1

    def trouble(self) -> Trouble:
        return Trouble(**{name: getattr(self, name) for name in self.__struct_fields__})


class _Notification(msgspec.Struct):
    occasion: Occasion
    troubles: tuple[_Trouble, ...] = ()
    ended: tuple[_Trouble, ...] = ()


class _Told(msgspec.Struct):
    troubles: tuple[_Trouble, ...] = ()
    held: frozenset[str] = frozenset()


_Recorded = _Started | _Phase | _Progress | _Waiting | _Fault | _Finished
_TAGS: dict[type, str] = {
    RunStarted: "run_started",
    PhaseBegan: "phase",
    Progress: "progress",
    Waiting: "waiting",
    FaultFound: "fault",
    RunFinished: "run_finished",
}

_encode: Callable[[object], bytes] = msgspec.json.Encoder().encode
_reports = msgspec.json.Decoder(RecordedReport)
_events = msgspec.json.Decoder(_Recorded)
_notifications = msgspec.json.Decoder(_Notification)
_told = msgspec.json.Decoder(_Told)


def encode_report(report: RunReport) -> str:
    """Return a report as JSON."""
    return _encode(report).decode()


def decode_report(text: str | bytes) -> RunReport:
    """Return the report that ``encode_report`` wrote, in this version or an earlier one."""
    return _reports.decode(text).report()


def encode_event(event: Event) -> bytes:
    """Return an event as one line of JSON, its end included."""
    told = msgspec.to_builtins(event, builtin_types=(datetime, Decimal))
    return _encode({"type": _TAGS[type(event)], **told}) + b"\n"


def decode_event(line: bytes) -> Event:
    """Return the event of a line; ValueError if it is none."""
    recorded: _Recorded = _events.decode(line)
    return recorded.event()


def encode_notification(notification: Notification) -> str:
    """Return a notification as JSON."""
    return _encode(notification).decode()


def decode_notification(text: str) -> Notification:
    """Return the notification that ``encode_notification`` wrote."""
    kept = _notifications.decode(text)
    return Notification(kept.occasion, _troubles(kept.troubles), _troubles(kept.ended))


def encode_told(told: Told) -> str:
    """Return what people know already as JSON."""
    return _encode(told).decode()


def decode_told(text: str | None) -> Told:
    """Return what ``encode_told`` wrote; people know nothing if it never was."""
    kept = _Told() if text is None else _told.decode(text)
    return Told(_troubles(kept.troubles), kept.held)


def _troubles(kept: tuple[_Trouble, ...]) -> tuple[Trouble, ...]:
    return tuple(one.trouble() for one in kept)
