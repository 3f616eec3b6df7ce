"""What a day does to a library: films come, go and are described anew; a person moves some tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kometa_ai.demo.radarr import SimulatedRadarr

CHANGED_OF_1000: Final = 8
NEW_OF_1000: Final = 2
GONE: Final = 3
EDITS: Final = 2
"""Films that a person puts each tag on by hand, and as many that it is taken off."""


def pass_day(radarr: SimulatedRadarr, day: int) -> dict[str, int]:
    """Change the library as this day does; every day changes other films."""
    ids = list(radarr.movies)
    gone = ids[day * GONE : (day + 1) * GONE]
    changed = ids[-1 - day :: -1000 // CHANGED_OF_1000]
    for number in changed:
        overview = radarr.movies[number].fields["overview"]
        radarr.change_movie(number, overview=f"As of day {day}: {overview}")
    for place in range(len(ids) * NEW_OF_1000 // 1000):
        model = radarr.movies[ids[(place * 37 + day) % len(ids)]].fields
        again = f"{model['title']}, Part {day + 2}"
        radarr.add_movie(model | {"id": 0, "title": again, "tmdbId": model["tmdbId"] + 10**7 + day})
    for number in gone:
        radarr.remove_movie(number)
    edits = sum(_edit_by_hand(radarr, label, day) for label in radarr.labels.values())
    return {
        "changed": len(changed),
        "new": len(ids) * NEW_OF_1000 // 1000,
        "gone": len(gone),
        "edits": edits,
    }


def _edit_by_hand(radarr: SimulatedRadarr, label: str, day: int) -> int:
    members = radarr.members(label)
    off = sorted(members)[day * EDITS : (day + 1) * EDITS]
    others = [number for number in radarr.movies if number not in members]
    on = others[day * EDITS : (day + 1) * EDITS]
    for number in off:
        radarr.hand_untag(number, label)
    for number in on:
        radarr.hand_tag(number, label)
    return len(off) + len(on)
