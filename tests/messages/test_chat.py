"""Messages for chats: what is kept when there is little room, and that a limit is a limit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from kometa_ai.domain.message import Complaint, Context, Group, Line, Outline, Section, Tone
from kometa_ai.messages.chat import Limits, cut, fit, utf8_bytes, utf16_units

if TYPE_CHECKING:
    from collections.abc import Callable

    from syrupy.assertion import SnapshotAssertion

TITLES = (
    "Heat (1995)",
    "Amélie (2001)",
    "The Thing (1982)",
    "千と千尋の神隠し (2001)",
    "Up 🎈 (2009)",
)
WHY = "A crew plans one last robbery while a detective closes in; fits the wish for heists well."


def lines(count: int) -> tuple[Line, ...]:
    return tuple(Line(f"{TITLES[one % 5]} #{one + 1}", WHY) for one in range(count))


def group(name: str, count: int, told: int | None = None) -> Group:
    return Group(name, count, lines(count if told is None else told))


FULL = Outline(
    tone=Tone.BAD,
    subject="Kometa-AI: 3 problems, 30 removals wait, 64 added, 9 removed",
    lead="The run on 24 November at 19:30 changed 73 titles in 3 collections, with 3 problems.",
    figures=(
        ("Judged", "1,204 titles"),
        ("Cost of this run", "$0.42"),
        ("This month", "$2.10 of $5.00"),
        ("Next run", "25 November, 03:00"),
    ),
    sections=(
        Section(
            "Heist Movies",
            (group("Added", 4), group("Removed", 30, 0), group("Held back", 30, 6)),
            "12 titles still wait to be judged in a later run.",
        ),
        Section("Rainy Sundays", (group("Added", 60, 40), group("Removed", 9))),
        Section("Space Operas", (), "112 titles wait for the next run."),
    ),
    advice="To take these titles out: write `python -m kometa_ai --approve 17`.\n"
    "To keep them: write `python -m kometa_ai --decline 17`.",
    contexts=(
        Context(
            "Radarr",
            (
                Complaint(
                    "Radarr at http://radarr:7878",
                    "Radarr cannot be reached: Connection refused.",
                    "Check that Radarr runs and that RADARR_URL is its address.",
                    "for 3 days, in 5 runs",
                ),
            ),
        ),
        Context(
            "Kometa's files",
            (
                Complaint("movies.yml:12", "The block has no prompt.", "Give it a prompt."),
                Complaint("movies.yml:40", "The tag is used twice.", "Rename one of both."),
            ),
        ),
    ),
    ended=("Claude answers again; it did not for 2 days.",),
    notices=("The budget for this month is used by 42 %.",),
    footer="Kometa-AI 0.6.0, run 17",
)
QUIET = Outline(Tone.GOOD, "Kometa-AI: a test", "This is a test. If you can read it, it works.")


@pytest.mark.parametrize("room", [250, 1_000, 2_000, 32_000])
def test_the_most_important_is_kept(room: int, snapshot: SnapshotAssertion) -> None:
    chat = fit(FULL, Limits(room))
    assert utf16_units(chat.text) <= room
    assert f"{chat.title}\n---\n{chat.text}" == snapshot


def test_a_short_message_is_whole() -> None:
    chat = fit(QUIET, Limits(1_000))
    assert (chat.title, chat.text) == (QUIET.subject, QUIET.lead)


def test_where_all_fits_reasons_are_told() -> None:
    assert "closes in; fits the wish for heists well." in fit(FULL, Limits(32_000)).text


def test_a_long_lead_leaves_room_for_what_is_wrong() -> None:
    lead = "The scheduled run added 6 titles. 1 problem was met on the way. 40 removals wait."
    text = fit(replace(FULL, lead=f"{lead} {'And so on. ' * 20}"), Limits(250)).text
    assert text.startswith(f"{lead} And so on. ")
    assert "\n\nRadarr\n✗ Radarr at" in text


def test_a_long_list_of_what_waits_leaves_room_for_the_rest() -> None:
    sections = (
        Section("Waits", (group("Held back", 90),)),
        Section("Came", (group("Added", 5),)),
    )
    text = fit(replace(FULL, sections=sections, contexts=()), Limits(1_000)).text
    for part in (
        "Waits: 90 held back",
        "--approve 17",
        "Came: 5 added",
        "Next run",
        "Cost of this",
    ):
        assert part in text


def test_what_is_left_out_is_counted() -> None:
    outline = Outline(
        Tone.GOOD, "s", "lead", sections=(Section("All", (group("Added", 200, 150),)),)
    )
    text = fit(outline, Limits(500)).text
    shown = text.count("\n+ ")
    assert 5 < shown < 150
    assert text.endswith(f"… and {200 - shown} more")


def test_a_title_that_shares_the_room_is_counted_with_it() -> None:
    for limits in (Limits(2_000, together=True), Limits(2_000, title=0)):
        chat = fit(FULL, limits)
        assert utf16_units(f"{chat.title}\r\n{chat.text}") <= 2_000


def test_nobody_is_called_by_a_reason() -> None:
    why = "@everyone @here <@123> <!channel> me@example.org"
    outline = Outline(
        Tone.GOOD,
        "@everyone",
        "l",
        sections=(Section("All", (Group("Added", 1, (Line("x", why),)),)),),
    )
    chat = fit(outline, Limits(1_000))
    for call in ("@everyone", "@here", "<@", "<!"):
        assert call not in chat.title + chat.text
    assert "me@example.org" in chat.text


@pytest.mark.parametrize(
    ("text", "room", "result"),
    [
        ("one two three", 13, "one two three"),
        ("one two three", 12, "one two …"),
        ("one, two three", 8, "one …"),
        ("one\ntwo three", 10, "one\ntwo …"),
        ("unbreakable", 5, "unbr…"),
        ("🎬🎬🎬🎬", 6, "🎬🎬…"),
        ("word", 0, ""),
    ],
)
def test_a_text_is_cut_between_words(text: str, room: int, result: str) -> None:
    assert cut(text, room, utf16_units) == result


words = st.text(max_size=60).map(
    lambda text: text.replace("`", "").replace("@", "").replace("<", "")
)
rows = st.lists(st.builds(Line, words, words), max_size=8).map(tuple)
groups = st.builds(
    lambda name, told, more: Group(name, len(told) + more, told),
    st.sampled_from(["Added", "Removed", "Held"]),
    rows,
    st.integers(0, 9),
)
outlines = st.builds(
    Outline,
    st.sampled_from(Tone),
    words,
    words,
    st.lists(st.tuples(words, words), max_size=4).map(tuple),
    st.lists(
        st.builds(Section, words, st.lists(groups, max_size=3).map(tuple), words), max_size=3
    ).map(tuple),
    words,
    st.lists(
        st.builds(
            Context,
            words,
            st.lists(st.builds(Complaint, words, words, words, words), max_size=3).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
    st.lists(words, max_size=2).map(tuple),
    st.lists(words, max_size=2).map(tuple),
    words,
)


@settings(deadline=None, max_examples=150)
@given(
    outlines,
    st.integers(80, 1_500),
    st.sampled_from([0, 60, 250]),
    st.booleans(),
    st.sampled_from([utf16_units, utf8_bytes, len]),
)
def test_a_limit_is_never_exceeded(
    outline: Outline, room: int, title: int, together: bool, length: Callable[[str], int]
) -> None:
    chat = fit(outline, Limits(room, title, together, length))
    assert length(chat.text) <= room
    assert length(chat.title) <= (title or room // 2)
    if together or not title:
        assert length(f"{chat.title}\r\n{chat.text}") <= room
    chat.text.encode()  # there is no half of a surrogate pair
    begins = "".join(outline.lead.encode("utf-8", "replace").decode().split())[:4]
    assert "".join(chat.text.split()).startswith(begins)
