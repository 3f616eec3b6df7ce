"""What Home Assistant writes into its log, and which of it is a complaint."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

BEGINNING = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (?P<level>[A-Z]+) \(.+?\) \[(?P<logger>[^]]+)\] "
)
# What a headless Core says of itself. Everything else that is a warning or worse is a complaint: a
# list of what may concern us would miss the one that nobody thought of.
OF_ITSELF = (
    r"homeassistant\.bootstrap: Skipping pip installation",
    r"homeassistant\.components\.camera\.img_util: Error loading libturbojpeg",
)
# What it says when its broker goes; the job is its own greeting, which it then cannot send.
BROKER_GONE = (
    r"homeassistant\.components\.mqtt\.client: (Disconnected|Error returned|Failed to connect)",
    r"homeassistant: Error doing job: .*_birth_message.*not currently connected",
)


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of the log, with its traceback if it has one."""

    level: str
    logger: str
    text: str

    def __str__(self) -> str:
        return f"{self.logger}: {self.text}"


def records(lines: Iterable[str]) -> list[Record]:
    """Put the lines of a log together to entries."""
    found: list[Record] = []
    for line in lines:
        begun = BEGINNING.match(line)
        if begun:
            found.append(Record(begun["level"], begun["logger"], line[begun.end() :]))
        elif found:
            last = found[-1]
            found[-1] = Record(last.level, last.logger, f"{last.text}\n{line}")
    return found


def complaints(lines: Iterable[str], expected: Iterable[str] = ()) -> list[Record]:
    """Return the warnings and errors, without those that a pattern (``logger: text``) expects."""
    excused = [re.compile(pattern, re.DOTALL) for pattern in (*OF_ITSELF, *expected)]
    return [
        record
        for record in records(lines)
        if record.level in {"WARNING", "ERROR", "CRITICAL"}
        and not any(pattern.match(str(record)) for pattern in excused)
    ]
