"""A message for chats and telephones: plain text within a service's limit, first things first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kometa_ai.domain.message import Group, Outline, Section

REASONS: Final = (120, 60, 0)
"""How long a reason may be; the shorter ones are for what does not fit otherwise."""
SHORTEST_BEGINNING: Final = 24
_BEGUN: Final = frozenset({"lead", "errors", "advice"})
"""Parts of which a beginning is better than nothing."""
_HELD: Final = "?"
_SIGNS: Final = (("held", _HELD), ("add", "+"), ("remov", "−"))
_LF: Final = "\n"
_GAP: Final = "\n\n"
_MONEY: Final = re.compile(r"\b(cost|month|budget|next)\b.*:", re.IGNORECASE)
"""Figures that are told even where there is little room; counts are in the lead already."""


def utf16_units(text: str) -> int:
    """Return the length as most services count it: a picture outside the first plane is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8_bytes(text: str) -> int:
    """Return the length in bytes."""
    return len(text.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a service lets a title and a text be.

    ``title`` of 0: there is none, it stands above the text. ``together``: both share ``body``.
    """

    body: int
    title: int = 250
    together: bool = False
    length: Callable[[str], int] = utf16_units


@dataclass(frozen=True, slots=True)
class Chat:
    """What goes to the service."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class _Item:
    """What stands or falls together, and how many things it is about."""

    text: str
    counts: int = 1


def fit(outline: Outline, limits: Limits) -> Chat:
    """Return the message within the limits: the most important parts are cut last."""
    shared = limits.together or not limits.title
    widest = min(limits.title, limits.body // 2) if limits.title else limits.body // 2
    title = cut(_plain(outline.subject), widest, limits.length)
    # What stands between the two, when a service puts them together, is at most so long.
    room = limits.body - (limits.length(title) + 8 if shared else 0)
    for longest in REASONS:
        text = _join(_parts(outline, longest))
        if limits.length(text) <= room:
            return Chat(title, text)
    return Chat(title, _shrink(outline, room, limits.length))


def cut(text: str, room: int, length: Callable[[str], int]) -> str:
    """Return as much of a text as there is room for: whole lines, else whole words, and a sign."""
    if length(text) <= room:
        return text
    kept = ""
    for piece in re.findall(r"\s*\S+", text):
        if length(f"{kept}{piece} …") > room:
            break
        kept += piece
    if kept := kept.rstrip(",;:·–—("):
        return f"{kept} …"
    # One word is longer than the room: code points are never cut in two.
    end = len(text)
    while end > 0 and length(text[:end] + "…") > room:
        end -= 1
    return f"{text[:end]}…" if end else ""


def _parts(outline: Outline, longest: int) -> dict[str, Sequence[_Item]]:
    """Return the parts in the order in which they are read."""
    return {
        "lead": [_Item(_plain(outline.lead))],
        "errors": list(_errors(outline)),
        "held": list(_held(outline, longest)),
        "advice": [_Item(_plain(one)) for one in outline.advice.splitlines()],
        "ended": [_Item(f"✓ {_plain(one)}") for one in outline.ended],
        "changes": list(_changes(outline, longest)),
        "notices": [_Item(f"• {_plain(one)}") for one in outline.notices],
        "figures": [_Item(f"{_plain(name)}: {_plain(value)}") for name, value in outline.figures],
        "footer": [_Item(_plain(outline.footer))],
    }


_SHARES: Final = {
    "lead": 1.0,
    "errors": 1.0,
    "advice": 1.0,
    # Good to know, but they must not be all that is left; nor must a long list of what waits.
    "figures": 0.33,
    "held": 0.6,
    "ended": 1.0,
    "changes": 1.0,
    "notices": 1.0,
    "footer": 1.0,
}
"""The parts, the most important first, and how much of what is left each may take."""


def _join(parts: dict[str, Sequence[_Item]]) -> str:
    texts = ("\n".join(item.text for item in items if item.text) for items in parts.values())
    return _GAP.join(text for text in texts if text)


def _shrink(outline: Outline, room: int, length: Callable[[str], int]) -> str:
    """Give each part the room that the more important ones leave."""
    parts = _parts(outline, REASONS[-1])
    money = [item for item in parts["figures"] if _MONEY.search(item.text)]
    parts["figures"] = money or parts["figures"]
    if parts["errors"] or parts["held"]:
        parts["lead"] = [_Item(_beginning(parts["lead"][0].text, room // 2, length))]
    chosen: dict[str, str] = {}
    left = room
    for name, share in _SHARES.items():
        items = [item for item in parts[name] if item.text]
        free = int(left * share) - (length(_GAP) if chosen else 0)
        text = _fill(items, free, length)
        if items and not text and name in _BEGUN:
            text = _start_of(items, free, length)
        if text:
            left -= length(text) + (length(_GAP) if chosen else 0)
            chosen[name] = text
    return _GAP.join(chosen[name] for name in parts if name in chosen)


def _beginning(text: str, room: int, length: Callable[[str], int]) -> str:
    """Return the whole sentences that there is room for, or what there is of the first one."""
    kept = ""
    for sentence in re.split(r"(?<=[.!?]) (?=[A-Z0-9])", text):
        if length(longer := f"{kept} {sentence}".lstrip()) > room:
            break
        kept = longer
    return kept or cut(text, room, length)


def _fill(items: Sequence[_Item], room: int, length: Callable[[str], int]) -> str:
    """Return as many items as there is room for, and how many more there are."""
    whole = "\n".join(item.text for item in items)
    if length(whole) <= room:
        return whole
    waiting = sum(item.counts for item in items)
    best, text = "", ""
    for item in items:
        text = f"{text}\n{item.text}" if text else item.text
        waiting -= item.counts
        said = f"{text}\n{_more(waiting)}" if waiting else text
        if length(said) > room:
            break
        best = said
    return best


def _start_of(items: Sequence[_Item], room: int, length: Callable[[str], int]) -> str:
    """Return the beginning of the first item, which says more than nothing if it is long enough."""
    more = sum(item.counts for item in items[1:])
    tail = f"\n{_more(more)}" if more else ""
    beginning = cut(items[0].text, room - length(tail), length)
    return beginning + tail if length(beginning) >= SHORTEST_BEGINNING else ""


def _more(count: int) -> str:
    return f"… and {count:,} more"


def _errors(outline: Outline) -> Iterator[_Item]:
    for number, context in enumerate(outline.contexts):
        above = f"{_LF if number else ''}{_plain(context.name)}{_LF}"
        for one in context.complaints:
            place = f"{_plain(one.where)}: " if one.where else ""
            since = f" ({_plain(one.history)})" if one.history else ""
            remedy = f"{_LF}   → {_plain(one.remedy)}" if one.remedy else ""
            yield _Item(f"{above}✗ {place}{_plain(one.message)}{since}{remedy}")
            above = ""


def _held(outline: Outline, longest: int) -> Iterator[_Item]:
    between = ""
    for section in outline.sections:
        if groups := [group for group in section.groups if _sign(group) == _HELD]:
            note = section.note if len(groups) == len(section.groups) else ""
            yield from _titles(section, groups, longest, between, note)
            between = _LF


def _changes(outline: Outline, longest: int) -> Iterator[_Item]:
    between = ""
    for section in outline.sections:
        groups = [group for group in section.groups if _sign(group) != _HELD]
        if groups or not section.groups:
            yield from _titles(section, groups, longest, between, section.note)
            between = _LF


def _titles(
    section: Section, groups: Sequence[Group], longest: int, between: str, note: str
) -> Iterator[_Item]:
    """Yield a collection's titles; its name stands above the first one."""
    counts = ", ".join(f"{group.count:,} {_plain(group.name).lower()}" for group in groups)
    heading = [": ".join(filter(None, (_plain(section.name), counts))), _plain(note)]
    above = between + "".join(f"{one}{_LF}" for one in heading if one)
    for group in groups:
        for line in group.lines:
            reason = cut(_plain(line.reason), longest, len) if longest else ""
            ending = f": {reason}" if reason else ""
            yield _Item(f"{above}{_sign(group)} {_plain(line.title)}{ending}")
            above = ""
        if (rest := group.count - len(group.lines)) > 0:
            yield _Item(f"{above}{_more(rest)}", rest)
            above = ""
    if above.strip():
        yield _Item(above.rstrip(_LF))


def _sign(group: Group) -> str:
    name = group.name.lower()
    return next((sign for word, sign in _SIGNS if word in name), "•")


def _plain(text: str) -> str:
    """Return a text on one line, in which nobody is called: a reason is not ours to trust.

    Most services show the signs around code as they are.
    """
    line = " ".join(text.encode("utf-8", "replace").decode("utf-8").replace("`", "").split())
    return re.sub(r"@(?=everyone|here|channel|all\b)|<(?=[@!#])", "\\g<0>\u200b", line)
