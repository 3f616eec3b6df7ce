"""A long JSON array, read into typed records piece by piece while it arrives.

Decoding the whole body at once needs three times the memory of the body, and decoding object by
object in Python is slow: here some hundred objects at a time go through the C decoder.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

Record = TypeVar("Record")

PIECE = 2**19
# Radarr and Sonarr indent by two and end an object of the outermost array like this. A string
# cannot hold a raw line feed, so it is never text.
_TOP_LEVEL_END = b"\n  },"
_INDEX = re.compile(r"(?<=\$\[)\d+")


class JsonStreamError(Exception):
    """The bytes are not, or not to the end, a JSON array."""


class RecordError(Exception):
    """The JSON is sound, but a record in it has not the expected shape."""


class ArrayReader(Generic[Record]):
    """Takes the bytes of one JSON array as they come and gives its records, typed.

    A piece that ends between two records is closed by writing ``]`` over the comma there and
    decoded in place; the comma then becomes the ``[`` of the rest. That the piece decodes is the
    proof that the comma was one between two records: the decoder reads from a true beginning, so
    at any other place a string or an object would still be open.
    """

    def __init__(self, record: type[Record], piece: int = PIECE) -> None:
        self._decoder = msgspec.json.Decoder(list[record])  # type: ignore[valid-type] # a type that is an argument
        self._buffer = bytearray()
        self._piece = piece
        self._wanted = piece
        self._count = 0

    def feed(self, data: bytes) -> list[Record]:
        """Take more bytes; once they make up a piece, return the records that are complete."""
        self._buffer += data
        if len(self._buffer) < self._wanted:
            return []
        for comma in self._commas():
            try:
                records = self._close_at(comma)
            except JsonStreamError:
                continue
            self._wanted = self._piece
            return records
        # Twice as much before the next try keeps the work linear, whatever the bytes are.
        self._wanted = 2 * len(self._buffer)
        return []

    def finish(self) -> list[Record]:
        """Return the remaining records; the array has to be complete by now."""
        records = self._decode(memoryview(self._buffer))
        if self._count and not records:
            raise JsonStreamError("nothing follows the last comma")
        self._buffer.clear()
        return records

    def _commas(self) -> Iterator[int]:
        """Yield where the piece may end: the place found quickly, then the one found surely."""
        end = self._buffer.rfind(_TOP_LEVEL_END)
        if end >= 0:
            yield end + len(_TOP_LEVEL_END) - 1
        comma = last_comma(bytes(self._buffer))
        if comma >= 0:
            yield comma

    def _close_at(self, comma: int) -> list[Record]:
        self._buffer[comma] = ord("]")
        try:
            records = self._decode(memoryview(self._buffer)[: comma + 1])
        except JsonStreamError:
            self._buffer[comma] = ord(",")
            raise
        del self._buffer[:comma]
        self._buffer[0] = ord("[")
        self._count += len(records)
        return records

    def _decode(self, text: memoryview) -> list[Record]:
        try:
            with text:
                return self._decoder.decode(text)
        except msgspec.ValidationError as error:
            shift = self._count
            told = _INDEX.sub(lambda index: str(int(index[0]) + shift), str(error), count=1)
            raise RecordError(told) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise JsonStreamError(str(error)) from error


def last_comma(text: bytes) -> int:
    """Return where the last comma between two objects of the outermost array is, or -1.

    Right for any layout: with the escaped quotation marks blanked out, every second part between
    the remaining ones lies outside of strings, and only there braces and commas count.
    """
    plain = text.replace(rb"\\", b"__").replace(rb"\"", b"__")
    parts = plain.split(b'"')
    outside = b"".join(parts[::2])
    depth = outside.count(b"{") - outside.count(b"}")
    comma, end = -1, len(plain)
    for index in range(len(parts) - 1, -1, -1):
        end -= len(parts[index])
        marks = parts[index] if index % 2 == 0 else b""
        for offset in range(len(marks) - 1, -1, -1):
            mark = marks[offset : offset + 1]
            if mark == b"}" and depth == 0 and comma >= 0:
                return comma
            if mark == b",":
                comma = end + offset
            elif mark in b"{}":
                depth += 1 if mark == b"}" else -1
                comma = -1
        end -= 1
    return -1
