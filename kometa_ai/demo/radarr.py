"""A simulated Radarr behind real HTTP: what its v3 API does, and what can go wrong with it.

It stands beyond the wire, so that the demo, the tests and the bench use the true adapter. What it
does was read from Radarr's sources, its oddities included: a bulk edit that names a movie which is
gone fails as a whole, a tag number that does not exist is stored without a word.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from aiohttp import web

from kometa_ai.demo.radarr_movie import as_element, edited, resource
from kometa_ai.demo.radarr_wire import (
    VERSION,
    Listing,
    Reply,
    Seen,
    answer,
    blocks,
    broken_rule,
    failure,
    loaded,
    problem,
    reset,
    send,
    unreadable,
)

__all__ = ["Mishap", "Movie", "Seen", "SimulatedRadarr"]

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import TracebackType

_LABEL = re.compile(r"[a-z0-9-]+", re.IGNORECASE)
_APPLY = {
    "add": "add",
    "remove": "remove",
    "replace": "replace",
    0: "add",
    1: "remove",
    2: "replace",
}


@dataclass(slots=True)
class Mishap:
    """Something that goes wrong with the next requests that match it.

    With a ``status`` the request is not carried out and that answer is given instead. All else
    happens to the true answer: it comes late, is cut off after some bytes, or never comes because
    the connection is reset. ``before`` and ``after`` change the library behind the client's back,
    before the request is carried out or as soon as its answer is made.
    """

    method: str
    path: str
    times: int = 1
    status: int = 0
    body: str = ""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut_after: int | None = None
    reset: bool = False
    before: Callable[[SimulatedRadarr], object] | None = None
    after: Callable[[SimulatedRadarr], object] | None = None

    def hits(self, method: str, path: str) -> bool:
        """Whether it concerns such a request; ``*`` as the method or the path is any."""
        return self.times > 0 and self.method in {method, "*"} and self.path in {path, "*"}


@dataclass(slots=True)
class Movie:
    """A movie: the fields that were given, its tags, and its JSON for as long as that is right."""

    fields: dict[str, Any]
    tags: set[int]
    text: bytes | None = None

    def element(self) -> bytes:
        """Return it as an element of the list."""
        if self.text is None:
            self.text = as_element(resource(self.fields, self.tags))
        return self.text


class SimulatedRadarr:
    """A Radarr with the given movies, alive inside ``async with``.

    ``movies`` are in Radarr's own shape; what they leave out is made up (``radarr_movie.py``), and
    ``tags`` names the movies that carry a label from the beginning.
    """

    def __init__(
        self,
        movies: Iterable[Mapping[str, Any]] = (),
        *,
        tags: Mapping[str, Iterable[int]] | None = None,
        api_key: str = "simulated-radarr-key",
        url_base: str = "",
        host: str = "127.0.0.1",
        port: int = 0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.api_key = api_key
        self.url_base = url_base.rstrip("/")
        self.host = host
        self.port = port
        self.app_name = "Radarr"
        self.compress = True
        self.asks_for_login = True
        self.movies: dict[int, Movie] = {}
        self.labels: dict[int, str] = {}
        self.requests: list[Seen] = []
        self.mishaps: list[Mishap] = []
        self.refused: dict[int, str] = {}
        self.always_off: set[str] = set()
        self.always_on: set[str] = set()
        self._next_tag = 1
        self._listing = Listing(self._elements)
        self._ssl_context = ssl_context
        for movie in movies:
            self.add_movie(movie)
        for label, ids in (tags or {}).items():
            self.tag_number(label)
            for number in ids:
                self.hand_tag(number, label)

    # --- its life ----------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The address to put into RADARR_URL."""
        scheme = "https" if self._ssl_context else "http"
        return f"{scheme}://{self.host}:{self.port}{self.url_base}"

    async def __aenter__(self) -> Self:
        """Listen, on a free port unless one was given."""
        self._runner = web.ServerRunner(web.Server(self._serve), shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port, ssl_context=self._ssl_context)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection."""
        await self._runner.cleanup()

    # --- what a person, another tool or a test does to it --------------------------------------

    def add_movie(self, fields: Mapping[str, Any]) -> int:
        """Add a movie and return its number."""
        number = int(fields.get("id") or max(self.movies, default=0) + 1)
        self.movies[number] = Movie({**fields, "id": number}, set(fields.get("tags") or ()))
        self._listing.changed()
        return number

    def remove_movie(self, number: int) -> None:
        """Delete a movie."""
        del self.movies[number]
        self._listing.changed()

    def change_movie(self, number: int, **fields: object) -> None:
        """Set fields of a movie, named as in its JSON; None takes one out of it."""
        self.movies[number].fields |= fields
        self._changed(self.movies[number])

    def tag_number(self, label: str) -> int:
        """Return a tag's number; a tag that does not exist is created."""
        for number, known in self.labels.items():
            if known == label.lower():
                return number
        # As with SQLite's AUTOINCREMENT, a number is never used twice.
        number, self._next_tag = self._next_tag, self._next_tag + 1
        self.labels[number] = label.lower()
        return number

    def hand_tag(self, movie: int, label: str) -> None:
        """Put a tag on a movie by hand."""
        self.movies[movie].tags.add(self.tag_number(label))
        self._changed(self.movies[movie])

    def hand_untag(self, movie: int, label: str) -> None:
        """Take a tag off a movie by hand."""
        self.movies[movie].tags.discard(self.tag_number(label))
        self._changed(self.movies[movie])

    def delete_tag(self, label: str) -> None:
        """Delete a tag although it is in use, and take it off every movie."""
        number = self.tag_number(label)
        del self.labels[number]
        for movie in self.movies.values():
            if number in movie.tags:
                movie.tags.discard(number)
                self._changed(movie)

    def clean_up(self) -> None:
        """Delete unused tags, as Radarr does once a day."""
        used = set().union(*(movie.tags for movie in self.movies.values()))
        self.labels = {number: label for number, label in self.labels.items() if number in used}

    def members(self, label: str) -> set[int]:
        """Return which movies carry a tag."""
        numbers = {number for number, known in self.labels.items() if known == label.lower()}
        return {number for number, movie in self.movies.items() if numbers & movie.tags}

    def writes(self) -> list[Seen]:
        """Return the requests that were meant to change something."""
        return [seen for seen in self.requests if seen.method != "GET"]

    def _changed(self, movie: Movie) -> None:
        movie.text = None
        self._listing.changed()

    # --- the wire ------------------------------------------------------------------------------

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, mishaps included."""
        raw = await request.content.read()
        path = request.path.removeprefix(self.url_base) if self._below_base(request) else ""
        path = path or request.path
        seen = Seen(request.method, path, loaded(raw), request.headers.copy())
        self.requests.append(seen)
        mishap = next((one for one in self.mishaps if one.hits(seen.method, seen.path)), None)
        if mishap is None:
            reply = self._reply(request, seen, raw)
            return await send(request, reply, compress=self.compress, cut_after=None)
        mishap.times -= 1
        if mishap.before:
            mishap.before(self)
        if mishap.status:
            body = (mishap.body.encode(),) if mishap.body else None
            reply = Reply(mishap.status, body, mishap.content_type, mishap.headers)
        else:
            reply = self._reply(request, seen, raw)
        if mishap.after:
            reply = replace(reply, body=None if reply.body is None else list(reply.body))
            mishap.after(self)
        await asyncio.sleep(mishap.delay)
        if mishap.reset:
            return reset(request)
        return await send(request, reply, compress=self.compress, cut_after=mishap.cut_after)

    def _below_base(self, request: web.BaseRequest) -> bool:
        return not self.url_base or f"{request.path}/".startswith(f"{self.url_base}/")

    # --- the program -----------------------------------------------------------------------------

    def _reply(self, request: web.BaseRequest, seen: Seen, raw: bytes) -> Reply:
        """Go through Radarr's gates in its order, then to the endpoint."""
        if seen.path == "/ping" and self._below_base(request):
            return answer(200, {"status": "OK"})
        given = request.query.get("apikey") or request.headers.get("X-Api-Key", "")
        if seen.path.startswith("/api") and given != self.api_key:
            return Reply(401)
        if not self._below_base(request):
            return Reply(307, headers={"Location": self.url_base + request.path_qs})
        if not seen.path.startswith("/api"):
            return self._page(seen.path)
        accepted = request.headers.get("Accept", "*/*")
        if not any(kind in accepted for kind in ("json", "*/*", "application/*")):
            return Reply(406)
        if seen.method in {"PUT", "POST"}:
            if "json" not in request.headers.get("Content-Type", ""):
                return problem(415, "Unsupported Media Type")
            if not isinstance(seen.body, dict):
                return unreadable("$", "System.Object", raw)
        return self._endpoint(seen)

    def _page(self, path: str) -> Reply:
        """Answer what is no API with the pages of the program."""
        if self.asks_for_login and path != "/login":
            return Reply(302, headers={"Location": f"{self.url_base}/login?returnUrl={path}"})
        return Reply(200, (b"<!doctype html><title>Radarr</title>",), "text/html")

    def _endpoint(self, seen: Seen) -> Reply:
        for method, pattern, handle in self._ENDPOINTS:
            match = re.fullmatch(pattern, seen.path)
            if match and method == seen.method:
                body = seen.body if isinstance(seen.body, dict) else {}
                return handle(
                    self,
                    *map(int, match.groups()),
                    **({"body": _folded(body)} if method in {"PUT", "POST"} else {}),
                )
        return problem(404, "Not Found")

    def _about(self) -> Reply:
        return answer(200, {"current": "v3", "deprecated": []})

    def _status(self) -> Reply:
        return answer(
            200,
            {
                "appName": self.app_name,
                "instanceName": self.app_name,
                "version": VERSION,
                "urlBase": self.url_base,
            },
        )

    def _list_movies(self) -> Reply:
        return Reply(200, self._listing)

    def _elements(self) -> Iterator[bytes]:
        return (movie.element() for movie in list(self.movies.values()))

    def _one_movie(self, number: int) -> Reply:
        movie = self.movies.get(number)
        if movie is None:
            return problem(404, "Not Found")
        return answer(200, resource(movie.fields, movie.tags))

    def _put_movie(self, number: int, *, body: dict[str, Any]) -> Reply:
        """Do the harm that a whole-movie PUT does: what the body leaves out is set back."""
        number = int(body.get("id") or number)
        movie = self.movies.get(number)
        if movie is None:
            return failure(404, f"Movie with ID {number} does not exist")
        movie.tags = set(body.get("tags") or ())
        self.change_movie(
            number,
            monitored=body.get("monitored", True),
            minimumAvailability=body.get("minimumavailability", "released"),
        )
        return answer(202, resource(movie.fields, movie.tags))

    def _list_tags(self) -> Reply:
        tags = sorted((label, number) for number, label in self.labels.items())
        return answer(200, [{"label": label, "id": number} for label, number in tags])

    def _create_tag(self, *, body: dict[str, Any]) -> Reply:
        label = str(body.get("label") or "")
        if not label.strip():
            return broken_rule("label", "'Label' must not be empty.", "NotEmptyValidator")
        if not _LABEL.fullmatch(label):
            said = "Allowed characters a-z, 0-9 and -"
            return broken_rule("label", said, "RegularExpressionValidator")
        if body.get("id"):
            return failure(500, "Can't insert model with existing ID")
        # The look-up comes before the label is put in lower case, hence the conflict.
        if label not in self.labels.values() and label.lower() in self.labels.values():
            return failure(409, "constraint failed\nUNIQUE constraint failed: Tags.Label")
        return answer(201, {"label": label.lower(), "id": self.tag_number(label)})

    def _delete_tag(self, number: int) -> Reply:
        if number <= 0:
            said = f"{number} is not a valid ID"
            return answer(400, {"message": f"BadRequest: {said}", "content": said})
        if number not in self.labels:
            return failure(404, f"Tag with ID {number} does not exist")
        if any(number in movie.tags for movie in self.movies.values()):
            return failure(409, f"'{self.labels[number]}' is still in use")
        del self.labels[number]
        return Reply(200)

    def _tag_details(self) -> Reply:
        carriers: dict[int, list[int]] = {number: [] for number in self.labels}
        for number, movie in self.movies.items():
            for tag in movie.tags & carriers.keys():
                carriers[tag].append(number)
        return answer(200, [self._detail(tag, ids) for tag, ids in carriers.items()])

    def _tag_detail(self, number: int) -> Reply:
        if number not in self.labels:
            return problem(404, "Not Found")
        ids = [one for one, movie in self.movies.items() if number in movie.tags]
        return answer(200, self._detail(number, ids))

    def _detail(self, tag: int, ids: list[int]) -> dict[str, Any]:
        others = ("delayProfileIds", "importListIds", "notificationIds", "restrictionIds")
        more = ("indexerIds", "downloadClientIds", "autoTagIds")
        unused: dict[str, list[int]] = {name: [] for name in (*others, *more)}
        return {"label": self.labels[tag], **unused, "movieIds": ids, "id": tag}

    def _edit_movies(self, *, body: dict[str, Any]) -> Reply:
        """Change the tags of many movies at once, or of none."""
        ids, tags = body.get("movieids"), body.get("tags") or []
        for name, numbers in (("movieIds", ids or []), ("tags", tags)):
            for place, number in enumerate(numbers):
                if not str(number).lstrip("-").isdecimal():
                    return unreadable(f"$.{name}[{place}]", "System.Int32", b"")
        apply = body.get("applytags", "add")
        apply = _APPLY.get(apply.lower() if isinstance(apply, str) else apply)
        if apply is None:
            return unreadable("$.applyTags", "Radarr.Api.V3.ApplyTags", b"")
        if ids is None:
            return failure(500, "Value cannot be null. (Parameter 'source')")
        found = [self.movies[number] for number in {*map(int, ids)} & self.movies.keys()]
        if len(found) != len(ids):
            said = f"Expected query to return {len(ids)} rows but returned {len(found)}"
            return failure(500, said)
        if refused := [number for number in map(int, ids) if number in self.refused]:
            return failure(500, self.refused[refused[0]])
        for movie in found:
            self._retag(movie, apply, {*map(int, tags)})
        movies = (as_element(edited(resource(movie.fields, movie.tags))) for movie in found)
        return Reply(202, list(blocks(movies)))

    def _retag(self, movie: Movie, apply: str, tags: set[int]) -> None:
        """Apply an edit to one movie, and the auto-tagging rules after it."""
        if apply == "replace":
            movie.tags = set(tags)
        elif apply == "add":
            movie.tags |= tags
        else:
            movie.tags -= tags
        movie.tags |= {self.tag_number(label) for label in self.always_on}
        movie.tags -= {self.tag_number(label) for label in self.always_off}
        self._changed(movie)

    _ENDPOINTS: ClassVar[list[tuple[str, str, Callable[..., Reply]]]] = [
        ("GET", r"/api", _about),
        ("GET", r"/api/v3/system/status", _status),
        ("GET", r"/api/v3/movie", _list_movies),
        ("PUT", r"/api/v3/movie/editor", _edit_movies),
        ("GET", r"/api/v3/movie/(\d+)", _one_movie),
        ("PUT", r"/api/v3/movie/(\d+)", _put_movie),
        ("GET", r"/api/v3/tag", _list_tags),
        ("POST", r"/api/v3/tag", _create_tag),
        ("DELETE", r"/api/v3/tag/(-?\d+)", _delete_tag),
        ("GET", r"/api/v3/tag/detail", _tag_details),
        ("GET", r"/api/v3/tag/detail/(\d+)", _tag_detail),
    ]


def _folded(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body with lower-case keys: Radarr does not mind their case."""
    return {key.lower(): value for key, value in body.items()}
