"""Blocks: where they begin and end, and what their lines say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, example, given, settings, strategies as st

from kometa_ai.adapters.kometa_files import KometaFiles, read

if TYPE_CHECKING:
    from pathlib import Path

    from kometa_ai.domain.collection import Collection


def reading(folder: Path, *lines: str, newline: str = "\n") -> KometaFiles:
    """Read a file whose only collection has a block of these lines."""
    block = ["# === KOMETA-AI ===", *lines, "# === END KOMETA-AI ===", "Heist:"]
    tail = ["  radarr_taglist: KAI-heist", ""]
    (folder / "movies.yml").write_bytes(newline.join([*block, *tail]).encode())
    return read(folder)


def only(files: KometaFiles) -> Collection:
    assert not files.faults
    (collection,) = files.collections
    return collection


def prompt(folder: Path, *lines: str) -> str:
    files = reading(folder, "# enabled: true", *lines)
    assert not files.notices
    return only(files).prompt


def faults(folder: Path, *lines: str) -> list[str]:
    files = reading(folder, *lines)
    assert not files.collections
    return [str(fault) for fault in files.faults]


@pytest.mark.parametrize(
    "markers",
    [
        ("# === KOMETA-AI ===", "# === END KOMETA-AI ==="),
        ("#===KOMETA-AI===", "#===END KOMETA-AI==="),
        ("#   ===  kometa-ai   ===  ", "#\t===  End   Kometa-Ai ===\t"),
        ("      # === KOMETA-AI ===", "# === ENDKOMETA-AI ==="),
    ],
)
def test_neither_spaces_nor_case_matter_in_markers(
    tmp_path: Path, markers: tuple[str, str]
) -> None:
    text = f"{markers[0]}\n# enabled: yes\n# prompt: Heists\n{markers[1]}\n'Heist':\n"
    (tmp_path / "a.yml").write_text(text)
    assert only(read(tmp_path)).prompt == "Heists"


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_keys_come_in_any_order(tmp_path: Path, place: int) -> None:
    lines = ["# enabled: true", "# confidence_threshold: 0.8", "# priority: 3"]
    lines[place:place] = ["# prompt: |", "#   A plan", "#   - goes: wrong"]
    one = only(reading(tmp_path, *lines))
    assert (one.prompt, one.threshold, one.priority) == ("A plan\n- goes: wrong", 0.8, 3)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(["# prompt: Heists"], "Heists", id="one line"),
        pytest.param(['# prompt: "A: b # c"'], "A: b # c", id="quoted"),
        pytest.param(["# prompt: Plan: goes wrong"], "Plan: goes wrong", id="colon"),
        pytest.param(["# prompt: The #1 film"], "The #1 film", id="hash"),
        pytest.param(["# prompt: #1 films"], "#1 films", id="hash first"),
        pytest.param(["# prompt: a # b: c"], "a # b: c", id="hash and colon"),
        pytest.param(["# prompt: 'Tis a \"plan\": no's"], "'Tis a \"plan\": no's", id="quotes"),
        pytest.param(["# prompt: !important ones"], "!important ones", id="no type"),
        pytest.param(["# prompt: &c films"], "&c films", id="no anchor"),
        pytest.param(["# prompt: *Only* heists"], "*Only* heists", id="no alias"),
        pytest.param(["# prompt: [Heist] films"], "[Heist] films", id="bracket"),
        pytest.param(["# prompt: - a film"], "- a film", id="dash"),
        pytest.param(["# prompt: 1917"], "1917", id="number"),
        pytest.param(["# prompt:", "#   A plan", "#   goes"], "A plan goes", id="below"),
        pytest.param(["# prompt: A", "#   plan: wrong"], "A\nplan: wrong", id="goes on, colon"),
        pytest.param(["# prompt: A plan", "# goes wrong"], "A plan\ngoes wrong", id="goes on"),
        pytest.param(["# prompt: |", "#   A", "#     b", "#   c"], "A\n  b\nc", id="literal"),
        pytest.param(["# prompt: >-", "#   A", "#   b"], "A b", id="folded"),
        pytest.param(["# prompt: |", "#   A", "#", "#   b"], "A\n\nb", id="bare hash"),
        pytest.param(["# prompt: |", "#   A", "", "#   b"], "A\n\nb", id="blank line"),
        pytest.param(["# prompt: |", "#   # 1: a"], "# 1: a", id="hash in literal"),
        pytest.param(["# prompt: |", "#   a\tb", "#   \tc"], "a\tb\n\tc", id="tabs in text"),
        pytest.param(["# prompt: |", "# Films", "# - a: b"], "Films\n- a: b", id="loose"),
        pytest.param(["# prompt: |", "# Criteria: dark"], "Criteria: dark", id="loose with colon"),
        pytest.param(["# prompt: |", "# Films:", "#   - a", "# b"], "Films:\n  - a\nb", id="mix"),
        pytest.param(["# prompt: |", "#   A: b", "# c"], "A: b\nc", id="ragged"),
        pytest.param(["# prompt: | # why", "# A: b", "# c"], "A: b\nc", id="header with comment"),
        pytest.param(["#\tprompt: |", "#\t\tA plan"], "A plan", id="tabs as indentation"),
        pytest.param(["#   prompt: |", "#     A", "#   enabled: true"], "A", id="ragged keys"),
    ],
)
def test_a_prompt_is_the_text_that_was_written(
    tmp_path: Path, lines: list[str], expected: str
) -> None:
    enabled = [] if any("enabled" in line for line in lines) else ["# enabled: true"]
    for order in ([*enabled, *lines], [*lines, *enabled]):
        assert only(reading(tmp_path, *order)).prompt == expected.strip()


def test_unaligned_keys_without_blanks_are_read(tmp_path: Path) -> None:
    one = only(reading(tmp_path, "#enabled:true", "# priority:2", "#prompt:A plan"))
    assert (one.prompt, one.priority) == ("A plan", 2)


def test_a_known_key_below_an_indented_prompt_is_text_only_where_it_is_indented(
    tmp_path: Path,
) -> None:
    lines = ["# prompt: |", "#   Films", "#   priority: the plan", "# Now: x", "# priority: 4"]
    files = reading(tmp_path, "# enabled: true", *lines)
    assert [str(fault) for fault in files.faults] == [
        (
            'movies.yml:6: "Now" is no key of a block. The keys are enabled, prompt,'
            " confidence_threshold, priority, include_tags, exclude_tags, candidate_genres,"
            " candidate_exclude_genres, candidate_year_min, candidate_year_max."
        )
    ]
    one = only(reading(tmp_path, "# enabled: true", *lines[:3], lines[4]))
    assert (one.prompt, one.priority) == ("Films\npriority: the plan", 4)


def test_an_indented_literal_keeps_its_lines_where_only_the_tolerant_way_helps(
    tmp_path: Path,
) -> None:
    lines = ["# prompt: |", "#", "#   Films", "#   priority: the plan", "# priority:4"]
    one = only(reading(tmp_path, "# enabled:true", *lines))
    assert (one.prompt, one.priority) == ("Films\npriority: the plan", 4)


def test_the_way_0_5_wrote_it(tmp_path: Path) -> None:
    (tmp_path / "movies.yml").write_text(
        """\
collections:
  # === KOMETA-AI ===
  # enabled: true
  # prompt: |
  # Identify films with an innovative structure based on these criteria:
  #   - Deliberately non-traditional: non-linear, nested, told backwards
  # - The structure serves the theme (not just showing off)
  # Note: #1 is the most important
  # confidence_threshold: 0.85
  # exclude_tags: KAI-straightforward, kai-Plain
  # use_iterative_refinement: true
  # refinement_threshold: 0.15
  # === END KOMETA-AI ===
  Innovative Narratives:
    radarr_taglist: KAI-innovative-narratives
"""
    )
    files = read(tmp_path)
    one = only(files)
    assert one.prompt.splitlines() == [
        "Identify films with an innovative structure based on these criteria:",
        "  - Deliberately non-traditional: non-linear, nested, told backwards",
        "- The structure serves the theme (not just showing off)",
        "Note: #1 is the most important",
    ]
    assert one.threshold == 0.85
    assert one.exclude_tags == {"kai-straightforward", "kai-plain"}
    assert one.source == "movies.yml:14"
    assert files.notices == (
        "movies.yml:11: use_iterative_refinement has no effect any more; the line can go.",
        "movies.yml:12: refinement_threshold has no effect any more; the line can go.",
    )


@pytest.mark.parametrize(
    ("lines", "where", "words"),
    [
        (
            ["# enabled: true", "# prompt: A", "# confidence_treshold: 1"],
            4,
            "confidence_threshold?",
        ),
        (["# enabled: true", "# promt: A"], 3, "Did you mean prompt?"),
        (["# enable: true", "# prompt: A: b"], 2, "Did you mean enabled?"),
        (["# enabled: true", "# prompt: A: b", "# prioritty: 1"], 4, "Did you mean priority?"),
        (
            ["# enabled: true", "# prompt: |", "# A: b", "# c", "# prioritty: 1"],
            6,
            "mean priority?",
        ),
        (["# enabled: true", "# prompt: |", "# Enabled: b", "# c"], 4, "indent it by two spaces"),
        (["# enabled: true", "# prompt: A", "# zebra: 1"], 4, "The keys are enabled, prompt,"),
        (["# enabled: true", "# enabled: true", "# prompt: A"], 3, "stands in this block twice"),
        (["# enabled: true", "# prompt: 'A"], 3, "can't be read"),
        (["# enabled: true", '# prompt: "A'], 3, "can't be read"),
        (["# enabled: true", "# prompt: A", "# include_tags: [a"], 4, "can't be read"),
        (["# enabled: true", "# prompt: A", "#", "# include_tags: [a}"], 5, "can't be read"),
        (["# what is this", "# enabled: true", "# prompt: A"], 2, "neither a key"),
        (["# enabled true", "# prompt: A"], 2, "neither a key"),
        (["# - enabled: true", "# - prompt: A"], 2, "neither a key"),
        (["# enabled: true"], 1, "has no prompt"),
        ([], 1, "has no prompt"),
        (["# enabled: true", "# prompt:"], 3, "prompt is empty"),
        (["# enabled: true", "# prompt: |", "#   "], 3, "prompt is empty"),
        (["# enabled: true", "# prompt: ''"], 3, "prompt is empty"),
        (["# enabled: true", "# prompt: [a, b]"], 3, "prompt should be text, not a list"),
        (["# enabled: true", "# prompt: {a: b}"], 3, "prompt should be text"),
    ],
)
def test_what_a_block_says_wrongly_is_told_with_its_line(
    tmp_path: Path, lines: list[str], where: int, words: str
) -> None:
    found = faults(tmp_path, *lines)
    assert any(fault.startswith(f"movies.yml:{where}: ") and words in fault for fault in found)


def test_all_faults_of_a_block_are_told_in_order(tmp_path: Path) -> None:
    lines = ["# priority: x", "# enabled: perhaps", "# zebra: 1", "# candidate_year_min: 5"]
    places = [fault.split(": ")[0] for fault in faults(tmp_path, *lines)]
    assert places == [f"movies.yml:{line}" for line in (1, 2, 3, 4, 5)]


BEGIN, END, TRUE = "# === KOMETA-AI ===", "# === END KOMETA-AI ===", "# enabled: true"


@pytest.mark.parametrize(
    ("lines", "where", "words"),
    [
        ([BEGIN, TRUE, "A:", END, "B:"], "a.yml:1", "has no end"),
        ([BEGIN, TRUE, "A:", END, "B:"], "a.yml:4", "none begins above"),
        ([BEGIN, TRUE], "a.yml:1", "has no end"),
        ([BEGIN, TRUE, BEGIN, TRUE, "# prompt: A", END, "B:"], "a.yml:1", "has no end"),
        ([END, "B:"], "a.yml:1", "none begins above"),
    ],
)
def test_a_block_needs_its_two_markers(
    tmp_path: Path, lines: list[str], where: str, words: str
) -> None:
    (tmp_path / "a.yml").write_text("\n".join(lines))
    found = {fault.where: fault.message for fault in read(tmp_path).faults}
    assert words in found[where]


def test_the_second_of_two_beginnings_is_a_block(tmp_path: Path) -> None:
    lines = [BEGIN, TRUE, BEGIN, TRUE, "# prompt: A", END, "B:"]
    (tmp_path / "a.yml").write_text("\n".join(lines))
    assert [one.name for one in read(tmp_path).collections] == ["B"]


@pytest.mark.parametrize(
    "before",
    [
        ["A:", "  summary: |", "    {}"],
        ["A:", "  summary: >-", "    text", "    {}"],
        ["A:", '  summary: "text', "    {}", '    text"'],
        ["A:", "  summary: 'text", "    {}", "    text'"],
        ["? |", "  {}", ":"],
    ],
)
def test_a_marker_in_a_text_is_text(tmp_path: Path, before: list[str]) -> None:
    block = [BEGIN, TRUE, "# prompt: Heists", END]
    inside = [line.format(text) for line in before for text in (block if "{}" in line else [""])]
    (tmp_path / "a.yml").write_text("\n".join([*inside, *block, "Heist:", ""]))
    assert only(read(tmp_path)).name == "Heist"


@pytest.mark.parametrize(
    "comment",
    [
        "# == KOMETA-AI ==",
        "# === KOMETA AI ===",
        "#= KOMETA_AI",
        "# ==== KOMETA-AI ====",
        "# KOMETA-AI ===",
    ],
)
def test_an_almost_marker_is_said(tmp_path: Path, comment: str) -> None:
    (tmp_path / "a.yml").write_text(f"{comment}\n# {BEGIN}\n# Kometa-AI\nfoo: # {BEGIN}\n")
    files = read(tmp_path)
    assert [notice.split(" ")[0] for notice in files.notices] == ["a.yml:1:"]
    assert "has an AI block" in files.faults[0].message


def test_line_ends_and_a_byte_order_mark_change_nothing(tmp_path: Path) -> None:
    lines = ["# enabled: true", "# prompt: |", "#   a\tb", "#", "#   c", "# priority: x1"]
    for newline in ("\n", "\r\n", "\r"):
        (fault,) = reading(tmp_path, *lines, newline=newline).faults
        assert fault.where == "movies.yml:7"
        assert only(reading(tmp_path, *lines[:-1], newline=newline)).prompt == "a\tb\n\nc"
    content = (tmp_path / "movies.yml").read_bytes()
    (tmp_path / "movies.yml").write_bytes(b"\xef\xbb\xbf" + content)
    assert only(read(tmp_path)).prompt == "a\tb\n\nc"


ANY_TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Cn", "Zl", "Zp"], include_characters="\t\n"),
    min_size=1,
).filter(lambda text: "\ufeff" not in text and text.strip())


@settings(deadline=None, max_examples=300)
@given(
    text=ANY_TEXT,
    margin=st.sampled_from(["", "  ", "    "]),
    gap=st.sampled_from(["", " ", "   ", "\t"]),
    newline=st.sampled_from(["\n", "\r\n"]),
)
@example(text="priority: 3\n# === KOMETA-AI ===", margin="", gap="", newline="\n")
def test_any_prompt_survives_a_literal(
    tmp_path_factory: pytest.TempPathFactory, text: str, margin: str, gap: str, newline: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / "prompts"
    folder.mkdir(exist_ok=True)
    lines = [f"{margin}#{gap}prompt: |2-", f"{margin}#{gap}enabled: true"]
    lines[1:1] = [f"{margin}#{gap}  {line}" for line in text.split("\n")]
    assert only(reading(folder, *lines, newline=newline)).prompt == text.strip()


WORDS = st.text(st.sampled_from("ab :#-|>'\"[]{}&*!%@`,.?äß"), min_size=1)


@settings(deadline=None, max_examples=500)
@given(first=WORDS, rest=st.lists(WORDS, max_size=4))
def test_any_loose_prompt_is_kept_or_refused_but_never_cut(
    tmp_path_factory: pytest.TempPathFactory, first: str, rest: list[str]
) -> None:
    # Below an indented literal YAML takes a second # at the beginning of a line for a comment.
    assume(not any(line.lstrip().startswith("#") for line in [first, *rest]))
    folder = tmp_path_factory.getbasetemp() / "prompts"
    folder.mkdir(exist_ok=True)
    files = reading(
        folder, "# prompt: |", *(f"# {line}" for line in [first, *rest]), "# enabled: true"
    )
    for one in files.collections:
        kept, meant = one.prompt.split(), " ".join([first, *rest]).split()
        assert kept == meant
