"""The outbox with a real store: told once, kept when it can't go out, sent again, once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from kometa_ai.adapters.store import SqliteStore
from kometa_ai.domain.fault import Fault, FaultKind, SkipError, StopError, TryLaterError
from kometa_ai.domain.message import Message, Occasion, Outline, Tone
from kometa_ai.domain.notifying import Rules
from kometa_ai.domain.report import Change, CollectionReport, Result, RunReport, Trigger
from kometa_ai.notify import GIVE_UP, LEASE, WAITS, Sent, deliver, record, try_out
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime
    from pathlib import Path

    from kometa_ai.domain.message import Notification
    from kometa_ai.notify import Delivered

ALL = Rules(errors_only=False, no_changes=True)
LATER = TryLaterError(FaultKind.MESSAGES, "It is not there.", where="mail")
DOWN = Fault(FaultKind.LIBRARY, "Radarr", "can't be reached.")


@dataclass(slots=True)
class Friend:
    """A channel whose answers a test decides; ``heard`` is what reached it."""

    key: str = "mail"
    name: str = "mail"
    answers: list[Exception] = field(default_factory=list)
    heard: list[Message] = field(default_factory=list)
    hangs: bool = False

    async def send(self, message: Message) -> str:
        if self.hangs:
            await asyncio.Event().wait()
        if self.answers:
            raise self.answers.pop(0)
        self.heard.append(message)
        return "250 thanks"

    @property
    def keys(self) -> list[str]:
        """Return what came, without the instant that ends each key."""
        return [message.key.rpartition("-")[0] for message in self.heard]


def write(report: RunReport, notification: Notification, key: str, at: datetime) -> Message:
    outline = Outline(Tone.GOOD, f"run {report.run_id}", f"{notification.occasion}")
    return Message(key, notification.occasion, at, outline)


@dataclass(slots=True)
class Office:
    """A store with runs, and what is done with their messages."""

    store: SqliteStore
    clock: FakeClock
    rules: Rules = ALL

    async def run(self, *faults: Fault, added: int = 1) -> str:
        run_id = await self.store.begin_run(Trigger.SCHEDULE, self.clock.now())
        heat = Change(1, "Heat", 1995, "a heist")
        heists = CollectionReport(
            "Heists", "heists", "KAI-heists", "radarr", 0.7, added=(heat,) * added
        )
        await self.store.finish_run(
            RunReport(
                run_id,
                Trigger.SCHEDULE,
                Result.PARTIAL if faults else Result.SUCCESS,
                dry_run=False,
                started_at=self.clock.now(),
                duration=1.0,
                collections=(heists,),
                faults=faults,
            )
        )
        return run_id

    async def record(self, *keys: str) -> None:
        await record(self.store, keys or ("mail",), self.rules, self.clock)

    async def send(self, *friends: Friend, patience: float = 30.0) -> Delivered:
        return await deliver(self.store, friends, write, self.clock, patience=patience)


@asynccontextmanager
async def open_office(folder: Path, clock: FakeClock | None = None) -> AsyncIterator[Office]:
    clock = clock or FakeClock()
    async with SqliteStore(folder, clock) as store:
        yield Office(store, clock)


async def test_a_run_is_told_once_however_often_it_is_recorded(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        friend = Friend()
        await office.run()
        for _ in range(3):
            await office.record()
            await office.send(friend)
        assert friend.keys == ["run-1-1"]
        assert await office.store.next_due() is None


async def test_two_processes_on_one_state_tell_a_run_once(tmp_path: Path) -> None:
    clock, friend = FakeClock(), Friend()
    async with open_office(tmp_path, clock) as one, open_office(tmp_path, clock) as other:
        for _ in range(5):
            await one.run()
        await asyncio.gather(one.record(), other.record())
        await asyncio.gather(one.send(friend), other.send(friend))
        assert sorted(friend.keys) == [f"run-{n}-{n}" for n in range(1, 6)]


async def test_what_was_decided_on_old_knowledge_is_decided_anew(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        first, second = await office.run(DOWN), await office.run(DOWN)
        now = office.clock.now()
        assert await office.store.tell(first, now, None, ("mail",), known=(None, "it is down"))
        late = await office.store.tell(second, now, "{}", ("mail",), known=(None, "it is down"))
        assert not late
        assert await office.store.has_untold()


async def test_what_is_claimed_by_a_process_that_died_is_sent_after_the_lease(
    tmp_path: Path,
) -> None:
    async with open_office(tmp_path) as office:
        friend = Friend()
        await office.run()
        await office.record()
        assert await office.store.claim("mail", office.clock.now(), LEASE)
        await office.send(friend)
        assert friend.keys == []
        office.clock.advance(LEASE.total_seconds())
        await office.send(friend)
        assert friend.keys == ["run-1-1"]


@pytest.mark.parametrize("error", [LATER, StopError(FaultKind.MESSAGES, "535 wrong password")])
async def test_what_can_not_be_sent_waits_longer_each_time_and_goes_out_once(
    tmp_path: Path, error: Exception
) -> None:
    async with open_office(tmp_path) as office:
        friend = Friend(answers=[error] * 3)
        await office.run()
        await office.record()
        for wait in WAITS[:3]:
            delivered = await office.send(friend)
            assert [one.well for one in delivered.sent] == [False]
            assert delivered.next_due == office.clock.now() + wait
            assert not (await office.send(friend)).sent  # not before it is due
            office.clock.advance(wait.total_seconds())
        assert (await office.send(friend)).sent == (Sent("mail", well=True, said="250 thanks"),)
        assert friend.keys == ["run-1-1"]


async def test_it_waits_over_the_end_of_the_process(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_office(tmp_path, clock) as office:
        await office.run()
        await office.record()
        await office.send(Friend(answers=[LATER]))
    clock.advance(3600)
    friend = Friend()
    async with open_office(tmp_path, clock) as office:
        await office.send(friend)
    assert friend.keys == ["run-1-1"]


async def test_a_dead_server_is_asked_once_however_much_waits_for_it(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        friend = Friend(answers=[LATER])
        for _ in range(4):
            await office.run()
        await office.record()
        await office.send(friend)
        assert (friend.answers, friend.keys) == ([], [])
        office.clock.advance(WAITS[0].total_seconds())
        await office.send(friend)
        assert friend.keys == ["run-1-1", "run-2-2", "run-3-3", "run-4-4"]


async def test_a_message_that_is_refused_for_good_holds_up_no_other(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        friend = Friend(answers=[SkipError(FaultKind.MESSAGES, "550 no such user")])
        await office.run()
        await office.run()
        await office.record()
        (sent,) = (await office.send(friend)).sent
        assert (sent.well, sent.said) == (False, "550 no such user")
        assert friend.keys == ["run-2-2"]
        assert await office.store.next_due() is None


async def test_a_message_that_can_not_be_written_holds_up_no_other(tmp_path: Path) -> None:
    def stumble(report: RunReport, notification: Notification, key: str, at: datetime) -> Message:
        if report.run_id == "1":
            raise KeyError("page")
        return write(report, notification, key, at)

    async with open_office(tmp_path) as office:
        friend = Friend()
        await office.run()
        await office.run()
        await office.record()
        (sent,) = (await deliver(office.store, [friend], stumble, office.clock)).sent
        assert not sent.well
        assert "run 1" in sent.said
        assert [message.outline.subject for message in friend.heard] == ["run 2"]
        assert await office.store.next_due() is None


async def test_a_message_is_written_once_for_all_channels(tmp_path: Path) -> None:
    written = []

    def note(report: RunReport, notification: Notification, key: str, at: datetime) -> Message:
        written.append(key)
        return write(report, notification, key, at)

    async with open_office(tmp_path) as office:
        friends = [Friend(key) for key in "abc"]
        await office.run()
        await office.run()
        await office.record("a", "b", "c")
        await deliver(office.store, friends, note, office.clock)
        assert [one.keys for one in friends] == [["run-1-1", "run-2-2"]] * 3
        assert len(written) == 2


async def test_a_channel_that_hangs_or_breaks_holds_up_no_other(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        well = Friend("chat", "Discord")
        hangs = Friend(hangs=True)
        broken = Friend("hook", "webhook", answers=[ZeroDivisionError("a bug")])
        await office.run()
        await office.record("mail", "chat", "hook")
        delivered = await office.send(hangs, well, broken, patience=0.05)
        assert {one.channel: one.well for one in delivered.sent} == {
            "mail": False,
            "Discord": True,
            "webhook": False,
        }
        assert well.keys == ["run-1-1"]


async def test_an_error_that_stays_is_told_once_by_separate_processes(tmp_path: Path) -> None:
    clock, friend = FakeClock(), Friend()
    for _ in range(5):
        async with open_office(tmp_path, clock) as office:
            await office.run(DOWN, added=0)
            await office.record()
            await office.send(friend)
        clock.advance(6 * 3600)
    async with open_office(tmp_path, clock) as office:
        await office.run(added=0)
        await office.record()
        await office.send(friend)
    told = [message.occasion for message in friend.heard]
    assert told == [Occasion.ERROR, Occasion.REMINDER, Occasion.RECOVERED]


async def test_without_a_channel_nothing_is_kept_and_later_nothing_old_is_told(
    tmp_path: Path,
) -> None:
    async with open_office(tmp_path) as office:
        friend = Friend()
        await office.run(DOWN)
        await record(office.store, (), ALL, office.clock)
        await office.record()
        await office.send(friend)
        assert friend.keys == []
        await office.run(DOWN)
        await office.record()
        await office.send(friend)
        assert [message.occasion for message in friend.heard] == [Occasion.ERROR]


async def test_what_is_for_a_channel_that_is_gone_is_dropped(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        await office.run()
        await office.record("mail", "old")
        delivered = await office.send(Friend())
        assert delivered.next_due is None


async def test_what_waits_for_a_wrong_address_goes_to_the_corrected_one(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        well, wrong, right = Friend("hook-well"), Friend("hook-wrng"), Friend("hook-right")
        chat = Friend("chat-new")
        wrong.answers = [LATER]
        await office.run()
        await office.record("hook-well", "hook-wrng")
        await office.send(well, wrong)
        await office.send(well, right, chat)
        assert [one.keys for one in (well, right, chat)] == [["run-1-1"], ["run-1-1"], []]
        assert await office.store.next_due() is None


async def test_news_never_overtake_what_waits(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        friend = Friend(answers=[LATER] * 3)
        await office.run(DOWN)
        await office.record()
        for wait in WAITS[:3]:
            await office.send(friend)
            office.clock.advance(wait.total_seconds() - 1)
            assert not (await office.send(friend)).sent
            office.clock.advance(1)
        friend.answers = [LATER]
        await office.send(friend)  # now it waits for an hour
        await office.run()
        await office.record()
        await office.send(friend)
        assert [one.occasion for one in friend.heard] == [Occasion.ERROR, Occasion.RECOVERED]


async def test_what_another_process_sends_is_not_overtaken(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        friend = Friend()
        await office.run()
        await office.record()
        begun = office.clock.now()
        assert await office.store.claim("mail", begun, LEASE)
        await office.run()
        await office.record()
        delivered = await office.send(friend)
        assert (friend.keys, delivered.next_due) == ([], begun + LEASE)


async def test_a_clock_that_was_put_back_keeps_nothing_waiting(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        friend = Friend(answers=[LATER])
        office.clock.advance(timedelta(days=1000).total_seconds())
        await office.run()
        await office.record()
        await office.send(friend)
        office.clock.advance(-timedelta(days=999).total_seconds())
        delivered = await office.send(friend)
        assert delivered.next_due == office.clock.now() + WAITS[-1]
        office.clock.advance(WAITS[-1].total_seconds())
        await office.send(friend)
        assert friend.keys == ["run-1-1"]


async def test_after_a_reset_no_message_has_the_key_of_another(tmp_path: Path) -> None:
    clock, friend = FakeClock(), Friend()
    for folder in (tmp_path / "before", tmp_path / "after"):
        async with open_office(folder, clock) as office:
            await office.run()
            await office.record()
            await office.send(friend)
        clock.advance(60)
    assert friend.keys == ["run-1-1"] * 2
    assert len({message.key for message in friend.heard}) == 2


async def test_old_news_are_dropped(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        friend = Friend(answers=[LATER])
        await office.run()
        await office.record()
        await office.send(friend)
        office.clock.advance((GIVE_UP + timedelta(seconds=1)).total_seconds())
        assert (await office.send(friend)).sent == ()
        assert await office.store.next_due() is None


async def test_after_other_settings_nothing_waits_for_its_time(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        friend = Friend(answers=[LATER])
        await office.run()
        await office.record()
        await office.send(friend)
        await office.store.hurry(office.clock.now())
        await office.send(friend)
        assert friend.keys == ["run-1-1"]


async def test_a_try_out_says_what_each_channel_says() -> None:
    message = Message("test", Occasion.TEST, FakeClock().now(), Outline(Tone.GOOD, "a", "b"))
    sent = await try_out([Friend(), Friend("c", "chat", answers=[LATER])], message)
    assert sent == (
        Sent("mail", well=True, said="250 thanks"),
        Sent("chat", well=False, said="mail: It is not there."),
    )
