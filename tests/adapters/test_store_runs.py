"""Runs, money, tags, pins: what goes in comes out, exactly."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec
import pytest

from kometa_ai.adapters.store import SqliteStore
from kometa_ai.adapters.store.runs import KEPT_RUNS
from kometa_ai.domain.cost import Usage
from kometa_ai.domain.decision import Pin, PinOrigin, Stance
from kometa_ai.domain.fault import Fault, FaultKind, StopError
from kometa_ai.domain.report import (
    Change,
    CollectionReport,
    Result,
    ReviewSpending,
    RunReport,
    Spending,
    Trigger,
)
from kometa_ai.ports import HeldRemovals, Intent
from kometa_ai.recorded import RecordedReport
from tests.adapters.store_samples import NOW, ledger_of, purchase, yes
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HEAT = Change(7, "Heat", 1995, "It is a “heist”.")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore(tmp_path, FakeClock()) as store:
        yield store


def report(run_id: str = "1") -> RunReport:
    return RunReport(
        run_id,
        Trigger.UNDO,
        Result.PARTIAL,
        dry_run=True,
        started_at=NOW,
        duration=1.5,
        collections=(
            CollectionReport(
                "Film Noir", "film-noir", "KAI-Film-Noir", "radarr", 0.7,
                added=(HEAT,), removed=(HEAT, HEAT), held=(HEAT,), cost=Decimal("0.000000000001"),
            ),
        ),
        spending=Spending(
            3, 40, Usage(1, 2, 3, 4), Decimal("1.10"), Decimal("0.1"),
            ReviewSpending("claude-opus", 1, 4, Usage(1, 1, 0, 0), Decimal("0.7"), Decimal("0.1")),
        ),
        spent_this_month=Decimal("4.99"),
        monthly_budget=Decimal(5),
        items=200,
        model="claude-haiku",
        faults=(Fault(FaultKind.KOMETA, "movies.yml:12", "No prompt.", "Write one."),),
        notices=("Said so.",),
        exhausted="MONTHLY_BUDGET",
    )  # fmt: skip


async def test_a_report_comes_back_as_it_was(store: SqliteStore) -> None:
    first = await store.begin_run(Trigger.UNDO, NOW)
    second = await store.begin_run(Trigger.COMMAND_LINE, NOW)
    await store.finish_run(report(first))
    assert (first, second) == ("1", "2")
    assert await store.report(first) == report(first)
    assert await store.report(second) is None
    assert await store.report("no number") is None
    assert await store.reports() == [report(first)]


def test_every_field_of_a_report_is_kept() -> None:
    assert set(RecordedReport.__struct_fields__) == set(RunReport.__dataclass_fields__)


def test_reports_of_other_versions_are_read() -> None:
    text = json.dumps({
        "run_id": "1", "trigger": "undo", "result": "success", "dry_run": False,
        "started_at": "2026-01-05T03:00:00Z", "duration": 2.0, "from_the_future": {"x": 1},
    })  # fmt: skip
    told = msgspec.json.decode(text, type=RecordedReport).report()
    assert told == RunReport("1", Trigger.UNDO, Result.SUCCESS, False, NOW, 2.0)  # noqa: FBT003


async def test_old_runs_and_their_journals_go_and_their_costs_stay(store: SqliteStore) -> None:
    first = await store.begin_run(Trigger.COMMAND_LINE, NOW)
    edit = await store.intend(first, "radarr", "noir", "kai-noir", {1: 11}, add=True)
    await store.note_done(edit, {1}, NOW)
    await store.record(first, purchase(cost=Decimal(2)))
    await store.finish_run(report(first))
    later = [await store.begin_run(Trigger.COMMAND_LINE, NOW) for _ in range(KEPT_RUNS)]
    last = later[-1]
    assert len(await store.journal(first)) == 1
    await store.finish_run(report(last))
    assert await store.report(first) is None
    assert await store.journal(first) == []
    assert await store.newest_change() is None
    assert [one.run_id for one in await store.reports(9)] == [last]
    assert await store.spent_between(NOW, NOW + timedelta(days=1)) == 2


async def test_money_adds_up_exactly_within_its_bounds(store: SqliteStore) -> None:
    for _ in range(10):
        await store.record("1", purchase(cost=Decimal("0.1000000000001")))
    await store.record("1", purchase(cost=Decimal("0.5"), unconfirmed=True))
    end = NOW + timedelta(days=1)
    await store.record("1", purchase(cost=Decimal(100), at=end))
    assert await store.spent_between(NOW, end) == Decimal("1.500000000001")
    assert await store.spent_between(NOW + timedelta(microseconds=1), end) == 0
    assert await store.spent_between(end, end + timedelta(microseconds=1)) == 100


async def test_what_a_killed_run_had_asked_for_is_booked_once(store: SqliteStore) -> None:
    run = await store.begin_run(Trigger.COMMAND_LINE, NOW)
    lost = await store.reserve(run, "haiku", Decimal("0.25"), NOW)
    answered = await store.reserve(run, "haiku", Decimal(5), NOW)
    refused = await store.reserve(run, "haiku", Decimal(7), NOW)
    assert len({lost, answered, refused}) == 3
    await store.release(refused)
    await store.record(run, replace(purchase(cost=Decimal(1)), reservation=answered))
    assert await store.book_reservations() == {"haiku": Decimal("0.25")}
    assert await store.book_reservations() == {}
    assert await store.spent_between(NOW, NOW + timedelta(days=1)) == Decimal("1.25")


async def test_the_number_of_a_reservation_is_never_given_again(store: SqliteStore) -> None:
    first = await store.reserve("1", "haiku", Decimal(1), NOW)
    await store.release(first)
    second = await store.reserve("1", "haiku", Decimal(1), NOW)
    await store.release(first)
    assert second != first
    assert await store.book_reservations() == {"haiku": 1}


async def test_a_month_is_one_of_the_zone_that_asks(store: SqliteStore) -> None:
    evening = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
    await store.record("1", purchase(at=evening))
    february = datetime(2026, 2, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    assert await store.spent_between(february, february + timedelta(days=28)) == Decimal("0.01")


async def test_a_decision_without_its_cost_is_never_stored(store: SqliteStore) -> None:
    broken = purchase({"noir": {1: yes()}}, cost=Decimal(1))
    with pytest.raises(OverflowError):
        await store.record("1", purchase({"noir": {1: yes(), 2**40: yes()}}, cost=Decimal(9)))
    assert (await ledger_of(store, "noir", "a")).judged == {}
    assert await store.spent_between(NOW, NOW + timedelta(days=1)) == 0
    await store.record("1", broken)
    assert await store.spent_between(NOW, NOW + timedelta(days=1)) == 1


async def test_an_edit_is_known_from_intent_to_journal(store: SqliteStore) -> None:
    run = await store.begin_run(Trigger.COMMAND_LINE, NOW)
    await store.note_seen("radarr", {"noir": {1: 11, 2: 12}})
    add = await store.intend(run, "radarr", "noir", "kai-noir", {4: 14, 3: 13}, add=True)
    remove = await store.intend(run, "radarr", "noir", "kai-noir", {1: 11}, add=False)
    assert await store.intents("radarr") == [
        Intent(add, "noir", add=True, titles={3: 13, 4: 14}),
        Intent(remove, "noir", add=False, titles={1: 11}),
    ]
    assert await store.intents("sonarr") == []
    await store.note_done(add, {4}, NOW)
    await store.note_done(remove, {1}, NOW)
    assert await store.intents("radarr") == []
    assert await store.seen("radarr") == {"noir": {2: 12, 4: 14}}
    entries = await store.journal(run)
    assert [(one.item_id, one.tmdb_id, one.added, one.label, one.at) for one in entries] == [
        (4, 14, True, "kai-noir", NOW),
        (1, 11, False, "kai-noir", NOW),
    ]
    assert await store.newest_change() == run


async def test_an_edit_that_changed_nothing_leaves_no_trace(store: SqliteStore) -> None:
    edit = await store.intend("1", "radarr", "noir", "kai-noir", {3: 13}, add=True)
    await store.note_done(edit, set(), NOW)
    assert (await store.intents("radarr"), await store.seen("radarr")) == ([], {})
    assert await store.newest_change() is None
    with pytest.raises(StopError, match="does not know of tag edit"):
        await store.note_done(edit, {3}, NOW)


async def test_seen_members_are_replaced_per_collection(store: SqliteStore) -> None:
    await store.note_seen("radarr", {"noir": {1: 11, 2: 12}, "heist": {}})
    await store.note_seen("radarr", {"noir": {3: 13}})
    await store.note_seen("sonarr", {"noir": {9: 19}})
    assert await store.seen("radarr") == {"heist": {}, "noir": {3: 13}}


async def test_what_is_held_is_replaced_per_collection(store: SqliteStore) -> None:
    await store.hold(
        "3", "radarr", {"noir": ("kai-noir", (HEAT,)), "heist": ("kai-heist", (HEAT,))}
    )
    await store.hold("12", "radarr", {"noir": ("kai-noir", (HEAT, HEAT))})
    assert await store.held("radarr") == [
        HeldRemovals("12", "noir", "kai-noir", (HEAT, HEAT)),
        HeldRemovals("3", "heist", "kai-heist", (HEAT,)),
    ]
    await store.hold("13", "radarr", {"noir": ("kai-noir", ()), "heist": ("kai-heist", ())})
    assert await store.held("radarr") == []


async def test_a_pair_has_one_pin_the_newest(store: SqliteStore) -> None:
    keep = Pin("noir", 7, Stance.KEEP, PinOrigin.DECLINED, NOW, "abc")
    never = Pin("noir", 7, Stance.NEVER, PinOrigin.USER, NOW + timedelta(hours=1))
    other = Pin("heist", 9, Stance.KEEP, PinOrigin.UNDO, NOW)
    await store.pin("radarr", [keep, other])
    assert await store.pins("radarr") == [other, keep]
    await store.pin("radarr", [never])
    assert await store.pins("radarr") == [other, never]
    assert await store.unpin("radarr", "noir", 7)
    assert not await store.unpin("radarr", "noir", 7)
    assert await store.pins("radarr") == [other]


async def test_titles_that_had_one_number_after_the_other_have_a_pin_each(
    store: SqliteStore,
) -> None:
    old = Pin("noir", 7, Stance.KEEP, PinOrigin.USER, NOW, tmdb_id=603)
    new = Pin("noir", 7, Stance.NEVER, PinOrigin.USER, NOW + timedelta(hours=1), tmdb_id=949)
    await store.pin("radarr", [old, new])
    assert await store.pins("radarr") == [old, new]
    moved = replace(old, item_id=9)
    await store.pin("radarr", [moved])
    assert await store.pins("radarr") == [new, moved]
    assert not await store.unpin("radarr", "noir", 7, 603_000)
    assert await store.unpin("radarr", "noir", 7, 603)
    assert await store.pins("radarr") == [new]
    unknown = replace(new, tmdb_id=0, stance=Stance.KEEP)
    await store.pin("radarr", [unknown])
    assert await store.pins("radarr") == [unknown]
    await store.pin("radarr", [new])
    assert await store.pins("radarr") == [new]


async def test_the_size_of_a_library_is_kept(store: SqliteStore) -> None:
    assert await store.library_size("radarr") is None
    await store.note_library_size("radarr", 10)
    await store.note_library_size("radarr", 0)
    assert await store.library_size("radarr") == 0


async def test_the_dump_is_plain_data(store: SqliteStore) -> None:
    run = await store.begin_run(Trigger.COMMAND_LINE, NOW)
    await store.record(run, purchase({"noir": {1: yes(), 2: yes()}}, cost=Decimal("0.25")))
    await store.pin("radarr", [Pin("noir", 7, Stance.KEEP, PinOrigin.HAND, NOW)])
    await store.hold(run, "radarr", {"noir": ("kai-noir", (HEAT,))})
    await store.note_seen("radarr", {"noir": {1: 11}})
    told = json.loads(json.dumps(await store.dump()))
    assert told["spent_usd"] == {"2026-01": "0.25"}
    assert told["collections"] == [
        {"library": "radarr", "slug": "noir", "criteria": "a", "used": 1,
         "judged": 2, "named": 2, "included": 2}
    ]  # fmt: skip
    assert told["pins"][0]["at"] == NOW.isoformat()
    assert told["held"][0]["removals"][0]["title"] == "Heat"
    assert told["runs"] == {"count": 1, "oldest": 1, "newest": 1}


async def test_runs_in_outline_are_the_same_whichever_version_kept_them(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path, FakeClock()) as store:
        await store.begin_run(Trigger.UNDO, NOW)
        await store.finish_run(report())
        kept = await store.outlines(5)
    with closing(sqlite3.connect(tmp_path / "kometa_ai.db")) as db:
        db.execute("DELETE FROM outlines")
        db.commit()
    async with SqliteStore(tmp_path, FakeClock()) as store:
        assert await store.outlines(5) == kept
        await store.begin_run(Trigger.UNDO, NOW)
        assert await store.outlines(5) == kept
        await store.finish_run(report("2"))
        assert [one.run_id for one in await store.outlines(5)] == ["2", "1"]
    (one,) = kept
    noir = one.collections["film-noir"]
    assert (noir.added, noir.removed, noir.newest[0].label) == (1, 2, "Heat (1995)")


async def test_what_was_held_is_in_the_outline_of_runs_from_before_that_too(
    tmp_path: Path,
) -> None:
    held = (replace(HEAT, id=7), replace(HEAT, id=8))
    async with SqliteStore(tmp_path, FakeClock()) as store:
        await store.begin_run(Trigger.UNDO, NOW)
        whole = report()
        noir = replace(whole.collections[0], held=held)
        await store.finish_run(replace(whole, collections=(noir, *whole.collections[1:])))
        kept = await store.outlines(5)
    assert [one.held for one in kept] == [2]
    with closing(sqlite3.connect(tmp_path / "kometa_ai.db")) as db:
        ((text,),) = db.execute("SELECT outline FROM outlines").fetchall()
        db.execute("UPDATE outlines SET outline = ?", (re.sub(r'"held":\d+,', "", text),))
        db.execute("PRAGMA user_version = 9")
        db.commit()
    async with SqliteStore(tmp_path, FakeClock()) as store:
        assert await store.outlines(5) == kept
