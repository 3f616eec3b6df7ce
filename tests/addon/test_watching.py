"""Files that change without telling, looked at tick by tick."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from addon.configuration import Configuration
from addon.neighbour import Neighbour
from addon.picture import Picture
from addon.watching import TICK, TICKS_FOR_KOMETA, Watching, folders_stamp
from kometa_ai.adapters.store import SqliteStore
from kometa_ai.domain.fault import FaultKind, TryLaterError
from tests.clock import HeldClock
from tests.outside import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import pytest

HALF_A_MINUTE = timedelta(seconds=TICK * TICKS_FOR_KOMETA)


@dataclass(slots=True)
class _Watched:
    clock: HeldClock
    settings_file: Path
    kometa: Path
    watching: Watching = field(init=False)
    calls: list[str] = field(default_factory=list)
    failing: bool = False

    async def reconfigure(self) -> None:
        self.calls.append("settings")
        self._fail()

    async def read_files(self) -> None:
        self.calls.append("files")
        self._fail()

    def _fail(self) -> None:
        if self.failing:
            raise TryLaterError(FaultKind.STATE, "The state is full.")

    async def ticks(self, count: int) -> None:
        """Let so many ticks pass, one by one: the look at a folder takes a thread."""
        for _ in range(count):
            await until(lambda: self.clock.sleeping)
            await self.clock.advance(timedelta(seconds=TICK))
        await until(lambda: self.clock.sleeping)


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[_Watched]:
    file, kometa = folder / "settings.yaml", folder / "kometa"
    file.write_text("monthly_budget: 3\n", "utf-8")
    (kometa / "deep").mkdir(parents=True)
    environ = {
        "STATE_DIR": str(folder / "state"),
        "SETTINGS_FILE": str(file),
        "KOMETA_CONFIG_DIR": str(kometa),
    }
    configuration = Configuration(environ, folder / "options.json")
    configuration.read()
    clock = HeldClock()
    async with SqliteStore(folder / "state", clock) as store:
        nothing: Any = lambda _: None  # noqa: E731 - what is shown is of no interest here
        picture = Picture(configuration, store, clock, show=nothing, pass_on=nothing)
        neighbour = Neighbour(folder / "state", store, clock, picture)
        one = _Watched(clock, file, kometa)
        one.watching = watching = Watching(
            configuration,
            clock,
            neighbour,
            reconfigure=one.reconfigure,
            read_files=one.read_files,
        )
        await watching.begin()
        task = asyncio.create_task(watching.run())
        try:
            yield one
        finally:
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled()


async def test_nothing_is_read_while_nothing_changes(tmp_path: Path) -> None:
    async with watched(tmp_path) as one:
        await one.ticks(2 * TICKS_FOR_KOMETA)
        assert one.calls == []
        assert set(one.clock.sleeps) == {TICK}


async def test_a_changed_or_new_or_vanished_file_of_settings_is_read_once(tmp_path: Path) -> None:
    async with watched(tmp_path) as one:
        one.settings_file.write_text("monthly_budget: 44\n", "utf-8")
        await one.ticks(3)
        assert one.calls == ["settings"]
        (tmp_path / "options.json").write_text("{}", "utf-8")
        await one.ticks(1)
        one.settings_file.unlink()
        await one.ticks(3)
        assert one.calls == ["settings"] * 3


async def test_asking_reads_without_a_change(tmp_path: Path) -> None:
    async with watched(tmp_path) as one:
        one.watching.look_now()
        await one.ticks(2)
        assert one.calls == ["settings"]


async def test_kometas_files_are_looked_at_every_half_minute(tmp_path: Path) -> None:
    async with watched(tmp_path) as one:
        (one.kometa / "deep" / "movies.yml").write_text("collections: {}\n", "utf-8")
        (one.kometa / "poster.jpg").write_bytes(b"x")
        await one.ticks(TICKS_FOR_KOMETA - 1)
        assert one.calls == []
        await one.ticks(1)
        assert one.calls == ["files"]
        (one.kometa / "other.jpg").write_bytes(b"x")
        await one.ticks(TICKS_FOR_KOMETA)
        assert one.calls == ["files"]


async def test_what_failed_is_tried_again_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with watched(tmp_path) as one:
        one.failing = True
        one.settings_file.write_text("monthly_budget: 44\n", "utf-8")
        (one.kometa / "movies.yml").write_text("collections: {}\n", "utf-8")
        await one.ticks(2 * TICKS_FOR_KOMETA)
        assert one.calls.count("settings") == 2 * TICKS_FOR_KOMETA
        assert one.calls.count("files") == 2
        one.failing = False
        one.calls.clear()
        await one.ticks(TICKS_FOR_KOMETA)
        assert sorted(one.calls) == ["files", "settings"]
    assert caplog.text.count("The state is full.") == 2  # once for each of the two


def test_a_folder_that_is_missing_has_a_stamp(tmp_path: Path) -> None:
    missing = folders_stamp([tmp_path / "none"])
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "movies.yaml").write_text("x", "utf-8")
    assert folders_stamp([tmp_path / "none"]) != missing


def test_what_is_not_read_has_no_stamp(tmp_path: Path) -> None:
    """As the reader of the files does: hidden and put away is not looked at, capitals are."""
    seen = folders_stamp([tmp_path])
    for folder in (".storage", "_old"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "movies.yml").write_text("x", "utf-8")
    assert folders_stamp([tmp_path]) == seen
    (tmp_path / "Movies.YML").write_text("x", "utf-8")
    assert folders_stamp([tmp_path]) != seen


async def test_a_new_month_is_a_reason_to_read(tmp_path: Path) -> None:
    async with watched(tmp_path) as one:
        one.clock.jump(timedelta(days=20))
        await one.ticks(TICKS_FOR_KOMETA)
        assert one.calls == []
        one.clock.jump(timedelta(days=10))
        await one.ticks(TICKS_FOR_KOMETA)
        assert one.calls == ["files"]
        await one.ticks(TICKS_FOR_KOMETA)
        assert one.calls == ["files"]
