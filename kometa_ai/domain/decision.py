"""From Claude's opinion to our decision: membership, hysteresis, second looks, pins."""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from datetime import datetime

NEAR = 0.15
"""Scores this close to the threshold are judged a second time, once."""
HYSTERESIS = 0.1
"""A new verdict turns an earlier one around only when it clears the threshold by this much."""
TRIES = 3
"""Second looks whose answer could not be used, before the verdict stands without one."""
UNNAMED_CONFIDENCE = 0.95
"""Claude names every title with a fair chance; for all others it is this sure of its no."""
SURE = UNNAMED_CONFIDENCE
"""A verdict this sure clears any threshold that it meets: 1.00 is hardly ever given."""
ROUNDING = 1e-9
"""0.7 - 0.1 is a hair under 0.6 in binary; people mean 0.6."""


class Origin(StrEnum):
    """Where a decision comes from."""

    CLAUDE = "claude"
    IMPORTED = "imported"


class Opinion(NamedTuple):
    """What Claude said of one item and one collection; ``confidence`` is within 0 to 1."""

    include: bool
    confidence: float
    reason: str = ""

    @property
    def score(self) -> float:
        """Return how likely membership is: the confidence of a yes, 1 - that of a no."""
        return self.confidence if self.include else 1 - self.confidence

    def belongs(self, threshold: float) -> bool:
        """Return whether this makes the item a member, at this threshold."""
        return self.include and self.confidence >= threshold - ROUNDING


UNNAMED = Opinion(include=False, confidence=UNNAMED_CONFIDENCE)
"""What is known of a title that Claude judged and did not name."""


class Decision(NamedTuple):
    """What we hold of one item and one collection.

    ``criteria`` and ``fingerprint`` say for which wish and for which state of the item it was
    decided; ``looked`` is true when no second look is due: it was bought, or never needed.
    ``tries`` counts second looks that were paid for in vain.

    A named tuple, as its opinion is: each run makes one of every member of every collection, and a
    frozen dataclass takes more than twice as long.
    """

    opinion: Opinion
    model: str
    criteria: str
    fingerprint: int
    decided_at: datetime
    origin: Origin = Origin.CLAUDE
    looked: bool = False
    tries: int = 0

    @property
    def plain(self) -> bool:
        """Return whether this is a no that Claude did not even name: nothing more is known."""
        return self.origin is Origin.CLAUDE and not self.looked and self.opinion == UNNAMED

    def member(self, threshold: float) -> bool:
        """Return whether the item belongs, at this threshold."""
        return self.opinion.belongs(threshold)

    def near(self, threshold: float) -> bool:
        """Return whether the verdict is too close to the threshold to be trusted at once."""
        return abs(self.opinion.score - threshold) <= NEAR + ROUNDING

    def wants_second_look(self, threshold: float) -> bool:
        """Return whether one more question is worth its price."""
        return self.near(threshold) and not self.looked and self.origin is Origin.CLAUDE

    def tried(self) -> Decision:
        """Return it after one more second look in vain; after the last one it stands."""
        tries = self.tries + 1
        return self._replace(looked=tries >= TRIES, tries=tries)


@dataclass(frozen=True, slots=True)
class Ledger:
    """All that is decided for one collection under its present criteria.

    ``judged`` maps every decided item to the fingerprint that it was decided for; ``named`` holds
    the decisions that carry more than a plain no. An item that is judged and not named is a no
    with ``UNNAMED_CONFIDENCE``: with 10,000 films most pairs are, and they cost 16 bytes each.
    """

    judged: Mapping[int, int]
    named: Mapping[int, Decision]

    def sharing(self, candidates: Mapping[int, int]) -> Ledger:
        """Return this ledger with the candidates' own fingerprints, once all of them are judged.

        What else was judged matters to nobody meanwhile. So fifty collections take the memory of
        one, and it is seen at once that nothing is left to ask.
        """
        judged = self.judged
        if any(judged.get(item_id) != mark for item_id, mark in candidates.items()):
            return self
        return Ledger(candidates, self.named)

    def joined(self, plain: Mapping[int, int], named: Mapping[int, Decision]) -> Ledger:
        """Return this ledger with what was decided since: plain noes by fingerprint, and others."""
        if not plain and not named:
            return self
        fresh = {**plain, **{i: decision.fingerprint for i, decision in named.items()}}
        kept = {item_id: one for item_id, one in self.named.items() if item_id not in plain}
        # Over the old ones, which fifty collections share, and not beside a copy of them.
        before = cast("MutableMapping[int, int]", self.judged)
        return Ledger(ChainMap(fresh, before) if before else fresh, {**kept, **named})


class Stance(StrEnum):
    """What a pin says."""

    KEEP = "keep"
    NEVER = "never"


class PinOrigin(StrEnum):
    """Who set a pin."""

    USER = "user"
    HAND = "hand"
    UNDO = "undo"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Pin:
    """A person's word on one item and one collection; it holds on every path.

    A pin of origin ``declined`` holds only while the collection's criteria are ``criteria``.
    ``tmdb_id`` tells the item when the library gives its number to another (0: not known).
    """

    slug: str
    item_id: int
    stance: Stance
    origin: PinOrigin
    pinned_at: datetime
    criteria: str = ""
    tmdb_id: int = 0

    def holds(self, criteria: str) -> bool:
        """Return whether the pin still applies to a collection with these criteria."""
        return self.origin is not PinOrigin.DECLINED or self.criteria == criteria

    def is_of(self, slug: str, item_id: int, tmdb_id: int) -> bool:
        """Return whether this is the pair's; the TMDB ids tell, if both are known."""
        if self.slug != slug:
            return False
        if self.tmdb_id and tmdb_id:
            return self.tmdb_id == tmdb_id
        return self.item_id == item_id


def settle(
    fresh: Decision, earlier: Decision | None, threshold: float, *, reviewed: bool = False
) -> Decision:
    """Return the decision to keep when Claude has judged a pair.

    Within the same criteria a verdict that would turn membership around without clearing the
    threshold by ``HYSTERESIS`` leaves the earlier opinion standing; it is then renewed for the
    item's present state. Whether a second look is due is settled here and now, by the present
    threshold: a person who moves the threshold later is not billed for it.

    ``reviewed``: another model has the last word on what is near the threshold, so that this one's
    own second look is none.
    """
    if earlier is None or earlier.criteria != fresh.criteria:
        return _looked(fresh, looked=not fresh.near(threshold))
    turns = earlier.member(threshold) != fresh.member(threshold)
    if turns and not clears(fresh.opinion, threshold):
        # Who said it stays with what was said; of a batch's earlier decisions it may be unknown.
        kept = fresh._replace(opinion=earlier.opinion, model=earlier.model or fresh.model)
        return _looked(kept, looked=not (reviewed and kept.near(threshold)))
    again = earlier.fingerprint == fresh.fingerprint and not reviewed
    return _looked(fresh, looked=again or not fresh.near(threshold))


def _looked(decision: Decision, *, looked: bool) -> Decision:
    """Say whether a second look is over; a plain no says nothing, there are thousands."""
    return decision if decision.plain else decision._replace(looked=looked)


def clears(opinion: Opinion, threshold: float) -> bool:
    """Return whether the opinion is on its side of the threshold by a clear margin.

    A margin beyond what Claude ever says is cut to that, or no verdict could clear it.
    """
    if opinion.belongs(threshold):
        return opinion.score >= turning_point(threshold, member=False) - ROUNDING
    return opinion.score <= turning_point(threshold, member=True) + ROUNDING


def turning_point(threshold: float, *, member: bool) -> float:
    """Return the score from which on a new verdict turns a membership around."""
    if member:
        return max(1 - SURE, threshold - HYSTERESIS)
    return min(SURE, threshold + HYSTERESIS)
