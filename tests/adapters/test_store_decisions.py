"""What is decided stays decided: ledgers against a plain dict, criteria, 0.5.x's decisions."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from kometa_ai.adapters.store import SqliteStore
from kometa_ai.adapters.store.packing import (
    INT32,
    INT64,
    Page,
    pack,
    pack_titles,
    unpack,
    unpack_titles,
)
from kometa_ai.domain.decision import UNNAMED_CONFIDENCE, Decision, Opinion, Origin
from kometa_ai.domain.report import Trigger
from tests.adapters.store_samples import NOW, imported, ledger_of, no, purchase, yes
from tests.clock import FakeClock

INT32S = st.integers(0, 2**31 - 1)
INT64S = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(INT32S), st.lists(INT64S))
def test_numbers_come_back_from_their_bytes(small: list[int], large: list[int]) -> None:
    assert list(unpack(INT32, pack(INT32, small))) == small
    assert list(unpack(INT64, pack(INT64, large))) == large
    titles = {item_id: place for place, item_id in enumerate(small)}
    assert unpack_titles(*pack_titles(titles)) == titles
    assert len(pack(INT32, small) + pack(INT64, small)) == 12 * len(small)


def test_bytes_are_little_endian_on_every_machine() -> None:
    assert pack(INT32, [1, 258]) == bytes([1, 0, 0, 0, 2, 1, 0, 0])


@given(st.lists(st.tuples(st.integers(0, 511), INT64S, INT32S)))
def test_a_page_is_a_dict_that_is_ordered_by_id(puts: list[tuple[int, int, int]]) -> None:
    page, expected = Page(), dict[int, tuple[int, int]]()
    for item_id, fingerprint, judgement in puts:
        page = Page.of(*page.blobs())
        page.put(item_id, fingerprint, judgement)
        expected[item_id] = fingerprint, judgement
    assert list(page.ids) == sorted(expected)
    assert {item_id: page.find(item_id) for item_id in range(512)} == {
        item_id: expected.get(item_id) for item_id in range(512)
    }


decided = st.builds(
    Decision,
    st.builds(
        Opinion,
        st.booleans(),
        st.sampled_from([UNNAMED_CONFIDENCE, 0.0, 0.3, 1.0]) | st.floats(0, 1),
        st.sampled_from(["", "Why not.", "Amélie’s 🎬"]),
    ),
    st.sampled_from(["haiku", "sonnet"]),
    st.sampled_from(["a", "b"]),
    INT64S,
    st.integers(0, 3).map(lambda days: NOW + timedelta(days=days, microseconds=days)),
    st.sampled_from([Origin.CLAUDE, Origin.IMPORTED]),
    st.booleans(),
)
ids = st.sampled_from([1, 2, 511, 512, 513, 40_000, 2**31 - 1])
answers = st.lists(
    st.dictionaries(
        st.sampled_from(["noir", "heist"]), st.dictionaries(ids, decided, max_size=5), min_size=1
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(answers)
def test_ledgers_are_what_a_plain_dict_would_be(
    bought: list[dict[str, dict[int, Decision]]],
) -> None:
    expected: dict[tuple[str, str], dict[int, Decision]] = {}
    for answer in bought:
        for slug, by_item in answer.items():
            for item_id, one in by_item.items():
                expected.setdefault((slug, one.criteria), {})[item_id] = one

    async def check() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with SqliteStore(Path(folder), FakeClock()) as store:
                run_id = await store.begin_run(Trigger.COMMAND_LINE, NOW)
                for answer in bought:
                    await store.record(run_id, purchase(answer))
            async with SqliteStore(Path(folder), FakeClock()) as store:
                for slug in ("noir", "heist"):
                    for criteria in ("a", "b"):
                        await compare(store, slug, criteria)

    async def compare(store: SqliteStore, slug: str, criteria: str) -> None:
        mine = expected.get((slug, criteria), {})
        ledger = await ledger_of(store, slug, criteria)
        assert ledger.judged == {item_id: one.fingerprint for item_id, one in mine.items()}
        assert ledger.named == {i: one for i, one in mine.items() if awake(one)}
        other = expected.get((slug, "b" if criteria == "a" else "a"), {})
        assert await store.judged_before("radarr", slug, criteria) == other.keys()
        for item_id, one in mine.items():
            assert one in await store.decisions("radarr", slug, item_id)

    asyncio.run(check())


def awake(one: Decision) -> bool:
    """Return whether a run has to read it: an imported no is to it as one that says nothing."""
    return not plain(one) and (one.origin is Origin.CLAUDE or one.opinion.include)


def plain(one: Decision) -> bool:
    return one._replace(fingerprint=0, model="", criteria="", decided_at=NOW) == Decision(
        Opinion(False, UNNAMED_CONFIDENCE),  # noqa: FBT003
        "",
        "",
        0,
        NOW,
    )


@pytest.fixture
async def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path, FakeClock())


async def test_a_pair_that_is_a_plain_no_now_is_named_no_more(store: SqliteStore) -> None:
    async with store:
        await store.record("1", purchase({"noir": {5: yes()}}))
        await store.record("1", purchase({"noir": {5: no(2)}}))
        ledger = await ledger_of(store, "noir", "a")
        assert (ledger.judged, ledger.named) == ({5: 2}, {})
        (kept,) = await store.decisions("radarr", "noir", 5)
        assert kept == no(2)


@pytest.mark.parametrize("order", [[3, 5, 900], [900, 3, 5]])
async def test_what_is_judged_as_it_is_now_is_the_librarys_own_mapping(
    store: SqliteStore, order: list[int]
) -> None:
    now = dict.fromkeys(order, 1)
    bought = {3: yes(), 5: no(), 900: no()}
    async with store:
        await store.record("1", purchase({"noir": bought, "heist": bought, "space": bought}))
        await store.record("1", purchase({"space": {3: no(2)}}))
        wanted = {"noir": "a", "space": "a", "heist": "a", "new": "a"}
        ledgers = await store.ledgers("radarr", wanted, now)
        assert ledgers["noir"].judged is now
        assert ledgers["heist"].judged is now
        assert ledgers["space"].judged == {3: 2, 5: 1, 900: 1}
        assert (ledgers["new"].judged, ledgers["new"].named) == ({}, {})
        assert ledgers["noir"].named == ledgers["heist"].named == {3: yes()}
        assert ledgers["space"].named == {}


@pytest.mark.parametrize(
    ("now", "judged", "named"),
    [
        ({3: 1, 5: 1}, {3: 1, 5: 1}, {3, 5}),
        ({3: 1, 5: 2}, {3: 1, 5: 1}, {3, 5}),
        ({3: 1, 5: 1, 7: 1}, {3: 1, 5: 1}, {3, 5}),
        ({3: 1, 7: 1}, {3: 1, 5: 1}, {3, 5}),
        ({3: 1}, {3: 1}, {3}),
        ({}, {3: 1, 5: 1}, {3, 5}),
    ],
    ids=["same", "changed", "added", "exchanged", "removed", "no library"],
)
async def test_a_ledger_forgets_nothing_that_the_library_holds(
    store: SqliteStore, now: dict[int, int], judged: dict[int, int], named: set[int]
) -> None:
    async with store:
        await store.record("1", purchase({"noir": {3: yes(), 5: yes()}}))
        ledger = await ledger_of(store, "noir", "a", fingerprints=now)
        assert (ledger.judged, set(ledger.named)) == (judged, named)
        assert (ledger.judged is now) is (judged == now)


async def test_libraries_and_collections_do_not_mix(store: SqliteStore) -> None:
    async with store:
        await store.record("1", purchase({"noir": {5: yes()}}))
        assert (await ledger_of(store, "noir", "a", library="sonarr")).judged == {}
        assert (await ledger_of(store, "heist", "a")).judged == {}
        assert await store.decisions("sonarr", "noir", 5) == []


async def test_every_decision_of_a_pair_is_told_newest_first(store: SqliteStore) -> None:
    later = NOW + timedelta(days=3)
    async with store:
        await store.record("1", purchase({"noir": {5: yes(criteria="new", at=later)}}))
        await store.record("1", purchase({"noir": {5: no(criteria="old")}}))
        assert [one.criteria for one in await store.decisions("radarr", "noir", 5)] == [
            "new",
            "old",
        ]


async def test_the_three_newest_criteria_of_a_collection_are_kept(store: SqliteStore) -> None:
    async with store:
        for criteria in "abcd":
            await store.record("1", purchase({"noir": {5: yes(criteria=criteria)}}))
        assert [(await ledger_of(store, "noir", one)).judged for one in "abcd"] == [
            {},
            {5: 1},
            {5: 1},
            {5: 1},
        ]


async def test_criteria_that_are_in_use_again_are_kept_although_nothing_was_bought(
    store: SqliteStore,
) -> None:
    async with store:
        for criteria in "abc":
            await store.record("1", purchase({"noir": {5: yes(criteria=criteria)}}))
        await ledger_of(store, "noir", "a")
        await store.record("1", purchase({"noir": {5: yes(criteria="d")}}))
        assert (await ledger_of(store, "noir", "a")).judged == {5: 1}
        assert (await ledger_of(store, "noir", "b")).judged == {}


async def test_criteria_are_in_use_again_for_their_own_collection_alone(
    store: SqliteStore,
) -> None:
    async with store:
        for criteria in "abc":
            one = {5: yes(criteria=criteria)}
            await store.record("1", purchase({"noir": one, "heist": one}))
        await store.ledgers("radarr", {"noir": "a", "heist": "c", "new": "a"}, {})
        one = {5: yes(criteria="d")}
        await store.record("1", purchase({"noir": one, "heist": one}))
        assert (await ledger_of(store, "noir", "a")).judged == {5: 1}
        assert (await ledger_of(store, "noir", "b")).judged == {}
        assert (await ledger_of(store, "heist", "a")).judged == {}
        assert (await ledger_of(store, "heist", "b")).judged == {5: 1}


async def test_to_read_what_is_in_use_changes_nothing(store: SqliteStore) -> None:
    async with store:
        await store.record("1", purchase({"noir": {5: yes()}, "heist": {5: yes()}}))
        kept = (await store.dump())["collections"]
        await store.ledgers("radarr", {"noir": "a", "heist": "never judged by"}, {})
        assert (await store.dump())["collections"] == kept


async def test_decisions_of_0_5_wait_for_the_name_or_the_tag(store: SqliteStore) -> None:
    old = imported(include=True, criteria="")
    async with store:
        assert not await store.import_done()
        by_name = old._replace(fingerprint=0)
        by_label = by_name._replace(opinion=Opinion(False, 0.8))  # noqa: FBT003
        waiting = {
            ("Noir", "kai-noir"): {1: by_name},
            ("Renamed", "kai-noir"): {1: by_label, 2: by_label},
        }
        assert await store.import_legacy(waiting, "kometa_state.json")
        assert await store.import_done()
        assert not await store.import_legacy({("X", ""): {9: by_name}}, "again")
        assert await store.imported("Noir", "kai-noir") == {1: by_name, 2: by_label}
        assert await store.imported("X", "") == {}


async def test_adopted_decisions_wait_no_longer_and_never_replace_later_ones(
    store: SqliteStore,
) -> None:
    old = imported(include=True, criteria="")
    async with store:
        await store.import_legacy({("Noir", "kai-noir"): {1: old, 2: old, 3: old}}, "file")
        await store.record("1", purchase({"noir": {1: no(99)}}))
        mine = {1: imported(include=True), 2: imported(include=True)}
        await store.adopt("radarr", "noir", "Noir", "kai-noir", mine)
        ledger = await ledger_of(store, "noir", "a")
        assert ledger.judged == {1: 99, 2: 7}
        assert ledger.named == {2: mine[2]}
        assert set(await store.imported("Noir", "kai-noir")) == {3}


async def test_an_imported_no_is_a_plain_one_to_a_run_but_keeps_its_words(
    store: SqliteStore,
) -> None:
    words = imported(include=False, confidence=0.6)
    async with store:
        await store.adopt("radarr", "noir", "Noir", "kai-noir", {4: words})
        ledger = await ledger_of(store, "noir", "a")
        assert (ledger.judged, ledger.named) == ({4: 7}, {})
        assert await store.decisions("radarr", "noir", 4) == [words]
        await store.record("1", purchase({"noir": {4: yes(8)}}))
        assert await store.decisions("radarr", "noir", 4) == [yes(8)]
