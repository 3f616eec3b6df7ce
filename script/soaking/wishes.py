"""Kometa's files as the soak writes them: what each collection wants, known without reading it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

BROKEN: Final = "collections:\n  Half a: [block\n"
MARKS: Final = ("# === KOMETA-AI ===", "# === END KOMETA-AI ===")


@dataclass(frozen=True, slots=True)
class Wish:
    """One collection; ``version`` is part of its words, so that it can be changed."""

    name: str
    word: str
    version: int = 1
    threshold: float = 0.7
    priority: int = 0
    enabled: bool = True
    include_tags: tuple[str, ...] = ()
    exclude_tags: tuple[str, ...] = ()
    genres: tuple[str, ...] = ()
    exclude_genres: tuple[str, ...] = ()
    year_min: int | None = None
    year_max: int | None = None
    file: str = "movies.yml"

    @property
    def words(self) -> str:
        """Return the prompt."""
        return f"Films that suit the word {self.word} in version {self.version}"

    @property
    def slug(self) -> str:
        """Return the slug; the names are plain words."""
        return self.name.lower().replace(" ", "-")

    @property
    def label(self) -> str:
        """Return the tag as Radarr keeps it."""
        return f"kai-{self.slug}"

    @property
    def criteria(self) -> str:
        """Return what the state files decisions under."""
        return blake2b(self.words.encode(), digest_size=8).hexdigest()

    def text(self) -> str:
        """Return the collection as it stands in a file."""
        keys: dict[str, object] = {
            "enabled": self.enabled,
            "prompt": self.words,
            "confidence_threshold": self.threshold,
            "priority": self.priority,
        }
        more = {
            "include_tags": list(self.include_tags),
            "exclude_tags": list(self.exclude_tags),
            "candidate_genres": list(self.genres),
            "candidate_exclude_genres": list(self.exclude_genres),
            "candidate_year_min": self.year_min,
            "candidate_year_max": self.year_max,
        }
        keys |= {key: value for key, value in more.items() if value}
        lines = [
            MARKS[0],
            *(f"#   {key}: {json.dumps(one)}" for key, one in keys.items()),
            MARKS[1],
        ]
        block = "\n".join(f"  {line}" for line in lines)
        return (
            f"{block}\n  {self.name}:\n    radarr_taglist: KAI-{self.slug}\n    sync_mode: sync\n"
        )


@dataclass(slots=True)
class Shelf:
    """The folder of Kometa's files; ``broken`` names the files that can't be read at present."""

    folder: Path
    wishes: list[Wish] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    def write(self) -> None:
        """Write all files as they should be, or broken."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for file in sorted({one.file for one in self.wishes} | {"movies.yml", "more.yml"}):
            blocks = [one.text() for one in self.wishes if one.file == file]
            text = "collections:\n" + "\n".join(blocks) if blocks else "collections: {}\n"
            unfinished = self.folder / f".{file}.part"
            unfinished.write_text(BROKEN if file in self.broken else text, encoding="utf-8")
            unfinished.replace(self.folder / file)

    def replace(self, old: Wish, new: Wish) -> None:
        """Put a changed collection in the place of what it was."""
        self.wishes[self.wishes.index(old)] = new
        self.write()

    @property
    def enabled(self) -> list[Wish]:
        """Return the collections that run when nothing is broken."""
        return [one for one in self.wishes if one.enabled]
