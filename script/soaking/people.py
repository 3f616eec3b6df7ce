"""Chaos of people: Kometa's files, tags and films, commands, settings, the clock, the switch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from script.soaking.library import PERSONAL
from script.soaking.luck import heads, seldom
from script.soaking.wishes import Wish

if TYPE_CHECKING:
    from script.soaking.place import Place

FEWEST_WISHES, MOST_WISHES = 4, 11


async def wish_changes(place: Place) -> str:
    """Change one thing of a collection."""
    old = place.chance.choice(place.shelf.wishes)
    kind = place.chance.choice(("words", "threshold", "priority", "enabled", "gate", "rule"))
    changes: dict[str, dict[str, Any]] = {
        "words": {"version": old.version + 1},
        "threshold": {"threshold": place.chance.choice((0.5, 0.6, 0.7, 0.8))},
        "priority": {"priority": place.chance.randint(0, 9)},
        "enabled": {"enabled": not old.enabled},
        "gate": {"year_min": None if old.year_min else place.chance.choice((1950, 1980))},
        "rule": {"exclude_tags": () if old.exclude_tags else (place.chance.choice(PERSONAL),)},
    }
    place.shelf.replace(old, replace(old, **changes[kind]))
    return f"{old.name}: {kind}"


async def wish_comes_or_goes(place: Place) -> str:
    """Write a new collection, or delete one."""
    wishes = place.shelf.wishes
    if len(wishes) >= MOST_WISHES or (len(wishes) > FEWEST_WISHES and seldom(place)):
        free = [one for one in wishes if not _named_by_others(place, one)]
        gone = place.chance.choice(free or wishes)
        wishes.remove(gone)
        place.shelf.write()
        return f"{gone.name} is gone"
    number = place.chance.randint(100, 999)
    fresh = Wish(
        f"New {number}", f"fresh{number}", file=place.chance.choice(("movies.yml", "more.yml"))
    )
    if any(one.name == fresh.name for one in wishes):
        return "nothing: it is there"
    wishes.append(fresh)
    place.shelf.write()
    return f"{fresh.name} is new"


async def wish_is_renamed(place: Place) -> str:
    """Give a collection another name, and so another tag."""
    old = place.chance.choice(place.shelf.wishes)
    if _named_by_others(place, old):
        return "nothing: others name its tag"
    new = replace(old, name=f"{old.name.split(' again')[0]} again {place.chance.randint(10, 99)}")
    place.shelf.replace(old, new)
    place.books.rename(old.label, new.label)
    # While a file can't be read nobody knows what is gone: what was decided does not move along.
    place.excused.add(old.words)
    return f"{old.name} is {new.name}"


async def file_breaks_or_mends(place: Place) -> str:
    """Break a file, or mend what is broken."""
    if place.shelf.broken:
        place.shelf.broken.clear()
        place.shelf.write()
        return "mended"
    file = place.chance.choice(("movies.yml", "more.yml"))
    place.shelf.broken.add(file)
    place.shelf.write()
    return f"{file} is broken"


async def hand_edit(place: Place) -> str:
    """Put a KAI- tag on a film or take it off, as a person does."""
    wish = place.chance.choice(place.shelf.wishes)
    number = place.chance.choice(sorted(place.radarr.movies))
    on = number not in place.radarr.members(wish.label)
    place.books.edit(number, wish.label, on=on)
    place.votes[wish.label, number] = on
    return f"{wish.label} {'on' if on else 'off'} film {number}"


async def hand_edit_of_own_tag(place: Place) -> str:
    """Put one of a person's own tags on a film or take it off."""
    label = place.chance.choice(PERSONAL)
    number = place.chance.choice(sorted(place.radarr.movies))
    on = label not in place.books.foreign[number]
    place.books.tag(number, label, on=on)
    return f"{label} {'on' if on else 'off'} film {number}"


async def accident(place: Place) -> str:
    """Delete a whole tag, take it off most films, or have Radarr delete unused ones."""
    wish = place.chance.choice(place.shelf.wishes)
    members = sorted(place.radarr.members(wish.label))
    kind = place.chance.choice(("deleted", "off most", "clean up"))
    place.votes = {pair: on for pair, on in place.votes.items() if pair[0] != wish.label}
    if kind == "deleted" and members:
        place.books.delete(wish.label)
    elif kind == "off most":
        for number in members[: len(members) * 2 // 3]:
            place.books.edit(number, wish.label, on=False)
    else:
        place.books.clean_up()
    return f"{wish.label}: {kind}"


async def film_comes(place: Place) -> str:
    """Add a film."""
    number = max(place.radarr.movies) + 1
    place.books.add(
        {
            "id": number,
            "title": f"Newcomer {number}",
            "year": place.chance.randint(1930, 2024),
            "tmdbId": 700_000 + number,
            "genres": [place.chance.choice(("Drama", "Horror", "Comedy"))],
            "overview": f"What happens in newcomer {number}.",
        }
    )
    return f"film {number}"


async def film_goes(place: Place) -> str:
    """Delete a film; a few times it comes back under another number."""
    number = place.chance.choice(sorted(place.radarr.movies))
    fields = dict(place.radarr.movies[number].fields)
    place.books.remove(number)
    if seldom(place):
        fields["id"] = max(place.radarr.movies) + 1
        place.books.add(fields)
        return f"film {number} is {fields['id']} now"
    return f"film {number}"


async def film_changes(place: Place) -> str:
    """Change what a film is about, or something that does not matter."""
    number = place.chance.choice(sorted(place.radarr.movies))
    if heads(place):
        words = f"Another tale of film {number}, number {place.chance.randint(1, 999)}."
        place.books.change(number, overview=words)
        return f"the overview of film {number}"
    place.books.change(number, monitored=heads(place), popularity=7.5)
    return f"nothing that matters of film {number}"


async def command(place: Place) -> str:
    """Give a command by MQTT."""
    names = [one.name for one in place.shelf.wishes]
    keys: dict[str, object] = place.chance.choice(
        [
            {"command": "run"},
            {"command": "run", "collection": place.chance.choice(names)},
            {"command": "run", "max_evals": place.chance.randint(1, 40)},
            {"command": "dry_run"},
            {"command": "estimate"},
            {"command": "cancel"},
            {"command": "approve"},
            {"command": "decline"},
            {"command": "undo"},
            {"command": "pause"},
            {"command": "resume"},
            {"command": "test_notification"},
        ]
    )
    sent = await place.ear.say({**keys, "request_id": place.request_id()})
    return f"{keys}" if sent else f"{keys}, and nobody was there"


async def run_is_ordered(place: Place) -> str:
    """Order a run: most other deeds are for the runs."""
    await place.ear.say({"command": "run", "request_id": place.request_id()})
    return "run"


async def mind_changes(place: Place) -> str:
    """Have Claude change its mind about a collection, and ask it for everything anew."""
    wish = place.chance.choice(place.shelf.wishes)
    place.taste.moods[wish.words] = place.taste.moods.get(wish.words, 0) + 1
    place.forced.append(place.request_id())
    keys = {"command": "force_refresh", "collection": wish.name, "request_id": place.forced[-1]}
    await place.ear.say(keys)
    return wish.name


async def wrong_command(place: Place) -> str:
    """Say what is no command."""
    payload: Any = place.chance.choice(
        [
            b"\xff\xfe",
            "runn",
            '{"command": "run", "colection": "x"}',
            '{"command": "run", "dry_run": "yes"}',
            "[1, 2]",
            "x" * 70_000,
            '{"command": "undo", "run_id": "999999", "request_id": "no-such-run"}',
            '{"command": "run", "request_id": "soak-twice"}',
        ]
    )
    await place.ear.say(payload)
    if seldom(place):
        await place.ear.say("run", retain=True)  # nothing retained is a command
    return f"{payload[:60]!r}"


async def setter(place: Place) -> str:
    """Set something from the dashboard."""
    word, value = place.chance.choice(
        [
            ("max_evals", "25"),
            ("max_evals", "0"),
            ("dry_run_mode", "ON"),
            ("dry_run_mode", "OFF"),
            ("schedule", "OFF"),
            ("schedule", "ON"),
            ("cron", "*/7 * * * *"),
            ("cron", "at noon"),
            ("collection", "Heists"),
            ("monthly_budget", "lots"),
        ]
    )
    await place.ear.say(value, word)
    return f"{word} {value}"


def _named_by_others(place: Place, wish: Wish) -> bool:
    return any(wish.label in one.include_tags + one.exclude_tags for one in place.shelf.wishes)
