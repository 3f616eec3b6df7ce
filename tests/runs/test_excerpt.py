"""A report of any length, cut to what a page shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.report import (
    Change,
    CollectionReport,
    Result,
    ReviewSpending,
    RunReport,
    Spending,
    Trigger,
)
from kometa_ai.excerpt import ALL_TITLES, FEWEST, TITLES, read_excerpt
from kometa_ai.recorded import encode_report

NOW = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
CHANGES = tuple(Change(number, f'Film "{number}"', 1999, "why") for number in range(5_000))
NOIR = CollectionReport(
    "Film Noir",
    "film-noir",
    "KAI-film-noir",
    "radarr",
    0.6,
    members=9,
    added=CHANGES,
    removed=CHANGES[:3],
    pending=4,
    deferred=2,
    cost=Decimal("0.25"),
)
REPORT = RunReport(
    "7",
    Trigger.PAGE,
    Result.HELD,
    dry_run=False,
    started_at=NOW,
    duration=12.5,
    collections=(NOIR,),
    spending=Spending(
        requests=3, pairs=30, cost=Decimal("0.25"), review=ReviewSpending("opus", 1, 2)
    ),
    items=5_000,
    model="claude",
    faults=(Fault(FaultKind.KOMETA, "movies.yml:3", "It is odd.", "Mend it."),),
    notices=("A notice.",),
    exhausted="MONTHLY_BUDGET",
)


def test_it_counts_all_and_keeps_the_first() -> None:
    found = read_excerpt(encode_report(REPORT))
    (noir,) = found.collections
    assert (noir.added.count, noir.removed.count, noir.held.count) == (5_000, 3, 0)
    assert noir.added.first == CHANGES[:TITLES]
    assert noir.removed.first == CHANGES[:3]
    assert (noir.name, noir.members, noir.pending, noir.deferred) == ("Film Noir", 9, 4, 2)
    assert noir.cost == Decimal("0.25")
    for name in ("run_id", "trigger", "result", "dry_run", "started_at", "duration", "spending"):
        assert getattr(found, name) == getattr(REPORT, name)
    for name in ("items", "model", "faults", "notices", "exhausted"):
        assert getattr(found, name) == getattr(REPORT, name)


def test_many_long_lists_share_the_room() -> None:
    many = replace(REPORT, collections=(NOIR,) * 400)
    found = read_excerpt(encode_report(many))
    assert {len(one.added.first) for one in found.collections} == {FEWEST}
    some = read_excerpt(encode_report(replace(REPORT, collections=(NOIR,) * 40)))
    assert sum(len(one.added.first) for one in some.collections) == ALL_TITLES


def test_a_report_of_the_first_version_is_read() -> None:
    found = read_excerpt(
        '{"run_id": "1", "trigger": "mqtt", "result": "failed", "dry_run": false,'
        ' "started_at": "2026-01-05T03:00:00Z", "duration": 1.0, "more": 1}'
    )
    assert found.collections == ()
    assert found.faults == ()
