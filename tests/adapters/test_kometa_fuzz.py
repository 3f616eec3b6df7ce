"""No file, however broken, makes reading raise; and both parsers see the same tree."""

from __future__ import annotations

import contextlib

import pytest
import yaml
from hypothesis import assume, given, settings, strategies as st

from kometa_ai.adapters.kometa_files import KometaFiles, fix_tags, read
from kometa_ai.adapters.kometa_files.tree import NotYamlError, grow

SAMPLE = """\
# Füße: a 😀 comment
templates:
  base: &base {radarr_taglist: [x, "y, z"]}
collections:
  # === KOMETA-AI ===
  # enabled: true
  # prompt: |
  # Films where
  #   - the plan: goes wrong # really
  # include_tags: [a, b]
  # candidate_year_min: 1950
  # === END KOMETA-AI ===
  "80's Heists":
    <<: *base
    summary: >-
      text
      # === KOMETA-AI ===
  # === KOMETA-AI ===
  # enabled: yes
  # confidence_threshold: 0.8
  # prompt: "quoted: text"
  # === END KOMETA-AI ===
  1917: {radarr_taglist: KAI-war, b: 'it''s'}
  # === KOMETA-AI ===
  # prompt: A plan
  #\tenabled: on
  # === END KOMETA-AI ===
  Plain:
    radarr_taglist:
      - x
"""
PIECES = [
    *"#:-'\"[]{}&*!|>%@`,?\n\r\t \x00\x85\u2028é",
    "\r\n",
    "# === KOMETA-AI ===\n",
    "<<: *base",
    "---\n",
]


@st.composite
def broken(draw: st.DrawFn) -> str:
    text = SAMPLE
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(text)))
        gone = draw(st.integers(0, 12))
        text = text[:at] + draw(st.sampled_from(["", *PIECES])) + text[at + gone :]
    return text


@settings(deadline=None, max_examples=250)
@given(text=broken(), flaw=st.integers(0, 2000), newline=st.sampled_from(["\n", "\r\n"]))
def test_nothing_makes_reading_or_fixing_raise(
    tmp_path_factory: pytest.TempPathFactory, text: str, flaw: int, newline: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    folder.mkdir(exist_ok=True)
    content = text.replace("\n", newline).encode()
    if flaw < len(content) // 8:
        content = content[:flaw] + b"\xff" + content[flaw:]
    (folder / "a.yml").write_bytes(content)
    files = read(folder)
    assert isinstance(files, KometaFiles)
    assert all(fault.where and fault.remedy for fault in files.faults)
    assert all(one.prompt and one.tag and one.name for one in files.collections)
    fixes, _ = fix_tags(folder)
    again = read(folder)
    assert [(one.name, one.tag, one.prompt) for one in again.collections] == [
        (one.name, one.tag, one.prompt) for one in files.collections
    ]
    assert bool(fixes) == ((folder / "a.yml").read_bytes() != content)


@settings(deadline=None, max_examples=100)
@given(text=broken())
def test_both_parsers_see_one_tree(text: str) -> None:
    trees = []
    for loader in (yaml.SafeLoader, yaml.CSafeLoader):
        with contextlib.suppress(NotYamlError):
            tree = grow(text, loader)
            # Of a value that is not there one says that it is before a blank, the other after it.
            places = [(leaf.start, leaf.end) for leaf in tree.leaves if leaf.end > leaf.start]
            trees.append((places, tree.signatures))
    assume(len(trees) == 2)  # what is an error differs in a few corners
    assert trees[0] == trees[1]


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [*a, *a]\n<<: *a",
        "a: &a {<<: *a}",
        "[" * 200,
        "- " * 20000,
        '"\\UFFFFFFFF"',
        "%YAML 9.9\n---\na",
        "!!python/object/apply:os.system [x]",
        "&a\n",
        "? ? ? a",
    ],
)
@pytest.mark.parametrize("loader", [yaml.SafeLoader, yaml.CSafeLoader])
def test_hostile_yaml_is_a_tree_or_a_fault(
    text: str, loader: type[yaml.SafeLoader | yaml.CSafeLoader]
) -> None:
    with contextlib.suppress(NotYamlError):
        grow(text, loader)
