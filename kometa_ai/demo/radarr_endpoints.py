"""What a simulated Radarr answers: the endpoints of its v3 API.

What they do was read from Radarr's sources, its oddities included: a bulk edit that names a movie
which is gone fails as a whole, a tag number that does not exist is stored without a word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from kometa_ai.demo.radarr_movie import as_element, edited, resource
from kometa_ai.demo.radarr_wire import (
    Reply,
    answer,
    blocks,
    broken_rule,
    failure,
    problem,
    unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from kometa_ai.demo.radarr_records import Records
    from kometa_ai.demo.radarr_wire import Seen

_LABEL = re.compile(r"[a-z0-9-]+", re.IGNORECASE)
_APPLY = {
    "add": "add",
    "remove": "remove",
    "replace": "replace",
    0: "add",
    1: "remove",
    2: "replace",
}


def endpoint(records: Records, seen: Seen) -> Reply:
    """Answer a request to the API, and change the records as it asks."""
    for method, pattern, handle in _ENDPOINTS:
        match = re.fullmatch(pattern, seen.path)
        if match and method == seen.method:
            body = seen.body if isinstance(seen.body, dict) else {}
            return handle(
                records,
                *map(int, match.groups()),
                **({"body": _folded(body)} if method in {"PUT", "POST"} else {}),
            )
    return problem(404, "Not Found")


def _list_movies(records: Records) -> Reply:
    return Reply(200, records.listing)


def _one_movie(records: Records, number: int) -> Reply:
    movie = records.movies.get(number)
    if movie is None:
        return problem(404, "Not Found")
    return answer(200, resource(movie.fields, movie.tags))


def _put_movie(records: Records, number: int, *, body: dict[str, Any]) -> Reply:
    """Do the harm that a whole-movie PUT does: what the body leaves out is set back."""
    number = int(body.get("id") or number)
    movie = records.movies.get(number)
    if movie is None:
        return failure(404, f"Movie with ID {number} does not exist")
    movie.tags = set(body.get("tags") or ())
    records.change_movie(
        number,
        monitored=body.get("monitored", True),
        minimumAvailability=body.get("minimumavailability", "released"),
    )
    return answer(202, resource(movie.fields, movie.tags))


def _list_tags(records: Records) -> Reply:
    tags = sorted((label, number) for number, label in records.labels.items())
    return answer(200, [{"label": label, "id": number} for label, number in tags])


def _create_tag(records: Records, *, body: dict[str, Any]) -> Reply:
    label = str(body.get("label") or "")
    if not label.strip():
        return broken_rule("label", "'Label' must not be empty.", "NotEmptyValidator")
    if not _LABEL.fullmatch(label):
        said = "Allowed characters a-z, 0-9 and -"
        return broken_rule("label", said, "RegularExpressionValidator")
    if body.get("id"):
        return failure(500, "Can't insert model with existing ID")
    # The look-up comes before the label is put in lower case, hence the conflict.
    if label not in records.labels.values() and label.lower() in records.labels.values():
        return failure(409, "constraint failed\nUNIQUE constraint failed: Tags.Label")
    return answer(201, {"label": label.lower(), "id": records.tag_number(label)})


def _delete_tag(records: Records, number: int) -> Reply:
    if number <= 0:
        said = f"{number} is not a valid ID"
        return answer(400, {"message": f"BadRequest: {said}", "content": said})
    if number not in records.labels:
        return failure(404, f"Tag with ID {number} does not exist")
    if any(number in movie.tags for movie in records.movies.values()):
        return failure(409, f"'{records.labels[number]}' is still in use")
    del records.labels[number]
    return Reply(200)


def _tag_details(records: Records) -> Reply:
    carriers: dict[int, list[int]] = {number: [] for number in records.labels}
    for number, movie in records.movies.items():
        for tag in movie.tags & carriers.keys():
            carriers[tag].append(number)
    return answer(200, [_detail(records, tag, ids) for tag, ids in carriers.items()])


def _tag_detail(records: Records, number: int) -> Reply:
    if number not in records.labels:
        return problem(404, "Not Found")
    ids = [one for one, movie in records.movies.items() if number in movie.tags]
    return answer(200, _detail(records, number, ids))


def _detail(records: Records, tag: int, ids: list[int]) -> dict[str, Any]:
    others = ("delayProfileIds", "importListIds", "notificationIds", "restrictionIds")
    more = ("indexerIds", "downloadClientIds", "autoTagIds")
    unused: dict[str, list[int]] = {name: [] for name in (*others, *more)}
    return {"label": records.labels[tag], **unused, "movieIds": ids, "id": tag}


def _edit_movies(records: Records, *, body: dict[str, Any]) -> Reply:
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
    found = [records.movies[number] for number in {*map(int, ids)} & records.movies.keys()]
    if len(found) != len(ids):
        said = f"Expected query to return {len(ids)} rows but returned {len(found)}"
        return failure(500, said)
    if refused := [number for number in map(int, ids) if number in records.refused]:
        return failure(500, records.refused[refused[0]])
    for movie in found:
        records.retag(movie, apply, {*map(int, tags)})
    movies = (as_element(edited(resource(movie.fields, movie.tags))) for movie in found)
    return Reply(202, list(blocks(movies)))


def _folded(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body with lower-case keys: Radarr does not mind their case."""
    return {key.lower(): value for key, value in body.items()}


_ENDPOINTS: Final[list[tuple[str, str, Callable[..., Reply]]]] = [
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
