"""python -m addon.worker: one piece of work, ordered on stdin and told on stdout.

It ends when its work is done, at a signal, and when stdin ends: then the service is gone.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from addon.worker.order import (
    CANCEL,
    Checked,
    Deed,
    Estimated,
    Failed,
    Order,
    Told,
    decode_order,
    encode_told,
)
from kometa_ai import review
from kometa_ai.adapters.clock import SystemClock
from kometa_ai.calling_off import call_off
from kometa_ai.cli import logs
from kometa_ai.cli.health import ask_everything
from kometa_ai.cli.memory import collect_rarely
from kometa_ai.cli.telling import send_test, tell_people
from kometa_ai.cli.threads import UnwaitedThreads
from kometa_ai.cli.wiring import open_house, open_store, open_to_look
from kometa_ai.domain.fault import Fault, FaultKind, KometaAIError
from kometa_ai.domain.report import RunFinished
from kometa_ai.estimating import estimate
from kometa_ai.notify import Delivered
from kometa_ai.report_json import estimate_json
from kometa_ai.run import run
from kometa_ai.settings import (
    ESTIMATE_NEEDS,
    RUN_NEEDS,
    Loaded,
    LogFormat,
    SettingsError,
    load,
    masked,
    redactor,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from kometa_ai.domain.report import RunReport
    from kometa_ai.house import House

LOG = logging.getLogger("kometa_ai.worker")
STDIN = 0


def main() -> None:
    """Do what is ordered, and end the process."""
    for number in (signal.SIGTERM, CANCEL):
        signal.signal(number, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the service passes it on
    collect_rarely()
    try:
        order = decode_order(sys.stdin.buffer.readline())
        # What was written is handed over; the file that it came from may be broken by now.
        written = {name: raw for name, raw in order.settings.items() if name != "SETTINGS_FILE"}
        loaded = load({}, flags=written, options_file=None)
        # As JSON, for the service: it passes each line on as one of its own.
        logs.set_up(loaded.settings, shown=logging.WARNING, to_file=False, form=LogFormat.JSON)
        asyncio.run(_until_stopped(Work(order, loaded)))
    except KeyboardInterrupt:
        os._exit(1)
    # To take the client's thousands of classes apart would cost more than a second.
    os._exit(0)


async def _until_stopped(work: Work) -> None:
    """Do the work; cancel it at a signal, and when the service is gone."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(UnwaitedThreads())
    task = loop.create_task(work.do(), name="work")
    loop.add_signal_handler(signal.SIGTERM, task.cancel)

    def cancelled() -> None:
        if not work.by_person:  # pressed twice, it must not cut off what the first one began
            work.by_person = True
            task.cancel()

    loop.add_signal_handler(CANCEL, cancelled)

    def heard() -> None:
        if not os.read(STDIN, 4096):
            loop.remove_reader(STDIN)
            task.cancel()

    loop.add_reader(STDIN, heard)
    await asyncio.wait([task])
    # All is done and told. A signal would meet a loop that is half taken apart, and leave a
    # traceback in the log.
    loop.remove_signal_handler(signal.SIGTERM)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


class Work:
    """One piece of work, and the telling of it."""

    def __init__(self, order: Order, loaded: Loaded) -> None:
        self._order = order
        self._loaded = loaded
        self._clock = SystemClock()
        self._redact = redactor(loaded.settings)
        self._reported = False
        self.by_person = False

    async def do(self) -> None:
        """Do it; whatever goes wrong is told."""
        try:
            await self._deed()
        except SettingsError as error:
            self._tell(Failed(error.faults))
        except KometaAIError as error:
            self._tell(Failed((error.fault,)))
        except Exception as error:  # the one place where a bug becomes a sentence
            LOG.critical("a fault in Kometa-AI itself", exc_info=error)
            if not self._reported:
                self._tell(Failed((_bug(error),)))

    async def _deed(self) -> None:
        order = self._order
        match order.deed:
            case Deed.RUN:
                await self._run(lambda house: run(order.request, house), needs=RUN_NEEDS)
            case Deed.APPROVE:
                await self._run(lambda house: review.approve(house, order.about))
            case Deed.DECLINE:
                await self._run(lambda house: review.decline(house, order.about))
            case Deed.UNDO:
                await self._run(lambda house: review.undo(house, order.about))
            case Deed.ESTIMATE:
                await self._estimate()
            case Deed.DELIVER:
                self._tell(await self._deliver())
            case Deed.TEST:
                sent = await send_test(self._loaded.settings, self._clock)
                self._tell(Delivered(sent))
            case Deed.CHECK:
                parts = await ask_everything(self._loaded, self._clock)
                self._tell(Checked(tuple(parts)))

    async def _run(
        self,
        deed: Callable[[House], Awaitable[RunReport]],
        *,
        needs: tuple[str, ...] = ESTIMATE_NEEDS,
    ) -> None:
        order = self._order
        async with open_house(
            self._loaded.settings,
            self._clock,
            self._tell,
            needs=needs,
            dry_run=order.request.dry_run,
        ) as house:
            try:
                await deed(replace(house, announced=order.run_id))
            except asyncio.CancelledError:
                waited = order.deed is Deed.RUN and house.policy.patient(order.request.trigger)
                if self.by_person and waited:
                    await call_off(house)
                raise

    async def _estimate(self) -> None:
        async with open_to_look(self._loaded.settings, self._clock, LOG.warning) as house:
            result = await estimate(self._order.request, house)
        self._tell(Estimated(estimate_json(result)))

    async def _deliver(self) -> Delivered:
        settings, clock = self._loaded.settings, self._clock
        async with open_store(settings, clock, LOG.warning) as store:
            return await tell_people(settings, clock, store, next_run=self._order.next_run)

    def _tell(self, told: Told) -> None:
        self._reported = self._reported or isinstance(told, RunFinished)
        sys.stdout.buffer.write(encode_told(masked(told, self._redact)))
        sys.stdout.buffer.flush()


def _bug(error: Exception) -> Fault:
    return Fault(
        FaultKind.PROGRAM,
        "Kometa-AI",
        f"The program itself failed ({type(error).__name__}: {error}).",
        "That is a bug: please report it with the traceback in the log.",
    )


if __name__ == "__main__":
    main()
