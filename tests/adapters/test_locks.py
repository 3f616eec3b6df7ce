"""One run at a time, whatever becomes of its process."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kometa_ai.adapters.locks import Busy, RunLock
from kometa_ai.domain.fault import FaultKind, StopError, TryLaterError

SINCE = datetime(2026, 1, 5, 14, 3, 22, tzinfo=ZoneInfo("Europe/Berlin"))
BY_HAND = "started from the command line"
HOLDER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from kometa_ai.adapters.locks import RunLock
with RunLock(Path(sys.argv[1]), datetime(2026, 1, 5, 14, 3, 22, tzinfo=UTC), "started by cron"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_holder_is_refused_by_name(tmp_path: Path) -> None:
    with (
        RunLock(tmp_path, SINCE, BY_HAND),
        pytest.raises(Busy) as busy,
        RunLock(tmp_path, SINCE, "another"),
    ):
        pass
    assert busy.value.fault.kind is FaultKind.STATE
    assert busy.value.fault.message == (
        f"a run is active since 14:03:22 (process {os.getpid()}, started from the command line)"
    )
    assert (busy.value.since, busy.value.pid, busy.value.what) == (SINCE, os.getpid(), BY_HAND)
    assert isinstance(busy.value, TryLaterError)


def test_the_lock_is_free_after_the_block_also_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), RunLock(tmp_path / "new", SINCE, "a longer text"):
        raise ZeroDivisionError
    with (
        RunLock(tmp_path / "new", SINCE, "x"),
        pytest.raises(Busy, match="x"),
        RunLock(tmp_path / "new", SINCE, "y"),
    ):
        pass
    assert (tmp_path / "new" / "run.lock").stat().st_mode & 0o777 == 0o600


def test_the_lock_ends_with_its_process(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Busy) as busy, RunLock(tmp_path, SINCE, BY_HAND):
            pass
        assert (busy.value.pid, busy.value.what) == (holder.pid, "started by cron")
        holder.kill()
    with RunLock(tmp_path, SINCE, BY_HAND):
        pass


@pytest.mark.parametrize("written", ["", "{", "[]", '{"pid": null, "since": "x", "what": ""}'])
def test_a_holder_that_has_not_said_who_it_is_is_refused_too(tmp_path: Path, written: str) -> None:
    with RunLock(tmp_path, SINCE, BY_HAND):
        (tmp_path / "run.lock").write_text(written)
        with pytest.raises(Busy, match=r"a run is active\. Wait"), RunLock(tmp_path, SINCE, "y"):
            pass


def test_a_folder_that_can_not_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with (
        pytest.raises(StopError, match="run lock can't be taken"),
        RunLock(tmp_path / "state", SINCE, BY_HAND),
    ):
        pass
