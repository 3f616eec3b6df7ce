"""Where settings come from, which place wins, and what can be wrong with the places."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from kometa_ai.domain.schedule import Interval, Unit
from kometa_ai.settings import (
    SETTINGS,
    Loaded,
    Origin,
    SettingsError,
    dump,
    dump_json,
    dump_text,
    load,
    markdown_table,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kometa_ai.domain.fault import Fault

RANKED = (
    Origin.FLAG,
    Origin.STORED,
    Origin.ENVIRONMENT,
    Origin.SETTINGS_FILE,
    Origin.OPTIONS,
)


def load_file(tmp_path: Path, text: str, **environ: str) -> Loaded:
    """Load with a SETTINGS_FILE of this text."""
    path = tmp_path / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    return load({"SETTINGS_FILE": str(path), **environ}, options_file=None)


def load_options(tmp_path: Path, text: str, **environ: str) -> Loaded:
    """Load with an options.json of this text."""
    path = tmp_path / "options.json"
    path.write_text(text, encoding="utf-8")
    return load(environ, options_file=path)


def file_faults(tmp_path: Path, text: str) -> tuple[Fault, ...]:
    with pytest.raises(SettingsError) as caught:
        load_file(tmp_path, text)
    return caught.value.faults


def origin_of(loaded: Loaded, name: str) -> Origin:
    return loaded.origins[name]


@pytest.mark.parametrize(
    "origins", [pair for size in (1, 2, 5) for pair in combinations(RANKED, size)]
)
def test_the_first_source_that_has_a_value_wins(
    tmp_path: Path, origins: tuple[Origin, ...]
) -> None:
    values = {origin: str(number) for number, origin in enumerate(RANKED, start=1)}

    def mapping(origin: Origin) -> dict[str, str]:
        return {"MAX_EVALS_PER_RUN": values[origin]} if origin in origins else {}

    yaml_file = tmp_path / "settings.yaml"
    options = tmp_path / "options.json"
    yaml_file.write_text(
        f"max_evals_per_run: {mapping(Origin.SETTINGS_FILE).get('MAX_EVALS_PER_RUN', '')}"
    )
    options.write_text(
        json.dumps({"max_evals_per_run": mapping(Origin.OPTIONS).get("MAX_EVALS_PER_RUN")})
    )

    loaded = load(
        {"SETTINGS_FILE": str(yaml_file), "MAX_EVALS_PER_RUN": " ", **mapping(Origin.ENVIRONMENT)},
        flags=mapping(Origin.FLAG),
        stored=mapping(Origin.STORED),
        options_file=options,
    )

    assert loaded.settings.max_evals_per_run == int(values[origins[0]])
    assert origin_of(loaded, "MAX_EVALS_PER_RUN") is origins[0]
    assert origin_of(loaded, "TZ") is Origin.DEFAULT


def test_a_wrong_value_that_is_overridden_does_no_harm(tmp_path: Path) -> None:
    loaded = load_options(tmp_path, '{"tz": "Mars"}', TZ="Europe/Oslo")

    assert loaded.settings.tz.key == "Europe/Oslo"


def test_unknown_names_of_flags_and_stored_values() -> None:
    with pytest.raises(SettingsError, match=r"Did you mean MAX_EVALS_PER_RUN\?"):
        load({}, flags={"MAX_EVAL_PER_RUN": "5"}, options_file=None)

    loaded = load({}, stored={"GONE": "5"}, options_file=None)
    assert "GONE" in loaded.notices[0]


# --- NAME_FILE --------------------------------------------------------------------------------


def test_a_secret_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes("\ufeff  sk-ant-1\r\n".encode())

    loaded = load({"CLAUDE_API_KEY_FILE": f" {path} "}, options_file=None)

    assert loaded.settings.claude_api_key == "sk-ant-1"
    assert origin_of(loaded, "CLAUDE_API_KEY") is Origin.FILE


def test_a_flag_wins_over_the_file_and_the_file_over_the_options(tmp_path: Path) -> None:
    key, options = tmp_path / "key", tmp_path / "options.json"
    key.write_text("from-file")
    options.write_text('{"radarr_api_key": "from-options"}')
    environ = {"RADARR_API_KEY_FILE": str(key)}

    assert load(environ, options_file=options).settings.radarr_api_key == "from-file"
    flags = {"RADARR_API_KEY": "from-flag"}
    loaded = load(environ, flags=flags, options_file=options)
    assert loaded.settings.radarr_api_key == "from-flag"


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (None, "No such file or directory"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xff\xfe\x00", "is not text in UTF-8"),
    ],
)
def test_a_secret_file_that_cannot_be_used(
    tmp_path: Path, content: bytes | None, part: str
) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SettingsError) as caught:
        load({"MQTT_PASSWORD_FILE": str(path)}, options_file=None)

    (fault,) = caught.value.faults
    assert fault.where == "MQTT_PASSWORD_FILE"
    assert part in fault.message
    assert str(path) in fault.message


def test_a_folder_as_secret_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Is a directory"):
        load({"WEB_PASSWORD_FILE": str(tmp_path)}, options_file=None)


@pytest.mark.parametrize("name", ["CLAUDE_API_KEY_FILE", "SETTINGS_FILE", "SMTP_CA_FILE", ""])
def test_a_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    """Nobody writes to it, so to open it would keep the start waiting for ever."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    with pytest.raises(SettingsError) as caught:
        load({name: str(pipe)} if name else {}, options_file=None if name else pipe)

    (fault,) = caught.value.faults
    assert fault.where == (name or str(pipe))
    assert "cannot be read: it is a pipe or a device, not a file" in fault.message


def test_a_device_without_an_end_is_no_file() -> None:
    with pytest.raises(SettingsError, match="it is a pipe or a device"):
        load({"WEB_PASSWORD_FILE": "/dev/zero"}, options_file=None)


def test_a_key_where_its_path_belongs_is_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"CLAUDE_API_KEY_FILE": "sk-ant-canary"}, options_file=None)
    assert "canary" not in str(caught.value)


def test_a_secret_and_its_file_at_once_are_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("1")

    with pytest.raises(SettingsError, match="is set, and so is WEB_PASSWORD"):
        load({"WEB_PASSWORD": "0", "WEB_PASSWORD_FILE": str(path)}, options_file=None)

    # blank is not set, on either side
    loaded = load({"WEB_PASSWORD": " ", "WEB_PASSWORD_FILE": str(path)}, options_file=None)
    assert loaded.settings.web_password == "1"
    loaded = load({"WEB_PASSWORD": "0", "WEB_PASSWORD_FILE": ""}, options_file=None)
    assert loaded.settings.web_password == "0"


# --- SETTINGS_FILE ----------------------------------------------------------------------------


def test_yaml_values_are_taken_as_they_are_written(tmp_path: Path) -> None:
    loaded = load_file(
        tmp_path,
        """
        # YAML 1.1 reads 13:00 as 780, 0123 as 83, on as true and 0.10 as 0.1
        schedule_start_time: 13:00
        smtp_password: 0123
        debug_logging: on
        max_cost_per_run: 0.10
        monthly_budget: 7
        schedule_interval: "6h"
        mqtt_password: ~
        web_password:
        smtp_username: null
        mqtt_username: "null"
        notification_recipients: [a@x.org, "b@x.org"]
        schedule_cron: ["@daily", 0 5 * * 1]
        webhook_urls:
          - https://x.org/a?b=1,2
          -
        """,
    )

    settings = loaded.settings
    assert f"{settings.schedule_start_time:%H:%M}" == "13:00"
    assert settings.smtp_password == "0123"
    assert settings.debug_logging is True
    assert str(settings.max_cost_per_run) == "0.10"
    assert settings.monthly_budget == Decimal(7)
    assert settings.schedule_interval == Interval(6, Unit.HOURS)
    assert settings.mqtt_password is None
    assert settings.web_password is None
    assert settings.smtp_username is None
    assert settings.mqtt_username == "null"
    assert settings.notification_recipients == ("a@x.org", "b@x.org")
    assert [str(cron) for cron in settings.schedule_cron] == ["@daily", "0 5 * * 1"]
    assert settings.webhook_urls == ("https://x.org/a?b=1,2",)
    assert origin_of(loaded, "SMTP_PASSWORD") is Origin.SETTINGS_FILE
    assert origin_of(loaded, "SMTP_USERNAME") is Origin.DEFAULT


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n"])
def test_an_empty_settings_file_sets_nothing(tmp_path: Path, text: str) -> None:
    assert set(load_file(tmp_path, text).origins.values()) == {Origin.DEFAULT, Origin.ENVIRONMENT}


@pytest.mark.parametrize(
    ("text", "where", "part"),
    [
        (
            "tz: UTC\nradarr_apikey: x",
            "SETTINGS_FILE",
            "settings.yaml:2: 'radarr_apikey' is not a setting. Did you mean radarr_api_key?",
        ),
        ("RADARR_URL: http://r", "SETTINGS_FILE", "Did you mean radarr_url?"),
        ("zzz: 1", "SETTINGS_FILE", "'zzz' is not a setting."),
        ("[a, b]: 1", "SETTINGS_FILE", "is not a setting"),
        ("- tz", "SETTINGS_FILE", "does not hold settings"),
        ("just words", "SETTINGS_FILE", "does not hold settings"),
        ("tz: UTC\n\tmqtt_topic: a", "SETTINGS_FILE", "settings.yaml:2: this is not valid YAML"),
        ("tz: UTC\n---\ntz: UTC", "SETTINGS_FILE", "is not valid YAML"),
        ("tz: \x07", "SETTINGS_FILE", "is not YAML text"),
        ("[" * 1500, "SETTINGS_FILE", "is not YAML text"),
        ("tz: UTC\ntz: UTC", "TZ", "stands twice in the file (settings.yaml:2)"),
        ("settings_file: b.yaml", "SETTINGS_FILE", "cannot be set in the file itself"),
        ("tz: {a: b}", "TZ", "something else than a plain value"),
        ("tz: !secret zone", "TZ", "something else than a plain value"),
        ("webhook_urls: [[a]]", "WEBHOOK_URLS", "something else than a plain value"),
        ("tz: [UTC]", "TZ", "is a list where one value belongs"),
        ("\n\ntz: Mars", "TZ", "'Mars' (settings.yaml:3) is not a known time zone"),
        ("smtp_port: 25.0", "SMTP_PORT", "'25.0' (settings.yaml:1) is not a whole number"),
    ],
)
def test_a_broken_settings_file_is_a_fault_with_its_line(
    tmp_path: Path, text: str, where: str, part: str
) -> None:
    (fault,) = file_faults(tmp_path, text)

    assert fault.where == where
    assert part in f"{fault.message} {fault.remedy}"


@pytest.mark.parametrize(
    "line", ["*canary", "'canary", "!canary!x", "[canary", "{canary", "%canary"]
)
def test_broken_yaml_does_not_show_the_password_that_broke_it(tmp_path: Path, line: str) -> None:
    faults = file_faults(tmp_path, f"tz: UTC\nsmtp_password: {line}")

    assert faults
    assert "canary" not in " ".join(str(fault) for fault in faults)


def test_a_missing_settings_file_is_told_with_all_other_faults(tmp_path: Path) -> None:
    environ = {"SETTINGS_FILE": str(tmp_path / "gone.yaml"), "SMTP_PORT": "x"}
    with pytest.raises(SettingsError) as caught:
        load(environ, options_file=None)

    assert [fault.where for fault in caught.value.faults] == ["SETTINGS_FILE", "SMTP_PORT"]
    assert "No such file or directory" in caught.value.faults[0].message


def test_a_settings_file_that_is_not_utf_8_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_bytes(b"smtp_username: m\xfcller")

    with pytest.raises(SettingsError, match="not YAML text in UTF-8"):
        load({"SETTINGS_FILE": str(path)}, options_file=None)


def test_the_options_and_a_flag_may_name_the_settings_file(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("web_port: 1")
    options = tmp_path / "options.json"
    options.write_text(json.dumps({"settings_file": str(path), "web_port": 2}))

    assert load({}, options_file=options).settings.web_port == 1
    assert load({}, flags={"SETTINGS_FILE": str(path)}, options_file=None).settings.web_port == 1


# --- options.json -----------------------------------------------------------------------------


def test_options_are_taken_by_json_types(tmp_path: Path) -> None:
    loaded = load_options(
        tmp_path,
        """{"radarr_url": "http://r/", "smtp_use_tls": true, "smtp_port": 587,
        "radarr_verify_tls": false, "monthly_budget": 0.10, "web_password": null,
        "smtp_username": "",
        "claude_model": "  ",
        "notification_recipients": ["a@x.org", "", null], "webhook_urls": []}""",
    )

    settings = loaded.settings
    assert settings.radarr_url == "http://r"
    assert settings.smtp_use_tls is True
    assert settings.radarr_verify_tls is False
    assert settings.smtp_port == 587
    assert str(settings.monthly_budget) == "0.10"
    assert settings.web_password is None
    assert settings.claude_model == "claude-haiku-5-5"
    assert settings.notification_recipients == ("a@x.org",)
    assert settings.webhook_urls == ()
    assert origin_of(loaded, "SMTP_PORT") is Origin.OPTIONS
    assert origin_of(loaded, "WEBHOOK_URLS") is Origin.DEFAULT


def test_an_unknown_option_is_a_notice(tmp_path: Path) -> None:
    (notice,) = load_options(tmp_path, '{"radarr_urls": "x"}').notices

    assert "'radarr_urls', which is not a setting. Did you mean radarr_url?" in notice


def test_no_options_file_is_no_fault(tmp_path: Path) -> None:
    assert load({}, options_file=tmp_path / "options.json") == load({}, options_file=None)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{", "is not a JSON object"),
        ("[]", "is not a JSON object"),
        ("", "is not a JSON object"),
        ("null", "is not a JSON object"),
        ("[" * 50_000, "is not a JSON object"),
        ("[" * 100_000, "is longer than 65,536 bytes"),
        ('{"tz": {"a": 1}}', "TZ: has something else than a plain value"),
        ('{"webhook_urls": [["https://x.org"]]}', "WEBHOOK_URLS: has something else"),
        ('{"monthly_budget": NaN}', "MONTHLY_BUDGET: 'NaN' (options.json) is not an amount"),
        ('{"monthly_budget": -Infinity}', "'-Infinity' (options.json) is not an amount"),
        ('{"smtp_port": true}', "'true' (options.json) is not a whole number"),
        ('{"smtp_port": 25.0}', "'25.0' (options.json) is not a whole number"),
    ],
)
def test_broken_options_are_a_fault(tmp_path: Path, text: str, part: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_options(tmp_path, text)

    assert len(caught.value.faults) == 1
    assert part in str(caught.value)


def test_options_that_cannot_be_read_are_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        load({}, options_file=tmp_path)


@given(
    st.dictionaries(
        st.sampled_from([s.name for s in SETTINGS]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=3), inner, max_size=2)
            ),
            max_leaves=4,
        ),
        max_size=4,
    )
)
def test_any_json_gives_settings_or_faults(
    tmp_path_factory: pytest.TempPathFactory, options: dict[str, object]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-options.json"
    path.write_text(json.dumps(options), encoding="utf-8")
    loaded, wrong = load_or_fault_names(path)

    names = {name.upper() for name in options}
    assert wrong <= names
    if loaded:
        blank = {name for name in names if not has_text(options[name.lower()])}
        from_options = {name for name in names if loaded.origins[name] is Origin.OPTIONS}
        assert from_options == names - blank


def has_text(value: object) -> bool:
    if isinstance(value, list):
        return any(has_text(entry) for entry in value)
    return value is not None and bool(str(value).strip())


def load_or_fault_names(options_file: Path) -> tuple[Loaded | None, set[str]]:
    try:
        return load({}, options_file=options_file), set()
    except SettingsError as error:
        return None, {fault.where for fault in error.faults}


# --- what is shown ----------------------------------------------------------------------------


def test_the_dump_names_value_origin_and_help() -> None:
    loaded = load(
        {"MONTHLY_BUDGET": "2.50"}, stored={"SCHEDULE_CRON": "@daily; 0 5 * * *"}, options_file=None
    )

    rows = {row.name: row for row in dump(loaded)}
    assert (rows["MONTHLY_BUDGET"].value, rows["MONTHLY_BUDGET"].text) == (2.5, "2.5")
    assert rows["MONTHLY_BUDGET"].origin is Origin.ENVIRONMENT
    assert "calendar month" in rows["MONTHLY_BUDGET"].about
    assert rows["SCHEDULE_CRON"].text == "@daily; 0 5 * * *"
    assert rows["SCHEDULE_CRON"].origin is Origin.STORED
    assert rows["RADARR_URL"].value is None

    written = json.loads(json.dumps(dump_json(loaded)))
    assert list(written) == [setting.env for setting in SETTINGS]
    assert written["MONTHLY_BUDGET"] == {
        "value": 2.5,
        "origin": "environment",
        "help": rows["MONTHLY_BUDGET"].about,
    }


def test_the_text_dump_has_a_line_for_every_setting() -> None:
    lines = dump_text(load({"WEB_PORT": "80"}, options_file=None)).splitlines()

    assert [line.split("=")[0] for line in lines if "=" in line] == [s.env for s in SETTINGS]
    assert "# Spending" in lines
    (line,) = (line for line in lines if line.startswith("WEB_PORT="))
    assert line.split() == ["WEB_PORT=80", "#", "environment"]


def test_the_readme_table_has_a_row_of_three_cells_for_every_setting() -> None:
    rows = markdown_table().splitlines()

    assert rows[:2] == ["| Setting | Default | What it is |", "|---|---|---|"]
    assert all(row.count("|") == 4 for row in rows)
    settings = [row for row in rows if row.startswith("| `")]
    assert [row.split("`")[1] for row in settings] == [setting.env for setting in SETTINGS]
    groups = [row for row in rows if row.startswith("| **")]
    assert len(groups) == len(set(groups))  # the settings of a group stand together
    assert any(row.startswith("| `MONTHLY_BUDGET` | `5` | The most") for row in rows)
    assert any(row.startswith("| `RADARR_API_KEY` |  | ") and "(secret)" in row for row in rows)
