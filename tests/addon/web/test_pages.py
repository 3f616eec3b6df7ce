"""The page as HTML: what it says of each state, and that nothing in it can become markup."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from addon.command import Word
from addon.status import Problem, Source
from addon.web.last import MOODS, STARTED, last_run
from addon.web.now import (
    DEEDS,
    RESULTS,
    advice,
    figures,
    headline,
    missing_settings,
    mood,
    pressable,
    running,
    troubles,
)
from addon.web.pages import live, page, report
from addon.web.wording import duration, moment, safe, usd
from kometa_ai.domain.report import JUDGING, Change, Phase, Result, ReviewSpending, Trigger
from tests.sights import (
    BERLIN,
    COSY,
    DRY,
    HELD,
    HOSTILE,
    IDLE,
    NOW,
    PROBLEM,
    REPORT,
    RUNNING,
    SIGHTS,
    STRANGE,
    UNCONFIGURED,
    WRONG,
    excerpt,
)

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from addon.web.sight import Sight

VOID = {"meta", "link", "img", "br"}
OUTSIDE = re.compile(r"^(?:[a-z]+:|/)", re.IGNORECASE)


class Reader(HTMLParser):
    """Reads a page: its tags, its attributes, and whether every tag is closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    @property
    def words(self) -> str:
        """All text, with single spaces."""
        return " ".join(" ".join(self.text).split())


def words(sight: Sight) -> str:
    return Reader(page(sight)).words


@pytest.mark.parametrize("name", SIGHTS)
def test_the_page(name: str, snapshot: SnapshotAssertion) -> None:
    assert page(SIGHTS[name]) == snapshot


def test_what_an_open_page_asks_for(snapshot: SnapshotAssertion) -> None:
    assert live(RUNNING) == snapshot


@pytest.mark.parametrize("sight", [*SIGHTS.values(), STRANGE])
def test_every_tag_is_closed_and_nothing_is_inline_or_from_elsewhere(sight: Sight) -> None:
    read = Reader(page(sight))
    assert read.tags.count("script") == 1
    assert "style" not in read.tags
    names = {name for name, _ in read.attributes}
    assert not [name for name in names if name.startswith("on") or name == "style"]
    links = [value or "" for name, value in read.attributes if name in {"src", "href", "action"}]
    assert links
    assert not [link for link in links if OUTSIDE.match(link)]


def test_titles_by_strangers_stay_text() -> None:
    text = page(STRANGE)
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 8
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800]", text)
    read = Reader(text)
    assert "bdi" in read.tags
    assert "باب الحديد" in read.words
    told = live(STRANGE)["parts"]
    assert isinstance(told, dict)
    assert "<script>" not in "".join(told.values())
    assert "<script>" not in report(STRANGE)


def test_a_text_is_made_safe() -> None:
    assert safe(HOSTILE) == "<script>alert(1)</script> \"'& gnp.exe [2J"
    assert safe("a" * 700).endswith("…")
    assert len(safe("a" * 700)) == 600


@pytest.mark.parametrize(
    ("sight", "said", "colour"),
    [
        (IDLE, "All is well.", "good"),
        (HELD, "6 removals wait for your approval.", "waiting"),
        (RUNNING, "A run is going on.", "busy"),
        (PROBLEM, "Something needs your attention.", "bad"),
        (UNCONFIGURED, "Kometa-AI is not set up yet.", "waiting"),
        (WRONG, "Some settings are wrong; nothing runs before they are right.", "bad"),
        (
            replace(IDLE, status=replace(IDLE.status, schedule_enabled=False)),
            "The schedule is off; nothing runs by itself.",
            "waiting",
        ),
        (
            replace(IDLE, status=replace(IDLE.status, last=None), report=None),
            "Ready for the first run.",
            "good",
        ),
    ],
)
def test_the_status_in_a_sentence(sight: Sight, said: str, colour: str) -> None:
    assert headline(sight) == said
    assert mood(sight) == colour
    assert said in words(sight)


def _live(sight: Sight, **more: Any) -> Sight:
    assert sight.status.live is not None
    return replace(sight, status=replace(sight.status, live=replace(sight.status.live, **more)))


@pytest.mark.parametrize(
    ("sight", "buttons"),
    [
        (IDLE, {Word.RUN, Word.DRY_RUN}),
        (PROBLEM, {Word.RUN, Word.DRY_RUN}),
        (UNCONFIGURED, set()),
        (WRONG, set()),
        (RUNNING, {Word.CANCEL}),
        (_live(RUNNING, cancelling=True), set()),
        (_live(RUNNING, trigger=Trigger.COMMAND_LINE), set()),
    ],
)
def test_only_buttons_that_make_sense_can_be_pressed(sight: Sight, buttons: set[Word]) -> None:
    assert pressable(sight) == buttons
    senseless = re.findall(r'data-command="(\w+)"[^>]* data-senseless', page(sight))
    assert set(senseless) == {"run", "dry_run", "cancel"} - buttons


def test_a_run_is_followed() -> None:
    told = words(RUNNING)
    assert "Asking Claude, 40 %" in told
    assert "since 09:29" in told
    told = words(_live(RUNNING, phase=Phase.WAITING, progress=37, counted="312 of 840"))
    assert "Waiting for a batch, 312 of 840" in told
    dry = _live(RUNNING, dry_run=True, progress=0, phase=None)
    found = running(dry)
    assert found is not None
    assert (found.phase, found.percent) == ("Starting", None)
    assert headline(dry) == "A dry run is going on."
    assert headline(_live(RUNNING, cancelling=True)) == "The run is being cancelled."


@pytest.mark.parametrize("trigger", [one for one in Trigger if one not in JUDGING])
def test_what_is_no_judging_run_has_a_name_of_its_own(trigger: Trigger) -> None:
    assert headline(_live(RUNNING, trigger=trigger)) == f"{DEEDS[trigger]}."


def test_every_word_of_a_report_has_its_sentence() -> None:
    assert set(STARTED) == set(Trigger)
    assert set(RESULTS) == set(Result)
    assert set(MOODS) <= set(Result)
    for result in Result:
        for trigger in Trigger:
            changed = replace(REPORT, result=result, trigger=trigger)
            assert last_run(replace(IDLE, report=excerpt(changed))) is not None


def test_changes_are_told_with_their_reasons_and_long_lists_are_folded() -> None:
    told = words(HELD)
    assert "30 added and 1 removed." in told
    assert "A detective falls for the portrait of a murdered woman." in told
    assert "Held for approval" in told
    assert "--approve 128 or --decline 128" in told
    assert "19 more" in told
    assert "2 collections without changes" in told
    assert "would" not in told.partition("Last run")[2].replace("would go at once", "")


def test_what_no_longer_waits_is_not_asked_about() -> None:
    nothing = {slug: replace(one, held=0) for slug, one in HELD.status.collections.items()}
    status = replace(HELD.status, collections=MappingProxyType(nothing))
    assert "--approve" not in words(replace(HELD, status=status))


def test_a_list_that_is_far_too_long_is_counted() -> None:
    many = tuple(Change(number, f"Film {number}", 0, "") for number in range(30_000))
    long = replace(REPORT, collections=(replace(COSY, added=many),))
    text = page(replace(IDLE, report=excerpt(long)))
    assert "+30,000" in text
    assert "and 29,900 that are not listed here" in text
    assert len(text) < 40_000


def test_second_opinions_are_told_apart() -> None:
    assert "second opinions" not in words(IDLE)
    review = ReviewSpending("claude-opus-5-5", 2, 9, cost=Decimal("0.0212"))
    spending = replace(REPORT.spending, review=review)
    told = words(replace(IDLE, report=excerpt(replace(REPORT, spending=spending))))
    assert "cost $0.0369 · $0.0212 of it for second opinions" in told


def test_a_dry_run_says_would() -> None:
    told = words(DRY)
    assert "30 would be added and 1 would be removed." in told
    assert "Would be added" in told
    assert "Dry-run mode is on: every run asks Claude and changes no tag." in told


def test_the_problems_are_listed_once_each_with_their_remedy() -> None:
    told = words(PROBLEM)
    assert told.count("The block of Road Movies has no prompt.") == 1
    assert "Add credit in Anthropic's console" in told
    assert "What went wrong stands above." in told
    other = PROBLEM.status.with_problem(Source.PAGE, Problem("The port is taken.", "Take another"))
    assert [one.message for one in troubles(replace(PROBLEM, status=other))] == [
        "The block of Road Movies has no prompt.",
        "Your credit balance is too low to ask Claude.",
        "The port is taken.",
    ]


def test_faults_that_are_no_problem_stand_with_the_run() -> None:
    status = PROBLEM.status.with_problem(Source.RUN, None).with_problem(Source.FILES, None)
    told = words(replace(PROBLEM, status=status))
    assert "Problem" not in told
    assert "What went wrong" in told
    assert told.count("The block of Road Movies has no prompt.") == 1


def test_what_is_missing_is_listed_whole() -> None:
    told = words(UNCONFIGURED)
    for name in ("radarr_url", "radarr_api_key", "claude_api_key"):
        assert f"{name} is not set." in told
    assert "Configuration tab" in told
    assert "(2 more)" not in told
    outside = words(replace(UNCONFIGURED, inside_add_on=False))
    assert "RADARR_URL is not set." in outside
    assert "SETTINGS_FILE" in outside


def test_wrong_settings_are_listed_whole() -> None:
    told = words(WRONG)
    assert "SCHEDULE_CRON" in told
    assert "MONTHLY_BUDGET" in told
    assert "five" in told
    assert "stay in use" not in told
    assert "stay in use" in words(replace(WRONG, usable=True))
    twice = replace(WRONG, missing=WRONG.faults)
    assert missing_settings(twice) == []


def test_money_is_told() -> None:
    told = words(IDLE)
    assert "$0.0369" in told
    assert "$1.27 of $5.00" in told
    assert "Claude may cost $3.73 more this month." in advice(IDLE)
    over = replace(IDLE, status=replace(IDLE.status, cost_month=Decimal(7)))
    assert "Claude may cost $0.00 more this month." in advice(over)
    assert next(one for one in figures(over) if one.name == "This month").percent == 100
    none = replace(IDLE, status=replace(IDLE.status, budget_month=None))
    assert "this month" not in advice(none)
    zero = replace(IDLE, status=replace(IDLE.status, budget_month=Decimal(0)))
    assert "of $0.00" in words(zero)


@pytest.mark.parametrize(
    ("broker", "told"),
    [(True, "MQTT connected"), (False, "MQTT not connected"), (None, "MQTT not set up")],
)
def test_the_broker(broker: bool | None, told: str) -> None:
    assert told in words(replace(IDLE, broker=broker))


def test_the_key_of_a_report_changes_with_what_is_shown_of_it() -> None:
    tomorrow = replace(IDLE, now=NOW + timedelta(days=1))
    others = (IDLE, HELD, UNCONFIGURED, tomorrow, replace(IDLE, unread="x"))
    keys = [live(one)["report"] for one in others]
    assert len(set(keys)) == len(keys)
    assert live(IDLE)["report"] == live(RUNNING)["report"]


def test_a_report_that_can_not_be_read_is_told() -> None:
    assert "can't be read: It is locked." in words(replace(IDLE, unread="It is locked."))


@pytest.mark.parametrize(
    ("apart", "said"),
    [
        (timedelta(hours=-9), "today, 00:30"),
        (timedelta(hours=-10), "yesterday, 23:30"),
        (timedelta(hours=14), "today, 23:30"),
        (timedelta(hours=15), "tomorrow, 00:30"),
        (timedelta(days=2), "Wednesday, 09:30"),
        (timedelta(days=6), "Sunday, 09:30"),
        (timedelta(days=7), "12 January, 09:30"),
        (timedelta(days=-2), "3 January, 09:30"),
        (timedelta(days=-6), "30 December 2025, 09:30"),
    ],
)
def test_times_are_told_as_people_do(apart: timedelta, said: str) -> None:
    assert moment(NOW + apart, NOW).said == said


def test_a_time_is_told_in_the_zone_of_its_reader() -> None:
    told = moment(datetime.fromisoformat("2026-01-05T23:30:00+00:00"), NOW)
    assert told.said == "tomorrow, 00:30"
    assert told.exact == "2026-01-06T00:30:00+01:00"
    assert NOW.tzinfo is BERLIN


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.04, "0.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (83.4, "1 min 23 s"),
        (3599.6, "1 h 0 min"),
        (3725, "1 h 2 min"),
        (90_061, "25 h 1 min"),
    ],
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("amount", "said"),
    [("0", "$0.00"), ("0.00001", "<$0.0001"), ("0.0369", "$0.0369"), ("1234.5", "$1,234.50")],
)
def test_money(amount: str, said: str) -> None:
    assert usd(Decimal(amount)) == said
