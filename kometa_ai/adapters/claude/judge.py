"""The judge that is Claude."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote

from kometa_ai.adapters.claude.batches import ClaudeBatches
from kometa_ai.adapters.claude.connection import Connection
from kometa_ai.adapters.claude.form import DISPENSABLE, Form
from kometa_ai.adapters.claude.prices import load_prices
from kometa_ai.adapters.claude.server import (
    ANTHROPIC,
    AddressError,
    Patience,
    RefusedError,
    Server,
)
from kometa_ai.adapters.claude.wire import (
    Card,
    EndedError,
    Message,
    Received,
    decoded,
)
from kometa_ai.domain.cost import Usage
from kometa_ai.ports import Answer, Judge, UnansweredError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from anthropic import AsyncAnthropic

    from kometa_ai.domain.cost import PriceTable, Shape
    from kometa_ai.domain.requests import Request
    from kometa_ai.ports import Batches, Clock

UNMETERED: Final = (
    "The server behind CLAUDE_BASE_URL does not report what an answer used; it is counted as the"
    " most that it can be."
)


class Claude(Judge):
    """A judge that is Claude, or what speaks its API at ``base_url``.

    The SDK costs 80 MB and a second, so it is imported when the first question is asked. It is
    told not to retry: how often, how long and at what price is decided where the budget is known.
    """

    def __init__(
        self,
        api_key: str,
        model_name: str,
        *,
        clock: Clock,
        base_url: str | None = None,
        effort: str | None = None,
        setting: str = "CLAUDE_MODEL",
        prices: PriceTable | None = None,
        patience: Patience | None = None,
    ) -> None:
        table = prices or load_prices()
        self.model = replace(table.model(model_name), name=model_name)
        self.setting = setting
        self._form = Form(self.model, effort)
        self._server = Server(api_key, model_name, setting, base_url or ANTHROPIC, clock)
        self._connection = Connection(self._server, patience or Patience())
        self.batches: Batches = ClaudeBatches(self._connection, self._form, table)
        self._notices: list[str] = []
        if not self.model.known:
            tier = self.model.tier
            self._notices.append(
                f"The price of {model_name} is not in the table of {table.date}, so it is counted"
                f" as {table.unknown_factor} times the dearest: {tier.input} USD per million"
                f" tokens of input and {tier.output} USD of output."
            )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._connection.close()

    @property
    def notices(self) -> Sequence[str]:
        """What a person should know of this model and server, as far as it is known by now."""
        return tuple(self._notices)

    def shape(self, request: Request) -> Shape:
        """Return how large a request would be, without sending it."""
        return self._form.shape(request)

    async def ask(self, request: Request) -> Answer:
        """Send one request, once.

        A server that refuses a parameter is asked without it from then on. That changes what a
        request can cost, so it is not sent again here, but where its money is set aside.
        """
        client = await self._connection.client()
        left_out = frozenset(self._form.refused)
        try:
            return self._metered(request, await self._attempt(client, request))
        except RefusedError as error:
            effort = self._form.effort
            if effort is not None and "effort" in error.said:
                raise self._server.wrong_effort(effort) from error
            names = (name for name in DISPENSABLE if name in error.said)
            name = next((name for name in names if name not in left_out), None)
            if name is None:
                raise
            if name not in self._form.refused:  # another request may have met it meanwhile
                self._form.refused.add(name)
                self._notices.append(f"{self._server.who} {DISPENSABLE[name]}")
            message = f"{self._server.who} refuses {name}, and is asked without it."
            raise UnansweredError(message) from error

    def _metered(self, request: Request, answer: Answer) -> Answer:
        """Bill an answer that tells no usage by its size: a budget must bind in any case."""
        if answer.usage != Usage():
            return answer
        if UNMETERED not in self._notices:
            self._notices.append(UNMETERED)
        return replace(answer, usage=self._form.most_used(request, answer.text))

    async def check(self) -> str:
        """Prove that the key and the model work, for free, and return a sentence about it.

        A server of the user's own may know nothing of models and still answer questions: that can
        be told only by a question, and a question costs money.
        """
        import httpx2

        client = await self._connection.client()
        path = f"/v1/models/{quote(self.model.name, safe='')}"
        try:
            with self._connection.renaming(Received(self.model.name)):
                async with asyncio.timeout(self._connection.patience.silence):
                    card = decoded((await client.get(path, cast_to=httpx2.Response)).content, Card)
        except AddressError as error:
            if not (error.empty and self._server.ours):
                raise
            return (
                f"{self._server.who} answers, but tells nothing of models, so neither the key nor"
                f" {self.model.name} could be checked. It may work all the same: the first request"
                " of a run will show."
            )
        if card.lifecycle == "retired":
            raise self._server.unknown_model()
        ends = f" until {card.retires_at[:10]}" if card.retires_at else ""
        return (
            f"{self._server.who} accepts the key and offers {card.display_name or card.id}{ends}."
        )

    async def _attempt(self, client: AsyncAnthropic, request: Request) -> Answer:
        received = Received(self.model.name)
        with self._connection.renaming(received):
            async with asyncio.timeout(self._connection.patience.total):
                await self._receive(client, request, received)
        return received.answer

    async def _receive(self, client: AsyncAnthropic, request: Request, received: Received) -> None:
        stream = await client.messages.create(**self._form.filled(request), stream=True)
        async with stream:
            response = stream.response
            if "event-stream" in response.headers.get("content-type", ""):
                # Raw, to know what was used even of a stream that breaks. It is read to its very
                # end, or the connection could not be used again.
                async for event in stream.raw_events(response):
                    if event.data:
                        received.take(event.data)
            else:
                await response.aread()
                received.take_message(decoded(response.content, Message))
                received.stop_reason = received.stop_reason or "end_turn"
        if received.stop_reason is None:
            raise EndedError
