"""The one picture of the service: broker, page and log are all drawn from it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from addon.command import ALL
from kometa_ai import __version__
from kometa_ai.domain.fault import FaultKind
from kometa_ai.domain.report import (
    JUDGING,
    FaultFound,
    Phase,
    PhaseBegan,
    Progress,
    Result,
    RunFinished,
    RunStarted,
    Waiting,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from kometa_ai.domain.fault import Fault
    from kometa_ai.domain.report import Event, RunReport, Trigger
    from kometa_ai.outline import RunOutline

LAST_ADDED: Final = 10
"""Titles that are shown of a collection's newest ones; Home Assistant's attributes are small."""
COUNTED: Final = frozenset({Phase.WAITING, Phase.ASKING, Phase.REVIEWING})
"""Phases that count what they ask, each by itself."""
NO_PROBLEM_WITH: Final = frozenset({Result.SUCCESS, Result.HELD, Result.DRY_RUN})


class Doing(StrEnum):
    """What the service does; the values are those of the Status sensor."""

    IDLE = "idle"
    RUNNING = "running"
    CANCELLING = "cancelling"
    PAUSED = "paused"


class Source(StrEnum):
    """Where a problem comes from, the most pressing first; each has one problem at most."""

    SETTINGS = "settings"
    STATE = "state"
    CRON = "cron"
    SCHEDULE = "schedule"
    RUN = "run"
    CHECK = "check"
    FILES = "files"
    MESSAGES = "messages"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and what to do about it."""

    reason: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Live:
    """The run that is going on; ``progress`` is in percent, of what its phase asks.

    ``counted`` says how far a batch is that it waits for: ``312 of 840``.
    """

    run_id: str
    trigger: Trigger
    dry_run: bool
    since: datetime
    phase: Phase | None = None
    progress: int = 0
    counted: str = ""
    cancelling: bool = False

    def begin(self, phase: Phase) -> Live:
        """Return the run in its next phase: what is asked is counted anew."""
        progress = 0 if phase in COUNTED else self.progress
        return replace(self, phase=phase, progress=progress, counted="")


@dataclass(frozen=True, slots=True)
class LastRun:
    """What the last run came to; ``duration`` is in seconds, ``cost`` in USD."""

    run_id: str
    at: datetime
    result: Result
    duration: float
    added: int = 0
    removed: int = 0
    would_add: int = 0
    would_remove: int = 0
    errors: int = 0
    last_error: str = ""
    cost: Decimal = Decimal(0)
    input_tokens: int = 0
    output_tokens: int = 0
    review_cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CollectionStatus:
    """One collection as it stands; ``slug`` is its tag without ``KAI-``, in lower case.

    ``held`` counts the removals that wait for approval now, ``cost_month`` is in USD.
    """

    name: str
    slug: str
    tag: str
    threshold: float
    members: int = 0
    pending: int = 0
    added: int = 0
    removed: int = 0
    held: int = 0
    last_added: tuple[str, ...] = ()
    last_run: datetime | None = None
    cost_month: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that anybody may want to know; ``None`` means that it is not known (yet).

    ``collections`` are by slug, in the order of the files. ``next_run`` is in the user's zone.
    """

    live: Live | None = None
    last: LastRun | None = None
    collections: Mapping[str, CollectionStatus] = field(
        default_factory=lambda: MappingProxyType({})
    )
    collections_known: bool = False
    """Whether Kometa's files were read whole: only then a collection that is missing is gone."""
    movies: int | None = None
    series: int | None = None
    next_run: datetime | None = None
    cost_month: Decimal = Decimal(0)
    budget_month: Decimal | None = None
    radarr: bool | None = None
    claude: bool | None = None
    problems: Mapping[Source, Problem] = field(default_factory=lambda: MappingProxyType({}))
    schedule_enabled: bool = True
    dry_run_mode: bool = False
    cron: str = ""
    max_evals: int = 0
    selected: str = ALL
    """The name of the collection that buttons act on, or ``ALL``."""
    version: str = __version__

    @property
    def doing(self) -> Doing:
        """Return what the service does now."""
        if self.live is not None:
            return Doing.CANCELLING if self.live.cancelling else Doing.RUNNING
        return Doing.IDLE if self.schedule_enabled else Doing.PAUSED

    @property
    def held(self) -> int:
        """Return how many removals wait for approval."""
        return sum(one.held for one in self.collections.values())

    @property
    def pending(self) -> int:
        """Return how many pairs still need judging, as far as the last run knew."""
        return sum(one.pending for one in self.collections.values())

    @property
    def problem(self) -> Problem | None:
        """Return the most pressing problem."""
        return next((self.problems[one] for one in Source if one in self.problems), None)

    def with_problem(self, source: Source, problem: Problem | None) -> Status:
        """Return the picture with a problem, or with none from this source."""
        problems = {key: one for key, one in self.problems.items() if key is not source}
        if problem is not None:
            problems[source] = problem
        return replace(self, problems=MappingProxyType(problems))


def fold(status: Status, event: Event) -> Status:
    """Return the picture after one more event of a run."""
    live = status.live
    match event:
        case RunStarted(run_id=run_id, request=request, at=at):
            begun = Live(run_id, request.trigger, request.dry_run, at)
            return replace(status, live=begun)
        case PhaseBegan(phase=phase) if live:
            return replace(status, live=live.begin(phase))
        case Progress(done=done, total=total) if live:
            # When all requests of a batch are done, their verdicts are still to be counted.
            percent = max(live.progress, _percent(done, total))
            return replace(status, live=replace(live, progress=percent))
        case Waiting(done=done, total=total) if live:
            percent = _percent(done, total)
            return replace(status, live=replace(live, progress=percent, counted=event.words))
        case RunFinished(report=report):
            return after_run(status, report)
        case PhaseBegan() | Progress() | Waiting() | FaultFound():
            return status


def _percent(done: int, total: int) -> int:
    return min(100, done * 100 // total) if total else 0


def after_run(status: Status, report: RunReport | RunOutline) -> Status:
    """Return the picture after a run, now or in an earlier life."""
    problem = None
    if report.result not in NO_PROBLEM_WITH and report.faults:
        problem = worst(report.faults)
    # A run that somebody cancelled says nothing new about what was wrong before.
    kept = report.result is Result.CANCELLED and problem is None
    after = status if kept else status.with_problem(Source.RUN, problem)
    kinds = {fault.kind for fault in report.faults}
    asked = report.spending.requests > 0
    radarr = _reached(FaultKind.LIBRARY in kinds, met=report.items > 0, was=after.radarr)
    claude = _reached(FaultKind.CLAUDE in kinds and not asked, met=asked, was=after.claude)
    if radarr is not False and claude is not False:
        after = after.with_problem(Source.CHECK, None)
    if report.trigger in JUDGING and report.result in NO_PROBLEM_WITH:
        after = after.with_problem(Source.SCHEDULE, None)
    # A run that began meanwhile goes on.
    live = status.live if status.live and status.live.run_id != report.run_id else None
    return replace(
        after,
        live=live,
        last=_last_run(report),
        radarr=radarr,
        claude=claude,
    )


def _reached(failed: bool, *, met: bool, was: bool | None) -> bool | None:  # noqa: FBT001 - the fact itself
    if failed:
        return False
    return True if met else was


def _last_run(report: RunReport | RunOutline) -> LastRun:
    usage, review, real = report.spending.usage, report.spending.review, not report.dry_run
    return LastRun(
        run_id=report.run_id,
        at=report.started_at,
        result=report.result,
        duration=report.duration,
        added=report.added if real else 0,
        removed=report.removed if real else 0,
        would_add=0 if real else report.added,
        would_remove=0 if real else report.removed,
        errors=len(report.faults),
        last_error=str(report.faults[-1]) if report.faults else "",
        cost=report.spending.cost,
        input_tokens=usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens,
        output_tokens=usage.output_tokens,
        review_cost=review.cost if review else None,
    )


def worst(faults: tuple[Fault, ...]) -> Problem:
    """Return one problem that stands for several faults: the first, and how many more there are."""
    first, more = faults[0], len(faults) - 1
    said = f"{first.where}: {first.message}" if first.where else first.message
    return Problem(f"{said} ({more} more)" if more else said, first.remedy)


def every(faults: tuple[Fault, ...]) -> Problem:
    """Return one problem that names all of several faults, each with what to do about it."""
    if len(faults) == 1:
        return worst(faults)
    told = " ".join(str(fault) for fault in faults)
    return Problem(f"{len(faults)} faults. {told}", "Set these right, all at once.")
