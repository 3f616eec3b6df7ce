"""The simulated Radarr behaves as the sources of the true one say, wire and oddities included."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from kometa_ai.demo.radarr import Mishap, SimulatedRadarr

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = "0123456789abcdef"
EDITOR = "/api/v3/movie/editor"
FILMS = [
    {"id": 1, "title": 'Amélie & "L\'Été" <+`\\', "tags": [1]},
    {"id": 2, "title": "Heat", "certification": None, "monitored": False},
    {"id": 5, "title": "Alien"},
]


@pytest.fixture
async def radarr() -> AsyncIterator[SimulatedRadarr]:
    async with SimulatedRadarr(FILMS, tags={"KAI-Noir": [1, 2]}, api_key=KEY) as radarr:
        yield radarr


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"X-Api-Key": KEY}) as session:
        yield session


async def ask(
    http: aiohttp.ClientSession, radarr: SimulatedRadarr, method: str, path: str, body: object = ...
) -> tuple[int, Any]:
    sent: dict[str, Any] = {} if body is ... else {"json": body}
    async with http.request(method, radarr.url + path, allow_redirects=False, **sent) as response:
        text = await response.text()
        return response.status, json.loads(text) if "json" in response.content_type else text


async def test_the_list_is_indented_ascii_with_the_id_last_and_nulls_left_out(
    radarr: SimulatedRadarr, http: aiohttp.ClientSession
) -> None:
    async with http.get(f"{radarr.url}/api/v3/movie") as response:
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert response.headers["Content-Encoding"] == "gzip"
        text = await response.text()
    assert text.isascii()
    assert text.startswith('[\n  {\n    "title": "Am')
    for sign in ("\\u00e9", "\\u0026", "\\u0022", "\\u0027", "\\u003C", "\\u002B", "\\u0060"):
        assert sign in text
    movies = json.loads(text)
    assert [movie["id"] for movie in movies] == [1, 2, 5]
    assert [list(movie)[-1] for movie in movies] == ["id", "id", "id"]
    assert movies[0]["title"] == FILMS[0]["title"]
    assert movies[0]["tags"] == movies[1]["tags"] == [1]
    assert "certification" not in movies[1]
    assert movies[1]["monitored"] is False
    assert 4300 < len(text) / 3 < 5300


async def test_it_tells_the_same_each_time(
    radarr: SimulatedRadarr, http: aiohttp.ClientSession
) -> None:
    first = await ask(http, radarr, "GET", "/api/v3/movie")
    assert first == await ask(http, radarr, "GET", "/api/v3/movie")
    radarr.change_movie(2, overview="New.")
    changed = await ask(http, radarr, "GET", "/api/v3/movie")
    assert changed[1][1]["overview"] == "New."
    assert (changed[1][0], changed[1][2]) == (first[1][0], first[1][2])


async def test_the_key_is_asked_for_everywhere_but_at_ping(radarr: SimulatedRadarr) -> None:
    async with aiohttp.ClientSession() as http:
        assert await ask(http, radarr, "GET", "/ping") == (200, {"status": "OK"})
        for path in ("/api", "/api/v3/movie", "/api/v3/nothing"):
            assert await ask(http, radarr, "GET", path) == (401, "")
        assert (await ask(http, radarr, "GET", f"/api?apikey={KEY}"))[0] == 200


async def test_a_wrong_key_in_the_query_beats_a_right_one_in_the_header(
    radarr: SimulatedRadarr, http: aiohttp.ClientSession
) -> None:
    assert (await ask(http, radarr, "GET", "/api?apikey=wrong"))[0] == 401


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/api/v3/movie/5", 200, "application/json"),
        ("/api/v3/movie/4", 404, "application/problem+json"),
        ("/api/v3/series", 404, "application/problem+json"),
        ("/radarr/api/v3/movie", 302, "application/octet-stream"),
        ("/login", 200, "text/html"),
    ],
)
async def test_what_is_found_where(
    radarr: SimulatedRadarr, http: aiohttp.ClientSession, path: str, status: int, kind: str
) -> None:
    async with http.get(radarr.url + path, allow_redirects=False) as response:
        assert (response.status, response.content_type) == (status, kind)


async def test_outside_of_a_url_base_it_redirects(http: aiohttp.ClientSession) -> None:
    async with SimulatedRadarr(api_key=KEY, url_base="/films") as radarr:
        assert radarr.url.endswith("/films")
        assert (await ask(http, radarr, "GET", "/api/v3/movie")) == (200, [])
        root = radarr.url.removesuffix("/films")
        async with http.get(f"{root}/api/v3/movie?a=b", allow_redirects=False) as response:
            assert response.status == 307
            assert response.headers["Location"] == "/films/api/v3/movie?a=b"


async def test_tags_have_radarrs_oddities(
    radarr: SimulatedRadarr, http: aiohttp.ClientSession
) -> None:
    tag = "/api/v3/tag"
    assert await ask(http, radarr, "GET", tag) == (200, [{"label": "kai-noir", "id": 1}])
    assert (await ask(http, radarr, "POST", tag, {"label": "kai-noir"}))[1]["id"] == 1
    status, conflict = await ask(http, radarr, "POST", tag, {"label": "KAI-Noir"})
    assert (status, "UNIQUE" in conflict["message"], "description" in conflict) == (409, True, True)
    status, rules = await ask(http, radarr, "POST", tag, {"label": "a b"})
    assert (status, rules[0]["errorCode"]) == (400, "RegularExpressionValidator")
    assert (await ask(http, radarr, "POST", tag, {"label": " "}))[0] == 400
    assert (await ask(http, radarr, "POST", tag, {"label": "x", "id": 3}))[0] == 500
    assert (await ask(http, radarr, "POST", tag, {"Label": "KAI-New"}))[1] == {
        "label": "kai-new",
        "id": 2,
    }
    assert (await ask(http, radarr, "DELETE", f"{tag}/1"))[0] == 409
    assert (await ask(http, radarr, "DELETE", f"{tag}/9"))[0] == 404
    assert (await ask(http, radarr, "DELETE", f"{tag}/0"))[0] == 400
    assert await ask(http, radarr, "DELETE", f"{tag}/2") == (200, "")
    # A number is never given twice.
    assert (await ask(http, radarr, "POST", tag, {"label": "kai-new"}))[1]["id"] == 3
    radarr.clean_up()
    assert radarr.labels == {1: "kai-noir"}
    details = (await ask(http, radarr, "GET", f"{tag}/detail"))[1]
    assert [(one["label"], one["movieIds"]) for one in details] == [("kai-noir", [1, 2])]
    assert (await ask(http, radarr, "GET", f"{tag}/detail/1"))[1] == details[0]
    assert (await ask(http, radarr, "GET", f"{tag}/detail/2"))[0] == 404


@pytest.mark.parametrize(
    ("body", "status", "tags"),
    [
        ({"movieIds": [5], "tags": [1], "applyTags": "add"}, 202, {1}),
        ({"MOVIEIDS": ["5"], "Tags": ["1"], "applytags": "Add"}, 202, {1}),
        ({"movieIds": [5], "tags": [1]}, 202, {1}),
        ({"movieIds": [5], "tags": [77], "applyTags": 0}, 202, {77}),
        ({"movieIds": [5], "tags": None, "applyTags": "replace"}, 202, set()),
        ({"movieIds": [5], "tags": [1], "applyTags": None}, 400, set()),
        ({"movieIds": [5], "tags": [1], "applyTags": "put"}, 400, set()),
        ({"movieIds": ["x"], "tags": [1]}, 400, set()),
        ({"movieIds": [5, 4], "tags": [1]}, 500, set()),
        ({"movieIds": [5, 5], "tags": [1]}, 500, set()),
        ({"tags": [1]}, 500, set()),
        ({"movieIds": [], "tags": [1]}, 202, set()),
        ([], 400, set()),
    ],
)
async def test_the_editor_takes_and_refuses_what_radarr_does(
    radarr: SimulatedRadarr,
    http: aiohttp.ClientSession,
    body: object,
    status: int,
    tags: set[int],
) -> None:
    assert (await ask(http, radarr, "PUT", EDITOR, body))[0] == status
    assert radarr.movies[5].tags == tags
    assert radarr.members("kai-noir") >= {1, 2}


async def test_the_editor_answers_with_full_movies_and_says_what_it_missed(
    radarr: SimulatedRadarr, http: aiohttp.ClientSession
) -> None:
    body = {"movieIds": [1, 5], "tags": [1], "applyTags": "remove"}
    _, movies = await ask(http, radarr, "PUT", EDITOR, body)
    assert [(movie["id"], movie["tags"]) for movie in movies] == [(1, []), (5, [])]
    assert "path" in movies[0]
    assert not {"statistics", "hasFile", "sizeOnDisk", "rootFolderPath"} & set(movies[0])
    _, failed = await ask(http, radarr, "PUT", EDITOR, {"movieIds": [1, 8, 9], "tags": [1]})
    assert failed["message"] == "Expected query to return 3 rows but returned 1"


async def test_what_is_not_json_is_refused(
    radarr: SimulatedRadarr, http: aiohttp.ClientSession
) -> None:
    async with http.put(radarr.url + EDITOR, data=b"movieIds=1") as response:
        assert response.status == 415
    async with http.get(radarr.url + "/api", headers={"Accept": "text/html"}) as response:
        assert response.status == 406
    json_type = {"Content-Type": "application/json"}
    async with http.put(radarr.url + EDITOR, data=b"{", headers=json_type) as response:
        assert (response.status, response.content_type) == (400, "application/problem+json")


async def test_a_whole_movie_put_does_its_harm_and_is_seen(
    radarr: SimulatedRadarr, http: aiohttp.ClientSession
) -> None:
    _, movie = await ask(http, radarr, "PUT", "/api/v3/movie/2", {"id": 2, "path": "/x"})
    assert (movie["tags"], movie["monitored"], movie["minimumAvailability"]) == (
        [],
        True,
        "released",
    )
    assert [seen.path for seen in radarr.writes()] == ["/api/v3/movie/2"]


async def test_hands_and_mishaps_change_it_behind_the_clients_back(
    radarr: SimulatedRadarr, http: aiohttp.ClientSession
) -> None:
    radarr.hand_untag(1, "kai-noir")
    radarr.hand_tag(5, "kai-noir")
    assert radarr.members("KAI-Noir") == {2, 5}
    radarr.mishaps.append(
        Mishap("GET", "/api/v3/movie", after=lambda radarr: radarr.remove_movie(1))
    )
    assert len((await ask(http, radarr, "GET", "/api/v3/movie"))[1]) == 3
    assert len((await ask(http, radarr, "GET", "/api/v3/movie"))[1]) == 2
    radarr.delete_tag("kai-noir")
    assert (radarr.labels, radarr.movies[5].tags) == ({}, set())
    assert radarr.add_movie({"title": "New"}) == 6


async def test_a_late_answer_keeps_no_other_request_waiting(
    radarr: SimulatedRadarr, http: aiohttp.ClientSession
) -> None:
    radarr.mishaps.append(Mishap("GET", "/api", delay=30))
    async with asyncio.TaskGroup() as group:
        late = group.create_task(ask(http, radarr, "GET", "/api"))
        assert (await ask(http, radarr, "GET", "/ping"))[0] == 200
        late.cancel()
