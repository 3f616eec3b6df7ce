"""Reading a Radarr: titles, tags, its version, and the address it is found at."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from kometa_ai.adapters.radarr import Radarr
from kometa_ai.demo.radarr import Mishap, SimulatedRadarr
from kometa_ai.domain.fault import SkipError, StopError, TryLaterError
from kometa_ai.domain.media import Kind, MediaItem, describe
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from kometa_ai.ports import Library

KEY = "0123456789abcdef"
HEAT = {
    "id": 7,
    "title": "Heat",
    "year": 1995,
    "tmdbId": 949,
    "imdbId": "tt0113277",
    "genres": ["Crime", "Drama"],
    "keywords": ["bank robbery", "los angeles"],
    "overview": 'A {thief} and a "cop" \\ L\'Été {{ 🎬.',
    "certification": "R",
    "studio": "Regency & Co",
    "originalLanguage": {"id": 2, "name": "French"},
    "collection": {"title": "Heat Collection", "tmdbId": 1},
}


@asynccontextmanager
async def simulated(
    *movies: dict[str, Any],
    url: str = "",
    **options: Any,
) -> AsyncIterator[tuple[SimulatedRadarr, Radarr]]:
    async with SimulatedRadarr(movies, api_key=KEY, **options) as radarr:
        address = url.replace("PORT", str(radarr.port)) or radarr.url
        async with Radarr(address, KEY, clock=FakeClock()) as library:
            yield radarr, library


async def test_a_film_is_read_with_all_that_matters_to_a_verdict() -> None:
    async with simulated(HEAT, tags={"kai-heists": [7], "4k": [7]}) as (_, library):
        (item,) = await library.items()
    assert item == MediaItem(
        library="radarr",
        kind=Kind.MOVIE,
        id=7,
        title="Heat",
        year=1995,
        genres=("Crime", "Drama"),
        tags=(1, 2),
        tmdb_id=949,
        imdb_id="tt0113277",
        language="French",
        certification="R",
        studio="Regency & Co",
        franchise="Heat Collection",
        keywords=("bank robbery", "los angeles"),
        overview='A {thief} and a "cop" \\ L\'Été {{ 🎬.',
    )
    assert item.line == (
        "Heat (1995) | Crime, Drama | French | R | Regency & Co | Heat Collection | "
        'bank robbery, los angeles | A {thief} and a "cop" \\ L\'Été {{ 🎬.'
    )


async def test_words_that_many_films_share_are_kept_once() -> None:
    async with simulated(HEAT, {**HEAT, "id": 8, "title": "Ronin"}) as (_, library):
        one, other = await library.items()
    assert one.keywords[0] is other.keywords[0]
    assert one.genres is other.genres
    for name in ("studio", "certification", "language"):
        assert getattr(one, name) is getattr(other, name)


async def test_it_is_a_library_as_the_run_knows_it() -> None:
    async with simulated() as (_, radarr):
        library: Library = radarr
        assert library.name == "radarr"
        assert await library.items() == []


async def test_fields_may_be_absent() -> None:
    bare = dict.fromkeys(set(HEAT) | {"genres", "keywords"}) | {"id": 3, "title": "Bare"}
    async with simulated(bare) as (_, library):
        (item,) = await library.items()
    assert (item.title, item.year, item.genres, item.tmdb_id, item.imdb_id) == (
        "Bare",
        0,
        (),
        0,
        "",
    )
    assert item.line == describe("Bare", 0, ())


async def test_fields_may_be_null() -> None:
    null = ", ".join(f'"{name}": null' for name in HEAT if name not in {"id", "title"})
    body = f'[{{"id": 3, "title": "Null", "tags": null, "new": {{}}, {null}}}]'
    async with simulated() as (radarr, library):
        radarr.mishaps.append(Mishap("GET", "/api/v3/movie", status=200, body=body))
        (item,) = await library.items()
    assert (item.line, item.tags) == (describe("Null", 0, ()), ())


@pytest.mark.parametrize(
    "body",
    ['[{"id": "7x", "title": "Heat"}]', '[{"id": 7}]', '[{"id": 7, "title": 5}]', '["Heat"]', "{}"],
)
async def test_a_record_of_another_shape_fails_the_whole_read(body: str) -> None:
    async with simulated() as (radarr, library):
        radarr.mishaps.append(Mishap("GET", "/api/v3/movie", status=200, body=body))
        with pytest.raises(StopError, match="sent a record that cannot be understood: "):
            await library.items()


async def test_many_films_arrive_in_order_and_equal_genres_are_kept_once() -> None:
    films = [{"id": i, "title": f"}}, {{ {i}", "genres": ["War"]} for i in range(1, 1201)]
    async with simulated(*films) as (_, library):
        items = await library.items()
    assert [item.id for item in items] == list(range(1, 1201))
    assert len({id(item.genres) for item in items}) == 1


async def test_a_packed_answer_is_read() -> None:
    # The name of this machine is no loopback address to the adapter, so it offers gzip.
    films = [{"id": i, "title": f"Film {i}"} for i in range(1, 301)]
    async with simulated(*films, url="http://127.0.0.2:PORT", host="127.0.0.2") as (
        radarr,
        library,
    ):
        assert len(await library.items()) == 300
        assert radarr.requests[0].headers["Accept-Encoding"] == "gzip"
        radarr.compress = False
        assert len(await library.items()) == 300


async def test_on_the_same_machine_nothing_is_packed() -> None:
    async with simulated(HEAT) as (radarr, library):
        await library.items()
        assert radarr.requests[0].headers["Accept-Encoding"] == "identity"


async def test_tags_and_members_come_in_lower_case_with_unused_ones() -> None:
    async with simulated(HEAT, tags={"KAI-Heists": [7], "Old Label": []}) as (_, library):
        assert await library.tags() == {"kai-heists": 1, "old label": 2}
        assert await library.members() == {"kai-heists": frozenset({7}), "old label": frozenset()}


async def test_a_tag_is_created_or_found() -> None:
    async with simulated(HEAT) as (radarr, library):
        number = await library.create_tag("KAI-Film-Noir")
        assert await library.create_tag("kai-film-noir") == number
        assert radarr.labels == {number: "kai-film-noir"}
        assert [seen.body for seen in radarr.writes()] == [{"label": "kai-film-noir"}] * 2


async def test_a_tag_that_somebody_else_creates_at_the_same_moment_is_looked_up() -> None:
    async with simulated(HEAT) as (radarr, library):
        radarr.mishaps.append(
            Mishap(
                "POST",
                "/api/v3/tag",
                status=409,
                body='{"message": "UNIQUE constraint failed: Tags.Label"}',
                before=lambda radarr: radarr.tag_number("kai-noir"),
            )
        )
        assert await library.create_tag("kai-noir") == 1


async def test_a_conflict_without_the_tag_is_told() -> None:
    async with simulated(HEAT) as (radarr, library):
        radarr.mishaps.append(Mishap("POST", "/api/v3/tag", status=409))
        with pytest.raises(SkipError, match=r"refused a request \(HTTP 409\)"):
            await library.create_tag("kai-noir")


async def test_no_other_tags_are_ever_created() -> None:
    async with simulated(HEAT) as (radarr, library):
        with pytest.raises(ValueError, match="only tags that begin with kai-"):
            await library.create_tag("4k")
        assert radarr.requests == []


async def test_a_label_that_radarr_refuses_is_told_in_its_words() -> None:
    async with simulated(HEAT) as (_, library):
        with pytest.raises(SkipError, match="HTTP 400: Allowed characters a-z, 0-9 and -"):
            await library.create_tag("kai-film_noir")


async def test_an_unused_tag_is_deleted_and_one_in_use_is_not() -> None:
    async with simulated(HEAT, tags={"kai-old": [], "kai-used": [7]}) as (radarr, library):
        await library.delete_tag(1)
        await library.delete_tag(1)  # gone already
        with pytest.raises(SkipError, match="HTTP 409"):
            await library.delete_tag(2)
        assert radarr.labels == {2: "kai-used"}


async def test_the_version_proves_that_it_is_a_radarr() -> None:
    async with simulated() as (radarr, library):
        assert (await library.version()).startswith("6.")
        radarr.app_name = "Sonarr"
        with pytest.raises(StopError, match="What answers at this address is Sonarr, not Radarr"):
            await library.version()


@pytest.mark.parametrize("end", ["", "/", "//", "/?apikey=wrong"])
async def test_a_url_base_and_a_slash_at_the_end_are_fine(end: str) -> None:
    url = f"http://127.0.0.1:PORT/films/radarr{end}"
    async with simulated(HEAT, url=url, url_base="/films/radarr") as (_, library):
        assert len(await library.items()) == 1


async def test_credentials_in_the_address_are_sent_but_not_shown() -> None:
    async with simulated(HEAT, url="http://me:s3cret@127.0.0.1:PORT") as (radarr, library):
        assert len(await library.items()) == 1
        assert radarr.requests[0].headers["Authorization"].startswith("Basic ")
        radarr.api_key = "changed"
        with pytest.raises(StopError) as caught:
            await library.items()
        assert caught.value.fault.where == f"Radarr at http://127.0.0.1:{radarr.port}"


@pytest.mark.parametrize("url", ["", "radarr:7878", "ftp://radarr", "http://", "http://h:port"])
def test_an_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(StopError, match="begins with http:// or https:// and names a host"):
        Radarr(url, KEY, clock=FakeClock())


async def test_a_self_signed_certificate_needs_leave() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with simulated(HEAT, ssl_context=context) as (radarr, library):
        with pytest.raises(TryLaterError) as caught:
            await library.items()
        assert "certificate of Radarr is not trusted: unable to get" in caught.value.fault.message
        assert "RADARR_VERIFY_TLS=false" in caught.value.fault.remedy
        assert radarr.requests == []
        async with Radarr(radarr.url, KEY, clock=FakeClock(), verify_tls=False) as trusting:
            assert len(await trusting.items()) == 1


@pytest.mark.parametrize("served", ["http", "https"])
async def test_http_and_https_mixed_up_are_told(served: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if served == "https" else None
    if context:
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    spoken = "http" if served == "https" else "https"
    url = f"{spoken}://127.0.0.1:PORT"
    async with simulated(HEAT, url=url, ssl_context=context) as (_, library):
        with pytest.raises(TryLaterError) as caught:
            await library.items()
        assert "http:// or https://" in caught.value.fault.remedy
