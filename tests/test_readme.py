"""The README is always true, as far as a program can tell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kometa_ai.cli.flags import COMMANDS, parse
from kometa_ai.settings import markdown_table

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_settings_table_is_that_of_the_program() -> None:
    between = README.partition("<!-- settings: begin -->")[2].partition("<!-- settings: end -->")[0]
    assert between.strip() == markdown_table().strip()


def test_every_flag_that_is_named_exists(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    theirs = {"--require-hashes", "--no-deps", "--no-build-isolation", "--serve"}
    assert set(re.findall(r"--[a-z][a-z-]+", README)) - theirs <= known


def test_every_command_is_named() -> None:
    assert [name for name in COMMANDS if f"--{name.replace('_', '-')}" not in README] == []


def test_every_link_within_the_repository_leads_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []
