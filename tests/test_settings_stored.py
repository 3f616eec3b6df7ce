"""What was set at run time wins, until what is configured changes itself."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from kometa_ai.adapters.store import SqliteStore, read_marks
from kometa_ai.domain.fault import SkipError, StopError
from kometa_ai.settings import MARK, Origin, StoredValue, check, load_with_stored
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def kept(value: str, over: str | None = None) -> Mapping[str, str]:
    return {f"{MARK}MONTHLY_BUDGET": StoredValue(value, over).to_text()}


@pytest.mark.parametrize(
    ("environ", "marks", "budget", "origin"),
    [
        ({}, {}, 5, Origin.DEFAULT),
        ({}, kept("2"), 2, Origin.STORED),
        ({"MONTHLY_BUDGET": "9"}, kept("2", "9"), 2, Origin.STORED),
        ({"MONTHLY_BUDGET": "9"}, kept("2", "8"), 9, Origin.ENVIRONMENT),
        ({"MONTHLY_BUDGET": "9"}, kept("2"), 9, Origin.ENVIRONMENT),
        ({}, kept("2", "8"), 5, Origin.DEFAULT),
        ({}, {f"{MARK}RADARR_URL": StoredValue("http://evil", None).to_text()}, 5, Origin.DEFAULT),
    ],
)
def test_what_was_set_holds_until_the_configured_value_changes(
    environ: Mapping[str, str], marks: Mapping[str, str], budget: int, origin: Origin
) -> None:
    loaded = load_with_stored(environ, lambda _: marks, options_file=None)
    assert loaded.settings.monthly_budget == Decimal(budget)
    assert loaded.origins["MONTHLY_BUDGET"] is origin
    assert loaded.settings.radarr_url is None


def test_a_flag_wins_over_what_was_set() -> None:
    loaded = load_with_stored(
        {}, lambda _: kept("2"), flags={"MONTHLY_BUDGET": "1"}, options_file=None
    )
    assert loaded.settings.monthly_budget == Decimal(1)


def test_a_stored_value_that_cannot_be_is_told_and_passed_over() -> None:
    loaded = load_with_stored({}, lambda _: kept("much"), options_file=None)
    assert loaded.settings.monthly_budget == Decimal(5)
    assert any("MONTHLY_BUDGET" in told and "much" in told for told in loaded.notices)


def test_a_wrong_value_is_refused_with_what_is_expected() -> None:
    check("SCHEDULE_CRON", "0 3 * * *")
    with pytest.raises(SkipError) as refused:
        check("SCHEDULE_CRON", "0 25 * * *")
    assert "25" in str(refused.value)
    assert "hour" in str(refused.value)
    assert "character 3" in str(refused.value)


def test_there_is_nothing_where_there_is_no_state(tmp_path: Path) -> None:
    assert read_marks(tmp_path, MARK) == {}
    assert not list(tmp_path.iterdir())


async def test_the_state_is_looked_into_without_being_opened(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path, FakeClock()) as store:
        await store.set_mark(f"{MARK}MONTHLY_BUDGET", "x")
        await store.set_mark("other", "y")
        assert read_marks(tmp_path, MARK) == {f"{MARK}MONTHLY_BUDGET": "x"}
        await store.set_mark(f"{MARK}MONTHLY_BUDGET", None)
        assert await store.mark(f"{MARK}MONTHLY_BUDGET") is None
    assert read_marks(tmp_path, MARK) == {}


def test_a_damaged_state_is_no_empty_one(tmp_path: Path) -> None:
    (tmp_path / "kometa_ai.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StopError):
        read_marks(tmp_path, MARK)
