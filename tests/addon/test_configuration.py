"""The settings as they are now: broken ones never replace sound ones."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from addon.configuration import Configuration
from kometa_ai.adapters.store import SqliteStore
from kometa_ai.domain.fault import SkipError
from tests.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path


def configuration(folder: Path, **environ: str) -> Configuration:
    return Configuration({"STATE_DIR": str(folder / "state"), **environ}, folder / "options.json")


def test_reading_tells_whether_anything_is_different(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("monthly_budget: 3\n", "utf-8")
    one = configuration(tmp_path, SETTINGS_FILE=str(file))
    assert one.read()
    assert not one.read()
    file.write_text("monthly_budget: 4\n", "utf-8")
    assert one.read()
    assert one.settings.monthly_budget == Decimal(4)


def test_a_broken_file_keeps_the_settings_in_use(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("monthly_budget: 3\n", "utf-8")
    one = configuration(tmp_path, SETTINGS_FILE=str(file))
    one.read()
    for broken in ("monthly_budget: much\n", "monthly_budget: [\n", "nonsense: 1\n"):
        file.write_text(broken, "utf-8")
        assert one.read()
        assert one.faults
        assert one.usable
        assert one.settings.monthly_budget == Decimal(3)
    file.unlink()
    one.read()
    assert one.faults
    assert one.settings.monthly_budget == Decimal(3)
    file.write_text("monthly_budget: 3\n", "utf-8")
    assert one.read()
    assert not one.faults


def test_wrong_from_the_start_is_not_usable_but_can_tell(tmp_path: Path) -> None:
    one = configuration(tmp_path, MONTHLY_BUDGET="much", MQTT_HOST="broker")
    one.read()
    assert not one.usable
    assert "MONTHLY_BUDGET" in str(one.faults[0])
    assert one.settings.mqtt_host == "broker"


def test_before_it_is_read_there_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        _ = configuration(tmp_path).settings


def test_every_file_that_settings_come_from_is_watched(tmp_path: Path) -> None:
    secret, file = tmp_path / "password", tmp_path / "settings.yaml"
    secret.write_text("p", "utf-8")
    file.write_text("{}\n", "utf-8")
    one = configuration(tmp_path, MQTT_PASSWORD_FILE=str(secret), SETTINGS_FILE=str(file))
    one.read()
    assert set(one.files) == {tmp_path / "options.json", secret, file}
    assert one.settings.mqtt_password == "p"
    secret.write_text("q", "utf-8")
    assert one.read()


def test_options_make_it_an_add_on(tmp_path: Path) -> None:
    assert not configuration(tmp_path).inside_add_on
    one = configuration(tmp_path)
    (tmp_path / "options.json").write_text('{"monthly_budget": 2}', "utf-8")
    assert one.inside_add_on
    one.read()
    assert one.settings.monthly_budget == Decimal(2)


async def test_what_is_set_holds_until_it_is_taken_back(tmp_path: Path) -> None:
    one = configuration(tmp_path, MONTHLY_BUDGET="3")
    async with SqliteStore(tmp_path / "state", FakeClock()) as store:
        await one.set("MONTHLY_BUDGET", "5", store)
        one.read()
        assert one.settings.monthly_budget == Decimal(5)
        with pytest.raises(SkipError):
            await one.set("MONTHLY_BUDGET", "much", store)
        one.read()
        assert one.settings.monthly_budget == Decimal(5)
        await one.set("MONTHLY_BUDGET", "default", store)
        one.read()
        assert one.settings.monthly_budget == Decimal(3)
