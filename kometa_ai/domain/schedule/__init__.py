"""When the next run is due: cron or an interval, in a zone, around blackouts.

Which instant it is follows from values alone; waiting for it is the scheduler's work.
"""

from kometa_ai.domain.schedule.blackout import DAY_NAMES, EVERY_DAY, Window
from kometa_ai.domain.schedule.cron import LAST, Cron
from kometa_ai.domain.schedule.due import (
    Due,
    Remembered,
    Schedule,
    adopt,
    next_due,
    taken,
    without_missed,
)
from kometa_ai.domain.schedule.interval import Interval, Unit

__all__ = [
    "DAY_NAMES",
    "EVERY_DAY",
    "LAST",
    "Cron",
    "Due",
    "Interval",
    "Remembered",
    "Schedule",
    "Unit",
    "Window",
    "adopt",
    "next_due",
    "taken",
    "without_missed",
]
