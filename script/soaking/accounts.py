"""Whether the journal and the reports tell what was really done to the tags."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from script.soaking.library import OURS, Retag

if TYPE_CHECKING:
    from collections.abc import Iterable

    from script.soaking.library import Books, WatchedRadarr
    from script.soaking.state import State


@dataclass(slots=True)
class Accounts:
    """Two stretches of runs: those of the chaos, and after ``open`` the clean ones."""

    checked: int = 0
    opened: int = 0
    edits_opened: int = 0
    at_rest: bool = False

    def open(self, radarr: WatchedRadarr, state: State) -> None:
        """Note where the clean runs begin; ``state`` was read before Radarr could change again."""
        self.opened = state.newest()
        self.edits_opened = len(radarr.edits)
        self.at_rest = not state.unfinished and not state.open_edits

    def close(self, radarr: WatchedRadarr, state: State, books: Books) -> list[str]:
        """Return what was told and not done, or done and not told, since the last time."""
        edits = [one for one in radarr.edits if one.label.startswith(OURS)]
        cut = sum(one.label.startswith(OURS) for one in radarr.edits[: self.edits_opened])
        del radarr.edits[:]
        found = []
        if self.at_rest:
            done = Counter(edits[cut:])
            found += _different("the journal", done, Counter(journaled(state, self.opened)))
            found += _different("the reports", done, Counter(reported(state, self.opened)))
        found += self._of_the_chaos(edits, state, books, radarr)
        self.checked = state.newest()
        books.moved.clear()
        books.lost.clear()
        return found

    def _of_the_chaos(
        self, edits: Iterable[Retag], state: State, books: Books, radarr: WatchedRadarr
    ) -> list[str]:
        """Compare as far as it can be known.

        What a run did that was killed, the next one reads off the tags: a person's edit, a film or
        a tag that is gone in between hide it.
        """

        def known(one: Retag) -> bool:
            return (
                one.item in radarr.movies
                and one.label not in books.lost
                and (one.label, one.item) not in books.moved
            )

        done = {one for one in edits if known(one)}
        told = {one for one in journaled(state, self.checked) if known(one)}
        return _different("the journal", Counter(done), Counter(told))


def journaled(state: State, since: int) -> list[Retag]:
    """Return what the journal has of the runs after one."""
    return [
        Retag(entry.label, entry.item, entry.on)
        for run, entries in sorted(state.journal.items())
        if run > since
        for entry in entries
    ]


def reported(state: State, since: int) -> list[Retag]:
    """Return what the reports of the runs after one tell, dry runs aside."""
    return [
        Retag(one["tag"].lower(), title["id"], on)
        for run, report in sorted(state.reports.items())
        if run > since and not report["dry_run"]
        for one in report["collections"]
        for on in (True, False)
        for title in one["added" if on else "removed"]
    ]


def _different(what: str, done: Counter[Retag], told: Counter[Retag]) -> list[str]:
    return [f"{_pair(one)}, and {what} does not have it" for one in (done - told).elements()] + [
        f"{what} says that {_pair(one)}, and that was not done" for one in (told - done).elements()
    ]


def _pair(one: Retag) -> str:
    return f"{one.label} was {'put on' if one.on else 'taken off'} film {one.item}"
