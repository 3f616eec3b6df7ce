"""The yardstick: the list of films downloaded and decoded to typed records, and nothing else.

The bare download takes the whole body and decodes it at once, with aiohttp and msgspec as they
are; the streamed one goes through the adapter's door, which never holds the body. Both keep the
fields that matter to a verdict, and no others.
"""

from __future__ import annotations

from typing import Final

import aiohttp
import msgspec

from kometa_ai.adapters.arr.door import Door, Timeouts
from kometa_ai.adapters.clock import SystemClock
from kometa_ai.adapters.radarr import Radarr
from script.benchmark.house import KEY

LIST: Final = "/api/v3/movie?excludeLocalCovers=true"


class Name(msgspec.Struct, gc=False):
    name: str | None = None


class Title(msgspec.Struct, gc=False):
    title: str | None = None


class Film(msgspec.Struct, rename="camel", gc=False):
    """The fields of a film that matter to a verdict."""

    id: int
    title: str
    year: int | None = 0
    tmdb_id: int | None = 0
    imdb_id: str | None = ""
    genres: tuple[str, ...] | None = ()
    tags: tuple[int, ...] | None = ()
    keywords: tuple[str, ...] | None = ()
    overview: str | None = ""
    certification: str | None = ""
    studio: str | None = ""
    original_language: Name | None = None
    collection: Title | None = None


async def body(url: str) -> bytes:
    """Download the list."""
    headers = {"X-Api-Key": KEY, "Accept-Encoding": "identity"}
    async with (
        aiohttp.ClientSession(headers=headers, read_bufsize=2**18) as session,
        session.get(url + LIST) as response,
    ):
        return await response.read()


async def bare(url: str) -> list[Film]:
    """Download the list and decode it at once."""
    return msgspec.json.decode(await body(url), type=list[Film])


async def streamed(url: str) -> list[Film]:
    """Download the list and decode it while it comes."""
    door = Door("Radarr", url, KEY, SystemClock(), verify_tls=True, timeouts=Timeouts())
    async with door:
        return await door.stream("GET", LIST, Film, list)


async def items(url: str) -> int:
    """Read the library as a run does; return how many titles it holds."""
    async with Radarr(url, KEY, clock=SystemClock()) as radarr:
        return len(await radarr.items())
