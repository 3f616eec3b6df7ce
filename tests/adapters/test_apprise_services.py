"""Discord and Slack as apprise speaks to them: their hosts are fixed, so a proxy leads them home.

The sending is a process of its own that trusts the test's authority; nothing leaves the loopback.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import sys
from asyncio.subprocess import PIPE
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.adapters.receivers import LOOPBACK, Receiver, Said, receiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("telling.py")
CANARY = "c4n4ryT0kenThatNobodyMaySeeAnywhere"
DISCORD = f"discord://9876543210987654/{CANARY}"
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/"
HOSTS = ("discord.com", "hooks.slack.com", "api.telegram.org")
TELEGRAM = "tgram://123456789:c4n4ry_T0kenThatNobodyMaySee/12345"


class Proxy:
    """Answers CONNECT for the hosts of the test, and leads all of them to one server."""

    def __init__(self, target: int) -> None:
        self._target = target
        self.asked: list[str] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        self.asked.append(asked)
        there_reader, there_writer = await asyncio.open_connection(LOOPBACK, self._target)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        async with asyncio.TaskGroup() as pipes:
            pipes.create_task(_pour(reader, there_writer))
            pipes.create_task(_pour(there_reader, writer))


async def _pour(source: asyncio.StreamReader, drain: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65536):
            drain.write(data)
            await drain.drain()
    drain.close()


@asynccontextmanager
async def world(folder: Path, *answers: Said) -> AsyncIterator[tuple[Receiver, dict[str, str]]]:
    """Open a server that stands for all services; yield it and the environment that leads there."""
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*HOSTS).configure_cert(tls)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    async with receiver(*answers, tls=tls) as server:
        proxy = Proxy(server.port)
        listening = await asyncio.start_server(proxy.serve, LOOPBACK, 0)
        port = listening.sockets[0].getsockname()[1]
        environment = {
            name: value for name, value in os.environ.items() if "proxy" not in name.lower()
        } | {
            "HTTPS_PROXY": f"http://{LOOPBACK}:{port}",
            "REQUESTS_CA_BUNDLE": str(folder / "ca.pem"),
            "PYTHONPATH": str(ROOT),
        }
        try:
            yield server, environment
        finally:
            listening.close()


async def tell(
    environment: dict[str, str], *addresses: str, patience: float = 20.0
) -> tuple[list[list[str]], str]:
    """Send a message in a process of its own; return what came of it, and all that was logged."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(PROGRAM), str(patience), *addresses),
        env=environment,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        async with asyncio.timeout(50):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, err.decode()
    return [json.loads(line) for line in out.decode().splitlines()], err.decode()


async def test_each_service_gets_the_message_in_its_form(tmp_path: Path) -> None:
    answers = Said(204), Said(200, "ok"), Said(200, '{"ok": true}', "application/json")
    async with world(tmp_path, *answers) as (server, lead):
        told, logged = await tell(lead, DISCORD, SLACK, TELEGRAM)
    assert told == [
        ["Discord", "", "Discord took it"],
        ["Slack", "", "Slack took it"],
        ["Telegram", "", "Telegram took it"],
    ]
    discord, slack, telegram = (json.loads(seen.body) for seen in server.seen)
    assert [seen.headers["Host"] for seen in server.seen] == list(HOSTS)
    assert server.seen[0].path.endswith(f"/9876543210987654/{CANARY}")
    assert discord["content"].startswith("Kometa-AI: 1 added")
    assert "avatar_url" not in discord  # no picture is fetched from elsewhere
    assert "Amélie — “ok” 🎬 <i>& co." in discord["content"]
    assert "Amélie — “ok” 🎬 &lt;i&gt;&amp; co." in json.dumps(slack, ensure_ascii=False)
    # What looks like a tag is no tag, and no line is lost.
    assert "Amélie — “ok” 🎬 &lt;i&gt;&amp; co.\r\n\r\nCost: $0.01" in telegram["text"]
    assert telegram["text"].startswith("<b>Kometa-AI: 1 added</b>")
    assert logged == ""


@pytest.mark.parametrize(
    ("address", "answer", "kind", "words"),
    [
        (
            DISCORD,
            Said(401, '{"message": "Invalid Webhook Token", "code": 50027}', "application/json"),
            "StopError",
            "Discord does not let us in (HTTP 401: Invalid Webhook Token)",
        ),
        (
            DISCORD,
            Said(429, '{"message": "You are being rate limited."}', "application/json"),
            "TryLaterError",
            "Discord cannot take a message now (HTTP 429: You are being rate limited)",
        ),
        (SLACK, Said(404, "no_service"), "StopError", "no such address (HTTP 404: no_service)"),
        (SLACK, Said(400, "invalid_payload"), "SkipError", "refused the message (HTTP 400: inv"),
        (
            TELEGRAM,
            Said(
                401,
                '{"ok":false,"error_code":401,"description":"Unauthorized"}',
                "application/json",
            ),
            "StopError",
            "Telegram does not let us in (HTTP 401: Unauthorized)",
        ),
        (DISCORD, Said(500, CANARY), "TryLaterError", "(HTTP 500: ***)"),
        (SLACK, Said(hang=True), "TryLaterError", "Slack did not answer in time"),
        (DISCORD, Said(close=True), "TryLaterError", "Discord closed the connection"),
    ],
    ids=["401", "429", "404", "400", "telegram", "500", "hang", "close"],
)
async def test_what_goes_wrong_is_told_in_the_services_own_words(
    tmp_path: Path, address: str, answer: Said, kind: str, words: str
) -> None:
    async with world(tmp_path, answer) as (_, lead):
        [[_name, caught, said]], logged = await tell(
            lead, address, patience=2 if answer.hang else 20
        )
    assert caught == kind
    assert words in said
    assert logged == ""


async def test_a_certificate_of_nobody_is_told(tmp_path: Path) -> None:
    async with world(tmp_path) as (server, lead):
        del lead["REQUESTS_CA_BUNDLE"]
        lead.pop("SSL_CERT_FILE", None)
        [[_, caught, said]], logged = await tell(lead, DISCORD)
    assert (caught, server.seen, logged) == ("TryLaterError", [], "")
    assert "certificate is not trusted" in said
