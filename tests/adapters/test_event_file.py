"""A run's events in a file: another process reads along, from the beginning or from now on."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from kometa_ai.adapters.event_file import FILE_NAME, EventFile, EventTail
from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.report import (
    Change,
    CollectionReport,
    FaultFound,
    Phase,
    PhaseBegan,
    Progress,
    Result,
    RunFinished,
    RunReport,
    RunRequest,
    RunStarted,
    Trigger,
    Waiting,
)
from kometa_ai.recorded import decode_event, encode_event

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

NOW = datetime(2026, 1, 5, 3, tzinfo=UTC)
NOIR = CollectionReport(
    "Film Noir", "film-noir", "KAI-film-noir", "radarr", 0.7, 1, (Change(1, "Laura", 1944, "“Oh”"),)
)
EVENTS = (
    RunStarted("7", RunRequest(Trigger.MQTT, ("Film Noir",), dry_run=True), NOW),
    PhaseBegan(Phase.ASKING),
    Progress("Film Noir", 3, 10, Decimal("0.000123")),
    Waiting("msgbatch_1", 312, 840),
    FaultFound(Fault(FaultKind.CLAUDE, "Claude", "It is overloaded.", "Wait.")),
    RunFinished(RunReport("7", Trigger.MQTT, Result.DRY_RUN, True, NOW, 1.5, (NOIR,))),  # noqa: FBT003 - dry
)


def test_every_event_comes_back_as_it_was() -> None:
    lines = [encode_event(event) for event in EVENTS]
    assert [decode_event(line) for line in lines] == list(EVENTS)
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)


def test_a_reader_follows_run_after_run(tmp_path: Path) -> None:
    tail = EventTail(tmp_path, skip=False)
    assert tail.events() == []
    with EventFile(tmp_path) as first:
        first.tell(EVENTS[0])
        assert tail.events() == [EVENTS[0]]
        first.tell(EVENTS[1])
        first.tell(EVENTS[2])
        assert tail.events() == [EVENTS[1], EVENTS[2]]
        assert tail.events() == []
    with EventFile(tmp_path) as second:
        for event in EVENTS:
            second.tell(event)
    assert tail.events() == list(EVENTS)


def test_a_reader_may_begin_with_what_comes_next(tmp_path: Path) -> None:
    with EventFile(tmp_path) as file:
        file.tell(EVENTS[0])
        tail = EventTail(tmp_path, skip=True)
        file.tell(EVENTS[1])
        assert tail.events() == [EVENTS[1]]


def test_half_a_line_waits_for_its_other_half(tmp_path: Path) -> None:
    line = encode_event(EVENTS[0])
    (tmp_path / FILE_NAME).write_bytes(line[:20])
    tail = EventTail(tmp_path, skip=False)
    assert tail.events() == []
    with (tmp_path / FILE_NAME).open("ab") as stream:
        stream.write(line[20:])
    assert tail.events() == [EVENTS[0]]


def test_what_is_not_understood_is_said_and_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE_NAME).write_bytes(b'{"type":"later"}\nrubbish\n' + encode_event(EVENTS[1]))
    assert EventTail(tmp_path, skip=False).events() == [EVENTS[1]]
    assert caplog.text.count("was not understood") == 2


def test_a_run_goes_on_where_its_story_cannot_be_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with EventFile(tmp_path / "missing") as file:
        file.tell(EVENTS[0])
        file.tell(EVENTS[1])
    assert caplog.text.count("can't follow this run") == 1
