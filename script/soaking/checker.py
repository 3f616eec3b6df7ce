"""The independent checker: what must hold at a quiet moment, each check a function."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from signal import SIGKILL, SIGTERM
from typing import TYPE_CHECKING, Any, Final

from script.soaking import money, rules, state as states, vitals
from script.soaking.accounts import Accounts
from script.soaking.hook import plain
from script.soaking.place import BUDGET, PERCENT, SECRETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from script.soaking.hook import Delivery
    from script.soaking.place import Place
    from script.soaking.rules import Film
    from script.soaking.state import State
    from script.soaking.taste import Ask
    from script.soaking.vitals import Vitals
    from script.soaking.wishes import Wish

ALARMS: Final = (
    "Traceback (most recent call last)",
    "a fault in Kometa-AI itself",
    "Task exception was never retrieved",
    "was never awaited",
    "ResourceWarning",
)
EXPECTED: Final[tuple[str, ...]] = ()
"""Lines that hold an alarm and are in order, each with its reason. None so far."""
INHERITED: Final = "of a batch of an earlier run"
GOOD_CODES: Final = frozenset({0, 1, 2, 3, 4})
FEW: Final = 5
PLAIN_NO: Final = 0.05
HAIR: Final = 0.006
"""A standing chance is told with two digits."""


@dataclass(slots=True)
class Checker:
    """What is remembered from one quiet moment to the next."""

    twice: money.Twice = field(default_factory=money.Twice)
    labels: set[str] = field(default_factory=set)
    newest: int = 0
    last_paid: int = 0
    last_cents: tuple[int, int] = 0, 0
    first: Vitals | None = None
    most: dict[str, float] = field(default_factory=dict)
    frozen: dict[str, frozenset[int]] = field(default_factory=dict)
    accounts: Accounts = field(default_factory=Accounts)

    def before(self, place: Place) -> None:
        """Note what is there before a clean run: it must leave alone what does not run."""
        self.accounts.open(place.radarr, states.read(place.state / "kometa_ai.db"))
        running = {one.label for one in place.shelf.enabled}
        ours = {label for label in place.radarr.labels.values() if label.startswith("kai-")}
        self.frozen = {label: frozenset(place.radarr.members(label)) for label in ours - running}

    def check_budget(self, place: Place, state: State, budget: Decimal) -> None:
        """Check what was bought since this was checked last."""
        wrong = money.wrong_months(state, budget, self.last_paid)
        place.log.checked("budget", wrong)
        self.last_paid = max([0, *(one.number for one in state.paid)])

    def check(self, place: Place, retained: Mapping[str, bytes]) -> State:
        """Check everything; findings go to the logbook."""
        state, log = states.read(place.state / "kometa_ai.db"), place.log
        films = rules.survey(place.radarr)
        bills, asks = place.claude.meter.bills, place.taste.asks
        enabled = place.shelf.enabled
        log.checked("tags", rules.wrong_tags(enabled, films, state, percent=PERCENT))
        log.checked("foreign tags and fields", place.books.wrong())
        log.checked("writes", place.books.wrong_writes())
        log.checked("tags of what does not run", self._thawed(place))
        log.checked("hand edits", self._lost_votes(place, state, films))
        log.checked("votes", rules.dreamt(state.pins, place.books.touched))
        log.checked("verdicts", invented(asks, state, enabled))
        log.checked("cents", money.wrong_sums(state, bills, self.last_cents))
        self.check_budget(place, state, Decimal(BUDGET))
        self.twice.excused |= place.excused
        answers = [place.ear.answers.get(one) for one in place.forced]
        self.twice.forced |= forced(answers, state, self.newest)
        log.checked("paid twice", self.twice.wrong(asks, bills, state))
        log.checked("state", unsettled(state))
        log.checked("messages", untold(state, place.hook.got))
        if not place.killed:
            log.checked("told once", told_twice(place.hook.got))
        log.checked("MQTT", wrong_topics(retained, enabled, place))
        log.checked("members", wrong_members(retained, enabled, films))
        wrong = self.accounts.close(place.radarr, state, place.books)
        log.checked("journal and reports", wrong)
        lines = place.new_lines()
        log.checked("log", alarms(lines))
        log.checked("exit codes", wrong_codes(place.codes))
        log.checked("vitals", self._vitals(place, lines))
        self._remember(place, state)
        self.last_cents = len(bills), self.last_paid
        return state

    def _thawed(self, place: Place) -> list[str]:
        return [
            f"{label} changed from {sorted(ids)} to {sorted(place.radarr.members(label))}"
            for label, ids in self.frozen.items()
            if frozenset(place.radarr.members(label)) != ids
        ]

    def _lost_votes(self, place: Place, state: State, films: Mapping[int, Film]) -> list[str]:
        """Return the hand edits that were undone although they were few enough to be meant."""
        wishes = {one.label: one for one in place.shelf.enabled if one.label in self.labels}
        fresh = {run: report for run, report in state.reports.items() if run > self.newest}
        ordered = {
            entry.slug
            for run, entries in state.journal.items()
            if fresh.get(run, {}).get("trigger") in {"undo", "approve"}
            for entry in entries
        }
        notices = [note for one in fresh.values() for note in one.get("notices", ())]
        found = []
        for (label, number), on in place.votes.items():
            wish, film = wishes.get(label), films.get(number)
            if wish is None or film is None or wish.slug in ordered:
                continue
            if sum(pair[0] == label for pair in place.votes) > FEW:
                continue  # that many may be too much to be meant
            if any(label in one.lower() and "too much to be meant" in one for one in notices):
                continue
            if (label in film.tags) != on and rules.pinned(wish, film, state.pins) is None:
                found.append(f"{label} was put {'on' if on else 'off'} film {number}, in vain")
        return found

    def _vitals(self, place: Place, lines: Sequence[str]) -> list[str]:
        now = vitals.take(place.service.pid, lines)
        if self.first is None or self.first.pid != now.pid:
            self.first = now
        for name in ("memory", "handles", "threads", "tasks"):
            self.most[name] = max(self.most.get(name, 0), getattr(now, name))
        return now.wrong(self.first)

    def _remember(self, place: Place, state: State) -> None:
        self.labels = {one.label for one in place.shelf.enabled}
        self.newest = state.newest()
        place.votes.clear()
        place.forced.clear()
        place.codes.clear()
        place.excused.clear()
        place.killed = False


def forced(answers: Sequence[Mapping[str, Any] | None], state: State, since: int) -> set[int]:
    """Return the runs that were told to judge anew; if an answer was lost, it may be any.

    Where such a run was ended while its batch was on its way, another one has paid for that.
    """
    if None in answers:
        return {run for run in {*state.reports, *(one.run for one in state.paid)} if run > since}
    told = {int(one["run_id"]) for one in answers if one and one["accepted"]}
    heirs = {
        run
        for run, report in state.reports.items()
        if told and run > min(told) and any(INHERITED in one for one in report["notices"])
    }
    return told | heirs


def invented(asks: Sequence[Ask], state: State, wishes: Iterable[Wish]) -> list[str]:
    """Return the verdicts that Claude never gave."""
    said: dict[tuple[int, str], set[float | None]] = {}
    for ask in asks:
        for pair, chance in ask.pairs.items():
            said.setdefault((pair.item_id, pair.words), set()).add(chance)
    found = []
    for wish in wishes:
        for item, verdict in state.verdicts.get((wish.slug, wish.criteria), {}).items():
            given = said.get((item, wish.words))
            what = f"{wish.label}, film {item}"
            if given is None:
                found.append(f"{what}: there is a verdict, and nobody was asked")
            elif verdict.confidence is None:
                if None not in given:
                    found.append(f"{what}: a plain no is kept, and {given} was said")
            elif verdict.origin == "claude":
                score = verdict.confidence if verdict.include else 1 - verdict.confidence
                # A plain no that stood is kept as such.
                known = [PLAIN_NO if one is None else one for one in given]
                if not any(abs(score - one) < HAIR for one in known):
                    found.append(f"{what}: {score:.4f} is kept, and {sorted(known)} was said")
    return found


def unsettled(state: State) -> list[str]:
    """Return what a quiet state does not hold."""
    found = []
    if state.open_edits:
        found.append(f"{state.open_edits} edits are in doubt after a clean run")
    if state.reserved:
        found.append(f"${state.reserved} is reserved although nothing is asked")
    if state.unfinished:
        found.append(f"runs {sorted(state.unfinished)} have no report")
    return found


def untold(state: State, got: Sequence[Delivery]) -> list[str]:
    """Return the failures that no message told of, and the runs that nobody decided about."""
    sentences = {text for one in got for text in one.sentences}
    found = [f"run {run} was never put into the outbox" for run in sorted(state.untold)]
    if state.waiting:
        return found  # messages are on their way: the webhook failed, and is tried again
    return found + [
        f"run {run}: nobody was told: {fault['where']}: {fault['message']}"
        for run, report in state.reports.items()
        for fault in report.get("faults", ())
        if plain(fault["message"]) not in sentences
    ]


def told_twice(got: Sequence[Delivery]) -> list[str]:
    """Return what was delivered more than once although every delivery was taken."""
    keys = [one.key for one in got]
    return sorted({f"{key} was delivered twice" for key in keys if keys.count(key) > 1})


def wrong_topics(retained: Mapping[str, bytes], wishes: Sequence[Wish], place: Place) -> list[str]:
    """Return what is kept by the broker and should not be, or the other way round."""
    base = "kometa_ai"
    good = {f"{base}/availability", f"{base}/state", "homeassistant/device/kometa_ai/config"}
    good |= {f"{base}/collections/{one.slug}" for one in wishes}
    found = [f"{topic} is missing" for topic in sorted(good - retained.keys())]
    found += [f"{topic} is left over" for topic in sorted(retained.keys() - good)]
    found += place.ear.leaks + [f"not JSON: {one}" for one in place.ear.unreadable]
    status: Any = place.ear.state.get("status")
    return found if status == "idle" else [*found, f"status is {status}, not idle"]


def wrong_members(
    retained: Mapping[str, bytes], wishes: Sequence[Wish], films: Mapping[int, Film]
) -> list[str]:
    """Return the collections of which a dashboard shows another number than Radarr holds."""
    found = []
    for wish in wishes:
        told = json.loads(retained.get(f"kometa_ai/collections/{wish.slug}") or "{}")
        there = sum(wish.label in film.tags for film in films.values())
        if told and told["members"] != there:
            found.append(f"{wish.label}: {there} films have it, and {told['members']} are shown")
    return found


def alarms(lines: Iterable[str]) -> list[str]:
    """Return the lines that must not be in a log."""
    found = []
    for line in lines:
        if any(secret in line for secret in SECRETS):
            found.append("a secret in the log: " + line[:60])
        if any(one in line for one in ALARMS) and not any(one in line for one in EXPECTED):
            found.append(line[:300])
    return found


def wrong_codes(codes: Iterable[tuple[str, int]]) -> list[str]:
    """Return the ends that are none of the contract."""
    # Started with broken settings, the service ends by itself, with 2.
    good = {
        "service by SIGKILL": {-SIGKILL, 2},
        "service by SIGTERM": {0, 2},
        "service that was not up yet": {-SIGKILL, -SIGTERM, 0, 2},
        "service by itself": {2},
    }
    return [
        f"{what}: exit code {code}"
        for what, code in codes
        if code not in good.get(what, GOOD_CODES)
    ]
