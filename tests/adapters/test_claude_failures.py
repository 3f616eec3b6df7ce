"""Claude as an adapter: every way in which a question stays without an answer."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Literal

import pytest

from kometa_ai.adapters.claude import Claude, Patience
from kometa_ai.demo.claude import SimulatedClaude
from kometa_ai.demo.mishap import (
    Mishap,
    Reply,
    limited,
    login_page,
    no_credit,
    overloaded,
    refused,
    wrong_key,
)
from kometa_ai.domain.fault import FaultKind, KometaAIError, SkipError, StopError
from kometa_ai.domain.prompt import MalformedAnswerError, read
from kometa_ai.ports import Answer, Ending, UnansweredError
from tests.clock import FakeClock
from tests.questions import questions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = "sk-ant-a-secret-of-the-user"
HAIKU = "claude-haiku-5-5"


@pytest.fixture
async def server() -> AsyncIterator[SimulatedClaude]:
    async with SimulatedClaude(KEY) as running:
        yield running


def client(
    server: SimulatedClaude, *, effort: str | None = None, patience: Patience | None = None
) -> Claude:
    return Claude(
        KEY, HAIKU, clock=FakeClock(), base_url=server.url, effort=effort, patience=patience
    )


class Reached(asyncio.Event):
    """A gate that tells when somebody stands before it."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()

    async def wait(self) -> Literal[True]:
        self.reached.set()
        return await super().wait()


async def failure(
    server: SimulatedClaude,
    *mishaps: Mishap,
    effort: str | None = None,
    patience: Patience | None = None,
) -> KometaAIError:
    """Ask once and return the error; its sentence never holds the key."""
    server.mishaps.extend(mishaps)
    async with client(server, effort=effort, patience=patience) as judge:
        with pytest.raises(KometaAIError) as caught:
            await judge.ask(questions())
    error = caught.value
    assert error.fault.kind is FaultKind.CLAUDE
    assert KEY not in str(error)
    assert KEY not in repr(error)
    return error


@pytest.mark.parametrize(
    ("reply", "message", "remedy"),
    [
        (wrong_key(), "refused the API key", "CLAUDE_API_KEY"),
        (refused(403, "permission_error", "not yours"), "refused the API key", "CLAUDE_API_KEY"),
        (no_credit(), "no credit left", "billing"),
        (refused(402, "billing_error", "Payment required"), "no credit left", "billing"),
        (
            refused(
                400, "invalid_request_error", "You have reached your specified API usage limits."
            ),
            "no credit left",
            "billing",
        ),
        (
            refused(429, "rate_limit_error", "Monthly.", code="enforced_spend_limit_reached"),
            "spend limit",
            "billing",
        ),
        (
            refused(404, "not_found_error", "model: claude-haiku-5-5"),
            "no model",
            "CLAUDE_MODEL",
        ),
        (Reply(404, "<h1>Not Found</h1>"), "does not lead to the Claude API", "CLAUDE_BASE_URL"),
        (Reply(405, ""), "does not lead to the Claude API", "CLAUDE_BASE_URL"),
        (login_page(), "does not lead to the Claude API", "CLAUDE_BASE_URL"),
        (Reply(200, '{"status": "ok"}'), "does not lead to the Claude API", "CLAUDE_BASE_URL"),
        (
            Reply(301, "", {"location": "https://elsewhere.example/v1/messages"}),
            "does not lead to the Claude API",
            "CLAUDE_BASE_URL",
        ),
    ],
)
async def test_what_a_person_has_to_mend_stops_the_asking(
    server: SimulatedClaude, reply: Reply, message: str, remedy: str
) -> None:
    error = await failure(server, Mishap(reply=reply, times=None))
    assert isinstance(error, StopError)
    assert message in error.fault.message
    assert remedy in error.fault.remedy
    assert len(server.requests) == 1


async def test_a_wrong_key_is_refused_and_not_repeated(server: SimulatedClaude) -> None:
    async with Claude("sk-ant-wrong", HAIKU, clock=FakeClock(), base_url=server.url) as judge:
        with pytest.raises(StopError, match="refused the API key") as caught:
            await judge.ask(questions())
    assert "sk-ant-wrong" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "sk-ant\n", "sk ant", "sk-ant-é", "sk-ant\x00"])
async def test_a_key_that_cannot_be_one_is_not_sent(server: SimulatedClaude, key: str) -> None:
    async with Claude(key, HAIKU, clock=FakeClock(), base_url=server.url) as judge:
        with pytest.raises(StopError, match="CLAUDE_API_KEY") as caught:
            await judge.ask(questions())
    assert not key or key not in str(caught.value)
    assert server.headers == []


async def test_a_retired_model_is_named(server: SimulatedClaude) -> None:
    server.retired.add(HAIKU)
    error = await failure(server)
    assert isinstance(error, StopError)
    assert f'no model "{HAIKU}"' in error.fault.message
    async with client(server) as judge:
        with pytest.raises(StopError, match="no model"):
            await judge.check()


@pytest.mark.parametrize(
    ("status", "kind"), [(413, "request_too_large"), (400, "invalid_request_error"), (422, "x")]
)
async def test_a_request_that_is_refused_as_such_is_skipped(
    server: SimulatedClaude, status: int, kind: str
) -> None:
    error = await failure(server, Mishap(reply=refused(status, kind, f"no, {KEY}")))
    assert isinstance(error, SkipError)
    assert f"({status}): no, …" in error.fault.message


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (overloaded(), "overloaded"),
        (refused(500, "api_error", "Internal server error"), "failed (500): Internal server error"),
        (Reply(503, "<h1>Bad gateway</h1>"), "failed (503)"),
        (refused(408, "timeout_error", "slow"), "failed (408)"),
        (refused(409, "conflict_error", "twice"), "failed (409)"),
        (refused(504, "timeout_error", "slow"), "failed (504)"),
    ],
)
async def test_what_may_pass_by_itself_can_be_tried_again(
    server: SimulatedClaude, reply: Reply, message: str
) -> None:
    error = await failure(server, Mishap(reply=reply, times=None))
    assert isinstance(error, UnansweredError)
    assert message in error.fault.message
    assert (error.retry_after, error.lost, error.unknown) == (None, None, False)
    assert len(server.requests) == 1


async def test_a_gateway_that_gave_up_waiting_may_have_cost_something(
    server: SimulatedClaude,
) -> None:
    error = await failure(server, Mishap(reply=Reply(504, "<h1>Gateway Timeout</h1>")))
    assert isinstance(error, UnansweredError)
    assert error.unknown


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("1", 1.0),
        ("3600", 3600.0),
        ("2.5", 2.5),
        ("-3", 0.0),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        (format_datetime(FakeClock().now() + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(FakeClock().now() - timedelta(seconds=90), usegmt=True), 0.0),
        ("Mon, 05 Jan 2026 03:00:30 -0000", 30.0),
    ],
)
async def test_a_wish_to_wait_is_passed_on(
    server: SimulatedClaude, header: str, seconds: float | None
) -> None:
    error = await failure(server, Mishap(reply=limited(header)))
    assert isinstance(error, UnansweredError)
    assert error.retry_after == seconds


async def test_a_stream_that_is_reset_has_cost_what_had_come(server: SimulatedClaude) -> None:
    error = await failure(server, Mishap(reset_after=3))
    assert isinstance(error, UnansweredError)
    assert error.lost is not None
    bill = server.meter.bills[0]
    assert error.lost.input_tokens == bill.fresh
    assert error.lost.cache_write_tokens == bill.written
    # Never less than what is billed, or a budget could be exceeded; and not far more.
    assert bill.output <= error.lost.output_tokens <= 3 * bill.output
    assert not error.unknown


async def test_a_stream_that_just_ends_has_cost_what_had_come(server: SimulatedClaude) -> None:
    error = await failure(server, Mishap(end_after=2))
    assert isinstance(error, UnansweredError)
    assert error.lost is not None
    bill = server.meter.bills[0]
    assert error.lost.prompt_tokens == bill.fresh + bill.written
    assert 20 < bill.output <= error.lost.output_tokens


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("overloaded_error", UnansweredError),
        ("rate_limit_error", UnansweredError),
        ("api_error", UnansweredError),
        ("something_new", UnansweredError),
        ("authentication_error", StopError),
        ("billing_error", StopError),
        ("invalid_request_error", SkipError),
    ],
)
async def test_an_error_in_the_stream_is_what_its_type_says(
    server: SimulatedClaude, kind: str, expected: type[KometaAIError]
) -> None:
    error = await failure(server, Mishap(error_after=1, error=(kind, "it says")))
    assert isinstance(error, expected)
    if isinstance(error, UnansweredError):
        assert error.lost is not None


async def test_silence_after_the_question_may_have_cost_something(server: SimulatedClaude) -> None:
    error = await failure(server, Mishap(gate=asyncio.Event()), patience=Patience(silence=0.2))
    assert isinstance(error, UnansweredError)
    assert "did not answer in time" in error.fault.message
    assert (error.lost, error.unknown) == (None, True)


@pytest.mark.parametrize("patience", [Patience(silence=0.2), Patience(total=0.5)])
async def test_silence_amid_the_answer_has_cost_what_had_come(
    server: SimulatedClaude, patience: Patience
) -> None:
    error = await failure(server, Mishap(hold=asyncio.Event()), patience=patience)
    assert isinstance(error, UnansweredError)
    assert error.lost is not None
    assert error.lost.prompt_tokens == server.meter.bills[0].fresh + server.meter.bills[0].written
    assert not error.unknown


async def test_nothing_is_lost_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    async with Claude(KEY, HAIKU, clock=FakeClock(), base_url=url) as judge:
        with pytest.raises(UnansweredError, match="cannot be reached") as caught:
            await judge.ask(questions())
    assert (caught.value.lost, caught.value.unknown) == (None, False)


async def test_a_name_that_does_not_exist_loses_nothing() -> None:
    url = "http://claude.invalid"
    async with Claude(KEY, HAIKU, clock=FakeClock(), base_url=url) as judge:
        with pytest.raises(UnansweredError, match="cannot be reached") as caught:
            await judge.ask(questions())
    assert not caught.value.unknown


async def test_a_server_that_hangs_up_on_the_question_may_have_cost_something() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with Claude(KEY, HAIKU, clock=FakeClock(), base_url=url) as judge:
            with pytest.raises(UnansweredError) as caught:
                await judge.ask(questions())
    assert caught.value.unknown


async def test_https_to_a_server_without_it_loses_nothing(server: SimulatedClaude) -> None:
    url = server.url.replace("http:", "https:")
    async with Claude(KEY, HAIKU, clock=FakeClock(), base_url=url) as judge:
        with pytest.raises(UnansweredError, match="cannot be reached") as caught:
            await judge.ask(questions())
    assert not caught.value.unknown


@pytest.mark.parametrize("url", ["ftp://example.org", "http://[broken", "no url at all"])
async def test_an_address_that_is_none_is_said_to_be_none(url: str) -> None:
    with pytest.raises(StopError, match="does not lead to") as caught:
        async with Claude(KEY, HAIKU, clock=FakeClock(), base_url=url) as judge:
            await judge.ask(questions())
    assert "CLAUDE_BASE_URL" in caught.value.fault.remedy


@pytest.mark.parametrize("before", [True, False])
async def test_a_stop_before_or_amid_an_answer_takes_no_second(
    server: SimulatedClaude, before: bool
) -> None:
    gate = Reached()
    server.mishaps.append(Mishap(gate=gate) if before else Mishap(hold=gate))
    async with client(server) as judge:
        asking = asyncio.create_task(judge.ask(questions()))
        await gate.reached.wait()
        begun = time.monotonic()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert time.monotonic() - begun < 1
        answer = await judge.ask(questions())
    assert answer.ending is Ending.COMPLETE


async def test_pings_and_unknown_events_are_passed_over() -> None:
    events = (
        b'event: ping\ndata: {"type": "ping"}\n\n'
        b'data: {"type": "message_start", "message": {"type": "message", "model": "m",'
        b' "content": [], "usage": {"input_tokens": 7, "output_tokens": 1}}}\n\n'
        b'event: aurora\ndata: {"type": "aurora", "message": "of another shape", "delta": [1]}\n\n'
        b": a comment\n\n"
        b'data: {"type": "content_block_delta", "delta": {"type": "new_delta", "text": "no"}}\n\n'
        b'data: {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "yes"}}\n\n'
        b'data: {"type": "message_delta", "delta": {"stop_reason": "end_turn"},'
        b' "usage": {"output_tokens": 3}}\n\n'
        b'data: {"type": "message_stop"}\n\n'
    )
    answer = await _ask_of(events)
    assert (answer.text, answer.usage.input_tokens, answer.usage.output_tokens) == ("yes", 7, 3)


async def test_a_connection_that_breaks_after_the_answer_takes_nothing_away() -> None:
    events = (
        b'data: {"type": "message_start", "message": {"type": "message", "content": []}}\n\n'
        b'data: {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "yes"}}\n\n'
        b'data: {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}\n\n'
    )
    assert (await _ask_of(events, promised=10_000)).text == "yes"


async def test_an_event_that_is_no_json_breaks_the_answer() -> None:
    with pytest.raises(UnansweredError) as caught:
        await _ask_of(b"data: {broken\n\n")
    assert caught.value.unknown


async def _ask_of(events: bytes, promised: int | None = None) -> Answer:
    """Ask a server that answers with these bytes and then hangs up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        size = len(events) if promised is None else promised
        head = (
            f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {size}\r\n\r\n"
        )
        writer.write(head.encode() + events)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with Claude(KEY, HAIKU, clock=FakeClock(), base_url=url) as judge:
            return await judge.ask(questions())


async def test_words_around_the_json_do_no_harm(server: SimulatedClaude) -> None:
    server.mishaps.append(Mishap(text=lambda text: f"Certainly! {{so}}: {text} I hope it helps."))
    async with client(server) as judge:
        answer = await judge.ask(questions())
    assert not read(answer.text, questions()).missing


async def test_json_that_is_none_is_malformed(server: SimulatedClaude) -> None:
    server.mishaps.append(Mishap(text=lambda text: text.replace("]", ")")))
    async with client(server) as judge:
        answer = await judge.ask(questions())
    with pytest.raises(MalformedAnswerError):
        read(answer.text, questions())


async def test_an_effort_that_the_model_lacks_is_named(server: SimulatedClaude) -> None:
    error = await failure(server, effort="gigantic")
    assert isinstance(error, StopError)
    assert "CLAUDE_EFFORT" in error.fault.remedy
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (wrong_key(), StopError),
        (refused(404, "not_found_error", "model: none"), StopError),
        (login_page(), StopError),
        (overloaded(), UnansweredError),
    ],
)
async def test_a_check_fails_as_a_question_does(
    server: SimulatedClaude, reply: Reply, expected: type[KometaAIError]
) -> None:
    server.mishaps.append(Mishap(reply=reply))
    async with client(server) as judge:
        with pytest.raises(expected):
            await judge.check()


@pytest.mark.parametrize(
    "reply",
    [
        refused(404, "not_found_error", "Not Found"),
        Reply(404, "404 page not found", content_type="text/plain"),
        Reply(405, '{"detail": "Method Not Allowed"}'),
    ],
)
async def test_a_server_without_a_list_of_models_may_work_all_the_same(
    server: SimulatedClaude, reply: Reply
) -> None:
    server.mishaps.append(Mishap(reply=reply))
    async with client(server) as judge:
        sentence = await judge.check()
    assert sentence == (
        f"{server.url} answers, but tells nothing of models, so neither the key nor {HAIKU} could"
        " be checked. It may work all the same: the first request of a run will show."
    )


async def test_the_key_is_in_no_log_and_no_repr(
    server: SimulatedClaude, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with client(server) as judge:
        await judge.ask(questions())
        assert KEY not in repr(judge)
    await failure(server, Mishap(reply=refused(400, "invalid_request_error", KEY)))
    await failure(server, Mishap(reset_after=1))
    assert caplog.records
    assert KEY not in caplog.text
