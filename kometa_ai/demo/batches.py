"""The simulated Claude's batches: taken in at once, done over several looks, billed at half price.

As the real ones, they tell nothing of single requests before all are done, and name their results
in any order. Read in Anthropic's documentation of November 2026.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aiohttp import web

from kometa_ai.demo.messages import Prompt, Speech
from kometa_ai.demo.mishap import Mishap, refused
from kometa_ai.demo.refusals import INVALID, Json, refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kometa_ai.demo.meter import Meter

CUSTOM_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
MOST: Final = 100_000


@dataclass(slots=True)
class SimulatedBatch:
    """One batch: what was handed in, and what has become of it."""

    id: str
    requests: list[tuple[str, dict[str, Json]]]
    results: dict[str, dict[str, object]] = field(default_factory=dict)
    canceling: bool = False
    forgotten: bool = False

    @property
    def ended(self) -> bool:
        """Return whether every request has a result."""
        return len(self.results) == len(self.requests)

    def counts(self, *, early: bool) -> dict[str, int]:
        """Return what became of how many; before the end only if the server tells ``early``."""
        kinds = ["succeeded", "errored", "canceled", "expired"]
        told = [one["type"] for one in self.results.values()] if early or self.ended else []
        counted = {kind: told.count(kind) for kind in kinds}
        return {**counted, "processing": len(self.requests) - len(told)}


class Desk:
    """Takes batches in, works on them, and gives out results.

    ``steps`` is how many looks at a batch it takes until it is done (0: it is done at once,
    below: never), ``early`` whether it tells how far it is until then.
    """

    def __init__(
        self,
        meter: Meter,
        mishap: Callable[[dict[str, Json]], Mishap],
        speak: Callable[[Prompt, Mishap], str],
        served: Callable[[str], str],
    ) -> None:
        self._meter = meter
        self._mishap = mishap
        self._speak = speak
        self._served = served
        self.batches: dict[str, SimulatedBatch] = {}
        self.steps = 1
        self.early = False
        self.url = ""

    def create(self, body: Mapping[str, Json]) -> SimulatedBatch | str:
        """Take a batch in; a text says why not."""
        requests = body.get("requests")
        if not isinstance(requests, list) or not 0 < len(requests) <= MOST:
            return f"requests: between 1 and {MOST} are required"
        taken: dict[str, dict[str, Json]] = {}
        for one in requests:
            name = one.get("custom_id") if isinstance(one, dict) else None
            params = one.get("params") if isinstance(one, dict) else None
            if not isinstance(name, str) or not CUSTOM_ID.fullmatch(name) or name in taken:
                return f"requests.custom_id: {name} is not unique, or not of the right form"
            if not isinstance(params, dict):
                return "requests.params: Field required"
            taken[name] = params
        batch = self._add(list(taken.items()))
        if not self.steps:
            self.work(batch)
        return batch

    def add_foreign(self, count: int, *, ended: bool = True) -> SimulatedBatch:
        """Let another program of the same account have a batch."""
        batch = self._add([(f"other-{number}", {}) for number in range(count)])
        if ended:
            batch.results = {name: {"type": "expired"} for name, _ in batch.requests}
        return batch

    def _add(self, requests: list[tuple[str, dict[str, Json]]]) -> SimulatedBatch:
        batch = SimulatedBatch(f"msgbatch_{len(self.batches) + 1:04}", requests)
        self.batches[batch.id] = batch
        return batch

    def work(self, batch: SimulatedBatch) -> None:
        """Do one step of the work on a batch."""
        todo = [one for one in batch.requests if one[0] not in batch.results]
        if batch.canceling:
            batch.results |= {name: {"type": "canceled"} for name, _ in todo}
            return
        if self.steps < 0:
            return
        for name, params in todo[: -(-len(batch.requests) // max(self.steps, 1))]:
            batch.results[name] = self._result(params)

    def finish(self, batch: SimulatedBatch) -> None:
        """Do all that is left of the work on a batch."""
        for name, params in batch.requests:
            if name not in batch.results:
                canceled: dict[str, object] = {"type": "canceled"}
                batch.results[name] = canceled if batch.canceling else self._result(params)

    def card(self, batch: SimulatedBatch) -> dict[str, object]:
        """Return what is told of a batch."""
        ended = batch.ended
        running = "canceling" if batch.canceling else "in_progress"
        address = f"{self.url}/v1/messages/batches/{batch.id}/results"
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": "ended" if ended else running,
            "request_counts": batch.counts(early=self.early),
            "created_at": "2026-11-24T03:00:00Z",
            "expires_at": "2026-11-25T03:00:00Z",
            "ended_at": "2026-11-24T03:30:00Z" if ended else None,
            "cancel_initiated_at": None,
            "archived_at": "2026-12-23T03:00:00Z" if batch.forgotten else None,
            "results_url": address if ended and not batch.forgotten else None,
        }

    def page(self, limit: int, after: str) -> dict[str, object]:
        """Return some of the batches, the newest first."""
        ids = sorted(self.batches, reverse=True)
        start = ids.index(after) + 1 if after in ids else 0
        shown = ids[start : start + limit]
        return {
            "data": [self.card(self.batches[one]) for one in shown],
            "has_more": start + limit < len(ids),
            "first_id": shown[0] if shown else None,
            "last_id": shown[-1] if shown else None,
        }

    def lines(self, batch: SimulatedBatch) -> list[bytes]:
        """Return the results, not in the order of the requests."""
        return [
            json.dumps({"custom_id": name, "result": batch.results[name]}).encode() + b"\n"
            for name in sorted(batch.results, key=lambda name: name[::-1])
        ]

    def _result(self, params: dict[str, Json]) -> dict[str, object]:
        mishap = self._mishap({**params, "batch": "item"})
        body = {**params, "model": self._served(str(params.get("model")))}
        if mishap.fate == "errored":
            said = refused(500, "api_error", "Internal server error").body
            return {"type": "errored", "error": json.loads(said)}
        if mishap.fate:
            return {"type": mishap.fate}
        reply = mishap.reply or next((refused(*wrong) for wrong in refusals(body)), None)
        if reply is None and body.get("stream"):
            reply = refused(400, INVALID, "stream: a batch streams nothing")
        if reply is not None:
            return {"type": "errored", "error": json.loads(reply.body)}
        prompt = Prompt(body)
        bill = self._meter.open(prompt.model, prompt.prefix, prompt.rest, batch=True)
        text = self._speak(prompt, mishap)
        self._meter.answer_begins(prompt.model, prompt.prefix)
        return {"type": "succeeded", "message": Speech(prompt, text, mishap, bill).whole()}


def not_there() -> web.Response:
    """Return what a batch gets that is not there."""
    reply = refused(404, "not_found_error", "Message batch not found")
    return web.Response(status=404, text=reply.body, content_type="application/json")
