"""The flags: what may be asked for, and in which company."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from enum import IntEnum
from typing import TYPE_CHECKING, NoReturn

from kometa_ai import __version__
from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.report_json import failure_json

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST_BATCH = 200
MOST_SAMPLED = 1_000_000


class Exit(IntEnum):
    """What the exit code says; other programs rely on it."""

    FINE = 0
    ERRORS = 1
    WRONG_SETTINGS = 2
    BUSY = 3
    HELD = 4


EPILOG = """\
exit codes: 0 fine, 1 the run ended with errors, 2 wrong settings or flags,
3 another run is active, 4 changes are held for approval

Settings come from the environment (RADARR_URL, RADARR_API_KEY, CLAUDE_API_KEY,
...); --dump-config shows them all, with where each value comes from.

COLLECTION is a collection's name. ITEM is a Radarr id, tmdb:603, or the exact
title, with " (year)" if several share it. RUN is a number that --runs shows.
"""

RUNS = ("run_now", "dry_run", "collection", "force_refresh")
"""Flags that ask for a run, together or alone."""
SHAPERS = ("collection", "force_refresh", "max_evals", "batch_size")
"""Flags that say what a run or an estimate is to judge."""
MEASURES = ("sample", "seed", "model", "report")
"""Flags that say how an evaluation measures."""


def parse(arguments: list[str]) -> Namespace:
    """Return the flags; wrong ones end the program with exit code 2 and a sentence."""
    parser = _parser()
    parser.as_json = "--json" in arguments
    flags = parser.parse_args(arguments)
    commands = [name for name in COMMANDS if getattr(flags, name) is not None]
    if len(commands) > 1:
        parser.error(f"--{_flag(commands[0])} does not go together with --{_flag(commands[1])}")
    command = next(iter(commands), None)
    allowed = ALLOWED.get(command or "", ())
    used = [name for name in {*RUNS, *SHAPERS} if getattr(flags, name) not in (None, False, [])]
    wrong = sorted(set(used) - set(allowed))
    if command and wrong:
        parser.error(f"--{_flag(command)} does not go together with --{_flag(wrong[0])}")
    if command is None and not arguments:
        command = SERVE
    if command is None and not set(used) & set(RUNS):
        parser.error(
            "say what to do: --run-now for one run, --estimate for its price,"
            " --health-check to see whether everything is set up (--help lists all)"
        )
    _check_evaluation(parser, flags)
    if flags.pin and flags.pin[0] not in STANCES:
        parser.error(f'"{flags.pin[0]}" is neither keep nor never: --pin keep "Heists" "Heat"')
    flags.command = command or "run"
    return flags


def _check_evaluation(parser: _Parser, flags: Namespace) -> None:
    given = [name for name in MEASURES if getattr(flags, name) not in (None, [])]
    if flags.evaluate is None and given:
        parser.error(f"--{given[0]} goes only with --evaluate")
    if flags.evaluate is not None and len(flags.collection) != 1:
        parser.error('--evaluate needs one collection: --evaluate list.csv --collection "Heists"')


SERVE = "serve"
"""What the program does without flags: it serves for ever, on its schedule."""
STANCES = ("keep", "never")
PREVIEWED = ("approve", "undo", "cleanup")
"""Commands of which --dry-run tells what they would do, and does nothing."""
ALLOWED = {
    "estimate": SHAPERS,
    "evaluate": ("collection", "batch_size"),
    **dict.fromkeys(PREVIEWED, ("dry_run",)),
}
"""Which of the flags that shape a run each command heeds."""
COMMANDS = (
    "estimate",
    "evaluate",
    "health_check",
    "send_test_email",
    "test_notification",
    "dump_config",
    "dump_state",
    "reset_state",
    "runs",
    "undo",
    "approve",
    "decline",
    "pins",
    "pin",
    "unpin",
    "why",
    "cleanup",
)


class _Parser(ArgumentParser):
    """Tells programs in JSON too what is wrong with the flags."""

    as_json = False

    def error(self, message: str) -> NoReturn:
        if self.as_json:
            fault = Fault(FaultKind.SETTINGS, "flags", f"{message}.", "See --help.")
            told = failure_json([fault], "failed", dry_run=False)
            sys.stdout.write(f"{json.dumps(told, indent=2)}\n")
        super().error(message)


def _parser() -> _Parser:
    parser = _Parser(
        "kometa-ai",
        description="Keeps film collections that are described in plain words. Without flags\n"
        "it runs for ever: on its schedule, and at the word of MQTT.",
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"kometa-ai {__version__}")
    parser.add_argument("--json", action="store_true", help="print JSON on stdout, logs on stderr")
    _add_run(parser)
    _add_looks(parser)
    _add_evaluation(parser)
    _add_reviews(parser)
    return parser


def _add_run(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("runs")
    group.add_argument("--run-now", action="store_true", help="one run, then exit")
    group.add_argument(
        "--dry-run", action="store_true", help="one run that judges and pays, but writes no tag"
    )
    group.add_argument(
        "--collection",
        action="append",
        default=[],
        metavar="NAME",
        help="only this collection (may be given several times)",
    )
    group.add_argument(
        "--force-refresh", action="store_true", help="judge everything anew, and pay for it"
    )
    group.add_argument("--max-evals", metavar="N", help="judge at most N pairs (0: no cap)")
    group.add_argument(
        "--batch-size",
        type=_whole(1, LARGEST_BATCH),
        metavar="N",
        help="titles in a request (default 40)",
    )
    group.add_argument(
        "--estimate", action="store_const", const=True, help="what a run would cost; spends nothing"
    )


def _add_looks(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("looking")
    for flag, text in (
        ("--health-check", "ask everything once: settings, state, files, Radarr, Claude"),
        ("--send-test-email", "send a mail, and say what the mail server answered"),
        ("--test-notification", "send a message by every channel, and say what came of each"),
        ("--dump-config", "every setting, its value and where it comes from; secrets masked"),
        ("--dump-state", "what is stored, as JSON"),
        ("--runs", "the newest runs"),
        ("--pins", "every pin"),
    ):
        group.add_argument(flag, action="store_const", const=True, help=text)
    group.add_argument(
        "--why",
        nargs=2,
        metavar=("COLLECTION", "ITEM"),
        help="why a title is in a collection, or is not",
    )


def _add_evaluation(parser: ArgumentParser) -> None:
    group = parser.add_argument_group(
        "measuring",
        "How well models judge one --collection. Asks twice and pays for it, within the\n"
        "budgets and never more than it says before; writes no tag, keeps no verdict.",
    )
    group.add_argument(
        "--evaluate",
        metavar="FILE",
        help="a CSV list of the titles that belong: ids, or an export of IMDb or Letterboxd",
    )
    group.add_argument(
        "--sample",
        type=_whole(2, MOST_SAMPLED),
        metavar="N",
        help="ask about N titles only, up to half of them such that belong",
    )
    group.add_argument(
        "--seed", type=_whole(0, MOST_SAMPLED), metavar="N", help="draw another sample (default 1)"
    )
    group.add_argument(
        "--model",
        action="append",
        default=[],
        type=_word,
        metavar="NAME",
        help="try this model (may be given several times; default CLAUDE_MODEL)",
    )
    group.add_argument(
        "--report", metavar="FILE", help="where the HTML goes (default evaluation-<slug>.html)"
    )


def _add_reviews(parser: ArgumentParser) -> None:
    group = parser.add_argument_group(
        "deciding yourself",
        "With --dry-run, --approve, --undo and --cleanup tell what they would do.",
    )
    for flag, text in (
        ("--approve", "apply removals that a run held (default: the newest)"),
        ("--decline", "keep what a run wanted to remove (default: the newest that held)"),
        ("--undo", "turn a run's changes around (default: the newest that changed tags)"),
    ):
        group.add_argument(flag, nargs="?", const="", metavar="RUN", help=text)
    group.add_argument(
        "--pin",
        nargs=3,
        metavar=("keep|never", "COLLECTION", "ITEM"),
        help="a title always or never belongs, whatever Claude says",
    )
    group.add_argument("--unpin", nargs=2, metavar=("COLLECTION", "ITEM"), help="take a pin back")
    for flag, text in (
        ("--cleanup", "take off and delete KAI- tags that no file names"),
        ("--reset-state", "set verdicts and history aside and start afresh; pins stay"),
    ):
        group.add_argument(flag, action="store_const", const=True, help=text)


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or not least <= int(text) <= most:
            raise ArgumentTypeError(f"{text!r} is not a number from {least} to {most}")
        return int(text)

    return read


def _word(text: str) -> str:
    if not text or text.split() != [text]:
        raise ArgumentTypeError(f"{text!r} is not a model's name")
    return text


def _flag(name: str) -> str:
    return name.replace("_", "-")
