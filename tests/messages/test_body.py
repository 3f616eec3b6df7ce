"""The body for programs: its documented example is what the program makes of such a run."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from kometa_ai.domain.cost import Usage
from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.message import Notification, Occasion, Trouble
from kometa_ai.domain.report import (
    Change,
    CollectionReport,
    Result,
    RunReport,
    Spending,
    Trigger,
)
from kometa_ai.messages.body import body
from kometa_ai.report_json import report_json

PAGE = Path(__file__).parents[2] / "docs" / "WEBHOOK.md"
WINTER = timezone(timedelta(hours=1))
STARTED = datetime(2026, 11, 24, 19, 30, tzinfo=WINTER)
SENT = datetime(2026, 11, 24, 19, 30, 5, 999_999, tzinfo=WINTER)
FAULT = Fault(FaultKind.KOMETA, "movies.yml:12", "The block has no prompt.", "Give it a prompt.")
REPORT = RunReport(
    run_id="17",
    trigger=Trigger.SCHEDULE,
    result=Result.PARTIAL,
    dry_run=False,
    started_at=STARTED,
    duration=4.2,
    collections=(
        CollectionReport(
            name="Heist Movies",
            slug="heist-movies",
            tag="KAI-heist-movies",
            library="radarr",
            threshold=0.7,
            members=23,
            added=(Change(7, "Heat", 1995, "A crew plans one last robbery.", 949),),
            judged=12,
            cost=Decimal("0.0125"),
        ),
    ),
    spending=Spending(1, 12, Usage(4200, 310), Decimal("0.0125")),
    spent_this_month=Decimal("2.10"),
    monthly_budget=Decimal(5),
    items=1204,
    model="claude-haiku-5-5",
    faults=(FAULT,),
)
TROUBLE = Trouble(
    key="kometa|movies.yml:12",
    kind=FAULT.kind,
    where=FAULT.where,
    message=FAULT.message,
    remedy=FAULT.remedy,
    since=datetime(2026, 11, 22, 3, 0, tzinfo=WINTER),
    told=datetime(2026, 11, 23, 3, 0, tzinfo=WINTER),
    runs=3,
)


def test_the_documented_example_is_true() -> None:
    found = re.search(r"<!-- example.*?```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found
    made = body(Notification(Occasion.REMINDER, (TROUBLE,)), report_json(REPORT), sent_at=SENT)
    assert found[1] == json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def test_the_page_names_every_event_and_every_key() -> None:
    page = PAGE.read_text()
    for occasion in Occasion:
        assert f"| `{occasion}` |" in page
    own = body(Notification(Occasion.TEST), None, sent_at=SENT).keys()
    for key in own - {"run_id"}:
        assert f"| `{key}` |" in page


def test_the_report_is_in_it_untouched() -> None:
    report = report_json(REPORT)
    made = body(Notification(Occasion.CHANGES), report, sent_at=SENT)
    assert report.items() <= made.items()
    assert made.keys() - report.keys() == {
        *("body_version", "event", "test", "sent_at", "troubles", "ended"),
    }


def test_a_test_says_that_it_is_one_and_reports_nothing() -> None:
    made = body(Notification(Occasion.TEST), None, sent_at=SENT)
    assert made == {
        "body_version": 1,
        "event": "test",
        "test": True,
        "sent_at": "2026-11-24T19:30:05+01:00",
        "troubles": [],
        "ended": [],
        "run_id": None,
    }


def test_what_is_over_is_told_with_its_history() -> None:
    made = body(Notification(Occasion.RECOVERED, ended=(TROUBLE,)), None, sent_at=SENT)
    assert made["ended"] == [
        {
            "kind": "kometa",
            "where": "movies.yml:12",
            "message": "The block has no prompt.",
            "remedy": "Give it a prompt.",
            "since": "2026-11-22T03:00:00+01:00",
            "runs": 3,
        }
    ]
