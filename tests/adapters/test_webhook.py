"""Webhooks on their good and bad days: what goes out, what is made of what comes back."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import socket
import ssl
from datetime import UTC, datetime

import pytest
import trustme

from kometa_ai import __version__
from kometa_ai.adapters.webhook import Webhook, webhooks
from kometa_ai.domain.fault import FaultKind, KometaAIError, SkipError, StopError, TryLaterError
from tests.adapters.receivers import LOOPBACK, Said, message, receiver

AT = datetime(2026, 11, 24, 19, 30, tzinfo=UTC)
CANARY = "c4n4ry-T0ken"
PATH = f"/hooks/{CANARY}?key=q{CANARY}"


async def test_the_body_goes_out_as_json_with_who_sends_it_and_why() -> None:
    body = {"event": "changes", "title": "Amélie 🎬", "many": [1, 2.5, None, True]}
    async with receiver(Said(202)) as server:
        told = await Webhook(server.url + PATH).send(message(AT, body=body))
    [seen] = server.seen
    assert told == "202 Accepted"
    assert (seen.method, seen.path) == ("POST", PATH)
    assert seen.headers["Content-Type"] == "application/json; charset=utf-8"
    assert seen.headers["User-Agent"] == f"Kometa-AI/{__version__}"
    assert seen.headers["X-Kometa-AI-Delivery"] == "17-changes"
    assert seen.headers["X-Kometa-AI-Event"] == "changes"
    assert int(seen.headers["Content-Length"]) == len(seen.body)
    assert json.loads(seen.body.decode()) == body


async def test_a_login_in_the_address_goes_out_as_such_whatever_its_letters() -> None:
    async with receiver() as server:
        address = server.url.replace("://", "://us%40er:p%C3%A4ss%2Fw%C5%8Drd@")
        await Webhook(address).send(message(AT))
    login = base64.b64encode("us@er:päss/wōrd".encode()).decode()
    assert server.seen[0].headers["Authorization"] == f"Basic {login}"


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (301, StopError),
        (307, StopError),
        (400, SkipError),
        (401, StopError),
        (403, StopError),
        (404, StopError),
        (405, StopError),
        (408, TryLaterError),
        (409, SkipError),
        (410, StopError),
        (413, SkipError),
        (422, SkipError),
        (425, TryLaterError),
        (429, TryLaterError),
        (500, TryLaterError),
        (503, TryLaterError),
        (599, TryLaterError),
    ],
)
async def test_each_status_means_later_not_this_or_never(
    status: int, meaning: type[KometaAIError]
) -> None:
    headers = {"Location": "/elsewhere"}
    async with receiver(Said(status, "so it is", headers=headers)) as server:
        with pytest.raises(KometaAIError) as caught:
            await Webhook(server.url).send(message(AT))
    assert type(caught.value) is meaning
    assert caught.value.fault.kind is FaultKind.MESSAGES
    assert f"(HTTP {status}: so it is)" in caught.value.fault.message
    assert caught.value.fault.remedy
    assert len(server.seen) == 1  # neither repeated nor sent on


async def test_a_server_that_failed_once_takes_it_the_next_time() -> None:
    async with receiver(Said(500), Said(204)) as server:
        channel = Webhook(server.url)
        with pytest.raises(TryLaterError):
            await channel.send(message(AT))
        assert await channel.send(message(AT)) == "204 No Content"
    first, second = server.seen
    assert first.headers["X-Kometa-AI-Delivery"] == second.headers["X-Kometa-AI-Delivery"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            Said(400, '{"code": 7, "message": "No \\u001b[31mgood"}', "application/json"),
            "No [31mgood",
        ),
        (Said(400, '{"error": {"message": "deep"}}', "application/problem+json"), "deep"),
        (Said(400, '{"errors": ["one", "two"]}', "application/json"), "one; two"),
        (Said(400, "<html><head><title>Bad\n Request</title></head>x", "text/html"), "Bad Request"),
        (Said(400, "<html><body>Bad <b>thing</b></body></html>", "text/html"), "Bad thing"),
        (Said(400, '{"cut', "application/json"), '{"cut'),
        (Said(400, "\x00\x01", "application/octet-stream"), "400 Bad Request"),
        (Said(400, ""), "400 Bad Request"),
        (Said(400, "word " * 100), "word " * 39 + "word …"),
        (Said(400, "cut off", cut_off=True), "cut off"),
    ],
)
async def test_the_servers_own_words_are_quoted_short_and_clean(answer: Said, words: str) -> None:
    async with receiver(answer) as server:
        with pytest.raises(SkipError) as caught:
            await Webhook(server.url).send(message(AT))
    said = caught.value.fault.message
    assert said.partition("(HTTP ")[2].removeprefix("400: ").removesuffix(").") == words


async def test_who_hangs_is_left_at_the_timeout() -> None:
    async with receiver(Said(hang=True)) as server:
        with pytest.raises(TryLaterError, match="did not answer in time"):
            await Webhook(server.url, timeout=0.2).send(message(AT))


async def test_a_sending_can_be_cancelled_at_once() -> None:
    async with receiver(Said(hang=True)) as server:
        sending = asyncio.create_task(Webhook(server.url).send(message(AT)))
        async with asyncio.timeout(10):
            while not server.seen:  # noqa: ASYNC110 - the server sets no event of ours
                await asyncio.sleep(0.005)  # noqa: TID251 - the same
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending


async def test_a_connection_that_ends_before_the_answer_is_told() -> None:
    async with receiver(Said(close=True)) as server:
        with pytest.raises(TryLaterError, match="closed the connection without an answer"):
            await Webhook(server.url).send(message(AT))
    assert len(server.seen) == 1


async def test_what_was_taken_is_taken_even_if_the_answer_breaks_off() -> None:
    async with receiver(Said(200, "thank", cut_off=True)) as server:
        assert await Webhook(server.url).send(message(AT)) == "200 OK"


async def test_who_is_not_there_is_tried_later() -> None:
    with socket.socket() as held:
        held.bind((LOOPBACK, 0))  # bound, but nobody listens
        port = held.getsockname()[1]
        with pytest.raises(TryLaterError, match="cannot be reached: Connection refused"):
            await Webhook(f"http://{LOOPBACK}:{port}").send(message(AT))


async def test_a_certificate_of_nobody_is_not_trusted() -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(LOOPBACK).configure_cert(tls)
    async with receiver(tls=tls) as server:
        with pytest.raises(TryLaterError, match=r"certificate is not trusted \(unable to get"):
            await Webhook(server.url).send(message(AT))


async def test_http_where_https_is_spoken_is_told() -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(LOOPBACK).configure_cert(tls)
    async with receiver() as server:
        address = server.url.replace("http", "https")
        with pytest.raises(TryLaterError, match="does not speak the protocol"):
            await Webhook(address).send(message(AT))


@pytest.mark.parametrize("address", ["http://[::1", "http://exa mple:99999/", "nothing", "http://"])
async def test_what_is_no_address_stops(address: str) -> None:
    with pytest.raises(StopError) as caught:
        await Webhook(address).send(message(AT))
    assert "WEBHOOK_URLS" in caught.value.fault.remedy


@pytest.mark.parametrize(
    "answer",
    [
        Said(401, f"token {CANARY} or q{CANARY} or p{CANARY} or P{CANARY.upper()} is wrong"),
        Said(404, f'{{"message": "no /hooks/{CANARY}?key=q{CANARY}"}}', "application/json"),
        Said(500, f"user%20{CANARY} p%2f{CANARY}"),
        Said(302, headers={"Location": f"/login?next={CANARY}"}),
        Said(close=True),
        Said(hang=True),
    ],
    ids=["401", "404", "500", "302", "close", "hang"],
)
async def test_no_part_of_the_address_is_ever_told(
    answer: Said, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with receiver(answer) as server:
        address = server.url.replace("://", f"://user%20{CANARY}:p%2f{CANARY}@") + PATH
        channel = Webhook(address, timeout=0.2)
        with pytest.raises(KometaAIError) as caught:
            await channel.send(message(AT))
    told = f"{caught.value!r} {caught.value} {caught.value.fault} {channel.key} {channel.name}"
    assert CANARY.lower() not in (told + caplog.text).lower()
    assert caught.value.__cause__ is None


def test_each_address_is_one_channel_with_a_name_and_a_key_of_its_own() -> None:
    first, second = webhooks(["http://a/1", "http://b/2", "http://a/1"])
    assert [first.name, second.name] == ["webhook", "webhook 2"]
    assert first.key != second.key
    assert first.key == Webhook("http://a/1", "another name").key


async def test_ten_megabytes_go_out_and_hold_up_nobody() -> None:
    rows = [{"title": f"Film {number}", "reason": "y" * 80} for number in range(100_000)]
    longest, ended = 0.0, asyncio.Event()
    loop = asyncio.get_running_loop()

    async def watch() -> None:
        nonlocal longest
        while not ended.is_set():
            begun = loop.time()
            await asyncio.sleep(0)  # noqa: TID251 - one turn of the loop, which is measured
            longest = max(longest, loop.time() - begun)

    async with receiver() as server:
        watching = asyncio.create_task(watch())
        await Webhook(server.url).send(message(AT, body={"rows": rows}))
        ended.set()
        await watching
    assert len(server.seen[0].body) > 10_000_000
    assert longest < 2  # the server of the test lives in the same loop, and the machine is busy
