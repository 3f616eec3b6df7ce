"""A database on a thread of its own: opened, asked and closed there."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from kometa_ai.adapters.store.database import PATIENCE, Database
from kometa_ai.domain.fault import KometaAIError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from sqlite3 import Connection
    from types import TracebackType
    from typing import Self

    from kometa_ai.domain.fault import Fault
    from kometa_ai.ports import Clock

P = ParamSpec("P")
T = TypeVar("T")


class Threaded:
    """A database in ``folder``; open as long as the ``async with`` block lasts.

    ``patience`` is how many seconds a write waits for one of another process.

    What a cancelled caller asked for is still done to its end on the thread, so nothing is ever
    stored by halves; if it then fails, ``notices`` tells it.
    """

    def __init__(self, folder: Path, clock: Clock, patience: float = PATIENCE) -> None:
        self._database = Database(folder, clock, patience)
        self._clock = clock
        self._thread: ThreadPoolExecutor | None = None

    @property
    def notices(self) -> tuple[Fault | str, ...]:
        """Return what happened to the state itself, for the run's report."""
        return tuple(self._database.notices)

    async def __aenter__(self) -> Self:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        try:
            await self._on_thread(self._database.open)
        except BaseException:
            # Also when cancelled: the opening goes on, then what it opened is closed.
            self._thread.submit(self._database.close)
            self._thread.shutdown(wait=False)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._thread is not None  # noqa: S101 - __aenter__ set it
        try:
            await self._on_thread(self._database.close)
        finally:
            self._thread.shutdown(wait=False)

    async def _read(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._on_thread(partial(self._database.read, work, *args, **kwargs))

    async def _note(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._on_thread(partial(self._database.note, work, *args, **kwargs))

    async def _write(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._on_thread(partial(self._database.write, work, *args, **kwargs))

    async def _on_thread(self, work: Callable[[], T]) -> T:
        """Do the work on the store's thread; it is done to its end even if we are cancelled."""
        doing = asyncio.get_running_loop().run_in_executor(self._thread, work)
        try:
            return await asyncio.shield(doing)
        except asyncio.CancelledError:
            doing.add_done_callback(self._tell_if_failed)
            raise

    def _tell_if_failed(self, done: asyncio.Future[T]) -> None:
        try:
            done.result()
        except KometaAIError as error:
            self._database.notices.append(error.fault)
