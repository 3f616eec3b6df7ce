"""Runs that people are told about, one for each occasion: for tests and for pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from kometa_ai.domain.cost import Usage
from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.message import Message, Notification, Occasion, Outline, Trouble
from kometa_ai.domain.notifying import Rules
from kometa_ai.domain.report import (
    Change,
    CollectionReport,
    Result,
    RunReport,
    Spending,
    Trigger,
)
from kometa_ai.messages.compose import compose, compose_test

ZONE: Final = ZoneInfo("Europe/Berlin")
BEGAN: Final = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
NEXT: Final = BEGAN + timedelta(days=1)

ADDED: Final = (
    Change(1, "Heat", 1995, "A crew plans one last bank job while a detective closes in."),
    Change(2, "Le Cercle rouge", 1970, "A jewel heist, planned in silence and carried out so."),
    Change(3, "Widows", 2018, "Four women carry out the robbery that their husbands planned."),
)
REMOVED: Final = (
    Change(4, "The Godfather", 1972, "About a crime family's power, without a planned robbery."),
)
NOIR: Final = tuple(
    Change(10 + number, title, year, "Released after 1946, the newest year that is wanted now.")
    for number, (title, year) in enumerate(
        (
            ("Ace in the Hole", 1951),
            ("In a Lonely Place", 1950),
            ("Kiss Me Deadly", 1955),
            ("Night and the City", 1950),
            ("Out of the Past", 1947),
            ("Sunset Boulevard", 1950),
            ("Sweet Smell of Success", 1957),
            ("The Asphalt Jungle", 1950),
            ("The Big Heat", 1953),
            ("The Third Man", 1949),
            ("Touch of Evil", 1958),
            ("White Heat", 1949),
        )
    )
)
UNREACHED: Final = Fault(
    FaultKind.LIBRARY,
    "Radarr at http://radarr.lan:7878",
    "Radarr cannot be reached: Connection refused.",
    "Check that Radarr runs and that RADARR_URL is its address.",
)
BROKEN: Final = (
    Fault(
        FaultKind.KOMETA,
        "movies.yml:41",
        "“confidence_threshold” is 1.7, but must be between 0 and 1.",
        "Write a number such as 0.7.",
    ),
    Fault(
        FaultKind.KOMETA,
        "classics.yml:12",
        "The block has no prompt, so nobody knows what belongs into the collection.",
        "Write “prompt: |” and below it which films you want.",
    ),
    Fault(
        FaultKind.CLAUDE,
        "Claude",
        "Claude is overloaded; 120 verdicts are put off.",
        "The next run goes on where this one stopped.",
    ),
)
HEIST: Final = CollectionReport(
    name="Heist Movies",
    slug="heist-movies",
    tag="KAI-heist-movies",
    library="radarr",
    threshold=0.7,
    members=41,
    added=ADDED[:2],
    removed=REMOVED,
    judged=180,
    cost=Decimal("0.0141"),
)
FEMALE: Final = replace(
    HEIST,
    name="Women in the Lead",
    slug="women-in-the-lead",
    members=212,
    added=ADDED[2:],
    removed=(),
    pending=340,
    deferred=320,
)
FILM_NOIR: Final = replace(
    HEIST, name="Film Noir", slug="film-noir", members=34, added=(), removed=(), held=NOIR
)
QUIET: Final = replace(HEIST, added=(), removed=(), judged=0, cost=Decimal(0))
RUN: Final = RunReport(
    run_id="57",
    trigger=Trigger.SCHEDULE,
    result=Result.SUCCESS,
    dry_run=False,
    started_at=BEGAN,
    duration=73.4,
    collections=(HEIST, FEMALE),
    spending=Spending(
        requests=14,
        pairs=1_240,
        usage=Usage(38_211, 6_120, cache_read_tokens=81_900),
        cost=Decimal("0.0312"),
    ),
    spent_this_month=Decimal("1.2841"),
    monthly_budget=Decimal(5),
    items=2_431,
    model="claude-haiku-5-5",
)
NOTHING: Final = replace(RUN, collections=(QUIET,), spending=Spending())
FAILED: Final = replace(
    NOTHING, result=Result.FAILED, collections=(), faults=(UNREACHED,), duration=12.0, items=0
)
HELD: Final = replace(RUN, result=Result.HELD, collections=(FILM_NOIR, HEIST))


def trouble(fault: Fault, *, runs: int = 7, days: int = 1) -> Trouble:
    """A fault that has been there for a while."""
    begun = BEGAN - timedelta(days=days)
    return Trouble(
        str(fault), fault.kind, fault.where, fault.message, fault.remedy, begun, BEGAN, runs
    )


@dataclass(frozen=True, slots=True)
class Told:
    """A report, and why people are told about it."""

    report: RunReport
    notification: Notification

    @property
    def outline(self) -> Outline:
        """What they are told."""
        return compose(self.report, self.notification, next_run=NEXT, zone=ZONE)

    @property
    def message(self) -> Message:
        """The message that goes out."""
        return Message("run-57-1", self.notification.occasion, BEGAN, self.outline)


def told(report: RunReport, occasion: Occasion, *standing: Trouble) -> Told:
    """Tell of a run."""
    return Told(report, Notification(occasion, troubles=standing))


def huge(titles: int = 40_000) -> RunReport:
    """A first run over a very large library."""
    reason = "A long reason of a talkative judge, who tells more than anybody asked for. " * 2
    changes = tuple(
        Change(one, f"Film Nº {one:,}", 1950 + one % 70, reason) for one in range(titles)
    )
    many = tuple(
        replace(HEIST, name=f"Collection {one}", slug=f"c{one}", added=changes[one::50], removed=())
        for one in range(50)
    )
    return replace(RUN, collections=(replace(HEIST, added=changes), *many))


EVERY: Final = {
    "changes": told(RUN, Occasion.CHANGES),
    "no_changes": told(NOTHING, Occasion.NO_CHANGES),
    "held": told(HELD, Occasion.HELD),
    "error": told(FAILED, Occasion.ERROR),
    "errors": told(
        replace(RUN, result=Result.PARTIAL, faults=BROKEN), Occasion.ERROR, trouble(BROKEN[0])
    ),
    "reminder": told(FAILED, Occasion.REMINDER, trouble(UNREACHED, days=3)),
    "recovered": Told(
        RUN, Notification(Occasion.RECOVERED, ended=(trouble(UNREACHED, runs=31, days=9),))
    ),
    "dry_run": told(
        replace(HELD, result=Result.DRY_RUN, dry_run=True, trigger=Trigger.COMMAND_LINE),
        Occasion.CHANGES,
    ),
}


def trial(rules: Rules | None = None) -> Outline:
    """What a test message says."""
    return compose_test(rules or Rules(), at=BEGAN, next_run=NEXT, zone=ZONE)
