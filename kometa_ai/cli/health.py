"""--health-check: everything that a run needs, asked once, one line each."""

from __future__ import annotations

import asyncio
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from kometa_ai.adapters.apprise_channel import chats
from kometa_ai.cli.audience import has_mail
from kometa_ai.cli.flags import Exit
from kometa_ai.cli.telling import mail_of
from kometa_ai.cli.wiring import files_reader, open_claude, open_radarr, open_reviewer, open_store
from kometa_ai.domain.fault import FaultKind, KometaAIError, SkipError
from kometa_ai.domain.wording import many
from kometa_ai.settings import SettingsError, require_for_run
from kometa_ai.terminal.narrator import console
from kometa_ai.terminal.tables import print_checks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from kometa_ai.cli.output import Output
    from kometa_ai.domain.fault import Fault
    from kometa_ai.ports import Clock
    from kometa_ai.settings import Loaded, Settings

    Check = Callable[[Settings], Awaitable[str]]
    """Asks one part, and returns a sentence; raises what is wrong with it."""


Checked = tuple[str, bool, str]
"""One part: its name, whether all is well, and a sentence."""
NOTHING: Final[Mapping[str, Check]] = MappingProxyType({})


async def check_health(
    loaded: Loaded, clock: Clock, out: Output, further: Mapping[str, Check]
) -> int:
    """Check everything, and ``further`` parts that are not the engine's; print it."""
    checked = await ask_everything(loaded, clock, further)
    if out.as_json:
        listed = [{"name": name, "ok": well, "message": told} for name, well, told in checked]
        out.json({"version": 1, "checks": listed})
    else:
        print_checks(console(out.words), out.masked(checked))
    return Exit.FINE if all(well for _, well, _ in checked) else Exit.ERRORS


async def ask_everything(
    loaded: Loaded, clock: Clock, further: Mapping[str, Check] = NOTHING
) -> list[Checked]:
    """Check each part by itself, so that one that is broken hides no other."""
    settings = loaded.settings
    checks: dict[str, Callable[[], Awaitable[str]]] = {
        "Settings": lambda: _settings(loaded),
        "State": lambda: _state(settings, clock),
        "Kometa's files": lambda: _files(settings),
        "Radarr": lambda: _radarr(settings, clock),
        "Claude": lambda: _claude(settings, clock),
    }
    if settings.claude_review_model:
        checks["Second opinion"] = lambda: _reviewer(settings, clock)
    checks["Mail"] = lambda: _mail(settings)
    if settings.notification_urls:
        checks["Chats"] = lambda: _chats(settings)
    for name, question in further.items():
        checks[name] = partial(question, settings)
    checked: list[Checked] = []
    for name, check in checks.items():
        try:
            checked.append((name, True, await check()))
        except SettingsError as error:
            checked.append((name, False, " ".join(str(fault) for fault in error.faults)))
        except KometaAIError as error:
            checked.append((name, False, str(error)))
    return checked


async def _settings(loaded: Loaded) -> str:
    faults = require_for_run(loaded.settings)
    if faults:
        raise SettingsError(faults)
    return " ".join(("All that a run needs is set.", *loaded.notices))


async def _state(settings: Settings, clock: Clock) -> str:
    told: list[str] = []
    async with open_store(settings, clock, told.append):
        pass
    if told:
        raise SkipError(FaultKind.STATE, " ".join(told))
    return f"{settings.state_dir} can be read and written."


async def _files(settings: Settings) -> str:
    files = await asyncio.to_thread(files_reader(settings, dry_run=True))
    if files.faults:
        raise KometaFilesError(files.faults)
    if not files.collections:
        return f"{files.folder} has no collection to keep."
    names = ", ".join(one.name for one in files.collections)
    return f"{many(len(files.collections), 'collection')} to keep in {files.folder}: {names}."


async def _radarr(settings: Settings, clock: Clock) -> str:
    async with open_radarr(settings, clock) as radarr:
        version = await radarr.version()
        return f"version {version} answers at {settings.radarr_url}, and takes the key."


async def _claude(settings: Settings, clock: Clock) -> str:
    if not settings.claude_api_key:
        raise SettingsError(f for f in require_for_run(settings) if f.where == "CLAUDE_API_KEY")
    async with open_claude(settings, clock) as claude:
        return await claude.check()


async def _reviewer(settings: Settings, clock: Clock) -> str:
    async with open_reviewer(settings, clock) as reviewer:
        if reviewer is None:
            return "It is the same model, so it is not asked for a second opinion."
        if not settings.claude_api_key:
            raise SettingsError(f for f in require_for_run(settings) if f.where == "CLAUDE_API_KEY")
        return await reviewer.check()


async def _mail(settings: Settings) -> str:
    if not has_mail(settings):
        return "No mail server with recipients is set, so no mail is sent."
    return await mail_of(settings).check()


async def _chats(settings: Settings) -> str:
    for chat in chats(settings.notification_urls):
        await chat.check()
    return f"{many(len(settings.notification_urls), 'channel')} understood."


class KometaFilesError(SkipError):
    """Some blocks are wrong; the first is told whole, the others are counted."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
        first = faults[0]
        super().__init__(first.kind, first.message + more, where=first.where, remedy=first.remedy)
