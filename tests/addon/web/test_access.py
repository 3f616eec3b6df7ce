"""Who may ask what, as a table."""

from __future__ import annotations

from base64 import b64encode

import pytest

from addon.web.access import HEALTH, Asked, Refusal, refusal
from addon.web.door import Door, Guard, door_of
from addon.web.headers import headers
from addon.web.lockout import CLIENTS, PAUSE, TRIES, Lockout
from kometa_ai.settings import load

NEIGHBOUR, SUPERVISOR, LOCAL = "192.168.1.7", "172.30.32.2", "127.0.0.1"
PASSWORD = "pass:wört"
INGRESS = Door(Guard.SUPERVISOR, "0.0.0.0", 8099)
LOGIN = Door(Guard.PASSWORD, "0.0.0.0", 8099, PASSWORD)
ALONE = Door(Guard.LOOPBACK, LOCAL, 8099)
HOST = {"host": "127.0.0.1:8099"}


def _asked(door: Door, peer: str, path: str, headers: dict[str, str], method: str) -> int:
    found = refusal(door, Asked(peer, method, path, headers), Lockout(), 0.0)
    return 200 if found is None else int(found.status)


def _login(password: str, user: str = "anybody") -> dict[str, str]:
    return {"authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


@pytest.mark.parametrize(
    ("door", "peer", "path", "headers", "status"),
    [
        (INGRESS, SUPERVISOR, "/", {}, 200),
        (INGRESS, f"::ffff:{SUPERVISOR}", "/", {}, 200),
        (INGRESS, SUPERVISOR, HEALTH, {}, 200),
        (INGRESS, LOCAL, HEALTH, {}, 200),
        (INGRESS, "::1", HEALTH, {}, 200),
        (INGRESS, LOCAL, "/", {}, 403),
        (INGRESS, LOCAL, "/health/", {}, 403),
        (INGRESS, "172.30.33.4", "/", {}, 403),
        (INGRESS, "172.30.33.4", HEALTH, {}, 403),
        (INGRESS, NEIGHBOUR, "/", {"x-forwarded-for": SUPERVISOR}, 403),
        (INGRESS, NEIGHBOUR, "/", {"x-remote-user-id": "1", "x-ingress-path": "/api"}, 403),
        (INGRESS, "", "/", {}, 403),
        (LOGIN, NEIGHBOUR, HEALTH, {}, 200),
        (LOGIN, NEIGHBOUR, "/", {}, 401),
        (LOGIN, LOCAL, "/", {}, 401),
        (LOGIN, SUPERVISOR, "/", {"x-remote-user-id": "1"}, 401),
        (LOGIN, NEIGHBOUR, "/", _login(PASSWORD), 200),
        (LOGIN, NEIGHBOUR, "/", _login(PASSWORD, user=""), 200),
        (LOGIN, NEIGHBOUR, "/", _login(f"{PASSWORD} "), 401),
        (LOGIN, NEIGHBOUR, "/", _login(PASSWORD[:-1]), 401),
        (LOGIN, NEIGHBOUR, "/", _login(""), 401),
        (LOGIN, NEIGHBOUR, "/", {"authorization": "Basic"}, 401),
        (LOGIN, NEIGHBOUR, "/", {"authorization": "Basic %%%"}, 401),
        (LOGIN, NEIGHBOUR, "/", {"authorization": "Basic é"}, 401),
        (LOGIN, NEIGHBOUR, "/", {"authorization": f"Bearer {PASSWORD}"}, 401),
        (ALONE, LOCAL, "/", HOST, 200),
        (ALONE, LOCAL, "/", {"host": "localhost"}, 200),
        (ALONE, LOCAL, "/", {"host": "LocalHost.:8099"}, 200),
        (ALONE, LOCAL, "/", {"host": "[::1]:8099"}, 200),
        (ALONE, LOCAL, "/", {"host": "evil.example:8099"}, 403),
        (ALONE, LOCAL, "/", {"host": "localhost.evil.example"}, 403),
        (ALONE, LOCAL, "/", {"host": "evil.example@127.0.0.1"}, 200),  # the name is the last part
        (ALONE, LOCAL, "/", {"host": "127.0.0.1@evil.example"}, 403),
        (ALONE, LOCAL, "/", {"host": "[::1"}, 403),
        (ALONE, LOCAL, "/", {"host": "evil.example", "x-forwarded-host": "localhost"}, 403),
        (ALONE, LOCAL, "/", {}, 403),
        (ALONE, LOCAL, HEALTH, {"host": "kometa-ai"}, 200),
    ],
)
def test_who_may_read(
    door: Door, peer: str, path: str, headers: dict[str, str], status: int
) -> None:
    assert _asked(door, peer, path, headers, "GET") == status


@pytest.mark.parametrize("door", [INGRESS, LOGIN, ALONE])
@pytest.mark.parametrize(
    ("more", "allowed"),
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": "http://127.0.0.1:8099"}, True),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"origin": "http://[::1"}, False),
        # What the browser itself says of the two sites is worth more than names.
        ({"sec-fetch-site": "same-origin", "origin": "https://my.home.example"}, True),
    ],
)
def test_who_may_change_something(door: Door, more: dict[str, str], allowed: bool) -> None:
    peer = SUPERVISOR if door is INGRESS else LOCAL
    told = {**HOST, **_login(PASSWORD), **more}
    assert _asked(door, peer, "/command", told, "POST") == (200 if allowed else 403)


def test_another_port_is_another_site_where_no_proxy_can_drop_it() -> None:
    told = {**HOST, **_login(PASSWORD), "origin": "http://127.0.0.1:9000"}
    assert _asked(ALONE, LOCAL, "/command", told, "POST") == 403
    assert _asked(LOGIN, LOCAL, "/command", told, "POST") == 403
    told = {"host": "ha.local", "origin": "http://ha.local:8123"}
    assert _asked(INGRESS, SUPERVISOR, "/command", told, "POST") == 200


def test_the_name_that_a_proxy_passes_on_counts_behind_ingress_alone() -> None:
    told = {"host": "a.internal", "origin": "http://ha.local", "x-forwarded-host": "ha.local:80"}
    assert _asked(INGRESS, SUPERVISOR, "/command", told, "POST") == 200
    assert _asked(LOGIN, LOCAL, "/command", {**told, **_login(PASSWORD)}, "POST") == 403


def test_a_client_that_guesses_is_locked_out_and_others_are_not() -> None:
    lockout = Lockout()

    def ask(password: str, now: float, peer: str = NEIGHBOUR) -> Refusal | None:
        return refusal(LOGIN, Asked(peer, "GET", "/", _login(password)), lockout, now)

    for number in range(TRIES):
        wrong = ask("guess", float(number))
        assert wrong is not None
        assert wrong.status == 401
    locked = ask(PASSWORD, TRIES)
    assert locked is not None
    assert locked.status == 429
    assert locked.headers == {"Retry-After": "59"}
    assert "59 seconds" in locked.sentence
    assert ask(PASSWORD, TRIES, peer="192.168.1.8") is None
    assert refusal(LOGIN, Asked(NEIGHBOUR, "GET", HEALTH), lockout, TRIES) is None
    assert ask(PASSWORD, TRIES - 1 + PAUSE) is None
    assert ask("guess", TRIES + PAUSE) is not None
    assert ask(PASSWORD, TRIES + PAUSE) is None


def test_who_asks_without_a_password_is_not_counted() -> None:
    lockout = Lockout()
    for _ in range(2 * TRIES):
        assert refusal(LOGIN, Asked(NEIGHBOUR, "GET", "/"), lockout, 0.0) is not None
    assert lockout.wait(NEIGHBOUR, 0.0) == 0


def test_one_household_of_ipv6_is_one_client_and_no_client_is_two() -> None:
    lockout = Lockout()
    for number in range(TRIES):
        lockout.wrong(f"2001:db8::{number}", 0.0)
        lockout.wrong(f"::ffff:{NEIGHBOUR}", 0.0)
    assert lockout.wait("2001:db8::ffff%eth0", 1.0) == 59
    assert lockout.wait(NEIGHBOUR, 1.0) == 59
    assert lockout.wait("2001:db8:0:1::1", 1.0) == 0


def test_the_memory_of_guessers_is_bounded() -> None:
    lockout = Lockout()
    for _ in range(TRIES):
        lockout.wrong("first", 0.0)
        lockout.wrong("second", 0.0)
    for number in range(CLIENTS - 1):
        lockout.wrong(f"10.0.{number // 256}.{number % 256}", 1.0)
    assert lockout.wait("first", 1.0) == 0
    assert lockout.wait("second", 1.0) > 0


@pytest.mark.parametrize(
    ("environ", "ingress", "door"),
    [
        ({}, False, Door(Guard.LOOPBACK, LOCAL, 8099)),
        ({"WEB_PORT": "80"}, False, Door(Guard.LOOPBACK, LOCAL, 80)),
        ({"WEB_HOST": "::1"}, False, Door(Guard.LOOPBACK, "::1", 8099)),
        ({"WEB_PASSWORD": "x"}, False, Door(Guard.PASSWORD, "0.0.0.0", 8099, "x")),
        (
            {"WEB_PASSWORD": "x", "WEB_HOST": "nas.local"},
            False,
            Door(Guard.PASSWORD, "nas.local", 8099, "x"),
        ),
        ({"WEB_PASSWORD": "x", "WEB_PORT": "80", "WEB_HOST": "::1"}, True, INGRESS),
    ],
)
def test_where_it_listens(environ: dict[str, str], ingress: bool, door: Door) -> None:
    found = door_of(load(environ, options_file=None).settings, ingress=ingress)
    assert found == door
    assert "x" not in repr(found).replace("proxy", "")


@pytest.mark.parametrize(
    ("guard", "frames"),
    [(Guard.SUPERVISOR, "'self'"), (Guard.PASSWORD, "'none'"), (Guard.LOOPBACK, "'none'")],
)
def test_what_the_browser_is_told(guard: Guard, frames: str) -> None:
    told = headers(guard)
    assert told["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        f" img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {frames}"
    )
    assert told["X-Content-Type-Options"] == "nosniff"
    assert told["Referrer-Policy"] == "no-referrer"
    assert told["Cache-Control"] == "no-store"
    assert "X-Frame-Options" not in told
