"""Several processes on one state, and processes that are killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from kometa_ai.adapters.store import SqliteStore
from tests.adapters.store_samples import NOW, ledger_of, purchase, yes
from tests.clock import FakeClock

ROOT = Path(__file__).parents[2]
KILLS = 15
BUYER = """
import asyncio, sys
from decimal import Decimal
from pathlib import Path
from kometa_ai.adapters.store import SqliteStore
from tests.adapters.store_samples import no, purchase, yes
from tests.clock import FakeClock

async def main(folder, first, last):
    async with SqliteStore(Path(folder), FakeClock()) as store:
        for number in range(int(first), int(last)):
            # Named and plain ones, on pages of their own and on a page that all share.
            bought = {"noir": {number: yes(number), 10_000 + 600 * number: no(number)}}
            await store.record("1", purchase(bought, cost=Decimal(number)))
            print(number, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


def buyer(folder: Path, first: int, last: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BUYER, str(folder), str(first), str(last)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


async def holds_exactly(folder: Path, numbers: range) -> None:
    async with SqliteStore(folder, FakeClock()) as store:
        ledger = await ledger_of(store, "noir", "a")
        assert store.notices == ()
        assert ledger.judged == {
            item_id: number for number in numbers for item_id in (number, 10_000 + 600 * number)
        }
        assert ledger.named == {number: yes(number) for number in numbers}
        spent = await store.spent_between(NOW, NOW + timedelta(seconds=1))
        assert spent == sum(numbers)


async def test_what_was_acknowledged_survives_a_kill_at_any_moment(tmp_path: Path) -> None:
    chance = random.Random(2)  # noqa: S311 - the same moments in every run
    following = 1
    for _ in range(KILLS):
        process = buyer(tmp_path, following, following + 1_000)
        assert process.stdout is not None
        for _ in range(chance.randrange(1, 12)):
            last = int(process.stdout.readline())
        # How long this spin takes differs from kill to kill: sometimes amidst a transaction.
        sum(range(chance.randrange(200_000)))
        process.send_signal(signal.SIGKILL)
        last = max([last, *map(int, process.stdout.read().split())])
        process.wait()
        process.stdout.close()
        async with SqliteStore(tmp_path, FakeClock()) as store:
            stored = max((await ledger_of(store, "noir", "a")).named)
        # One may be stored whose acknowledgement was not printed any more; none the other way.
        assert stored in (last, last + 1)
        following = stored + 1
        await holds_exactly(tmp_path, range(1, following))


async def test_two_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path, FakeClock()) as store:
        process = buyer(tmp_path, 1, 60)
        assert process.stdout is not None
        assert int(process.stdout.readline()) == 1
        for number in range(60, 120):
            bought = {"noir": {number: yes(number), 10_000 + 600 * number: yes(number)}}
            await store.record("2", purchase(bought, cost=Decimal(number)))
            ledger = await ledger_of(store, "noir", "a")
            assert {60, number} <= ledger.named.keys()
        assert process.wait() == 0
        process.stdout.close()
        ledger = await ledger_of(store, "noir", "a")
        assert ledger.judged.keys() >= set(range(1, 120))
        assert await store.spent_between(NOW, NOW + timedelta(seconds=1)) == sum(range(1, 120))
