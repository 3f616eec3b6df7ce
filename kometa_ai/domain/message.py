"""What people and programs are told about a run, before any channel gives it its form."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from kometa_ai.domain.fault import FaultKind

BODY_VERSION: Final = 1
"""The version of the body that programs get."""


class Occasion(StrEnum):
    """Why a message is sent; the value is part of the webhook's contract."""

    ERROR = "error"
    """Something is wrong that was not told before."""
    REMINDER = "reminder"
    """What was told is wrong still; once a day."""
    RECOVERED = "recovered"
    """What was told to be wrong is over."""
    HELD = "held"
    """Removals wait for approval that were not told before."""
    CHANGES = "changes"
    NO_CHANGES = "no_changes"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that goes wrong run after run: since when, in how many runs, when it was told.

    ``key`` is what makes it the same thing in the next run.
    """

    key: str
    kind: FaultKind
    where: str
    message: str
    remedy: str
    since: datetime
    told: datetime
    runs: int = 1


@dataclass(frozen=True, slots=True)
class Notification:
    """What is to be told about one run.

    ``troubles`` are those of this run that stood before it, with their history (the report's
    faults hold all of them); ``ended`` are those that are over.
    """

    occasion: Occasion
    troubles: tuple[Trouble, ...] = ()
    ended: tuple[Trouble, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A title with the reason why it came or went: ``Heat (1995)``."""

    title: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Titles that had the same fate: ``Added``, ``Removed``, ``Held``.

    ``lines`` may be fewer than ``count``: a message is read by a person.
    """

    name: str
    count: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One collection in which something happened, or waits: ``note`` says what waits."""

    name: str
    groups: tuple[Group, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What went wrong at one place, what to do, and for how long it has been so, if it has."""

    where: str
    message: str
    remedy: str = ""
    history: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """Complaints that belong together: ``Radarr``, ``Kometa's files``."""

    name: str
    complaints: tuple[Complaint, ...]


class Tone(StrEnum):
    """How a message looks: good news, something to decide, or something broken."""

    GOOD = "good"
    ATTENTION = "attention"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Outline:
    """A message for people: mail, chat and telephone are made from the same facts.

    ``subject`` is one line that says it all; ``lead`` one or two sentences. ``advice`` says how to
    approve what is held. ``figures`` are labels with values: counts, tokens, cost, next run.
    ``ended`` are sentences on what is over.
    """

    tone: Tone
    subject: str
    lead: str
    figures: tuple[tuple[str, str], ...] = ()
    sections: tuple[Section, ...] = ()
    advice: str = ""
    contexts: tuple[Context, ...] = ()
    ended: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    footer: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One message on its way to one or more channels.

    ``key`` stays the same when it is sent again, so that a receiver can tell a repetition: mail's
    Message-ID and the webhook's delivery id are made from it. ``body`` is what programs get.
    """

    key: str
    occasion: Occasion
    at: datetime
    outline: Outline
    body: Mapping[str, object] = field(default_factory=dict)
