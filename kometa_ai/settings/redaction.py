"""Keeps secrets out of any text that is about to be written: log lines, mails, tracebacks."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import quote, quote_plus, unquote

from kometa_ai.settings.declared import SETTINGS
from kometa_ai.settings.masking import MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kometa_ai.settings.declared import Settings

T = TypeVar("T")

SHORTEST = 4
"""Shorter secrets are left alone: to hide ``a1`` everywhere would make a text unreadable."""

SHORTEST_PART = 8


def redactor(settings: Settings) -> Callable[[str], str]:
    """Return a function that replaces every secret in a text with ``***``.

    It knows each secret as it is, URL-quoted, escaped for JSON and HTML, and as base64 in the
    logins of HTTP and SMTP. Build it once: it is one pattern over all of them.
    """
    forms = {
        form for secret in _secrets(settings) if len(secret) >= SHORTEST for form in _forms(secret)
    }
    forms.update(_logins(settings))
    if not forms:
        return lambda text: text
    # The longest first: a secret may be part of another one.
    pattern = re.compile("|".join(re.escape(form) for form in sorted(forms, key=len)[::-1]))
    return lambda text: pattern.sub(MASK, text)


def address_redactor(address: str) -> Callable[[str], str]:
    """Return a function that hides one secret address in what its own server says.

    Stricter than ``redactor``, which is for any text: every part of it goes, whatever the case.
    """
    rest = address.partition("://")[2]
    pieces = {address, rest, *_login_of_address(address)}
    place, _, query = rest.partition("?")
    pieces.update(re.split(r"[/@:,+#]", place))
    pairs = (pair.partition("=") for pair in re.split(r"[&;#]", query))
    pieces.update(value if equals else name for name, equals, value in pairs)
    forms: set[str] = set()
    for piece in pieces:
        for one in (piece, unquote(piece)):
            if len(one) >= SHORTEST:
                forms.update(_forms(one))
    forms.update(_base64(unquote(login)) for login in _login_of_address(address) if login)
    if not forms:
        return lambda text: text
    # Between other letters a plain word is part of another one: "text" in "context".
    ordered = sorted(forms, key=len, reverse=True)
    pattern = re.compile(
        "|".join(rf"\b{form}\b" if form.isalpha() else re.escape(form) for form in ordered),
        re.IGNORECASE,
    )
    return lambda text: pattern.sub(MASK, text)


def redact(text: str, settings: Settings) -> str:
    """Return the text with every secret replaced; see ``redactor`` for many texts."""
    return redactor(settings)(text)


def masked(value: T, redact: Callable[[str], str]) -> T:
    """Return a value with every secret masked, in whatever texts it holds."""
    return cast("T", _masked(value, redact))


def _masked(value: object, redact: Callable[[str], str]) -> object:
    if type(value) is str:
        return redact(value)
    if isinstance(value, dict):
        return {key: _masked(one, redact) for key, one in value.items()}
    if isinstance(value, list):
        return [_masked(one, redact) for one in value]
    if isinstance(value, tuple):
        make = getattr(value, "_make", tuple)  # a named tuple stays one
        return make(_masked(one, redact) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {one.name: getattr(value, one.name) for one in fields(value) if one.init}
        return replace(value, **{name: _masked(part, redact) for name, part in parts.items()})
    return value


def _secrets(settings: Settings) -> Iterator[str]:
    for setting in SETTINGS:
        value = getattr(settings, setting.name)
        texts = value if isinstance(value, tuple) else (value,)
        for text in texts:
            if not isinstance(text, str):
                continue
            if setting.secret:
                yield text
                yield from _parts(text)
            if "://" in text:
                yield from _login_of_address(text)


def _parts(text: str) -> Iterator[str]:
    """Yield what is secret inside a secret address: libraries write it in other forms."""
    scheme, scheme_end, rest = text.partition("://")
    if not scheme_end:
        return
    if scheme.lower() in {"http", "https"}:
        # The machine is no secret: Radarr may run on it too, and its faults are to be readable.
        # Only apprise's own schemes put a token in its place.
        place = re.split(r"[/?#]", rest)[0]
        login, _, _ = place.rpartition("@")
        rest = f"{login}/{rest[len(place) :]}"
    for part in re.split(r"[/?&=@:#]", rest):
        # Words such as "services" are left alone: a token has digits or mixed capitals.
        if len(part) >= SHORTEST_PART and re.search(r"[0-9]|[a-z].*[A-Z]|[A-Z].*[a-z]", part):
            yield part
            yield unquote(part)


def _login_of_address(text: str) -> Iterator[str]:
    rest = text.partition("://")[2]
    host_part = re.split(r"[/?#]", rest)[0]
    # A password may hold a slash or an @ that was not quoted: the whole is looked at as well.
    for place in (host_part, rest):
        login, at, _ = place.rpartition("@")
        password = login.partition(":")[2]
        if at:
            yield from (login, unquote(login), password, unquote(password))


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret)
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield html.escape(secret)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield _base64(secret)


def _logins(settings: Settings) -> Iterator[str]:
    pairs = (
        (settings.smtp_username, settings.smtp_password),
        (settings.mqtt_username, settings.mqtt_password),
    )
    for user, password in pairs:
        if user and password:
            yield _base64(f"{user}:{password}")  # HTTP's Basic
            yield _base64(f"\0{user}\0{password}")  # SMTP's AUTH PLAIN


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode().rstrip("=")
