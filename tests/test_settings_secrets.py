"""No secret is seen in a dump, a repr, a fault, or a text that went through the redactor."""

from __future__ import annotations

import html
import json
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, strategies as st

from kometa_ai.settings import (
    SETTINGS,
    Settings,
    SettingsError,
    dump_json,
    dump_text,
    load,
    redact,
    redactor,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from kometa_ai.settings import Setting

SECRETS = [setting for setting in SETTINGS if setting.secret]


def canary(env: str) -> str:
    """Return a right value for this secret with a canary in it."""
    bird = f"Canary-{env}-1"
    match env:
        case "NOTIFICATION_URLS":
            return f"tgram://{bird}/{bird},mailto://me:{bird}@example.org"
        case "WEBHOOK_URLS" | "HEARTBEAT_URL":
            return f"https://example.org/{bird}"
        case _:
            return bird


EVERY_SECRET = {
    **{setting.env: canary(setting.env) for setting in SECRETS},
    "RADARR_URL": "http://me:Canary-in-address@radarr:7878/base",
    "CLAUDE_BASE_URL": "https://me:Canary-in-base@proxy.example.org",
}


def test_keys_passwords_and_private_addresses_are_secret() -> None:
    by_name = {s.env for s in SETTINGS if s.env.endswith(("_KEY", "_PASSWORD"))}

    assert {s.env for s in SECRETS} == by_name | {
        "NOTIFICATION_URLS",
        "WEBHOOK_URLS",
        "HEARTBEAT_URL",
    }
    assert len(by_name) == 5


def test_nothing_that_shows_settings_shows_a_secret() -> None:
    loaded = load(EVERY_SECRET, options_file=None)

    shown = [
        repr(loaded),
        repr(loaded.settings),
        str(loaded.settings),
        f"{loaded.settings}",
        dump_text(loaded),
        json.dumps(dump_json(loaded)),
        *loaded.notices,
    ]
    for text in shown:
        assert "anary" not in text
    assert "RADARR_API_KEY=***" in dump_text(loaded)
    assert "RADARR_URL=http://***@radarr:7878/base" in dump_text(loaded)
    assert "radarr_url='http://***@radarr:7878/base'" in repr(loaded.settings)


@given(
    st.sampled_from(SECRETS),
    st.text(alphabet=" \n\t/:@,#?%é\x00x", max_size=6),
    st.text(alphabet=" \n\t/:@,#?%é\x00x", max_size=6),
)
def test_a_fault_does_not_show_the_secret(setting: Setting, before: str, after: str) -> None:
    environ = {setting.env: f"{before}canary{after}", "WEB_PORT": "wrong"}
    with pytest.raises(SettingsError) as caught:
        load(environ, options_file=None)
    assert "canary" not in str(caught.value)
    assert "canary" not in repr(caught.value.faults)


@pytest.mark.parametrize("name", ["RADARR_URL", "CLAUDE_BASE_URL", "MQTT_HOST", "SMTP_SERVER"])
@pytest.mark.parametrize(
    "text",
    [
        "ftp://me:canary@host",
        "http://me:canary@",
        "http://me:can@nary-canary@host:port",
        "http://me:canary/x@host:port",
        "me:canary@host:7878",
        "mqtt://me:canary@host",
        "http://me:canary@ho st",
    ],
)
def test_a_fault_hides_the_login_of_a_broken_address(name: str, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({name: text}, options_file=None)

    assert "canary" not in str(caught.value)
    assert "***@" in str(caught.value)


def test_a_login_in_a_setting_that_is_no_address_is_hidden_too() -> None:
    with pytest.raises(SettingsError, match=r"'http://\*\*\*@host x'"):
        load({"CLAUDE_MODEL": "http://me:canary@host x"}, options_file=None)


def test_a_mail_address_is_no_login_and_stays_readable() -> None:
    environ = {"SMTP_USERNAME": "me@example.org", "NOTIFICATION_FROM": "me@exa mple.org"}
    with pytest.raises(SettingsError, match=r"'me@exa mple\.org'"):
        load(environ, options_file=None)
    loaded = load({"SMTP_USERNAME": "me@example.org"}, options_file=None)
    assert "SMTP_USERNAME=me@example.org" in dump_text(loaded)


def test_the_redactor_hides_every_secret() -> None:
    loaded = load(EVERY_SECRET, options_file=None)
    texts = [f"it said {value!r}" for value in EVERY_SECRET.values()]
    texts.append("Authorization: Bearer Canary-CLAUDE_API_KEY-1")
    texts.append("https://api.telegram.org/botCanary-NOTIFICATION_URLS-1/sendMessage")

    for text in texts:
        hidden = redact(text, loaded.settings)
        assert "anary" not in hidden
        assert "***" in hidden


# What a library may make of a secret on its way into a log line.
@pytest.mark.parametrize(
    "form",
    [
        str,
        lambda secret: quote(secret, safe=""),
        quote,
        quote_plus,
        html.escape,
        lambda secret: json.dumps(secret)[1:-1],
        lambda secret: b64encode(secret.encode()).decode(),
        lambda secret: b64encode(f"me:{secret}".encode()).decode(),
        lambda secret: b64encode(f"\0me\0{secret}".encode()).decode(),
    ],
)
@pytest.mark.parametrize("secret", ["p@ss/w&rd é", 'quo"te\\d', "plain-secret"])
def test_the_redactor_knows_the_forms_of_a_secret(form: Callable[[str], str], secret: str) -> None:
    settings = Settings(smtp_username="me", smtp_password=secret)

    hidden = redact(f"<<{form(secret)}>>", settings)

    assert hidden.replace("=", "") == "<<***>>"


def test_the_redactor_knows_the_login_of_an_address() -> None:
    settings = Settings(radarr_url="http://me:s%40crets@radarr:7878")
    hide = redactor(settings)

    assert hide("http://me:s%40crets@radarr:7878/api") == "http://***@radarr:7878/api"
    assert hide("password s@crets") == "password ***"
    basic = b64encode(b"me:s@crets").decode().rstrip("=")
    assert hide(f"Basic {basic}") == "Basic ***"


def test_the_redactor_knows_the_parts_of_a_private_address() -> None:
    urls = ("discord://1234567890/Tok%2FenToken", "mailto://me:pass/word-word@example.org")
    hide = redactor(Settings(notification_urls=urls))

    posted = hide("POST https://discord.com/api/webhooks/1234567890/Tok/enToken")
    assert posted == "POST https://discord.com/api/webhooks/***/***"
    assert hide("refused: pass/word-word") == "refused: ***"


def test_the_machine_of_an_address_is_no_secret() -> None:
    hide = redactor(
        Settings(
            webhook_urls=("http://me:pass%2Fword1@192.168.178.20:1880/hook/T0ken-abc",),
            heartbeat_url="https://nas2.fritz.box/ping/0f3a-99d1",
        )
    )
    said = (
        "Radarr at http://192.168.178.20:7878 and Claude at http://nas2.fritz.box can't be reached."
    )
    assert hide(said) == said
    assert hide("T0ken-abc, pass/word1, 0f3a-99d1") == "***, ***, ***"


def test_a_secret_inside_another_one_leaves_no_rest() -> None:
    settings = Settings(radarr_api_key="abcd", claude_api_key="abcdefgh", web_password="xabcd")

    assert redact("abcdefgh abcd xabcd", settings) == "*** *** ***"


def test_short_secrets_and_common_words_leave_texts_readable() -> None:
    settings = Settings(
        web_password="a1b",
        notification_urls=("slack://services/workspace",),
    )

    assert redact("a1b services workspace", settings) == "a1b services workspace"
    assert redact("nothing secret", Settings()) == "nothing secret"


@given(st.text(min_size=4, max_size=20).map(str.strip).filter(lambda text: len(text) >= 4))
def test_no_secret_of_any_letters_survives(secret: str) -> None:
    hidden = redact(f"before {secret} after", Settings(smtp_password=secret))

    assert hidden == f"before {secret} after".replace(secret, "***")
