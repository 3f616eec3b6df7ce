"""KOMETA_FIX_TAGS: the tag is written, and not one byte beside it."""

from __future__ import annotations

import difflib
import os
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from kometa_ai.adapters.kometa_files import fix_tags, read
from kometa_ai.adapters.kometa_files.edits import UnsafeError
from kometa_ai.adapters.kometa_files.fix import _check, _replace
from kometa_ai.adapters.kometa_files.folder import SourceFile
from kometa_ai.adapters.kometa_files.tree import grow
from kometa_ai.domain.fault import SkipError

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = "# === KOMETA-AI ===\n# enabled: true\n# prompt: A plan\n# === END KOMETA-AI ===\n"
KEY = "radarr_taglist"


def fixed(folder: Path, text: str) -> str:
    """Fix one file; a second time there must be nothing left to do."""
    (folder / "a.yml").write_bytes(text.encode())
    before = [one.tag for one in read(folder).collections]
    fixes, faults = fix_tags(folder)
    assert not faults
    assert len(fixes) == 1
    after = read(folder)
    assert [one.tag for one in after.collections] == before
    assert not after.notices
    assert fix_tags(folder) == ((), ())
    return (folder / "a.yml").read_bytes().decode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f" {KEY}: heist", f" {KEY}: KAI-a"),
        (f" {KEY}:   heist  # why", f" {KEY}:   KAI-a  # why"),
        (f" {KEY}: 'heist'", f" {KEY}: 'KAI-a'"),
        (f' "{KEY}": "heist" ', f' "{KEY}": "KAI-a" '),
        (f" {KEY}: ''", f" {KEY}: 'KAI-a'"),
        (f" {KEY}: KAI-no good", f" {KEY}: KAI-a"),
        (f" {KEY}:", f" {KEY}: KAI-a"),
        (f" {KEY}:  # none", f" {KEY}: KAI-a  # none"),
        (f" {KEY}: ~", f" {KEY}: KAI-a"),
        (f" {KEY}: null # none", f" {KEY}: KAI-a # none"),
        (f" {KEY}:\n   heist\n b: c", f" {KEY}:\n   KAI-a\n b: c"),
        (f" {KEY}: heist, x", f" {KEY}: heist, x, KAI-a"),
        (f" {KEY}: heist,x,  # why", f" {KEY}: heist,x, KAI-a  # why"),
        (f" {KEY}: 'heist, x'", f" {KEY}: 'heist, x, KAI-a'"),
        (f" {KEY}: [heist]", f" {KEY}: [heist, KAI-a]"),
        (f" {KEY}: [ heist , 'x' ] # why", f" {KEY}: [ heist , 'x', KAI-a ] # why"),
        (f" {KEY}: [heist, ]", f" {KEY}: [heist, KAI-a, ]"),
        (f" {KEY}: []", f" {KEY}: [KAI-a]"),
        (
            f" {KEY}: [\n  heist, # why\n  x # not\n ]",
            f" {KEY}: [\n  heist, # why\n  x, KAI-a # not\n ]",
        ),
        (
            f" {KEY}:\n - heist\n - x # why\n b: c",
            f" {KEY}:\n - heist\n - x # why\n - KAI-a\n b: c",
        ),
        (f" {KEY}:\n   -   heist", f" {KEY}:\n   -   heist\n   -   KAI-a"),
        (
            f" {KEY}:\n  # one\n  - 'heist'\n  # two",
            f" {KEY}:\n  # one\n  - 'heist'\n  - KAI-a\n  # two",
        ),
        (f" {KEY}:\n  -", f" {KEY}:\n  -\n  - KAI-a"),
        (f" {KEY}: &t heist\n b: c", None),
        (f" {KEY}: !!str heist", None),
        (f" {KEY}: |\n  heist", None),
        (f" {KEY}: {{b: c}}", None),
        (f" {KEY}:\n  - b: c", None),
        (f" {KEY}: &t [heist]\n b: *t", None),
        (" &t b: c\n d: *t", f" {KEY}: KAI-a\n &t b: c\n d: *t"),
        (" b: c", f" {KEY}: KAI-a\n b: c"),
        ("\n # why\n\n  b: c\n  d: e", f"  {KEY}: KAI-a\n\n # why\n\n  b: c\n  d: e"),
        ("    b:\n    - c", f"    {KEY}: KAI-a\n    b:\n    - c"),
        (" <<: {b: c}", f" {KEY}: KAI-a\n <<: {{b: c}}"),
        (f" <<: {{{KEY}: heist}}", None),
        (f" ? {KEY}\n : heist", f" ? {KEY}\n : KAI-a"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("tail", ["", "\n", "\nB:\n  é: [x]\n", "\n# end"])
def test_bodies(tmp_path: Path, old: str, new: str | None, newline: str, tail: str) -> None:
    head = f"# Füße\n{BLOCK}A: # note\n"
    text = f"{head}{old}{tail}".replace("\n", newline)
    if new is not None:
        assert fixed(tmp_path, text) == f"{head}{new}{tail}".replace("\n", newline)
        return
    (tmp_path / "a.yml").write_bytes(text.encode())
    fixes, (fault,) = fix_tags(tmp_path)
    assert not fixes
    assert fault.where == "a.yml:6"
    assert fault.remedy == "Write KAI-a there by hand."
    assert (tmp_path / "a.yml").read_bytes() == text.encode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("A:", f"A:\n  {KEY}: KAI-a"),
        ("A: # note\n# more", f"A: # note\n  {KEY}: KAI-a\n# more"),
        ("A: ~", f"A: {{{KEY}: KAI-a}}"),
        ("A: {}", f"A: {{{KEY}: KAI-a}}"),
        ("A: {b: c}", f"A: {{{KEY}: KAI-a, b: c}}"),
        ("A: &x { b: c }", f"A: &x {{{KEY}: KAI-a,  b: c }}"),
        (f"A: {{{KEY}: x, b: c}}", f"A: {{{KEY}: KAI-a, b: c}}"),
        (f"A: {{{KEY}: [x], b: c}}", f"A: {{{KEY}: [x, KAI-a], b: c}}"),
        (f"A: {{{KEY}: , b: c}}", f"A: {{{KEY}: KAI-a, b: c}}"),
        (f"A: {{{KEY}}}", f"A: {{{KEY}: KAI-a}}"),
        ("'A':\nB:\n   b: c", f"'A':\n   {KEY}: KAI-a\nB:\n   b: c"),
        ("A: &x\n  b: c\nB:\n  <<: *x", None),
        ("A: &x\nB: *x", None),
        ("A: text", None),
        ("A: [x]", None),
        ("? A", None),
    ],
)
@pytest.mark.parametrize("margin", ["", "  "])
def test_collections(tmp_path: Path, old: str, new: str | None, margin: str) -> None:
    head = "collections:\n" if margin else ""
    lines = f"{BLOCK}{old}".splitlines()
    text = head + "".join(f"{margin}{line}\n" for line in lines)
    if new:
        lines = f"{BLOCK}{new}".splitlines()
        assert fixed(tmp_path, text) == head + "".join(f"{margin}{line}\n" for line in lines)
    else:
        (tmp_path / "a.yml").write_text(text)
        fixes, faults = fix_tags(tmp_path)
        assert (fixes, len(faults)) == ((), 1)
        assert (tmp_path / "a.yml").read_text() == text


def test_a_body_from_elsewhere_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(f"B: &x {{b: c}}\n{BLOCK}A: *x\n")
    fixes, (fault,) = fix_tags(tmp_path)
    assert not fixes
    assert "is no mapping" in fault.message


def test_a_flow_mapping_of_collections(tmp_path: Path) -> None:
    text = f"collections: {{\n{BLOCK}  A: , B: 1}}\n"
    assert fixed(tmp_path, text) == text.replace("A: ", f"A: {{{KEY}: KAI-a}}")


def test_only_what_runs_and_has_no_valid_tag_is_touched(tmp_path: Path) -> None:
    off = BLOCK.replace("true", "false")
    wrong = BLOCK.replace("A plan", "")
    text = (
        f"Plain:\n  {KEY}: x\n{off}Off:\n  {KEY}: x\n{wrong}Wrong:\n  {KEY}: x\n"
        f"{BLOCK}Own:\n  {KEY}: KAI-other\n{BLOCK}Series:\n  sonarr_taglist: x\n"
        f"{BLOCK}One:\n  {KEY}: x\n{BLOCK}Two:\n  b: c\n{BLOCK}Three: text\n"
    )
    (tmp_path / "a.yml").write_text(text)
    (tmp_path / "b.yml").write_text(f"{BLOCK}Four:\n")
    assert fix_tags(tmp_path, dry_run=True)[0] == (
        'a.yml:31: the radarr_taglist of "One" would become KAI-one.',
        'a.yml:37: the radarr_taglist of "Two" would become KAI-two.',
        'b.yml:5: the radarr_taglist of "Four" would become KAI-four.',
    )
    assert (tmp_path / "a.yml").read_text() == text
    fixes, (fault,) = fix_tags(tmp_path)
    assert fixes[0] == 'a.yml:31: the radarr_taglist of "One" is now KAI-one.'
    assert fault.where == "a.yml:43"
    changed = text.replace("One:\n  radarr_taglist: x", "One:\n  radarr_taglist: KAI-one")
    changed = changed.replace("Two:\n", f"Two:\n  {KEY}: KAI-two\n")
    assert (tmp_path / "a.yml").read_text() == changed
    assert (tmp_path / "b.yml").read_text() == f"{BLOCK}Four:\n  {KEY}: KAI-four\n"


def test_collections_that_clash_are_left_alone(tmp_path: Path) -> None:
    text = f"{BLOCK}A B:\n  {KEY}: x\n{BLOCK}a b:\n  {KEY}: y\n"
    (tmp_path / "a.yml").write_text(text)
    assert fix_tags(tmp_path) == ((), ())
    assert (tmp_path / "a.yml").read_text() == text


def test_mode_owner_mark_and_link_stay(tmp_path: Path) -> None:
    real = tmp_path / ".real"
    real.mkdir()
    target = real / "movies.txt"
    target.write_bytes(b"\xef\xbb\xbf" + f"{BLOCK}A:\r\n  {KEY}: x\r\n".encode())
    target.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(target, 1234, 2345)
    before = target.stat()
    (tmp_path / "a.yml").symlink_to(target)
    assert len(fix_tags(tmp_path)[0]) == 1
    assert (tmp_path / "a.yml").is_symlink()
    assert target.read_bytes() == b"\xef\xbb\xbf" + f"{BLOCK}A:\r\n  {KEY}: KAI-a\r\n".encode()
    after = target.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )
    assert [path.name for path in real.iterdir()] == ["movies.txt"]


def test_a_read_only_file_is_a_fault(tmp_path: Path) -> None:
    text = f"{BLOCK}A:\n"
    (tmp_path / "a.yml").write_text(text)
    (tmp_path / "a.yml").chmod(0o444)
    (tmp_path / "b.yml").write_text(f"{BLOCK}B:\n")
    (fix,), (fault,) = fix_tags(tmp_path)
    assert fix.startswith("b.yml:5: ")
    assert (fault.where, "read-only" in fault.message) == ("a.yml", True)
    assert (tmp_path / "a.yml").read_text() == text
    assert stat.S_IMODE((tmp_path / "a.yml").stat().st_mode) == 0o444


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("saved by an editor\n")
    with pytest.raises(SkipError, match="it changed while it was read"):
        _replace(SourceFile(tmp_path / "a.yml", "a.yml"), b"as it was\n", b"as we want it\n")
    assert [path.name for path in tmp_path.iterdir()] == ["a.yml"]
    assert (tmp_path / "a.yml").read_text() == "saved by an editor\n"


@pytest.mark.parametrize(
    "new",
    [
        f"{BLOCK}A:\n  {KEY}: KAI-a\nB: changed\n",
        f"{BLOCK}A:\n  {KEY}: 'KAI-a'\nB: c\n",
        f"{BLOCK}A:\n  {KEY}: KAI-a\n  more: x\nB: c\n",
        f"A:\n  {KEY}: KAI-a\nB: c\n",
        f"{BLOCK.replace('A plan', 'Another')}A:\n  {KEY}: KAI-a\nB: c\n",
    ],
)
def test_a_text_that_says_something_else_is_refused(tmp_path: Path, new: str) -> None:
    file, old = SourceFile(tmp_path / "a.yml", "a.yml"), f"{BLOCK}A:\n  {KEY}: x\nB: c\n"
    good = f"{BLOCK}A:\n  {KEY}: KAI-a\nB: c\n"
    _check(file, old, good, grow(good).signatures, "a.yml:5")
    with pytest.raises(UnsafeError):
        _check(file, old, new, grow(good).signatures, "a.yml:5")


def test_nothing_to_fix_writes_nothing(tmp_path: Path) -> None:
    assert fix_tags(tmp_path / "missing") == ((), ())
    (tmp_path / "a.yml").write_text(f"{BLOCK}A:\n  {KEY}: KAI-own\n")
    before = (tmp_path / "a.yml").stat()
    assert fix_tags(tmp_path) == ((), ())
    assert (tmp_path / "a.yml").stat() == before


NOISE = st.sampled_from(
    [
        "plex_search:\n  all: {genre: x}",
        "summary: |\n  # KAI\n  radarr_taglist: x",
        "# note",
        "",
        "b: 'c'",
    ]
)
TAGS = st.sampled_from(
    ["x", "'x'", '"x, y"', "x, y", "[x]", "[ x, y ]", "[]", "", " # c", "\n- x", "\n  - x\n  - y"]
)


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_only_the_value_changes(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp() / "fixes"
    folder.mkdir(exist_ok=True)
    newline = data.draw(st.sampled_from(["\n", "\r\n"]))
    step = " " * data.draw(st.integers(1, 4))
    lines = ["collections:"] if data.draw(st.booleans()) else []
    margin = step if lines else ""
    names = data.draw(st.lists(st.sampled_from("ABCDEF"), min_size=1, max_size=4, unique=True))
    for name in names:
        quote = data.draw(st.sampled_from(["", "'", '"']))
        body = data.draw(st.lists(NOISE, max_size=2, unique=True))
        if data.draw(st.booleans()):
            body.insert(
                data.draw(st.integers(0, len(body))),
                f"{KEY}:{data.draw(TAGS)!s:>1}".replace(":", ": ", 1),
            )
        lines += [margin + line for line in f"{BLOCK}{quote}{name}{quote}:".splitlines()]
        lines += [margin + step + line for part in body for line in part.split("\n")]
    text = newline.join(lines) + newline * data.draw(st.integers(0, 2))
    (folder / "a.yml").write_bytes(text.encode())
    before = read(folder)
    assert not before.faults
    fixes, faults = fix_tags(folder)
    assert (len(fixes), faults) == (len(names), ())
    new = (folder / "a.yml").read_bytes().decode()
    after = read(folder)
    assert [(one.name, one.tag) for one in after.collections] == [
        (one.name, one.tag) for one in before.collections
    ]
    old_lines, new_lines = text.splitlines(keepends=True), new.splitlines(keepends=True)
    changed = [line for line in difflib.ndiff(old_lines, new_lines) if line[0] in "+-"]
    assert sum("KAI-" in line for line in changed if line[0] == "+") == len(names)
    assert len(changed) <= 2 * len(names) + 2
    assert set(new.replace("\r\n", "")) & {"\r"} == set()
    assert newline == "\n" or "\n" not in new.replace("\r\n", "")
