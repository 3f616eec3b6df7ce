"""One bulk edit: a tag put on, or taken off, many titles in few requests."""

from __future__ import annotations

import re
from collections import deque
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from kometa_ai.adapters.arr.faults import LostError, RefusedError, UnansweredError
from kometa_ai.domain.fault import Fault, FaultKind, StopError, TryLaterError
from kometa_ai.ports import CHUNK, Edit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from kometa_ai.adapters.arr.door import Door
    from kometa_ai.ports import Clock

UNANSWERED_LIMIT = 3
PAUSE_BEFORE_CHECK = 10.0
# Halving 500 titles down to one takes nine refusals in a row. Many more without one success mean
# that it is not a title that is refused.
REFUSALS_LIMIT = 24
_RETURNED = re.compile(r"Expected query to return \d+ rows but returned (\d+)")


class Apply(StrEnum):
    """What to do with the tag. The third word that the editor knows would wipe users' tags."""

    ADD = "add"
    REMOVE = "remove"


class Edited(msgspec.Struct, gc=False):
    """What is read of an edited title."""

    id: int
    tags: tuple[int, ...] = ()


class BulkEdit:
    """Works through the chunks of one edit, one request in flight, and keeps what came of it."""

    def __init__(
        self,
        door: Door,
        clock: Clock,
        carriers: Callable[[int], Awaitable[frozenset[int]]],
        *,
        noun: str,
        apply: Apply,
        tag: int,
    ) -> None:
        self._door = door
        self._clock = clock
        self._carriers = carriers
        self._noun = noun
        self._apply = apply
        self._tag = tag
        self._waiting: deque[list[int]] = deque()
        self._done: set[int] = set()
        self._faults: list[Fault] = []
        self._refusals = 0
        self._unanswered = 0

    async def run(self, ids: Iterable[int]) -> Edit:
        """Edit the titles and return what became of them.

        When the server goes away midway, what was done so far is returned with the fault, so that
        the journal is right; only when nothing was done the failure is raised.
        """
        every = sorted(set(ids))
        self._waiting.extend(every[start : start + CHUNK] for start in range(0, len(every), CHUNK))
        while self._waiting:
            chunk = self._waiting.popleft()
            try:
                await self._send(chunk)
            except RefusedError as refusal:
                self._refused(chunk, refusal)
            except (TryLaterError, StopError) as error:
                if not self._done:
                    raise
                self._give_up(chunk, error.fault)
        return Edit(frozenset(self._done), tuple(self._faults))

    async def _send(self, chunk: list[int]) -> None:
        body = {f"{self._noun}Ids": chunk, "tags": [self._tag], "applyTags": self._apply.value}
        try:
            edited = await self._door.stream(
                "PUT", f"/api/v3/{self._noun}/editor", Edited, self._as_wanted, body
            )
        except (UnansweredError, LostError) as error:
            await self._check(chunk, error)
            return
        self._refusals = self._unanswered = 0
        outcome = dict(edited)
        for number in chunk:
            if outcome.get(number):
                self._done.add(number)
            else:
                self._faults.append(self._undone(number, answered=number in outcome))

    def _as_wanted(self, edited: list[Edited]) -> list[tuple[int, bool]]:
        on = self._apply is Apply.ADD
        return [(one.id, (self._tag in one.tags) is on) for one in edited]

    async def _check(self, chunk: list[int], error: UnansweredError | LostError) -> None:
        """Find out what an edit did whose answer did not come, and send what is left once more."""
        self._unanswered += 1
        await self._clock.sleep(PAUSE_BEFORE_CHECK)
        carriers = await self._carriers(self._tag)
        left = [
            number for number in chunk if (number in carriers) is not (self._apply is Apply.ADD)
        ]
        self._done.update(set(chunk).difference(left))
        if not left:
            self._unanswered = 0
        elif self._unanswered < UNANSWERED_LIMIT:
            self._waiting.appendleft(left)
        else:
            raise error

    def _refused(self, chunk: list[int], refusal: RefusedError) -> None:
        """Halve a refused chunk; one title alone, or none that exists, becomes faults."""
        returned = _RETURNED.search(refusal.reason)
        if len(chunk) == 1 or (returned and returned[1] == "0"):
            self._faults += [self._bad(number, refusal, gone=bool(returned)) for number in chunk]
            return
        # Titles that are gone explain themselves; anything else may concern all alike.
        self._refusals += 0 if returned else 1
        if self._refusals > REFUSALS_LIMIT:
            self._give_up(chunk, refusal.fault)
            return
        middle = len(chunk) // 2
        self._waiting.extendleft((chunk[middle:], chunk[:middle]))

    def _give_up(self, chunk: Sequence[int], fault: Fault) -> None:
        """Leave what is left undone, with one fault for all of it."""
        left = len(set(chunk) - self._done) + sum(map(len, self._waiting))
        self._waiting.clear()
        message = f"{fault.message} {left} {self._noun} edits were given up."
        self._faults.append(Fault(fault.kind, fault.where, message, fault.remedy))

    def _bad(self, number: int, refusal: RefusedError, *, gone: bool) -> Fault:
        app = self._door.server.app
        if gone:
            message = f"{app} no longer has it, so its tag was not changed."
            remedy = "Nothing needs to be done."
        else:
            message = f"{app} refused to change its tags ({refusal.reason or refusal.status})."
            remedy = f"The logs of {app} (System → Logs) say more."
        return Fault(FaultKind.TAGGING, f"{self._noun} {number}", message, remedy, number)

    def _undone(self, number: int, *, answered: bool) -> Fault:
        app = self._door.server.app
        if not answered:
            message = f"{app} did not say what became of its tags."
            remedy = "The next run looks again."
        else:
            undone = "took the tag off again" if self._apply is Apply.ADD else "put the tag back on"
            message = f"{app} {undone} in the same request: an auto-tagging rule does this."
            remedy = f"Take the tag out of that rule ({app}, Settings → Tags → Auto Tagging)."
        return Fault(FaultKind.TAGGING, f"{self._noun} {number}", message, remedy, number)
