"""Chaos of others: Radarr, Claude, the broker and the webhook fail in every way they can."""

from __future__ import annotations

import asyncio
from signal import SIGKILL, SIGTERM
from typing import TYPE_CHECKING, Any

from kometa_ai.demo.mishap import (
    Mishap as Hitch,
    at_batch,
    limited,
    login_page,
    no_credit,
    overloaded,
    refused,
    wrong_key,
)
from kometa_ai.demo.radarr import Mishap
from script.soaking.library import EDITOR
from script.soaking.luck import heads

if TYPE_CHECKING:
    from script.soaking.place import Place

MOVIES, TAGS, DETAILS = "/api/v3/movie", "/api/v3/tag", "/api/v3/tag/detail"


async def radarr_status(place: Place) -> str:
    """Answer with a status instead."""
    status = place.chance.choice((500, 502, 503, 504, 429, 401, 404, 409))
    path = place.chance.choice((MOVIES, TAGS, DETAILS, EDITOR, "*"))
    times = place.chance.choice((1, 2, 12))
    place.radarr.mishaps.append(Mishap("*", path, times=times, status=status, body="{}"))
    return f"{status} to {path}, {times} times"


async def radarr_breaks_off(place: Place) -> str:
    """Reset the connection, or cut the answer off."""
    path = place.chance.choice((MOVIES, TAGS, DETAILS, EDITOR))
    if heads(place):
        place.radarr.mishaps.append(Mishap("*", path, times=2, reset=True))
        return f"resets {path}"
    length = place.chance.choice((1, 40, 3000))
    place.radarr.mishaps.append(Mishap("*", path, times=2, cut_after=length))
    return f"cuts {path} off after {length} bytes"


async def radarr_talks_nonsense(place: Place) -> str:
    """Answer with what is no answer."""
    path = place.chance.choice((MOVIES, TAGS, DETAILS))
    body = place.chance.choice(
        ("<html>Bad gateway</html>", "[]", "{}", "[{]", '[{"id": "x"}]', "null")
    )
    if path == DETAILS and body == "[]":
        body = "{}"  # an empty list there says that all tags are gone, which is another deed
    place.radarr.mishaps.append(Mishap("GET", path, status=200, body=body))
    return f"{body} to {path}"


async def radarr_hangs(place: Place) -> str:
    """Answer late."""
    seconds = place.chance.uniform(1, 8)
    path = place.chance.choice((MOVIES, TAGS, EDITOR))
    place.radarr.mishaps.append(Mishap("*", path, delay=seconds))
    return f"{path} takes {seconds:.1f} s"


async def claude_refuses(place: Place) -> str:
    """Refuse to answer."""
    replies = {
        "limited for 1 s": limited("1"),
        "limited for an hour": limited("3600"),
        "overloaded": overloaded(),
        "500": refused(500, "api_error", "Internal server error"),
        "wrong key": wrong_key(),
        "no credit": no_credit(),
        "login page": login_page(),
        "too large": refused(413, "request_too_large", "Request exceeds the maximum size"),
    }
    name = place.chance.choice(sorted(replies))
    times = place.chance.choice((1, 3))
    place.claude.mishaps.append(Hitch(times=times, reply=replies[name]))
    return f"{name}, {times} times"


async def claude_breaks_off(place: Place) -> str:
    """Break the answer off."""
    pieces = place.chance.choice((0, 1, 5))
    kind = place.chance.choice(("reset_after", "end_after", "error_after"))
    hitch = {
        "reset_after": Hitch(reset_after=pieces),
        "end_after": Hitch(end_after=pieces),
        "error_after": Hitch(error_after=pieces),
    }[kind]
    place.claude.mishaps.append(hitch)
    return f"{kind} {pieces}"


async def claude_talks_nonsense(place: Place) -> str:
    """Answer what was not asked."""
    kinds = {
        "text": Hitch(text=lambda _: "I would rather talk about the weather."),
        "half": Hitch(text=lambda text: text[: len(text) // 2]),
        "no lists": Hitch(answer=lambda _: {"verdict": "good"}),
        "half judged": Hitch(answer=_half),
        "twice": Hitch(answer=_twice),
        "strangers": Hitch(answer=_strangers),
        "beyond 1": Hitch(answer=_beyond),
        "max_tokens": Hitch(stop_reason="max_tokens"),
        "refusal": Hitch(stop_reason="refusal"),
        "no stream": Hitch(ignores_stream=True),
    }
    name = place.chance.choice(sorted(kinds))
    place.claude.mishaps.append(kinds[name])
    return name


async def claude_hangs(place: Place) -> str:
    """Say nothing, before or after the beginning, until the gate is opened."""
    gate = asyncio.Event()
    place.gates.append(gate)
    before = heads(place)
    place.claude.mishaps.append(Hitch(gate=gate) if before else Hitch(hold=gate))
    asyncio.get_running_loop().call_later(place.chance.uniform(2, 15), gate.set)
    return "before its answer" if before else "in its answer"


async def batch_fares(place: Place) -> str:
    """Have the runs ask in batches from now on, and let one of these go wrong."""
    place.set(claude_mode="batch")
    desk = place.claude.desk
    desk.steps = place.chance.choice((0, 0, 1))
    hitches = {
        "well": Hitch(times=0),
        "its creation is not confirmed": Hitch(at_batch("create"), lost=True),
        "its creation is refused": Hitch(at_batch("create"), reply=overloaded()),
        "nobody tells how far it is": Hitch(at_batch("look"), reply=overloaded()),
        "its results break off": Hitch(at_batch("results"), reset_after=1),
        "its results end early": Hitch(at_batch("results"), end_after=1),
        "a request errs": Hitch(at_batch("item"), fate="errored"),
        "a request expires": Hitch(at_batch("item"), fate="expired", times=2),
    }
    name = place.chance.choice(sorted(hitches))
    if name != "well":
        place.claude.mishaps.append(hitches[name])
    return f"{name}; done after {desk.steps} looks"


async def broker_restarts(place: Place) -> str:
    """Restart the broker: politely or not, forgetting what it kept or not."""
    signal = place.chance.choice((SIGTERM, SIGKILL))
    forget = heads(place)
    pause = place.chance.choice((0.0, 3.0))
    place.broker_up = False
    await place.broker.stop(signal, forget=forget)
    await asyncio.sleep(pause)
    await place.broker.start()
    place.broker_up = True
    return f"{signal.name}, forget {forget}, away for {pause:.0f} s"


async def hook_fails(place: Place) -> str:
    """Have the webhook fail until the next quiet moment, or be well again."""
    place.hook.mood = place.chance.choice(("500", "503", "hang", "reset", "well", "well"))
    return place.hook.mood


def _half(answer: dict[str, Any]) -> object:
    return {**answer, "judged": answer["judged"][::2]}


def _twice(answer: dict[str, Any]) -> object:
    return {**answer, "judged": answer["judged"] + answer["judged"][:3]}


def _strangers(answer: dict[str, Any]) -> object:
    more = [{"id": 999_999, "c": "A", "p": 0.99, "why": "A stranger"}]
    return {"named": answer["named"] + more, "judged": [*answer["judged"], 999_999]}


def _beyond(answer: dict[str, Any]) -> object:
    return {**answer, "named": [{**one, "p": 7} for one in answer["named"]]}
