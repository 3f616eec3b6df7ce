"""Chaos of the machine: settings, the clock, processes that end, the command line beside."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from decimal import Decimal
from signal import SIGKILL, SIGTERM
from typing import TYPE_CHECKING

from script.soaking import money, state as states
from script.soaking.luck import heads, seldom
from script.soaking.vitals import children

if TYPE_CHECKING:
    from script.soaking.place import Place

HOUR, DAY = 3600, 86400
SETTLED = 5.0
"""Seconds by which the service has looked at its settings file again."""


async def run_beside(place: Place) -> str:
    """Start the command line beside the service."""
    flags = place.chance.choice(
        (
            ("--run-now",),
            ("--run-now", "--dry-run"),
            ("--run-now", "--collection", "Heists"),
            ("--approve",),
            ("--undo",),
            ("--pins",),
            ("--estimate",),
        )
    )
    kill_after = place.chance.uniform(1, 6) if seldom(place) else None
    place.start_beside(*flags, kill_after=kill_after)
    return f"{' '.join(flags)}, killed: {kill_after is not None}"


async def pin_by_hand(place: Place) -> str:
    """Pin something by the command line, or take a pin back."""
    wish = place.chance.choice(place.shelf.wishes)
    number = str(place.chance.choice(sorted(place.radarr.movies)))
    stance = place.chance.choice(("keep", "never"))
    flags = ("--unpin", wish.name, number)
    if heads(place):
        flags = ("--pin", stance, wish.name, number)  # type: ignore[assignment] # one longer
    place.start_beside(*flags)
    return " ".join(flags)


async def budget_is_cut(place: Place) -> None:
    """Leave little for the minute: done while nothing runs, so that it is known what was spent."""
    state = states.read(place.state / "kometa_ai.db")
    month = money.month_of(int((time.time() + place.clock.offset) * 1e6))
    left = Decimal(place.chance.randint(1, 40)) / 10_000
    place.budget = money.spent(state, month) + left
    place.set(monthly_budget=str(place.budget))
    await asyncio.sleep(SETTLED)
    place.log.did("the budget is cut", f"${place.budget}, ${left} more than was spent in {month}")


async def settings_change(place: Place) -> str:
    """Edit the settings file; sometimes it can't be read any more."""
    text = place.chance.choice(("schedule_cron: [", "max_removals_percent: many\n", ""))
    if text and heads(place):
        place.write_settings(text)
        return f"broken: {text!r}"
    name, value = place.chance.choice(
        [
            ("claude_concurrency", place.chance.randint(1, 4)),
            ("claude_mode", place.chance.choice(("live", "batch"))),
            ("claude_collections_per_request", place.chance.randint(1, 10)),
            ("debug_logging", heads(place)),
            ("schedule_blackout", place.chance.choice((None, "01:00-02:00"))),
            ("schedule_cron", place.chance.choice(("17 */4 * * *", "*/5 * * * *"))),
            ("tz", place.chance.choice(("UTC", "Europe/Berlin", "America/New_York"))),
        ]
    )
    place.set(**{name: value})
    return f"{name}: {value}"


async def clock_jumps(place: Place) -> str:
    """Set the service's clock forward or back."""
    if place.clock.library is None:
        return "nothing: there is no libfaketime"
    seconds = place.chance.choice((-6 * HOUR, -HOUR, -70, 90, HOUR, 5 * HOUR, DAY + HOUR, 9 * DAY))
    place.clock.move(seconds)
    return f"{seconds:+d} s"


async def service_ends(place: Place) -> str:
    """End the service, politely or not, and start it again."""
    signal = place.chance.choice((SIGTERM, SIGKILL))
    if not place.service_up:
        return "nothing: it is down"
    place.killed = place.killed or signal is SIGKILL
    # Python itself takes a moment before anybody can heed a signal.
    how = f"service by {signal.name}" if place.ear.online else "service that was not up yet"
    code = await place.stop(signal)
    await asyncio.sleep(place.chance.choice((0.0, 0.0, 2.0)))
    await place.start()
    place.codes.append((how, code))
    return f"{signal.name}, exit code {code}"


async def worker_ends(place: Place) -> str:
    """End the process that makes the run."""
    found = children(place.service.pid) if place.service_up else []
    if not found:
        return "nothing: no worker"
    signal = place.chance.choice((SIGTERM, SIGKILL))
    place.killed = True
    with suppress(ProcessLookupError):
        os.kill(found[0], signal)  # a child of the service that this program started
    return signal.name


async def run_is_killed(place: Place) -> str:
    """Order a run and kill what makes it, at whatever moment of it that is."""
    if not place.alive:
        return "nothing: the service is down"
    answer = await place.ear.ask(place.request_id(), patience=4.0, command="run")
    if not (answer and answer["accepted"]):
        return "nothing: no run was to be had"
    seconds = place.chance.uniform(0.2, 4.0)
    await asyncio.sleep(seconds)
    place.killed = True
    whole = heads(place)
    if whole:
        await place.stop(SIGKILL)
        await place.start()
    else:
        found = children(place.service.pid)
        with suppress(ProcessLookupError):
            if found:
                os.kill(found[0], SIGKILL)  # a child of the service that this program started
    return f"run {answer['run_id']} after {seconds:.1f} s, with the service: {whole}"
