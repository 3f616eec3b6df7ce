"""Which runs are told to a watchman outside, who notices when they stay away."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from kometa_ai.domain.report import JUDGING, Result

if TYPE_CHECKING:
    from kometa_ai.domain.report import RunReport, RunRequest


class Beat(StrEnum):
    """What the watchman is told."""

    START = "start"
    SUCCESS = "success"
    FAILURE = "failure"


def beat_at_start(request: RunRequest) -> Beat | None:
    """Return what to tell when a run begins: only real runs are told that judge."""
    real = request.trigger in JUDGING and not request.dry_run
    return Beat.START if real else None


def beat_at_end(report: RunReport) -> Beat | None:
    """Return what to tell when a run ends; one that was cancelled is nobody's success or fault."""
    if report.trigger not in JUDGING or report.dry_run or report.result is Result.CANCELLED:
        return None
    well = report.result in {Result.SUCCESS, Result.HELD}
    return Beat.SUCCESS if well else Beat.FAILURE
