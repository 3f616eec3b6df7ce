"""The service as a process: from its settings to its exit code."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, Final

from addon.configuration import Configuration
from addon.joining import Household
from kometa_ai import __version__
from kometa_ai.adapters.clock import SystemClock
from kometa_ai.adapters.locks import Busy, ServiceLock
from kometa_ai.adapters.store import SqliteStore
from kometa_ai.cli import logs
from kometa_ai.cli.flags import Exit
from kometa_ai.cli.threads import UnwaitedThreads
from kometa_ai.domain.fault import KometaAIError, first_of
from kometa_ai.settings import RUN_NEEDS, SettingsError, missing

if TYPE_CHECKING:
    from collections.abc import Callable

LOG = logging.getLogger("kometa_ai.service")
LAST_RESORT: Final = 1.8
"""Seconds after a signal by which the process has ended."""


def serve() -> None:
    """Serve until a signal comes, and end the process with its exit code."""
    configuration = Configuration(os.environ)
    configuration.read()
    if not configuration.usable and not configuration.inside_add_on:
        sys.stderr.write(f"{SettingsError(configuration.faults)}\n")
        sys.exit(Exit.WRONG_SETTINGS)
    try:
        logs.set_up(configuration.settings, shown=logging.INFO)
    except OSError as error:
        told = f"LOG_DIR can't be written ({error}). Give write access, or unset it."
        if not configuration.inside_add_on:
            sys.stderr.write(f"{told}\n")
            sys.exit(Exit.WRONG_SETTINGS)
        # An add-on that ends can't be read; Home Assistant keeps the log that it sees.
        logs.set_up(configuration.settings, shown=logging.INFO, to_file=False)
        LOG.error("%s", told)  # noqa: TRY400 - a sentence, not a bug
    try:
        code = asyncio.run(_until_stopped(configuration))
    except Busy as error:
        LOG.error("%s", error)  # noqa: TRY400 - a sentence, not a bug
        code = Exit.BUSY
    except KometaAIError as error:
        LOG.error("%s", error)  # noqa: TRY400 - the same
        code = Exit.ERRORS
    sys.stderr.flush()
    os._exit(code)  # a thread that reads from a disk that hangs would hold us up for ever


async def _until_stopped(configuration: Configuration) -> int:
    """Serve until the first signal; the second ends the process at once."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(UnwaitedThreads())
    service = loop.create_task(_serve(configuration, loop.add_signal_handler), name="service")
    signals: list[int] = []

    def stop(number: int) -> None:
        signals.append(number)
        if len(signals) > 1:
            os._exit(Exit.ERRORS)  # the worker notices that its stdin has ended
        LOG.info("stopping (%s)", signal.Signals(number).name)
        # A state that another program keeps locked is waited for no longer: what is half stored
        # there is undone when it is opened again.
        loop.call_later(LAST_RESORT, os._exit, Exit.FINE)
        service.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    try:
        await service
    except asyncio.CancelledError:
        LOG.info("stopped")
    except BaseExceptionGroup as errors:
        if not signals:
            raise first_of(errors) from errors
        LOG.warning("stopped; on the way: %s", first_of(errors))
    return Exit.FINE


async def _serve(configuration: Configuration, on_signal: Callable[..., None]) -> None:
    clock = SystemClock()
    settings = configuration.settings
    LOG.info("Kometa-AI %s begins", __version__)
    _say_what_is_missing(configuration)
    with ServiceLock(settings.state_dir, clock.now(), "the service"):
        async with SqliteStore(settings.state_dir, clock) as store:
            for notice in store.notices:
                LOG.warning("%s", notice)
            household = Household(configuration, store, clock, os.environ)
            on_signal(signal.SIGHUP, household.read_again)
            await household.live()


def _say_what_is_missing(configuration: Configuration) -> None:
    wrong = {fault.where for fault in configuration.faults}
    absent = (one for one in missing(configuration.settings, RUN_NEEDS) if one.where not in wrong)
    for fault in (*configuration.faults, *absent):
        LOG.warning("%s", fault)
    for notice in configuration.loaded.notices:
        LOG.info("%s", notice)
    if not configuration.usable:
        LOG.error("No run begins before the settings above are right.")
