"""Moving over from 0.5.x: nothing is bought twice unasked."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from kometa_ai.adapters.legacy import DamagedError, adopt_legacy_file, read
from kometa_ai.adapters.store import SqliteStore, reset_state
from kometa_ai.domain.decision import Decision, Opinion, Origin
from kometa_ai.domain.fault import Fault, StopError
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def record(**changes: object) -> dict[str, object]:
    """Return a record as 0.5.7 wrote it."""
    return {
        "include": True,
        "confidence": 0.85,
        "metadata_hash": "5d41402abc4b2a76b9719d911017c592",
        "tag": "KAI-Film-Noir",
        "timestamp": "2025-06-01T12:00:00.123456+00:00",
        "reasoning": "Dark and doomed.",
        "revisions": 1,
        "prompt_hash": "abc",
    } | changes


def state(*records: dict[str, object], **more: object) -> dict[str, object]:
    """Return a state of 0.5.7 with one film for each record."""
    films = {
        f"movie:{number}": {"metadata_hash": "x", "collections": {"Film Noir": one}}
        for number, one in enumerate(records, 1)
    }
    return {
        "version": "0.5.7",
        "state_format_version": 1,
        "last_update": "2025-06-01T12:00:00+00:00",
        "decisions": films | more,
        "changes": [],
        "errors": [{"context": "x", "message": "half a surrogate pair: \ud83d"}],
    }


def write(file: Path, content: object) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
    return file


def decision(*, include: bool = True, confidence: float = 0.85, reason: str = "Dark and doomed.",
             at: datetime = datetime(2025, 6, 1, 12, tzinfo=UTC)) -> Decision:  # fmt: skip
    return Decision(Opinion(include, confidence, reason), "", "", 0, at, Origin.IMPORTED)


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_from_utc")
def test_records_are_read(tmp_path: Path) -> None:
    bare = record(include=False, confidence=1, timestamp="2025-06-01T14:00:00+02:00")
    for key in ("reasoning", "revisions", "prompt_hash"):
        del bare[key]
    naive = record(timestamp="2025-06-01T12:00:00.5", reasoning="half \ud83d")
    found = read(write(tmp_path / "kometa_state.json", state(record(), bare, naive)))
    assert found.decisions == {
        ("Film Noir", "kai-film-noir"): {
            1: decision(),
            2: decision(include=False, confidence=1, reason=""),
            3: decision(reason="half ?"),
        }
    }
    assert (found.count, found.unreadable, found.foreign) == (3, 0, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"include": "yes"},
        {"include": None},
        {"confidence": 1.7},
        {"confidence": "high"},
        {"confidence": float("nan")},
        {"timestamp": "yesterday"},
        {"timestamp": None},
        {"timestamp": "0001-01-01T00:00:00+05:00"},
        {"tag": 5},
        {"reasoning": ["x"]},
    ],
)
def test_a_bad_record_is_counted_and_costs_no_other(
    tmp_path: Path, wrong: dict[str, object]
) -> None:
    found = read(write(tmp_path / "x.json", state(record(**wrong), record())))
    assert found.decisions == {("Film Noir", "kai-film-noir"): {2: decision()}}
    assert found.unreadable == 1


def test_other_shapes_are_counted(tmp_path: Path) -> None:
    film = {"collections": {"Film Noir": record()}}
    keys = (
        "series:4",
        "movie:x",
        "movie:",
        "movie:-1",
        "movie:0",
        "movie:²",
        f"movie:{2**31}",
        "4",
    )
    content = state(record(), **dict.fromkeys(keys, film))
    content["decisions"] |= {"movie:7": [], "movie:8": {"collections": 3}, "movie:9": {}}  # type: ignore[operator]
    found = read(write(tmp_path / "x.json", content))
    assert (found.count, found.foreign, found.unreadable) == (1, len(keys), 3)


@pytest.mark.parametrize(
    "content",
    ["", "{", '{"decisions": {"movie:1"', "[]", "{}", '{"decisions": []}', "[" * 10**5,
     '{"state_format_version": 2, "decisions": {}}'],
)  # fmt: skip
def test_a_file_that_is_no_state_is_damaged(tmp_path: Path, content: str) -> None:
    with pytest.raises(DamagedError, match="is damaged"):
        read(write(tmp_path / "x.json", content))


async def test_a_state_is_imported_once_and_not_changed(tmp_path: Path) -> None:
    file = write(tmp_path / "kometa_state.json", state(record(), record(include=None)))
    before = file.read_bytes(), file.stat().st_mtime_ns
    async with SqliteStore(tmp_path, FakeClock()) as store:
        told = await adopt_legacy_file(store, tmp_path)
        assert "1 decisions of 0.5.x were imported from kometa_state.json" in str(told[0])
        assert "1 records" in str(told[1])
        assert await adopt_legacy_file(store, tmp_path) == ()
        assert await store.imported("Film Noir", "") == {1: decision()}
        assert (await store.dump())["legacy_import"] == {
            "source": "kometa_state.json",
            "at": "2026-01-05T03:00:00+00:00",
        }
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


async def test_without_a_state_of_0_5_there_is_nothing_to_tell(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path, FakeClock()) as store:
        assert await adopt_legacy_file(store, tmp_path) == ()
        assert not await store.import_done()


async def test_a_damaged_state_is_replaced_by_its_newest_good_backup_loudly(tmp_path: Path) -> None:
    write(tmp_path / "kometa_state.json", '{"decisions": {"mov')
    write(tmp_path / "backups" / "kometa_state_20250601000000.json", state(record()))
    write(tmp_path / "backups" / "kometa_state_20250602000000.json", state(record(), record()))
    write(tmp_path / "backups" / "kometa_state_20250603000000.json", "{")
    async with SqliteStore(tmp_path, FakeClock()) as store:
        loud, quiet = await adopt_legacy_file(store, tmp_path)
        assert isinstance(loud, Fault)
        assert "kometa_state_20250602000000.json was imported instead" in loud.message
        assert "2 decisions" in str(quiet)
        assert set(await store.imported("", "kai-film-noir")) == {1, 2}


async def test_a_damaged_state_without_a_backup_stops_until_a_person_decides(
    tmp_path: Path,
) -> None:
    file = write(tmp_path / "kometa_state.json", "{")
    async with SqliteStore(tmp_path, FakeClock()) as store:
        for _ in range(2):
            with pytest.raises(StopError, match=r"no good backup.*--reset-state"):
                await adopt_legacy_file(store, tmp_path)
    await reset_state(tmp_path, FakeClock())
    async with SqliteStore(tmp_path, FakeClock()) as store:
        assert await adopt_legacy_file(store, tmp_path) == ()
    assert file.exists()
