"""--evaluate: a list, some models, one collection; figures on the terminal and a report as HTML."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kometa_ai.adapters.locks import RunLock
from kometa_ai.cli import logs
from kometa_ai.cli.flags import Exit
from kometa_ai.cli.report_file import ReportFile, ReportFileError
from kometa_ai.cli.wiring import open_claude, open_house
from kometa_ai.domain.evaluation.truth import TruthError, read_truth
from kometa_ai.evaluating import Evaluating
from kometa_ai.evaluation_json import evaluation_json, stopped_json
from kometa_ai.examining import Wanted, prepare
from kometa_ai.messages.evaluation import as_page
from kometa_ai.messages.evaluation_phrases import cost_until_now
from kometa_ai.settings import RUN_NEEDS
from kometa_ai.terminal.evaluation import print_evaluation, print_plan
from kometa_ai.terminal.narrator import Narrator, console

if TYPE_CHECKING:
    from argparse import Namespace

    from kometa_ai.cli.output import Output
    from kometa_ai.domain.evaluation.result import Evaluation
    from kometa_ai.domain.evaluation.truth import Truth
    from kometa_ai.domain.report import Event
    from kometa_ai.ports import Clock
    from kometa_ai.settings import Settings

LARGEST: Final = 32 * 2**20
"""Bytes of a list; a longer one is some other file."""


async def evaluate(flags: Namespace, settings: Settings, clock: Clock, out: Output) -> int:
    """Measure how well models judge one collection."""
    try:
        # In a thread: a pipe may be slow, or nobody may write to it, and a stop is heeded anyhow.
        truth = await asyncio.to_thread(_read, Path(flags.evaluate))
        wanted = Wanted(
            flags.collection[0],
            truth,
            Path(flags.evaluate).name,
            flags.sample,
            1 if flags.seed is None else flags.seed,
            flags.batch_size,
        )
        evaluation, page = await _measure(wanted, flags, settings, clock, out)
    except (TruthError, ReportFileError) as error:
        out.fail(error)
        return Exit.WRONG_SETTINGS
    if out.as_json:
        out.json(evaluation_json(evaluation, page))
    else:
        print_evaluation(console(out.words), evaluation, page)
    return Exit.ERRORS if evaluation.faults else Exit.FINE


async def _measure(
    wanted: Wanted, flags: Namespace, settings: Settings, clock: Clock, out: Output
) -> tuple[Evaluation, str]:
    """Ask, and write the report; return both, and an empty path if none was written."""
    words = console(out.words)
    async with AsyncExitStack() as stack:
        stack.enter_context(RunLock(settings.state_dir, clock.now(), "an evaluation"))
        narrator = stack.enter_context(Narrator(words, bar=not settings.debug_logging))

        def tell(told: Event) -> None:
            event = out.masked(told)
            logs.log_event(event)
            narrator(event)

        house = await stack.enter_async_context(
            open_house(settings, clock, tell, needs=RUN_NEEDS, dry_run=True)
        )
        for notice in house.opening:
            out.complain(str(notice))
        setting = "--model" if flags.model else "CLAUDE_MODEL"
        judges = [
            await stack.enter_async_context(
                open_claude(replace(settings, claude_model=name), clock, setting=setting)
            )
            for name in dict.fromkeys(flags.model or [settings.claude_model])
        ]
        plan = await prepare(wanted, house, judges)
        path = Path(flags.report or f"evaluation-{plan.collection.slug}.html")
        # Before anything is spent: a report that can't be written must not cost a cent.
        page = stack.enter_context(ReportFile(path))
        print_plan(words, plan)
        evaluation = await _follow(Evaluating(plan, house), out, narrator)
        return _written(evaluation, page, path, settings)


async def _follow(evaluating: Evaluating, out: Output, narrator: Narrator) -> Evaluation:
    """Ask; if that is stopped, say what it has cost until then."""
    try:
        return out.masked(await evaluating.follow())
    except asyncio.CancelledError:
        narrator.rest()  # before the words: the bar would be drawn over them
        if out.as_json:
            out.json(stopped_json(*evaluating.spent))
        out.complain(cost_until_now(*evaluating.spent))
        raise
    finally:
        narrator.rest()


def _written(
    evaluation: Evaluation, page: ReportFile, path: Path, settings: Settings
) -> tuple[Evaluation, str]:
    """Write the report, unless it would say nothing: there may be one that was paid for."""
    if not any(each.judged for one in evaluation.models for each in one.passes):
        notices = (*evaluation.notices, "No title was judged, so no report is written.")
        return replace(evaluation, notices=notices), ""
    try:
        page.write(as_page(evaluation, settings.tz))
    except ReportFileError as error:
        return replace(evaluation, faults=(*evaluation.faults, error.fault)), ""
    return evaluation, str(path)


def _read(path: Path) -> Truth:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise TruthError(
            f"It can't be read ({error.strerror}).", remedy="See its name.", name=str(path)
        ) from error
    if len(data) > LARGEST:
        raise TruthError("It is too large for a list of titles.", name=path.name)
    try:
        return read_truth(data)
    except TruthError as error:
        raise error.of(path.name) from error
