"""The sign of life: which addresses are called, how often, and that it never says more."""

from __future__ import annotations

import logging
import socket
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from kometa_ai.adapters.heartbeat import UP, Heartbeat, behind_path, with_status
from kometa_ai.domain.fault import KometaAIError, StopError, TryLaterError
from tests.adapters.receivers import LOOPBACK, Said, receiver
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CANARY = "c4n4ry-T0ken"


@pytest.mark.parametrize(
    ("call", "path"),
    [
        (Heartbeat.start, f"/ping/{CANARY}/start"),
        (Heartbeat.success, f"/ping/{CANARY}"),
        (Heartbeat.failure, f"/ping/{CANARY}/fail"),
    ],
)
@pytest.mark.parametrize("end", ["", "/"])
async def test_start_success_and_failure_each_have_their_address(
    call: Callable[[Heartbeat], Awaitable[str]], path: str, end: str
) -> None:
    async with receiver(Said(200, "OK")) as server:
        told = await call(Heartbeat(f"{server.url}/ping/{CANARY}{end}", FakeClock()))
    [seen] = server.seen
    assert (seen.method, seen.path, told) == ("GET", path, "200 OK")


@pytest.mark.parametrize("query", ["", "?status=up&msg=OK&ping="])
async def test_uptime_kuma_is_told_by_a_status_and_of_no_beginning(query: str) -> None:
    async with receiver(Said(200, '{"ok":true}')) as server:
        heartbeat = Heartbeat(f"{server.url}/api/push/{CANARY}{query}", FakeClock())
        assert "no beginning" in await heartbeat.start()
        assert server.seen == []
        await heartbeat.success()
        await heartbeat.failure()
    asked = [parse_qs(urlsplit(seen.path).query) for seen in server.seen]
    assert {urlsplit(seen.path).path for seen in server.seen} == {f"/api/push/{CANARY}"}
    assert [one["status"] for one in asked] == [["up"], ["down"]]
    assert asked[0]["msg"] == ["OK"]
    assert asked[1]["msg"] == ["the run failed, wholly or in part"]


def test_what_else_is_in_a_query_stays() -> None:
    assert with_status("https://a/b?status=up&ping=&k=%26", UP) == (
        "https://a/b?status=up&ping=&k=%26&msg=OK"
    )


@pytest.mark.parametrize(
    ("address", "result"),
    [
        ("https://a/b?c=d", "https://a/b/start?c=d"),
        ("https://a/b/?c=d/", "https://a/b/start?c=d/"),
        ("https://a", "https://a/start"),
        ("https://a/", "https://a/start"),
        ("https://u:p@a:1/b", "https://u:p@a:1/b/start"),
    ],
)
def test_a_word_stands_behind_the_path_and_before_a_query(address: str, result: str) -> None:
    assert behind_path(address, "/start") == result


async def test_a_server_in_trouble_is_asked_three_times_with_pauses() -> None:
    clock = FakeClock()
    async with receiver(Said(503), Said(429), Said(200)) as server:
        assert await Heartbeat(server.url, clock).success() == "200 OK"
    assert len(server.seen) == 3
    assert clock.sleeps == [1, 3]
    document = Path(__file__).parents[2] / "docs" / "WEBHOOK.md"
    assert "with pauses of 1 and 3 seconds" in document.read_text("utf-8")


async def test_after_the_third_time_it_is_told() -> None:
    clock = FakeClock()
    async with receiver(Said(500, "it hurts")) as server:
        with pytest.raises(TryLaterError, match=r"\(HTTP 500: it hurts\)"):
            await Heartbeat(server.url, clock).failure()
    assert len(server.seen) == 3


@pytest.mark.parametrize("status", [400, 401, 404])
async def test_a_refusal_is_told_at_once(status: int) -> None:
    clock = FakeClock()
    async with receiver(Said(status)) as server:
        with pytest.raises(KometaAIError, match="HEARTBEAT_URL"):
            await Heartbeat(server.url, clock).start()
    assert (len(server.seen), clock.sleeps) == (1, [])


async def test_who_hangs_is_left_at_the_timeout() -> None:
    async with receiver(Said(hang=True)) as server:
        with pytest.raises(TryLaterError, match="did not answer in time"):
            await Heartbeat(server.url, FakeClock(), timeout=0.1).start()
    assert len(server.seen) == 3


async def test_who_is_not_there_is_told() -> None:
    with socket.socket() as held:
        held.bind((LOOPBACK, 0))  # bound, but nobody listens
        address = f"http://{LOOPBACK}:{held.getsockname()[1]}"
        with pytest.raises(TryLaterError, match="cannot be reached: Connection refused"):
            await Heartbeat(address, FakeClock()).start()


@pytest.mark.parametrize("address", ["nothing", "http://"])
async def test_what_is_no_address_stops(address: str) -> None:
    with pytest.raises(StopError, match="HEARTBEAT_URL"):
        await Heartbeat(address, FakeClock()).start()


@pytest.mark.parametrize(
    "answer",
    [
        Said(404, f"no check {CANARY}"),
        Said(301, headers={"Location": f"/{CANARY}"}),
        Said(500, CANARY),
        Said(close=True),
    ],
    ids=["404", "301", "500", "close"],
)
async def test_the_address_is_never_told(answer: Said, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with receiver(answer) as server:
        with pytest.raises(KometaAIError) as caught:
            await Heartbeat(f"{server.url}/{CANARY}", FakeClock()).start()
    assert CANARY not in f"{caught.value!r} {caught.value} {caught.value.fault} {caplog.text}"
