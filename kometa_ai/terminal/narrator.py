"""A run while it goes on: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress as Bar,
    TextColumn,
    TimeElapsedColumn,
)

from kometa_ai.domain.report import FaultFound, PhaseBegan, Progress, RunFinished, RunStarted
from kometa_ai.terminal.tables import fault_text, usd

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from kometa_ai.domain.report import Event

WIDTH_WITHOUT_TERMINAL = 100
NAME_WIDTH = 40


def console(stream: IO[str]) -> Console:
    """Return a console on a stream; lines keep a readable width where there is no terminal."""
    width = None if stream.isatty() else WIDTH_WITHOUT_TERMINAL
    return Console(file=stream, width=width, highlight=False, emoji=False)


class Narrator:
    """Tells of a run while it goes on: a bar on a terminal, plain lines elsewhere."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._bar: Bar | None = None
        self._last = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def __call__(self, event: Event) -> None:
        """Take one event of the run."""
        match event:
            case RunStarted(run_id=run_id, request=request):
                kind = "dry run" if request.dry_run else "run"
                self._out.print(f"[dim]{kind} {run_id} ({request.trigger})[/]")
            case PhaseBegan(phase=phase):
                self._stop()
                self._out.print(f"[dim]· {phase}[/]")
            case Progress():
                self._progress(event)
            case FaultFound(fault=fault):
                self._out.print(fault_text(fault))
            case RunFinished():
                self._stop()

    def _progress(self, event: Progress) -> None:
        if not self._out.is_terminal:
            tenth = 10 * event.done // max(event.total, 1)
            if tenth != self._last:
                self._last = tenth
                judged = f"{event.done} of {event.total} judged"
                self._out.print(f"[dim]  {judged}, {usd(event.spent)}[/]")
            return
        if self._bar is None:
            self._bar = Bar(
                TextColumn("  {task.description}", markup=False),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TextColumn("{task.fields[spent]}"),
                TimeElapsedColumn(),
                console=self._out,
                transient=True,
            )
            self._bar.add_task("", total=event.total, spent="")
            self._bar.start()
        name = event.collection
        shown = name if len(name) <= NAME_WIDTH else f"{name[: NAME_WIDTH - 1]}…"
        self._bar.update(
            self._bar.task_ids[0],
            description=shown,
            completed=event.done,
            total=event.total,
            spent=usd(event.spent),
        )

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
