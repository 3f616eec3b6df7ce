"""What past runs say of each collection."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from addon.figures import collection_figures
from addon.status import LAST_ADDED, CollectionStatus
from kometa_ai.domain.collection import Collection
from kometa_ai.domain.report import Change, CollectionReport, Result, RunReport, Trigger
from kometa_ai.outline import read_outline
from kometa_ai.recorded import encode_report

NOW = datetime(2026, 1, 5, 3, tzinfo=UTC)
NOIR = Collection("Film Noir", "KAI-Film-Noir", "Films noirs", threshold=0.7)


def change(number: int, year: int = 1944) -> Change:
    return Change(number, f"Film {number}", year, "why")


def report(
    age: int,
    *,
    members: int = 0,
    added: tuple[Change, ...] = (),
    removed: tuple[Change, ...] = (),
    pending: int = 0,
    dry: bool = False,
    trigger: Trigger = Trigger.SCHEDULE,
    slug: str = "film-noir",
) -> RunReport:
    one = CollectionReport(
        "Film Noir",
        slug,
        "KAI-Film-Noir",
        "radarr",
        0.5,
        members=members,
        added=added,
        removed=removed,
        pending=pending,
    )
    at = NOW - timedelta(days=age)
    return RunReport(str(9 - age), trigger, Result.SUCCESS, dry, at, 1.0, collections=(one,))


def figures(*reports: RunReport, members: int = 0) -> CollectionStatus:
    found = collection_figures(
        [NOIR],
        [read_outline(encode_report(one)) for one in reports],
        members={"film-noir": members} if members else {},
        held={"film-noir": 4},
        costs={"film-noir": Decimal("0.25")},
    )
    return found["film-noir"]


def test_before_the_first_run_only_what_is_in_the_files_and_the_state() -> None:
    one = figures(members=3)
    assert (one.name, one.slug, one.tag) == ("Film Noir", "film-noir", "KAI-Film-Noir")
    assert (one.threshold, one.members, one.held) == (0.7, 3, 4)
    assert (one.added, one.pending, one.last_run, one.last_added) == (0, 0, None, ())
    assert one.cost_month == Decimal("0.25")


def test_the_newest_real_run_says_what_happened() -> None:
    one = figures(
        report(0, members=9, added=(change(1),), removed=(change(2), change(3)), pending=6),
        report(1, members=5),
        members=3,
    )
    assert (one.members, one.added, one.removed, one.pending) == (9, 1, 2, 6)
    assert one.last_run == NOW


def test_a_dry_run_only_says_what_is_pending() -> None:
    one = figures(
        report(0, members=50, added=(change(1),), pending=2, dry=True),
        report(1, members=5, added=(change(4),), pending=8),
    )
    assert (one.members, one.added, one.pending) == (5, 1, 2)
    assert one.last_added == ("Film 4 (1944)",)
    assert one.last_run == NOW - timedelta(days=1)


def test_an_undo_says_nothing_of_what_is_pending() -> None:
    one = figures(report(0, members=1, trigger=Trigger.UNDO), report(1, pending=8))
    assert (one.members, one.pending) == (1, 8)


def test_the_last_added_are_those_of_the_newest_run_that_added_any() -> None:
    many = tuple(change(number) for number in range(15))
    one = figures(report(0), report(1, added=many), report(2, added=(change(99, 0),)))
    assert len(one.last_added) == LAST_ADDED
    assert one.last_added[0] == "Film 0 (1944)"
    assert figures(report(0, added=(change(99, 0),))).last_added == ("Film 99",)


def test_other_collections_and_those_that_are_gone_say_nothing() -> None:
    one = figures(report(0, members=9, slug="cosy"))
    assert (one.members, one.last_run) == (0, None)
