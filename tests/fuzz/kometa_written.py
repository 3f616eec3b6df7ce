"""Kometa's files as people write them, and as nobody does, for the readers under fire."""

from __future__ import annotations

from enum import Enum, auto

from hypothesis import strategies as st

from tests.fuzz.target import mostly

KEY = "radarr_taglist"

PLAIN = ("# === KOMETA-AI ===", "# === END KOMETA-AI ===")
MARKERS = st.sampled_from(
    [
        ("#=== kometa-ai ===", "#===END KOMETA-AI==="),
        ("# === KOMETA-AI ===", "# === END KOMETA-AI === # so"),
        ("# == KOMETA-AI ==", "# === END KOMETA-AI ==="),
        ("# === KOMETA-AI ===", ""),
        ("", "# === END KOMETA-AI ==="),
        ("# === KOMETA-AI ===\u2028", "\t# === END KOMETA-AI ==="),
    ]
)
SAID = st.sampled_from(
    [
        "confidence_threshold: 0.8",
        "priority: 3",
        "include_tags: [a, 'b, c']",
        "exclude_tags:\n#   - a",
        "candidate_genres: drama, crime",
        "candidate_year_min: 1950",
        "use_iterative_refinement: true",
        "# # priority: 3",
        "",
    ]
)
PROMPTS = st.sampled_from(
    [
        "prompt: A plan",
        "prompt: Films where the plan: goes wrong # really",
        "prompt: |\n#   Trains\n#     at night\n#\n#   and rain",
        "prompt: |\n# Trains\n# Criteria: dark",
        'prompt: "quoted: text"',
        "prompt: >-\n#   folded\u2029text",
        "prompt: \ud7ff\U0010ffff 😀\x85 é",
    ]
)
ODD_SAID = st.sampled_from(
    [
        "enabled: NO",
        "enabled: 0o1",
        "enabled: !!python/object/apply:os.system [x]",
        "prompt: 'never closed",
        "prompt: &a text",
        "confidence_threshold: 80%",
        "confidence_threshold: .inf",
        "confidence_threshold: 1e400",
        "confidence_threshold: 1:30",
        "priority: 0777",
        "priority: 999999999999999999999",
        "include_tags: [a, *a]",
        "include_tags:\n#   - {b: c}",
        "exclude_tags: {a: b}",
        "candidate_year_min: 1950-01-01",
        "candidate_year_max: 190_0",
        "enable: true",
        "? [a]\n# : b",
        "<<: *base",
        "\tpriority: 3",
    ]
)
NAMES = st.sampled_from(
    [
        "Heists",
        "'80''s Heists'",
        '"Heists: \\"the plan\\""',
        "1917",
        "2001-01-01",
        "NO",
        "!!str Tagged",
        "&n Anchored",
        "Füße 😀 a",
        "Long " + "name " * 40,
        "Heists ",
        "A",
        "B",
    ]
)
ODD_NAMES = st.sampled_from(
    ["~", "? Asked", "*n", "*base", "日本", "? [a, b]", "<<", "templates", "''", "{a: b}"]
)
BODIES = st.sampled_from(
    [
        f"{KEY}: heist",
        f"{KEY}: KAI-own # mine",
        f"{KEY}: 'x, y'",
        f"{KEY}: x,y, # why",
        f"{KEY}: [x, KAI-own, KAI-two]",
        f"{KEY}: [ x , 'y' ,] # why",
        f"{KEY}: [x,\n  # why\n  y # not\n ]",
        f"{KEY}:\n  - x\n  - 'y'",
        f"{KEY}:\n- x\n# why\n- y # not",
        f"{KEY}: ",
        f"{KEY}: ~ # none",
        "Radarr_Taglist: x",
        f"? {KEY}\n: x",
        f'"{KEY}": "x\\\n  y"',
        f'"{KEY}": "x"',
        "<<: *base",
        "summary: >-\n  text\n  # === KOMETA-AI ===\n  # enabled: true\n  # === END KOMETA-AI ===",
        "summary: 'text\n\n  # === KOMETA-AI ==='",
        "plex_search:\n  all: {genre: x, year.gte: 1950}",
        "smart_label: random # KAI",
        "# a comment",
        "",
    ]
)
ODD_BODIES = st.sampled_from(
    [
        f"{KEY}: |\n  x",
        f"{KEY}: &t x",
        f"{KEY}: *t",
        f"{KEY}: *base",
        f"{KEY}: {{x: y}}",
        f"{KEY}: x\n{KEY}: z",
        f"{KEY}:\n  - [x]",
        f"{KEY}:\n  - &l x\n  - *l",
        f"{KEY}: >-\n  x\n\n\n",
        f"{KEY}: x\u2028  y",
        f"{KEY}: x y\n   z",
        f"{KEY}: 'x\n\n   z'",
        f"{KEY}: !!str x",
        "sonarr_taglist: x",
        "<<: [*base, *base]",
        "<<: {radarr_taglist: x}",
        "# === KOMETA-AI ===",
        "\u2028sort_title: x",
        "a: &a [*a, *a]",
        "b: !!binary x",
        "- x",
        "\tb: x",
    ]
)
AROUND = st.sampled_from(
    [
        "",
        "---",
        "# comment",
        "x: 0o17",
        "x: 12:30:45",
        "t: &t x",
        "%YAML 1.1\n---",
    ]
)
ODD_AROUND = st.sampled_from(
    [
        "...",
        "%TAG ! tag:example.org,2000:\n---",
        "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: &base {<<: [*c, *c]}",
        "collections:",
        "collections: {}",
        "collections: {",
        "}",
        "\t",
        "deep: " + "[" * 60 + "]" * 60,
        "-",
        "k: &k {<<: *k}",
    ]
)
BASE = "templates:\n  base: &base {radarr_taglist: [x, 'y, z']}"


class Odd(Enum):
    """Where in a file something odd is: in one of everything nothing would be read at all."""

    NOWHERE = auto()
    BLOCK = auto()
    NAME = auto()
    BODY = auto()
    AROUND = auto()
    MARGIN = auto()
    NEWLINE = auto()


def either(
    odd: Odd, here: Odd, usual: st.SearchStrategy[str], strange: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    """Return what is usual, but at the odd place what is strange, too."""
    return mostly(usual, mostly(usual, strange)) if odd is here else usual


@st.composite
def blocks(draw: st.DrawFn, odd: Odd) -> list[str]:
    """Return the lines of a block, mostly one that runs."""
    begin, end = draw(mostly(st.just(PLAIN), MARKERS)) if odd is Odd.BLOCK else PLAIN
    more = draw(st.lists(SAID, max_size=2, unique_by=lambda line: line.split(":")[0]))
    said = [draw(either(odd, Odd.BLOCK, PROMPTS, ODD_SAID)), *more]
    said.insert(0, draw(either(odd, Odd.BLOCK, st.just("enabled: true"), ODD_SAID)))
    told = "\n".join(f"# {one}" for one in said)
    return [line for line in (begin, told, end) if line]


@st.composite
def collections(draw: st.DrawFn, name: str, step: str, odd: Odd) -> str:
    """Return a collection, mostly with a block above it."""
    shown = draw(either(odd, Odd.NAME, st.just(name), ODD_NAMES))
    body = draw(
        st.lists(
            either(odd, Odd.BODY, BODIES, ODD_BODIES),
            max_size=3,
            unique_by=lambda line: KEY if KEY in line.lower() else line,
        )
    )
    if draw(st.integers(0, 4)) == 0:
        inner = ", ".join(one for one in body if one and "\n" not in one and "#" not in one)
        lines = [f"{shown}: {{{inner}}}" if inner or draw(st.booleans()) else f"{shown}: "]
    else:
        lines = [f"{shown}:", *(step + one.replace("\n", f"\n{step}") for one in body)]
    return "\n".join([*(draw(blocks(odd)) if draw(st.integers(0, 5)) else []), *lines])


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Return a file as people write them, but for one place."""
    odd = draw(st.sampled_from(Odd))
    around = either(odd, Odd.AROUND, AROUND, ODD_AROUND)
    parts = [*draw(st.lists(around, max_size=1)), BASE]
    home, step = draw(st.booleans()), draw(st.sampled_from(["  ", "  ", " ", "    "]))
    parts += ["collections:"] if home else []
    for name in draw(st.lists(NAMES, min_size=1, max_size=4, unique=True)):
        usual = st.just(step if home else "")
        margin = draw(either(odd, Odd.MARGIN, usual, st.sampled_from(["", "  ", "\t"])))
        text = draw(collections(name, step, odd))
        parts.append(margin + text.replace("\n", f"\n{margin}"))
        parts += [draw(ODD_AROUND)] if odd is Odd.AROUND and draw(st.booleans()) else []
    text = draw(st.sampled_from(["", "", "\ufeff"])) + "\n".join(parts)
    text += draw(st.sampled_from(["\n", "", "\n\n", "\n# end"]))
    ends = st.sampled_from(["\r", "\x85", "\u2028"])
    newline = draw(either(odd, Odd.NEWLINE, st.sampled_from(["\n", "\r\n"]), ends))
    return text.replace("\n", newline).encode()


PIECES = (
    *(mark.encode() for mark in "#:-'\"[]{}&*!|>%@`,?\n\r\t\x00\x85\u2028é\ufeff😀"),
    b"\r\n",
    b"# === KOMETA-AI ===\n",
    b"# === END KOMETA-AI ===\n",
    b"# enabled: true\n# prompt: x\n",
    b"<<: *base",
    b"&base ",
    b"radarr_taglist: ",
    b"collections:\n",
    b"---\n",
    b"!!python/name:os.system ",
    b"\xff",
    b"\xed\xa0\x80",  # half a surrogate pair
    b"[" * 40,
    b"x" * 600,
)
