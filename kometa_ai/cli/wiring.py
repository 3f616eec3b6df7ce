"""Builds what a command works with from the settings, and closes it again."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from kometa_ai.adapters import kometa_files, legacy
from kometa_ai.adapters.claude import Claude
from kometa_ai.adapters.kometa_files import KometaFiles
from kometa_ai.adapters.radarr import Radarr
from kometa_ai.adapters.store import SqliteStore
from kometa_ai.domain.fault import SkipError
from kometa_ai.house import House, Policy
from kometa_ai.settings import ESTIMATE_NEEDS, SettingsError, missing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from kometa_ai.domain.report import Event
    from kometa_ai.ports import Clock
    from kometa_ai.settings import Settings

LOG = logging.getLogger(__name__)


def policy(settings: Settings) -> Policy:
    """Return the limits that a run obeys."""
    return Policy(
        max_removals_percent=settings.max_removals_percent,
        collections_per_request=settings.claude_collections_per_request,
        concurrency=settings.claude_concurrency,
        max_pairs=settings.max_evals_per_run or None,
        max_cost=settings.max_cost_per_run,
        monthly_budget=settings.monthly_budget,
        zone=settings.tz,
        mode=settings.claude_mode,
    )


def files_reader(settings: Settings, *, dry_run: bool) -> Callable[[], KometaFiles]:
    """Return what reads Kometa's files, and first mends their tags where that is wanted.

    Of several folders the one to read is looked for each time: the first block may be written
    while the service runs.
    """

    def read() -> KometaFiles:
        try:
            folder = kometa_files.choose(settings.kometa_config_dir)
        except SkipError as error:
            return KometaFiles(faults=(error.fault,))
        if len(settings.kometa_config_dir) > 1:
            LOG.info("Kometa's files are read in %s", folder)
        if not settings.kometa_fix_tags:
            return kometa_files.read(folder)
        fixes, faults = kometa_files.fix_tags(folder, dry_run=dry_run)
        files = kometa_files.read(folder)
        new = tuple(fault for fault in faults if fault not in files.faults)
        return replace(files, faults=files.faults + new, notices=(*fixes, *files.notices))

    return read


def open_radarr(settings: Settings, clock: Clock) -> Radarr:
    """Return the Radarr of the settings; its key and address must be set."""
    _need(settings, ("RADARR_URL", "RADARR_API_KEY"))
    return Radarr(
        settings.radarr_url or "",
        settings.radarr_api_key or "",
        clock=clock,
        verify_tls=settings.radarr_verify_tls,
    )


def open_claude(settings: Settings, clock: Clock, *, setting: str = "CLAUDE_MODEL") -> Claude:
    """Return the Claude of the settings; the key is checked where it is needed."""
    return Claude(
        settings.claude_api_key or "",
        settings.claude_model,
        clock=clock,
        base_url=settings.claude_base_url,
        effort=settings.claude_effort and str(settings.claude_effort),
        setting=setting,
    )


def open_reviewer(settings: Settings, clock: Clock) -> AbstractAsyncContextManager[Claude | None]:
    """Return the Claude that gives second opinions, ``None`` inside if there is none to give them.

    The same model once more is none: it looks again in the next run, as it does by itself.
    """
    name = settings.claude_review_model
    if name is None or name == settings.claude_model:
        return nullcontext()
    return open_claude(replace(settings, claude_model=name), clock, setting="CLAUDE_REVIEW_MODEL")


@asynccontextmanager
async def open_store(
    settings: Settings, clock: Clock, say: Callable[[str], None]
) -> AsyncIterator[SqliteStore]:
    """Open the state alone, to look at it; what happened to it is said at once."""
    async with SqliteStore(settings.state_dir, clock) as store:
        for notice in store.notices:
            say(str(notice))
        yield store


@asynccontextmanager
async def open_to_look(
    settings: Settings, clock: Clock, say: Callable[[str], None]
) -> AsyncIterator[House]:
    """Open all that there is to look at, for what is no run: it tells of the opening itself."""
    async with open_house(settings, clock, _nobody, needs=ESTIMATE_NEEDS, dry_run=True) as house:
        for notice in house.opening:
            say(str(notice))
        yield house


@asynccontextmanager
async def open_house(
    settings: Settings,
    clock: Clock,
    tell: Callable[[Event], None],
    *,
    needs: Sequence[str],
    dry_run: bool = False,
) -> AsyncIterator[House]:
    """Open all that a run works with.

    Raises SettingsError that names each of ``needs`` that is not set.
    """
    _need(settings, needs)
    async with (
        SqliteStore(settings.state_dir, clock) as store,
        open_radarr(settings, clock) as library,
        open_claude(settings, clock) as judge,
        open_reviewer(settings, clock) as reviewer,
    ):
        told = await legacy.adopt_legacy_file(store, settings.state_dir)
        house = House(
            library=library,
            judge=judge,
            store=store,
            clock=clock,
            read_files=files_reader(settings, dry_run=dry_run),
            policy=policy(settings),
            tell=tell,
            opening=(*store.notices, *told),
            reviewer=reviewer,
        )
        try:
            yield house
        finally:
            # Also of a run that failed or was stopped: it may have paid for answers.
            await store.backup()


def _nobody(_: Event) -> None:
    """Tell nobody: what is no run tells no events."""


def _need(settings: Settings, names: Sequence[str]) -> None:
    faults = missing(settings, names)
    if faults:
        raise SettingsError(faults)
