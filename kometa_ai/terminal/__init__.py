"""What people read on a terminal: the progress of a run, tables, and sentences."""

from kometa_ai.terminal.narrator import Narrator, console
from kometa_ai.terminal.tables import (
    print_estimate,
    print_faults,
    print_pins,
    print_report,
    print_runs,
)

__all__ = [
    "Narrator",
    "console",
    "print_estimate",
    "print_faults",
    "print_pins",
    "print_report",
    "print_runs",
]
