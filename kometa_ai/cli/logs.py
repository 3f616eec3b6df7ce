"""Logging: to stderr, to a file if one is wanted, never with a secret in it."""

from __future__ import annotations

import json
import logging
import logging.handlers
import sys
from typing import TYPE_CHECKING

from kometa_ai.domain.report import (
    FaultFound,
    PhaseBegan,
    Progress,
    RunFinished,
    RunStarted,
    Waiting,
)
from kometa_ai.settings import LogFormat, redactor

if TYPE_CHECKING:
    from collections.abc import Callable

    from kometa_ai.domain.report import Event
    from kometa_ai.settings import Settings

LOG = logging.getLogger("kometa_ai.run")
FILE_NAME = "kometa_ai.log"
FILE_BYTES = 5_000_000
FILES_KEPT = 3


class _Redacted(logging.Formatter):
    """Formats a record and masks every secret in the result, traceback included."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


class _Json(_Redacted):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return self._redact(json.dumps(line, ensure_ascii=False))


class _File(logging.handlers.RotatingFileHandler):
    """A log file that may fail, say on a full disk: that is said once and not with every line.

    The traceback that logging would print instead holds what was to be logged, secrets and all.
    """

    _trouble: OSError | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line; what keeps it from that is told when it is new."""
        before, self._trouble = self._trouble, None
        super().emit(record)
        if before is None:
            self._tell()

    def _tell(self) -> None:
        if self._trouble is not None:
            LOG.error("LOG_DIR can't be written (%s).", self._trouble.strerror)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name for it
        """Take what went wrong with a line."""
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            self._trouble = error
        else:
            super().handleError(record)


def set_up(
    settings: Settings,
    *,
    shown: int = logging.ERROR,
    to_file: bool = True,
    form: LogFormat | None = None,
) -> None:
    """Send this program's log where the settings say; from level ``shown`` on to stderr too.

    ``form`` is for a reader that wants another one than people (``None``: as the settings say).
    A command tells people what happens itself, and the log repeats it in the file; the service has
    no other voice than its log. Raises OSError when LOG_DIR can't be written.
    """
    kind = _Json if (form or settings.log_format) is LogFormat.JSON else _Redacted
    to_stderr = logging.StreamHandler(sys.stderr)
    to_stderr.setLevel(logging.DEBUG if settings.debug_logging else shown)
    handlers: list[logging.Handler] = [to_stderr]
    if settings.log_dir is not None and to_file:
        settings.log_dir.mkdir(parents=True, exist_ok=True)
        path = settings.log_dir / FILE_NAME
        handlers.append(_File(path, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8"))
    for handler in handlers:
        handler.setFormatter(kind(redactor(settings)))
    root = logging.getLogger()
    for former in root.handlers:
        former.close()
    root.handlers[:] = handlers
    root.setLevel(logging.WARNING)
    for ours in ("kometa_ai", "addon"):
        logging.getLogger(ours).setLevel(logging.DEBUG if settings.debug_logging else logging.INFO)


def log_event(event: Event) -> None:
    """Write an event of a run into the log."""
    match event:
        case RunStarted(run_id=run_id, request=request):
            LOG.info("run %s began (%s)", run_id, request.trigger)
        case PhaseBegan(phase=phase):
            LOG.info("%s", phase)
        case Progress(done=done, total=total, spent=spent):
            LOG.debug("%s of %s pairs judged, USD %s", done, total, spent)
        case Waiting():
            LOG.info("waiting for batch %s, %s", event.batch, event.words)
        case FaultFound(fault=fault):
            LOG.warning("%s", fault)
        case RunFinished(report=report):
            for notice in report.notices:
                LOG.info("%s", notice)
            if review := report.spending.review:
                LOG.info("second opinions of %s: USD %s", review.model, review.cost)
            LOG.info(
                "run %s ended: %s, %s added, %s removed, %s held, %s deferred, USD %s",
                report.run_id,
                report.result,
                report.added,
                report.removed,
                report.held,
                sum(one.deferred for one in report.collections),
                report.spending.cost,
            )
