"""What fuzzing has found, and what it begins with: every file of the corpus, again and again."""

from __future__ import annotations

import pytest

from tests.fuzz.target import CORPUS
from tests.fuzz.targets import TARGETS

KEPT = [(target.name, name) for target in TARGETS.values() for name in target.corpus()]


@pytest.mark.parametrize(("name", "file"), KEPT)
def test_what_was_found_stays_mended(name: str, file: str) -> None:
    target = TARGETS[name]
    target.check((target.folder / file).read_bytes())


def test_every_reader_has_a_corpus_and_every_corpus_a_reader() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    assert {name for name, _ in KEPT} == set(TARGETS)
