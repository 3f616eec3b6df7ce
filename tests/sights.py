"""What the page may have to show: made up, so that every test and every picture has the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from zoneinfo import ZoneInfo

from addon.status import CollectionStatus, Live, Problem, Source, Status, after_run
from addon.web.sight import Sight
from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.report import (
    Change,
    CollectionReport,
    Phase,
    Result,
    RunReport,
    Spending,
    Trigger,
)
from kometa_ai.excerpt import RunExcerpt, read_excerpt
from kometa_ai.recorded import encode_report
from kometa_ai.settings import RUN_NEEDS, SettingsError, load, missing

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 1, 5, 9, 30, tzinfo=BERLIN)
HOSTILE = "<script>alert(1)</script> \"'& \u202egnp.exe\x00\x1b[2J"
RTL = "\u0628\u0627\u0628 \u0627\u0644\u062d\u062f\u064a\u062f"

NOIR = CollectionReport(
    "Film Noir",
    "film-noir",
    "KAI-film-noir",
    "radarr",
    0.6,
    members=42,
    added=(
        Change(1, "Laura", 1944, "A detective falls for the portrait of a murdered woman."),
        Change(2, "Out of the Past", 1947, "A private eye's past and a femme fatale catch up."),
        Change(3, "The Big Heat", 1953, "A cop takes on a crime syndicate after his wife's death."),
    ),
    removed=(Change(4, "Casablanca", 1942, "A wartime romance; its shadows are not noir's."),),
    judged=61,
    cost=Decimal("0.0123"),
)
HEIST = CollectionReport(
    "Heists where the plan goes wrong",
    "heists-where-the-plan-goes-wrong",
    "KAI-heists-where-the-plan-goes-wrong",
    "radarr",
    0.6,
    members=11,
    held=tuple(
        Change(10 + number, title, year, "The plan works out; that is the other collection.")
        for number, (title, year) in enumerate(
            [
                ("Ocean's Eleven", 2001),
                ("The Sting", 1973),
                ("How to Steal a Million", 1966),
                ("The Italian Job", 2003),
                ("Logan Lucky", 2017),
                ("Entrapment", 1999),
            ]
        )
    ),
    judged=61,
    cost=Decimal("0.0123"),
)
COSY = CollectionReport(
    "Cosy winter evenings",
    "cosy-winter-evenings",
    "KAI-cosy-winter-evenings",
    "radarr",
    0.6,
    members=58,
    added=tuple(
        Change(100 + number, f"A Winter's Tale, Part {number + 1}", 1960 + number, "Snow, a fire.")
        for number in range(27)
    ),
    pending=12,
    deferred=12,
    judged=61,
    cost=Decimal("0.0123"),
)
QUIET = tuple(
    replace(NOIR, name=name, slug=slug, added=(), removed=(), members=members)
    for name, slug, members in (("Space operas", "space-operas", 77), ("One night", "one-night", 1))
)
REPORT = RunReport(
    "128",
    Trigger.SCHEDULE,
    Result.HELD,
    dry_run=False,
    started_at=datetime(2026, 1, 5, 3, 0, tzinfo=BERLIN),
    duration=83.4,
    collections=(NOIR, HEIST, COSY, *QUIET),
    spending=Spending(requests=6, pairs=183, cost=Decimal("0.0369")),
    spent_this_month=Decimal("1.27"),
    monthly_budget=Decimal(5),
    items=1_284,
    model="claude-haiku-5-5",
    notices=("Westerns (movies.yml:40) is not enabled: its block does not say so.",),
)
FAULT = Fault(
    FaultKind.KOMETA,
    "movies.yml:57",
    "The block of Road Movies has no prompt.",
    "Write what belongs into it in a line that begins with prompt:.",
)
FAILED = replace(
    REPORT,
    result=Result.PARTIAL,
    collections=(NOIR, COSY),
    faults=(
        FAULT,
        Fault(
            FaultKind.CLAUDE,
            "Claude",
            "Your credit balance is too low to ask Claude.",
            "Add credit in Anthropic's console; the next run goes on where this one stopped.",
        ),
    ),
)


def excerpt(report: RunReport) -> RunExcerpt:
    """Return a report as the page gets it."""
    return read_excerpt(encode_report(report))


def _status(report: RunReport) -> Status:
    collections = {
        one.slug: CollectionStatus(
            one.name,
            one.slug,
            one.tag,
            one.threshold,
            members=one.members,
            pending=one.pending,
            held=len(one.held),
        )
        for one in report.collections
    }
    begun = Status(
        collections=MappingProxyType(collections),
        collections_known=True,
        movies=1_284,
        next_run=datetime(2026, 1, 6, 3, 0, tzinfo=BERLIN),
        cost_month=Decimal("1.2714"),
        budget_month=Decimal(5),
        radarr=True,
        claude=True,
        version="9.9.9",
    )
    return after_run(begun, report)


def _wrong() -> tuple[Fault, ...]:
    environ = {"SCHEDULE_CRON": "every night", "MONTHLY_BUDGET": "five"}
    try:
        load(environ, options_file=None)
    except SettingsError as error:
        return error.faults
    raise AssertionError("these settings are wrong")


MISSING = missing(load({}, options_file=None).settings, RUN_NEEDS)
DONE = replace(REPORT, result=Result.SUCCESS, collections=(NOIR, COSY, *QUIET))
IDLE = Sight(_status(DONE), NOW, broker=True, report=excerpt(DONE))
HELD = Sight(_status(REPORT), NOW, broker=True, report=excerpt(REPORT))
RUNNING = replace(
    IDLE,
    status=replace(
        IDLE.status,
        live=Live(
            "129",
            Trigger.PAGE,
            dry_run=False,
            since=datetime(2026, 1, 5, 9, 29, tzinfo=BERLIN),
            phase=Phase.ASKING,
            progress=40,
        ),
    ),
)
PROBLEM = Sight(
    replace(_status(FAILED), claude=False).with_problem(
        Source.FILES, Problem(f"{FAULT.where}: {FAULT.message}", FAULT.remedy)
    ),
    NOW,
    broker=False,
    report=excerpt(FAILED),
)
UNCONFIGURED = Sight(
    Status(version="9.9.9", budget_month=Decimal(5)).with_problem(
        Source.CHECK, Problem("RADARR_URL: is not set. (2 more)")
    ),
    NOW,
    missing=MISSING,
    inside_add_on=True,
)
WRONG = Sight(
    Status(version="9.9.9").with_problem(Source.SETTINGS, Problem("wrong")),
    NOW,
    faults=_wrong(),
    missing=MISSING[2:],
    usable=False,
)
_DRY = replace(DONE, result=Result.DRY_RUN, dry_run=True, trigger=Trigger.PAGE)
DRY = Sight(replace(_status(_DRY), dry_run_mode=True), NOW, report=excerpt(_DRY))
_HOSTILE = replace(
    FAILED,
    collections=(
        replace(
            NOIR,
            name=HOSTILE,
            added=(Change(1, HOSTILE, 1999, HOSTILE), Change(2, RTL, 2000, RTL)),
            removed=(Change(3, "A" * 300, 0, ""),),
        ),
    ),
    faults=(Fault(FaultKind.LIBRARY, HOSTILE, HOSTILE, HOSTILE),),
    notices=(HOSTILE,),
)
STRANGE = Sight(
    _status(FAILED).with_problem(Source.RUN, Problem(f"{HOSTILE}\ud800", HOSTILE)),
    NOW,
    faults=(Fault(FaultKind.SETTINGS, HOSTILE, HOSTILE, HOSTILE),),
    report=excerpt(_HOSTILE),
)
SIGHTS = {
    "idle": IDLE,
    "held": HELD,
    "running": RUNNING,
    "problem": PROBLEM,
    "unconfigured": UNCONFIGURED,
    "wrong": WRONG,
    "dry": DRY,
}
