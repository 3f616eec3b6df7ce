"""The quiet moment: chaos pauses, everything is put in order, one clean run is made."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from script.soaking import state as states
from script.soaking.place import BUDGET, PERCENT, describe
from script.soaking.vitals import children

if TYPE_CHECKING:
    from collections.abc import Callable

    from script.soaking.place import Place

PATIENCE: Final = 300.0
"""Seconds. A run that was killed while it handed a batch in is followed by one that looks for it in
the account's list three times, over three minutes, before it counts as never created."""
STEP: Final = 0.1
TRIES: Final = 3
STILL: Final = 2.5
CLEAN: Final = {"success", "held"}


class NotQuietError(Exception):
    """It did not come to rest; the sentence says what was waited for."""


async def until(what: str, condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Wait for something that must come."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > patience:
            raise NotQuietError(f"{what} did not come within {patience:.0f} s")
        await asyncio.sleep(STEP)


async def calm(place: Place) -> None:
    """End all mishaps, mend all files, bring everything back up."""
    place.radarr.mishaps.clear()
    place.claude.mishaps.clear()
    for gate in place.gates:
        gate.set()
    place.gates.clear()
    for batch in place.claude.desk.batches.values():
        place.claude.desk.finish(batch)
    place.hook.mood = "well"
    place.shelf.broken.clear()
    place.shelf.write()
    place.set(
        schedule_cron="17 */4 * * *",
        schedule_blackout=None,
        claude_mode="live",
        monthly_budget=BUDGET,
        max_removals_percent=PERCENT,
        tz="UTC",
        debug_logging=True,
    )
    if not place.broker_up:
        await place.broker.start()
        place.broker_up = True
    await _revive(place)


async def _revive(place: Place) -> None:
    """Start the service if it is down: at broken settings it ends by itself."""
    if place.service_up and not place.alive:
        place.codes.append(("service by itself", await place.service.wait()))
        place.service_up = False
    if not place.service_up:
        await place.start()


async def _online(place: Place) -> None:
    """Wait for the service; one that had read broken settings before they were mended ends yet."""
    begun = time.monotonic()
    while not place.ear.online:
        if time.monotonic() - begun > PATIENCE:
            raise NotQuietError(f"'online' on MQTT did not come within {PATIENCE:.0f} s")
        await _revive(place)
        await asyncio.sleep(STEP)


async def rest(place: Place) -> None:
    """Wait until nothing runs any more, and nobody has left a switch in another position."""
    await until("the end of the command line's runs", lambda: not place.beside)
    await _online(place)
    await place.ear.say("", retain=True)
    for word, value in (
        ("schedule", "ON"),
        ("dry_run_mode", "OFF"),
        ("max_evals", "0"),
        ("monthly_budget", BUDGET),
        ("cron", "17 */4 * * *"),
    ):
        await place.ear.say(value, word)
    await until("status idle", lambda: place.ear.state.get("status") == "idle")


async def clean_run(place: Place) -> int:
    """Make runs until one is clean and nothing runs after it; return its number."""
    report: dict[str, Any] = {}
    for _ in range(TRIES):
        number = await _accepted(place)
        report = await _report(place, number)
        await _settled(place)
        # After a jump of the clock a scheduled run may follow at once; then that one is the last.
        newest = states.read(place.state / "kometa_ai.db").newest()
        report = report if newest == number else await _report(place, newest)
        if report.get("result") in CLEAN and not report.get("exhausted"):
            return newest
    faults = [f"{one['where']}: {one['message']}" for one in report.get("faults", ())]
    said = f"{report.get('result')}, {report.get('exhausted') or 'no budget exhausted'}"
    raise NotQuietError(f"no clean run in {TRIES} tries ({said}): {'; '.join(faults)[:400]}")


async def _accepted(place: Place) -> int:
    """Order a run until it is accepted: a scheduled one may be due at the same moment."""
    begun, told = time.monotonic(), ""
    while time.monotonic() - begun < PATIENCE:
        answer = await place.ear.ask(place.request_id(), command="run")
        if answer and answer["accepted"]:
            return int(answer["run_id"])
        told = str(answer and answer["error"])
        await asyncio.sleep(1)
    raise NotQuietError(f"no run was accepted: {told}; it is {describe(place)}")


async def _report(place: Place, number: int) -> dict[str, Any]:
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE:
        await asyncio.sleep(3 * STEP)
        found = states.read(place.state / "kometa_ai.db").reports.get(number)
        if found is not None:
            return dict(found)
    raise NotQuietError(f"run {number} has left no report; it is {describe(place)}")


async def _settled(place: Place) -> None:
    """Wait until all is still for a while; that it is not is found by the checks."""
    with suppress(NotQuietError):
        for _ in range(TRIES):
            await until("status idle", lambda: _is_still(place))
            await asyncio.sleep(STILL)
            if _is_still(place):
                return


def _is_still(place: Place) -> bool:
    """Return whether no run, no telling and no worker is under way."""
    state = states.read(place.state / "kometa_ai.db")
    busy = state.unfinished or state.untold or children(place.service.pid)
    return place.ear.state.get("status") == "idle" and not busy
