"""A simulated Claude: the Messages API over real HTTP, with a judge that reads, and a meter.

It answers, bills and refuses as the real one does, and has the mishaps that it is told to have.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self, TypeAlias

from aiohttp import web

from kometa_ai.demo.batches import Desk, not_there
from kometa_ai.demo.judgement import Judgement
from kometa_ai.demo.messages import Prompt, Speech, Traffic
from kometa_ai.demo.meter import Meter
from kometa_ai.demo.mishap import Mishap, Reply, refused, wrong_key
from kometa_ai.demo.refusals import MODELS, Json, refusals

if TYPE_CHECKING:
    from types import TracebackType

Judge: TypeAlias = Callable[[str, str], object]
"""Takes the instructions and the message; what it returns is sent as JSON, or as it is if text."""

LARGEST_REQUEST: Final = 32 * 2**20
PATIENCE_AT_THE_END: Final = 0.1
ABORT: Final = struct.pack("ii", 1, 0)
"""Lingers for no time: what closes the connection then is a reset."""


class SimulatedClaude:
    """A server on the loopback; ``url`` is what CLAUDE_BASE_URL has to be.

    ``requests`` holds the bodies of all requests for an answer, ``mishaps`` what is to go wrong:
    each request meets the first one that fits. ``latency`` is how many seconds an answer takes.
    ``aliases`` are further names of models, as other servers of this API give them; ``judges`` are
    of models that judge in another way than the others.
    """

    def __init__(
        self,
        api_key: str = "sk-ant-simulated",
        judge: Judge | None = None,
        *,
        latency: float = 0.0,
        now: Callable[[], float] = time.monotonic,
        meter: Meter | None = None,
    ) -> None:
        self.api_key = api_key
        self.judge: Judge = judge or Judgement()
        self.judges: dict[str, Judge] = {}
        self.latency = latency
        self.meter = meter or Meter(now)
        self.requests: list[dict[str, Json]] = []
        self.headers: list[dict[str, str]] = []
        self.mishaps: list[Mishap] = []
        self.retired: set[str] = set()
        self.aliases: dict[str, str] = {}
        self.url = ""
        self.at_once = 0
        self.most_at_once = 0
        self.desk = Desk(self.meter, self._next_mishap, self._said, self._served)
        self.batch_calls: list[str] = []
        app = web.Application(client_max_size=LARGEST_REQUEST)
        app.router.add_post("/v1/messages", self._answer)
        app.router.add_get("/v1/models/{model}", self._model)
        app.router.add_post("/v1/messages/batches", self._create)
        app.router.add_get("/v1/messages/batches", self._list)
        app.router.add_get("/v1/messages/batches/{batch}", self._look)
        app.router.add_post("/v1/messages/batches/{batch}/cancel", self._cancel)
        app.router.add_get("/v1/messages/batches/{batch}/results", self._results)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=PATIENCE_AT_THE_END,
        )

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = self.desk.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await _read(request)
        self.requests.append(body)
        body = {**body, "model": self._served(str(body["model"]))} if "model" in body else body
        self.headers.append(dict(request.headers))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            mishap = self._next_mishap(body)
            if mishap.gate is not None:
                await mishap.gate.wait()
            reply = mishap.reply or self._refusal(request, body)
            if reply is not None:
                return _sent(reply)
            return await self._speak(request, body, mishap)
        finally:
            self.at_once -= 1

    async def _model(self, request: web.Request) -> web.StreamResponse:
        name = self._served(request.match_info["model"])
        self.headers.append(dict(request.headers))
        # What goes wrong with an answer waits for one: here there is only a refusal to give.
        mishap = self._next_mishap({"model": name}, refuses=True)
        reply = mishap.reply or self._stranger(request)
        if reply is None and name not in MODELS:
            reply = refused(404, "not_found_error", f"model: {name}")
        if reply is not None:
            return _sent(reply)
        card = {
            "type": "model",
            "id": name,
            "display_name": name.replace("-", " ").title(),
            "created_at": "2026-10-07T00:00:00Z",
            "lifecycle": "retired" if name in self.retired else "active",
        }
        return web.json_response(card)

    def _served(self, name: str) -> str:
        return self.aliases.get(name) or re.sub(r"-20\d{6}$", "", name)

    def _next_mishap(self, body: dict[str, Json], *, refuses: bool = False) -> Mishap:
        for place, mishap in enumerate(self.mishaps):
            if refuses and mishap.reply is None:
                continue
            if mishap.when is None or mishap.when(body):
                if mishap.times is not None:
                    left = [replace(mishap, times=mishap.times - 1)] if mishap.times > 1 else []
                    self.mishaps[place : place + 1] = left
                return mishap
        return Mishap()

    def _stranger(self, request: web.Request) -> Reply | None:
        shown = {request.headers.get("authorization"), request.headers.get("x-api-key")}
        if not shown & {f"Bearer {self.api_key}", self.api_key}:
            return wrong_key()
        if "anthropic-version" not in request.headers:
            return refused(400, "invalid_request_error", "anthropic-version: header is required")
        return None

    def _refusal(self, request: web.Request, body: dict[str, Json]) -> Reply | None:
        if stranger := self._stranger(request):
            return stranger
        if body.get("model") in self.retired:
            return refused(404, "not_found_error", f"model: {body['model']}")
        wrong = next(refusals(body), None)
        return refused(*wrong) if wrong else None

    async def _speak(
        self, request: web.Request, body: dict[str, Json], mishap: Mishap
    ) -> web.StreamResponse:
        prompt = Prompt(body)
        bill = self.meter.open(prompt.model, prompt.prefix, prompt.rest)
        await asyncio.sleep(self.latency)
        text = self._said(prompt, mishap)
        speech = Speech(prompt, text, mishap, bill)
        self.meter.answer_begins(prompt.model, prompt.prefix)
        if not prompt.streams or mishap.ignores_stream:
            return web.json_response(speech.whole())
        return await _stream(request, speech, mishap)

    def _said(self, prompt: Prompt, mishap: Mishap) -> str:
        """Return what the judge says, spoilt by a mishap."""
        answer = self.judges.get(prompt.model, self.judge)(prompt.system, prompt.message)
        if mishap.answer is not None and isinstance(answer, dict):
            answer = mishap.answer(answer)
        text = answer if isinstance(answer, str) else json.dumps(answer, separators=(",", ":"))
        if not prompt.constrained:  # nobody holds it to the bare JSON, so it talks around it
            text = f"Here is my judgement:\n\n```json\n{text}\n```"
        return text if mishap.text is None else mishap.text(text)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        body, (mishap, reply) = await _read(request), await self._desk_mishap(request, "create")
        if reply is not None and not mishap.lost:
            return reply
        batch = self.desk.create(body)
        if isinstance(batch, str):
            return _sent(refused(400, "invalid_request_error", batch))
        if mishap.hold is not None:
            await mishap.hold.wait()
        if mishap.lost and reply is None:
            _reset(request)
        return reply or web.json_response(self.desk.card(batch))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        _, reply = await self._desk_mishap(request, "list")
        limit, after = int(request.query.get("limit", "20")), request.query.get("after_id", "")
        return reply or web.json_response(self.desk.page(limit, after))

    async def _look(self, request: web.Request) -> web.StreamResponse:
        _, reply = await self._desk_mishap(request, "look")
        batch = self.desk.batches.get(request.match_info["batch"])
        if reply is not None or batch is None:
            return reply or not_there()
        card = self.desk.card(batch)
        if not batch.ended:
            self.desk.work(batch)
        return web.json_response(card)

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        _, reply = await self._desk_mishap(request, "cancel")
        batch = self.desk.batches.get(request.match_info["batch"])
        if reply is not None or batch is None:
            return reply or not_there()
        if batch.ended:
            return _sent(refused(400, "invalid_request_error", "The batch has ended."))
        batch.canceling = True
        return web.json_response(self.desk.card(batch))

    async def _results(self, request: web.Request) -> web.StreamResponse:
        mishap, reply = await self._desk_mishap(request, "results")
        batch = self.desk.batches.get(request.match_info["batch"])
        if reply is not None or batch is None or batch.forgotten or not batch.ended:
            return reply or not_there()
        response = web.StreamResponse(headers={"content-type": "application/x-jsonl"})
        await response.prepare(request)
        for number, line in enumerate(self.desk.lines(batch)):
            if number in {mishap.reset_after, mishap.end_after}:
                if number == mishap.reset_after:
                    _reset(request)
                break
            if mishap.hold is not None and number:
                await mishap.hold.wait()
            await response.write(line)
        return response

    async def _desk_mishap(
        self, request: web.Request, what: str
    ) -> tuple[Mishap, web.Response | None]:
        """Return what goes wrong with a request about batches, and what is sent because of it."""
        self.batch_calls.append(what)
        self.headers.append(dict(request.headers))
        mishap = self._next_mishap({"batch": what})
        if mishap.gate is not None:
            await mishap.gate.wait()
        reply = mishap.reply or self._stranger(request)
        return mishap, None if reply is None else _sent(reply)


async def _read(request: web.Request) -> dict[str, Json]:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if isinstance(body, dict):
        return body
    reply = refused(400, "invalid_request_error", "The request body is not a JSON object.")
    raise web.HTTPBadRequest(text=reply.body, content_type=reply.content_type)


def _sent(reply: Reply) -> web.Response:
    return web.Response(
        status=reply.status,
        text=reply.body,
        headers=dict(reply.headers),
        content_type=reply.content_type,
    )


async def _stream(request: web.Request, speech: Speech, mishap: Mishap) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "text/event-stream; charset=utf-8"})
    await response.prepare(request)
    for traffic, event in speech.events():
        if traffic is Traffic.HOLD and mishap.hold is not None:
            await mishap.hold.wait()
        if traffic is Traffic.RESET:
            _reset(request)
        if traffic in {Traffic.RESET, Traffic.END}:
            break
        await response.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
    return response


def _reset(request: web.Request) -> None:
    transport = request.transport
    if transport is not None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        transport.abort()
