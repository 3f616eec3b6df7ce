"""What the asking of one run has brought so far."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kometa_ai.domain.decision import Decision
    from kometa_ai.domain.fault import Fault
    from kometa_ai.domain.prompt import Reading


@dataclass(slots=True)
class Noes:
    """The plain noes of one collection: item ids, and the fingerprints they were decided for.

    As numbers side by side they take 12 bytes each; in a dictionary it would be a hundred, and a
    first run over a very large library has millions.
    """

    _ids: array[int] = field(default_factory=lambda: array("i"))
    _marks: array[int] = field(default_factory=lambda: array("q"))

    def add(self, item_id: int, mark: int) -> None:
        """Take one more."""
        self._ids.append(item_id)
        self._marks.append(mark)

    def by_id(self) -> dict[int, int]:
        """Return the fingerprints by item id."""
        return dict(zip(self._ids, self._marks, strict=True))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._ids)

    def __iter__(self) -> Iterator[int]:
        """Return the item ids."""
        return iter(self._ids)


@dataclass(slots=True)
class Tally:
    """Decisions, costs and faults, by slug where it says so."""

    named: dict[str, dict[int, Decision]] = field(default_factory=dict)
    plain: dict[str, Noes] = field(default_factory=dict)
    costs: dict[str, Decimal] = field(default_factory=dict)
    failed: Counter[str] = field(default_factory=Counter)
    """Pairs that Claude was asked about in vain; asking again at once would not help."""
    faults: list[Fault] = field(default_factory=list)
    foreign: int = 0
    unusable: int = 0
    done: int = 0
    exhausted: str = ""
    """The setting whose budget ended the asking."""
    stopped: bool = False

    def judged(self, slug: str) -> int:
        """Return how many pairs of a collection were decided."""
        return len(self.named.get(slug, ())) + len(self.plain.get(slug, ()))

    def pay(self, costs: Mapping[str, Decimal]) -> None:
        """Count what an answer cost."""
        for slug, share in costs.items():
            self.costs[slug] = self.costs.get(slug, Decimal(0)) + share

    def take(self, decisions: Mapping[str, Mapping[int, Decision]], reading: Reading) -> None:
        """Take the decisions of one answer, and count what of it could not be used."""
        for slug, decided in decisions.items():
            named, plain = self.named.setdefault(slug, {}), self.plain.setdefault(slug, Noes())
            for item_id, decision in decided.items():
                if decision.plain:
                    plain.add(item_id, decision.fingerprint)
                else:
                    named[item_id] = decision
            self.done += len(decided)
        self.foreign += reading.foreign
        self.unusable += reading.unusable

    def blame(self, fault: Fault) -> None:
        """Note what went wrong, once."""
        if fault not in self.faults:
            self.faults.append(fault)

    def stop(self, fault: Fault) -> None:
        """Note what ends the asking."""
        self.stopped = True
        self.blame(fault)
