"""The service's mailbox: commands come in one by one, and each gets its answer."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from addon.command import ALL, RUNS, Command, Response, Word
from addon.memory import Requests, Switches, keep_switches
from addon.status import Problem, Source
from addon.worker.order import Deed, Estimated
from kometa_ai.domain.fault import FaultKind, KometaAIError, SkipError
from kometa_ai.domain.report import RunRequest, Trigger
from kometa_ai.notify import Delivered
from kometa_ai.settings import ESTIMATE_NEEDS, RUN_NEEDS, SettingsError, missing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from addon.configuration import Configuration
    from addon.picture import Picture
    from addon.runs import Runs
    from kometa_ai.adapters.store import SqliteStore
    from kometa_ai.ports import Clock

LOG = logging.getLogger(__name__)
REVIEWS: Final = {
    Word.APPROVE: (Deed.APPROVE, Trigger.APPROVE),
    Word.DECLINE: (Deed.DECLINE, Trigger.DECLINE),
    Word.UNDO: (Deed.UNDO, Trigger.UNDO),
}
SETTINGS_OF: Final = {
    Word.CRON: "SCHEDULE_CRON",
    Word.MONTHLY_BUDGET: "MONTHLY_BUDGET",
    Word.MAX_EVALS: "MAX_EVALS_PER_RUN",
}
LONG: Final = frozenset({Word.ESTIMATE, Word.TEST_NOTIFICATION})
"""Words whose answer takes a while; the mailbox stays open meanwhile."""
ON_OFF: Final = {"on": True, "true": True, "off": False, "false": False}


@dataclass(frozen=True, slots=True)
class _Letter:
    command: Command
    trigger: Trigger
    answer: asyncio.Future[Response]


class Service:
    """Does what it is told, one command after the other.

    ``reconfigure`` reads the settings anew and puts them into effect; it is called when one is set
    at run time, and for the schedule when a switch was turned.
    """

    def __init__(
        self,
        configuration: Configuration,
        store: SqliteStore,
        clock: Clock,
        picture: Picture,
        runs: Runs,
        *,
        reconfigure: Callable[[], Awaitable[None]],
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._clock = clock
        self._picture = picture
        self._runs = runs
        self._reconfigure = reconfigure
        self._requests = Requests(store)
        self._mail: asyncio.Queue[_Letter] = asyncio.Queue()
        self._estimating = False

    async def submit(self, command: Command, trigger: Trigger = Trigger.MQTT) -> Response:
        """Put a command into the mailbox and return its answer."""
        letter = _Letter(command, trigger, asyncio.get_running_loop().create_future())
        await self._mail.put(letter)
        return await letter.answer

    async def run(self, tasks: asyncio.TaskGroup) -> None:
        """Answer for ever; what takes longer than an answer becomes one of ``tasks``."""
        while True:
            letter = await self._mail.get()
            if letter.command.word in LONG:
                tasks.create_task(self._answer(letter, tasks), name=letter.command.word)
            else:
                await self._answer(letter, tasks)

    async def _answer(self, letter: _Letter, tasks: asyncio.TaskGroup) -> None:
        command = letter.command
        try:
            response = await self._respond(command, letter.trigger, tasks)
        except KometaAIError as error:
            response = _refusal(command, str(error))
        except Exception as error:  # a bug in one command must not end the schedule
            LOG.critical("a fault in Kometa-AI itself", exc_info=error)
            told = f"Kometa-AI has a fault of its own ({type(error).__name__}: {error})."
            response = _refusal(command, f"{told} Please report it, with the lines of the log.")
        said = f"refused: {response.error}" if response.error else "accepted"
        LOG.info("%s (%s): %s", command.word, letter.trigger, said)
        if not letter.answer.done():  # whoever asked may be gone
            letter.answer.set_result(response)

    async def _respond(
        self, command: Command, trigger: Trigger, tasks: asyncio.TaskGroup
    ) -> Response:
        now, request_id = self._clock.now(), command.request_id
        if request_id is None:
            return await self._do(command, trigger, tasks)
        known, run_id = await self._requests.take(request_id, now)
        if known:
            told = "This request_id was seen before; it is not done a second time."
            return Response(
                command.word, accepted=False, request_id=request_id, run_id=run_id, error=told
            )
        response = await self._do(command, trigger, tasks)
        if response.run_id is not None:
            await self._requests.keep(request_id, response.run_id, now)
        return response

    async def _do(self, command: Command, trigger: Trigger, tasks: asyncio.TaskGroup) -> Response:
        word = command.word
        if word in RUNS:
            self._need(RUN_NEEDS)
            request = await self._request(command, trigger)
            return _done(command, await self._runs.begin(tasks, Deed.RUN, request, None))
        if word in REVIEWS:
            return _done(command, await self._review(command, tasks))
        match word:
            case Word.CANCEL:
                return _done(command, self._cancel())
            case Word.ESTIMATE:
                return await self._estimate(command, trigger)
            case Word.TEST_NOTIFICATION:
                await self._test_notification()
            case Word.PAUSE | Word.RESUME:
                await self._switch(schedule_enabled=word is Word.RESUME)
            case Word.SCHEDULE:
                await self._switch(schedule_enabled=_on(command))
            case Word.DRY_RUN_MODE:
                await self._switch(dry_run_mode=_on(command))
            case Word.COLLECTION:
                await self._select(command.value or "")
            case _:
                await self._set(word, command.value or "")
        return _done(command)

    def _need(self, names: tuple[str, ...]) -> None:
        configuration = self._configuration
        if not configuration.usable:
            raise SettingsError(configuration.faults)
        faults = missing(configuration.settings, names)
        if faults:
            raise SettingsError(faults)

    async def _request(self, command: Command, trigger: Trigger) -> RunRequest:
        status = self._picture.status
        names = command.collections
        if command.selected and not names and status.selected != ALL:
            names = (status.selected,)
        dry = command.word is Word.DRY_RUN or command.dry_run or status.dry_run_mode
        return RunRequest(
            trigger,
            tuple([await self._named(name) for name in names]),
            dry_run=dry,
            force_refresh=command.word is Word.FORCE_REFRESH or command.force_refresh,
            max_pairs=self._cap(command.max_evals),
        )

    def _cap(self, wanted: int | None) -> int | None:
        """Return the cap of one run; a command lowers the configured one and never lifts it."""
        configured = self._configuration.settings.max_evals_per_run
        return min(wanted, configured or wanted) if wanted else None

    async def _named(self, name: str) -> str:
        """Return a collection's own name; the files are read again before one is called unknown."""
        for reading in (False, True):
            if reading:
                await self._picture.read_files()
            found = self._find(name.strip())
            if found is not None:
                return found
        names = [one.name for one in self._picture.status.collections.values()]
        close = get_close_matches(name, names, n=1)
        there = ", ".join(names) or "none"
        hint = f'Did you mean "{close[0]}"?' if close else f"There are: {there}."
        raise SkipError(
            FaultKind.KOMETA, f'There is no runnable collection called "{name}".', remedy=hint
        )

    def _find(self, name: str) -> str | None:
        """Return the name of the one collection that is meant; ``None``: there is none, or two."""
        collections = self._picture.status.collections
        lower = name.lower()
        if lower in collections:  # what our entities send where a name alone would not do
            return collections[lower].name
        names = [one.name for one in collections.values()]
        if name in names:
            return name
        same = [one for one in names if one.lower() == lower]
        return same[0] if len(same) == 1 else None

    async def _review(self, command: Command, tasks: asyncio.TaskGroup) -> str:
        self._need(ESTIMATE_NEEDS)
        deed, trigger = REVIEWS[command.word]
        if self._picture.status.dry_run_mode and command.word is not Word.DECLINE:
            raise SkipError(
                FaultKind.SETTINGS,
                "Dry-run mode is on, and this would change tags.",
                remedy="Switch it off first.",
            )
        if command.word is not Word.UNDO and not await self._store.held("radarr"):
            raise SkipError(FaultKind.TAGGING, "Nothing is held for approval.")
        return await self._runs.begin(tasks, deed, RunRequest(trigger), command.run_id)

    def _cancel(self) -> str:
        run_id = self._runs.cancel()
        live = self._picture.status.live
        if run_id is not None:
            self._picture.cancelling()
            return run_id
        if live is not None:
            raise SkipError(
                FaultKind.STATE,
                f"Run {live.run_id} was started from the command line.",
                remedy="Stop it there (Ctrl-C).",
            )
        raise SkipError(FaultKind.STATE, "No run is active.")

    async def _estimate(self, command: Command, trigger: Trigger) -> Response:
        self._need(ESTIMATE_NEEDS)
        if self._estimating:
            raise SkipError(FaultKind.STATE, "An estimate is being made already.")
        request = await self._request(command, trigger)
        self._estimating = True
        try:
            found = await self._runs.ask(Deed.ESTIMATE, request)
        finally:
            self._estimating = False
        estimate = found.estimate if isinstance(found, Estimated) else None
        return Response(
            command.word, accepted=True, request_id=command.request_id, estimate=estimate
        )

    async def _test_notification(self) -> None:
        """Send a test message by every channel; raises SkipError with the words of each failure."""
        self._need(())
        found = await self._runs.ask(Deed.TEST)
        sent = found.sent if isinstance(found, Delivered) else ()
        for one in sent:
            LOG.info("test notification, %s: %s", one.channel, one.said)
        failed = [one.said for one in sent if not one.well]
        if failed:
            raise SkipError(FaultKind.MESSAGES, " ".join(failed))

    async def _switch(
        self, *, schedule_enabled: bool | None = None, dry_run_mode: bool | None = None
    ) -> None:
        status = self._picture.status
        switches = Switches(
            status.schedule_enabled if schedule_enabled is None else schedule_enabled,
            status.dry_run_mode if dry_run_mode is None else dry_run_mode,
        )
        await keep_switches(self._store, switches)
        self._picture.change(
            schedule_enabled=switches.schedule_enabled, dry_run_mode=switches.dry_run_mode
        )
        await self._reconfigure()

    async def _select(self, name: str) -> None:
        # A collection may be called "All" itself; the word stands for all of them.
        found = ALL if name == ALL else await self._named(name)
        if found == ALL != name:
            raise SkipError(
                FaultKind.SETTINGS,
                f'The collection "{ALL}" can\'t be selected: the word stands for all of them.',
                remedy="It has a button of its own.",
            )
        self._picture.change(selected=found)

    async def _set(self, word: Word, value: str) -> None:
        try:
            await self._configuration.set(SETTINGS_OF[word], value, self._store)
        except SkipError as error:
            if word is Word.CRON:
                fault = error.fault
                self._picture.blame(
                    Source.CRON, Problem(f"{fault.where}: {fault.message}", fault.remedy)
                )
            raise
        if word is Word.CRON:
            self._picture.blame(Source.CRON, None)
        await self._reconfigure()


def _on(command: Command) -> bool:
    value = (command.value or "").strip().lower()
    if value not in ON_OFF:
        raise SkipError(
            FaultKind.SETTINGS, f'"{command.value}" is neither ON nor OFF.', where=command.word
        )
    return ON_OFF[value]


def _done(command: Command, run_id: str | None = None) -> Response:
    return Response(command.word, accepted=True, request_id=command.request_id, run_id=run_id)


def _refusal(command: Command, error: str) -> Response:
    return Response(command.word, accepted=False, request_id=command.request_id, error=error)
