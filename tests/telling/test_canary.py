"""A canary in every secret, everything broken, and nobody ever hears it sing."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from kometa_ai.cli.telling import writer_of
from kometa_ai.demo.mishap import Mishap as Hitch, refused
from kometa_ai.demo.radarr import Mishap
from kometa_ai.domain.message import Notification, Occasion
from kometa_ai.settings import SETTINGS, Settings
from tests.adapters.receivers import Receiver, Said, receiver
from tests.listener import listening
from tests.mails import BEGAN, FAILED, HEIST, UNREACHED, trouble
from tests.mosquitto import mosquitto
from tests.outside import LOOPBACK, until
from tests.post_office import PostOffice, post_office
from tests.service import answered, ended, online, service, settings
from tests.springboard import cli
from tests.world import World, block, movie

if TYPE_CHECKING:
    from collections.abc import Iterable

MOVIES = [movie(number) for number in range(1, 21)]
SONG = "canary"
RADARR, CLAUDE = f"radarr-{SONG}-1", f"claude-{SONG}-2"
PASSWORD, MQTT, WEB = f"mail {SONG} 3!", f"mqtt-{SONG}-4", f"web-{SONG}-5"
FLAGS = ("--run-now", "--test-notification", "--send-test-email", "--health-check", "--dump-config")


def hears(text: str) -> bool:
    """Return whether a secret is in a text, plainly or in a form that anybody can undo."""
    forms = {SONG, quote(SONG)}
    for secret in (RADARR, CLAUDE, PASSWORD, MQTT, WEB):
        forms |= {
            base64.b64encode(told.encode()).decode().rstrip("=")
            for told in (secret, f"\0me\0{secret}", f"me:{secret}")
        }
    return any(form in text for form in forms) or SONG in text.lower()


def secrets(hook: Receiver, *, mail_port: int) -> dict[str, str]:
    """Return settings with a canary in each that is secret."""
    place = f"{LOOPBACK}:{hook.port}"
    return {
        "CLAUDE_API_KEY": CLAUDE,
        "SMTP_SERVER": LOOPBACK,
        "SMTP_PORT": str(mail_port),
        "SMTP_USERNAME": "me",
        "SMTP_PASSWORD": PASSWORD,
        "NOTIFICATION_RECIPIENTS": "you@example.org",
        "MQTT_PASSWORD": MQTT,
        "WEB_PASSWORD": WEB,
        "WEBHOOK_URLS": f"http://me:{SONG}-6@{place}/hook/{SONG}-7?token={SONG}-8",
        "NOTIFICATION_URLS": f"json://me:{SONG}-9@{place}/{SONG}-10",
        "HEARTBEAT_URL": f"http://{place}/ping/{SONG}-11",
        "DEBUG_LOGGING": "true",
        "NOTIFY_ON_ERRORS_ONLY": "false",
    }


def echo(hook: Receiver) -> None:
    """Have the receiver repeat in its refusals all that it knows."""
    hook.answers = [
        Said(
            401, f"No {SONG}-6, {SONG}-7 or {SONG}-9 here: /hook/{SONG}-7?token={SONG}-8 {SONG}-11"
        )
    ]


def everything(folder: Path) -> Iterable[tuple[str, str]]:
    """Return all files below a folder, as text."""
    for file in folder.rglob("*"):
        if file.is_file():
            yield file.name, file.read_bytes().decode("utf-8", errors="replace")


def test_there_is_a_canary_in_every_secret() -> None:
    told = {"RADARR_API_KEY"} | {
        name for name, value in secrets(Receiver(), mail_port=1).items() if SONG in value
    }
    assert {one.env for one in SETTINGS if one.secret} == told


def test_no_message_sings_whatever_stands_in_a_report() -> None:
    notification = Notification(Occasion.REMINDER, (trouble(UNREACHED),), (trouble(UNREACHED),))
    report = replace(FAILED, collections=(HEIST,), notices=("Heat, Radarr",))
    write = writer_of(Settings(radarr_api_key="Heat", claude_api_key="Radarr"), None)
    message = write(report, notification, "key", BEGAN)
    for told in (str(message.outline), json.dumps(message.body, default=str)):
        assert "***" in told
        assert "Heat" not in told
        assert "Radarr " not in told


@pytest.mark.timeout(180)
@pytest.mark.parametrize("form", ["text", "json"])
async def test_the_command_line_never_sings(tmp_path: Path, form: str) -> None:
    office = PostOffice(user="me", refuse_login=f"535 {PASSWORD} is wrong, me")
    async with (
        World(tmp_path, MOVIES, {"Noir": {1: 0.9}}) as world,
        receiver() as hook,
        post_office(office, login=True, login_open=True),
    ):
        world.write(block("Noir"), block("Typo", prmpt=CLAUDE))
        echo(hook)
        world.radarr.mishaps = [Mishap("GET", "/api/v3/movie", status=400, body=RADARR)]
        world.claude.mishaps = [
            Hitch(reply=refused(401, "authentication_error", CLAUDE), times=None)
        ]
        logs = tmp_path / "logs"
        more = secrets(hook, mail_port=office.port) | {
            "RADARR_API_KEY": RADARR,
            "LOG_DIR": str(logs),
            "LOG_FORMAT": form,
        }
        told = [await cli(world, flag, **more) for flag in FLAGS]
        told.append(await cli(world, "--run-now", "--json", **more))
        told.append(await cli(world, "--run-now", **{**more, "CLAUDE_CONCURRENCY": "lots"}))
        for one in told:
            assert not hears(one.out + one.err), one
        assert any("535" in one.err + one.out for one in told)
        assert any("401" in one.err + one.out for one in told)
        files = [*everything(logs), *everything(world.state)]
        assert {name for name, _ in files} >= {"kometa_ai.log", "kometa_ai.db"}
        for name, text in files:
            assert not hears(text), name


@pytest.mark.timeout(180)
async def test_the_service_never_sings(tmp_path: Path) -> None:
    office = PostOffice(user="me", password=PASSWORD)
    async with (
        World(tmp_path, MOVIES, {"Noir": {1: 0.9}}) as world,
        mosquitto(tmp_path / "mosquitto") as broker,
        listening(broker, "#") as listener,
        receiver() as hook,
        post_office(office, login=True, login_open=True),
    ):
        world.write(block("Noir"), block("Typo", prmpt=CLAUDE))
        echo(hook)
        world.claude.mishaps = [
            Hitch(reply=refused(401, "authentication_error", CLAUDE), times=None)
        ]
        world.radarr.mishaps = [Mishap("GET", "/api/v3/movie", status=400, body=RADARR)]
        more = secrets(hook, mail_port=office.port) | {"RADARR_API_KEY": RADARR}
        async with service(tmp_path, settings(world, broker, **more)) as served:
            await online(listener)
            assert titles_of(served.program.pid) == {False}
            await answered(listener, "run")
            await ended(listener)
            refused_test = await answered(listener, "test_notification")
            assert not refused_test["accepted"]
            await until(lambda: office.mails)
            assert titles_of(served.program.pid) == {False}
        assert not hears("\n".join(served.program.lines))
        heard = "\n".join(f"{one.topic} {one.text()}" for one in listener.heard)
        assert "online" in heard
        assert not hears(heard)
        mails = [part.get_content() for mail in office.mails for part in mail.iter_parts()]
        assert mails
        assert not any(hears(str(part)) for part in mails)
        bodies = [one.body.decode() for one in hook.seen]
        assert not any(hears(body) for body in bodies)


def titles_of(pid: int) -> set[bool]:
    """Return whether the process or one of its children has a secret in its title."""
    process = Path(f"/proc/{pid}")
    children = (process / "task" / str(pid) / "children").read_text("ascii").split()
    titles = [process / "cmdline", *(Path(f"/proc/{one}/cmdline") for one in children)]
    return {hears(one.read_bytes().decode()) for one in titles if one.exists()}
