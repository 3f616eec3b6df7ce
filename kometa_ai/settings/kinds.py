"""The kinds of values that a setting can have: from the user's text to a typed value, or a reason.

A reason continues a sentence that begins with the value ("is not a whole number") and never
repeats the value: it may be a secret.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from kometa_ai.settings.files import open_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum

T = TypeVar("T")
R = TypeVar("R", str, tuple[str, ...], "Raw")
E = TypeVar("E", bound="StrEnum")

Raw: TypeAlias = str | tuple[str, ...]
"""What a source holds: one text, or a list of texts; stripped, never blank."""

Plain: TypeAlias = bool | int | float | str | list[str] | None
"""What JSON can say."""

MOST_MONEY = Decimal(1_000_000)
LONGEST = 16_384
"""Characters of the longest value: some kinds take a time that grows faster than their text."""


class Refused(Exception):
    """The text is no value of this kind; the reason continues the sentence "<value> …".

    ``at`` is the number of characters before the one that does not belong, where one can be named.
    """

    def __init__(self, reason: str, at: int | None = None) -> None:
        super().__init__(reason if at is None else f"{reason} (character {at + 1})")
        self.reason = reason
        self.at = at

    def further(self, characters: int, place: str = "") -> Refused:
        """Return the same for a text that begins so many characters earlier."""
        at = None if self.at is None else self.at + characters
        return Refused(f"{place}{self.reason}", at)


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """One kind of value: what is expected, how it is read, how it is written for JSON."""

    expected: str
    read: Callable[[Raw], T]
    plain: Callable[[T], Plain]


def one(expected: str, parse: Callable[[str], T], plain: Callable[[T], Plain] = str) -> Kind[T]:
    """Return the kind of a single value."""

    def read(raw: Raw) -> T:
        if not isinstance(raw, str):
            raise Refused("is a list where one value belongs")
        return parse(_readable(_bounded(raw)))

    return Kind(expected, read, plain)


def many(expected: str, parse: Callable[[str], T], separator: str = ",") -> Kind[tuple[T, ...]]:
    """Return the kind of a list: a text with separators, or a list as YAML and JSON know it."""

    def read(raw: Raw) -> tuple[T, ...]:
        entries = _entries(_bounded(raw), separator)
        if not entries:
            raise Refused("has separators but no entry")
        values: list[T] = []
        for number, (entry, before) in enumerate(entries, start=1):
            try:
                values.append(parse(_readable(entry)))
            except Refused as refused:
                place = f"is wrong in entry {number}: it " if len(entries) > 1 else ""
                raise refused.further(before, place) from None
        return tuple(values)

    def plain(values: tuple[T, ...]) -> Plain:
        texts = [str(value) for value in values]
        return texts if separator == "," else f"{separator} ".join(texts)

    return Kind(expected, read, plain)


def _entries(raw: Raw, separator: str) -> list[tuple[str, int]]:
    """Return each entry, and how many characters of its text stand before it."""
    if not isinstance(raw, str):
        return [(piece.strip(), 0) for piece in raw if piece.strip()]
    entries: list[tuple[str, int]] = []
    before = 0
    for piece in raw.split(separator):
        if piece.strip():
            entries.append((piece.strip(), before + len(piece) - len(piece.lstrip())))
        before += len(piece) + len(separator)
    return entries


def _bounded(raw: R) -> R:
    if len(raw) > LONGEST or sum(map(len, raw)) > LONGEST:
        raise Refused(f"is longer than {LONGEST:,} characters")
    return raw


def _readable(text: str) -> str:
    for character in text:
        if character != "\t" and unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}:
            raise Refused("has a line break, a control character or broken text inside")
    return text


def _word(text: str) -> str:
    if re.search(r"\s", text):
        raise Refused("has white space inside")
    return text


def _key(text: str) -> str:
    _word(text)
    if not (text.isascii() and text.isprintable()):
        raise Refused("has characters inside that no key has; was it copied from a formatted page?")
    return text


def _yes_no(text: str) -> bool:
    match text.lower():
        case "true" | "yes" | "on" | "1":
            return True
        case "false" | "no" | "off" | "0":
            return False
        case _:
            raise Refused("is neither yes nor no")


def whole(low: int, high: int, unit: str = "") -> Kind[int]:
    """Return the kind of a whole number within bounds, both included."""

    def parse(text: str) -> int:
        # int() alone would take 1_000, digits of every script, and texts of any length.
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            raise Refused("is not a whole number")
        number = int(text)
        if not low <= number <= high:
            raise Refused(f"is outside {low} to {high}")
        return number

    return one(f"a whole number from {low} to {high}{unit and ' '}{unit}", parse, int)


def _money(text: str) -> Decimal:
    if re.fullmatch(r"-[0-9.]+", text):
        raise Refused("is negative")
    if not re.fullmatch(r"\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)", text):
        raise Refused("is not an amount")
    amount = Decimal(text)
    if amount > MOST_MONEY:
        raise Refused(f"is more than {MOST_MONEY:,}")
    return amount


def choice(words: type[E]) -> Kind[E]:
    """Return the kind of one word out of an enum's values; capitals do not matter."""
    known = {word.value: word for word in words}

    def parse(text: str) -> E:
        if text.lower() not in known:
            raise Refused("is not one of the known words")
        return known[text.lower()]

    return one(" or ".join(known), parse)


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        only_numbers = re.fullmatch(r"[0-9.]+", text)
        return bool(re.fullmatch(r"(?!-)[\w-]+(\.[\w-]+)*\.?", text)) and not only_numbers
    return True


def _host(text: str) -> str:
    if "://" in text or "/" in text:
        raise Refused("is an address with a scheme or a path, where only the host's name belongs")
    if not _is_host(text):
        raise Refused("is not a host name or an IP address; a port has a setting of its own")
    return text


def _web_address(text: str) -> str:
    _word(text)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise Refused("has a host or a port that cannot be read") from None
    if parts.scheme not in {"http", "https"}:
        raise Refused("does not begin with http:// or https://")
    if not parts.hostname or not _is_host(parts.hostname):
        raise Refused("names no valid host")
    if port == 0:
        raise Refused("has port 0")
    return text


def _base_address(text: str) -> str:
    if "?" in text or "#" in text:
        raise Refused("has a ? or # inside, which is no part of a server's base address")
    return _web_address(text).rstrip("/")


def _heartbeat_address(text: str) -> str:
    # /start and /fail are put behind its path: a query may follow, a fragment means nothing.
    if "#" in text:
        raise Refused("has a # inside, which is no part of an address that is called")
    return _web_address(text).rstrip("/")


def _channel_address(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://\S+", text):
        raise Refused(
            "does not have the form name://… without white space"
            " (a comma inside an address is written %2C)"
        )
    return text


def _mail_address(text: str) -> str:
    named = re.fullmatch(r'(?:"[^"<>]*"|[^"<>@]*)<([^<>]*)>', text)
    address = named[1] if named else text
    if not re.fullmatch(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\/]+", address):
        raise Refused("is not an e-mail address")
    if not _is_host(address.rpartition("@")[2]):
        raise Refused("has no valid host behind its @")
    return text


def _topic(text: str) -> str:
    if "+" in text or "#" in text:
        raise Refused("has a + or # inside, which MQTT keeps for subscriptions")
    if text.startswith("/") or text.endswith("/") or "//" in text:
        raise Refused("has a slash at an end, or two in a row")
    if text.startswith("$"):
        raise Refused("begins with $, which brokers keep for themselves")
    return text


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise Refused("names a home folder that is not known here") from None


def _folders(raw: Raw) -> tuple[Path, ...]:
    # A comma may be part of a folder's name: a text is one folder.
    folders = (raw,) if isinstance(raw, str) else raw
    return tuple(_path(_readable(text)) for text in _bounded(folders))


def _plain_folders(folders: tuple[Path, ...]) -> Plain:
    return str(folders[0]) if len(folders) == 1 else [str(folder) for folder in folders]


def _file(text: str) -> Path:
    path = _path(text)
    try:
        open_file(path).close()
    except OSError as error:
        raise Refused(f"cannot be read: {error.strerror}") from None
    return path


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        by_lower = {name.lower(): name for name in available_timezones()}
        near = get_close_matches(text.lower(), by_lower, n=1)
        hint = f"; did you mean {by_lower[near[0]]}?" if near else ""
        raise Refused(f"is not a known time zone{hint}") from None


def _time_of_day(text: str) -> time:
    parts = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", text)
    if not parts:
        raise Refused("is not a time of day")
    return time(int(parts[1]), int(parts[2]))


TEXT = one("text on one line", str)
WORD = one("text without white space", _word)
KEY = one("a key without white space", _key)
YES_NO = one("true or false (also yes/no, on/off, 1/0)", _yes_no, bool)
MONEY = one("an amount in US dollars such as 5 or 0.50, not negative", _money, float)
PORT = whole(1, 65535)
HOST = one("a host name or an IP address, without scheme and port", _host)
BASE_URL = one("an address such as http://radarr:7878", _base_address)
HEARTBEAT = one("an address such as https://hc-ping.com/your-id", _heartbeat_address)
WEBHOOKS = many("addresses that begin with http:// or https://, separated by commas", _web_address)
CHANNELS = many("apprise addresses such as discord://…, separated by commas", _channel_address)
MAIL_ADDRESS = one("an e-mail address such as me@example.org", _mail_address)
MAIL_ADDRESSES = many("e-mail addresses, separated by commas", _mail_address)
TOPIC = one("an MQTT topic such as kometa_ai, without + and #, no slash at its ends", _topic)
FOLDER = one("the path of a folder", _path)
FOLDERS = Kind("the path of a folder", _folders, _plain_folders)
PATH = one("the path of a file", _path)
FILE = one("the path of a file that can be read", _file)
ZONE = one("a time zone such as Europe/Berlin", _zone)
TIME_OF_DAY = one("a time of day from 00:00 to 23:59", _time_of_day, "{:%H:%M}".format)
