"""What the settings are called, what they are worth by default, and what is refused."""

from __future__ import annotations

import dataclasses
import re
from datetime import time
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from kometa_ai.domain.fault import FaultKind, StopError
from kometa_ai.domain.schedule import Interval, Unit, Window
from kometa_ai.settings import (
    ESTIMATE_NEEDS,
    RUN_NEEDS,
    SETTINGS,
    ClaudeEffort,
    ClaudeMode,
    LogFormat,
    Settings,
    SettingsError,
    dump,
    load,
    missing,
    require_for_run,
)

# The contract: DESIGN.md, section 7. Other programs and checks rely on these names and defaults.
DEFAULTS = {
    "RADARR_URL": "",
    "RADARR_API_KEY": "",
    "RADARR_VERIFY_TLS": "true",
    "CLAUDE_API_KEY": "",
    "CLAUDE_MODEL": "claude-haiku-5-5",
    "CLAUDE_REVIEW_MODEL": "",
    "CLAUDE_EFFORT": "",
    "CLAUDE_MODE": "live",
    "CLAUDE_CONCURRENCY": "4",
    "CLAUDE_COLLECTIONS_PER_REQUEST": "10",
    "CLAUDE_BASE_URL": "",
    "MONTHLY_BUDGET": "5",
    "MAX_COST_PER_RUN": "",
    "MAX_EVALS_PER_RUN": "0",
    "KOMETA_CONFIG_DIR": "kometa-config",
    "KOMETA_FIX_TAGS": "false",
    "MAX_REMOVALS_PERCENT": "30",
    "SCHEDULE_CRON": "",
    "SCHEDULE_INTERVAL": "1d",
    "SCHEDULE_START_TIME": "03:00",
    "SCHEDULE_BLACKOUT": "",
    "SCHEDULE_CATCH_UP": "true",
    "SCHEDULE_JITTER": "0",
    "TZ": "UTC",
    "SMTP_SERVER": "",
    "SMTP_PORT": "25",
    "SMTP_USERNAME": "",
    "SMTP_PASSWORD": "",
    "SMTP_USE_TLS": "false",
    "SMTP_USE_SSL": "false",
    "SMTP_CA_FILE": "",
    "NOTIFICATION_RECIPIENTS": "",
    "NOTIFICATION_FROM": "kometa-ai@localhost",
    "NOTIFICATION_REPLY_TO": "",
    "NOTIFY_ON_ERRORS_ONLY": "true",
    "NOTIFY_ON_NO_CHANGES": "false",
    "NOTIFICATION_URLS": "",
    "WEBHOOK_URLS": "",
    "HEARTBEAT_URL": "",
    "MQTT_HOST": "",
    "MQTT_PORT": "1883",
    "MQTT_USERNAME": "",
    "MQTT_PASSWORD": "",
    "MQTT_TLS": "false",
    "MQTT_CA_FILE": "",
    "MQTT_TOPIC": "kometa_ai",
    "MQTT_DISCOVERY_PREFIX": "homeassistant",
    "WEB_HOST": "",
    "WEB_PORT": "8099",
    "WEB_PASSWORD": "",
    "STATE_DIR": "state",
    "LOG_DIR": "",
    "LOG_FORMAT": "text",
    "DEBUG_LOGGING": "false",
    "SETTINGS_FILE": "",
}


def settings_of(**environ: str) -> Settings:
    return load(environ, options_file=None).settings


def faults_of(**environ: str) -> dict[str, str]:
    """Return each fault's sentence by its place."""
    with pytest.raises(SettingsError) as caught:
        load(environ, options_file=None)
    assert all(fault.kind is FaultKind.SETTINGS for fault in caught.value.faults)
    return {fault.where: f"{fault.message} {fault.remedy}" for fault in caught.value.faults}


def test_the_names_and_defaults_are_the_contract() -> None:
    loaded = load({}, options_file=None)

    assert {row.name: row.text for row in dump(loaded)} == DEFAULTS
    assert loaded.settings == Settings()
    assert loaded.notices == ()


def test_the_declared_default_is_what_its_own_kind_reads() -> None:
    for setting in SETTINGS:
        text = DEFAULTS[setting.env]
        if text:
            assert setting.kind.read(text) == setting.default, setting.env
        else:
            assert setting.default in (None, ()), setting.env


def test_help_is_one_short_line_for_every_setting() -> None:
    for setting in SETTINGS:
        assert re.fullmatch(r"[^\n|`]{5,95}", setting.about), setting.env
    assert len({(setting.group, setting.about) for setting in SETTINGS}) == len(SETTINGS)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings_of().__setattr__("monthly_budget", Decimal(500))
    assert not hasattr(settings_of(), "__dict__")


GOOD: list[tuple[str, str, object]] = [
    ("RADARR_URL", "http://radarr:7878/", "http://radarr:7878"),
    ("RADARR_URL", "https://nas.example.org/radarr//", "https://nas.example.org/radarr"),
    ("RADARR_URL", "http://[::1]:7878/radarr", "http://[::1]:7878/radarr"),
    ("RADARR_URL", "http://me:secret@my_radarr", "http://me:secret@my_radarr"),
    ("RADARR_API_KEY", "  0123abcd\n", "0123abcd"),
    ("RADARR_VERIFY_TLS", "No", False),
    ("RADARR_VERIFY_TLS", "on", True),
    ("RADARR_VERIFY_TLS", "0", False),
    ("DEBUG_LOGGING", "1", True),
    ("DEBUG_LOGGING", "YES", True),
    ("SMTP_USE_TLS", "True", True),
    ("SMTP_USE_TLS", "off", False),
    ("CLAUDE_EFFORT", "XHigh", ClaudeEffort.XHIGH),
    ("CLAUDE_MODE", "auto", ClaudeMode.AUTO),
    ("LOG_FORMAT", "JSON", LogFormat.JSON),
    ("MAX_EVALS_PER_RUN", "500", 500),
    ("MAX_EVALS_PER_RUN", "007", 7),
    ("MAX_REMOVALS_PERCENT", "100", 100),
    ("MAX_COST_PER_RUN", "0.10", Decimal("0.10")),
    ("MONTHLY_BUDGET", ".5", Decimal("0.5")),
    ("MONTHLY_BUDGET", "0", Decimal(0)),
    ("SMTP_PORT", "65535", 65535),
    ("SMTP_SERVER", "192.168.1.2", "192.168.1.2"),
    ("MQTT_HOST", "fe80::1", "fe80::1"),
    ("SMTP_PASSWORD", "two words", "two words"),
    ("SCHEDULE_START_TIME", "3:05", time(3, 5)),
    ("SCHEDULE_START_TIME", "23:59", time(23, 59)),
    ("SCHEDULE_INTERVAL", "6h", Interval(6, Unit.HOURS)),
    ("SCHEDULE_INTERVAL", "2W", Interval(2, Unit.WEEKS)),
    ("SCHEDULE_INTERVAL", "1mo", Interval(1, Unit.MONTHS)),
    (
        "SCHEDULE_BLACKOUT",
        "22:00-06:00; Sat, sun 10:00 - 12:00",
        (
            Window(frozenset(range(7)), time(22), time(6)),
            Window(frozenset({5, 6}), time(10), time(12)),
        ),
    ),
    (
        "SCHEDULE_BLACKOUT",
        "Fri-Mon 1:00-2:00",
        (Window(frozenset({4, 5, 6, 0}), time(1), time(2)),),
    ),
    ("TZ", "Europe/Berlin", ZoneInfo("Europe/Berlin")),
    ("KOMETA_CONFIG_DIR", "/data/films, series", (Path("/data/films, series"),)),
    ("STATE_DIR", "/data/my state", Path("/data/my state")),
    ("NOTIFICATION_RECIPIENTS", "a@x.org, Bo <bo@y.org>,", ("a@x.org", "Bo <bo@y.org>")),
    ("NOTIFICATION_FROM", "films@localhost", "films@localhost"),
    (
        "NOTIFICATION_URLS",
        "discord://1/a,mailto://u:p@x.org",
        ("discord://1/a", "mailto://u:p@x.org"),
    ),
    ("WEBHOOK_URLS", "https://x.org/a?b=c", ("https://x.org/a?b=c",)),
    ("HEARTBEAT_URL", "https://hc-ping.com/1-2/", "https://hc-ping.com/1-2"),
    ("HEARTBEAT_URL", "https://hc-ping.com/1/a?create=1", "https://hc-ping.com/1/a?create=1"),
    ("MQTT_TOPIC", "home/kometa ai", "home/kometa ai"),
]


@pytest.mark.parametrize(("name", "text", "value"), GOOD)
def test_a_right_value_is_typed(name: str, text: str, value: object) -> None:
    read = getattr(settings_of(**{name: text}), name.lower())

    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(("name", "text", "value"), GOOD)
def test_what_is_dumped_can_be_set_again(name: str, text: str, value: object) -> None:
    rows = dump(load({name: text}, options_file=None))
    dumped = next(row.text for row in rows if row.name == name)
    if "***" not in dumped:
        assert getattr(settings_of(**{name: dumped}), name.lower()) == value


BAD: list[tuple[str, str, str]] = [
    ("RADARR_URL", "radarr:7878", "does not begin with http:// or https://"),
    ("RADARR_URL", "ftp://radarr", "does not begin with http:// or https://"),
    ("RADARR_URL", "http://", "names no valid host"),
    ("RADARR_URL", "http://:7878", "names no valid host"),
    ("RADARR_URL", "http://999.1.1.1", "names no valid host"),
    ("RADARR_URL", "http://[::1", "cannot be read"),
    ("RADARR_URL", "http://radarr:0", "port 0"),
    ("RADARR_URL", "http://radarr:65536", "a port that cannot be read"),
    ("RADARR_URL", "http://radarr:port", "a port that cannot be read"),
    ("RADARR_URL", "http://ra darr", "white space inside"),
    ("RADARR_URL", "http://radarr/?apikey=1", "a ? or # inside"),
    ("RADARR_API_KEY", "01 23", "white space inside"),
    ("RADARR_API_KEY", "01\t23", "white space inside"),
    ("CLAUDE_API_KEY", "sk-ant\n-1", "a line break"),
    ("CLAUDE_API_KEY", "sk-ant\u200b-1", "no key has"),
    ("CLAUDE_API_KEY", "schlüssel", "no key has"),
    ("CLAUDE_MODEL", "claude haiku", "white space inside"),
    ("CLAUDE_MODE", "cheap", "Expected live or batch or auto."),
    ("CLAUDE_EFFORT", "minimal", "Expected low or medium or high or xhigh or max."),
    ("LOG_FORMAT", "xml", "Expected text or json."),
    ("MAX_EVALS_PER_RUN", "5OO", "'5OO' (environment) is not a whole number"),
    ("MAX_EVALS_PER_RUN", "-1", "outside 0 to"),
    ("MAX_EVALS_PER_RUN", "1_000", "not a whole number"),
    ("MAX_EVALS_PER_RUN", "1e3", "not a whole number"),
    ("MAX_EVALS_PER_RUN", "५", "not a whole number"),
    ("MAX_EVALS_PER_RUN", "9" * 5000, "not a whole number"),
    ("MAX_REMOVALS_PERCENT", "101", "outside 0 to 100"),
    ("MAX_REMOVALS_PERCENT", "30%", "not a whole number"),
    ("MAX_REMOVALS_PERCENT", "30.5", "not a whole number"),
    ("CLAUDE_CONCURRENCY", "0", "outside 1 to 64"),
    ("CLAUDE_COLLECTIONS_PER_REQUEST", "0", "outside 1 to 26"),
    ("MONTHLY_BUDGET", "-5", "is negative"),
    ("MONTHLY_BUDGET", "NaN", "not an amount"),
    ("MONTHLY_BUDGET", "inf", "not an amount"),
    ("MONTHLY_BUDGET", "1,50", "not an amount"),
    ("MONTHLY_BUDGET", "$5", "not an amount"),
    ("MONTHLY_BUDGET", "5e2", "not an amount"),
    ("MONTHLY_BUDGET", "1000001", "more than 1,000,000"),
    ("MAX_COST_PER_RUN", "-0.01", "is negative"),
    ("SMTP_PORT", "0", "outside 1 to 65535"),
    ("WEB_PORT", "65536", "outside 1 to 65535"),
    ("MQTT_PORT", "mqtt", "not a whole number"),
    ("SMTP_USE_TLS", "ture", "neither yes nor no"),
    ("DEBUG_LOGGING", "2", "neither yes nor no"),
    ("SMTP_SERVER", "smtp://mail.example.org", "scheme or a path"),
    ("SMTP_SERVER", "mail.example.org:587", "a port has a setting of its own"),
    ("MQTT_HOST", "my broker", "not a host name"),
    (
        "NOTIFICATION_RECIPIENTS",
        "a@x.org, b.x.org",
        "wrong in entry 2: it is not an e-mail address",
    ),
    ("NOTIFICATION_RECIPIENTS", "a@x.org; b@x.org", "not an e-mail address"),
    ("NOTIFICATION_RECIPIENTS", " , ", "separators but no entry"),
    ("NOTIFICATION_FROM", "me@", "not an e-mail address"),
    ("NOTIFICATION_FROM", "me@x..org", "no valid host"),
    ("NOTIFICATION_FROM", "a@x.org\nBcc: all@x.org", "a line break"),
    ("NOTIFICATION_REPLY_TO", "a@x.org, b@x.org", "not an e-mail address"),
    ("NOTIFICATION_URLS", "discord://a/b, tgram", "wrong in entry 2"),
    ("WEBHOOK_URLS", "https://x.org/a, ftp://x.org", "wrong in entry 2: it does not begin"),
    ("HEARTBEAT_URL", "https://x.org/a#b", "a # inside"),
    ("MQTT_TOPIC", "kometa/+", "a + or # inside"),
    ("MQTT_TOPIC", "kometa/#", "a + or # inside"),
    ("MQTT_TOPIC", "/kometa", "a slash at an end"),
    ("MQTT_TOPIC", "kometa/", "a slash at an end"),
    ("MQTT_TOPIC", "kometa//ai", "two in a row"),
    ("MQTT_TOPIC", "$SYS", "begins with $"),
    ("MQTT_DISCOVERY_PREFIX", "homeassistant/", "a slash at an end"),
    ("SCHEDULE_START_TIME", "24:00", "not a time of day"),
    ("SCHEDULE_START_TIME", "3", "not a time of day"),
    ("SCHEDULE_START_TIME", "03:60", "not a time of day"),
    ("SCHEDULE_START_TIME", "03:00:00", "not a time of day"),
    ("SCHEDULE_INTERVAL", "1y", "not an interval"),
    ("SCHEDULE_INTERVAL", "d", "not an interval"),
    ("SCHEDULE_INTERVAL", "1.5d", "not an interval (character 2)"),
    ("SCHEDULE_INTERVAL", "1000h", "not an interval (character 4)"),
    ("SCHEDULE_INTERVAL", "1days", "not an interval (character 3)"),
    ("SCHEDULE_INTERVAL", "0h", "an interval of zero (character 1)"),
    ("SCHEDULE_INTERVAL", "1m", "months are written mo"),
    ("SCHEDULE_JITTER", "-1", "outside 0 to 1440"),
    ("SCHEDULE_CRON", "0 3 * *", "has 4 fields where cron has 5"),
    ("SCHEDULE_CRON", "0 0 3 * * *", "has 6 fields where cron has 5"),
    ("SCHEDULE_CRON", "0 25 * * *", "'25' as hour, where 0-23 belongs (character 3)"),
    ("SCHEDULE_CRON", "60 3 * * *", "'60' as minute, where 0-59 belongs (character 1)"),
    ("SCHEDULE_CRON", "0 3 * * *; 0 3 32 * *", "entry 2: it has '32' as day of the month, where"),
    ("SCHEDULE_CRON", "0 3 * * *; 0 3 32 * *", "belongs (character 16)"),
    ("SCHEDULE_CRON", "0  3,24 * * *", "'24' as hour, where 0-23 belongs (character 6)"),
    ("SCHEDULE_CRON", "0 3 * foo *", "'foo' as month, where 1-12 or JAN-DEC belongs (character 7)"),
    ("SCHEDULE_CRON", "0 3 * * 8", "'8' as day of the week, where 0-7 or SUN-SAT belongs (char"),
    ("SCHEDULE_CRON", "0 3 15W * *", "'15W' as day of the month, where 1-31 belongs (character 5)"),
    ("SCHEDULE_CRON", "0 3 * * FRI#6", "'FRI#6' as day of the week"),
    ("SCHEDULE_CRON", "? 3 * * *", "'?' as minute"),
    ("SCHEDULE_CRON", "0 3, * * *", "'' as hour, where 0-23 belongs (character 5)"),
    ("SCHEDULE_CRON", "0 3/ * * *", "'3/' as hour"),
    ("SCHEDULE_CRON", "0 3- * * *", "'3-' as hour"),
    ("SCHEDULE_CRON", "0 3 * *", "(character 8)"),
    ("SCHEDULE_CRON", "0 3 * * * 2026", "has 6 fields where cron has 5 (character 11)"),
    ("SCHEDULE_CRON", "*/0 * * * *", "'*/0' as minute"),
    ("SCHEDULE_CRON", "*/90 * * * *", "a step beyond 59"),
    ("SCHEDULE_CRON", "R R * * *", "'R' as minute"),
    ("SCHEDULE_CRON", "H/2 * * * *", "'H/2' as minute"),
    ("SCHEDULE_CRON", "0 0 30 2 *", "never comes: no month has that day"),
    ("SCHEDULE_CRON", "0 0 30 2 *", "(character 5)"),
    ("SCHEDULE_CRON", "@reboot", "is not one of @annually, @daily"),
    ("SCHEDULE_CRON", "0 3 * * *;\t@often", "@yearly (character 12)"),
    ("SCHEDULE_CRON", ";", "separators but no entry"),
    ("SCHEDULE_BLACKOUT", "22:00", "not a window of time (character 6)"),
    ("SCHEDULE_BLACKOUT", "22:00-", "not a window of time (character 7)"),
    ("SCHEDULE_BLACKOUT", "22:00-6am", "not a window of time (character 8)"),
    ("SCHEDULE_BLACKOUT", "Mon 22h-06:00", "not a window of time (character 7)"),
    ("SCHEDULE_BLACKOUT", "22:00-25:00", "has '25:00', which is not a time of day (character 7)"),
    ("SCHEDULE_BLACKOUT", "22:00-22:00", "ends at the minute in which it begins (character 7)"),
    ("SCHEDULE_BLACKOUT", "22:00-06:00; Sam 10:00-12:00", "entry 2: it has a day that is not Mon"),
    ("SCHEDULE_BLACKOUT", "22:00-06:00; Sat, Sam 10:00-12:00", "or Sun (character 19)"),
    ("SCHEDULE_BLACKOUT", "Mon- 10:00-12:00", "a day that is not Mon"),
    ("SCHEDULE_BLACKOUT", "Mon-Fra 10:00-12:00", "or Sun (character 5)"),
    ("TZ", "Europe/Berln", "did you mean Europe/Berlin?"),
    ("TZ", "europe", "not a known time zone"),
    ("TZ", "../../etc/passwd", "not a known time zone"),
    ("TZ", "Europe", "not a known time zone"),
    ("MQTT_CA_FILE", "/nowhere/ca.pem", "cannot be read: No such file"),
    ("SMTP_CA_FILE", "/", "cannot be read: Is a directory"),
    ("KOMETA_CONFIG_DIR", "~nobody-is-called-so/kometa", "a home folder that is not known"),
    ("STATE_DIR", "~nobody-is-called-so/state", "a home folder that is not known"),
    ("SMTP_USERNAME", "me\x00", "a control character"),
    ("SMTP_USERNAME", "m\udce4e", "broken text"),
]


@pytest.mark.parametrize(("name", "text", "part"), BAD)
def test_a_wrong_value_is_a_fault_that_says_why(name: str, text: str, part: str) -> None:
    faults = faults_of(**{name: text})

    assert list(faults) == [name]
    assert part in faults[name]
    assert " Expected " in faults[name]


def test_every_kind_of_setting_has_a_wrong_value_in_the_table() -> None:
    tried = {name for name, _, _ in BAD}
    kinds_tried = {setting.kind for setting in SETTINGS if setting.env in tried}
    # A path that is not read yet cannot be wrong; SETTINGS_FILE is tried with the sources.
    untried = {s.env for s in SETTINGS if s.kind not in kinds_tried} - {"SETTINGS_FILE"}
    assert untried == set()


def test_all_faults_come_at_once_in_one_error() -> None:
    with pytest.raises(SettingsError) as caught:
        load(
            {"TZ": "Mars", "SMTP_PORT": "x", "RADARR_API_KEY": "a b"},
            flags={"MAX_EVALS_PER_RUN": "many"},
            options_file=None,
        )

    error = caught.value
    assert isinstance(error, StopError)
    names = {"TZ", "SMTP_PORT", "RADARR_API_KEY", "MAX_EVALS_PER_RUN"}
    assert {fault.where for fault in error.faults} == names
    text = str(error)
    assert text.startswith("4 faults in the settings:\n")
    assert "MAX_EVALS_PER_RUN: 'many' (command line) is not a whole number." in text
    assert "Expected a whole number from 1 to 65535." in text
    assert "a b" not in text
    assert len(text.splitlines()) == 5


def outcome(**environ: str) -> Settings | set[str]:
    """Return the settings, or the places of the faults."""
    try:
        return settings_of(**environ)
    except SettingsError as error:
        return {fault.where for fault in error.faults}


@given(st.text() | st.from_regex(r"[+-]?[0-9 _.,]{1,12}", fullmatch=True))
def test_a_text_is_a_number_fault_or_itself_never_another_number(text: str) -> None:
    read = outcome(MAX_EVALS_PER_RUN=text)
    if not isinstance(read, Settings):
        assert not re.fullmatch(r"[0-9]{1,9}", text.strip())
    elif text.strip():
        assert re.fullmatch(r"[+-]?[0-9]+", text.strip())
        assert read.max_evals_per_run == int(text)
    else:
        assert read.max_evals_per_run == 0


@given(st.decimals(min_value=0, max_value=1_000_000, places=4))
def test_money_is_exact(amount: Decimal) -> None:
    assert settings_of(MONTHLY_BUDGET=f"{amount:f}").monthly_budget == amount


@given(st.sampled_from([setting.env for setting in SETTINGS]), st.text(max_size=30))
def test_any_text_gives_settings_or_faults_and_nothing_else(name: str, text: str) -> None:
    read = outcome(**{name: text})
    assert isinstance(read, Settings) or read == {name}


WINDOW_LETTERS = st.text(alphabet="0123456789:-;, SunmoFrit", max_size=20)


@given(WINDOW_LETTERS)
def test_any_windows_are_read_or_refused_at_a_place_inside(text: str) -> None:
    if isinstance(outcome(SCHEDULE_BLACKOUT=text), Settings):
        return
    (fault,) = faults_of(SCHEDULE_BLACKOUT=text).values()
    at = re.search(r"\(character ([0-9]+)\)", fault)
    assert at or "separators but no entry" in fault
    assert at is None or 1 <= int(at[1]) <= len(text.strip()) + 1


CRON_LETTERS = st.text(alphabet="0123456789*/,-?#LWRHSUNMOjan ", max_size=8)


@given(st.lists(CRON_LETTERS, min_size=5, max_size=5))
def test_any_cron_expression_is_read_or_refused(fields: list[str]) -> None:
    text = " ".join(fields)
    read = outcome(SCHEDULE_CRON=text)
    if isinstance(read, Settings):
        written = tuple(str(cron) for cron in read.schedule_cron)
        assert written in ((), (" ".join(text.split()),))
    else:
        assert read == {"SCHEDULE_CRON"}


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_blank_is_not_set(blank: str) -> None:
    everything = {setting.env: blank for setting in SETTINGS}

    assert load(everything, options_file=None) == load({}, options_file=None)


def test_what_a_run_needs_is_asked_for_by_name() -> None:
    def names(needs: tuple[str, ...], **environ: str) -> list[str]:
        return [fault.where for fault in missing(settings_of(**environ), needs)]

    assert names(RUN_NEEDS) == ["RADARR_URL", "RADARR_API_KEY", "CLAUDE_API_KEY"]
    assert names(ESTIMATE_NEEDS, RADARR_URL="http://r") == ["RADARR_API_KEY"]
    assert names(("WEBHOOK_URLS",)) == ["WEBHOOK_URLS"]
    whole = {"RADARR_URL": "http://r", "RADARR_API_KEY": "1", "CLAUDE_API_KEY": "2"}
    assert require_for_run(settings_of(**whole)) == ()
    fault = require_for_run(settings_of())[0]
    assert "is not set" in str(fault)
    assert "http://radarr:7878" in str(fault)


NOTICES: list[tuple[dict[str, str], str]] = [
    ({"CLAUDE_REVIEW_MODEL": "claude-haiku-5-5"}, "is the same as CLAUDE_MODEL"),
    ({"SMTP_USE_TLS": "1", "SMTP_USE_SSL": "1"}, "STARTTLS (SMTP_USE_TLS) is used"),
    ({"CLAUDE_MODE": "batch"}, "CLAUDE_MODE is batch: every run waits until its batch is answered"),
    ({"MONTHLY_BUDGET": "0.00"}, "MONTHLY_BUDGET is 0"),
    ({"MAX_COST_PER_RUN": "0"}, "MAX_COST_PER_RUN is 0"),
    ({"SCHEDULE_CRON": "@daily", "SCHEDULE_INTERVAL": "1d"}, "SCHEDULE_CRON wins"),
    ({"SCHEDULE_BLACKOUT": "1:00-23:00; 23:00-1:00"}, "SCHEDULE_BLACKOUT covers the whole week"),
    ({"NOTIFY_ON_NO_CHANGES": "true"}, "NOTIFY_ON_NO_CHANGES has no effect"),
    ({"SMTP_SERVER": "mail"}, "NOTIFICATION_RECIPIENTS is not: no mail is sent"),
    ({"NOTIFICATION_RECIPIENTS": "a@x.org"}, "SMTP_SERVER is not: no mail is sent"),
    (
        {"RADARR_APIKEY": "x"},
        "RADARR_APIKEY is set in the environment and not read. Did you mean RADARR_API_KEY?",
    ),
    ({"CLAUDE_APIKEY": "x"}, "Did you mean CLAUDE_API_KEY?"),
    ({"MAX_EVAL_PER_RUN": "5"}, "Did you mean MAX_EVALS_PER_RUN?"),
    ({"radarr_url": "x"}, "Did you mean RADARR_URL?"),
    ({"CLAUDE_APIKEY_FILE": "x"}, "Did you mean CLAUDE_API_KEY_FILE?"),
    ({"SMTP_USERNAME_FILE": "/x"}, "SMTP_USERNAME_FILE is not read"),
]


@pytest.mark.parametrize(("environ", "part"), NOTICES)
def test_what_may_surprise_is_said(environ: dict[str, str], part: str) -> None:
    notices = load(environ, options_file=None).notices

    assert len(notices) == 1
    assert part in notices[0]


def test_names_of_other_programs_are_left_alone() -> None:
    others = {
        "PATH": "/bin",
        "HOME": "/root",
        "LANG": "C",
        "CLAUDE_CODE": "1",
        "SUPERVISOR_TOKEN": "t",
        "HASSIO_TOKEN": "t",
        "PYTHON_VERSION": "3.13",
        "SMTP_PORT": "587",
        "WEB_PORT_8099_TCP": "tcp://10.0.0.1:8099",
        "TZDIR": "/zones",
    }
    assert load(others, options_file=None).notices == ()


@pytest.mark.parametrize(
    ("environ", "fault"),
    [
        ({"WEB_HOST": "0.0.0.0"}, True),
        ({"WEB_HOST": "::"}, True),
        ({"WEB_HOST": "nas.local"}, True),
        ({"WEB_HOST": "127.0.0.1"}, False),
        ({"WEB_HOST": "::1"}, False),
        ({"WEB_HOST": "Localhost"}, False),
        ({"WEB_HOST": "0.0.0.0", "WEB_PASSWORD": "x"}, False),
        ({"WEB_PASSWORD": "x"}, False),
        ({}, False),
    ],
)
def test_the_page_is_open_to_the_network_only_with_a_password(
    environ: dict[str, str], *, fault: bool
) -> None:
    if not fault:
        load(environ, options_file=None)
        return
    with pytest.raises(SettingsError) as caught:
        load(environ, options_file=None)
    (told,) = caught.value.faults
    assert told.where == "WEB_HOST"
    assert environ["WEB_HOST"] in told.message
    assert "WEB_PASSWORD" in told.remedy
