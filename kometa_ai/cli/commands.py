"""From flags to a command, and from its outcome to an exit code."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from kometa_ai import review
from kometa_ai.adapters.clock import SystemClock
from kometa_ai.adapters.event_file import EventFile
from kometa_ai.adapters.locks import Busy, RunLock
from kometa_ai.adapters.store import reset_state
from kometa_ai.cli import inspection, logs
from kometa_ai.cli.afterwards import Afterwards, is_real_run, tell_of_wrong_settings
from kometa_ai.cli.configuration import configure
from kometa_ai.cli.evaluation import evaluate
from kometa_ai.cli.failure import finish_cut_off_runs
from kometa_ai.cli.flags import Exit
from kometa_ai.cli.health import NOTHING, check_health
from kometa_ai.cli.stopping import until_stopped
from kometa_ai.cli.telling import send_test
from kometa_ai.cli.wiring import open_house, open_to_look
from kometa_ai.domain.fault import Fault, FaultKind, KometaAIError
from kometa_ai.domain.report import Result, RunFinished, RunRequest, RunStarted
from kometa_ai.estimating import estimate
from kometa_ai.report_json import estimate_json, report_json
from kometa_ai.run import run
from kometa_ai.settings import ESTIMATE_NEEDS, RUN_NEEDS, SettingsError
from kometa_ai.terminal.narrator import Narrator, console
from kometa_ai.terminal.report import print_report
from kometa_ai.terminal.tables import print_checks, print_estimate

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Awaitable, Callable, Mapping

    from kometa_ai.cli.health import Check
    from kometa_ai.cli.output import Output
    from kometa_ai.domain.report import Event, RunReport
    from kometa_ai.house import House
    from kometa_ai.settings import Loaded, Settings

LOG = logging.getLogger("kometa_ai")
ENDINGS: Final = {
    Result.SUCCESS: Exit.FINE,
    Result.DRY_RUN: Exit.FINE,
    Result.HELD: Exit.HELD,
    Result.PARTIAL: Exit.ERRORS,
    Result.FAILED: Exit.ERRORS,
    Result.CANCELLED: Exit.ERRORS,
}
STOPPED: Final = {
    "run": "Stopped. What was paid for is kept; the next run goes on from there.",
    "evaluate": "Stopped. What was spent is booked; an evaluation keeps no verdict.",
}


def execute(flags: Namespace, further: Mapping[str, Check] = NOTHING) -> int:
    """Do what the flags ask for; return the exit code. ``further`` is for ``--health-check``."""
    try:
        loaded, out = configure(flags)
    except SettingsError as error:
        if error.sound is not None and is_real_run(flags):
            tell_of_wrong_settings(error, error.sound.settings)
        return Exit.WRONG_SETTINGS
    try:
        logs.set_up(loaded.settings)
    except OSError as error:
        wrong = _no_log(loaded.settings, error)
        out.fail(wrong, dry_run=flags.dry_run)
        if is_real_run(flags):
            tell_of_wrong_settings(wrong, loaded.settings)
        return Exit.WRONG_SETTINGS
    try:
        return asyncio.run(until_stopped(Command(flags, loaded, out, further).execute(), out))
    except SettingsError as error:
        out.fail(error, dry_run=flags.dry_run)
        return Exit.WRONG_SETTINGS
    except Busy as error:
        out.fail(error, dry_run=flags.dry_run)
        return Exit.BUSY
    except KometaAIError as error:
        out.fail(error, dry_run=flags.dry_run)
        return Exit.ERRORS
    except asyncio.CancelledError:
        out.stop(STOPPED.get(flags.command, STOPPED["run"]), dry_run=flags.dry_run)
        return Exit.ERRORS
    except Exception as error:  # the one place where a bug becomes a sentence
        LOG.critical("a fault in Kometa-AI itself", exc_info=error)
        out.break_down(
            f"Kometa-AI has a fault of its own ({type(error).__name__}: {error}). What was paid for"
            " is kept. Please report it, with the lines that were logged.",
            dry_run=flags.dry_run,
        )
        return Exit.ERRORS


def _no_log(settings: Settings, error: OSError) -> SettingsError:
    said = f"'{settings.log_dir}' can't be written ({error.strerror})."
    remedy = "Give the user that runs Kometa-AI write access, or unset it: then no log is kept."
    return SettingsError([Fault(FaultKind.SETTINGS, "LOG_DIR", said, remedy)])


class Command:
    """One command line, with its settings and its output."""

    def __init__(
        self, flags: Namespace, loaded: Loaded, out: Output, further: Mapping[str, Check]
    ) -> None:
        self._further = further
        self._flags = flags
        self._loaded = loaded
        self._settings = loaded.settings
        self._out = out
        self._words = console(out.words)
        self._clock = SystemClock()

    async def execute(self) -> int:
        """Do it; return the exit code."""
        command: str = self._flags.command
        deed: Callable[[], Awaitable[int]] = getattr(self, command)
        if command != "health_check":
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
        dry_run: bool = self._flags.dry_run
        return await self._told(lambda house: review.approve(house, run_id, dry_run=dry_run))

    async def decline(self) -> int:
        """Keep what was to be removed."""
        run_id = self._flags.decline or None
        return await self._told(lambda house: review.decline(house, run_id))

    async def undo(self) -> int:
        """Turn a run's changes around."""
        run_id = self._flags.undo or None
        dry_run: bool = self._flags.dry_run
        return await self._told(lambda house: review.undo(house, run_id, dry_run=dry_run))

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
        async with open_to_look(self._settings, self._clock, self._out.complain) as house:
            result = await estimate(request, house)
        if self._out.as_json:
            self._out.json(estimate_json(result))
        else:
            print_estimate(self._words, self._out.masked(result))
        return Exit.ERRORS if result.faults else Exit.FINE

    async def evaluate(self) -> int:
        """Measure how well models judge a collection."""
        return await evaluate(self._flags, self._settings, self._clock, self._out)

    async def health_check(self) -> int:
        """Ask everything once."""
        return await check_health(self._loaded, self._clock, self._out, self._further)

    async def send_test_email(self) -> int:
        """Send a test mail."""
        return await self._try_out(mail_only=True)

    async def test_notification(self) -> int:
        """Send a test message by every channel."""
        return await self._try_out(mail_only=False)

    async def _try_out(self, *, mail_only: bool) -> int:
        sent = await send_test(self._settings, self._clock, mail_only=mail_only)
        # Its name stands before it already.
        told = [(one.channel, one.well, one.said.removeprefix(f"{one.channel}: ")) for one in sent]
        if self._out.as_json:
            listed = [{"name": name, "ok": well, "message": said} for name, well, said in told]
            self._out.json({"version": 1, "channels": listed})
        else:
            print_checks(self._words, self._out.masked(told))
        return Exit.FINE if all(one.well for one in sent) else Exit.ERRORS

    async def reset_state(self) -> int:
        """Start afresh."""
        with self._lock("resetting the state"):
            kept = await reset_state(self._settings.state_dir, self._clock)
        if self._out.as_json:
            self._out.json({"version": 1, "kept": str(kept)})
        self._out.say(
            f"The state was set aside as {kept}: verdicts, reports, what is held and what could be"
            " undone. Pins and the money spent stay, as far as they could be read. The next run"
            " judges everything anew; --estimate tells the price."
        )
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
        """Do something that ends in a report, and tell people of it."""
        finished: list[RunReport] = []
        afterwards = Afterwards(self._settings, self._clock, self._out.complain)
        try:
            await self._followed(deed, needs, finished, afterwards)
        except Busy:
            raise  # the run that is active tells of itself
        except Exception as error:
            if finished:
                await afterwards.ended(finished[-1])
            elif is_real_run(self._flags):
                await afterwards.failed(error)
            raise
        await afterwards.ended(finished[-1])
        return ENDINGS[finished[-1].result]

    async def _followed(
        self,
        deed: Callable[[House], Awaitable[RunReport]],
        needs: tuple[str, ...],
        finished: list[RunReport],
        afterwards: Afterwards,
    ) -> None:
        """Do it, and show it on the way."""
        out = self._out
        bar = not self._settings.debug_logging  # lines of a log would tear it apart
        with (
            self._lock("started from the command line"),
            Narrator(self._words, bar=bar) as narrator,
            EventFile(self._settings.state_dir) as story,
        ):

            def tell(told: Event) -> None:
                event = out.masked(told)
                logs.log_event(event)
                story.tell(event)
                narrator(event)
                if isinstance(event, RunStarted):
                    afterwards.begun(event.request)
                if isinstance(event, RunFinished):
                    finished.append(event.report)

            try:
                async with open_house(
                    self._settings, self._clock, tell, needs=needs, dry_run=self._flags.dry_run
                ) as house:
                    if await finish_cut_off_runs(house.store):
                        afterwards.catch_up()
                    await deed(house)
            finally:
                for report in finished:
                    self._show(report)

    def _show(self, report: RunReport) -> None:
        if self._out.as_json:
            self._out.json(report_json(report))
        else:
            print_report(self._words, report, faults_told=True)
