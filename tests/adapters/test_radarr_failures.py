"""Bad days of Radarr: what is tried again, how long is waited, and what the user is told."""

from __future__ import annotations

import logging
import socket
import traceback
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from kometa_ai.adapters.arr import Timeouts
from kometa_ai.adapters.arr.faults import reason_in
from kometa_ai.adapters.radarr import Radarr
from kometa_ai.demo.radarr import Mishap, SimulatedRadarr
from kometa_ai.domain.fault import FaultKind, KometaAIError, SkipError, StopError, TryLaterError
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = "0123456789abcdef"
FILMS = [{"id": number, "title": f"Film {number}"} for number in range(1, 21)]
LIST = "/api/v3/movie"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@asynccontextmanager
async def simulated(
    clock: FakeClock,
    *mishaps: Mishap,
    silence: float = 20,
    **options: Any,
) -> AsyncIterator[tuple[SimulatedRadarr, Radarr]]:
    async with SimulatedRadarr(FILMS, api_key=KEY, **options) as radarr:
        radarr.mishaps.extend(mishaps)
        url = f"http://127.0.0.1:{radarr.port}"
        timeouts = Timeouts(connect=20, answer=silence, edit=silence)
        async with Radarr(url, KEY, clock=clock, timeouts=timeouts) as library:
            yield radarr, library


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_radarr_that_is_down_is_asked_four_times_with_growing_pauses(
    clock: FakeClock,
) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    async with Radarr(address, KEY, clock=clock) as library:
        with pytest.raises(TryLaterError) as caught:
            await library.items()
    fault = caught.value.fault
    assert (fault.kind, fault.where) == (FaultKind.LIBRARY, f"Radarr at {address}")
    assert fault.message == "Radarr cannot be reached: Connection refused."
    assert "RADARR_URL" in fault.remedy
    assert len(clock.sleeps) == 3
    for slept, least in zip(clock.sleeps, (1, 3, 9), strict=True):
        assert least <= slept <= 1.5 * least


async def test_a_name_that_nobody_knows_is_told(clock: FakeClock) -> None:
    async with Radarr("http://radarr.invalid:7878", KEY, clock=clock) as library:
        with pytest.raises(TryLaterError, match=r"the name radarr\.invalid is not known"):
            await library.version()


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_is_not_tried_again(clock: FakeClock, status: int) -> None:
    async with simulated(clock, Mishap("GET", LIST, status=status)) as (radarr, library):
        with pytest.raises(StopError, match="Radarr refused the API key") as caught:
            await library.items()
        assert "RADARR_API_KEY" in caught.value.fault.remedy
        assert "Settings → General" in caught.value.fault.remedy
        assert len(radarr.requests) == 1


async def test_a_wrong_key_is_refused_by_the_true_gate(clock: FakeClock) -> None:
    async with simulated(clock) as (radarr, library):
        radarr.api_key = "another"
        with pytest.raises(StopError, match="refused the API key"):
            await library.items()


async def test_a_missing_url_base_is_told_with_where_it_leads(clock: FakeClock) -> None:
    async with simulated(clock, url_base="/radarr") as (_, library):
        with pytest.raises(StopError) as caught:
            await library.items()
    assert "it sends on to /radarr/api/v3/movie" in caught.value.fault.message
    assert "URL Base" in caught.value.fault.remedy


@pytest.mark.parametrize("login", [True, False])
async def test_a_url_base_too_many_is_told(clock: FakeClock, login: bool) -> None:
    async with simulated(clock) as (radarr, _):
        radarr.asks_for_login = login
        async with Radarr(f"{radarr.url}/radarr", KEY, clock=clock) as library:
            with pytest.raises(StopError, match="The API of Radarr is not at this address"):
                await library.items()
    assert clock.sleeps == []


@pytest.mark.parametrize(
    "mishap",
    [
        Mishap("GET", LIST, status=404, body="nothing here", content_type="text/plain"),
        Mishap("GET", LIST, status=200, body="<html></html>", content_type="text/html"),
    ],
)
async def test_something_else_at_the_address_is_told(clock: FakeClock, mishap: Mishap) -> None:
    async with simulated(clock, mishap) as (_, library):
        with pytest.raises(StopError, match="The API of Radarr is not at this address"):
            await library.items()


@pytest.mark.parametrize(
    "mishap",
    [
        Mishap("GET", LIST, status=503, body='{"errorMessage": "Radarr is starting up"}', times=2),
        Mishap("GET", LIST, status=502, body="<html>", content_type="text/html", times=3),
        Mishap("GET", LIST, status=504, times=3),
        Mishap("GET", LIST, status=500, body='{"message": "database is locked"}', times=3),
        Mishap("GET", LIST, cut_after=20_000, times=3),
        Mishap("GET", LIST, cut_after=0, times=1),
        Mishap("GET", LIST, status=200, body='[{"id": 1, "title": "cut', times=2),
        Mishap("GET", LIST, status=200, body="no JSON", times=2),
    ],
)
async def test_what_may_pass_is_tried_again(clock: FakeClock, mishap: Mishap) -> None:
    times = mishap.times
    async with simulated(clock, mishap) as (radarr, library):
        assert [item.id for item in await library.items()] == list(range(1, 21))
        assert len(radarr.requests) == times + 1
        assert len(clock.sleeps) == times


@pytest.mark.parametrize(
    ("mishap", "sentence"),
    [
        (
            Mishap("GET", LIST, status=503, body='{"errorMessage": "Starting up."}'),
            "Radarr is not available now (HTTP 503: Starting up).",
        ),
        (Mishap("GET", LIST, status=502), "Radarr is not available now (HTTP 502)."),
        (
            Mishap("GET", LIST, cut_after=20_000),
            "The answer of Radarr cannot be read: the connection broke off.",
        ),
        (
            Mishap("GET", LIST, status=200, body="[{"),
            "The answer of Radarr cannot be read: it is cut off or not JSON.",
        ),
    ],
)
async def test_what_does_not_pass_is_told_after_four_times(
    clock: FakeClock, mishap: Mishap, sentence: str
) -> None:
    mishap.times = 99
    async with simulated(clock, mishap) as (radarr, library):
        with pytest.raises(TryLaterError) as caught:
            await library.items()
        assert caught.value.fault.message == sentence
        assert len(radarr.requests) == 4


async def test_a_connection_that_is_lost_is_made_again(clock: FakeClock) -> None:
    # Not four requests in all but up to eight: aiohttp tries each once more, without a pause.
    async with simulated(clock, Mishap("GET", LIST, reset=True, times=7)) as (radarr, library):
        assert len(await library.items()) == 20
        assert len(clock.sleeps) == 3
        radarr.mishaps.append(Mishap("GET", LIST, reset=True, times=99))
        with pytest.raises(TryLaterError, match="Radarr closed the connection without an answer"):
            await library.items()
        assert len(radarr.requests) == 16


@pytest.mark.parametrize(
    ("asked", "slept"), [("1", 1), ("60", 60), ("Mon, 05 Jan 2026 03:00:20 GMT", 20)]
)
async def test_a_wait_that_the_server_asks_for_is_kept(
    clock: FakeClock, asked: str, slept: float
) -> None:
    limited = Mishap("GET", LIST, status=429, headers={"Retry-After": asked})
    async with simulated(clock, limited) as (_, library):
        assert len(await library.items()) == 20
        assert clock.sleeps == [slept]


async def test_a_long_wait_is_not_waited_for(clock: FakeClock) -> None:
    limited = Mishap("GET", LIST, status=429, headers={"Retry-After": "3600"})
    async with simulated(clock, limited) as (_, library):
        with pytest.raises(TryLaterError, match=r"not available now \(HTTP 429\)"):
            await library.items()
        assert clock.sleeps == []


@pytest.mark.parametrize("asked", ["soon", ""])
async def test_a_wait_that_cannot_be_understood_is_a_usual_pause(
    clock: FakeClock, asked: str
) -> None:
    limited = Mishap("GET", LIST, status=429, headers={"Retry-After": asked})
    async with simulated(clock, limited) as (_, library):
        assert len(await library.items()) == 20
        assert 1 <= clock.sleeps[0] <= 1.5


async def test_a_slow_answer_is_waited_for_and_silence_is_not(clock: FakeClock) -> None:
    async with simulated(clock, Mishap("GET", LIST, delay=0.1)) as (radarr, library):
        assert len(await library.items()) == 20
        assert len(radarr.requests) == 1
    async with simulated(clock, Mishap("GET", LIST, delay=30), silence=0.2) as (_, library):
        with pytest.raises(TryLaterError, match="Radarr did not answer in time"):
            await library.items()
        assert clock.sleeps == []


@pytest.mark.parametrize(
    ("status", "kind"), [(400, SkipError), (418, SkipError), (500, TryLaterError)]
)
async def test_other_refusals_are_told_in_the_servers_words(
    clock: FakeClock, status: int, kind: type[KometaAIError]
) -> None:
    body = '{"message": "Sequence contains no elements\\nmore", "description": "   at NzbDrone.X"}'
    async with simulated(clock, Mishap("GET", LIST, status=status, body=body)) as (_, library):
        with pytest.raises(kind) as caught:
            await library.items()
    assert f"HTTP {status}: Sequence contains no elements)" in caught.value.fault.message
    assert "NzbDrone" not in str(caught.value)
    assert clock.sleeps == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", ""),
        ("<html>", ""),
        ('"text"', ""),
        ('[{"propertyName": "Label", "errorMessage": "A."}, {"errorMessage": "B"}]', "A.; B"),
        ('{"message": "Not\\n  at X", "description": "trace"}', "Not"),
        ('{"title": "Errors.", "errors": {"$.a": ["Bad a."], "$.b": ["Bad b."]}}', "Bad a.; Bad b"),
        ('{"title": "Not Found", "status": 404}', "Not Found"),
        ('{"errorMessage": "Starting up"}', "Starting up"),
    ],
)
def test_the_reason_is_found_in_every_shape_of_error(body: str, reason: str) -> None:
    assert reason_in(body.encode()) == reason


async def test_a_tag_is_created_in_spite_of_a_lost_answer(clock: FakeClock) -> None:
    lost = Mishap("POST", "/api/v3/tag", reset=True)
    busy = Mishap("POST", "/api/v3/tag", status=503)
    async with simulated(clock, lost, busy) as (radarr, library):
        assert await library.create_tag("kai-noir") == 1
        assert radarr.labels == {1: "kai-noir"}


@pytest.mark.parametrize(
    "mishap",
    [
        Mishap("GET", LIST, status=401),
        Mishap("GET", LIST, status=400, body=f'{{"message": "bad key {KEY}"}}'),
        Mishap("GET", LIST, status=302, headers={"Location": f"http://x/y?apikey={KEY}"}),
        Mishap("GET", LIST, reset=True, times=9),
        Mishap("GET", LIST, status=200, body="x", times=9),
        Mishap("GET", LIST, status=200, body="", headers={"Content-Encoding": "gzip"}, times=9),
        Mishap("GET", LIST, delay=30),
    ],
)
async def test_the_key_is_in_no_error_no_log_and_no_repr(
    clock: FakeClock, mishap: Mishap, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    silence = 0.2 if mishap.delay else 20
    async with simulated(clock, mishap, silence=silence) as (_, library):
        with pytest.raises(KometaAIError) as caught:
            await library.items()
        assert KEY not in repr(library)
    error: BaseException | None = caught.value
    assert KEY not in "".join(traceback.format_exception(caught.value))
    while error:
        assert KEY not in f"{error} {error!r}"
        error = error.__cause__ or error.__context__
    assert KEY not in caplog.text


async def test_what_speaks_no_http_is_told_without_the_key(clock: FakeClock) -> None:
    async with SimulatedRadarr() as radarr:
        address = radarr.url.replace("http:", "https:")
        async with Radarr(address, KEY, clock=clock) as library:
            with pytest.raises(TryLaterError, match="not in the protocol that was expected"):
                await library.version()
