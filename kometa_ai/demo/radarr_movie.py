"""A movie as Radarr 6 tells of it, made from the few fields that matter to a test or the demo."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# The JSON encoder of .NET escapes these, too, besides everything that is not ASCII.
_ESCAPES = [(sign.encode(), f"\\u{ord(sign):04X}".encode()) for sign in "'&<>+`"]
_PAIR = re.compile(rb"\\(.)")
_GIB = 2**30
_NOT_IN_EDITS = ("statistics", "hasFile", "sizeOnDisk", "rootFolderPath")


def as_json(value: object) -> bytes:
    """Return a value as Radarr writes it: indented by two, and nothing but ASCII."""
    text = msgspec.json.encode(value)
    if not text.isascii():
        text = json.dumps(value, separators=(",", ":")).encode("ascii")
    for sign, escape in _ESCAPES:
        text = text.replace(sign, escape)
    if rb"\"" in text:
        text = _PAIR.sub(lambda pair: rb"\u0022" if pair[1] == b'"' else pair[0], text)
    return msgspec.json.format(text, indent=2)


def as_element(resource: Mapping[str, Any]) -> bytes:
    """Return a resource as it stands in an array, two further to the right."""
    return b"  " + as_json(resource).replace(b"\n", b"\n  ")


def edited(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the bulk editor answers of a resource."""
    return {name: value for name, value in resource.items() if name not in _NOT_IN_EDITS}


def resource(fields: Mapping[str, Any], tags: Collection[int]) -> dict[str, Any]:
    """Return the whole movie: what was given, everything else made up from its number.

    A field that is given as None is left out, as Radarr leaves out what is null; the id comes last.
    """
    number = int(fields["id"])
    title = str(fields.get("title") or f"Movie {number}")
    year = int(fields.get("year") or 1950 + number % 75)
    made_up = {
        "title": title,
        "originalTitle": title,
        "originalLanguage": {"id": 1, "name": "English"},
        "alternateTitles": _alternate_titles(number, title),
        "secondaryYearSourceId": 0,
        "sortTitle": title.lower(),
        "sizeOnDisk": _size(number),
        "status": "released",
        "overview": f"A film numbered {number}, about which nothing else was said.",
        "inCinemas": f"{year}-03-{1 + number % 28:02d}T00:00:00Z",
        "physicalRelease": f"{year}-09-{1 + number % 28:02d}T00:00:00Z",
        "digitalRelease": f"{year}-08-{1 + number % 28:02d}T00:00:00Z",
        "releaseDate": f"{year}-08-{1 + number % 28:02d}T00:00:00Z",
        "images": _images(number),
        "website": f"https://www.example.org/films/{number}",
        "year": year,
        "youTubeTrailerId": f"trailer{number:04d}",
        "studio": "",
        "path": f"/movies/{_folder(title, year)}",
        "qualityProfileId": 4,
        "hasFile": True,
        "movieFileId": number,
        "monitored": number % 3 != 0,
        "minimumAvailability": "announced" if number % 5 == 0 else "released",
        "isAvailable": True,
        "folderName": f"/movies/{_folder(title, year)}",
        "runtime": 80 + number % 60,
        "cleanTitle": _slug(title).replace("-", ""),
        "imdbId": f"tt{9_000_000 + number:07d}",
        "tmdbId": 1_000_000 + number,
        "titleSlug": str(fields.get("tmdbId") or 1_000_000 + number),
        "rootFolderPath": "/movies/",
        "folder": _folder(title, year),
        "certification": "PG-13",
        "genres": [],
        "keywords": [],
        "tags": sorted(tags),
        "added": f"2023-{1 + number % 12:02d}-{1 + number % 28:02d}T12:00:00Z",
        "ratings": _ratings(number),
        "movieFile": _movie_file(number, title, year),
        "popularity": 1 + number % 90 / 4,
        "statistics": {
            "movieFileCount": 1,
            "sizeOnDisk": _size(number),
            "releaseGroups": ["EXAMPLE"],
        },
    }
    made_up |= {name: value for name, value in fields.items() if name not in {"id", "tags"}}
    return {name: value for name, value in made_up.items() if value is not None} | {"id": number}


def _size(number: int) -> int:
    return 4 * _GIB + number * 7_654_321 % (8 * _GIB)


def _folder(title: str, year: int) -> str:
    return f"{re.sub(r'[:/?*]', '', title)} ({year})"


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _alternate_titles(number: int, title: str) -> list[dict[str, Any]]:
    return [
        {
            "sourceType": "tmdb",
            "movieMetadataId": number,
            "title": f"{title}, {other}",
            "id": 10 * number + place,
        }
        for place, other in enumerate(
            ("le film", "der Film", "la película", "o filme")[: number % 5]
        )
    ]


def _images(number: int) -> list[dict[str, str]]:
    return [
        {
            "coverType": cover,
            "url": f"/MediaCover/{number}/{cover}.jpg?lastWrite=638{number:015d}",
            "remoteUrl": f"https://image.tmdb.org/t/p/original/{cover}{number:020d}.jpg",
        }
        for cover in ("poster", "fanart", "clearlogo")
    ]


def _ratings(number: int) -> dict[str, Any]:
    return {
        source: {"votes": number * 37 % 90_000, "value": number % 50 / 5, "type": "user"}
        for source in ("imdb", "tmdb", "metacritic", "rottenTomatoes", "trakt")
    }


def _movie_file(number: int, title: str, year: int) -> dict[str, Any]:
    name = f"{_folder(title, year)} Bluray-1080p.mkv"
    return {
        "movieId": number,
        "relativePath": name,
        "path": f"/movies/{_folder(title, year)}/{name}",
        "size": _size(number),
        "dateAdded": "2023-05-06T07:08:09Z",
        "sceneName": f"{_slug(title).replace('-', '.')}.{year}.1080p.BluRay.x264-EXAMPLE",
        "releaseGroup": "EXAMPLE",
        "edition": "",
        "languages": [{"id": 1, "name": "English"}],
        "quality": {
            "quality": {
                "id": 7,
                "name": "Bluray-1080p",
                "source": "bluray",
                "resolution": 1080,
                "modifier": "none",
            },
            "revision": {"version": 1, "real": 0, "isRepack": False},
        },
        "customFormatScore": 0,
        "indexerFlags": 0,
        "mediaInfo": {
            "audioBitrate": 640_000,
            "audioChannels": 5.1,
            "audioCodec": "AC3",
            "audioLanguages": "eng",
            "audioStreamCount": 1,
            "videoBitDepth": 8,
            "videoBitrate": 9_000_000,
            "videoCodec": "x264",
            "videoFps": 23.976,
            "videoDynamicRange": "",
            "videoDynamicRangeType": "",
            "resolution": "1920x804",
            "runTime": f"1:{number % 60:02d}:12",
            "scanType": "Progressive",
            "subtitles": "eng/ger/fre",
        },
        "originalFilePath": name,
        "qualityCutoffNotMet": False,
        "id": number,
    }
