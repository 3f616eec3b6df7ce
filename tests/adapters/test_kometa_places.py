"""Which collection a block belongs to, its name and its tag, and what two may not share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kometa_ai.adapters.kometa_files import KometaFiles, read

if TYPE_CHECKING:
    from pathlib import Path

    from kometa_ai.domain.collection import Collection


def block(indent: int = 0, prompt: str = "A plan", enabled: str = "true") -> str:
    lines = [
        "# === KOMETA-AI ===",
        f"# enabled: {enabled}",
        f"# prompt: {prompt}",
        "# === END KOMETA-AI ===",
    ]
    return "".join(f"{' ' * indent}{line}\n" for line in lines)


BLOCK = block()


def reading(folder: Path, text: str, name: str = "a.yml") -> KometaFiles:
    (folder / name).write_text(text)
    return read(folder)


def only(files: KometaFiles) -> Collection:
    assert not files.faults
    (collection,) = files.collections
    return collection


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        (f"collections:\n{block(2)}  A:\n    b: c\n", "A", 6),
        (f"collections:\n{BLOCK}  A:\n    b: c\n", "A", 6),
        (f"{BLOCK}A:\n  b: c\n", "A", 5),
        (f"---\n{BLOCK}A: {{b: c}}\n", "A", 6),
        (f"{BLOCK}# note\n\n\n'A: b': # why\n", "A: b", 8),
        (f'{BLOCK}"A \\"b\\" \\u00e9":\n', 'A "b" é', 5),
        (f"{BLOCK}1917:\n", "1917", 5),
        (f"{BLOCK}007: {{}}\n", "007", 5),
        (f"{BLOCK}Yes:\n", "Yes", 5),
        (f"{BLOCK}2001 A Space Odyssey:\n", "2001 A Space Odyssey", 5),
        (f"{BLOCK}Amélie & Café 😀:\n", "Amélie & Café 😀", 5),
        (f"{BLOCK}? A\n: b: c\n", "A", 5),
        (f"{BLOCK}&a A: 1\n", "A", 5),
        (f"x: &a A\ncollections:\n{block(2)}  *a : 1\n", "A", 7),
        (f"collections: {{\n{BLOCK} A: {{b: c}}}}\n", "A", 6),
        (f"collections:\n  B:\n    b: |\n      # x\n{block(2)}  A:\n    b: c\n", "A", 9),
        (f"templates:\n  B: x\ncollections:\n{block(2)}  A:\ntemplates2: x\n", "A", 8),
        (f"collections:\n  B: 1\n---\ncollections:\n{BLOCK}  A:\n", "A", 9),
        (f"collections:\n  B: 1\n---\n{BLOCK}A:\n", "A", 8),
        (f"collections:\n{block(2)}  templates:\n", "templates", 6),
        (f"collections:\n  B: 1\ncollections:\n{block(2)}  A:\n", "A", 8),
    ],
)
def test_a_block_belongs_to_the_collection_that_follows(
    tmp_path: Path, text: str, name: str, line: int
) -> None:
    one = only(reading(tmp_path, text))
    assert (one.name, one.source) == (name, f"a.yml:{line}")


INSIDE = 'inside the collection "A"'
NONE = "No collection follows"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (f"collections:\n  A:\n{block(4)}    radarr_taglist: KAI-a\n", 3, INSIDE),
        (f"A:\n{BLOCK}  radarr_taglist: KAI-a\n", 2, INSIDE),
        (f"A:\n  radarr_taglist:\n{BLOCK}    - KAI-a\nB:\n", 3, INSIDE),
        (f"A:\n{BLOCK}  {{b: c}}\nB:\n", 2, INSIDE),
        (f"collections:\n  A:\n{block(4)}  B:\n", 3, INSIDE),
        (f"{BLOCK}collections:\n  A:\n", 1, 'above "collections:"'),
        (f"collections:\n  A: 1\n{BLOCK}", 3, NONE),
        (f"collections:\n  A: 1\n{BLOCK}templates:\n  b: c\n", 3, NONE),
        (f"collections:\n  A: 1\n{BLOCK}Stray:\n  b: c\n", 3, '"Stray" is none'),
        (f"templates:\n{BLOCK}  B:\n    c: d\n", 2, 'in "templates"'),
        (f"templates:\n{BLOCK}  B:\n    c: d\ncollections:\n  A: 1\n", 2, 'in "templates"'),
        (f"overlays:\n{BLOCK}  B:\n    c: d\n", 2, 'in "overlays"'),
        (f"dynamic_collections:\n  B:\n{BLOCK}    c: d\n", 3, 'in "dynamic_collections"'),
        (f"metadata:\n{BLOCK}  B:\n    c: d\n", 2, 'in "metadata"'),
        (f"playlists:\n{BLOCK}  B:\n    c: d\n", 2, 'in "playlists"'),
        (f"{BLOCK}templates:\n  B: c\n", 1, '"templates" is none'),
        (f"{BLOCK}- A:\n", 1, NONE),
        (f"{BLOCK}- A\n", 1, NONE),
        (f"{BLOCK}just text\n", 1, NONE),
        (f"collections:\n{BLOCK}  - A:\n", 2, NONE),
        (f"b: &b {{}}\ncollections:\n{BLOCK}  <<: *b\n", 3, NONE),
        (BLOCK, 1, NONE),
        (f"{BLOCK}? [A]\n: b\n", 1, ""),
    ],
)
def test_a_block_elsewhere_is_a_fault_that_says_where_it_sits(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    files = reading(tmp_path, text)
    assert not files.collections
    (fault,) = files.faults
    assert fault.where == f"a.yml:{line}"
    assert words in fault.message
    assert "Move it" in fault.remedy
    (notice,) = reading(tmp_path, text.replace("enabled: true", "enabled: false")).notices
    assert words in notice
    assert not read(tmp_path).faults


def test_a_block_that_is_indented_like_the_body_above_is_doubted(tmp_path: Path) -> None:
    files = reading(tmp_path, f"A:\n  b: c\n{block(2)}B:\n  radarr_taglist: KAI-b\n")
    assert only(files).name == "B"
    assert [notice.split(": ")[0] for notice in files.notices] == ["a.yml:7"]
    assert "indented as if" in files.notices[0]


def test_two_blocks_above_one_collection(tmp_path: Path) -> None:
    files = reading(tmp_path, f"{BLOCK}\n{block(prompt='Another')}A:\n\n{BLOCK}B:\n")
    assert [one.name for one in files.collections] == ["B"]
    (fault,) = files.faults
    assert fault.where == "a.yml:6"
    assert "its first is in line 1" in fault.message


@pytest.mark.parametrize(
    ("body", "tag"),
    [
        ("radarr_taglist: KAI-Own", "KAI-Own"),
        ("radarr_taglist: kai-own", "kai-own"),
        ("radarr_taglist: 'KAI-own'", "KAI-own"),
        ("radarr_taglist: heist, KAI-own , x", "KAI-own"),
        ('radarr_taglist: "heist,KAI-own"', "KAI-own"),
        ("radarr_taglist: [heist, KAI-own]", "KAI-own"),
        ("radarr_taglist:\n  - heist\n  - 'x, KAI-own'", "KAI-own"),
        ("radarr_taglist:\n  - a: b\n  - KAI-own", "KAI-own"),
        ("Radarr_TagList: KAI-own", "KAI-own"),
        ("'radarr_taglist': KAI-own", "KAI-own"),
        ("sonarr_taglist: KAI-series\n  radarr_taglist: KAI-own", "KAI-own"),
        ("<<: *base", "KAI-base"),
        ("<<: [{b: c}, *base]", "KAI-base"),
        ("<<: *base\n  radarr_taglist: KAI-own", "KAI-own"),
        ("radarr_taglist: *anchor", "KAI-anchored"),
        ("radarr_taglist: [heist, *anchor]", "KAI-anchored"),
        ("radarr_taglist: heist", "KAI-80s-heists"),
        ("radarr_taglist: KAI-", "KAI-80s-heists"),
        ("radarr_taglist: KAI-Film Noir", "KAI-80s-heists"),
        ("radarr_taglist: KAI-film_noir", "KAI-80s-heists"),
        ("radarr_taglist:", "KAI-80s-heists"),
        ("radarr_taglist: {a: KAI-own}", "KAI-80s-heists"),
        ("template: {radarr_taglist: KAI-own}", "KAI-80s-heists"),
        ("&own b: c\n  <<: *self", "KAI-80s-heists"),
    ],
)
def test_the_tag(tmp_path: Path, body: str, tag: str) -> None:
    text = (
        "templates:\n  base: &base {radarr_taglist: [x, KAI-base]}\n"
        "  anchor: &anchor KAI-anchored\n"
        f"collections:\n{BLOCK} 80's  Heists: &self\n  {body}\n"
    )
    files = reading(tmp_path, text)
    assert only(files).tag == tag
    assert bool(files.notices) == (tag == "KAI-80s-heists")
    assert all("KOMETA_FIX_TAGS" in notice for notice in files.notices)


def test_the_first_of_several_tags_counts_and_that_is_said(tmp_path: Path) -> None:
    files = reading(tmp_path, f"{BLOCK}A:\n  radarr_taglist: x, KAI-b, kai-B, KAI-c\n")
    assert only(files).tag == "KAI-b"
    assert "several KAI- tags; the first, KAI-b, counts" in files.notices[0]


@pytest.mark.parametrize("name", ["東京", "'!!!'", "'-'"])
def test_a_name_without_a_slug_asks_for_a_tag(tmp_path: Path, name: str) -> None:
    files = reading(tmp_path, f"{BLOCK}{name}:\n  x: y\n")
    assert not files.collections
    (fault,) = files.faults
    assert (fault.where, "radarr_taglist: KAI-" in fault.remedy) == ("a.yml:5", True)
    one = only(reading(tmp_path, f"{BLOCK}{name}:\n  radarr_taglist: KAI-own\n"))
    assert one.tag == "KAI-own"


@pytest.mark.parametrize("name", ["''", "' '", ""])
def test_a_collection_needs_a_name(tmp_path: Path, name: str) -> None:
    files = reading(tmp_path, f"{BLOCK}{name}: {{radarr_taglist: KAI-x}}\n")
    assert not files.collections
    assert len(files.faults) == 1


def test_series_are_skipped_and_that_is_said(tmp_path: Path) -> None:
    files = reading(tmp_path, f"{BLOCK}A:\n  sonarr_taglist: KAI-a\n")
    assert (files.collections, files.faults) == ((), ())
    assert "is a collection of series" in files.notices[-1]


def test_one_name_twice(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text(f"{BLOCK}A:\n")
    files = reading(tmp_path, f"{BLOCK}A:\n{BLOCK}A:\n{BLOCK}B:\n")
    assert [one.name for one in files.collections] == ["B"]
    assert [(fault.where, fault.message) for fault in files.faults] == [
        ("a.yml:5", 'The collection "A" is also in a.yml:10, b.yml:5.'),
        ("a.yml:10", 'The collection "A" is also in a.yml:5, b.yml:5.'),
        ("b.yml:5", 'The collection "A" is also in a.yml:5, a.yml:10.'),
    ]


def test_one_tag_twice(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text(f"{BLOCK}B:\n  radarr_taglist: kai-A\n")
    files = reading(tmp_path, f"{BLOCK}A:\n{BLOCK}C:\n")
    assert [one.name for one in files.collections] == ["C"]
    assert [(fault.where, fault.message) for fault in files.faults] == [
        ("a.yml:5", 'The collection "A" has the tag KAI-a, and so has the one in b.yml:5.'),
        ("b.yml:5", 'The collection "B" has the tag kai-A, and so has the one in a.yml:5.'),
    ]


@pytest.mark.parametrize("name", ["A", "B"])
def test_a_disabled_twin_stops_nobody_and_a_faulty_one_does(tmp_path: Path, name: str) -> None:
    twin = f"{name}:\n  radarr_taglist: KAI-a\n"
    (tmp_path / "b.yml").write_text(block(enabled="false") + twin)
    files = reading(tmp_path, f"{BLOCK}A:\n")
    assert only(files).source == "a.yml:5"
    assert files.disabled == (f"{name} (b.yml:5)",)
    (tmp_path / "b.yml").write_text(block(prompt="") + twin)
    assert not read(tmp_path).collections


def test_every_tag_that_a_file_mentions_or_a_block_stands_for_is_claimed(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text("broken: [\n# once: KAI-Commented-Out\n")
    (tmp_path / "c.yml").write_bytes(b"\xff radarr_taglist: KAI-Latin\n")
    (tmp_path / "_d.yml").write_text("radarr_taglist: KAI-not-read\n")
    text = f"{BLOCK}A:\n{block(enabled='false')}Off:\n{block(prompt='')}Faulty:\n"
    files = reading(tmp_path, f"{text}Plain:\n  radarr_taglist: KAI-own\n")
    assert files.claimed == {
        "kai-a",
        "kai-off",
        "kai-faulty",
        "kai-own",
        "kai-commented-out",
        "kai-latin",
    }
