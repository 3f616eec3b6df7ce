"""The plan: which deeds a minute holds, and when, drawn from the seed."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from script.soaking import machine, outages, people

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from random import Random

    from script.soaking.place import Place

    Deed: TypeAlias = Callable[[Place], Awaitable[str]]

DEEDS_IN_A_MINUTE: Final = 44

DEEDS: Final[Mapping[str, tuple[Deed, float]]] = {
    "a run is ordered": (people.run_is_ordered, 9),
    "another command": (people.command, 6),
    "a wrong command": (people.wrong_command, 2),
    "Claude changes its mind": (people.mind_changes, 4),
    "a switch or a number": (people.setter, 1.5),
    "a collection changes": (people.wish_changes, 4),
    "a collection comes or goes": (people.wish_comes_or_goes, 1.5),
    "a collection is renamed": (people.wish_is_renamed, 0.7),
    "a file breaks or is mended": (people.file_breaks_or_mends, 1.5),
    "a hand edit of our tag": (people.hand_edit, 3),
    "a hand edit of another tag": (people.hand_edit_of_own_tag, 1.5),
    "an accident with a tag": (people.accident, 1),
    "a film comes": (people.film_comes, 1.5),
    "a film goes": (people.film_goes, 1.2),
    "a film changes": (people.film_changes, 1.5),
    "the command line beside": (machine.run_beside, 1.2),
    "a pin by the command line": (machine.pin_by_hand, 0.5),
    "the settings file": (machine.settings_change, 1.2),
    "the clock jumps": (machine.clock_jumps, 1.5),
    "the service is ended": (machine.service_ends, 1.2),
    "the worker is ended": (machine.worker_ends, 1.5),
    "a run is killed": (machine.run_is_killed, 2.5),
    "a batch": (outages.batch_fares, 1.2),
    "the broker restarts": (outages.broker_restarts, 1),
    "the webhook fails": (outages.hook_fails, 1.2),
}
RADARR: Final[Mapping[str, tuple[Deed, float]]] = {
    "Radarr: a status": (outages.radarr_status, 2),
    "Radarr: broken off": (outages.radarr_breaks_off, 2),
    "Radarr: nonsense": (outages.radarr_talks_nonsense, 2),
    "Radarr: late": (outages.radarr_hangs, 1),
}
CLAUDE: Final[Mapping[str, tuple[Deed, float]]] = {
    "Claude: a refusal": (outages.claude_refuses, 2),
    "Claude: broken off": (outages.claude_breaks_off, 2),
    "Claude: nonsense": (outages.claude_talks_nonsense, 3),
    "Claude: silent": (outages.claude_hangs, 1),
}


@dataclass(frozen=True, slots=True)
class Planned:
    """A deed and its second."""

    at: float
    kind: str
    deed: Deed


def plan(chance: Random, minute: int, seconds: float) -> list[Planned]:
    """Return the deeds of a minute; Radarr and Claude are in trouble by turns."""
    deeds = {**DEEDS, **(RADARR if minute % 2 else CLAUDE)}
    kinds = list(deeds)
    weights = [deeds[kind][1] for kind in kinds]
    drawn = chance.choices(kinds, weights, k=DEEDS_IN_A_MINUTE)
    times = sorted(chance.uniform(0, seconds) for _ in drawn)
    return [Planned(at, kind, deeds[kind][0]) for at, kind in zip(times, drawn, strict=True)]


async def reign(place: Place, seconds: float) -> None:
    """Do what is planned for this minute, each deed at its second or as soon as it can be."""
    begun = time.monotonic()
    for one in plan(place.chance, place.log.minute, seconds):
        await asyncio.sleep(max(0.0, one.at - (time.monotonic() - begun)))
        place.log.did(one.kind, await one.deed(place))
