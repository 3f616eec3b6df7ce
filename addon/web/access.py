"""Who may ask what: decided from the address, the method and the headers, before anything is read.

Headers that a proxy sets are believed behind ingress alone: anybody can write them.
"""

from __future__ import annotations

import hmac
from base64 import b64decode
from binascii import Error as NoBase64Error
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import ip_address
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from addon.web.door import Guard
from kometa_ai.settings import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

    from addon.web.door import Door
    from addon.web.lockout import Lockout

HEALTH: Final = "/health"
READING: Final = frozenset({"GET", "HEAD"})
LOGIN: Final = 'Basic realm="Kometa-AI", charset="UTF-8"'
NONE: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; the names of its ``headers`` are in lower case, ``peer`` is the other address."""

    peer: str
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=lambda: NONE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is not answered: its status and a sentence for the person who asked."""

    status: HTTPStatus
    sentence: str
    headers: Mapping[str, str] = field(default_factory=lambda: NONE)


def refusal(door: Door, asked: Asked, lockout: Lockout, now: float) -> Refusal | None:
    """Return why a request is not answered, ``None`` if it is."""
    return _unknown(door, asked, lockout, now) or (
        None if asked.method in READING else _from_elsewhere(door, asked)
    )


def _unknown(door: Door, asked: Asked, lockout: Lockout, now: float) -> Refusal | None:
    health = asked.path == HEALTH and asked.method in READING
    match door.guard:
        case Guard.SUPERVISOR:
            if _plain(asked.peer) == door.supervisor or (health and is_loopback(asked.peer)):
                return None
            return _forbidden("This port answers Home Assistant alone. Open the page there.")
        case Guard.PASSWORD:
            return None if health else _without_password(door, asked, lockout, now)
        case Guard.LOOPBACK:
            if health or is_loopback(_host_name(asked.headers.get("host", ""))):
                return None
            # A page elsewhere can have its name lead here; the browser sends that name along.
            return _forbidden(
                "Without WEB_PASSWORD the page answers to localhost and 127.0.0.1 alone."
            )


def _without_password(door: Door, asked: Asked, lockout: Lockout, now: float) -> Refusal | None:
    wait = lockout.wait(asked.peer, now)
    if wait:
        return Refusal(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"Too many wrong passwords. Try again in {wait} seconds.",
            {"Retry-After": str(wait)},
        )
    told = _password(asked.headers.get("authorization", ""))
    # Compared in a time that tells nothing of how much of it was right.
    if told is not None and hmac.compare_digest(told, door.password.encode()):
        lockout.right(asked.peer)
        return None
    if told is not None:  # a browser asks without one first
        lockout.wrong(asked.peer, now)
    return Refusal(
        HTTPStatus.UNAUTHORIZED,
        "The page needs the password of WEB_PASSWORD; any user name will do.",
        {"WWW-Authenticate": LOGIN},
    )


def _password(authorization: str) -> bytes | None:
    """Return the password of a Basic login, whoever it is; ``None`` if there is none."""
    scheme, _, told = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return b64decode(told.strip(), validate=True).partition(b":")[2]
    except (NoBase64Error, ValueError):
        return b""


def _from_elsewhere(door: Door, asked: Asked) -> Refusal | None:
    """Refuse what another site has a visitor's browser send."""
    told = asked.headers
    site = told.get("sec-fetch-site")
    if site is not None:
        return None if site == "same-origin" else _forbidden("Another site may not ask that.")
    origin = told.get("origin")
    if origin is None or _is_ours(door, origin, told):
        return None  # no browser, or one that shows our own page
    return _forbidden("Another site may not ask that.")


def _is_ours(door: Door, origin: str, told: Mapping[str, str]) -> bool:
    host, site = told.get("host", "").lower(), origin.lower().partition("://")[2]
    if door.guard is not Guard.SUPERVISOR:
        return site == host != ""
    # Home Assistant's own proxies may drop the port, or keep the name in another header.
    names = {_host_name(host), _host_name(told.get("x-forwarded-host", ""))} - {""}
    return _host_name(site) in names


def _host_name(netloc: str) -> str:
    """Return a Host header without its port, brackets and case."""
    try:
        return (urlsplit(f"//{netloc}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _plain(peer: str) -> str:
    try:
        address = ip_address(peer)
    except ValueError:
        return peer
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _forbidden(sentence: str) -> Refusal:
    return Refusal(HTTPStatus.FORBIDDEN, sentence)
