"""Claude's batches as an adapter: what is handed in, what is read, how it fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from kometa_ai.adapters.claude import Claude
from kometa_ai.demo.claude import SimulatedClaude
from kometa_ai.demo.mishap import Mishap, at_batch, limited, login_page, no_credit, wrong_key
from kometa_ai.domain.cost import at_most, price
from kometa_ai.domain.fault import StopError
from kometa_ai.domain.prompt import read
from kometa_ai.ports import (
    Answer,
    BatchGoneError,
    Failed,
    Failure,
    NoBatchesError,
    UnansweredError,
)
from tests.clock import FakeClock
from tests.questions import questions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from kometa_ai.demo.refusals import Json

KEY = "sk-ant-a-secret-of-the-user"
HAIKU = "claude-haiku-5-5"


@pytest.fixture
async def server() -> AsyncIterator[SimulatedClaude]:
    async with SimulatedClaude(KEY) as running:
        running.desk.steps = 0
        yield running


def client(url: str) -> Claude:
    return Claude(KEY, HAIKU, clock=FakeClock(), base_url=url)


async def test_a_batch_holds_what_a_live_request_would(server: SimulatedClaude) -> None:
    request = questions()
    async with client(server.url) as judge:
        name = await judge.batches.create({"kai-1-0": request, "kai-1-1": request})
        live = await judge.ask(request)
        state = await judge.batches.look(name)
        results = {name: outcome async for name, outcome in judge.batches.results(name)}
    handed_in = server.desk.batches[name].requests
    (asked,) = server.requests
    assert handed_in == [
        (f"kai-1-{number}", {key: value for key, value in asked.items() if key != "stream"})
        for number in range(2)
    ]
    assert (state.total, state.done, state.answered) == (2, 2, 2)
    assert state.ended
    assert state.readable
    for outcome in results.values():
        assert isinstance(outcome, Answer)
        assert (outcome.text, outcome.ending, outcome.model) == (live.text, live.ending, HAIKU)
        assert not read(outcome.text, request).missing
    bills = [price(one.usage, judge.model, batch=True) for one in results.values()]  # type: ignore[union-attr]
    assert bills == [bill.usd for bill in server.meter.bills[:2]]
    assert bills[0] <= at_most(judge.shape(request), judge.model, batch=True)


async def test_the_newest_come_first_and_the_look_ends_at_the_known_one(
    server: SimulatedClaude,
) -> None:
    async with client(server.url) as judge:
        assert await judge.batches.newest() == ""
        known = server.desk.add_foreign(3)
        assert await judge.batches.newest() == known.id
        for count in range(1, 131):
            server.desk.add_foreign(count)
        found = await judge.batches.since(known.id)
        assert [one.total for one in found] == list(range(130, 0, -1))
        server.batch_calls.clear()
        for count in range(600):
            server.desk.add_foreign(count + 1)
        assert len(await judge.batches.since("msgbatch_of_another_account")) == 500
        assert server.batch_calls == ["list"] * 5


LINES: list[tuple[dict[str, Json], Failed]] = [
    ({"type": "canceled"}, Failed(Failure.CANCELED)),
    ({"type": "expired"}, Failed(Failure.EXPIRED)),
    ({"type": "errored"}, Failed(Failure.BROKEN)),  # nobody says why
    (
        {
            "type": "errored",
            "error": {
                "type": "error",
                "error": {"type": "invalid_request_error", "message": f"Not {KEY}."},
            },
        },
        Failed(Failure.INVALID, "Not …."),
    ),
    (
        {
            "type": "errored",
            "error": {"type": "error", "error": {"type": "api_error", "message": "Broken."}},
        },
        Failed(Failure.BROKEN, "Broken."),
    ),
]


async def test_lines_are_read_whatever_stands_between_and_within_them() -> None:
    """Only a line feed ends a line, what nobody understands is left out, no key is shown."""
    message = {
        "type": "message",
        "model": HAIKU,
        "content": [{"type": "thinking", "thinking": ""}, {"type": "text", "text": "a\u2028b"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 3, "output_tokens": 2},
    }
    good = {"custom_id": "good", "result": {"type": "succeeded", "message": message}}
    lines = [json.dumps(good, ensure_ascii=False), "", "{not json", '{"custom_id": "x"}', "[]"]
    lines += [json.dumps({"custom_id": f"{i}", "result": one}) for i, (one, _) in enumerate(LINES)]
    lines.append(json.dumps({"custom_id": "new", "result": {"type": "of a later year"}}))
    body = "\n".join(lines).encode()

    async def results(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for start in range(0, len(body), 7):  # in the middle of lines, and of letters
            await response.write(body[start : start + 7])
        return response

    app = web.Application()
    app.router.add_get("/v1/messages/batches/b/results", results)
    async with _serving(app) as url, client(url) as judge:
        found = [one async for one in judge.batches.results("b")]
    assert [name for name, _ in found] == ["good", *(f"{i}" for i in range(len(LINES)))]
    assert isinstance(found[0][1], Answer)
    assert found[0][1].text == "a\u2028b"
    assert [outcome for _, outcome in found[1:]] == [failed for _, failed in LINES]


class _serving:  # noqa: N801 - used as a block
    """Serves an application on the loopback."""

    def __init__(self, app: web.Application) -> None:
        self._runner = web.AppRunner(app, access_log=None)

    async def __aenter__(self) -> str:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()


async def test_what_is_not_there_is_told_from_what_is_no_claude(server: SimulatedClaude) -> None:
    async with client(server.url) as judge:
        with pytest.raises(BatchGoneError):
            await judge.batches.look("msgbatch_9")
        with pytest.raises(BatchGoneError):
            [one async for one in judge.batches.results("msgbatch_9")]
    async with _serving(web.Application()) as url, client(url) as judge:
        with pytest.raises(NoBatchesError):
            await judge.batches.newest()
        with pytest.raises(NoBatchesError):
            await judge.batches.look("msgbatch_9")


@pytest.mark.parametrize(
    ("mishap", "error"),
    [
        (Mishap(reply=wrong_key()), StopError),
        (Mishap(reply=no_credit()), StopError),
        (Mishap(reply=login_page()), UnansweredError),
        (Mishap(reply=limited("7")), UnansweredError),
        (Mishap(when=at_batch("create"), lost=True), UnansweredError),
    ],
)
async def test_how_handing_in_fails(
    server: SimulatedClaude, mishap: Mishap, error: type[Exception]
) -> None:
    server.mishaps = [mishap]
    async with client(server.url) as judge:
        with pytest.raises(error) as raised:
            await judge.batches.create({"kai-1-0": questions()})
    assert KEY not in str(raised.value)
    told = 7 if mishap.reply == limited("7") else None
    assert getattr(raised.value, "retry_after", None) == told


async def test_results_that_break_off_say_so(server: SimulatedClaude) -> None:
    async with client(server.url) as judge:
        name = await judge.batches.create({f"kai-1-{i}": questions() for i in range(4)})
        server.mishaps = [Mishap(when=at_batch("results"), reset_after=2)]
        with pytest.raises(UnansweredError):
            [one async for one in judge.batches.results(name)]
        server.mishaps = [Mishap(when=at_batch("results"), reply=login_page())]
        with pytest.raises(StopError, match="does not lead to the Claude API"):
            [one async for one in judge.batches.results(name)]
