"""The file and its bad days: damage, loss, a full disk, a newer schema, a cancelled caller."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kometa_ai.adapters.store import SqliteStore, reset_state
from kometa_ai.adapters.store.database import Database
from kometa_ai.adapters.store.errors import UnusableError
from kometa_ai.adapters.store.migrations import MIGRATIONS
from kometa_ai.adapters.store.schema import LATEST, migrate
from kometa_ai.domain.fault import Fault, FaultKind, KometaAIError, StopError, TryLaterError
from kometa_ai.domain.report import Trigger
from tests.adapters.store_samples import NOW, ledger_of, no, purchase, yes
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kometa_ai.ports import Clock

ROOT = Path(__file__).parents[2]
EVER = NOW - timedelta(days=9), NOW + timedelta(days=9)

# What version 1 was when it was released. A change here is a change of history.
VERSION_1 = {
    "purchases",
    "purchases_at",
    "reservations",
    "runs",
    "shares",
    "marks",
}


async def buy(folder: Path, clock: Clock, *item_ids: int, back_up: bool = False) -> None:
    async with SqliteStore(folder, clock) as store:
        for item_id in item_ids:
            await store.record("1", purchase({"noir": {item_id: yes()}}, cost=Decimal(1)))
        if back_up:
            await store.backup()


async def judged(store: SqliteStore) -> set[int]:
    return set((await ledger_of(store, "noir", "a")).judged)


def backups(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "backups").iterdir())


def scribble(file: Path, start: int, end: int | None = None) -> None:
    """Overwrite a part of the file, as a dying disk does."""
    content = bytearray(file.read_bytes())
    end = len(content) if end is None else end
    content[start:end] = b"\xa5" * (end - start)
    file.write_bytes(content)


async def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "state"
    async with SqliteStore(folder, FakeClock()) as store:
        await store.record("1", purchase({"noir": {1: yes()}}))
        await store.backup()
        modes = {path.name: path.stat().st_mode & 0o777 for path in folder.rglob("*")}
    assert modes == {
        "kometa_ai.db": 0o600,
        "kometa_ai.db-wal": 0o600,
        "kometa_ai.db-shm": 0o600,
        "backups": 0o700,
        "kometa_ai-20260105T030000Z.db": 0o600,
    }


async def test_a_paid_answer_is_on_the_disk_before_it_is_acknowledged(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path, FakeClock()):
        with closing(sqlite3.connect(tmp_path / "kometa_ai.db")) as db:
            assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    script = (
        "import sqlite3, sys; from pathlib import Path; from tests.clock import FakeClock;"
        "from kometa_ai.adapters.store.database import Database;"
        "d = Database(Path(sys.argv[1]), FakeClock()); d.open();"
        "print(d.read(lambda db: db.execute('PRAGMA synchronous').fetchone()[0]))"
    )
    assert int(python(script, tmp_path).stdout) == 2


def scribble_on_pages(file: Path) -> None:
    """Break the table of judged pairs, which opening the file does not look at."""
    with closing(sqlite3.connect(file)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'pages'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    scribble(file, (root - 1) * size, root * size)


def python(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


# --- schema


def test_every_step_is_counted(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as db:
        for number in range(1, LATEST + 1):
            migrate(db, number)
            assert db.execute("PRAGMA user_version").fetchone() == (number,)
        migrate(db)


def test_version_1_is_what_it_was(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as db:
        migrate(db, 1)
        names = db.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
        assert {name for (name,) in names} == VERSION_1


async def test_a_state_of_version_1_is_backed_up_and_brought_up_to_date(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "kometa_ai.db", isolation_level=None)) as db:
        migrate(db, 1)
        db.execute("INSERT INTO runs (trigger, began) VALUES ('undo', 1)")
        db.execute("INSERT INTO purchases VALUES (1, 1, 'r', 'm', 0, 1, 1, 1, 1, '0.5', 1, 0)")
    async with SqliteStore(tmp_path, FakeClock()) as store:
        assert await store.begin_run(Trigger.UNDO, NOW) == "2"
        assert (await store.dump())["spent_usd"] == {"1970-01": "0.5"}
        assert store.notices == ()
    assert backups(tmp_path) == ["kometa_ai-20260105T030000Z-schema-1.db"]
    with closing(sqlite3.connect(tmp_path / "backups" / backups(tmp_path)[0])) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)


async def test_a_step_that_fails_leaves_the_old_state(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "kometa_ai.db", isolation_level=None)) as db:
        migrate(db, 1)
        db.execute("CREATE TABLE pins (in_the_way)")
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        await buy(tmp_path, FakeClock(), 1)
    with closing(sqlite3.connect(tmp_path / "kometa_ai.db")) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)


async def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    await buy(tmp_path, FakeClock(), 1, back_up=True)
    with closing(sqlite3.connect(tmp_path / "kometa_ai.db")) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = (tmp_path / "kometa_ai.db").read_bytes()
    with pytest.raises(StopError, match="newer Kometa-AI") as refused:
        await buy(tmp_path, FakeClock(), 2)
    assert refused.value.fault.kind is FaultKind.STATE
    assert refused.value.fault.remedy
    assert (tmp_path / "kometa_ai.db").read_bytes() == before


# --- backups


async def test_a_backup_is_taken_only_after_a_change(tmp_path: Path) -> None:
    clock = FakeClock()
    async with SqliteStore(tmp_path, clock) as store:
        await store.record("1", purchase({"noir": {1: yes()}}))
        assert await store.backup()
        clock.advance(86_400)
        await store.begin_run(Trigger.COMMAND_LINE, clock.now())
        await store.note_library_size("radarr", 5)
        await store.note_seen("radarr", {})
        assert await store.backup() is None
    async with SqliteStore(tmp_path, clock) as store:
        assert await store.backup() is None
        await store.record("1", purchase({"noir": {2: no()}}))
        assert await store.backup()
    assert backups(tmp_path) == [
        "kometa_ai-20260105T030000Z.db",
        "kometa_ai-20260106T030000Z.db",
    ]


async def test_the_last_backup_of_each_of_five_days_is_kept(tmp_path: Path) -> None:
    clock = FakeClock()
    for item_id in range(16):
        await buy(tmp_path, clock, item_id, back_up=True)
        clock.advance(8 * 3_600)
    assert backups(tmp_path) == [
        "kometa_ai-20260106T190000Z.db",
        "kometa_ai-20260107T190000Z.db",
        "kometa_ai-20260108T190000Z.db",
        "kometa_ai-20260109T190000Z.db",
        "kometa_ai-20260110T030000Z.db",
    ]


async def test_what_an_interrupted_backup_left_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "kometa_ai-20250101T000000Z.db.part").write_text("half")
    (tmp_path / "backups" / "kometa_state_20250101000000.json").write_text("of 0.5.x")
    await buy(tmp_path, FakeClock(), 1, back_up=True)
    assert backups(tmp_path) == [
        "kometa_ai-20260105T030000Z.db",
        "kometa_state_20250101000000.json",
    ]


# --- damage and loss


@pytest.mark.parametrize("broken", ["header", "everything", "text", "empty", "gone"])
async def test_a_broken_state_is_replaced_by_its_newest_backup_loudly(
    tmp_path: Path, broken: str
) -> None:
    clock = FakeClock()
    await buy(tmp_path, clock, 1, back_up=True)
    clock.advance(86_400)
    await buy(tmp_path, clock, 2, back_up=True)
    await buy(tmp_path, clock, 3)
    file = tmp_path / "kometa_ai.db"
    match broken:
        case "header":
            scribble(file, 0, 100)
        case "everything":
            scribble(file, 0)
        case "text":
            file.write_text("no database at all")
        case "empty":
            file.write_bytes(b"")
        case _:
            file.unlink()
    async with SqliteStore(tmp_path, clock) as store:
        assert await judged(store) == {1, 2}
        assert await store.spent_between(*EVER) == 2
        (told,) = store.notices
    assert isinstance(told, Fault)
    assert told.kind is FaultKind.STATE
    assert "kometa_ai-20260106T030000Z.db" in told.message
    aside = tmp_path / "kometa_ai.db.corrupt-20260106T030000Z"
    assert aside.exists() is (broken != "gone")
    async with SqliteStore(tmp_path, clock) as store:
        assert store.notices == ()


async def test_damage_found_in_the_middle_ends_the_run_and_heals_the_state(tmp_path: Path) -> None:
    clock = FakeClock()
    await buy(tmp_path, clock, *range(1, 3_000, 60), back_up=True)
    scribble_on_pages(tmp_path / "kometa_ai.db")
    async with SqliteStore(tmp_path, clock) as store:
        with pytest.raises(StopError, match="was put in its place") as stopped:
            await judged(store)
        assert stopped.value.fault.remedy == "Run again."
        assert len(await judged(store)) == 50
        assert len(store.notices) == 1
    assert (tmp_path / "kometa_ai.db.corrupt-20260105T030000Z").exists()


async def test_a_broken_backup_is_passed_over(tmp_path: Path) -> None:
    clock = FakeClock()
    await buy(tmp_path, clock, 1, back_up=True)
    clock.advance(86_400)
    await buy(tmp_path, clock, 2, back_up=True)
    scribble(tmp_path / "backups" / "kometa_ai-20260106T030000Z.db", 4096)
    scribble(tmp_path / "kometa_ai.db", 0)
    async with SqliteStore(tmp_path, clock) as store:
        assert await judged(store) == {1}


async def test_without_a_good_backup_nothing_is_started_afresh_unasked(tmp_path: Path) -> None:
    await buy(tmp_path, FakeClock(), 1, 2, 3)
    scribble(tmp_path / "kometa_ai.db", 0)
    before = (tmp_path / "kometa_ai.db").read_bytes()
    for _ in range(2):
        with pytest.raises(StopError, match=r"no good backup.*--reset-state"):
            await buy(tmp_path, FakeClock(), 4)
    assert (tmp_path / "kometa_ai.db").read_bytes() == before


async def test_damage_without_a_backup_stops_every_further_use(tmp_path: Path) -> None:
    await buy(tmp_path, FakeClock(), 1, 2, 3)
    scribble_on_pages(tmp_path / "kometa_ai.db")
    async with SqliteStore(tmp_path, FakeClock()) as store:
        for _ in range(2):
            with pytest.raises(StopError, match=r"no good backup.*--reset-state"):
                await judged(store)
        with pytest.raises(StopError, match="no good backup"):
            await store.record("1", purchase({"noir": {4: yes()}}))


async def test_a_journal_left_behind_is_not_played_into_the_backup(tmp_path: Path) -> None:
    clock = FakeClock()
    await buy(tmp_path, clock, 1, back_up=True)
    async with SqliteStore(tmp_path, clock) as store:
        await store.record("1", purchase({"noir": {2: yes()}}))
        shutil.copy(tmp_path / "kometa_ai.db-wal", tmp_path / "kept")
    (tmp_path / "kometa_ai.db").unlink()
    (tmp_path / "kept").rename(tmp_path / "kometa_ai.db-wal")
    async with SqliteStore(tmp_path, clock) as store:
        assert await judged(store) == {1}
    assert (tmp_path / "kometa_ai.db.corrupt-20260105T030000Z-wal").exists()


# --- starting afresh


async def test_a_reset_empties_the_state_and_keeps_a_copy(tmp_path: Path) -> None:
    await buy(tmp_path, FakeClock(), 1, back_up=True)
    async with SqliteStore(tmp_path, FakeClock()) as other:
        run = await other.begin_run(Trigger.COMMAND_LINE, NOW)
        kept = await reset_state(tmp_path, FakeClock())
        assert await judged(other) == set()
        assert await other.import_done()
        assert int(await other.begin_run(Trigger.COMMAND_LINE, NOW)) > int(run)
    assert kept == tmp_path / "backups" / "before-reset-20260105T030000Z.db"
    with closing(sqlite3.connect(kept)) as db:
        assert db.execute("SELECT cost FROM purchases").fetchall() == [("1",)]
    scribble(tmp_path / "kometa_ai.db", 0)
    async with SqliteStore(tmp_path, FakeClock()) as store:
        assert await judged(store) == set()


@pytest.mark.parametrize("newer", [True, False])
async def test_a_state_that_can_not_be_opened_can_be_reset(tmp_path: Path, newer: bool) -> None:
    await buy(tmp_path, FakeClock(), 1)
    if newer:
        with closing(sqlite3.connect(tmp_path / "kometa_ai.db")) as db:
            db.execute("PRAGMA user_version = 99")
    else:
        scribble(tmp_path / "kometa_ai.db", 0)
    before = (tmp_path / "kometa_ai.db").read_bytes()
    kept = await reset_state(tmp_path, FakeClock())
    assert kept.read_bytes() == before
    async with SqliteStore(tmp_path, FakeClock()) as store:
        assert await judged(store) == set()
        assert store.notices == ()


# --- disks and neighbours


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a real disk of half a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk is not permitted here; the size limit is tested instead")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def remount(disk: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", str(disk)], check=True)


async def fill(store: SqliteStore) -> None:
    """Buy for ever, and print how much was acknowledged."""
    for number in range(10_000):
        long = {item: yes(reason="x" * 500) for item in range(number * 9, number * 9 + 9)}
        await store.record("1", purchase({"noir": long}, cost=Decimal(1)))
        print(number + 1)  # noqa: T201


async def test_a_full_disk_loses_nothing_that_was_acknowledged(
    small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with SqliteStore(small_disk, FakeClock()) as store:
        with pytest.raises(StopError, match="The disk is full") as full:
            await fill(store)
        stored = int(capsys.readouterr().out.split()[-1])
        assert full.value.fault.kind is FaultKind.STATE
        assert "Free some space" in full.value.fault.remedy
        assert len(await judged(store)) == 9 * stored
        with pytest.raises(StopError, match="The disk is full"):
            await store.backup()
        assert backups(small_disk) == []
        remount(small_disk, "size=4m")
        await store.record("1", purchase({"noir": {10**6: yes()}}, cost=Decimal(1)))
    async with SqliteStore(small_disk, FakeClock()) as store:
        assert len(await judged(store)) == 9 * stored + 1
        assert await store.spent_between(*EVER) == stored + 1


async def test_a_read_only_disk_is_named(small_disk: Path) -> None:
    await buy(small_disk, FakeClock(), 1)
    remount(small_disk, "ro")
    with pytest.raises(StopError, match=r"can't be written.*write access"):
        await buy(small_disk, FakeClock(), 2)


async def test_a_limit_on_files_is_named_and_loses_nothing(tmp_path: Path) -> None:
    script = """
import asyncio, resource, sys
from pathlib import Path
from kometa_ai.adapters.store import SqliteStore
from tests.clock import FakeClock
from tests.adapters.store_samples import purchase, yes
async def main():
    async with SqliteStore(Path(sys.argv[1]), FakeClock()) as store:
        await store.record("1", purchase({"noir": {1: yes()}}))
        limit = (Path(sys.argv[1]) / "kometa_ai.db-wal").stat().st_size + 100_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        for item in range(2, 10_000):
            await store.record("1", purchase({"noir": {item: yes(reason="x" * 3000)}}))
            print(item, flush=True)
asyncio.run(main())
"""
    ended = python(script, tmp_path)
    assert ended.stderr.splitlines()[-1].startswith("kometa_ai.domain.fault.StopError")
    async with SqliteStore(tmp_path, FakeClock()) as store:
        assert max(await judged(store)) == int(ended.stdout.split()[-1])


async def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StopError, match="Check STATE_DIR"):
        await buy(tmp_path / "state", FakeClock(), 1)


async def test_a_state_that_stays_locked_is_named(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path, FakeClock(), patience=0.01) as store:
        with closing(sqlite3.connect(tmp_path / "kometa_ai.db", isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            assert await judged(store) == set()
            with pytest.raises(TryLaterError, match="kept the state locked"):
                await store.record("1", purchase({"noir": {1: yes()}}))
        await store.record("1", purchase({"noir": {1: yes()}}))


def test_a_write_reads_nothing_that_another_could_change_meanwhile(tmp_path: Path) -> None:
    database = Database(tmp_path, FakeClock())
    database.open()

    def read_while_another_writes(_: sqlite3.Connection) -> None:
        with closing(sqlite3.connect(database.file, timeout=0)) as other:
            other.execute("INSERT INTO libraries VALUES ('radarr', 1)")

    for way in (database.write, database.note):
        with pytest.raises(TryLaterError, match="locked"):
            way(read_while_another_writes)
    database.read(read_while_another_writes)
    database.close()


# --- cancelled callers


async def test_what_a_cancelled_caller_bought_is_stored(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path, FakeClock()) as store:
        for item_id in range(1, 9):
            caller = asyncio.create_task(store.record("1", purchase({"noir": {item_id: yes()}})))
            for _ in range(item_id % 3):
                await FakeClock().sleep(0)
            caller.cancel()
            started = item_id % 3 > 0
            with pytest.raises(asyncio.CancelledError):
                await caller
            assert (item_id in await judged(store)) is started


async def test_a_failure_that_nobody_waited_for_is_told(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path, FakeClock()) as store:
        caller = asyncio.create_task(store.note_done(12, {1}, NOW))
        await FakeClock().sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        await store.pins("radarr")
        await FakeClock().sleep(0)
        (told,) = store.notices
        assert "tag edit 12" in str(told)


def test_every_error_of_the_store_is_one_of_ours() -> None:
    assert issubclass(UnusableError, KometaAIError)
