"""From flags to a command, and from its outcome to an exit code."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from typing import TYPE_CHECKING, Final

from kometa_ai import review, settings as settings_module
from kometa_ai.adapters.clock import SystemClock
from kometa_ai.adapters.locks import Busy, RunLock
from kometa_ai.adapters.store import reset_state
from kometa_ai.cli import inspection, logs
from kometa_ai.cli.flags import Exit
from kometa_ai.cli.health import check_health
from kometa_ai.cli.output import Output
from kometa_ai.cli.wiring import open_house
from kometa_ai.domain.fault import KometaAIError
from kometa_ai.domain.report import Result, RunFinished, RunRequest
from kometa_ai.estimating import estimate
from kometa_ai.report_json import estimate_json, faults_json, report_json
from kometa_ai.run import run
from kometa_ai.settings import (
    ESTIMATE_NEEDS,
    RUN_NEEDS,
    Loaded,
    SettingsError,
    dump_json,
    dump_text,
    redactor,
)
from kometa_ai.terminal import Narrator, print_estimate, print_report

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Awaitable, Callable

    from kometa_ai.domain.report import Event, RunReport
    from kometa_ai.house import House

LOG = logging.getLogger("kometa_ai")
ENDINGS: Final = {
    Result.SUCCESS: Exit.FINE,
    Result.DRY_RUN: Exit.FINE,
    Result.HELD: Exit.HELD,
    Result.PARTIAL: Exit.ERRORS,
    Result.FAILED: Exit.ERRORS,
    Result.CANCELLED: Exit.ERRORS,
}


def execute(flags: Namespace) -> int:
    """Do what the flags ask for; return the exit code."""
    overrides = {} if flags.max_evals is None else {"MAX_EVALS_PER_RUN": flags.max_evals}
    try:
        loaded = settings_module.load(os.environ, flags=overrides)
    except SettingsError as error:
        _complain(Output(str, as_json=flags.json), error)
        return Exit.WRONG_SETTINGS
    out = Output(redactor(loaded.settings), as_json=flags.json)
    try:
        logs.set_up(loaded.settings)
    except OSError as error:
        out.complain(f"LOG_DIR: {loaded.settings.log_dir} can't be written ({error.strerror}).")
        return Exit.WRONG_SETTINGS
    try:
        return asyncio.run(_until_stopped(Command(flags, loaded, out).execute()))
    except SettingsError as error:
        _complain(out, error)
        return Exit.WRONG_SETTINGS
    except Busy as error:
        _complain(out, error)
        return Exit.BUSY
    except KometaAIError as error:
        _complain(out, error)
        return Exit.ERRORS
    except asyncio.CancelledError:
        out.complain("Stopped. What was paid for is kept; the next run goes on from there.")
        return Exit.ERRORS


async def _until_stopped(command: Awaitable[int]) -> int:
    """Cancel the command at the first SIGTERM or SIGINT, and end at once at the second."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(command)

    def stop() -> None:
        if task.cancelling():
            os._exit(Exit.ERRORS)
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    return await task


def _complain(out: Output, error: KometaAIError) -> None:
    faults = error.faults if isinstance(error, SettingsError) else (error.fault,)
    if out.as_json:
        out.json({"version": 1, "result": "failed", "faults": faults_json(faults)})
    out.complain(str(error))


class Command:
    """One command line, with its settings and its output."""

    def __init__(self, flags: Namespace, loaded: Loaded, out: Output) -> None:
        self._flags = flags
        self._loaded = loaded
        self._settings = loaded.settings
        self._out = out
        self._clock = SystemClock()

    async def execute(self) -> int:
        """Do it; return the exit code."""
        command: str = self._flags.command
        deed: Callable[[], Awaitable[int]] = getattr(self, command)
        if command not in {"dump_config", "health_check"}:
            for notice in self._loaded.notices:
                self._out.complain(notice)
        return await deed()

    async def run(self) -> int:
        """Run once."""
        flags = self._flags
        request = RunRequest(
            collections=tuple(flags.collection),
            dry_run=flags.dry_run,
            force_refresh=flags.force_refresh,
            items_per_request=flags.batch_size,
        )
        return await self._told(lambda house: run(request, house), needs=RUN_NEEDS)

    async def approve(self) -> int:
        """Apply what is held."""
        run_id = self._flags.approve or None
        return await self._told(lambda house: review.approve(house, run_id))

    async def decline(self) -> int:
        """Keep what was to be removed."""
        run_id = self._flags.decline or None
        return await self._told(lambda house: review.decline(house, run_id))

    async def undo(self) -> int:
        """Turn a run's changes around."""
        run_id = self._flags.undo or None
        return await self._told(lambda house: review.undo(house, run_id))

    async def cleanup(self) -> int:
        """Remove orphaned tags."""
        dry_run: bool = self._flags.dry_run
        return await self._told(lambda house: review.cleanup(house, dry_run=dry_run))

    async def estimate(self) -> int:
        """Say what a run would cost."""
        flags = self._flags
        request = RunRequest(
            collections=tuple(flags.collection),
            force_refresh=flags.force_refresh,
            items_per_request=flags.batch_size,
        )
        async with open_house(
            self._settings, self._clock, _nobody, needs=ESTIMATE_NEEDS, dry_run=True
        ) as house:
            result = await estimate(request, house)
        if self._out.as_json:
            self._out.json(estimate_json(result))
        else:
            print_estimate(self._out.words, result)
        return Exit.ERRORS if result.faults else Exit.FINE

    async def health_check(self) -> int:
        """Ask everything once."""
        return await check_health(self._loaded, self._clock, self._out)

    async def dump_config(self) -> int:
        """Show every setting."""
        if self._out.as_json:
            self._out.json(dump_json(self._loaded))
        else:
            self._out.say(dump_text(self._loaded))
        for notice in self._loaded.notices:
            self._out.complain(notice)
        return Exit.FINE

    async def reset_state(self) -> int:
        """Start afresh."""
        with self._lock("resetting the state"):
            kept = await reset_state(self._settings.state_dir, self._clock)
        self._out.say(f"The state was set aside as {kept}. The next run judges everything anew.")
        return Exit.FINE

    async def dump_state(self) -> int:
        """Show what is stored."""
        return await inspection.dump_state(self._settings, self._clock, self._out)

    async def runs(self) -> int:
        """List the newest runs."""
        return await inspection.runs(self._settings, self._clock, self._out)

    async def pins(self) -> int:
        """List every pin."""
        return await inspection.pins(self._settings, self._clock, self._out)

    async def pin(self) -> int:
        """Pin a title."""
        return await inspection.pin(self._settings, self._clock, self._out, *self._flags.pin)

    async def unpin(self) -> int:
        """Take a pin back."""
        return await inspection.unpin(self._settings, self._clock, self._out, *self._flags.unpin)

    async def why(self) -> int:
        """Explain one pair."""
        return await inspection.why(self._settings, self._clock, self._out, *self._flags.why)

    def _lock(self, what: str) -> RunLock:
        return RunLock(self._settings.state_dir, self._clock.now(), what)

    async def _told(
        self,
        deed: Callable[[House], Awaitable[RunReport]],
        *,
        needs: tuple[str, ...] = ESTIMATE_NEEDS,
    ) -> int:
        """Do something that ends in a report, telling of it on the way."""
        out, finished = self._out, []

        with self._lock("started from the command line"), Narrator(out.words) as narrator:

            def tell(event: Event) -> None:
                logs.log_event(event)
                narrator(event)
                if isinstance(event, RunFinished):
                    finished.append(event.report)

            try:
                async with open_house(
                    self._settings, self._clock, tell, needs=needs, dry_run=self._flags.dry_run
                ) as house:
                    await deed(house)
            finally:
                for report in finished:
                    self._show(report)
        return ENDINGS[finished[-1].result]

    def _show(self, report: RunReport) -> None:
        if self._out.as_json:
            self._out.json(report_json(report))
        else:
            print_report(self._out.words, report, faults_told=True)


def _nobody(_: Event) -> None:
    """Tell nobody."""
