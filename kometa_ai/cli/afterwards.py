"""After a run of the command line: what people and the watchman outside are told of it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from kometa_ai.adapters.clock import SystemClock
from kometa_ai.cli import logs
from kometa_ai.cli.beat import send_beat
from kometa_ai.cli.failure import failure_of, note_failure
from kometa_ai.cli.output import Output
from kometa_ai.cli.stopping import until_stopped
from kometa_ai.cli.telling import tell_at_once, tell_people
from kometa_ai.cli.wiring import open_store
from kometa_ai.domain.fault import Fault, FaultKind, KometaAIError, SkipError
from kometa_ai.domain.heartbeat import Beat, beat_at_end, beat_at_start
from kometa_ai.domain.report import Trigger
from kometa_ai.settings import SettingsError, redactor

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Awaitable, Callable

    from kometa_ai.domain.report import RunReport, RunRequest
    from kometa_ai.notify import Sent
    from kometa_ai.ports import Clock
    from kometa_ai.settings import Settings

LOG = logging.getLogger(__name__)
PATIENCE: Final = 35.0
"""Seconds for one message: a mail server that looks for viruses first takes 30 by itself, and who
hangs up on it sends the mail twice. One that says nothing at all is given up after 10."""
LATE: Final = 2.0
"""Seconds that the word of a beginning has after the end."""
LONGEST: Final = 45.0
"""Seconds after which a process ends, whatever it still has to tell."""


_NO_STATE: Final = SkipError(FaultKind.STATE, "There is no state yet.")


class Afterwards:
    """Tells of one run. The run itself waits for nothing, and nothing here changes its outcome."""

    def __init__(self, settings: Settings, clock: Clock, complain: Callable[[str], None]) -> None:
        self._settings = settings
        self._clock = clock
        self._complain = complain
        self._beats: asyncio.Task[None] | None = None
        self._late: asyncio.Task[None] | None = None

    def begun(self, request: RunRequest) -> None:
        """Tell the watchman that a run begins, beside the run."""
        self._beat(beat_at_start(request))

    def catch_up(self) -> None:
        """Tell of runs before this one, beside it: it may be cut off as they were."""
        self._late = asyncio.create_task(self._safely(self._tell()), name="late news")

    async def ended(self, report: RunReport) -> None:
        """Tell of a run that left a report in the state."""
        self._beat(beat_at_end(report))
        await self._bounded(self._tell())

    async def failed(self, error: Exception) -> None:
        """Tell of a run that came to nothing before it began."""
        self._beat(Beat.FAILURE)
        partly = isinstance(error, SettingsError)
        await self._bounded(self._tell_failure(_faults(error), partly=partly))

    def _beat(self, beat: Beat | None) -> None:
        if beat is None:
            return
        before = self._beats

        async def send() -> None:
            if before is not None:
                # The end must not come before the beginning; one that is still tried is worth
                # nothing any more.
                await asyncio.wait({before}, timeout=LATE)
                before.cancel()
            try:
                await send_beat(self._settings, self._clock, beat)
            except KometaAIError as error:
                self._complain(str(error))

        self._beats = asyncio.create_task(send(), name=f"heartbeat {beat}")

    async def _tell(self) -> None:
        settings, clock = self._settings, self._clock
        async with open_store(settings, clock, self._complain) as store:
            delivered = await tell_people(settings, clock, store, patience=PATIENCE)
        self._say(delivered.sent)

    async def _tell_failure(self, faults: tuple[Fault, ...], *, partly: bool) -> None:
        settings, clock, trigger = self._settings, self._clock, Trigger.COMMAND_LINE
        try:
            if not settings.state_dir.is_dir():
                raise _NO_STATE
            async with open_store(settings, clock, self._complain) as store:
                await note_failure(store, trigger, faults, clock)
                delivered = await tell_people(
                    settings, clock, store, patience=PATIENCE, partly=partly
                )
        except KometaAIError:
            # Without a state nothing can be remembered, so it is told each time.
            report = failure_of("0", trigger, faults, clock.now())
            self._say(await tell_at_once(settings, clock, report, patience=PATIENCE))
        else:
            self._say(delivered.sent)

    async def _bounded(self, telling: Awaitable[None]) -> None:
        """Tell, but not for ever; a signal ends the telling and not what the run came to."""
        try:
            async with asyncio.timeout(LONGEST):
                await self._safely(telling)
                for task in (self._late, self._beats):
                    if task is not None:
                        await self._safely(task)
        except TimeoutError:
            self._complain("Some servers did not answer; what is not sent yet goes out later.")
        except asyncio.CancelledError:
            self._complain("Stopped while messages were sent; the others go out later.")

    async def _safely(self, telling: Awaitable[None]) -> None:
        """Tell; what goes wrong with it is said, and is no failure of the run."""
        try:
            await telling
        except KometaAIError as error:
            self._complain(f"Nobody could be told of the run: {error}")
        except Exception as error:  # a bug in the telling is none in what the run did
            LOG.critical("a fault in Kometa-AI itself", exc_info=error)
            self._complain(
                "Nobody could be told of the run: Kometa-AI has a fault of its own"
                f" ({type(error).__name__}: {error}). Please report it, with the lines that were"
                " logged."
            )

    def _say(self, sent: tuple[Sent, ...]) -> None:
        for one in sent:
            if one.kept:
                self._complain(f"A message could not be sent; it is kept for later. {one.said}")
            elif not one.well:
                self._complain(f"A message could not be sent. {one.said}")


def is_real_run(flags: Namespace) -> bool:
    """Return whether somebody waits for a run that comes to nothing: a watchman, a reader."""
    return flags.command == "run" and not flags.dry_run


def tell_of_wrong_settings(error: SettingsError, sound: Settings) -> None:
    """Tell of a run that wrong settings kept from beginning, by what is right of them."""
    logs.set_up(sound, to_file=False)
    out = Output(redactor(sound), as_json=True)  # stdout is for the command's own answer
    afterwards = Afterwards(sound, SystemClock(), out.complain)
    with suppress(asyncio.CancelledError):  # stopped before anything was sent
        asyncio.run(until_stopped(afterwards.failed(error), out))


def _faults(error: Exception) -> tuple[Fault, ...]:
    if isinstance(error, SettingsError):
        return error.faults
    if isinstance(error, KometaAIError):
        return (error.fault,)
    told = f"The program itself failed ({type(error).__name__}: {error})."
    remedy = "That is a bug: please report it with the traceback in the log."
    return (Fault(FaultKind.PROGRAM, "Kometa-AI", told, remedy),)
