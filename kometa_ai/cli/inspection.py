"""Looking at what is known, and pinning what a person knows better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kometa_ai import deciding
from kometa_ai.cli.flags import Exit
from kometa_ai.cli.wiring import open_store, open_to_look
from kometa_ai.domain.collection import slugify
from kometa_ai.domain.decision import Pin, PinOrigin, Stance
from kometa_ai.domain.fault import FaultKind, KometaAIError, SkipError
from kometa_ai.domain.whereabouts import Whereabouts
from kometa_ai.domain.wording import sentence
from kometa_ai.reading import choose, read_files, read_shelf
from kometa_ai.report_json import report_json
from kometa_ai.terminal.narrator import console
from kometa_ai.terminal.tables import print_history, print_pins, print_runs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kometa_ai.cli.output import Output
    from kometa_ai.deciding import Case
    from kometa_ai.domain.collection import Collection
    from kometa_ai.domain.decision import Decision
    from kometa_ai.domain.media import MediaItem
    from kometa_ai.house import House
    from kometa_ai.ports import Clock
    from kometa_ai.settings import Settings

SHOWN: Final = 20
"""Runs that are listed."""


async def dump_state(settings: Settings, clock: Clock, out: Output) -> int:
    """Print what is stored, as JSON."""
    async with open_store(settings, clock, out.complain) as store:
        out.json(await store.dump())
    return Exit.FINE


async def runs(settings: Settings, clock: Clock, out: Output) -> int:
    """Print the newest runs."""
    async with open_store(settings, clock, out.complain) as store:
        if out.as_json:
            reports = await store.reports(SHOWN)
            out.json({"version": 1, "runs": [report_json(report) for report in reports]})
        else:
            # Of a large library one whole report may take megabytes, and a line needs ten numbers.
            print_runs(console(out.words), await store.outlines(SHOWN), settings.tz)
    return Exit.FINE


async def pins(settings: Settings, clock: Clock, out: Output) -> int:
    """Print every pin, by title where Radarr answers."""
    async with open_to_look(settings, clock, out.complain) as house:
        pinned = await house.store.pins(house.library.name)
        items: dict[int, MediaItem] = {}
        absent = "not in Radarr, so it waits"
        if pinned:
            try:
                items = {item.id: item for item in await house.library.items()}
            except KometaAIError as error:
                absent = "title unknown"
                out.complain(str(error))
    where = Whereabouts(items)

    def label(pin: Pin) -> str:
        item_id = where.find(pin.item_id, pin.tmdb_id)
        if item_id is not None:
            return items[item_id].label
        told = f"tmdb:{pin.tmdb_id}" if items and pin.tmdb_id else f"id {pin.item_id}"
        return f"({absent}, {told})"

    if out.as_json:
        listed = [
            {
                "collection": pin.slug,
                "id": where.find(pin.item_id, pin.tmdb_id) or pin.item_id,
                "tmdb_id": pin.tmdb_id,
                "waits": bool(items) and where.find(pin.item_id, pin.tmdb_id) is None,
                "title": label(pin),
                "stance": str(pin.stance),
                "origin": str(pin.origin),
                "pinned_at": pin.pinned_at.isoformat(timespec="seconds"),
            }
            for pin in pinned
        ]
        out.json({"version": 1, "pins": listed})
    else:
        print_pins(console(out.words), pinned, label, settings.tz)
    return Exit.FINE


async def pin(  # noqa: PLR0917 - three words of the command line
    settings: Settings, clock: Clock, out: Output, stance: str, name: str, wanted: str
) -> int:
    """Pin a title to a collection, or away from it."""
    async with open_to_look(settings, clock, out.complain) as house:
        collection = await _collection(house, name)
        item = find_item(wanted, await house.library.items())
        user, now = PinOrigin.USER, clock.now()
        new = Pin(collection.slug, item.id, Stance(stance), user, now, tmdb_id=item.tmdb_id)
        await house.store.pin(house.library.name, [new])
    if out.as_json:
        out.json({"version": 1, **_pair(collection, item), "stance": str(new.stance)})
    what = "always belongs to" if new.stance is Stance.KEEP else "never belongs to"
    out.say(f"{item.label} {what} {collection.name} now. The next run sees to its tag.")
    return Exit.FINE


async def unpin(settings: Settings, clock: Clock, out: Output, name: str, wanted: str) -> int:
    """Take a pin back; Claude's verdict counts again.

    Also of a collection or a title that is gone: a pin must never be there for good.
    """
    async with open_to_look(settings, clock, out.complain) as house:
        slug = await _slug(house, name)
        items = {item.id: item for item in await house.library.items()}
        where = Whereabouts(items)
        absent = [
            one
            for one in await house.store.pins(house.library.name)
            if one.slug == slug and where.find(one.item_id, one.tmdb_id) is None
        ]
        words = wanted.strip().lower().replace(" ", "")
        waiting = [one for one in absent if words in {f"tmdb:{one.tmdb_id}", str(one.item_id)}]
        if waiting and not (words.isdecimal() and int(words) in items):
            item_id, tmdb_id = waiting[0].item_id, waiting[0].tmdb_id
            label = f"The title with {'' if words.startswith('tmdb') else 'id '}{words}"
        else:
            item = find_item(wanted, items.values())
            item_id, tmdb_id, label = item.id, item.tmdb_id, item.label
        if not await house.store.unpin(house.library.name, slug, item_id, tmdb_id):
            raise _refusal("--unpin", f"{label} is not pinned in {name}.", "See --pins.")
    if out.as_json:
        out.json({"version": 1, "collection": name, "id": item_id, "title": label, "stance": None})
    out.say(f"{label} is no longer pinned in {name}. Claude's verdict counts.")
    return Exit.FINE


async def why(settings: Settings, clock: Clock, out: Output, name: str, wanted: str) -> int:
    """Explain why a title is in a collection, or is not."""
    async with open_to_look(settings, clock, out.complain) as house:
        collection = await _collection(house, name)
        shelf, _ = await read_shelf(house.library, house.store, [collection])
        item = find_item(wanted, shelf.titles.items.values())
        pins = Whereabouts(shelf.titles.items).pins(await house.store.pins(house.library.name))
        (case,) = await deciding.open_cases(
            [collection], shelf.titles, pins, shelf.tagged, house.store
        )
        history = await house.store.decisions(house.library.name, collection.slug, item.id)
    answer = _answer(case, item, history)
    verdicts = case.verdicts(shelf.titles)
    if out.as_json:
        out.json({"version": 1, **answer})
    else:
        _explain(out, collection, item, answer)
        if answer["tagged"] and item.id in verdicts.foreign:
            out.say("The next run takes the tag off.")
        if not answer["tagged"] and item.id in verdicts.belong:
            out.say("The next run puts the tag on.")
        valid = [(one, _counts(one, case.collection, item)) for one in history]
        print_history(console(out.words), out.masked(valid), collection.threshold, settings.tz)
    return Exit.FINE


def _answer(case: Case, item: MediaItem, history: list[Decision]) -> dict[str, object]:
    threshold = case.collection.threshold
    waiting = item.id in case.pending.ids
    undecided = item.id in case.free.candidates and item.id not in case.ledger.judged
    return {
        **_pair(case.collection, item),
        "tagged": item.id in case.present,
        "reason": "it was never judged for this collection" if undecided else case.reason(item),
        "pending": waiting,
        "threshold": threshold,
        "decisions": [
            {
                "decided_at": one.decided_at.isoformat(timespec="seconds"),
                "origin": str(one.origin),
                "model": one.model,
                "include": one.opinion.include,
                "confidence": one.opinion.confidence,
                "reason": one.opinion.reason,
                "valid": _counts(one, case.collection, item),
            }
            for one in history
        ],
    }


def _counts(decision: Decision, collection: Collection, item: MediaItem) -> bool:
    """Return whether a decision was made for the present criteria and state of the item."""
    return decision.criteria == collection.criteria and decision.fingerprint == item.fingerprint


def _explain(
    out: Output, collection: Collection, item: MediaItem, answer: dict[str, object]
) -> None:
    state = "has" if answer["tagged"] else "does not have"
    out.say(f"{item.label} {state} the tag {collection.tag} of {collection.name}.")
    out.say(sentence(f"Why: {answer['reason']}"))
    if answer["pending"]:
        out.say("It will be judged in the next run.")


def _pair(collection: Collection, item: MediaItem) -> dict[str, object]:
    return {
        "collection": collection.name,
        "id": item.id,
        "title": item.title,
        "year": item.year,
    }


def find_item(wanted: str, items: Iterable[MediaItem]) -> MediaItem:
    """Find a title by id, ``tmdb:603``, exact title or ``title (year)``.

    Raises SkipError when none or several fit.
    """
    text = wanted.strip()
    known = list(items)
    if text.lower().startswith("tmdb:"):
        found = [one for one in known if str(one.tmdb_id) == text[5:].strip()]
    else:
        lower = text.lower()
        found = [one for one in known if lower in {one.title.lower(), one.label.lower()}]
        if not found and text.isdecimal():
            found = [one for one in known if one.id == int(text)]
    if len(found) == 1:
        return found[0]
    if found:
        raise _refusal(
            wanted,
            f"{len(found)} titles fit: "
            + ", ".join(f"{one.label} (id {one.id})" for one in found)
            + ".",
            "Add the year, or give the Radarr id.",
        )
    raise _refusal(
        wanted, "No title of the library fits.", "Give its Radarr id, tmdb:ID or exact title."
    )


async def _slug(house: House, name: str) -> str:
    """Return the slug of a collection by its name or slug, whether it runs or not."""
    files = await read_files(house)
    found, _ = choose(files, [name], house.library.name)
    return found[0].slug if found else slugify(name)


async def _collection(house: House, name: str) -> Collection:
    files = await read_files(house)
    found, faults = choose(files, [name], house.library.name)
    if not found:
        raise SkipError(
            FaultKind.KOMETA, faults[0].message, where=faults[0].where, remedy=faults[0].remedy
        )
    return found[0]


def _refusal(where: str, message: str, remedy: str) -> SkipError:
    return SkipError(FaultKind.KOMETA, message, where=where, remedy=remedy)
