"""From all sources to one checked ``Settings``, or to the list of everything that is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kometa_ai.domain.fault import Fault, FaultKind, StopError
from kometa_ai.settings import sources
from kometa_ai.settings.contradictions import contradictions
from kometa_ai.settings.declared import BY_ENV, SETTINGS, ClaudeMode, Settings
from kometa_ai.settings.kinds import Refused
from kometa_ai.settings.sources import Found, Origin, Source
from kometa_ai.settings.surroundings import from_surroundings, look_further, no_such_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kometa_ai.settings.kinds import Raw
    from kometa_ai.settings.setting import Setting

OPTIONS_FILE = Path("/data/options.json")
NOTHING: Mapping[str, str] = MappingProxyType({})

ESTIMATE_NEEDS = ("RADARR_URL", "RADARR_API_KEY")
"""What an estimate cannot do without: it reads the library and asks Claude nothing."""

RUN_NEEDS = (*ESTIMATE_NEEDS, "CLAUDE_API_KEY")
"""What a run cannot do without; a dry run asks Claude as well."""


class SettingsError(StopError):
    """Settings are wrong or missing: ``faults`` names each, the text lists them all.

    ``sound`` holds what is right, with defaults for the rest: good enough to tell people about the
    faults, never to run with.
    """

    def __init__(self, faults: Iterable[Fault], sound: Loaded | None = None) -> None:
        self.faults = tuple(faults)
        self.sound = sound
        lines = "".join(f"\n  {fault}" for fault in self.faults)
        count = len(self.faults)
        heading = "1 fault" if count == 1 else f"{count} faults"
        super().__init__(FaultKind.SETTINGS, f"{heading} in the settings:{lines}")


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, where each value comes from (by env name), and what is worth saying.

    ``written`` holds each value that is set as it was written, secrets included: what another
    process of ours is handed, so that both work with the same.
    """

    settings: Settings
    origins: Mapping[str, Origin]
    notices: tuple[str, ...]
    written: Mapping[str, Raw] = field(repr=False)


def load(
    environ: Mapping[str, str],
    *,
    flags: Mapping[str, Raw] = NOTHING,
    stored: Mapping[str, str] = NOTHING,
    options_file: Path | None = OPTIONS_FILE,
) -> Loaded:
    """Read all settings; of several sources the first that holds a value wins.

    The order is flag, set at run time (``stored``), environment, ``NAME_FILE``, SETTINGS_FILE,
    ``options_file``, what an add-on is given by its place, default. ``flags`` and ``stored`` are
    keyed by env name. A blank value counts as not set. Only the winning value of a setting is
    checked. A setting that is not set is no fault here: see ``missing``.

    Raises:
        SettingsError: with every fault of every source at once.

    """
    ranked = _ranked_sources(environ, flags, stored, options_file)
    faults = [fault for source in ranked for fault in source.faults]
    values: dict[str, Any] = {}
    written: dict[str, Raw] = {}
    origins: dict[str, Origin] = {}
    for setting in SETTINGS:
        origin, found = _winner(setting, ranked)
        origins[setting.env] = origin
        if found is None:
            continue
        try:
            values[setting.name] = setting.kind.read(found.raw)
            written[setting.env] = found.raw
        except Refused as refused:
            faults.append(_fault(setting, found, refused))
    settings = Settings(**values)
    faults += contradictions(settings, origins)
    notices = [notice for source in ranked for notice in source.notices]
    notices.extend(_notices(settings, origins))
    notices.extend(no_such_folder(settings.kometa_config_dir, origins["KOMETA_CONFIG_DIR"]))
    loaded = Loaded(settings, MappingProxyType(origins), tuple(notices), MappingProxyType(written))
    if faults:
        raise SettingsError(faults, loaded)
    return loaded


def missing(settings: Settings, names: Iterable[str]) -> tuple[Fault, ...]:
    """Return a fault for each named setting (by env name) that is not set."""
    return tuple(
        Fault(
            FaultKind.SETTINGS,
            name,
            "is not set.",
            f"{BY_ENV[name].about} Expected {BY_ENV[name].kind.expected}.",
        )
        for name in names
        if getattr(settings, BY_ENV[name].name) in (None, ())
    )


def require_for_run(settings: Settings) -> tuple[Fault, ...]:
    """Return a fault for each setting that a run needs and that is not set."""
    return missing(settings, RUN_NEEDS)


def _ranked_sources(
    environ: Mapping[str, str],
    flags: Mapping[str, Raw],
    stored: Mapping[str, str],
    options_file: Path | None,
) -> tuple[Source, ...]:
    above = (
        sources.from_flags(flags),
        sources.from_stored(stored),
        sources.from_environment(environ),
        sources.from_secret_files(environ),
    )
    below = (sources.from_options(options_file), from_surroundings(environ, options_file))
    look_further(*below)
    _, named = _winner(BY_ENV["SETTINGS_FILE"], (*above, *below))
    if named is None or not isinstance(named.raw, str):
        return (*above, *below)
    return (*above, sources.from_settings_file(Path(named.raw)), *below)


def _winner(setting: Setting, ranked: Iterable[Source]) -> tuple[Origin, Found | None]:
    for source in ranked:
        if setting.env in source.found:
            return source.origin, source.found[setting.env]
    return Origin.DEFAULT, None


def _fault(setting: Setting, found: Found, refused: Refused) -> Fault:
    reason = str(refused) if str(refused).endswith("?") else f"{refused}."
    return Fault(
        FaultKind.SETTINGS,
        setting.env,
        f"{setting.shown_raw(found.raw)} ({found.place}) {reason}",
        f"Expected {setting.kind.expected}.",
    )


def _notices(settings: Settings, origins: Mapping[str, Origin]) -> Iterable[str]:
    """Say what a user may not expect of settings that are all right one by one."""
    yield from _notices_of_mail(settings)
    if settings.claude_mode is ClaudeMode.BATCH:
        yield (
            "CLAUDE_MODE is batch: every run waits until its batch is answered, mostly within an"
            " hour, at most a day. With auto only large scheduled runs wait."
        )
    if settings.claude_review_model == settings.claude_model:
        yield (
            "CLAUDE_REVIEW_MODEL is the same as CLAUDE_MODEL, and a second opinion of the same"
            " model is none: doubtful titles get a second look in the next run, as without it."
        )
    if settings.monthly_budget == 0:
        yield "MONTHLY_BUDGET is 0: nothing is spent, so no new title is judged."
    if settings.max_cost_per_run == 0:
        yield "MAX_COST_PER_RUN is 0: nothing is spent. Leave it blank for no limit per run."
    if settings.schedule_cron and origins["SCHEDULE_INTERVAL"] is not Origin.DEFAULT:
        yield "SCHEDULE_CRON and SCHEDULE_INTERVAL are both set: SCHEDULE_CRON wins."
    if settings.schedule.never:
        yield (
            "SCHEDULE_BLACKOUT covers the whole week: no scheduled run ever begins. "
            "Leave a time free, or start runs yourself."
        )
    if settings.notify_on_no_changes and settings.notify_on_errors_only:
        yield (
            "NOTIFY_ON_NO_CHANGES has no effect while NOTIFY_ON_ERRORS_ONLY is true: "
            "only errors are told."
        )


def _notices_of_mail(settings: Settings) -> Iterable[str]:
    if settings.smtp_use_tls and settings.smtp_use_ssl:
        yield (
            "SMTP_USE_TLS and SMTP_USE_SSL are both set: STARTTLS (SMTP_USE_TLS) is used. "
            "For TLS from the first byte, set SMTP_USE_TLS to false."
        )
    if settings.smtp_server and not settings.notification_recipients:
        yield "SMTP_SERVER is set but NOTIFICATION_RECIPIENTS is not: no mail is sent."
    if settings.notification_recipients and not settings.smtp_server:
        yield "NOTIFICATION_RECIPIENTS is set but SMTP_SERVER is not: no mail is sent."
