"""A paid answer is read strictly and stored with its decisions; what it lacks is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.decision import Decision, settle
from kometa_ai.domain.prompt import MalformedAnswerError, Reading, read
from kometa_ai.domain.requests import Request
from kometa_ai.ports import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kometa_ai.ports import Answer, Clock
    from kometa_ai.purchasing import Paid, Purchasing
    from kometa_ai.tally import Tally

REFUSED: Final = "Claude refuses to judge it."
CUT_OFF: Final = "Claude's answer was cut off before its end."
MALFORMED: Final = "Claude's answer is not of the shape that was asked for."
NOTHING: Final = Reading({}, {}, 0, 0)


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of one answer: its reading, or why nothing of it can be used."""

    reading: Reading = NOTHING
    why: str = ""
    thought_too_long: bool = False

    @property
    def useful(self) -> bool:
        """Return whether it brought any verdict."""
        return any(self.reading.opinions.values())

    @property
    def lacks(self) -> bool:
        """Return whether anything that was asked for is not in it."""
        return bool(self.why or self.reading.missing)


class Booking:
    """Stores answers, one transaction each.

    ``earlier`` returns the decision that is held of a pair under the criteria of the question.
    ``tell`` is told of each answer that is stored: which collections it was about. ``reviewed``:
    what stands near the threshold goes to another model.
    """

    def __init__(
        self,
        purchasing: Purchasing,
        clock: Clock,
        *,
        library: str,
        earlier: Callable[[str, int], Decision | None],
        tell: Callable[[str], None],
        tally: Tally,
        reviewed: bool = False,
    ) -> None:
        self._purchasing = purchasing
        self._clock = clock
        self._library = library
        self._earlier = earlier
        self._tell = tell
        self._tally = tally
        self._reviewed = reviewed

    async def take(self, paid: Paid) -> Taken:
        """Keep an answer with all that it brought.

        Raises what the store raises: answers that can't be kept must not be bought.
        """
        taken = _read(paid)
        decisions = {} if taken.why else self._decide(paid, taken.reading)
        stands = self._stands(paid, taken)
        costs = await self._purchasing.store(paid, self._library, _joined(decisions, stands))
        self._tally.pay(costs)
        if not taken.why:
            self._tally.take(decisions, taken.reading)
        self._tell(", ".join(one.name for one in paid.request.collections))
        return taken

    def _decide(self, paid: Paid, reading: Reading) -> dict[str, Mapping[int, Decision]]:
        now = self._clock.now()
        collections = {one.slug: one for one in paid.request.collections}
        decided: dict[str, dict[int, Decision]] = {}
        for question in paid.request.questions:
            item_id, fingerprint = question.item.id, question.item.fingerprint
            for slug, opinion in reading.opinions[item_id].items():
                collection = collections[slug]
                fresh = Decision(opinion, paid.answer.model, collection.criteria, fingerprint, now)
                earlier = self._earlier(slug, item_id)
                kept = settle(fresh, earlier, collection.threshold, reviewed=self._reviewed)
                decided.setdefault(slug, {})[item_id] = kept
        return {**decided}

    def _stands(self, paid: Paid, taken: Taken) -> dict[str, Mapping[int, Decision]]:
        """Return the verdicts that stand, for now or for good, where a second look was in vain.

        It was bought. A title that is refused by itself would be refused, and paid for, in each run
        to come; what can't be used may be better another time, but not for ever: a run counts for
        one try. Of what an earlier run asked nobody is told, so that is asked once more.
        """
        if not isinstance(paid.request, Request) or taken.thought_too_long:
            return {}
        in_vain = {} if taken.why else taken.reading.missing
        if taken.why and len(paid.request.questions) == 1:
            in_vain = {one.item.id: one.slugs for one in paid.request.questions}
        thresholds = {one.slug: one.threshold for one in paid.request.collections}
        marks = {one.item.id: one.item.fingerprint for one in paid.request.questions}
        stands: dict[str, dict[int, Decision]] = {}
        for item_id, slugs in in_vain.items():
            for slug in slugs:
                one = self._earlier(slug, item_id)
                if (
                    one
                    and one.fingerprint == marks[item_id]
                    and one.wants_second_look(thresholds[slug])
                ):
                    kept = one._replace(looked=True) if taken.why == REFUSED else one.tried()
                    stands.setdefault(slug, {})[item_id] = kept
        return {**stands}


def _joined(
    decided: Mapping[str, Mapping[int, Decision]], stands: Mapping[str, Mapping[int, Decision]]
) -> dict[str, Mapping[int, Decision]]:
    return {
        slug: {**decided.get(slug, {}), **stands.get(slug, {})} for slug in {**decided, **stands}
    }


def _read(paid: Paid) -> Taken:
    answer: Answer = paid.answer
    if answer.ending is Ending.REFUSED:
        return Taken(why=REFUSED)
    if answer.ending is Ending.CUT_OFF:
        return Taken(why=CUT_OFF, thought_too_long=not answer.text.strip())
    try:
        return Taken(read(answer.text, paid.request))
    except MalformedAnswerError:
        return Taken(why=MALFORMED)
