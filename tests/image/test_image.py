"""What the image is made of, and what it says of itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kometa_ai import __version__

if TYPE_CHECKING:
    from tests.image.container import Image

# The first test waits for the image to be built.
pytestmark = pytest.mark.timeout(900)

MEGABYTE = 1_000_000
OURS_AT_MOST = 130 * MEGABYTE
"""Of what comes to the base; measured: 94 MB, of which 34 are Claude's client and 15 apprise."""
SECONDS = 1_000_000_000


def test_it_is_small(image: Image) -> None:
    listed = {
        one["names"][0].rpartition("/")[2].partition(":")[0]: one["size"]
        for one in json.loads(image.ask("images", "--json"))
        if one.get("names")
    }
    assert _bytes(listed["kometa-ai"]) - _bytes(listed["kometa-ai-base"]) < OURS_AT_MOST


def _bytes(told: str) -> float:
    number, unit = told.split()
    return float(number) * {"KB": 1000, "MB": MEGABYTE, "GB": 1000 * MEGABYTE}[unit]


def test_its_labels_are_those_that_the_supervisor_reads(image: Image) -> None:
    labels = image.described()["Labels"]
    assert labels["io.hass.type"] == "app"
    assert labels["io.hass.version"] == labels["org.opencontainers.image.version"] == __version__
    assert labels["io.hass.arch"] in {"amd64", "aarch64"}


def test_its_health_check_is_frequent_and_has_patience(image: Image) -> None:
    check = image.described()["Healthcheck"]
    assert check["Test"][0] == "CMD", "no shell: each check would be two processes"
    # The Supervisor waits for the first one that is well, two minutes at most.
    assert check["Interval"] <= 10 * SECONDS
    assert check["Interval"] * check["Retries"] >= 60 * SECONDS
    assert check["Timeout"] >= 5 * SECONDS


async def test_nothing_is_left_of_what_made_it(image: Image) -> None:
    async with image.container({}) as container:
        left = await container.do(
            "sh", "-c", "ls /build /opt/venv/lib/python3*/site-packages /opt/venv/bin /root"
        )
        names = left.out.split()
        assert "aiohttp" in names
        assert not {"pip", "setuptools", "hatchling", "tests", "pip3"} & set(names)
        count = "find /opt/venv/lib -name '*.%s' | wc -l"
        sources = await container.do("sh", "-c", f"{count % 'py'}; {count % 'pyc'}")
        plain, compiled = map(int, sources.out.split())
        assert compiled >= plain > 1000


async def test_the_environment_is_complete_and_unbroken(image: Image) -> None:
    """Everything that may be imported late is there."""
    late = "aiosmtplib, anthropic, apprise, jinja2, kometa_ai.cli.commands, addon.process"
    async with image.container({}) as container:
        code = f"import zoneinfo, {late}; print(zoneinfo.ZoneInfo('Europe/Berlin'))"
        ended = await container.do("python", "-c", code)
        assert ended.out.split() == ["Europe/Berlin"], ended.err
