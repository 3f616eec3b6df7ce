"""A run while it goes on: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, cast

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress as Bar,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Column

from kometa_ai.domain.report import (
    FaultFound,
    PhaseBegan,
    Progress,
    RunFinished,
    RunStarted,
    Trigger,
    Waiting,
)
from kometa_ai.domain.wording import line, many, usd
from kometa_ai.terminal.tables import fault_text

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from kometa_ai.domain.report import Event
    from kometa_ai.terminal.stream import Stream

WIDTH_WITHOUT_TERMINAL = 100
BESIDE_NAME = 34
"""What stands beside the name and the bar: counts, dollars, time, and the gaps between them."""
NARROW = 72


def console(stream: Stream) -> Console:
    """Return a console on a stream; lines keep a readable width where there is no terminal."""
    given = stream.isatty() or "COLUMNS" in os.environ
    width = None if given else WIDTH_WITHOUT_TERMINAL
    return Console(file=cast("IO[str]", stream), width=width, highlight=False, emoji=False)


class Narrator:
    """Tells of a run while it goes on; without ``bar`` in plain lines on a terminal too."""

    def __init__(self, out: Console, *, bar: bool = True) -> None:
        self._out = out
        self._wants_bar = bar and out.is_terminal
        self._bar: Bar | None = None
        self._last = -1
        self._newest: Progress | None = None
        self._waited = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.rest()

    def __call__(self, event: Event) -> None:
        """Take one event of the run."""
        match event:
            case RunStarted(run_id=run_id, request=request):
                kind = "Dry run" if request.dry_run else "Run"
                started = request.trigger is Trigger.COMMAND_LINE
                what = "started from the command line" if started else str(request.trigger)
                self._out.print(f"[dim]{kind} {run_id}, {what}[/]")
            case PhaseBegan(phase=phase):
                self.rest()
                self._last = -1
                self._out.print(f"[dim]· {phase}[/]")
            case Progress():
                self._progress(event)
            case Waiting():
                self._wait(event)
            case FaultFound(fault=fault):
                self._out.print(fault_text(fault), soft_wrap=not self._out.is_terminal)
            case RunFinished():
                self.rest()

    def _progress(self, event: Progress) -> None:
        if not self._wants_bar:
            tenth = 10 * event.done // max(event.total, 1)
            if tenth != self._last:
                self._last = tenth
                self._tell(event)
            return
        self._newest = event
        if self._bar is None:
            self._bar = self._make_bar()
            self._bar.add_task("", total=event.total, spent="")
            self._bar.start()
        self._bar.update(
            self._bar.task_ids[0],
            description=line(event.collection),
            completed=event.done,
            total=event.total,
            spent=usd(event.spent),
        )

    def _wait(self, event: Waiting) -> None:
        """Tell how far a batch is, whenever that is news: a day has many looks at it."""
        told = f"waiting for batch, {event.words}"
        if told != self._waited:
            self._waited = told
            self._out.print(f"[dim]  {told}[/]")

    def _make_bar(self) -> Bar:
        width = 12 if self._out.width < NARROW else 20
        room = max(self._out.width - width - BESIDE_NAME, 8)
        name = Column(max_width=room, no_wrap=True, overflow="ellipsis")
        return Bar(
            TextColumn("  {task.description}", markup=False, table_column=name),
            BarColumn(bar_width=width),
            MofNCompleteColumn(),
            TextColumn("{task.fields[spent]}"),
            TimeElapsedColumn(),
            console=self._out,
            transient=True,
        )

    def _tell(self, event: Progress) -> None:
        judged = f"{event.done:,} of {many(event.total, 'verdict')}"
        self._out.print(f"[dim]  {judged}, {usd(event.spent)}[/]")

    def rest(self) -> None:
        """Take the bar away; the last count stays as a line."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
            if self._newest is not None:
                self._tell(self._newest)
