"""What is retained on the broker: every key, always, and nothing too long."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from addon.command import ALL
from addon.mqtt.choices import choices, handles
from addon.mqtt.payloads import collection_payload, state_payload
from addon.status import CollectionStatus, LastRun, Live, Problem, Source, Status
from addon.texts import cut
from kometa_ai.domain.report import Phase, Result, Trigger

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

NOON = datetime(2026, 1, 5, 12, tzinfo=timezone(timedelta(hours=1)))
NOIR = CollectionStatus(
    name="Film Noir",
    slug="film-noir",
    tag="KAI-Film-Noir",
    threshold=0.7,
    members=14,
    pending=2,
    added=2,
    held=12,
    last_added=("Laura (1944)", "Gilda (1946)"),
    last_run=NOON,
    cost_month=Decimal("1.25"),
)
BUSY = Status(
    live=Live("8", Trigger.MQTT, dry_run=False, since=NOON, phase=Phase.ASKING, progress=40),
    last=LastRun(
        "7",
        NOON,
        Result.PARTIAL,
        4.51,
        added=2,
        removed=1,
        errors=1,
        last_error="Laura: Claude gave no answer. Run again.",
        cost=Decimal("0.0512345678"),
        input_tokens=1500,
        output_tokens=70,
        review_cost=Decimal("0.0212345678"),
    ),
    collections={NOIR.slug: NOIR},
    movies=200,
    next_run=NOON + timedelta(days=1),
    cost_month=Decimal("1.30"),
    budget_month=Decimal(5),
    radarr=True,
    claude=False,
    cron="0 3 * * *",
    max_evals=100,
    selected="Film Noir",
    version="1.2.3",
).with_problem(Source.CHECK, Problem("Claude refuses the key.", "Set another."))


def named(*names: str) -> Status:
    one = replace(NOIR, held=0)
    return Status(
        collections={
            f"c{at}": replace(one, name=name, slug=f"c{at}") for at, name in enumerate(names)
        }
    )


def test_a_busy_state(snapshot: SnapshotAssertion) -> None:
    assert state_payload(BUSY) == snapshot


def test_a_state_before_anything_is_known(snapshot: SnapshotAssertion) -> None:
    assert state_payload(Status(version="1.2.3")) == snapshot


def test_every_key_is_always_there() -> None:
    assert state_payload(BUSY).keys() == state_payload(Status()).keys()


def test_a_collection(snapshot: SnapshotAssertion) -> None:
    assert collection_payload(NOIR) == snapshot


@pytest.mark.parametrize(
    ("phase", "counted", "expected"),
    [
        (Phase.WAITING, "312 of 840", "waiting for a batch, 312 of 840"),
        (Phase.WAITING, "840 requests", "waiting for a batch, 840 requests"),
        (Phase.TAGGING, "", "tagging"),
        (None, "", None),
    ],
)
def test_a_phase_is_told_in_words(phase: Phase | None, counted: str, expected: str | None) -> None:
    assert BUSY.live is not None
    live = replace(BUSY.live, phase=phase, counted=counted)
    assert state_payload(replace(BUSY, live=live))["phase_detail"] == expected


def test_a_run_that_ended_still_names_itself() -> None:
    told = state_payload(replace(BUSY, live=None))
    assert (told["run_id"], told["phase"], told["progress"]) == ("7", None, 0)


def test_a_time_carries_its_offset() -> None:
    utc = replace(NOIR, last_run=datetime(2026, 7, 1, 3, 0, 0, 999, tzinfo=UTC))
    assert collection_payload(utc)["last_run"] == "2026-07-01T03:00:00+00:00"


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("short", 10, "short"),
        ("exactly 10", 10, "exactly 10"),
        ("a little too long", 10, "a little…"),
        ("two\nlines\x00", 20, "two lines"),
        ("half \ud800 a pair", 20, "half ? a pair"),
    ],
)
def test_a_text_is_cut_with_an_ellipsis(text: str, length: int, expected: str) -> None:
    assert cut(text, length) == expected


@given(reason=st.text(), error=st.text(), cron=st.text(), padding=st.integers(0, 400))
def test_no_text_of_the_state_is_too_long(reason: str, error: str, cron: str, padding: int) -> None:
    status = replace(BUSY, cron=cron + "x" * padding)
    status = status.with_problem(Source.SETTINGS, Problem("x" * padding + reason, reason))
    assert status.last
    status = replace(status, last=replace(status.last, last_error=error + "x" * padding))
    told = state_payload(status)
    # The reason is an attribute alone, and names every wrong setting.
    assert len(str(told.pop("problem_reason"))) <= 4_000
    assert all(len(text) <= 255 for text in told.values() if isinstance(text, str))
    json.dumps(told).encode()


ABSURD = st.text(st.characters(), max_size=50).map(lambda text: text * 40)


@given(name=ABSURD, titles=st.lists(ABSURD, max_size=12))
def test_attributes_stay_small_whatever_the_titles_are(name: str, titles: list[str]) -> None:
    told = collection_payload(replace(NOIR, name=name, last_added=tuple(titles)))
    assert len(json.dumps(told)) < 10_000
    assert len(json.dumps(told, ensure_ascii=False).encode()) < 10_000
    assert len(told["last_added"]) <= 10  # type: ignore[arg-type] # a list, as JSON has it


def test_titles_of_emoji_are_small_too() -> None:
    told = collection_payload(replace(NOIR, last_added=("🎬" * 300,) * 10))
    assert len(json.dumps(told)) < 10_000


def test_usual_titles_are_not_cut() -> None:
    title = "Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb (1964)"
    assert collection_payload(replace(NOIR, last_added=(title,)))["last_added"] == [title]


@pytest.mark.parametrize(
    ("names", "offered"),
    [
        (("Film Noir", "黑色电影", "{{ 1 }} \"'"), ["Film Noir", "黑色电影", "{{ 1 }} \"'"]),
        (("Twice", "twice", "Once"), ["c0", "c1", "Once"]),
        (("c1", "Heist"), ["c0", "Heist"]),
        (("", " padded ", "two\nlines"), ["c0", "c1", "c2"]),
        (("x" * 255, "x" * 256), ["x" * 255, "c1"]),
        (("All", "NONE", "Heist"), ["Heist"]),
    ],
)
def test_what_the_select_offers(names: tuple[str, ...], offered: list[str]) -> None:
    assert list(choices(named(*names)).values()) == offered


def test_what_nothing_can_name_in_a_state_is_not_offered() -> None:
    long = "x" * 256
    assert choices(Status(collections={long: replace(NOIR, name=long, slug=long)})) == {}


@pytest.mark.parametrize(
    ("chosen", "shown"), [("Heist", "Heist"), ("x" * 300, "c1"), ("Gone", ALL), (ALL, ALL)]
)
def test_the_selected_collection_is_one_that_is_offered(chosen: str, shown: str) -> None:
    status = replace(named("Heist", "x" * 300, "All"), selected=chosen)
    assert state_payload(status)["selected_collection"] == shown


@given(names=st.lists(st.text()))
def test_a_collection_is_called_by_what_only_it_answers_to(names: list[str]) -> None:
    status = named(*names)
    for slug, handle in handles(status.collections).items():
        answering = [
            one.slug
            for one in status.collections.values()
            if handle.strip().lower() in {one.name.strip().lower(), one.slug}
        ]
        assert handle == slug or answering == [slug]
    assert len(set(choices(status).values())) == len(choices(status))
