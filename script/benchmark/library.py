"""A library and collections of any number: the same every time.

The films are made from the demo's, or from real ones (``real``).
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from script.benchmark.real import real_films

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

SENTENCES: Final = (1, 3, 3, 4, 4)
"""How many sentences an overview has: 300 characters on average, as overviews on TMDB."""
REMARKS: Final = (
    "Shot over eleven weeks on location, it was finished a year late and at twice the price.",
    "The script went through nine hands before the director took it up and threw half of it away.",
    "Critics were divided when it came out; audiences stayed away at first and came round later.",
    "It was restored from the original negative and shown again at several festivals.",
    "The lead was cast a week before the first day, after two better known names had said no.",
    "Told in three long parts, it takes its time and trusts that nobody will look at the clock.",
    "The score, written in nine days, is remembered by people who have never seen a minute of it.",
    "A shorter version was sold abroad; the long one was thought gone until an archive moved.",
    "Its author called it the only one of the adaptations that understood what the book is about.",
    "The photography won a prize, and the costumes can be visited in a museum near the studio.",
    "Two sequels were planned, one was written, and none was made, for reasons nobody agrees on.",
    "It is quoted by later directors more often than any other picture of its year.",
    "Most of the dialogue was made up by the actors while the camera was running.",
)
"""What overviews also say; without a plot, so that a film stays what its first sentence says."""
SEQUELS: Final = (
    "{} Returns",
    "The Other {}",
    "{}: A New Beginning",
    "Beyond {}",
    "{}, Revisited",
    "The Last Days of {}",
    "After {}",
)
WISHES: Final[Mapping[str, str]] = {
    "Heists Gone Wrong": """\
Films about a heist or robbery in which the plan goes wrong: betrayal within the gang,
greed, bad luck. Leave out capers in which everything comes off.""",
    "Cosy Winter Evenings": """\
Warm, comforting films for a winter evening under a blanket: snow, Christmas, kindness,
reunions and a happy ending. Nothing cruel or violent.""",
    "Lost in Space": """\
Astronauts who are stranded, adrift or alone in space or on a strange planet and
struggle to survive. Leave out battles between fleets and visitors to Earth.""",
    "Loops in Time": """\
People who live the same day again, travel in time or meet themselves, and have to set
something right. Leave out films that merely jump between periods.""",
    "Rain and Cigarettes": """\
Film noir and its heirs: a tired detective, a woman with a secret, a crime that leads
into the dark. City nights, fatalism, no clean ending.""",
    "Underdogs Who Win": """\
An outsider in whom nobody believes trains hard and wins against all odds. Mostly sport,
but a stage or a kitchen will do. Leave out tragic careers.""",
    "Machines That Think": """\
Robots, androids and computers with a mind of their own: they feel, rebel or want to be
real. Leave out films where they are only scenery.""",
    "Small Town Secrets": """\
A quiet place where everybody knows everybody, and something under the surface: an old
crime, a lie, a vanished child. The town itself matters.""",
    "Courtroom Battles": """\
Most of it plays in or around a trial: lawyers, juries, evidence, a verdict that hangs
by a thread. Leave out films with a single scene in court.""",
    "Long Way Home": """\
People on a journey home through war, wilderness or sea, who are changed by it. Leave
out holidays and road trips for fun.""",
    "One Room": """\
Films that play almost wholly in a single room, house, boat or other closed place, and
draw their tension from it.""",
    "Kitchen Stories": """\
Cooks, restaurants, recipes: food is what the film is about, and you are hungry
afterwards. Leave out films with one good dinner scene.""",
    "Growing Up Is Hard": """\
Coming of age told honestly: first love, first loss, school, parents who do not
understand. Told from the young person's side.""",
    "Monsters We Made": """\
A creature, plague or experiment made by people gets out of hand. The makers must face
what they did.""",
    "Spies Without Gadgets": """\
Sober espionage: moles, exchanges on bridges, paperwork, betrayal and doubt. Leave out
spectacle, gadgets and one-liners.""",
    "Music Saves Them": """\
A band, a singer or an instrument pulls somebody out of despair. Concert films and
biographies count if the music is what changes a life.""",
    "Marriages on Fire": """\
A couple that comes apart, talks, lies and fights; the marriage is the subject. Leave
out romances that end at the wedding.""",
    "Revenge Served Cold": """\
Somebody was wronged and spends the film getting even, patiently and at a price. Leave
out simple action with a dead partner in the first minute.""",
    "Animals With Character": """\
An animal is the hero or the heart of the film, drawn or real. Leave out documentaries
and films in which it is only a pet.""",
    "End of the World": """\
The world ends or has ended, and people have to go on in the ruins: a comet, a sickness,
a war. Leave out disasters that are averted.""",
}
"""The words of each collection, by its name."""


def films(count: int, real: Path | None = None) -> Iterator[dict[str, Any]]:
    """Yield so many films in Radarr's shape, made of the demo's or of those of a file.

    The first ones have the titles that these have.
    """
    if real is not None:
        yield from _films(count, real_films(real))
        return
    known = json.loads(files("kometa_ai.demo").joinpath("films.json").read_text("utf-8"))
    for film in _films(count, known):
        index = index_of(film["id"])
        remarks = (
            REMARKS[(index * 5 + index // len(known) + step) % len(REMARKS)] for step in range(3)
        )
        sentences = [film["overview"], *remarks]
        yield film | {"overview": " ".join(sentences[: SENTENCES[index % len(SENTENCES)]])}


def _films(count: int, known: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for index in range(count):
        turn, place = divmod(index, len(known))
        yield _film(known[place], index, turn)


def _film(film: dict[str, Any], index: int, turn: int) -> dict[str, Any]:
    title = film["title"]
    if turn:
        title = SEQUELS[turn % len(SEQUELS)].format(title)
        title += f" {turn // len(SEQUELS) + 1}" if turn >= len(SEQUELS) else ""
    return {
        **film,
        "id": 1 + index + index // 9,  # films come and go, so the numbers have gaps
        "title": title,
        "year": 1930 + (film["year"] - 1930 + 3 * turn) % 95,
        "tmdbId": 10_000 + index,
        "imdbId": f"tt{1_000_000 + index:07d}",
    }


def index_of(number: int) -> int:
    """Return the place of a film in the library, counted from 0, by its id."""
    return number - 1 - (number - 1) // 10


def wishes(count: int) -> list[tuple[str, str]]:
    """Return the names and words of the first so many collections."""
    known = [(name, " ".join(words.split())) for name, words in WISHES.items()]
    return [
        (f"{name} {round_ + 1}" if round_ else name, words)
        for round_ in range(-(-count // len(known)))
        for name, words in known
    ][:count]


def write_kometa_file(folder: Path, count: int = len(WISHES)) -> None:
    """Write a file with the first so many collections, as people keep them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "movies.yml").write_text(
        "collections:\n" + "\n".join(_block(*wish) for wish in wishes(count)), encoding="utf-8"
    )


def _block(name: str, words: str) -> str:
    return f"""
  # === KOMETA-AI ===
  # enabled: true
  # confidence_threshold: 0.6
  # prompt: |
  #   {words}
  # === END KOMETA-AI ===
  {name}:
    radarr_taglist: KAI-{name.lower().replace(" ", "-")}
    summary: {name}, chosen by Kometa-AI.
    collection_order: release
    sync_mode: sync
"""
