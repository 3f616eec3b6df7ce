"""The flags by themselves: what they say, and what is refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from kometa_ai import __version__

FLAGS = (
    "--run-now --dry-run --collection --force-refresh --estimate --max-evals --batch-size"
    " --health-check --dump-config --dump-state --reset-state --runs --undo --approve --decline"
    " --pins --pin --unpin --why --cleanup --json --version"
    " --evaluate --sample --seed --model --report"
)


def command(*flags: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command line without any setting."""
    words = [sys.executable, "-m", "kometa_ai", *flags]
    return subprocess.run(
        words, env={"COLUMNS": "80", **env}, text=True, capture_output=True, check=False
    )


def test_help_lists_every_flag_on_80_columns() -> None:
    ended = command("--help")
    assert ended.returncode == 0
    told = set(re.findall(r"--[a-z-]+", ended.stdout))
    assert set(FLAGS.split()) <= told
    assert max(map(len, ended.stdout.splitlines())) <= 80
    for code in ("0 fine", "2 wrong settings or flags", "4 changes are held for approval"):
        assert code in ended.stdout


def test_version_is_one_line() -> None:
    ended = command("--version")
    assert (ended.returncode, ended.stdout) == (0, f"kometa-ai {__version__}\n")


@pytest.mark.parametrize("flag", ["--help", "--version", "--dump-config"])
def test_what_answers_at_once_loads_nothing_heavy(flag: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "kometa_ai", flag],
        env={},
        text=True,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0
    loaded = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert "argparse" in loaded
    assert not loaded & {"aiohttp", "anthropic", "rich", "rich.console", "sqlite3"}


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--max-evals 5", "say what to do"),
        ("--runs --pins", "--runs does not go together with --pins"),
        ("--approve 1 --decline 1", "--approve does not go together with --decline"),
        ("--estimate --run-now", "--estimate does not go together with --run-now"),
        ("--estimate --dry-run", "--estimate does not go together with --dry-run"),
        ("--decline --dry-run", "--decline does not go together with --dry-run"),
        ("--cleanup --collection Noir", "--cleanup does not go together with --collection"),
        ("--health-check --batch-size 9", "--health-check does not go together with --batch-size"),
        ("--run-now --sample 9", "--sample goes only with --evaluate"),
        ("--run-now --model claude-x", "--model goes only with --evaluate"),
        ("--evaluate x.csv", "--evaluate needs one collection"),
        ("--evaluate x.csv --collection A --collection B", "--evaluate needs one collection"),
        ("--evaluate x.csv --collection A --dry-run", "--evaluate does not go together with"),
        ("--evaluate x.csv --collection A --estimate", "does not go together with --evaluate"),
        ("--evaluate x.csv --collection A --sample 1", "'1' is not a number from 2 to"),
        ("--evaluate x.csv --collection A --sample ten", "'ten' is not a number from 2 to"),
        ("--run-now --batch-size 0", "'0' is not a number from 1 to 200"),
        ("--run-now --batch-size many", "'many' is not a number from 1 to 200"),
        ("--pin sometimes Noir Heat", '"sometimes" is neither keep nor never'),
        ("--pin keep Noir", "expected 3 arguments"),
        ("--why Noir", "expected 2 arguments"),
        ("--run-nwo", "--run-nwo"),
        ("--run", "--run"),
        ("--collection", "expected one argument"),
    ],
)
def test_wrong_flags_end_with_2_and_a_sentence(flags: str, said: str) -> None:
    ended = command(*flags.split(), "--json")
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    answer = json.loads(ended.stdout)
    assert answer["result"] == "failed"
    assert said in answer["faults"][0]["message"]


def test_a_cap_that_is_no_number_is_a_wrong_setting() -> None:
    ended = command("--run-now", "--max-evals", "5OO")
    assert ended.returncode == 2
    assert "MAX_EVALS_PER_RUN: '5OO' (command line) is not a whole number" in ended.stderr


def test_settings_are_dumped_with_their_origin_on_80_columns() -> None:
    ended = command("--dump-config", RADARR_API_KEY="0123456789abcdef", MONTHLY_BUDGET="3")
    assert ended.returncode == 0
    assert "0123456789abcdef" not in ended.stdout
    assert re.search(r"^RADARR_API_KEY=\*\*\* +# environment$", ended.stdout, re.MULTILINE)
    assert re.search(r"^MONTHLY_BUDGET=3 +# environment$", ended.stdout, re.MULTILINE)
    assert max(map(len, ended.stdout.splitlines())) <= 80
    told = json.loads(command("--dump-config", "--json", RADARR_API_KEY="0123456789abcdef").stdout)
    assert told["RADARR_API_KEY"]["value"] == "***"
    assert told["WEB_PORT"] == {**told["WEB_PORT"], "value": 8099, "origin": "default"}
