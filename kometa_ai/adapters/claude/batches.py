"""Claude's batches, as Anthropic's API has them."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote

import msgspec

from kometa_ai.adapters.claude.server import AddressError
from kometa_ai.adapters.claude.wire import (
    BatchCard,
    BatchPage,
    ComplainedError,
    NotClaudeError,
    Received,
    decoded,
    result_of,
)
from kometa_ai.ports import (
    Batches,
    BatchGoneError,
    BatchState,
    NoBatchesError,
    UnansweredError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from anthropic import NotFoundError, RequestOptions

    from kometa_ai.adapters.claude.connection import Connection
    from kometa_ai.adapters.claude.form import Form
    from kometa_ai.domain.cost import Model, PriceTable
    from kometa_ai.domain.requests import Request
    from kometa_ai.ports import Answer, Failed

PATH: Final = "/v1/messages/batches"
PAGE: Final = 100
MOST_PAGES: Final = 5
"""So far back a batch is looked for: the account's newest ones before it bound the look anyway."""
JSON: Final[RequestOptions] = {"headers": {"Content-Type": "application/json"}}
UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, ComplainedError, NotClaudeError)
Said = TypeVar("Said", BatchCard, BatchPage)


class ClaudeBatches(Batches):
    """The batches of the account that the key belongs to.

    Bodies are taken raw and read here, as those of answers are: the SDK's own reading of results
    looks the batch up once more, and stops at the first line that it does not understand.
    """

    def __init__(self, connection: Connection, form: Form, prices: PriceTable) -> None:
        self._connection = connection
        self._form = form
        self._prices = prices

    def model(self, name: str) -> Model:
        """Return the prices of a model."""
        return replace(self._prices.model(name), name=name)

    async def newest(self) -> str:
        """Return the id of the account's newest batch."""
        page = await self._page(1, "")
        return page.data[0].id if page.data else ""

    async def since(self, newest: str) -> list[BatchState]:
        """Return the account's batches down to a known one."""
        found: list[BatchState] = []
        last = ""
        for _ in range(MOST_PAGES):
            page = await self._page(PAGE, last)
            for card in page.data:
                if card.id == newest:
                    return found
                found.append(_state(card))
            if not page.has_more or not page.data:
                return found
            last = page.data[-1].id
        return found

    async def create(self, requests: Mapping[str, Request]) -> str:
        """Hand in requests, once."""
        # In a thread: a thousand requests take seconds to write down, and a stop must not wait.
        body = await asyncio.to_thread(self._written, requests)
        try:
            return (await self._answered(BatchCard, "post", PATH, body, "")).id
        except AddressError as error:
            if error.empty:
                raise
            # What answered well and is not understood may have created it all the same.
            raise UnansweredError(error.fault.message) from error

    def _written(self, requests: Mapping[str, Request]) -> bytes:
        return msgspec.json.encode(
            {
                "requests": [
                    {"custom_id": name, "params": self._form.filled(request)}
                    for name, request in requests.items()
                ]
            }
        )

    async def look(self, batch: str) -> BatchState:
        """Return how far a batch is."""
        return _state(await self._said(BatchCard, "get", _path(batch), batch=batch))

    async def call_off(self, batch: str) -> None:
        """Ask for the end of a batch."""
        await self._said(BatchCard, "post", f"{_path(batch)}/cancel", batch=batch)

    async def results(self, batch: str) -> AsyncGenerator[tuple[str, Answer | Failed], None]:
        """Yield result after result, as they come in."""
        with self._connection.renaming(Received(self._form.model.name)):
            unread, known = 0, 0
            quoted = self._connection.server.quoted
            async with aclosing(self._lines(batch)) as lines:
                async for line in lines:
                    try:
                        named = result_of(line, self._form.model.name, quoted)
                    except UNREADABLE:
                        unread += 1  # it counts as one that is missing, and is read again
                        continue
                    known += 1
                    yield named
            if unread and not known:  # a login page, and not results that are spoilt
                raise NotClaudeError

    async def _lines(self, batch: str) -> AsyncGenerator[bytes, None]:
        """Yield the lines of a batch's results; only a line feed ends one."""
        import anthropic

        client = await self._connection.client()
        try:
            stream = await client.get(
                f"{_path(batch)}/results",
                cast_to=object,
                stream=True,
                stream_cls=anthropic.AsyncStream[object],
            )
        except anthropic.NotFoundError as error:
            _look_if_gone(error, batch)
            raise
        async with stream:
            rest = b""
            async for chunk in stream.response.aiter_bytes():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in filter(None, lines):
                    yield line
            if rest:
                yield rest

    async def _page(self, limit: int, after: str) -> BatchPage:
        path = f"{PATH}?limit={limit}" + (f"&after_id={quote(after, safe='')}" if after else "")
        return await self._said(BatchPage, "get", path)

    async def _said(
        self,
        kind: type[Said],
        method: str,
        path: str,
        body: bytes = b"",
        batch: str = "",
    ) -> Said:
        """Return what is answered; raises NoBatchesError where a server has none."""
        try:
            return await self._answered(kind, method, path, body, batch)
        except AddressError as error:
            # Some servers say 200 to every path, with a page or a complaint of their own.
            if self._connection.server.ours:
                raise NoBatchesError(self._connection.server.who) from error
            raise

    async def _answered(
        self, kind: type[Said], method: str, path: str, body: bytes, batch: str
    ) -> Said:
        """Return what is answered; what answers may be anything on the way."""
        import anthropic
        import httpx2

        client = await self._connection.client()
        patience = self._connection.patience
        with self._connection.renaming(Received(self._form.model.name)):
            async with asyncio.timeout(patience.total if body else patience.silence):
                try:
                    if method == "get":
                        answer = await client.get(path, cast_to=httpx2.Response)
                    else:
                        answer = await client.post(
                            path, cast_to=httpx2.Response, content=body, options=JSON
                        )
                except anthropic.NotFoundError as error:
                    if batch:
                        _look_if_gone(error, batch)
                    raise
            return decoded(answer.content, kind)


def _look_if_gone(error: NotFoundError, batch: str) -> None:
    """Raise BatchGoneError if it is Anthropic that says so, and not something on the way."""
    if error.type == "not_found_error":
        raise BatchGoneError(batch) from error


def _path(batch: str) -> str:
    return f"{PATH}/{quote(batch, safe='')}"


def _state(card: BatchCard) -> BatchState:
    counts = card.request_counts
    done = counts.succeeded + counts.errored + counts.canceled + counts.expired
    return BatchState(
        card.id,
        counts.processing + done,
        done,
        counts.succeeded,
        ended=card.processing_status == "ended",
        readable=card.results_url is not None,
    )
