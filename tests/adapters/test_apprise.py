"""Apprise's channels in its JSON form: what goes out, and what is made of its yes or no."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from kometa_ai.adapters.apprise_channel import AppriseChannel, chats
from kometa_ai.domain.fault import FaultKind, KometaAIError, SkipError, StopError, TryLaterError
from kometa_ai.domain.message import Group, Line, Section, Tone
from kometa_ai.messages.services import service
from tests.adapters.receivers import LOOPBACK, Receiver, Said, message, receiver

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 11, 24, 19, 30, tzinfo=UTC)
# One of its hundred services looks for a module that is about to leave Python.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CANARY = "c4n4ry-T0ken"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", LOOPBACK)


def address(server: Receiver, path: str = f"/{CANARY}", login: str = "") -> str:
    return f"json://{login}{LOOPBACK}:{server.port}{path}"


async def test_a_message_goes_out_with_title_text_and_kind() -> None:
    async with receiver() as server:
        told = await AppriseChannel(address(server, login="me:p%20w@")).send(message(AT))
    [seen] = server.seen
    body = json.loads(seen.body)
    assert told == "JSON took it"
    assert seen.path == f"/{CANARY}"
    assert seen.headers["Authorization"] == f"Basic {base64.b64encode(b'me:p w').decode()}"
    assert seen.headers["User-Agent"] == "Kometa-AI"
    assert body["title"] == "Kometa-AI: 1 added"
    assert body["message"].startswith("Action Movies has a new title: Amélie — “ok” 🎬 <i>& co.")
    assert body["type"] == "success"


@pytest.mark.parametrize(
    ("tone", "kind"), [(Tone.GOOD, "success"), (Tone.ATTENTION, "warning"), (Tone.BAD, "failure")]
)
async def test_the_tone_is_passed_on(tone: Tone, kind: str) -> None:
    one = message(AT)
    async with receiver() as server:
        await AppriseChannel(address(server)).send(
            replace(one, outline=replace(one.outline, tone=tone))
        )
    assert json.loads(server.seen[0].body)["type"] == kind


async def test_a_long_message_is_one_message_within_the_services_limit() -> None:
    lines = tuple(Line(f"Film {number} 🎬", "because " * 10) for number in range(4_000))
    one = message(AT)
    long = replace(one.outline, sections=(Section("All", (Group("Added", 4_000, lines),)),))
    async with receiver() as server:
        await AppriseChannel(address(server)).send(replace(one, outline=long))
    [seen] = server.seen
    text = json.loads(seen.body)["message"]
    assert 25_000 < len(text) <= 32_768
    assert "more" in text


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (302, StopError),
        (400, SkipError),
        (401, StopError),
        (403, StopError),
        (404, StopError),
        (413, SkipError),
        (429, TryLaterError),
        (500, TryLaterError),
        (503, TryLaterError),
    ],
)
async def test_each_status_is_told_in_the_servers_own_words(
    status: int, meaning: type[KometaAIError]
) -> None:
    said = Said(status, '{"message": "so it is"}', headers={"Location": "/elsewhere"})
    async with receiver(said) as server:
        with pytest.raises(KometaAIError) as caught:
            await AppriseChannel(address(server)).send(message(AT))
    assert type(caught.value) is meaning
    assert caught.value.fault.kind is FaultKind.MESSAGES
    assert caught.value.fault.where == "JSON"
    assert f"(HTTP {status}: so it is)" in caught.value.fault.message
    assert len(server.seen) == 1


async def test_what_failed_once_goes_out_the_next_time() -> None:
    async with receiver(Said(500), Said()) as server:
        channel = AppriseChannel(address(server))
        with pytest.raises(TryLaterError):
            await channel.send(message(AT))
        assert await channel.send(message(AT)) == "JSON took it"


async def test_who_hangs_is_left_at_the_timeout() -> None:
    async with receiver(Said(hang=True)) as server:
        with pytest.raises(TryLaterError, match="did not answer in time"):
            await AppriseChannel(address(server), silence=0.2).send(message(AT))


async def test_a_timeout_in_the_address_wins() -> None:
    async with receiver(Said(hang=True)) as server:
        async with asyncio.timeout(20):
            with pytest.raises(TryLaterError, match="did not answer in time"):
                await AppriseChannel(address(server, "/?rto=0.2"), silence=60).send(message(AT))


async def test_a_cancellation_waits_for_no_thread() -> None:
    async with receiver(Said(hang=True)) as server:
        sending = asyncio.create_task(AppriseChannel(address(server)).send(message(AT)))
        async with asyncio.timeout(20):
            while not server.seen:  # noqa: ASYNC110 - the server sets no event of ours
                await asyncio.sleep(0.005)  # noqa: TID251 - the same
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
        left = [one for one in threading.enumerate() if one.name == "apprise"]
        assert left
        assert all(one.daemon for one in left)


async def test_a_connection_that_ends_before_the_answer_is_told() -> None:
    async with receiver(Said(close=True)) as server:
        with pytest.raises(TryLaterError, match="closed the connection without an answer"):
            await AppriseChannel(address(server)).send(message(AT))


async def test_who_is_not_there_is_tried_later() -> None:
    with socket.socket() as held:
        held.bind((LOOPBACK, 0))  # bound, but nobody listens
        url = f"json://{LOOPBACK}:{held.getsockname()[1]}"
        with pytest.raises(TryLaterError, match="cannot be reached: Connection refused"):
            await AppriseChannel(url).send(message(AT))


@pytest.mark.parametrize(
    "url", [f"nothing://{CANARY}", f"discord://{CANARY}", f"https://{CANARY}.example/x", "slack://"]
)
async def test_what_apprise_does_not_understand_is_said_without_sending(url: str) -> None:
    channel = AppriseChannel(url)
    for attempt in (channel.check(), channel.send(message(AT))):
        with pytest.raises(StopError) as caught:
            await attempt
        assert "apprise does not understand" in caught.value.fault.message
        assert "NOTIFICATION_URLS" in caught.value.fault.remedy
        assert CANARY not in str(caught.value)


async def test_what_apprise_understands_passes_the_check() -> None:
    async with receiver() as server:
        await AppriseChannel(address(server)).check()
    assert not server.seen


@pytest.mark.parametrize(
    "answer",
    [
        Said(401, f"{CANARY} is no token, nor p{CANARY}, nor q{CANARY}"),
        Said(500, f"/hook/{CANARY.upper()}?key=q{CANARY}"),
        Said(302, headers={"Location": f"/{CANARY}"}),
        Said(close=True),
        Said(hang=True),
        Said(200),
    ],
    ids=["401", "500", "302", "close", "hang", "200"],
)
async def test_no_part_of_the_address_is_ever_told(
    answer: Said, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with receiver(answer) as server:
        url = address(server, f"/hook/{CANARY}?-key=q{CANARY}", f"u{CANARY}:p{CANARY}@")
        channel = AppriseChannel(url, silence=0.2)
        try:
            told = await channel.send(message(AT))
        except KometaAIError as error:
            told = f"{error!r} {error} {error.fault}"
    told += f"{channel.key} {channel.name} {caplog.text} {capfd.readouterr()}"
    assert CANARY.lower() not in told.lower()
    # The server itself got them, so the canaries were in use.
    assert CANARY in server.seen[0].path


async def test_sendings_at_the_same_time_do_not_mix_their_answers() -> None:
    async def one(number: int) -> str:
        async with receiver(Said(400, f"answer {number}")) as server:
            with pytest.raises(SkipError) as caught:
                await AppriseChannel(address(server)).send(message(AT))
        return caught.value.fault.message

    told = await asyncio.gather(*(one(number) for number in range(100, 112)))
    for number, said in zip(range(100, 112), told, strict=True):
        assert f"answer {number})" in said


async def test_no_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    async with receiver() as server:
        await AppriseChannel(address(server)).send(message(AT))
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - the folder is empty, and nobody waits


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (f"discord://{CANARY}/x", "Discord"),
        (f"https://discord.com/api/webhooks/1/{CANARY}", "Discord"),
        (f"https://hooks.slack.com/services/A/B/{CANARY}", "Slack"),
        (f"tgram://{CANARY}/1", "Telegram"),
        (f"NTFYS://{CANARY}", "ntfy"),
        (f"https://{CANARY}.example/x", "chat"),
        (f"https://[{CANARY}", "chat"),
        (f"zulip://{CANARY}", "zulip"),
    ],
)
def test_a_service_is_called_by_its_name(url: str, name: str) -> None:
    assert service(url) == name


def test_each_address_is_one_channel_with_a_name_and_a_key_of_its_own() -> None:
    urls = ["discord://a/b", "slack://a/b/c", "discord://c/d", "discord://a/b"]
    channels = chats(urls)
    assert [one.name for one in channels] == ["Discord", "Slack", "Discord 2"]
    assert len({one.key for one in channels}) == 3
    assert channels[2].key == AppriseChannel("discord://c/d").key


def test_apprise_is_imported_with_the_first_message_only() -> None:
    code = (
        "import sys; from kometa_ai.adapters.apprise_channel import chats;"
        "print([one.name for one in chats(['discord://a/b', 'slack://a'])],"
        "sorted({'apprise', 'requests'} & sys.modules.keys()))"
    )
    told = subprocess.run(  # what it prints is all that it says
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=50
    )
    assert told.stdout == "['Discord', 'Slack'] []\n"
