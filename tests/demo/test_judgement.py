"""How the simulated Claude judges: by the prompt, so that a broken prompt is seen."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kometa_ai.demo.judgement import Judgement
from kometa_ai.domain.media import describe
from kometa_ai.domain.prompt import instructions, titles
from kometa_ai.domain.requests import Question, Request
from tests.questions import SPACE, collection, item, questions

if TYPE_CHECKING:
    from kometa_ai.domain.collection import Collection

DEMO = Path(__file__).parents[2] / "kometa_ai" / "demo"


def films() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads((DEMO / "films.json").read_text(encoding="utf-8"))
    return loaded


def message() -> str:
    return "\n".join(
        f"#{film['id']} "
        + describe(
            film["title"],
            film["year"],
            tuple(film["genres"]),
            language=film["originalLanguage"]["name"],
            certification=film["certification"],
            studio=film["studio"],
            keywords=tuple(film["keywords"]),
            overview=film["overview"],
        )
        for film in films()
    )


def demo_collections() -> list[Collection]:
    """Read name and prompt of each block of the demo's file; the rest is the adapter's test."""
    text = (DEMO / "kometa" / "movies.yml").read_text(encoding="utf-8")
    blocks = re.findall(
        r"# === KOMETA-AI ===\n(.*?)# === END KOMETA-AI ===\n *([^\n]+):\n", text, re.DOTALL
    )
    return [
        collection(name.strip('"'), yaml.safe_load(uncommented(block))["prompt"])
        for block, name in blocks
    ]


def uncommented(block: str) -> str:
    return re.sub(r"^ *# ?", "", block, flags=re.MULTILINE)


def members(answer: dict[str, Any]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for entry in answer["named"]:
        if entry["p"] >= 0.6:
            found.setdefault(entry["c"], set()).add(entry["id"])
    return found


@pytest.fixture(scope="module")
def answer() -> dict[str, Any]:
    return Judgement()(instructions(demo_collections()), message())


def test_each_collection_of_the_demo_gets_its_films(answer: dict[str, Any]) -> None:
    found = members(answer)
    assert answer["judged"] == list(range(1, 201))
    assert len(found) == len(demo_collections()) == 8
    assert all(5 <= len(ids) <= 25 for ids in found.values())
    known = {film["title"]: film["id"] for film in films()}
    for letter, belongs, does_not in [
        ("A", "Reservoir Dogs", "The Sting"),
        ("B", "Klaus", "Die Hard"),
        ("C", "Gravity", "Star Wars"),
        ("D", "Groundhog Day", "Citizen Kane"),
        ("E", "12 Angry Men", "Chinatown"),
        ("F", "Double Indemnity", "Casablanca"),
        ("G", "Cool Runnings", "Raging Bull"),
        ("H", "Ex Machina", "Amadeus"),
    ]:
        assert known[belongs] in found[letter], belongs
        assert known[does_not] not in found[letter], does_not


def test_it_leaves_no_doubt_that_would_buy_a_second_look(answer: dict[str, Any]) -> None:
    assert [entry for entry in answer["named"] if 0.35 <= entry["p"] <= 0.86] == []


def test_every_reason_is_a_short_phrase(answer: dict[str, Any]) -> None:
    for entry in answer["named"]:
        assert 1 <= len(entry["why"].split()) <= 12
        assert entry["why"][0].isupper() or entry["why"][0].isdigit()


def test_it_is_the_words_that_decide_and_not_the_collection(answer: dict[str, Any]) -> None:
    asked = demo_collections()
    turned = [
        collection(one.name, other.prompt)
        for one, other in zip(asked, asked[1:] + asked[:1], strict=True)
    ]
    other = members(Judgement()(instructions(turned), message()))
    same = sum(len(ids & other.get(letter, set())) for letter, ids in members(answer).items())
    assert same < 0.2 * sum(len(ids) for ids in members(answer).values())


@pytest.mark.parametrize(
    "system",
    [
        "",
        instructions([]),
        instructions([collection(one.name, "") for one in demo_collections()])[:-200],
        instructions(demo_collections()).partition("Collections:")[0],
    ],
)
def test_without_criteria_there_are_no_collections_worth_the_name(system: str) -> None:
    found = members(Judgement()(system, message()))
    assert sum(len(ids) for ids in found.values()) < 5


def test_without_titles_there_is_nothing_to_judge() -> None:
    system = instructions(demo_collections())
    assert Judgement()(system, "no titles here") == {"named": [], "judged": []}


def test_only_the_asked_pairs_are_judged_and_standing_ones_are_named() -> None:
    asked = questions()
    message = (
        f"{titles(asked)}\n"
        "#7 Gravity (2013) | Two astronauts adrift in space | judge only: A\n"
        "#8 Heidi (1968) | A girl in the mountains | judge only: A, B | standing: A 0.62, B 0.40"
    )
    answer = Judgement()(instructions(asked.collections), message)
    named = {(entry["id"], entry["c"]): entry["p"] for entry in answer["named"]}  # type: ignore[attr-defined]
    assert (7, "A") not in named
    assert (7, "B") not in named
    assert named[8, "A"] < 0.35
    assert named[8, "B"] < 0.35


def test_what_a_wish_leaves_out_counts_against_a_title() -> None:
    wish = collection("Space", f"{SPACE} Leave out aliens, battles and monsters.")
    plot = "Astronauts stranded on a planet fight aliens and monsters in battles."
    request = Request(
        (collection("Space", SPACE), wish),
        (Question(item(1, "X", plot), ("space", "space")),),
    )
    named = Judgement()(instructions(request.collections), titles(request))["named"]
    assert [entry["c"] for entry in named] == ["A"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("span", "belongs"),
    [("of the 1990s", True), ("of the 80s", False), ("from 1995 to 1999", True), ("", True)],
)
def test_years_count(span: str, *, belongs: bool) -> None:
    wish = collection("Space", f"{SPACE} Films {span}.")
    request = Request((wish,), (Question(item(1, "X", SPACE, year=1999), (wish.slug,)),))
    answer = Judgement()(instructions(request.collections), titles(request))
    assert bool(answer["named"]) is belongs


def test_a_trembling_voice_says_another_thing_each_time() -> None:
    system = instructions(demo_collections())
    judge = Judgement(noise=0.15)
    first, second = (judge(system, message())["named"] for _ in range(2))
    told = [{(one["id"], one["c"]): one["p"] for one in said} for said in (first, second)]  # type: ignore[attr-defined]
    both = told[0].keys() & told[1].keys()
    moved = [abs(told[0][pair] - told[1][pair]) for pair in both]
    assert len(both) > 50
    assert sum(moved) / len(moved) > 0.05
    assert max(moved) <= 0.3


def test_the_same_question_has_the_same_answer_and_another_seed_another() -> None:
    system = instructions(demo_collections())
    trembling = [
        Judgement(noise=0.3, flips=0.02, seed=seed)(system, message()) for seed in (1, 1, 2)
    ]
    assert trembling[0] == trembling[1]
    assert trembling[0] != trembling[2]


def test_flips_turn_about_so_many_around(answer: dict[str, Any]) -> None:
    flipped = Judgement(flips=0.1)(instructions(demo_collections()), message())
    changed = {(e["id"], e["c"]) for e in flipped["named"]} ^ {  # type: ignore[attr-defined]
        (e["id"], e["c"]) for e in answer["named"]
    }
    assert 0.07 < len(changed) / (200 * 8) < 0.13
