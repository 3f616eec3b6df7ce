"""What may go wrong between us and Claude, for the simulated Claude to do on request."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kometa_ai.demo.refusals import Json

LOGIN_PAGE = "<!doctype html><title>Sign in</title><p>Please sign in to this network."


class Gate(Protocol):
    """What can be waited for: an asyncio.Event, or an asyncio.Barrier for several at once."""

    async def wait(self) -> object:
        """Return when the gate is open."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent instead of an answer."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Mishap:
    """What goes wrong with a request; the rest of it goes well.

    ``when`` chooses by the request's body, ``times`` says how often (``None``: always). The answer
    may be changed as data (``answer``) or as text (``text``), and end for another reason
    (``stop_reason``). Its stream may stop after so many pieces of text: broken (``reset_after``),
    ended as if all were well (``end_after``), or with an error event (``error_after``). Nothing is
    sent before ``gate`` opens, and nothing after the beginning before ``hold`` does.

    Of a batch, ``at_batch`` chooses what is asked: then ``lost`` creates it and breaks off before
    the reply, or sends ``reply`` in its place, pieces are lines of results, and ``fate`` is what
    becomes of a request in it.
    """

    when: Callable[[Mapping[str, Json]], bool] | None = None
    times: int | None = 1
    gate: Gate | None = None
    hold: Gate | None = None
    reply: Reply | None = None
    answer: Callable[[dict[str, Json]], object] | None = None
    text: Callable[[str], str] | None = None
    stop_reason: str = ""
    reset_after: int | None = None
    end_after: int | None = None
    error_after: int | None = None
    error: tuple[str, str] = ("overloaded_error", "Overloaded")
    thinks_first: bool = False
    ignores_stream: bool = False
    lost: bool = False
    fate: str = ""


def refused(status: int, kind: str, message: str, code: str = "", **headers: str) -> Reply:
    """Return an error as the API words it; ``retry_after=1`` becomes the header ``retry-after``."""
    error: dict[str, object] = {"type": kind, "message": message}
    if code:
        error["details"] = {"error_code": code}
    body = {"type": "error", "error": error, "request_id": "req_simulated"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(body), named)


def at_batch(what: str) -> Callable[[Mapping[str, Json]], bool]:
    """Choose what is done with batches: create, look, list, results, cancel, or item."""
    return lambda body: body.get("batch") == what


def wrong_key() -> Reply:
    """Return what a wrong key gets."""
    return refused(401, "authentication_error", "invalid bearer token")


def no_credit() -> Reply:
    """Return what an empty account gets."""
    return refused(
        400,
        "invalid_request_error",
        "Your credit balance is too low to access the Claude API. Please go to Plans & Billing.",
    )


def limited(retry_after: str) -> Reply:
    """Return what too many requests get."""
    said = "This request would exceed your organization's rate limit."
    return refused(429, "rate_limit_error", said, retry_after=retry_after)


def overloaded() -> Reply:
    """Return what everybody gets when too much is going on."""
    return refused(529, "overloaded_error", "Overloaded")


def login_page() -> Reply:
    """Return what a hotel's network says to everything."""
    return Reply(200, LOGIN_PAGE, content_type="text/html")


def refuses(parameter: str) -> Mishap:
    """Make a server that does not know a parameter, as older and other ones do."""
    said = f"{parameter}: Extra inputs are not permitted"
    return Mishap(
        when=lambda body: parameter in body,
        times=None,
        reply=refused(400, "invalid_request_error", said),
    )
