"""What holds where nobody has set anything: in the add-on, and in the image for plain Docker."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import pytest

from addon.configuration import Configuration
from kometa_ai.settings import Origin, dump_json, dump_text, load

if TYPE_CHECKING:
    from pathlib import Path

    from kometa_ai.settings import Loaded


class AddOn(NamedTuple):
    """The folders that the Supervisor gives an add-on, below a root of the test's own."""

    root: Path

    @property
    def options_file(self) -> Path:
        return self.root / "data" / "options.json"

    def load(self, *, environ: dict[str, str] | None = None, **options: object) -> Loaded:
        self.options_file.parent.mkdir(exist_ok=True)
        self.options_file.write_text(json.dumps(options), "utf-8")
        return load(environ or {}, options_file=self.options_file)


@pytest.fixture
def add_on(tmp_path: Path) -> AddOn:
    return AddOn(tmp_path)


def test_the_state_of_an_add_on_is_in_its_data(add_on: AddOn) -> None:
    loaded = add_on.load()
    assert loaded.settings.state_dir == add_on.root / "data"
    assert loaded.origins["STATE_DIR"] is Origin.ADD_ON
    assert dump_json(loaded)["STATE_DIR"]["origin"] == "add-on"


def test_kometas_files_are_looked_for_in_the_order_of_the_design(add_on: AddOn) -> None:
    loaded = add_on.load(kometa_config_dir=" ")
    assert loaded.settings.kometa_config_dir == (
        add_on.root / "homeassistant/addons_config/kometa",
        add_on.root / "homeassistant/kometa",
        add_on.root / "share/kometa",
        add_on.root / "config",
    )
    line = next(line for line in dump_text(loaded).splitlines() if "KOMETA_CONFIG" in line)
    assert f"{add_on.root}/share/kometa, {add_on.root}/config" in line
    assert line.endswith("# add-on")


def test_the_folder_of_the_option_is_looked_into_first(add_on: AddOn) -> None:
    mine = add_on.root / "share" / "films"
    loaded = add_on.load(kometa_config_dir=str(mine))
    usual = add_on.load().settings.kometa_config_dir
    assert loaded.settings.kometa_config_dir == (mine, *usual)
    assert any(f"no folder {mine}" in notice for notice in loaded.notices)
    mine.mkdir(parents=True)
    assert not add_on.load(kometa_config_dir=str(mine)).notices


def test_an_option_that_names_a_usual_place_puts_it_first(add_on: AddOn) -> None:
    usual = add_on.load().settings.kometa_config_dir
    loaded = add_on.load(kometa_config_dir=str(usual[2]))
    assert loaded.settings.kometa_config_dir == (usual[2], usual[0], usual[1], usual[3])


def test_what_a_user_sets_wins(add_on: AddOn, tmp_path: Path) -> None:
    loaded = add_on.load(kometa_config_dir="/share/films", environ={"STATE_DIR": "/share/state"})
    assert str(loaded.settings.kometa_config_dir[0]) == "/share/films"
    assert str(loaded.settings.state_dir) == "/share/state"
    assert loaded.origins["KOMETA_CONFIG_DIR"] is Origin.OPTIONS
    assert loaded.origins["STATE_DIR"] is Origin.ENVIRONMENT


def test_a_file_of_settings_in_the_add_ons_folder_needs_no_name(add_on: AddOn) -> None:
    assert add_on.load().settings.settings_file is None
    (add_on.root / "config").mkdir()
    file = add_on.root / "config" / "kometa-ai.yaml"
    file.write_text("monthly_budget: 3\nstate_dir: /share/state\n", "utf-8")
    loaded = add_on.load(monthly_budget="4")
    assert loaded.settings.settings_file == file
    assert loaded.settings.monthly_budget == 3
    assert str(loaded.settings.state_dir) == "/share/state"
    assert loaded.origins["SETTINGS_FILE"] is Origin.ADD_ON


def test_another_file_of_settings_takes_its_place(add_on: AddOn) -> None:
    (add_on.root / "config").mkdir()
    (add_on.root / "config" / "kometa-ai.yaml").write_text("monthly_budget: 3\n", "utf-8")
    other = add_on.root / "other.yaml"
    other.write_text("monthly_budget: 6\n", "utf-8")
    assert add_on.load(settings_file=str(other)).settings.monthly_budget == 6


def test_a_file_of_settings_that_comes_later_is_watched_before_it_is_there(add_on: AddOn) -> None:
    add_on.load()
    one = Configuration({}, add_on.options_file)
    one.read()
    file = add_on.root / "config" / "kometa-ai.yaml"
    assert one.files == (add_on.options_file, file)
    file.parent.mkdir()
    file.write_text("monthly_budget: 3\n", "utf-8")
    assert one.read()
    assert one.settings.monthly_budget == 3
    assert one.files == (add_on.options_file, file)


def test_a_worker_is_handed_where_to_look(add_on: AddOn) -> None:
    here = add_on.load()
    there = load({}, flags=here.written, options_file=None)
    assert there.settings == here.settings


def test_the_image_suggests_a_folder_for_logs(tmp_path: Path) -> None:
    environ = {"IMAGE_LOG_DIR": "logs"}
    loaded = load(environ, options_file=None)
    assert str(loaded.settings.log_dir) == "logs"
    assert loaded.origins["LOG_DIR"] is Origin.IMAGE
    named = load({**environ, "LOG_DIR": "/var/log/kometa"}, options_file=None)
    assert str(named.settings.log_dir) == "/var/log/kometa"


def test_an_add_on_keeps_no_log_of_its_own(add_on: AddOn) -> None:
    assert add_on.load(environ={"IMAGE_LOG_DIR": "logs"}).settings.log_dir is None
