"""script/fuzz says so when an engine finds something, or does not even start."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import strategies as st

from script.fuzzing import __main__ as fuzzing, by_hypothesis
from tests.fuzz.target import Target

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("engine", "sound"), [("hypothesis", True), ("nobody", False)])
def test_an_engine_that_can_not_start_is_not_taken_for_one_that_found_nothing(
    engine: str, sound: bool
) -> None:
    assert fuzzing.fuzz(engine, "supervisor", 1) is sound


@pytest.mark.parametrize(("worst", "sound"), [(b"z", True), (b"x", False)])
def test_what_is_found_is_kept_and_told_by_the_exit_code(
    tmp_path: Path, worst: bytes, sound: bool
) -> None:
    def check(data: bytes) -> None:
        assert worst not in data

    class Kept(Target):
        @property
        def folder(self) -> Path:
            return tmp_path

    former = signal.getsignal(signal.SIGALRM)
    try:
        told = by_hypothesis.fuzz(Kept("made-up", check, st.sampled_from([b"yxy", b"y"]), ()), 0.1)
    finally:
        signal.signal(signal.SIGALRM, former)
    assert told is sound
    assert len(list(tmp_path.iterdir())) == (not sound)
