"""The workflows: pinned, frugal with rights, and in step with the manifest."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.iterdir())


def test_both_are_there() -> None:
    assert [file.name for file in FILES] == ["ci.yaml", "release.yaml"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_action_is_pinned_to_a_commit_and_says_which_version_that_is(file: Path) -> None:
    used = [line.strip() for line in file.read_text("utf-8").splitlines() if "uses:" in line]
    assert used
    for line in used:
        assert re.fullmatch(r"(- )?uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_one_action_has_one_version() -> None:
    pins: dict[str, set[str]] = {}
    for file in FILES:
        for name, pin in re.findall(r"uses: ([\w/-]+)@(.+)", file.read_text("utf-8")):
            pins.setdefault(name, set()).add(pin)
    assert all(len(found) == 1 for found in pins.values()), pins


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_rights_are_given_where_they_are_needed(file: Path) -> None:
    workflow: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    writing = {
        name: sorted(right for right, how in job.get("permissions", {}).items() if how == "write")
        for name, job in workflow["jobs"].items()
    }
    assert {name: rights for name, rights in writing.items() if rights} == (
        {"image": ["packages"], "publish": ["attestations", "id-token", "packages"]}
        if file.name == "release.yaml"
        else {}
    )
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())


def test_both_architectures_of_the_manifest_are_built() -> None:
    manifest = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))
    for file in FILES:
        job = yaml.safe_load(file.read_text("utf-8"))["jobs"]["image"]
        built = [one["arch"] for one in job["strategy"]["matrix"]["include"]]
        assert sorted(built) == sorted(manifest["arch"])


def test_one_name_of_the_image_everywhere() -> None:
    image = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))["image"]
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    assert compose["services"]["kometa-ai"]["image"] == f"{image}:latest"
    home = image.replace("ghcr.io", "https://github.com")
    for name in ("config.yaml", "repository.yaml", "DOCS.md"):
        assert home in (ROOT / name).read_text("utf-8"), name


@pytest.mark.parametrize(
    ("version", "names"), [("1.2.0", ["1.2.0", "latest"]), ("1.2.0-rc.1", ["1.2.0-rc.1"])]
)
def test_a_version_on_trial_is_not_the_latest(
    tmp_path: Path, version: str, names: list[str]
) -> None:
    """The step itself, with a docker that only writes down what it is told."""
    steps = yaml.safe_load((FOLDER / "release.yaml").read_text("utf-8"))["jobs"]["publish"]["steps"]
    (script,) = (step["run"] for step in steps if step.get("id") == "join")
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\necho "$@" >>"$TOLD"\n', "utf-8")
    docker.chmod(0o755)
    for digest in ("a" * 64, "b" * 64):
        (tmp_path / "digests").mkdir(exist_ok=True)
        (tmp_path / "digests" / digest).touch()
    told = tmp_path / "told"
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "TOLD": str(told),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "IMAGE": "example/kometa-ai",
        "VERSION": version,
    }
    subprocess.run(["bash", "-ec", script], check=True, cwd=tmp_path, env=environment)
    created = told.read_text("utf-8").splitlines()[0]
    assert re.findall(r"--tag example/kometa-ai:(\S+)", created) == names
    assert created.count("@sha256:") == 2
