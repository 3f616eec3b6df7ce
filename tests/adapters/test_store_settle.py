"""Before a backup: what the journal holds goes into the file, and nobody is waited for long."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from kometa_ai.adapters.store import SqliteStore, settle
from kometa_ai.domain.fault import StopError
from tests.adapters.store_samples import ledger_of, purchase, yes
from tests.clock import FakeClock

ROOT = Path(__file__).parents[2]
FILE = "kometa_ai.db"


def command(folder: Path) -> subprocess.CompletedProcess[str]:
    """Do what the Supervisor does before it copies the add-on's data."""
    return subprocess.run(
        [sys.executable, "-m", "kometa_ai.cli.settle"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "STATE_DIR": str(folder), "WEB_PORT": "wrong"},
        capture_output=True,
        text=True,
        check=False,
    )


async def test_the_file_alone_holds_everything(tmp_path: Path) -> None:
    state, copy = tmp_path / "state", tmp_path / "copy"
    copy.mkdir()
    async with SqliteStore(state, FakeClock()) as store:
        await store.record("1", purchase({"noir": {1: yes(1)}}))
        assert (state / f"{FILE}-wal").stat().st_size
        assert settle(state)
        assert not (state / f"{FILE}-wal").stat().st_size
        shutil.copyfile(state / FILE, copy / FILE)
        # The one that was open all the while goes on.
        await store.record("1", purchase({"noir": {2: yes(2)}}))
    async with SqliteStore(copy, FakeClock()) as restored:
        assert (await ledger_of(restored, "noir", "a")).named == {1: yes(1)}
        assert restored.notices == ()


async def test_whoever_writes_or_reads_is_not_waited_for_long(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path, FakeClock()) as store:
        await store.record("1", purchase({"noir": {1: yes(1)}}))
        for begin in ("BEGIN IMMEDIATE", "BEGIN; SELECT count(*) FROM marks"):
            with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
                for statement in begin.split(";"):
                    other.execute(statement)
                await store.record("1", purchase({"noir": {2: yes(2)}})) if "; " in begin else None
                begun = time.monotonic()
                assert not settle(tmp_path, patience=0.2)
                assert time.monotonic() - begun < 5


def test_without_a_state_there_is_nothing_to_do(tmp_path: Path) -> None:
    assert settle(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_damaged_state_is_told_of(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database " * 500)
    with pytest.raises(StopError):
        settle(tmp_path)


async def test_the_command_never_stops_a_backup(tmp_path: Path) -> None:
    sound, damaged = tmp_path / "sound", tmp_path / "damaged"
    async with SqliteStore(sound, FakeClock()) as store:
        await store.record("1", purchase({"noir": {1: yes(1)}}))
        ended = command(sound)  # the settings are wrong on top of that
        assert not (sound / f"{FILE}-wal").stat().st_size
    assert (ended.returncode, ended.stdout) == (0, "")
    assert f"the state in {sound} is whole" in ended.stderr
    damaged.mkdir()
    (damaged / FILE).write_bytes(b"no database " * 500)
    ended = command(damaged)
    assert ended.returncode == 0
    assert "damaged" in ended.stderr
    assert command(tmp_path / "none").returncode == 0
