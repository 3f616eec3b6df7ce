"""The soak's checker finds what is planted; the soak itself is script/soak."""

from __future__ import annotations

import os
import sqlite3
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

import pytest

from kometa_ai.demo.meter import Bill
from script.soaking import chaos, checker, money, rules, state as states, vitals
from script.soaking.accounts import Accounts
from script.soaking.hook import Delivery
from script.soaking.library import Books, WatchedRadarr
from script.soaking.taste import Ask, Pair
from script.soaking.wishes import Wish
from tests.world import World, movie

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from script.soaking.state import Paid, State

WISHES = [
    Wish("Noir", "noir", exclude_tags=("kids",), year_max=2005),
    Wish("Cosy", "cosy", include_tags=("mine",), threshold=0.6),
]
CHANCES = {"Noir": {1: 0.95, 2: 0.95, 3: 0.65, 20: 0.95}, "Cosy": {3: 0.95, 4: 0.62}}
FEW = [movie(number) for number in range(1, 21)]
PERCENT = 30
WORDS = ("heists", "jewels")
NOTHING = states.State({}, (), {}, (), {}, frozenset(), frozenset(), frozenset(), 0, Decimal(0), {})


@asynccontextmanager
async def judged(folder: Path) -> AsyncIterator[World]:
    """Open a world in which a run was made."""
    async with World(folder, FEW, CHANCES) as world:
        world.radarr.hand_tag(2, "kids")
        world.radarr.hand_tag(5, "mine")
        (world.kometa / "movies.yml").write_text(
            "collections:\n" + "\n".join(one.text() for one in WISHES), encoding="utf-8"
        )
        await world.run()
        yield world


def state_of(world: World) -> State:
    return states.read(world.state / "kometa_ai.db")


def wrong(world: World, wishes: list[Wish] = WISHES) -> list[str]:
    films = rules.survey(world.radarr)
    return rules.wrong_tags(wishes, films, state_of(world), percent=PERCENT)


def alter(world: World, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(world.state / "kometa_ai.db")) as db, db:
        assert db.execute(statement, values).rowcount


async def test_what_a_run_did_is_right_and_its_cents_are_there(tmp_path: Path) -> None:
    async with judged(tmp_path) as world:
        assert world.radarr.members("kai-noir") == {1}
        assert world.radarr.members("kai-cosy") == {3, 4, 5}
        assert wrong(world) == []
        assert money.wrong_sums(state_of(world), world.claude.meter.bills) == []
        assert checker.unsettled(state_of(world)) == []


async def test_wrong_tags_are_found(tmp_path: Path) -> None:
    async with judged(tmp_path) as world:
        radarr = world.radarr
        radarr.hand_tag(7, "KAI-Noir")
        radarr.hand_untag(3, "KAI-Cosy")
        radarr.hand_tag(9, "mine")
        radarr.hand_untag(5, "mine")
        radarr.change_movie(1, year=2020)
        radarr.change_movie(4, overview="New.")
        radarr.add_movie(movie(99, year=2000))
        assert [one.partition(", has")[0] for one in wrong(world)] == [
            "kai-noir, film 1: it does not belong",
            "kai-noir, film 4: a clean run has left it without a verdict",
            "kai-noir, film 7: it does not belong",
            "kai-noir, film 99: a clean run has left it without a verdict",
            "kai-cosy, film 1: a clean run has left it without a verdict",
            "kai-cosy, film 3: it belongs, and does not have the tag",
            "kai-cosy, film 4: a clean run has left it without a verdict",
            "kai-cosy, film 5: a clean run has left it without a verdict",
            "kai-cosy, film 9: it belongs, and does not have the tag",
            "kai-cosy, film 99: a clean run has left it without a verdict",
        ]


async def test_a_wrong_threshold_pin_or_hold_is_found(tmp_path: Path) -> None:
    async with judged(tmp_path) as world:
        stricter = [WISHES[0], Wish("Cosy", "cosy", include_tags=("mine",), threshold=0.7)]
        assert any("film 4: it does not belong" in one for one in wrong(world, stricter))
        pin = "INSERT INTO pins VALUES ('radarr', 'noir', ?, ?, ?, 'user', 0, '')"
        alter(world, pin, 1, 1001, "never")
        assert any("film 1: it does not belong" in one for one in wrong(world))
        hold = "INSERT INTO held VALUES ('radarr', 'noir', 1, 'kai-noir', '[{\"id\": 1}]')"
        alter(world, hold)
        assert wrong(world) == ["kai-noir: 1 of 0 are held, which is not too many"]


@pytest.mark.parametrize(("added", "found"), [(0, 1), (14, 0)])
async def test_what_is_held_is_measured_before_the_run_added_some(
    tmp_path: Path, added: int, found: int
) -> None:
    async with judged(tmp_path) as world:
        for number in range(1, 21):  # of these only film 1 belongs, by its verdict
            world.radarr.hand_tag(number, "KAI-Noir")
        kept = frozenset(range(8, 21))
        pins = tuple(states.Pin("noir", one, 0, "keep", "user", "") for one in kept)
        state = state_of(world)
        report = {"collections": [{"slug": "noir", "added": [{}] * added}]}
        then = replace(
            state,
            pins=pins,
            held={"noir": frozenset(range(2, 8))},
            reports={state.newest(): report},
        )
        films = rules.survey(world.radarr)
        wrong = rules.wrong_tags(WISHES[:1], films, then, percent=PERCENT)
        assert sum("not too many" in one for one in wrong) == found


async def test_wrong_cents_are_found(tmp_path: Path) -> None:
    async with judged(tmp_path) as world:
        bills = world.claude.meter.bills
        alter(world, "UPDATE purchases SET cost = '0.5' WHERE number = 1")
        assert "is booked at $0.5" in money.wrong_sums(state_of(world), bills)[0]
        assert money.wrong_months(state_of(world), Decimal("0.4"), known=0)
        assert not money.wrong_months(state_of(world), Decimal("0.4"), known=99)
        alter(world, "UPDATE purchases SET unconfirmed = 1, cost = '0' WHERE number = 1")
        assert (
            "was billed for answers that were lost" in money.wrong_sums(state_of(world), bills)[0]
        )
        alter(world, "UPDATE purchases SET unconfirmed = 0, input_tokens = 7")
        assert "has no bill" in money.wrong_sums(state_of(world), bills)[0]


async def test_cents_booked_for_lost_answers_earlier_hide_no_cents_that_are_lost_now(
    tmp_path: Path,
) -> None:
    async with judged(tmp_path) as world:
        bills = world.claude.meter.bills
        alter(world, "UPDATE purchases SET unconfirmed = 1, cost = '1' WHERE number = 1")
        state, lost = state_of(world), [*bills, Bill("claude-haiku-5-5", 1_000, 0, 0, 99)]
        assert money.wrong_sums(state, lost) == []
        known = len(bills), max(one.number for one in state.paid)
        assert "was billed for answers that were lost" in money.wrong_sums(state, lost, known)[0]


async def test_a_vote_that_nobody_gave_is_found(tmp_path: Path) -> None:
    async with judged(tmp_path) as world:
        books = Books(WatchedRadarr(FEW, "key"))
        books.edit(6, "kai-noir", on=True)
        world.radarr.hand_tag(6, "KAI-Noir")
        await world.run()
        assert rules.dreamt(state_of(world).pins, books.touched) == []
        world.radarr.hand_tag(7, "KAI-Noir")  # as the engine would by mistake
        await world.run()
        assert wrong(world) == []
        assert ["film 7: a hand edit" in one for one in dreamt(world, books)] == [True]
        books.rename("kai-noir", "kai-dark")
        assert ("kai-dark", 1006) in books.touched


def dreamt(world: World, books: Books) -> list[str]:
    return rules.dreamt(state_of(world).pins, books.touched)


@pytest.mark.parametrize(
    ("kept", "said", "found"),
    [
        (states.Verdict(1), [None], ""),
        (states.Verdict(1), [0.95], "a plain no is kept"),
        (states.Verdict(1, include=True, confidence=0.95, origin="claude"), [None, 0.95], ""),
        (states.Verdict(1, include=False, confidence=0.3, origin="claude"), [0.7], ""),
        (states.Verdict(1, include=True, confidence=0.9, origin="claude"), [0.5], "0.9000 is kept"),
        (states.Verdict(1), [], "nobody was asked"),
    ],
)
def test_verdicts_that_claude_never_gave_are_found(
    kept: states.Verdict, said: list[float | None], found: str
) -> None:
    wish = WISHES[0]
    state = replace(NOTHING, verdicts={(wish.slug, wish.criteria): {1: kept}})
    pair = Pair(1, "Heat", wish.words, standing=False)
    asks = [Ask(None, {pair: one}, sound=True) for one in said]
    wrong = checker.invented(asks, state, [wish])
    assert [found in one for one in wrong] == [True] * bool(found)


async def test_members_that_a_dashboard_shows_wrongly_are_found(tmp_path: Path) -> None:
    async with judged(tmp_path) as world:
        films = rules.survey(world.radarr)
        shown = {"kometa_ai/collections/cosy": b'{"members": 3}'}
        assert checker.wrong_members(shown, WISHES, films) == []
        world.radarr.hand_untag(3, "KAI-Cosy")
        films = rules.survey(world.radarr)
        assert checker.wrong_members(shown, WISHES, films) == [
            "kai-cosy: 2 films have it, and 3 are shown"
        ]


def paid(run: int, tokens: tuple[int, int, int, int]) -> Paid:
    return states.Paid(run, run, 0, tokens, Decimal(0), 1, unconfirmed=False)


@pytest.mark.parametrize(
    ("line", "standing", "forced", "pairs", "found"),
    [
        ("Heat", False, set(), 2, True),
        ("Heat", True, set(), 2, False),  # a second look
        ("Heat", False, {2}, 2, False),
        ("Heat, told anew", False, set(), 2, False),
        ("Heat", False, set(), 0, False),  # the first answer left it out
    ],
)
def test_a_pair_that_was_paid_for_twice_is_found(
    *, line: str, standing: bool, forced: set[int], pairs: int, found: bool
) -> None:
    first, second = Bill("m", 10, 0, 0, 3), Bill("m", 11, 0, 0, 3)
    rows = (
        states.Paid(1, 1, 0, (10, 3, 0, 0), Decimal(0), pairs, unconfirmed=False),
        paid(2, (11, 3, 0, 0)),
    )
    nothing = replace(NOTHING, paid=rows)
    asks = [
        Ask(first, {Pair(1, "Heat", words, standing=False): 0.9 for words in WORDS}, sound=True),
        Ask(second, {Pair(1, line, words, standing=standing): 0.9 for words in WORDS}, sound=True),
    ]
    twice = money.Twice(forced=forced)
    assert len(twice.wrong(asks, [first, second], nothing)) == found


def test_who_takes_the_batch_of_a_forced_run_has_paid_for_it() -> None:
    taken = {"notices": ["2 answers of a batch of an earlier run are taken."]}
    state = replace(NOTHING, reports={4: taken, 6: taken, 7: {"notices": []}})
    order = {"accepted": True, "run_id": "5"}
    assert checker.forced([order], state, 3) == {5, 6}
    assert checker.forced([], state, 3) == set()
    assert checker.forced([order, None], state, 3) == {4, 6, 7}


def test_foreign_writes_are_found() -> None:
    radarr = WatchedRadarr(FEW, "key")
    books = Books(radarr)
    radarr.hand_tag(1, "mine")
    books.take_stock()
    assert books.wrong() == []
    radarr.hand_tag(1, "kai-noir")
    books.tag(2, "mine", on=True)
    assert books.wrong() == []
    radarr.hand_untag(1, "mine")
    radarr.change_movie(3, monitored=False)
    assert [one.partition(":")[0] for one in books.wrong()] == [
        "the foreign tags of film 1 were changed",
        "the fields of film 3 were changed",
    ]


def test_failures_that_nobody_heard_of_are_found() -> None:
    report = {"faults": [{"where": "Radarr", "message": "It failed (500) 3 times."}]}
    one = replace(NOTHING, reports={4: report})
    told = Delivery("run-4", "error", {"troubles": [{"message": "It failed (503) 1 times."}]})
    assert checker.untold(one, [told]) == []
    assert checker.told_twice([told]) == []
    assert "nobody was told" in checker.untold(one, [])[0]
    assert checker.told_twice([told, told])


def test_a_log_is_read_for_bugs_and_secrets() -> None:
    assert checker.alarms(["INFO all is well", "WARNING Radarr failed (500)."]) == []
    assert (
        len(checker.alarms(["Traceback (most recent call last):", "key soak-claude-secret-4712"]))
        == 2
    )
    assert checker.wrong_codes([("service by SIGTERM", 0), ("--run-now", 4)]) == []
    assert len(checker.wrong_codes([("service by SIGTERM", 1), ("--run-now", -11)])) == 2
    assert len(checker.wrong_codes([("service by itself", 0), ("service by itself", 2)])) == 1


def told(run: int, *changes: tuple[int, bool], journal: bool = True, report: bool = True) -> State:
    """Return the state after a run that tells of these changes of one tag."""
    entries = tuple(states.Entry("noir", "kai-noir", item, on) for item, on in changes)
    titles = {on: [{"id": item} for item, how in changes if how is on] for on in (True, False)}
    one = {"tag": "KAI-noir", "added": titles[True], "removed": titles[False]}
    collections = [one] if report else []
    return replace(
        NOTHING,
        journal={run: entries} if journal else {},
        reports={run: {"dry_run": False, "collections": collections}},
    )


def edited(radarr: WatchedRadarr, item: int, *, on: bool) -> None:
    radarr.retag(radarr.movies[item], "add" if on else "remove", {radarr.tag_number("KAI-noir")})


@pytest.mark.parametrize("missing", ["journal", "report"])
def test_what_a_clean_run_did_and_does_not_tell_is_found(missing: str) -> None:
    radarr, accounts = WatchedRadarr(FEW, "key"), Accounts()
    books = Books(radarr)
    accounts.open(radarr, NOTHING)
    edited(radarr, 1, on=True)
    edited(radarr, 1, on=True)  # that is nothing new
    assert accounts.close(radarr, told(1, (1, True)), books) == []
    accounts.open(radarr, told(1, (1, True)))
    edited(radarr, 1, on=False)
    edited(radarr, 2, on=True)
    state = told(2, (1, False), (2, True), **{missing: False})
    found = accounts.close(radarr, state, books)
    assert any("film 1" in one and missing in one for one in found)
    assert any("film 2" in one and missing in one for one in found)


def test_what_was_told_and_not_done_is_found() -> None:
    radarr, accounts = WatchedRadarr(FEW, "key"), Accounts()
    accounts.open(radarr, NOTHING)
    found = accounts.close(radarr, told(1, (1, True)), Books(radarr))
    assert sum("that was not done" in one for one in found) == 3  # the journal, twice; the report


def test_in_the_chaos_only_what_can_be_known_is_compared() -> None:
    radarr, accounts = WatchedRadarr(FEW, "key"), Accounts()
    books = Books(radarr)
    books.take_stock()
    for item in (1, 2, 3):
        edited(radarr, item, on=True)
    books.edit(1, "kai-noir", on=False)
    books.remove(2)
    accounts.open(radarr, NOTHING)
    [found] = accounts.close(radarr, NOTHING, books)
    assert found == "kai-noir was put on film 3, and the journal does not have it"
    edited(radarr, 4, on=True)
    books.delete("kai-noir")
    accounts.open(radarr, NOTHING)
    assert accounts.close(radarr, NOTHING, books) == []


def test_what_a_service_takes_more_and_more_of_is_found() -> None:
    lines = ["DEBUG after run 3: 12 tasks", "INFO idle", "DEBUG after run 4: 14 tasks"]
    now = vitals.take(os.getpid(), lines)
    assert now.tasks == 14
    quiet = replace(now, memory=50.0, children=0)
    assert quiet.wrong(quiet) == []
    many = replace(quiet, handles=41)
    assert many.wrong(many) == ["the service has 41 open files"]
    more = replace(quiet, memory=90.0, handles=99, threads=99, tasks=99, children=1)
    wrong = " ".join(more.wrong(quiet))
    for what in ("memory grew", "open files grew", "threads grew", "tasks grew", "child processes"):
        assert what in wrong


def test_a_seed_draws_the_same_plan() -> None:
    one, same, other = (chaos.plan(Random(f"{seed}/2"), 2, 40.0) for seed in (7, 7, 8))  # noqa: S311 - to be repeated
    assert one == same != other
    assert {what.kind for what in one} <= {*chaos.DEEDS, *chaos.CLAUDE}
