"""The small words that all parts of a message share."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.report import Trigger
from kometa_ai.domain.wording import line, many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kometa_ai.domain.report import RunReport

LATELY: Final = timedelta(days=6)
"""So long a day of the week says which day is meant."""
NAME: Final = 60
"""Characters of a collection's name inside a sentence."""
LONGEST: Final = 240
"""Characters of a sentence of somebody else's; a mail is no log."""
RUNS: Final = {
    Trigger.COMMAND_LINE: "The run from the command line",
    Trigger.APPROVE: "The approval",
    Trigger.DECLINE: "The refusal",
    Trigger.UNDO: "The undo",
    Trigger.CLEANUP: "The cleanup",
    Trigger.SCHEDULE: "The scheduled run",
    Trigger.CATCH_UP: "The missed run",
    Trigger.MQTT: "The run that MQTT asked for",
    Trigger.PAGE: "The run from Kometa-AI's page",
}


def told(text: str, limit: int = LONGEST) -> str:
    """Return somebody else's text as one line that is short, and that can be encoded."""
    # What stands between backticks is a command of ours, and nobody else's.
    raw = line(text).replace("`", "'").encode("utf-8", "replace")
    # A letter of other alphabets takes more room, in which it says more.
    whole = raw[: 2 * limit].decode(errors="ignore")
    if len(whole) <= limit and len(raw) <= 2 * limit:
        return whole
    return f"{whole[: limit - 1].rstrip()}…"


def listed(words: Sequence[str]) -> str:
    """Return words as people list them: ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def moment(when: datetime, zone: tzinfo) -> str:
    """Return a day and a time: ``Tue 24 Nov, 03:00``."""
    local = when.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b, %H:%M}"


def since(when: datetime, now: datetime, zone: tzinfo) -> str:
    """Return since when something is so, as seen from now: ``since Monday 03:00``."""
    local, there = when.astimezone(zone), now.astimezone(zone)
    if local.date() == there.date():
        return f"since {local:%H:%M} today"
    if there - local < LATELY:
        return f"since {local:%A %H:%M}"
    return f"since {local.day} {local:%B, %H:%M}"


def touched(report: RunReport) -> str:
    """Return where something came or went: the collection's name, or how many they are."""
    names = [one.name for one in report.collections if one.added or one.removed]
    return told(names[0], NAME) if len(names) == 1 else many(len(names), "collection")


def changed(report: RunReport) -> str:
    """Return what came and went: ``3 added, 1 removed in 2 collections``; empty for nothing."""
    if report.dry_run:
        counts = ((report.added, "add {:,}"), (report.removed, "remove {:,}"))
    else:
        counts = ((report.added, "{:,} added"), (report.removed, "{:,} removed"))
    parts = [text.format(number) for number, text in counts if number]
    if not parts:
        return ""
    would = "would " if report.dry_run else ""
    return f"{would}{', '.join(parts)} in {touched(report)}"
