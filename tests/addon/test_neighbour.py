"""A run of another process, read along from its file: from the middle, to an end, or to none."""

from __future__ import annotations

import sqlite3
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from addon.configuration import Configuration
from addon.neighbour import SILENCE, Neighbour
from addon.picture import Picture
from addon.status import Source
from kometa_ai.adapters.event_file import EventFile
from kometa_ai.adapters.locks import RunLock
from kometa_ai.adapters.store import SqliteStore
from kometa_ai.domain.report import (
    Event,
    Phase,
    PhaseBegan,
    Result,
    RunFinished,
    RunReport,
    RunRequest,
    RunStarted,
    Trigger,
)
from kometa_ai.recorded import encode_event
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@dataclass(slots=True)
class _Beside:
    folder: Path
    clock: FakeClock
    store: SqliteStore
    picture: Picture
    told: list[Event] = field(default_factory=list)

    def neighbour(self) -> Neighbour:
        return Neighbour(self.folder, self.store, self.clock, self.picture)

    async def begin(self) -> RunStarted:
        run_id = await self.store.begin_run(Trigger.COMMAND_LINE, self.clock.now())
        return RunStarted(run_id, RunRequest(Trigger.COMMAND_LINE), self.clock.now())

    def report(self, begun: RunStarted) -> RunReport:
        return RunReport(
            run_id=begun.run_id,
            trigger=begun.request.trigger,
            result=Result.SUCCESS,
            dry_run=False,
            started_at=begun.at,
            duration=1.0,
        )

    def lock(self) -> RunLock:
        return RunLock(self.folder, self.clock.now(), "started from the command line")

    @property
    def doing(self) -> str:
        return str(self.picture.status.doing)


@asynccontextmanager
async def beside(folder: Path) -> AsyncIterator[_Beside]:
    state, kometa = folder / "state", folder / "kometa"
    kometa.mkdir()
    environ = {"STATE_DIR": str(state), "KOMETA_CONFIG_DIR": str(kometa)}
    configuration = Configuration(environ, folder / "options.json")
    configuration.read()
    clock = FakeClock()
    async with SqliteStore(state, clock) as store:
        told: list[Event] = []
        picture = Picture(configuration, store, clock, show=lambda _: None, pass_on=told.append)
        yield _Beside(state, clock, store, picture, told)


async def test_a_run_is_followed_to_its_end(tmp_path: Path) -> None:
    async with beside(tmp_path) as one:
        neighbour = one.neighbour()
        begun = await one.begin()
        report = one.report(begun)
        with one.lock(), EventFile(one.folder) as file:
            file.tell(begun)
            file.tell(PhaseBegan(Phase.ASKING))
            await neighbour.look()
            assert one.doing == "running"
            file.tell(RunFinished(report))
            await neighbour.look()
        assert one.doing == "idle"
        assert one.picture.status.last
        assert one.picture.status.last.run_id == begun.run_id
        assert [type(event) for event in one.told] == [RunStarted, PhaseBegan, RunFinished]
        await neighbour.look()
        assert len(one.told) == 3


async def test_a_run_that_goes_on_already_is_joined_in_the_middle(tmp_path: Path) -> None:
    async with beside(tmp_path) as one:
        begun = await one.begin()
        with one.lock(), EventFile(one.folder) as file:
            file.tell(begun)
            await one.neighbour().look()
            assert one.doing == "running"


async def test_a_run_that_is_over_is_no_news(tmp_path: Path) -> None:
    async with beside(tmp_path) as one:
        begun = await one.begin()
        with one.lock(), EventFile(one.folder) as file:
            file.tell(begun)
            file.tell(RunFinished(one.report(begun)))
        await one.neighbour().look()
        assert one.told == []
        assert one.doing == "idle"


async def test_a_silent_run_that_lives_is_waited_for(tmp_path: Path) -> None:
    async with beside(tmp_path) as one:
        neighbour = one.neighbour()
        begun = await one.begin()
        with one.lock(), EventFile(one.folder) as file:
            file.tell(begun)
            await neighbour.look()
            one.clock.advance(100 * SILENCE)
            await neighbour.look()
            assert one.doing == "running"


async def test_a_run_that_dies_has_failed(tmp_path: Path) -> None:
    async with beside(tmp_path) as one:
        neighbour = one.neighbour()
        begun = await one.begin()
        with one.lock(), EventFile(one.folder) as file:
            file.tell(begun)
            await neighbour.look()
        one.clock.advance(SILENCE + 1)
        await neighbour.look()
        assert one.doing == "idle"
        kept = await one.store.report(begun.run_id)
        assert kept
        assert kept.result is Result.FAILED
        assert one.told[-1] == RunFinished(kept)
        assert "without a report" in kept.faults[0].message


async def test_a_run_that_dies_after_its_report_was_kept_has_not_failed(tmp_path: Path) -> None:
    async with beside(tmp_path) as one:
        neighbour = one.neighbour()
        begun = await one.begin()
        report = one.report(begun)
        with one.lock(), EventFile(one.folder) as file:
            file.tell(begun)
            await neighbour.look()
            await one.store.finish_run(report)
        one.clock.advance(SILENCE + 1)
        await neighbour.look()
        assert one.told[-1] == RunFinished(report)
        assert one.doing == "idle"


async def test_words_of_another_version_are_passed_over(tmp_path: Path) -> None:
    async with beside(tmp_path) as one:
        neighbour = one.neighbour()
        begun = await one.begin()
        with one.lock(), EventFile(one.folder) as file:
            file.tell(begun)
            with (one.folder / "run.events").open("ab") as stream:
                stream.write(b'{"type": "turbo"}\n{\n\xff\n')
                stream.write(encode_event(PhaseBegan(Phase.ASKING)))
            await neighbour.look()
        assert [type(event) for event in one.told] == [RunStarted, PhaseBegan]


async def test_the_end_of_a_run_is_told_though_the_state_cannot_be_read(tmp_path: Path) -> None:
    async with beside(tmp_path) as one:
        neighbour = one.neighbour()
        begun = await one.begin()
        with one.lock(), EventFile(one.folder) as file:
            file.tell(begun)
            file.tell(RunFinished(one.report(begun)))
            _damage(one.folder)
            await neighbour.look()
        assert one.doing == "idle"
        assert one.told[-1] == RunFinished(one.report(begun))
        assert "damaged" in one.picture.status.problems[Source.STATE].reason


def _damage(folder: Path) -> None:
    """Let the table of the runs stand where the file has no page."""
    with closing(sqlite3.connect(folder / "kometa_ai.db", isolation_level=None)) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute("UPDATE sqlite_schema SET rootpage = 99999 WHERE name = 'runs'")
        version = database.execute("PRAGMA schema_version").fetchone()[0]
        database.execute(f"PRAGMA schema_version = {version + 1}")
