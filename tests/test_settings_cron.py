"""How a cron expression is read: what it names, and that others read it so too."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from croniter import CroniterBadDateError, croniter
from hypothesis import assume, given, strategies as st

from kometa_ai.domain.schedule import LAST, Cron
from kometa_ai.settings import SettingsError, load

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

UTC = ZoneInfo("UTC")
ALL_DAYS, ALL_WEEKDAYS = frozenset(range(1, 32)), frozenset(range(7))


def read(text: str) -> Cron:
    (cron,) = load({"SCHEDULE_CRON": text}, options_file=None).settings.schedule_cron
    return cron


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0  3 * *\tMON-FRI", ["0 3 * * MON-FRI"]),
        ("@Daily; 30 4 1 * *;", ["@daily", "30 4 1 * *"]),
        ("*/15 22-4 1,15 jan-mar 0", ["*/15 22-4 1,15 jan-mar 0"]),
        ("0 0 29 2 *", ["0 0 29 2 *"]),
        ("0 0 30 2 1", ["0 0 30 2 1"]),  # on Mondays in February
    ],
)
def test_an_expression_stays_as_it_was_written(text: str, written: list[str]) -> None:
    crons = load({"SCHEDULE_CRON": text}, options_file=None).settings.schedule_cron

    assert [str(cron) for cron in crons] == written


@pytest.mark.parametrize(
    ("field", "numbers"),
    [
        ("*", range(60)),
        ("7", [7]),
        ("05", [5]),
        ("5-5", [5]),  # croniter takes it for *
        ("1,3,5-7", [1, 3, 5, 6, 7]),
        ("*/20", [0, 20, 40]),
        ("5/20", [5, 25, 45]),
        ("10-30/10", [10, 20, 30]),
        ("58-1", [58, 59, 0, 1]),
        ("58-2/2", [58, 0, 2]),
        ("*/40", [0, 40]),
    ],
)
def test_minutes(field: str, numbers: list[int]) -> None:
    assert read(f"{field} 0 * * *").minutes == frozenset(numbers)


@pytest.mark.parametrize(
    ("field", "numbers"),
    [
        ("0", [0]),
        ("7", [0]),
        ("SUN", [0]),
        ("0-7", range(7)),
        ("1-7", range(7)),
        ("5-7", [5, 6, 0]),
        ("7-1", [0, 1]),
        ("7-7", [0]),
        ("SAT-MON", [6, 0, 1]),
        ("sun-sat", range(7)),
        ("*/2", [0, 2, 4, 6]),
        ("2/2", [2, 4, 6]),
        ("mon,3,FRI", [1, 3, 5]),
    ],
)
def test_weekdays(field: str, numbers: list[int]) -> None:
    assert read(f"0 0 * * {field}").weekdays == frozenset(numbers)


def test_places_in_the_month() -> None:
    cron = read("0 0 L,15 * FRI#2,L1,3")

    assert cron.month_days == {15, LAST}
    assert cron.nth_weekdays == {(5, 2), (1, LAST)}
    assert cron.weekdays == {3}


@pytest.mark.parametrize(
    ("word", "fields"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@MIDNIGHT", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
    ],
)
def test_words_are_expressions(word: str, fields: str) -> None:
    start = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)

    assert read(word).after(start, UTC) == read(fields).after(start, UTC)


@pytest.mark.parametrize(
    ("fields", "days"),
    [
        ("17 * FRI", [6, 13, 17, 20, 27]),  # "or": neither begins with a star
        ("17 * *", [17]),
        ("* * FRI", [6, 13, 20, 27]),
        ("*/2 * MON", [9, 23]),  # "and": Vixie's cron looks at the first character
        ("13 * */5", [13]),  # Sundays and Fridays
        ("14 * */5", []),
        ("1-31 * MON", range(1, 29)),
        ("L * *", [28]),
        ("* * FRI#2", [13]),
        ("* * L6", [28]),
        ("15 * 1#1", [2, 15]),
        ("? 2 ?", range(1, 29)),
        ("* 3 *", []),
    ],
)
def test_days_of_february_2026(fields: str, days: list[int]) -> None:
    february = [date(2026, 2, number) for number in range(1, 29)]
    cron = read(f"0 0 {fields}")

    assert [day.day for day in february if cron.names_day(day)] == list(days)


def field(low: int, high: int) -> SearchStrategy[str]:
    number = st.integers(low, high)
    spans = st.tuples(number, number).filter(lambda pair: pair[0] < pair[1])
    element = st.one_of(
        number.map(str),
        spans.map(lambda pair: f"{pair[0]}-{pair[1]}"),
        st.tuples(spans, st.integers(1, 5)).map(lambda x: f"{x[0][0]}-{x[0][1]}/{x[1]}"),
    )
    return st.just("*") | st.lists(element, min_size=1, max_size=3).map(",".join)


EXPRESSIONS = st.tuples(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6)).map(
    " ".join
)


@given(EXPRESSIONS, st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)))  # noqa: DTZ001
def test_croniter_reads_it_the_same_where_no_clock_is_changed(text: str, start: datetime) -> None:
    start = start.replace(tzinfo=UTC, microsecond=0)
    try:
        cron = read(text)
    except SettingsError:  # the 30th of February
        with pytest.raises(CroniterBadDateError):
            croniter(text, start).get_next()
        return
    # What names every day without a star is a star for croniter alone.
    assume(cron.month_days_open or cron.month_days != ALL_DAYS)
    assume(cron.weekdays_open or cron.weekdays != ALL_WEEKDAYS)

    assert cron.after(start, UTC) == croniter(text, start).get_next(datetime)
