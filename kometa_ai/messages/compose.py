"""From a run's report to what people are told: one outline, whatever it is read on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kometa_ai.domain.message import Notification, Occasion, Outline, Tone
from kometa_ai.domain.report import Result
from kometa_ai.domain.wording import many
from kometa_ai.messages.complaints import contexts, ended, headline, history, ordered
from kometa_ai.messages.figures import figures, next_run_in
from kometa_ai.messages.phrases import RUNS, changed, listed, moment, told, touched
from kometa_ai.messages.sections import sections

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from kometa_ai.domain.notifying import Rules
    from kometa_ai.domain.report import RunReport

NAME: Final = "Kometa-AI"
RULES: Final = "`NOTIFY_ON_ERRORS_ONLY` and `NOTIFY_ON_NO_CHANGES` decide what you are told."
WRONG: Final = frozenset({Occasion.ERROR, Occasion.REMINDER})
NOTICES: Final = 6
LOST: Final = (
    "A part of the cost is assumed, for answers that were lost on the way; Anthropic's console"
    " knows the exact sum."
)


def compose(
    report: RunReport, notification: Notification, *, next_run: datetime | None, zone: tzinfo
) -> Outline:
    """Return what is told about a run; ``next_run`` is ``None`` when it is not known."""
    groups, more_problems = contexts(report, notification, zone)
    parts, more_titles = sections(report)
    over, more_ends = ended(notification, report.started_at, zone)
    lost = [LOST] if report.spending.unconfirmed else []
    left_out = more_problems + more_titles + more_ends + lost
    return Outline(
        tone=_tone(report, notification),
        subject=f"{NAME}: {_subject(report, notification, zone)}",
        lead=_lead(report, notification, zone),
        figures=figures(report, next_run, zone),
        sections=parts,
        advice=_advice(report),
        contexts=groups,
        ended=over,
        notices=(*_notices(report), *left_out),
        footer=f"{_run(report, zone)} {RULES}",
    )


def compose_test(rules: Rules, *, at: datetime, next_run: datetime | None, zone: tzinfo) -> Outline:
    """Return what a test message says: that it came, and what will come later."""
    news = "when something goes wrong, when that is over, and when removals wait for your approval"
    if rules.errors_only:
        promise = f"You are told {news}. Set `NOTIFY_ON_ERRORS_ONLY` to false to hear of changes."
    elif rules.no_changes:
        promise = f"You are told {news}, and after every run."
    else:
        promise = f"You are told {news}, and after runs that changed something."
    return Outline(
        tone=Tone.GOOD,
        subject=f"{NAME}: test message",
        lead="This message shows that Kometa-AI can reach you. Nothing else was done.",
        figures=(("Sent", moment(at, zone)), *next_run_in(next_run, zone)),
        notices=(promise,),
        footer=RULES,
    )


def _tone(report: RunReport, notification: Notification) -> Tone:
    if notification.occasion in WRONG:
        return Tone.BAD
    waits = report.held and not report.dry_run
    return Tone.ATTENTION if report.faults or waits else Tone.GOOD


def _subject(report: RunReport, notification: Notification, zone: tzinfo) -> str:
    """Return one line that says it all, without the program's name."""
    news = _news(report, notification, zone)
    return (
        f"dry run {'' if news.startswith('would') else 'met: '}{news}" if report.dry_run else news
    )


def _news(report: RunReport, notification: Notification, zone: tzinfo) -> str:
    happened = changed(report)
    match notification.occasion:
        case Occasion.ERROR | Occasion.REMINDER:
            return _trouble(report, notification, zone)
        case Occasion.RECOVERED if report.faults:
            news = f"{_problems(len(notification.ended))} over, {len(report.faults):,} left"
        case Occasion.RECOVERED:
            news = "works again"
        case Occasion.HELD:
            wait = "waits" if report.held == 1 else "wait"
            return f"{many(report.held, 'removal')} {wait} for your approval"
        case Occasion.TEST:
            return "test message"
        case _:
            news = ""
    return "; ".join(filter(None, (news, happened))) or _quiet(report)


def _quiet(report: RunReport) -> str:
    return "would change nothing" if report.dry_run else "nothing changed"


def _trouble(report: RunReport, notification: Notification, zone: tzinfo) -> str:
    """Return the gravest fault as a subject, how many more there are, and since when."""
    faults = ordered(report.faults)
    if not faults:
        return "the run failed" if report.result is Result.FAILED else "something went wrong"
    more = f", and {many(len(faults) - 1, 'more problem')}" if len(faults) > 1 else ""
    first = faults[0]
    standing = [
        one
        for one in notification.troubles
        if (one.kind, one.where, one.message) == (first.kind, first.where, first.message)
    ]
    # Without it each day's reminder would look like a mail that came twice.
    old = notification.occasion is Occasion.REMINDER and standing
    begun = f", {history(standing[0], report.started_at, zone)}" if old else ""
    return f"{headline(first)}{begun if not more else ''}{more}"


def _lead(report: RunReport, notification: Notification, zone: tzinfo) -> str:
    who = f"{RUNS[report.trigger]} of {moment(report.started_at, zone)}"
    if report.dry_run:
        who = f"A dry run ({moment(report.started_at, zone)})"
    sentences = [f"{who} {_did(report)}"]
    if notification.occasion is Occasion.RECOVERED and not report.faults:
        sentences.insert(0, "What was wrong is over.")
    elif report.faults and report.result is not Result.FAILED:
        sentences.append(f"{_problems(len(report.faults), 'was', 'were')} met on the way.")
    if report.held:
        sentences.append(_held(report))
    return " ".join(sentences)


def _did(report: RunReport) -> str:
    """Return what a run did, as the end of a sentence."""
    would, parts = report.dry_run, list[str]()
    for number, base, past in (
        (report.added, "add", "added"),
        (report.removed, "remove", "removed"),
    ):
        if number:
            what = f"{number:,}" if parts else many(number, "title")
            parts.append(f"{base if would else past} {what}")
    where = f" in {touched(report)}"
    if report.result is Result.FAILED:
        return f"failed{f' after it {listed(parts)}{where}' if parts else ''}."
    if report.result is Result.CANCELLED:
        return f"was stopped{f' after it {listed(parts)}{where}' if parts else ''}."
    if not parts:
        return "would change nothing." if would else "changed nothing."
    ending = "; no tag was changed" if would else ""
    return f"{'would ' if would else ''}{listed(parts)}{where}{ending}."


def _held(report: RunReport) -> str:
    what = many(report.held, "removal")
    if report.dry_run:
        return f"A real run would hold {what} back until you approve."
    names = [told(one.name, 60) for one in report.collections if one.held]
    where = names[0] if len(names) == 1 else many(len(names), "collection")
    return (
        f"{what} in {where} {'is' if report.held == 1 else 'are'} held back:"
        " more than `MAX_REMOVALS_PERCENT` of a collection would go at once."
    )


def _advice(report: RunReport) -> str:
    """Return how to decide about what is held, a way on each line; empty if nothing is."""
    if not report.held or report.dry_run:
        return ""
    run = report.run_id
    approve = (
        "Take these titles out: press “Approve held changes” in Home Assistant, or write"
        f" `python -m kometa_ai --approve {run}`, or send `approve` over MQTT."
    )
    decline = (
        "Keep them: press “Decline held changes”, or write"
        f" `python -m kometa_ai --decline {run}`, or send `decline` over MQTT."
    )
    return f"{approve}\n{decline}"


def _run(report: RunReport, zone: tzinfo) -> str:
    """Return which run it was; one that failed before it began has no number."""
    when = moment(report.started_at, zone)
    return f"Run {report.run_id}, {when}." if report.run_id else f"{when}."


def _notices(report: RunReport) -> list[str]:
    shown = [told(one) for one in report.notices[:NOTICES]]
    if (more := len(report.notices) - NOTICES) > 0:
        shown.append(f"{many(more, 'more notice')}; the log has them all.")
    return shown


def _problems(number: int, one: str = "is", several: str = "are") -> str:
    return f"{many(number, 'problem')} {one if number == 1 else several}"
