"""Random days: whatever people do between runs, the tags are what a small model says."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.guard import guarded, pins, sure, wish

if TYPE_CHECKING:
    from pathlib import Path

    from tests.world import World

FILMS = range(1, 15)
NAMES = {"noir": "Noir", "cosy": "Cosy"}


@dataclass
class Tag:
    """One collection as people understand it."""

    version: int = 0
    yes: set[int] = field(default_factory=set)
    members: set[int] = field(default_factory=set)
    last: set[int] | None = None
    exists: bool = False
    held: set[int] = field(default_factory=set)
    pins: dict[int, tuple[str, str, int]] = field(default_factory=dict)

    def holding(self, stance: str) -> set[int]:
        return {
            film
            for film, (said, origin, version) in self.pins.items()
            if said == stance and (origin != "declined" or version == self.version)
        }

    def pin(self, films: set[int], stance: str, origin: str) -> None:
        for film in films:
            self.pins[film] = (stance, origin, self.version)

    def change(self, on: set[int], off: set[int]) -> dict[int, bool]:
        """Let the program do something, and return its journal."""
        self.members = (self.members | on) - off
        if on or off:
            self.last = ((self.last or set()) | on) - off
        self.exists = self.exists or bool(on)
        return dict.fromkeys(on, True) | dict.fromkeys(off, False)

    def run(self) -> dict[int, bool]:
        if self.last is not None:
            lost, gained = self.last - self.members, self.members - self.last
            vanished = bool(self.last) and not self.exists
            if not vanished and not _many(len(lost) + len(gained), len(self.last)):
                self.pin(gained, "keep", "hand")
                self.pin(lost, "never", "hand")
        self.last = set(self.members)
        wanted = (self.yes | self.holding("keep")) - self.holding("never")
        off = self.members - wanted
        self.held = off if _many(len(off), len(self.members)) else set()
        return self.change(wanted - self.members, off - self.held)

    def approve(self) -> dict[int, bool]:
        off = (self.held & self.members) - self.holding("keep")
        self.held = set()
        return self.change(set(), off)

    def decline(self) -> dict[int, bool]:
        said = self.holding("keep") | self.holding("never")
        self.pin(self.held - said, "keep", "declined")
        self.held = set()
        return {}

    def undo(self, journal: dict[int, bool]) -> dict[int, bool]:
        off = {film for film, on in journal.items() if on} & self.members
        on = {film for film, added in journal.items() if not added} - self.members
        self.pin(off, "never", "undo")
        self.pin(on, "keep", "undo")
        return self.change(on, off)


def _many(changed: int, members: int) -> bool:
    return changed > 5 and changed / max(members, 0.5) > 0.3


class Days:
    """Does the same to the world and to the model."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.random = random.Random(seed)  # noqa: S311 - the same days every time
        self.tags = {slug: Tag() for slug in NAMES}
        self.journals: list[dict[str, dict[int, bool]]] = []

    def other_wish(self, slug: str) -> None:
        tag = self.tags[slug]
        tag.version += 1
        tag.yes = set(self.random.sample(FILMS, self.random.choice([0, 2, 5, 9, 13])))
        self.world.judge.chances[NAMES[slug]] = sure(*tag.yes)
        self.world.write(
            *(wish(NAMES[one], prompt=f"Wish {self.tags[one].version}") for one in NAMES)
        )

    def by_hand(self, slug: str, count: int) -> None:
        tag = self.tags[slug]
        for film in self.random.sample(FILMS, count):
            tag.exists = True
            if film in tag.members:
                self.world.radarr.hand_untag(film, f"kai-{slug}")
            else:
                self.world.radarr.hand_tag(film, f"kai-{slug}")
            tag.members ^= {film}

    def delete(self, slug: str) -> None:
        self.world.radarr.delete_tag(f"kai-{slug}")
        self.tags[slug].members = set()
        self.tags[slug].exists = False

    def note(self, journal: dict[str, dict[int, bool]]) -> None:
        if any(journal.values()):
            self.journals.append(journal)

    async def step(self) -> str:
        slug = self.random.choice(list(NAMES))
        kind = self.random.choices(
            ["run", "wish", "hand", "many", "delete", "approve", "decline", "undo"],
            [6, 4, 5, 1, 1, 3, 2, 2],
        )[0]
        match kind:
            case "wish":
                self.other_wish(slug)
            case "hand":
                self.by_hand(slug, self.random.randint(1, 3))
            case "many":
                self.by_hand(slug, self.random.randint(6, 10))
            case "delete":
                self.delete(slug)
            case _:
                await self.program(kind)
        return f"{kind} {slug}"

    async def program(self, kind: str) -> None:
        tags = self.tags
        match kind:
            case "run":
                await self.world.run(force_refresh=self.random.random() < 0.2)
                self.note({slug: tag.run() for slug, tag in tags.items()})
            case "approve":
                await self.world.approve()
                self.note({slug: tag.approve() for slug, tag in tags.items()})
            case "decline":
                await self.world.decline()
                self.note({slug: tag.decline() for slug, tag in tags.items()})
            case _:
                await self.world.undo()
                newest = self.journals[-1] if self.journals else {}
                self.note({slug: tags[slug].undo(one) for slug, one in newest.items()})


@pytest.mark.parametrize("seed", range(6))
async def test_after_any_days_the_tags_are_what_the_model_says(tmp_path: Path, seed: int) -> None:
    async with guarded(tmp_path, len(FILMS), {}) as world:
        days = Days(world, seed)
        for slug in NAMES:
            days.other_wish(slug)
        past = []
        for _ in range(25):
            past.append(await days.step())
            for slug, tag in days.tags.items():
                assert world.radarr.members(f"kai-{slug}") == tag.members, past
            expected = [
                (slug, film, stance, origin)
                for slug in sorted(NAMES)
                for film, (stance, origin, _) in sorted(days.tags[slug].pins.items())
            ]
            assert await pins(world) == expected, past
