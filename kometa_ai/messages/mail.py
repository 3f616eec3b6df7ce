"""A message as a mail: text and HTML from one outline, and the headers around them."""

from __future__ import annotations

import hashlib
import re
import textwrap
from contextlib import suppress
from dataclasses import dataclass
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

import jinja2
from markupsafe import Markup

from kometa_ai.domain.message import Tone
from kometa_ai.domain.wording import line
from kometa_ai.messages.figures import COUNTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kometa_ai.domain.message import Line, Message, Outline

NAME: Final = "Kometa-AI"
SUBJECT: Final = 150
"""Characters; readers show about 60."""
TEXT_WIDTH: Final = 76
FOREIGN: Final = 0x80
BASE64: Final = 1.37
"""How much longer base64 makes a text."""
HARD_SPACE: Final = "\xa0"
HELD: Final = 32
"""Longer parts of a figure are wider than the screen of a phone."""
GLUE: Final = "\x00"
"""Stands for a space at which no line may be broken; no text has it by then."""
TONES: Final = {Tone.GOOD: "All is well", Tone.ATTENTION: "Your turn", Tone.BAD: "Problem"}
ROLES: Final = {
    "Added": "good",
    "Removed": "bad",
    "Held back": "attention",
    "Pending": "muted",
    "Would be added": "good",
    "Would be removed": "bad",
    "Would be held back": "attention",
    "Would add": "good",
    "Would remove": "bad",
    "Would hold": "attention",
}
"""Which colour a label has."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who writes to whom: addresses, with or without a name before them."""

    sender: str
    recipients: tuple[str, ...]
    reply_to: str = ""


def mail(message: Message, envelope: Envelope) -> EmailMessage:
    """Return a message as a mail; the same message gives the same mail, to the byte."""
    sender = address(envelope.sender, NAME)
    made = EmailMessage(policy=policy.SMTP.clone(max_line_length=78))
    made["From"] = sender
    made["To"] = [address(one) for one in envelope.recipients]
    if envelope.reply_to:
        made["Reply-To"] = address(envelope.reply_to)
    made["Subject"] = subject(message.outline.subject)
    made["Date"] = format_datetime(message.at)
    made["Message-ID"] = _message_id(message, sender)
    made["Auto-Submitted"] = "auto-generated"
    made["X-Auto-Response-Suppress"] = "All"  # Exchange knows it by this name
    text, html = as_text(message.outline), as_html(message.outline)
    made.set_content(text, charset="utf-8", cte=_encoding(text))
    made.add_alternative(html, subtype="html", charset="utf-8", cte=_encoding(html))
    # A part of a message has no version of its own; Python writes one into each.
    for part in made.iter_parts():
        del part["MIME-Version"]
    # The boundary is chance otherwise, and a second try would be another mail.
    made.set_boundary(f"=_{hashlib.sha256(message.key.encode()).hexdigest()[:32]}")
    return made


def as_text(outline: Outline) -> str:
    """Return the mail's text for readers that show no HTML."""
    return _templates().get_template("mail.txt.j2").render(_facts(outline))


def as_html(outline: Outline) -> str:
    """Return the mail's HTML."""
    return _templates().get_template("mail.html.j2").render(_facts(outline))


def subject(text: str) -> str:
    """Return a text that can be nothing but a subject: one line, and no encoded word in it."""
    text = line(text).replace("=?", "= ?").encode("utf-8", "replace").decode().strip()
    return text if len(text) <= SUBJECT else f"{text[: SUBJECT - 1].rstrip()}…"


def address(text: str, name: str = "") -> Address:
    """Return a mail address; a domain in letters of its own country gets its ASCII form."""
    own_name, spec = parseaddr(line(text))
    user, _, domain = spec.rpartition("@")
    with suppress(UnicodeError):  # then the server will say what it thinks of it
        domain = domain.encode("idna").decode()
    return Address(own_name or name, user, domain)


def _facts(outline: Outline) -> dict[str, object]:
    counts = [one for one in outline.figures if one[0] in COUNTS]
    return {
        "outline": outline,
        "title": _title(outline.subject),
        "tone": str(outline.tone),
        "mood": TONES[outline.tone],
        "counts": counts,
        "figures": [one for one in outline.figures if one[0] not in COUNTS],
        "roles": ROLES,
    }


def _title(text: str) -> str:
    """Return the subject without the program's name, which stands above it."""
    title = text.removeprefix(f"{NAME}: ")
    return title[:1].upper() + title[1:]


def _message_id(message: Message, sender: Address) -> str:
    """Return an id that stays when the mail is sent again, and that no other installation has."""
    readable = re.sub(r"[^A-Za-z0-9.-]", "-", message.key)[:60]
    whole = f"{message.key}|{message.at.isoformat()}|{sender.addr_spec}"
    digest = hashlib.sha256(whole.encode()).hexdigest()[:16]
    domain = sender.domain if sender.domain.isascii() and sender.domain else "localhost"
    return f"<{readable}.{digest}@{domain}>"


def _encoding(text: str) -> Literal["quoted-printable", "base64"]:
    """Return the encoding that is shorter; both keep lines short, on any server."""
    raw = text.encode()
    foreign = sum(byte >= FOREIGN for byte in raw)
    return "base64" if len(raw) + 2 * foreign > len(raw) * BASE64 else "quoted-printable"


@cache
def _templates() -> jinja2.Environment:
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("kometa_ai.messages"),
        autoescape=jinja2.select_autoescape(("html.j2",)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["code"] = _code
    templates.filters["together"] = _together
    templates.filters["fold"] = _fold
    templates.filters["shared"] = _shared
    return templates


def _code(text: str) -> Markup:
    """Return HTML in which what stands between backticks is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return Markup.escape(text)  # somebody's lonely backtick
    return Markup().join(
        _command(part) if odd % 2 else Markup.escape(part) for odd, part in enumerate(parts)
    )


def _command(text: str) -> Markup:
    """Return a command as code whose option stays in one piece: ``--`` invites to break it."""
    command, dashes, option = text.partition("--")
    if not dashes:
        return Markup('<code class="code">{}</code>').format(text)
    kept = Markup('<code class="code">{}<span style="white-space:nowrap">{}</span></code>')
    return kept.format(command, f"--{option}")


def _together(value: str) -> str:
    """Return a figure that is broken only behind a comma: ``6,120 out`` stays in one line."""
    parts = value.split(", ")
    return ", ".join(one.replace(" ", HARD_SPACE) if len(one) < HELD else one for one in parts)


def _fold(text: str, indent: int = 0, hanging: int | None = None) -> str:
    """Return a text wrapped at words; a command between backticks is never broken."""
    parts = text.split("`")
    if len(parts) % 2:
        parts[1::2] = [part.replace(" ", GLUE) for part in parts[1::2]]
        text = "".join(parts)
    folded = textwrap.fill(
        text,
        TEXT_WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent if hanging is None else hanging),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return folded.replace(GLUE, " ")


def _shared(lines: Sequence[Line]) -> str:
    """Return the reason that all titles of a group share, if they do: it is told once."""
    reasons = {one.reason for one in lines}
    return reasons.pop() if len(reasons) == 1 and len(lines) > 1 else ""
