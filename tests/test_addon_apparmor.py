"""The add-on's AppArmor profile: in the form that the Supervisor loads, no wider than needed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.outside import missing

PROFILE = Path(__file__).parents[1] / "apparmor.txt"


def lines() -> list[str]:
    return [line.strip() for line in PROFILE.read_text("utf-8").splitlines()]


def test_one_line_names_the_profile() -> None:
    """The Supervisor renames it by that line; a second one would be refused."""
    named = [line for line in PROFILE.read_text("utf-8").splitlines() if line.startswith("profile")]
    assert named == ["profile kometa_ai flags=(attach_disconnected,mediate_deleted) {"]


def test_the_parser_understands_it() -> None:
    parser = shutil.which("apparmor_parser", path=os.defpath + ":/usr/sbin:/sbin")
    if parser is None:
        missing("AppArmor's parser is not installed (Debian, Ubuntu: apt install apparmor).")
    done = subprocess.run(
        [parser, "--skip-kernel-load", "--skip-cache", "--skip-read-cache", str(PROFILE)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_only_these_capabilities() -> None:
    found = {
        line.removeprefix("capability ").rstrip(",") for line in lines() if "capability" in line
    }
    assert found == {"chown", "dac_override", "fowner"}


def test_nothing_is_allowed_everywhere() -> None:
    for line in lines():
        assert not re.fullmatch(r"(file|network|capability|mount|ptrace|dbus),", line), line
        assert not re.match(r"/(\{,\*\*\}|\*\*) ", line), line


def test_of_home_assistant_only_kometas_folders_are_written() -> None:
    rules = [line for line in lines() if "/homeassistant" in line and not line.startswith("#")]
    written = [one for one in rules if "w" in one.split()[-1] and not one.startswith("deny")]
    assert written == ["/homeassistant/{addons_config/,}kometa/{,**} rwkl,"]
    denied = {one.split()[1] for one in rules if one.startswith("deny")}
    assert "/homeassistant/secrets.yaml" in denied
    assert "/homeassistant/.storage/{,**}" in denied
