"""What people read: tables and sentences, on wide and narrow terminals and without one."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rich.console import Console

from kometa_ai.domain.cost import Usage
from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.report import (
    Change,
    CollectionReport,
    FaultFound,
    Phase,
    PhaseBegan,
    Progress,
    Result,
    ReviewSpending,
    RunFinished,
    RunReport,
    RunRequest,
    RunStarted,
    Spending,
    Trigger,
    Waiting,
)
from kometa_ai.domain.wording import clean, duration, many, sentence, usd
from kometa_ai.outline import read_outline
from kometa_ai.recorded import encode_report
from kometa_ai.terminal.narrator import Narrator
from kometa_ai.terminal.report import print_report
from kometa_ai.terminal.tables import print_checks, print_runs

WHEN = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
LONG = "A Very Long Title That Goes On Because Somebody Wanted the Longest Title of All Films Made"
REASON = "A crew plans one last job with great care, and it falls apart because of greed and luck."
CHANGES = (
    Change(1, "Heat", 1995, REASON),
    Change(2, "[red]Alert[/red] :boom:", 1999, "Literally [bold]so[/]."),
    Change(3, LONG, 2001, REASON),
    Change(4, "\u202eשלום\x1b[2J לכולם", 2010, "Fits.\x07"),  # noqa: RUF001 - Hebrew
    Change(5, "千と千尋の神隠し", 2001, REASON),
)


def collection(name: str, **more: object) -> CollectionReport:
    """Return what became of a collection."""
    base = {"slug": "s", "tag": "KAI-s", "library": "radarr", "threshold": 0.7}
    return CollectionReport(name=name, **{**base, **more})  # type: ignore[arg-type]


def report(**more: object) -> RunReport:
    """Return a run's report."""
    base: dict[str, object] = {
        "run_id": "7",
        "trigger": Trigger.COMMAND_LINE,
        "result": Result.SUCCESS,
        "dry_run": False,
        "started_at": WHEN,
        "duration": 7.34,
        "monthly_budget": Decimal(5),
    }
    return RunReport(**{**base, **more})  # type: ignore[arg-type]


def printed(told: RunReport, width: int = 80, *, colours: bool = False) -> str:
    """Return what is printed on a terminal of that width."""
    out = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=True,
        color_system="truecolor" if colours else None,
        highlight=False,
        emoji=False,
    )
    print_report(out, told)
    return out.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def bare(text: str) -> str:
    """Return a text without its styles."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_titles_stand_beside_their_reasons() -> None:
    lines = bare(
        printed(report(collections=(collection("Heists", added=CHANGES[:1]),)))
    ).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("  + Heat (1995)"))
    begins = lines[first].index("A crew plans")
    assert lines[first + 1].strip()
    assert not lines[first + 1][:begins].strip(), "a reason wraps under itself"


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_name_breaks_the_lines(width: int) -> None:
    named = collection(f"{LONG} {LONG}", added=CHANGES, held=CHANGES[:2], members=5)
    told = report(collections=(named,), notices=(REASON,), faults=(fault(),))
    for line in bare(printed(told, width)).splitlines():
        assert len(line) <= width


def test_titles_are_shown_as_they_are_and_drive_nothing() -> None:
    text = printed(report(collections=(collection("[dim]C", added=CHANGES),)), 120, colours=True)
    assert "[red]Alert[/red] :boom: (1999)" in bare(text)
    assert "Literally [bold]so[/]." in bare(text)
    assert "[dim]C" in bare(text)
    assert "\x1b[2J" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "שלום" in text


def fault() -> Fault:
    return Fault(FaultKind.KOMETA, "movies.yml:12", "No prompt.", "Write one.")


def test_faults_come_with_their_remedies() -> None:
    text = bare(printed(report(faults=(fault(),), result=Result.PARTIAL)))
    assert "! movies.yml:12: No prompt. Write one." in text
    assert "Done in 7.3 s, with faults." in text


def test_held_removals_say_how_to_decide() -> None:
    text = " ".join(bare(printed(report(collections=(collection("A", held=CHANGES[:1]),)))).split())
    assert "? 1 removal is held" in text
    assert "--approve 7" in text
    assert "--decline 7" in text
    told = report(collections=(collection("A", held=CHANGES),), dry_run=True, result=Result.DRY_RUN)
    assert "A run would hold 5 removals" in bare(printed(told))
    assert "--approve" not in bare(printed(told))


def test_money_is_told_in_numbers_that_agree() -> None:
    spending = Spending(1, 1, Usage(1200, 30, 0, 0), Decimal("0.00123"))
    text = bare(printed(report(spending=spending, spent_this_month=Decimal("1.5")), 120))
    assert "Claude: 1 request, 1 verdict, 1,200 tokens in (0 cached), 30 out: $0.0012." in text
    assert "This month: $1.50 of $5.00." in text
    assert "Nothing was paid to Claude: $0.00." in bare(printed(report()))
    assert "second opinions" not in text
    review = ReviewSpending("claude-opus-5-5", 2, 1, Usage(200, 9), Decimal("0.00098"))
    text = bare(printed(report(spending=replace(spending, review=review)), 120))
    assert "Of that, second opinions: 2 requests to claude-opus-5-5, 1 verdict: $0.0010." in text


def test_numbers_and_sentences() -> None:
    assert (many(1, "verdict"), many(2, "verdict"), many(0, "request")) == (
        "1 verdict",
        "2 verdicts",
        "0 requests",
    )
    assert [usd(Decimal(one)) for one in ("0", "0.00001", "0.0123", "12.3", "1234")] == [
        "$0.00",
        "<$0.0001",
        "$0.0123",
        "$12.30",
        "$1,234.00",
    ]
    assert [duration(one) for one in (0.04, 59.9, 61, 4000)] == [
        "0.0 s",
        "59.9 s",
        "1 min 1 s",
        "1 h 6 min",
    ]
    assert [sentence(one) for one in ("So", "So.", "So?")] == ["So.", "So.", "So?"]
    assert clean("a\tb\nc\x1b[0m") == "a b\nc[0m"


def test_runs_fit_narrow_terminals() -> None:
    for width in (60, 80):
        out = Console(file=io.StringIO(), width=width)
        two = report(), report(result=Result.DRY_RUN, run_id="123")
        print_runs(out, [read_outline(encode_report(one)) for one in two], UTC)
        lines = out.file.getvalue().splitlines()  # type: ignore[attr-defined]
        assert len([line for line in lines if line.strip()]) == 4, "no row wraps"
        assert ("command line" in "".join(lines)) is (width == 80)
        assert "01-05 03:00" in lines[-2]
        assert "dry run" in lines[-2]
        assert "success" in lines[-3]


def test_checks_are_one_line_each_without_a_terminal() -> None:
    out = Console(file=io.StringIO(), width=60)
    print_checks(out, [("State", True, REASON), ("Radarr", False, f"{REASON} {REASON}")])
    lines = out.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert [line[:12] for line in lines] == ["ok    State:", "FAIL  Radarr"]


def test_a_batch_is_told_of_whenever_something_is_new() -> None:
    out = Console(file=io.StringIO(), width=60)
    with Narrator(out) as tell:
        for done in (0, 0, 0, 312, 312, 840):
            tell(Waiting("msgbatch_1", done, 840))
    lines = out.file.getvalue().splitlines()  # type: ignore[attr-defined]
    told = ["840 requests", "312 of 840", "840 of 840"]
    assert lines == [f"  waiting for batch, {one}" for one in told]


def test_a_run_without_a_terminal_is_told_in_plain_lines() -> None:
    out = Console(file=io.StringIO(), width=60)
    with Narrator(out) as tell:
        tell(RunStarted("7", RunRequest(dry_run=True), WHEN))
        tell(PhaseBegan(Phase.ASKING))
        for done in range(0, 101, 5):
            tell(Progress("Heists", done, 100, Decimal("0.01")))
        tell(FaultFound(fault()))
        tell(RunFinished(report()))
    lines = out.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[0] == "Dry run 7, started from the command line"
    assert lines[1] == "· asking Claude"
    assert "  50 of 100 verdicts, $0.0100" in lines
    assert len([line for line in lines if "verdicts" in line]) == 11, "a line for each tenth"
    assert lines[-1] == "! movies.yml:12: No prompt. Write one."
