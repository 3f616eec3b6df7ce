"""A message as a mail: its words, its HTML, its headers, and what strangers write in titles."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes, policy
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.message import Message, Occasion
from kometa_ai.domain.report import Change, RunReport
from kometa_ai.domain.wording import line
from kometa_ai.messages.mail import Envelope, as_html, as_text, mail, subject
from tests.mails import BEGAN, EVERY, HEIST, NOTHING, RUN, huge, told, trial

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from kometa_ai.domain.message import Outline

ENVELOPE = Envelope("kometa-ai@example.org", ("ada@example.org",))
OUTLINES = {name: one.outline for name, one in EVERY.items()} | {"test": trial()}
ENOUGH = 100_000
VOID = frozenset({"meta", "br", "img", "hr", "!doctype"})
# Anything that Radarr or a server may send, control characters and signs of HTML among it.
anything = st.text(max_size=200) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "Tom & Jerry \"1992\" <b>'x'</b>",
        "Subject: x\r\nBcc: eve@example.org",
        "=?utf-8?q?Bcc=3A_eve=40example=2Eorg?=",
        "{{ 7 * 7 }} {% raw %} `code` `",
        "\u202egnp.exe\x00\x1b[2J\u2028",
        "--=_boundary",
    ]
)


class Reader(HTMLParser):
    """Reads a page as a mail program would: its words, its tags, what it would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.fetched: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.fetched += [
            str(value) for name, value in attrs if name in {"src", "href", "background"}
        ]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)


def read(outline: Outline) -> Reader:
    reader = Reader()
    reader.feed(as_html(outline))
    reader.close()
    assert not reader.open
    return reader


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("name", OUTLINES)
def test_the_text(name: str, snapshot: SnapshotAssertion) -> None:
    assert as_text(OUTLINES[name]) == snapshot


@pytest.mark.parametrize("name", OUTLINES)
def test_the_html(name: str, snapshot: SnapshotAssertion) -> None:
    assert as_html(OUTLINES[name]) == snapshot


@pytest.mark.parametrize("name", OUTLINES)
def test_text_and_html_tell_the_same(name: str) -> None:
    """Every word of the outline is in both."""
    outline = OUTLINES[name]
    words = [outline.lead, outline.footer, *outline.advice.split(": "), *outline.ended]
    words += [*outline.notices, *(word for figure in outline.figures for word in figure)]
    for context in outline.contexts:
        words.append(context.name)
        for one in context.complaints:
            words += [one.where, one.message, one.remedy, one.history[1:]]
    for section in outline.sections:
        words += [section.name, section.note]
        for group in section.groups:
            words += [group.name, f"{group.count:,}"]
            words += [word for one in group.lines for word in (one.title, one.reason)]
    text, html = squeezed(as_text(outline)), squeezed("".join(read(outline).words))
    for word in words:
        wanted = squeezed(word.replace("`", ""))
        assert wanted.replace("\n", "*") in text.replace("*Keep", "Keep")
        assert wanted in html


@pytest.mark.parametrize("name", OUTLINES)
def test_nothing_is_fetched_and_nothing_is_active(name: str) -> None:
    reader = read(OUTLINES[name])
    assert not reader.fetched
    assert reader.tags.isdisjoint({"img", "link", "script", "iframe", "form", "a", "svg"})
    assert "url(" not in as_html(OUTLINES[name])


@pytest.mark.parametrize("name", OUTLINES)
def test_what_old_outlooks_do_not_know_is_not_used(name: str) -> None:
    assert not re.search(r"display:\s*(flex|grid)|position:\s*\w", as_html(OUTLINES[name]))


def test_headers() -> None:
    message = EVERY["changes"].message
    envelope = Envelope(
        "Kometa at home <kai@home.example>", ("ada@example.org", "Bob <bob@example.org>"), "re@x.y"
    )
    made = mail(message, envelope)
    assert made["From"] == "Kometa at home <kai@home.example>"
    assert made["To"] == "ada@example.org, Bob <bob@example.org>"
    assert made["Reply-To"] == "re@x.y"
    assert made["Subject"] == message.outline.subject
    assert made["Date"] == "Tue, 24 Nov 2026 02:00:00 +0000"
    assert made["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<run-57-1\.[0-9a-f]{16}@home\.example>", made["Message-ID"])
    assert made.get_content_type() == "multipart/alternative"
    assert mail(message, ENVELOPE)["From"] == "Kometa-AI <kometa-ai@example.org>"
    assert mail(message, ENVELOPE)["Reply-To"] is None


def test_the_same_message_is_the_same_mail() -> None:
    message = EVERY["changes"].message
    assert mail(message, ENVELOPE).as_bytes() == mail(message, ENVELOPE).as_bytes()


def test_another_installation_has_other_ids() -> None:
    """Run 57 of a new state is another run, though it has the same number."""
    message = EVERY["changes"].message
    others = (
        mail(replace(message, at=BEGAN.replace(microsecond=1)), ENVELOPE),
        mail(replace(message, key="run-58-1"), ENVELOPE),
        mail(message, replace(ENVELOPE, sender="kometa-ai@other.example")),
    )
    ids = {one["Message-ID"] for one in (mail(message, ENVELOPE), *others)}
    assert len(ids) == 4


def size(report: RunReport) -> int:
    return len(mail(told(report, Occasion.ERROR).message, ENVELOPE).as_bytes())


def test_the_largest_demo_is_a_small_mail() -> None:
    bytes_sent = size(huge())
    assert bytes_sent < ENOUGH


@pytest.mark.parametrize("letters", ["Film", "Фильм", "映画", "🎬", "<&>"])
def test_a_huge_run_is_a_small_mail(letters: str) -> None:
    """Readers such as Gmail cut off what is longer than 102 kB."""
    changes = tuple(Change(n, letters * 200, 1999, f"{letters * 400}{n}") for n in range(40_000))
    everywhere = replace(HEIST, added=changes, removed=changes, held=changes)
    sizes = [size(replace(RUN, collections=(everywhere,) * many)) for many in (1, 60)]
    assert max(sizes) < ENOUGH


@pytest.mark.parametrize("letters", ["Film", "Фильм", "映画", "🎬"])
def test_a_flood_of_faults_is_a_small_mail(letters: str) -> None:
    faults = tuple(Fault(kind, letters * 300, letters * 900, letters * 900) for kind in FaultKind)
    bytes_sent = size(replace(NOTHING, faults=faults * 500, notices=(letters * 900,) * 100))
    assert bytes_sent < ENOUGH


def strange(title: str, reason: str) -> RunReport:
    """A run whose every text is somebody's."""
    return replace(
        RUN,
        collections=(replace(HEIST, name=title, added=(Change(1, title, 1999, reason),)),),
        faults=(Fault(FaultKind.LIBRARY, title, reason, title),),
        notices=(reason,),
    )


@settings(deadline=None, max_examples=60)
@given(title=anything, reason=anything)
def test_titles_and_reasons_stay_words(title: str, reason: str) -> None:
    outline = told(strange(title, reason), Occasion.ERROR).outline
    reader = read(outline)
    tags = read(OUTLINES["errors"]).tags
    assert reader.tags <= tags | {"code"}
    words = squeezed("".join(reader.words))
    section = outline.sections[0]
    shown = section.groups[0].lines[0]
    for text in (section.name, shown.title, shown.reason):
        assert squeezed(text) in words
        assert squeezed(text) in squeezed(as_text(outline))


@settings(deadline=None, max_examples=60)
@given(name=anything)
def test_the_head_of_a_mail_is_ours_alone(name: str) -> None:
    """No title, server or file can write a header, or end the head."""
    report = replace(NOTHING, faults=(Fault(FaultKind.KOMETA, name, name),))
    outline = replace(told(report, Occasion.ERROR).outline, subject=f"Kometa-AI: {name}")
    made = mail(Message("key", Occasion.ERROR, BEGAN, outline), ENVELOPE)
    raw = made.as_bytes()
    read_back = message_from_bytes(raw, policy=policy.default)
    assert [one.lower() for one in read_back] == [
        *("from", "to", "subject", "date", "message-id", "auto-submitted"),
        *("x-auto-response-suppress", "mime-version", "content-type"),
    ]
    assert "\n" not in read_back["Subject"]
    assert squeezed(read_back["Subject"]) == squeezed(subject(outline.subject))
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    plain, rich = read_back.iter_parts()
    assert plain.get_content().splitlines() == as_text(outline).splitlines()
    assert rich.get_content().splitlines() == as_html(outline).splitlines()


@given(text=st.text(max_size=300))
def test_a_subject_is_one_line(text: str) -> None:
    made = subject(text)
    assert made == line(made)
    assert len(made) <= 150
