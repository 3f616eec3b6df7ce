"""The upper half of the page: what goes on, what is wrong, what it costs, what may be pressed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from addon.command import Word
from addon.status import Doing, Source
from addon.texts import counted
from addon.web.wording import Moment, budget, duration, moment, safe, sentence, usd
from kometa_ai.domain.report import JUDGING, Result, Trigger

if TYPE_CHECKING:
    from addon.status import LastRun, Live
    from addon.web.sight import Sight
    from kometa_ai.domain.fault import Fault

RESULTS: Final = {
    Result.SUCCESS: "done",
    Result.PARTIAL: "with errors",
    Result.FAILED: "failed",
    Result.CANCELLED: "cancelled",
    Result.HELD: "removals wait",
    Result.DRY_RUN: "dry run",
}
DEEDS: Final = {
    Trigger.APPROVE: "The approved removals are being done",
    Trigger.DECLINE: "The held removals are being declined",
    Trigger.UNDO: "A run is being undone",
    Trigger.CLEANUP: "Orphaned tags are being removed",
}
MUCH: Final = 80
ALL: Final = 100
"""Percent of the month's budget from which the bar says so."""
MOST_FAULTS: Final = 50
"""Faults of one run that are shown; the log has them all."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong, with what to do about it; ``where`` names a setting or a place."""

    message: str
    remedy: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """How far a run is; ``percent`` of ``None``: that can't be said (yet)."""

    phase: str
    percent: int | None
    since: Moment


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with its name; ``mood`` is good, bad or nothing, ``percent`` draws a bar."""

    name: str
    value: str
    note: str = ""
    mood: str = ""
    percent: int | None = None
    at: Moment | None = None


def headline(sight: Sight) -> str:
    """Return what goes on in one sentence: said aloud whenever it changes."""
    status = sight.status
    live = status.live
    if live is not None:
        if live.cancelling:
            return "The run is being cancelled."
        return f"{_deed(live)}."
    if not sight.usable:
        return "Some settings are wrong; nothing runs before they are right."
    if sight.missing:
        return "Kometa-AI is not set up yet."
    if status.problem is not None:
        return "Something needs your attention."
    if status.held:
        return f"{counted(status.held, 'removal waits', 'removals wait')} for your approval."
    if status.doing is Doing.PAUSED:
        return "The schedule is off; nothing runs by itself."
    return "All is well." if status.last else "Ready for the first run."


def mood(sight: Sight) -> str:
    """Return the colour of the headline: busy, bad, waiting or good."""
    status = sight.status
    if status.live is not None:
        return "busy"
    if not sight.usable or (status.problem is not None and sight.ready):
        return "bad"
    if not sight.ready or status.held or status.doing is Doing.PAUSED:
        return "waiting"
    return "good"


def running(sight: Sight) -> Running | None:
    """Return how far the run is that goes on."""
    live = sight.status.live
    if live is None:
        return None
    phase = f"{live.phase.value[0].upper()}{live.phase.value[1:]}" if live.phase else "Starting"
    if live.counted:
        phase = f"{phase}, {live.counted}"
    known = live.progress or None
    return Running(phase, known, moment(live.since, sight.now, brief=True))


def next_run(sight: Sight) -> Moment | None:
    """Return when the next run begins by itself."""
    at = sight.status.next_run
    return None if at is None or not sight.ready else moment(at, sight.now)


def troubles(sight: Sight) -> list[Trouble]:
    """Return what is wrong now; what is wrong in the settings has a list of its own."""
    problems = dict(sight.status.problems)
    if sight.faults:
        problems.pop(Source.SETTINGS, None)
    if sight.missing:
        problems.pop(Source.CHECK, None)
    faults = run_faults(sight)
    files = problems.get(Source.FILES)
    if files and any(files.reason.startswith(f"{one.where}: {one.message}") for one in faults):
        del problems[Source.FILES]
    found = []
    for source in Source:
        if source is Source.RUN and faults:
            found += [trouble(one) for one in faults]
        elif source in problems:
            told = problems[source]
            found.append(Trouble(sentence(safe(told.reason)), sentence(safe(told.remedy))))
    return found


def run_faults(sight: Sight) -> tuple[Fault, ...]:
    """Return the faults of the last run, as far as they are still a problem."""
    report = sight.report
    if report is None or Source.RUN not in sight.status.problems:
        return ()
    return report.faults[:MOST_FAULTS]


def wrong_settings(sight: Sight) -> list[Trouble]:
    """Return every setting that is wrong."""
    return [_setting(one, sight) for one in sight.faults]


def missing_settings(sight: Sight) -> list[Trouble]:
    """Return every setting that a run needs and that is not there."""
    wrong = {one.where for one in sight.faults}
    return [_setting(one, sight) for one in sight.missing if one.where not in wrong]


def figures(sight: Sight) -> list[Figure]:
    """Return the figures, the most asked for first."""
    status, last = sight.status, sight.status.last
    return [
        _last(last, sight) if last else Figure("Last run", "none yet"),
        _month(sight),
        Figure("Cost of last run", usd(last.cost) if last else "–"),
        Figure("Still to judge", f"{status.pending:,}", "evaluations"),
        Figure("Movies", "–" if status.movies is None else f"{status.movies:,}"),
        Figure("Collections", f"{len(status.collections):,}"),
    ]


def connections(sight: Sight) -> list[Figure]:
    """Return who answers and who does not."""
    status = sight.status
    return [
        _reached("Radarr", status.radarr),
        _reached("Claude", status.claude),
        _broker(sight.broker),
    ]


def pressable(sight: Sight) -> frozenset[Word]:
    """Return the buttons that make sense now."""
    live = sight.status.live
    if live is None:
        return frozenset({Word.RUN, Word.DRY_RUN}) if sight.ready else frozenset()
    # What the command line has begun is ended there.
    ours = live.trigger is not Trigger.COMMAND_LINE and not live.cancelling
    return frozenset({Word.CANCEL}) if ours else frozenset()


def advice(sight: Sight) -> str:
    """Return what the buttons do, and what that costs."""
    status = sight.status
    if not sight.ready:
        return ""
    left = "" if status.budget_month is None else _left(sight)
    if status.dry_run_mode:
        return f"Dry-run mode is on: every run asks Claude and changes no tag.{left}"
    return f"A dry run asks Claude too, and changes no tag.{left}"


def _left(sight: Sight) -> str:
    status = sight.status
    left = max((status.budget_month or 0) - status.cost_month, type(status.cost_month)(0))
    return f" Claude may cost {budget(left)} more this month."


def _deed(live: Live) -> str:
    if live.trigger not in JUDGING:
        return DEEDS[live.trigger]
    return "A dry run is going on" if live.dry_run else "A run is going on"


def _last(last: LastRun, sight: Sight) -> Figure:
    bad = last.result in {Result.FAILED, Result.PARTIAL}
    note = f"{RESULTS[last.result]} · {duration(last.duration)}"
    at = moment(last.at, sight.now)
    return Figure("Last run", at.said, note, "bad" if bad else "", at=at)


def _month(sight: Sight) -> Figure:
    status = sight.status
    spent, most = status.cost_month, status.budget_month
    if most is None:
        return Figure("This month", usd(spent))
    percent = min(100, int(spent * 100 / most)) if most else 100
    mood = "bad" if percent >= ALL else "waiting" if percent >= MUCH else ""
    return Figure("This month", usd(spent), f"of {budget(most)}", mood, percent)


def _reached(name: str, answers: bool | None) -> Figure:  # noqa: FBT001 - the fact itself
    if answers is None:
        return Figure(name, "not asked yet")
    return (
        Figure(name, "answers", mood="good") if answers else Figure(name, "no answer", mood="bad")
    )


def _broker(connected: bool | None) -> Figure:  # noqa: FBT001 - the fact itself
    if connected is None:
        return Figure("MQTT", "not set up")
    if connected:
        return Figure("MQTT", "connected", mood="good")
    return Figure("MQTT", "not connected", mood="bad")


def trouble(fault: Fault) -> Trouble:
    """Return a fault of a run as something that is wrong."""
    return Trouble(sentence(safe(fault.message)), sentence(safe(fault.remedy)), safe(fault.where))


def _setting(fault: Fault, sight: Sight) -> Trouble:
    name = fault.where.lower() if sight.inside_add_on and fault.where.isupper() else fault.where
    return trouble(replace(fault, where=name))
