"""Words for the simulated Claude: what a wish asks for, and how much of it a text has.

There is no learning in it: stems, a few synonyms, words that say little, and sentences that say
what is not wanted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOP_WORDS: Final = _words(
    """
    a about above after again against all almost alone along also although always among an and
    another any are around as at away back be because become been before behind being between both
    but by can come comes could did do does done down each either else even ever every everybody
    everyone everything few film films find finds first for from gets give given gives go goes gone
    good had has have he help helps her here him his how i if in into is it its itself just keep
    keeps know known knows last leave leaves left less like little made make makes many may me more
    most mostly movie movies much must my never new next no nobody none nor not nothing now of off
    old on once one only or other others our out over own part people per rather same say sees set
    several she should show shows since so some somebody someone something still stop story stories
    such take takes taken tell tells than that the their them then there these they thing things
    this those though three through to together too turn turns two under until up upon us use very
    wants was way we well were what when where whether which while who whom whose why will with
    within without would yet you young your english french german
    """
)
"""Words that say nothing about a film."""

FAINT: Final = _words(
    """
    alone bad beat boy child city classic close count crime daughter day drama dream end earth ends
    eve family father feel friend girl greed ground hand hard head heart home house kind late life
    live lonely lost luck man meet mind mother murder night plan real secret shadow small son
    stage stranger team thriller tragedy train true visitor war wife win woman work world year
    comedy action adventure romance mystery happy love warm man battle doom job past future
    """
)
"""Words that are in every other description."""

SYNONYMS: Final = {
    word: group.split()[0]
    for group in (
        "heist robber rob thief thieve theft steal stolen burglar holdup",
        "space spaceship spacecraft starship cosmic orbit",
        "astronaut cosmonaut",
        "robot android cyborg automaton",
        "courtroom court",
        "lawyer attorney barrister",
        "prosecution prosecutor prosecute",
        "defence defend defender defense",
        "snow snowy snowbound",
        "christmas xmas",
        "holiday festive",
        "stranded marooned castaway",
        "betray betrayal double-cross",
        "artificial ai",
        "underdog outsider misfit",
        "championship champion tournament contest",
        "detective sleuth eye",
        "win triumph victory",
    )
    for word in group.split()
}

ENDINGS: Final = (
    ("iness", "y"),
    ("ies", "y"),
    ("ied", "y"),
    ("ings", ""),
    ("ing", ""),
    ("ves", "f"),
    ("ers", "er"),
    ("ed", ""),
    ("es", "e"),
    ("s", ""),
)
SHORTEST_STEM: Final = 3
REFUSALS: Final = re.compile(
    r"^\s*(?:leave out|not|no|nothing|never|exclude|avoid|without|except)\b", re.IGNORECASE
)

DECADES: Final = re.compile(r"\b(?P<century>1[89]|20)?(?P<decade>\d)0'?s\b")
SPANS: Final = re.compile(
    r"\b(?P<first>(?:1[89]|20)\d\d)\s*(?:-|–|to|and|until)\s*(?P<last>(?:1[89]|20)\d\d)\b"
)

WORD: Final = 1.0
FAINT_WORD: Final = 0.3
PHRASE: Final = 1.5
UNWANTED: Final = 0.8
RIGHT_YEAR: Final = 0.6
WRONG_YEAR: Final = -20.0


def stem(word: str) -> str:
    """Return a word without its ending, or the word that stands for all that mean the same."""
    if word in SYNONYMS:
        return SYNONYMS[word]
    for ending, instead in ENDINGS:
        bare = word.removesuffix(ending)
        if bare != word and len(bare) >= SHORTEST_STEM and not word.endswith("ss"):
            word = bare + instead
            break
    word = word.removesuffix("e") if len(word) > SHORTEST_STEM + 1 else word
    return SYNONYMS.get(word, word)


FAINT_STEMS: Final = frozenset(stem(word) for word in FAINT)


def terms(text: str) -> frozenset[str]:
    """Return the stems of a text and the pairs of stems that stand side by side in it."""
    found: set[str] = set()
    for clause in re.split(r"[^\w\s'’-]+", text.lower()):
        before = ""
        for word in re.findall(r"\w+", clause):
            if word in STOP_WORDS:
                continue
            now = stem(word)
            found.add(now)
            if before:
                found.add(f"{before} {now}")
            before = now
    return frozenset(found)


def weight(term: str) -> float:
    """Return how much it says that a text has this term."""
    if " " in term:
        return PHRASE
    return FAINT_WORD if term in FAINT_STEMS else WORD


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a wish asks for, and what it does not want."""

    wanted: frozenset[str]
    unwanted: frozenset[str]
    years: frozenset[int] = frozenset()

    def suits(self, year: int) -> float:
        """Return what a year adds, if the wish speaks of years at all."""
        if not self.years:
            return 0.0
        return RIGHT_YEAR if year in self.years else WRONG_YEAR

    def overlap(self, found: frozenset[str]) -> float:
        """Return how much the terms of a text have in common with the wish."""
        wanted = sum(weight(term) for term in self.wanted & found)
        unwanted = sum(weight(term) for term in (self.unwanted - self.wanted) & found)
        return wanted - UNWANTED * unwanted


def periods(text: str) -> frozenset[int]:
    """Return the years that a text speaks of: whole decades, and from one year to another."""
    years: set[int] = set()
    for match in DECADES.finditer(text):
        century = match["century"] or ("20" if match["decade"] in "012" else "19")
        first = int(f"{century}{match['decade']}0")
        years.update(range(first, first + 10))
    for match in SPANS.finditer(text):
        years.update(range(int(match["first"]), int(match["last"]) + 1))
    return frozenset(years)


def vocabulary(text: str) -> Vocabulary:
    """Read a wish, sentence by sentence; its first line is the collection's name."""
    name, _, wish = text.partition("\n")
    wanted: set[str] = set(terms(name))
    unwanted: set[str] = set()
    for sentence in re.split(r"(?<=[.!?])\s+", " ".join(wish.split())):
        (unwanted if REFUSALS.match(sentence) else wanted).update(terms(sentence))
    return Vocabulary(frozenset(wanted), frozenset(unwanted), periods(text))
