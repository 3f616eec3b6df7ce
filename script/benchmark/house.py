"""A home for runs: the settings of a user, in a folder of its own.

Started as a program with Radarr's address, a folder and maybe Claude's address it prints these
settings as JSON.
"""

from __future__ import annotations

import json
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kometa_ai import settings
from kometa_ai.adapters.clock import SystemClock
from kometa_ai.cli.wiring import open_house
from kometa_ai.domain.report import Event, Result, RunReport, RunRequest
from kometa_ai.run import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from kometa_ai.house import House
    from kometa_ai.ports import Judge

KEY = "a-key-of-no-value"


class UnexpectedError(Exception):
    """A run did not do what the measurement needs; its figures would mean nothing."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where Kometa's files and the state are, and which servers are used."""

    folder: Path
    radarr_url: str
    claude_url: str = "http://127.0.0.1:9"
    """Nobody listens there: a run that asks Claude although nothing changed is found out."""

    @property
    def kometa(self) -> Path:
        """The folder of Kometa's files."""
        return self.folder / "kometa"

    @property
    def environment(self) -> dict[str, str]:
        """The settings."""
        return {
            "RADARR_URL": self.radarr_url,
            "RADARR_API_KEY": KEY,
            "CLAUDE_API_KEY": KEY,
            "CLAUDE_BASE_URL": self.claude_url,
            "MONTHLY_BUDGET": "1000",
            "KOMETA_CONFIG_DIR": str(self.kometa),
            "STATE_DIR": str(self.folder / "state"),
        }

    @asynccontextmanager
    async def house(self, judge: Judge | None = None) -> AsyncIterator[House]:
        """Open all that a run works with, wired as the command line does."""
        loaded = settings.load(self.environment, options_file=None)
        wired = open_house(loaded.settings, SystemClock(), _nobody, needs=settings.RUN_NEEDS)
        async with wired as house:
            yield replace(house, judge=judge) if judge else house

    async def run(
        self, judge: Judge | None = None, *, items_per_request: int | None = None
    ) -> RunReport:
        """Run once from the opening of the state to its closing."""
        async with self.house(judge) as house:
            report = await run(RunRequest(items_per_request=items_per_request), house)
        if report.result is not Result.SUCCESS:
            raise UnexpectedError(f"{report.result}: {report.faults[:3]}")
        return report

    async def run_unchanged(self) -> RunReport:
        """Run when nothing changed."""
        report = await self.run()
        if report.added or report.removed or report.held or report.spending.requests:
            raise UnexpectedError(
                f"something changed: {report.added} added, {report.removed} removed"
            )
        return report


def _nobody(event: Event) -> None:
    """Tell nobody what happens."""


if __name__ == "__main__":
    print(json.dumps(Home(Path(sys.argv[2]), *sys.argv[1:2], *sys.argv[3:]).environment))
