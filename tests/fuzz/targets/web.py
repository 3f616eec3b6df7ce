"""Requests to the page: who may ask what, whatever the headers hold; and the body of a command."""

from __future__ import annotations

from base64 import b64decode

from hypothesis import strategies as st

from addon.command import Command
from addon.command_text import RefusedError, command_of, text_of
from addon.web.access import HEALTH, READING, Asked, refusal
from addon.web.door import SUPERVISOR, Door, Guard
from addon.web.lockout import Lockout
from addon.web.wording import LONGEST, safe
from tests.fuzz.target import Target, is_one_line

PASSWORD = "päss:word"
DOORS = {
    "supervisor": Door(Guard.SUPERVISOR, "0.0.0.0", 8099),
    "password": Door(Guard.PASSWORD, "0.0.0.0", 8099, PASSWORD),
    "loopback": Door(Guard.LOOPBACK, "127.0.0.1", 8099),
}


def check(data: bytes) -> None:
    """Look at a request: door, peer, method and path on a line each, headers, blank line, body."""
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.decode("utf-8", "surrogateescape").split("\n")
    words = [*first.split(" "), "", "", "", ""][:4]
    door = DOORS.get(words[0], DOORS["password"])
    told = {}
    for line in lines:
        name, sign, value = line.partition(":")
        if sign:
            told[name.strip().lower()] = value.strip()
    asked = Asked(words[1], words[2], words[3], told)
    lockout = Lockout()
    refused = refusal(door, asked, lockout, 0.0)
    if refused is None:
        _may_ask(door, asked)
    else:
        assert 400 <= refused.status < 500
        assert refused.sentence
        assert PASSWORD not in refused.sentence + repr(refused.headers)
    for value in told.values():
        shown = safe(value)
        assert is_one_line(shown)
        assert len(shown) <= LONGEST
    _body_is_read(body)


def _may_ask(door: Door, asked: Asked) -> None:
    """Nobody is let in but those who are meant."""
    health = asked.path == HEALTH and asked.method in READING
    if asked.method not in READING:
        site = asked.headers.get("sec-fetch-site")
        assert site in {None, "same-origin"}
    if health:
        return
    if door.guard is Guard.SUPERVISOR:
        assert asked.peer.rpartition(":")[2] == SUPERVISOR or SUPERVISOR in asked.peer
    elif door.guard is Guard.PASSWORD:
        login = b64decode(asked.headers["authorization"].partition(" ")[2].strip())
        assert login.partition(b":")[2] == PASSWORD.encode()
    else:
        host = asked.headers["host"].lower()
        assert "localhost" in host or "127." in host or ":" in host


def _body_is_read(body: bytes) -> None:
    try:
        command = command_of(text_of(body))
    except RefusedError as error:
        assert error.response.error
        assert is_one_line(error.response.error)
        return
    assert isinstance(command, Command)


LOGINS = st.sampled_from(
    [
        *("Basic OnDDpHNzOndvcmQ=", "basic eDpww6Rzczp3b3Jk", "Basic eDp4", "Basic =", "Basic é"),
        *(
            "Bearer x",
            "Basic",
            "",
            "Basic  OnDDpHNzOndvcmQ= ",
            "Basic OnDDpHNzOndvcmQ",
            "Basic ////",
        ),
    ]
)
HOSTS = st.sampled_from(
    [
        *(
            "localhost:8099",
            "127.0.0.1",
            "[::1]:8099",
            "evil.example",
            "127.0.0.1.evil.example",
            "[",
        ),
        *(
            "localhost.",
            "LOCALHOST",
            "[::ffff:127.0.0.1]",
            "a@localhost",
            "localhost#x",
            "\u2100",
            "",
        ),
        *("evil.example:x", "[::1", "127.1", "http://localhost", "::1"),
    ]
)
PEERS = st.sampled_from(
    [
        *("172.30.32.2", "::ffff:172.30.32.2", "127.0.0.1", "::1", "10.0.0.1", "", "fe80::1%eth0"),
        *("172.30.32.22", "x"),
    ]
)
SITES = st.sampled_from(["same-origin", "cross-site", "none", "same-site", "", "SAME-ORIGIN"])


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Return a request."""
    door = draw(st.sampled_from([*DOORS]))
    method = draw(st.sampled_from(["GET", "HEAD", "POST", "PUT", "get", ""]))
    path = draw(st.sampled_from(["/", "/command", "/health", "/health/", "/status", ""]))
    lines = [f"{door} {draw(PEERS)} {method} {path}"]
    if draw(st.booleans()):
        lines.append(f"authorization: {draw(LOGINS)}")
    if draw(st.booleans()):
        lines.append(f"host: {draw(HOSTS)}")
    if draw(st.booleans()):
        lines.append(f"origin: http://{draw(HOSTS)}")
    if draw(st.booleans()):
        lines.append(f"sec-fetch-site: {draw(SITES)}")
    if draw(st.booleans()):
        lines.append(f"x-forwarded-host: {draw(HOSTS)}")
    if draw(st.booleans()):
        lines.append(f"x-remote-user-display-name: {draw(HOSTS)}\u202e\u2028\udcff\x07")
    body = draw(
        st.sampled_from(['{"command": "run"}', "run", '{"command": "RUN"}', "[]", "\ufeff{}"])
    )
    return ("\n".join(lines) + "\n\n" + body).encode("utf-8", "surrogateescape")


PIECES = (
    *(mark.encode() for mark in ":[]@/#=\n .%\x00\x85\u2028é"),
    b"authorization: Basic ",
    b"host: localhost",
    b"origin: ",
    b"sec-fetch-site: same-origin",
    b"::ffff:",
    b"\xff",
    b'{"command": ',
)

TARGET = Target("web", check, requests(), PIECES)
