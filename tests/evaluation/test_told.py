"""What people and programs see of an evaluation: the terminal, the page, the JSON."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from datetime import UTC
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from kometa_ai.domain.evaluation.scores import Bin, Point
from kometa_ai.evaluation_json import evaluation_json
from kometa_ai.messages.evaluation import MARK, as_page
from kometa_ai.messages.plots import HEIGHT, WIDTH, calibration_plot, threshold_plot
from kometa_ai.terminal.evaluation import print_evaluation
from tests.evaluation.samples import EVERY, HOSTILE, TWO, WILD

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from kometa_ai.domain.evaluation.result import Evaluation

VOID = frozenset({"meta", "br"})


def printed(evaluation: Evaluation, width: int) -> str:
    out = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    print_evaluation(out, evaluation, "evaluation-film-noir.html")
    return out.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("width", [60, 100])
def test_the_terminal(name: str, width: int, snapshot: SnapshotAssertion) -> None:
    text = printed(EVERY[name], width)
    assert text == snapshot
    lines = [line for line in text.splitlines() if not line.startswith("Report: ")]
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("name", EVERY)
def test_the_page(name: str, snapshot: SnapshotAssertion) -> None:
    assert as_page(EVERY[name], UTC) == snapshot


@pytest.mark.parametrize("name", EVERY)
def test_the_json(name: str, snapshot: SnapshotAssertion) -> None:
    assert json.dumps(evaluation_json(EVERY[name], "x.html"), indent=1) == snapshot


class Seen(HTMLParser):
    """Checks that every tag is closed, and collects what the page would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("evaluation", [*EVERY.values(), WILD])
def test_the_page_is_whole_and_fetches_nothing(evaluation: Evaluation) -> None:
    page = as_page(evaluation, UTC)
    seen = Seen()
    seen.feed(page)
    assert seen.open == []
    assert not seen.tags & {"script", "link", "img", "iframe", "object", "base", "form", "image"}
    names = {name for name, _ in seen.attributes}
    assert not names & {"src", "href", "xlink:href", "srcset", "action"}
    assert not [name for name in names if name.startswith("on")]
    assert "url(" not in page
    assert "@import" not in page
    assert MARK in page[:1000]
    assert "default-src 'none'" in page


def test_what_strangers_write_stays_text() -> None:
    page = as_page(WILD, UTC)
    assert "<script>" not in page
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e]", page)
    seen = Seen()
    seen.feed(page)
    assert "{{ 7 * 7 }}" in seen.text
    text = printed(WILD, 100)
    assert "\x1b[2J" not in text
    assert "\u202e" not in text
    assert json.loads(json.dumps(evaluation_json(WILD, "x")))["collection"] == HOSTILE


def test_a_plot_is_drawn_within_its_picture() -> None:
    points = [Point(0.35, 0.5, 1.0), Point(0.5, None, 0.5), Point(0.7, 1.0, 0.4), Point(1, 0.9, 0)]
    bins = [Bin(0.0, 0.0, 900), Bin(0.5, 0.5, 4), Bin(1.0, 1.0, 1)]
    for drawn in (
        threshold_plot(points, 1.0, "A & B"),
        threshold_plot(points, 0.0, "low"),
        threshold_plot([], 0.7, "none"),
        calibration_plot(bins, "<>"),
        calibration_plot([], "none"),
    ):
        picture = ET.fromstring(drawn)  # noqa: S314 - drawn by us
        for one in picture.iter():
            for name, most in (("x", WIDTH), ("x1", WIDTH), ("cx", WIDTH), ("y", HEIGHT)):
                assert 0 <= float(one.get(name, 0)) <= most
            for pair in one.get("points", "").split():
                x, y = map(float, pair.split(","))
                assert 0 <= x <= WIDTH
                assert 0 <= y <= HEIGHT
    lines = ET.fromstring(threshold_plot(points, 0.7, "t")).iter("polyline")  # noqa: S314 - the same
    classes = [one.get("class") for one in lines]
    assert classes == ["recall", "precision", "precision"], "a gap is no line"


def test_every_disagreement_is_told() -> None:
    told = evaluation_json(TWO, "x")
    text = printed(TWO, 100)
    page = as_page(TWO, UTC)
    models = told["models"]
    assert isinstance(models, list)
    for model in models:
        titles = model["false_positives"] + model["false_negatives"] + model["flipped"]
        assert titles
        for one in titles:
            assert f"{one['title']} ({one['year']})" in text
            assert one["title"] in page
